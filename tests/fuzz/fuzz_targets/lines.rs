//! What holds for every line that comes of an input.

use flow_record::scan::{Clean, LineKind, Scanner};

/// Checks that all are flow lines.
pub fn check(lines: &[u8]) {
    let mut scanner = Scanner::new();
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").expect("a whole line");
        let line = scanner.scan(Clean::line(line).expect("clean")).expect("a line of the pipe");
        assert!(line.kind == LineKind::Flow && line.flow.is_flow());
    }
}
