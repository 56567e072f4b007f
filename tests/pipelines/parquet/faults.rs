//! What is broken costs no more than itself: 1000 truncations and mutations of a small file of each program that writes
//! them. Nothing aborts, panics or hangs, memory is bounded, all that comes out is JSON, all that was read is counted.

use crate::support::{accounts, folder, root, run};
use std::path::Path;

/// Files that one run reads.
const FILES: usize = 100;

/// Numbers that are the same in every run (xorshift, Marsaglia 2003).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

/// What stands for a number in Thrift, and is none that fits.
const PIECES: [&[u8]; 8] =
    [b"", b"\0", b"\xff", b"\x80", b"\xff\xff\xff\xff\x0f", b"\xfe\xff\xff\xff\x0f", b"\x01", b"\x1c"];

/// A file with one to four faults, or cut off. Half of the faults are in the footer, where most of what it says is.
fn broken(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut broken = bytes.to_vec();
    if numbers.below(8) == 0 {
        broken.truncate(numbers.below(bytes.len()));
        return broken;
    }
    let tail: [u8; 4] = bytes[bytes.len() - 8..][..4].try_into().unwrap();
    let footer = bytes.len() - 8 - u32::from_le_bytes(tail) as usize;
    for _ in 0..=numbers.below(4) {
        let from = if numbers.below(2) == 0 { footer } else { 0 };
        let at = from + numbers.below(bytes.len() - from);
        match numbers.below(4) {
            // As many bytes, so that places stay what they were.
            0 => {
                let piece = PIECES[numbers.below(PIECES.len())];
                let end = (at + piece.len()).min(broken.len());
                broken.splice(at.min(end)..end, piece.iter().copied());
            }
            1 => {
                let end = (at + numbers.below(4)).min(broken.len());
                broken.splice(at.min(end)..end, PIECES[numbers.below(PIECES.len())].iter().copied());
            }
            _ => {
                if let Some(byte) = broken.get_mut(at) {
                    *byte ^= 1 << numbers.below(8);
                }
            }
        }
    }
    broken
}

/// Reads these files in one run.
fn check(name: &str, folder: &Path, most: usize) {
    let counters = folder.join("counters");
    let files = folder.join("files");
    let script = format!(
        "ulimit -v 500000; timeout 60 flowcat --keep-extra --tz UTC --counters {} {}",
        counters.display(),
        files.display()
    );
    let outcome = run(&script);
    assert!(matches!(outcome.code, 2 | 3), "{name}: {}: {}", outcome.code, outcome.stderr);
    let lines = outcome.open_lines();
    let counted = accounts(&counters);
    assert_eq!(counted["written"], lines.len(), "{name}");
    assert!(lines.len() <= most, "{name}: {} lines", lines.len());
}

fn check_all(name: &str, bytes: &[u8], rows: usize) {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15 ^ bytes.len() as u64);
    let folder = folder();
    std::fs::create_dir(folder.path().join("files")).unwrap();
    for _ in 0..1000 / FILES {
        for file in 0..FILES {
            let path = folder.path().join("files").join(format!("{file:03}.parquet"));
            std::fs::write(path, broken(bytes, &mut numbers)).unwrap();
        }
        check(name, folder.path(), rows * FILES);
    }
}

#[test]
fn broken_files_of_every_program_are_read_as_far_as_they_can_be() {
    let folder = folder();
    let own = folder.path().join("own.parquet");
    run(&format!(
        "flowcat -q --tz UTC --head 60 tests/data/sample.csv | flowenrich scope | flowcat --to parquet -o {}",
        own.display()
    ))
    .code(0);
    let data = root().join("tests/data");
    let files: Vec<(String, Vec<u8>, usize)> = ["pandas", "polars", "duckdb", "arrow"]
        .iter()
        .map(|name| (name.to_string(), std::fs::read(data.join(format!("sample.{name}.parquet"))).unwrap(), 275))
        .chain([("own".to_owned(), std::fs::read(&own).unwrap(), 60)])
        .collect();
    std::thread::scope(|scope| {
        for (name, bytes, rows) in &files {
            scope.spawn(move || check_all(name, bytes, *rows));
        }
    });
}
