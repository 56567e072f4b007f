//! Writes a labelled day of a company's network as flow lines: `cargo run --release --bin day -- [CLIENTS [SEED]]`.
//!
//! 650 clients make about a million flows. The same numbers give the same bytes on every machine.

mod attacks;
mod background;
mod day;
mod numbers;

use std::io::{BufWriter, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1).map(|word| word.parse::<u64>());
    let (clients, seed) = match (words.next().unwrap_or(Ok(650)), words.next().unwrap_or(Ok(1))) {
        (Ok(clients), Ok(seed)) => (clients, seed),
        _ => {
            eprintln!("day: numbers are expected: day [CLIENTS [SEED]]");
            return ExitCode::from(2);
        }
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    match day::day(clients, seed).write(&mut out).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("day: {e}");
            ExitCode::from(2)
        }
    }
}
