//! Wider pipes: a pipe of Linux holds 64 KiB, and both its ends are woken for each of them. Four times that more
//! than doubles what goes through a chain of filters (pipe(7), `F_SETPIPE_SZ`).
//!
//! Bound: [`WIDTH`] bytes of kernel memory a pipe. Where it is refused, the pipe stays as it is.

use std::fs::File;

/// Bytes that a pipe is to hold.
const WIDTH: i32 = 256 * 1024;

/// Makes the pipe hold more, if it is one.
#[cfg(target_os = "linux")]
pub(crate) fn widen(pipe: &File) {
    use nix::fcntl::{FcntlArg, fcntl};
    // What is no pipe refuses the question.
    if fcntl(pipe, FcntlArg::F_GETPIPE_SZ).is_ok_and(|width| width < WIDTH) {
        // A refusal, at the limit of the user, costs only speed.
        let _ = fcntl(pipe, FcntlArg::F_SETPIPE_SZ(WIDTH));
    }
}

/// Only Linux can.
#[cfg(not(target_os = "linux"))]
pub(crate) fn widen(_pipe: &File) {}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#[cfg(target_os = "linux")]
mod tests {
    use std::os::fd::OwnedFd;

    use nix::fcntl::{FcntlArg, fcntl};

    use super::*;

    #[test]
    fn a_pipe_gets_wider_and_never_narrower() {
        let (reader, _writer) = std::io::pipe().unwrap();
        let pipe = File::from(OwnedFd::from(reader));
        let width = || fcntl(&pipe, FcntlArg::F_GETPIPE_SZ).unwrap();
        let before = width();
        widen(&pipe);
        // At the limit of the user it may stay as it was.
        assert!(width() == WIDTH || width() == before);
        if fcntl(&pipe, FcntlArg::F_SETPIPE_SZ(2 * WIDTH)).is_ok() {
            widen(&pipe);
            assert_eq!(width(), 2 * WIDTH);
        }
    }

    #[test]
    fn what_is_no_pipe_is_left_alone() {
        widen(&File::open("/dev/null").unwrap());
    }
}
