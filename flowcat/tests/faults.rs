//! What is broken costs no more than itself: 1000 truncations and mutations of the beginning of each sample, in every
//! format. Nothing panics or hangs, all that comes out is JSON, and all that was read is counted.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};
use support::flowcat;

/// Files that one run reads.
const FILES: usize = 100;

/// Longer than a run takes on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

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

/// What is put into a text: what formats take for structure, and what they should not take at all.
const PIECES: [&[u8]; 16] = [
    b"",
    b"\n",
    b"\r\n",
    b",",
    b"\t",
    b"|",
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b"-",
    b"0x",
    b"99999999999999999999",
    b"\0",
    b"\xff",
];

/// A text with one to four faults, or cut off.
fn broken(text: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut broken = text.to_vec();
    if numbers.below(4) == 0 {
        broken.truncate(numbers.below(text.len() + 1));
        return broken;
    }
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(broken.len() + 1);
        let end = (at + numbers.below(4)).min(broken.len());
        let piece = PIECES[numbers.below(PIECES.len())];
        broken.splice(at..end, piece.iter().copied());
    }
    broken
}

/// The first bytes of each sample of text.
fn samples() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data");
    let mut samples = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut bytes = std::fs::read(&path).unwrap();
        if name.starts_with("sample.") && std::str::from_utf8(&bytes).is_ok() {
            bytes.truncate(1500);
            samples.push((name, bytes));
        }
    }
    samples.sort();
    samples
}

/// Reads these files in one run.
fn check(name: &str, folder: &Path, files: &[std::path::PathBuf]) {
    let path = |name: &str| folder.join(name);
    let (out, err) = (std::fs::File::create(path("out")).unwrap(), std::fs::File::create(path("err")).unwrap());
    let counters = path("counters");
    let mut child = flowcat(&["--counters", counters.to_str().unwrap()])
        .args(files)
        .stdin(std::process::Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .unwrap();
    let began = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if began.elapsed() > PATIENCE => panic!("{name}: it hangs"),
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let told = std::fs::read_to_string(path("err")).unwrap();
    assert!(matches!(status.code(), Some(0 | 2 | 3)), "{name}: {status}: {told}");
    let lines = std::fs::read_to_string(path("out")).unwrap();
    for line in lines.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok_and(|v| v.is_object()), "{name}: {line}");
    }
    let counted: Value = serde_json::from_str(&std::fs::read_to_string(counters).unwrap()).unwrap();
    let number = |key: &str| counted[key].as_u64().unwrap();
    let unused: u64 = counted["unused"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(number("written"), lines.lines().count() as u64, "{name}");
    assert_eq!(number("read"), number("passed") + number("rejected") + unused, "{name}: {counted}");
    assert_ne!(status.code(), Some(0), "{name}: faults that nothing notices");
}

/// Checks a thousand broken copies of a sample.
fn check_all(name: &str, text: &[u8]) {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15 ^ name.len() as u64);
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<_> = (0..FILES).map(|i| folder.path().join(i.to_string())).collect();
    for _ in 0..1000 / FILES {
        for file in &files {
            std::fs::write(file, broken(text, &mut numbers)).unwrap();
        }
        check(name, folder.path(), &files);
    }
}

#[test]
fn broken_samples_are_read_as_far_as_they_can_be() {
    let samples = samples();
    assert!(samples.len() > 30);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = || {
        while let Some((name, text)) = samples.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
            check_all(name, text);
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..3).map(|_| scope.spawn(work)).collect();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
}
