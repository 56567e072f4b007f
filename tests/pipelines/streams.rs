//! Standard streams in every state that a shell, a parent or a network can leave them in, inputs of every kind, and the
//! limits of the system: nothing is lost in silence, and no line is cut.
#![allow(clippy::expect_used, clippy::panic)]

mod inputs;
mod limits;
mod live;
mod matrix;
mod pieces;
mod signals;

use crate::support::bin;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A program that reads stdin, its other streams to be set; ended if it hangs.
fn reading_stdin(filter: &str) -> Command {
    let mut command = Command::new("timeout");
    command.args(["60".as_ref(), bin(filter.split(' ').next().unwrap_or_default()).as_os_str()]);
    command.args(words(filter)).stderr(Stdio::piped());
    command
}

/// The same without anything between the program and its signals.
fn signalled(filter: &str) -> Command {
    let mut command = Command::new(bin(filter.split(' ').next().unwrap_or_default()));
    command.args(words(filter)).stderr(Stdio::piped());
    command
}

fn words(filter: &str) -> impl Iterator<Item = &str> {
    filter.split(' ').skip(1).map(|word| if word == "IN" { "-" } else { word })
}

/// Waits for the end of a program, but not for ever.
fn ended(child: &mut Child) -> ExitStatus {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(status) = child.try_wait().expect("the child can be asked") {
            return status;
        }
        if Instant::now() > patience {
            child.kill().expect("the child can be killed");
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A small generator of numbers (SplitMix64), so that a run can be repeated.
struct Numbers(u64);

impl Numbers {
    /// The next number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) % limit as u64) as usize
    }
}
