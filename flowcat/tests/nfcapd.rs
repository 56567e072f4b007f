//! nfcapd files beside what nfdump prints of them: every file there is, and what the installed nfdump writes again of it,
//! in every packing. Then files that are cut and damaged: nothing panics, hangs or grows, and 0 means all flows.
//!
//! What nfdump is needed for is skipped, and that is said, where it is not installed; files of the shared folder likewise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::{Outcome, Record, clean, flowcat, read, run, sample, shared, sums};

/// Damaged files of each sample, of which there are nine.
const ROUNDS: u64 = 120;

/// Longer than a run takes on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// The samples with what the figures call their flows: layout 2 and layout 1 in every packing, and more of layout 2.
const SAMPLES: [(&str, &str); 11] = [
    ("sample.nfcapd", "sample.nfcapd"),
    ("sample.raw.nfcapd", "sample.nfcapd"),
    ("sample.lzo.nfcapd", "sample.nfcapd"),
    ("sample.bz2.nfcapd", "sample.nfcapd"),
    ("sample.zstd.nfcapd", "sample.nfcapd"),
    ("sample.v1.nfcapd", "sample.v1.nfcapd"),
    ("sample.v1.raw.nfcapd", "sample.v1.nfcapd"),
    ("sample.v1.lzo.nfcapd", "sample.v1.nfcapd"),
    ("sample.v1.bz2.nfcapd", "sample.v1.nfcapd"),
    ("traffic.nfcapd", "traffic.nfcapd"),
    ("normal.nfcapd", "normal.nfcapd"),
];

/// The one that Debian's nfdump cannot read.
const ZSTD: &str = "sample.zstd.nfcapd";

/// Files of two layouts, three packings and three programs.
const SHARED: [&str; 4] = [
    "chrispassas-nfdump/nfcapd.sample",
    "chrispassas-nfdump/nfcapd-small-lzo",
    "chrispassas-nfdump/nfcapd-empty",
    "phaag-nfdump/nfgen-flows-v1-bz2",
];

/// Every file there is that any nfdump can read.
fn files() -> Vec<PathBuf> {
    let others = SHARED.iter().filter_map(|name| shared(&format!("nfcapd/{name}")));
    let samples = SAMPLES.iter().map(|(name, _)| *name).filter(|name| *name != ZSTD);
    samples.map(sample).chain(others).collect()
}

/// A run of nfdump; `None`, said, where it is not installed.
fn nfdump(args: &[&str]) -> Option<Output> {
    match Command::new("nfdump").args(args).env("TZ", "UTC").stdin(Stdio::null()).output() {
        Ok(output) => Some(output),
        Err(_) => {
            println!("skipped: nfdump is not installed");
            None
        }
    }
}

fn records(path: &Path) -> Vec<Record> {
    clean(read(path, &["-q"]), &path.display().to_string())
}

/// The records of a file as nfdump prints them.
fn printed(path: &Path, form: &str) -> Option<Vec<Record>> {
    let output = nfdump(&["-r", path.to_str().unwrap(), "-o", form])?;
    Some(clean(run(&["-q"], output.stdout), &format!("{} as {form}", path.display())))
}

#[test]
fn every_field_is_that_of_the_json_that_nfdump_prints() {
    for path in files() {
        let Some(theirs) = printed(&path, "json") else { return };
        let ours = records(&path);
        assert_eq!(ours.len(), theirs.len(), "{}", path.display());
        for (row, (a, b)) in ours.iter().zip(&theirs).enumerate() {
            assert_eq!(&known(a, b, &path), b, "{}: row {}", path.display(), row + 1);
        }
        println!("{}: {} rows", path.display(), ours.len());
    }
}

#[test]
fn every_field_is_that_of_the_csv_that_nfdump_prints() {
    for path in files() {
        let Some(theirs) = printed(&path, "csv") else { return };
        let ours = records(&path);
        assert_eq!(sums(&ours), sums(&theirs), "{}", path.display());
        for (row, (mut a, mut b)) in ours.into_iter().zip(theirs).enumerate() {
            // CSV has whole seconds and no count of flows.
            for record in [&mut a, &mut b] {
                let time = record["timestamp"].as_str().unwrap()[..19].to_owned();
                record.insert("timestamp".into(), time.into());
                record.remove("flows");
            }
            assert_eq!(known(&a, &b, &path), b, "{}: row {}", path.display(), row + 1);
        }
    }
}

/// A record without the exporter where nfdump prints none with the flow, but in its list of exporters (`-E`).
fn known(ours: &Record, theirs: &Record, path: &Path) -> Record {
    let mut known = ours.clone();
    if !theirs.contains_key("exporter")
        && let Some(exporter) = known.remove("exporter")
    {
        let list = String::from_utf8(nfdump(&["-E", path.to_str().unwrap()]).unwrap().stdout).unwrap();
        assert!(list.contains(&format!(" {},", exporter.as_str().unwrap())), "{exporter}: {list}");
    }
    known
}

#[test]
fn what_nfdump_writes_again_in_every_packing_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for (number, path) in files().iter().enumerate() {
        let ours = records(path);
        for option in [None, Some("-z"), Some("-j"), Some("-y")] {
            let copy = folder.path().join(format!("{number}{}", option.unwrap_or_default()));
            let args = ["-r", path.to_str().unwrap(), "-w", copy.to_str().unwrap()];
            let args: Vec<&str> = args.into_iter().chain(option).collect();
            let Some(output) = nfdump(&args) else { return };
            assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
            assert!(records(&copy) == ours, "{args:?}");
        }
    }
}

#[test]
fn the_samples_have_the_figures_of_nfdump_in_every_packing() {
    let text = std::fs::read_to_string(sample("figures.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let figures = |name: &str| ["rows", "packets", "bytes"].map(|key| all[name][key].as_u64().unwrap());
    for (name, same) in SAMPLES {
        assert_eq!(sums(&records(&sample(name))), figures(same), "{name}");
        assert!(read(&sample(name), &[]).stdout == read(&sample(same), &[]).stdout, "{name}");
    }
    let plain = read(&sample("sample.nfcapd"), &[]).stdout;
    let bytes = std::fs::read(sample("sample.nfcapd")).unwrap();
    assert!(run(&[], bytes).stdout == plain, "from a pipe");
}

#[test]
fn a_folder_is_read_in_the_order_of_time() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["nfcapd.202512312355", "nfcapd.202601010000", "nfcapd.202601010005"];
    let parts = ["sample.lzo.nfcapd", "normal.nfcapd", "sample.raw.nfcapd"];
    let mut wanted = Vec::new();
    for (name, part) in names.iter().zip(parts).rev() {
        std::fs::copy(sample(part), folder.path().join(name)).unwrap();
    }
    parts.iter().for_each(|part| wanted.extend(read(&sample(part), &[]).stdout));
    let outcome = read(folder.path(), &[]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(outcome.stdout == wanted);
}

#[test]
fn a_packed_file_is_unpacked_first() {
    let packed = Command::new("gzip").arg("-c").arg(sample("sample.raw.nfcapd")).output().unwrap().stdout;
    let plain = read(&sample("sample.raw.nfcapd"), &[]).stdout;
    assert!(run(&[], &packed).stdout == plain);
    let cut = run(&[], &packed[..packed.len() / 2]);
    assert_eq!(cut.code, Some(2));
    assert_eq!(cut.stderr.matches("error").count(), 1, "one cause is told once: {}", cut.stderr);
}

#[test]
fn what_a_file_is_like_is_explained() {
    let outcome = run(&["--explain", sample("sample.nfcapd").to_str().unwrap()], "");
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(outcome.text().contains("nfcapd, files of nfcapd"), "{}", outcome.text());
    assert!(outcome.text().contains("\"src_ip\""), "{}", outcome.text());
}

/// Reads bytes with little memory; nothing may take long.
fn confined(folder: &Path, bytes: &[u8]) -> Outcome {
    let path = |name: &str| folder.join(name);
    std::fs::write(path("input"), bytes).unwrap();
    let (out, err) = (std::fs::File::create(path("out")).unwrap(), std::fs::File::create(path("err")).unwrap());
    let program = flowcat(&[]).get_program().to_owned();
    let mut child = Command::new("bash")
        .args(["-c", "ulimit -v 400000; exec \"$0\" --counters \"$1\" \"$2\""])
        .arg(program)
        .args([path("counters"), path("input")])
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .unwrap();
    let began = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if began.elapsed() > PATIENCE => panic!("it hangs"),
            None => std::thread::sleep(Duration::from_millis(1)),
        }
    };
    let text = |name: &str| std::fs::read(path(name)).unwrap();
    let stderr = String::from_utf8(text("err")).unwrap();
    assert!(matches!(status.code(), Some(0 | 2 | 3)), "{status}: {stderr}");
    assert!(stderr.len() < 64 << 10);
    let counted: Value = serde_json::from_slice(&text("counters")).unwrap();
    let number = |key: &str| counted[key].as_u64().unwrap();
    assert_eq!(number("read"), number("passed") + number("rejected"), "{counted}");
    Outcome { code: status.code(), stdout: text("out"), stderr }
}

/// The first so many flows of a file, as nfdump writes them.
fn beginning(folder: &Path, flows: usize) -> Option<Vec<u8>> {
    let path = folder.join("beginning");
    let (from, count) = (sample("sample.raw.nfcapd"), flows.to_string());
    nfdump(&["-r", from.to_str().unwrap(), "-c", &count, "-w", path.to_str().unwrap()])?;
    Some(std::fs::read(path).unwrap())
}

#[test]
fn cut_at_every_byte_a_file_gives_what_is_whole_and_2() {
    let folder = tempfile::tempdir().unwrap();
    let Some(bytes) = beginning(folder.path(), 3) else { return };
    let whole = confined(folder.path(), &bytes);
    assert_eq!((whole.code, whole.records().len()), (Some(0), 3));
    let mut lengths = Vec::new();
    // Of no byte and of one nothing tells that there were more.
    for end in 2..bytes.len() {
        let cut = confined(folder.path(), &bytes[..end]);
        assert_eq!(cut.code, Some(2), "{end}");
        assert!(whole.stdout.starts_with(&cut.stdout), "{end}");
        assert!(cut.stderr.contains(&format!("byte {end}")) || end < 4, "{end}: {}", cut.stderr);
        lengths.push(cut.records().len());
    }
    assert!(lengths.is_sorted() && lengths.first() == Some(&0) && lengths.last() == Some(&3), "{lengths:?}");
}

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

/// A file with one to four bytes changed, left out or put in, half of them in its first headers, or cut off.
fn broken(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut broken = bytes.to_vec();
    if numbers.below(8) == 0 {
        broken.truncate(2 + numbers.below(bytes.len() - 2));
        return broken;
    }
    for _ in 0..=numbers.below(4) {
        let range = if numbers.below(2) == 0 { broken.len().min(160) } else { broken.len() };
        // The magic stays: what lacks it is of another format.
        let at = 2 + numbers.below(range - 2);
        match numbers.below(8) {
            0 => _ = broken.remove(at),
            1 => broken.insert(at, numbers.below(256) as u8),
            2 => broken[at] = [0, 0xff, 0x7f, 0x80][numbers.below(4)],
            _ => broken[at] = numbers.below(256) as u8,
        }
    }
    broken
}

#[test]
fn a_thousand_damaged_files_neither_panic_nor_hang_and_lose_nothing_in_silence() {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((name, _)) = SAMPLES[..9].get(next.fetch_add(1, Ordering::Relaxed)) {
            let folder = tempfile::tempdir().unwrap();
            let bytes = std::fs::read(sample(name)).unwrap();
            let rows = confined(folder.path(), &bytes).records().len();
            let mut numbers = Numbers(bytes.iter().fold(1, |seed, byte| seed * 31 % 1_000_003 + u64::from(*byte)));
            let mut codes = [0u64; 4];
            for round in 0..ROUNDS {
                let outcome = confined(folder.path(), &broken(&bytes, &mut numbers));
                let records = outcome.records();
                if outcome.code == Some(0) {
                    assert_eq!(records.len(), rows, "{name}: round {round}: flows are gone and nothing says so");
                }
                codes[outcome.code.unwrap() as usize] += 1;
            }
            println!("{name}: {} without loss, {} damaged, {} rejected", codes[0], codes[2], codes[3]);
            assert!(codes[2] > ROUNDS / 3, "{codes:?}");
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
}

/// Waits until a file holds these bytes.
fn await_content(path: &Path, wanted: &[u8]) {
    let began = Instant::now();
    while std::fs::read(path).unwrap() != wanted {
        let there = std::fs::metadata(path).unwrap().len();
        assert!(began.elapsed() < PATIENCE, "{there} bytes where {} are awaited", wanted.len());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_folder_is_followed_as_nfcapd_finishes_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let put = |part: &str, name: &str| std::fs::copy(sample(part), path(name)).unwrap();
    put("sample.lzo.nfcapd", "nfcapd.202603100000");
    put("normal.nfcapd", "nfcapd.current.7");
    let out = tempfile::NamedTempFile::new().unwrap();
    let mut child = flowcat(&["--follow", folder.path().to_str().unwrap()])
        .stdin(Stdio::null())
        .stdout(out.reopen().unwrap())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut wanted = read(&sample("sample.nfcapd"), &[]).stdout;
    await_content(out.path(), &wanted);
    std::fs::rename(path("nfcapd.current.7"), path("nfcapd.202603100005")).unwrap();
    wanted.extend(read(&sample("normal.nfcapd"), &[]).stdout);
    await_content(out.path(), &wanted);
    put("sample.v1.nfcapd", "nfcapd.current.7");
    std::fs::rename(path("nfcapd.current.7"), path("nfcapd.202603100010")).unwrap();
    wanted.extend(read(&sample("sample.v1.nfcapd"), &[]).stdout);
    await_content(out.path(), &wanted);
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    await_content(out.path(), &wanted);
}

#[test]
fn what_cannot_be_followed_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none");
    let outcome = run(&["--follow", missing.to_str().unwrap()], "");
    assert!(outcome.code == Some(2) && outcome.stderr.contains("none"), "{}", outcome.stderr);
    let both = run(&["--follow", folder.path().to_str().unwrap(), "flows.csv"], "");
    assert_eq!(both.code, Some(2), "{}", both.stderr);
}

/// Whether two values are the same, however long their decimals are, and where nfdump 1.7.1 prints a number as a text.
fn is_same(a: &Value, b: &Value) -> bool {
    a == b || a.as_f64().is_some_and(|a| Some(a) == b.as_f64()) || b.as_str() == Some(&*a.to_string())
}

#[test]
fn what_is_kept_besides_is_what_nfdump_prints() {
    let mut kept = std::collections::BTreeSet::new();
    for path in files() {
        let Some(json) = nfdump(&["-r", path.to_str().unwrap(), "-o", "json"]) else { return };
        let theirs = clean(run(&["-q", "--keep-extra"], json.stdout), "json");
        let ours = clean(read(&path, &["-q", "--keep-extra"]), "the file");
        for (row, (a, b)) in ours.iter().zip(&theirs).enumerate() {
            for (name, value) in a {
                // The Debian version does not print all.
                let Some(other) = b.get(name) else { continue };
                assert!(is_same(value, other), "{}: row {}: {name}: {value} and {other}", path.display(), row + 1);
                kept.insert(name.clone());
            }
        }
    }
    if SHARED.iter().all(|name| shared(&format!("nfcapd/{name}")).is_some()) {
        for name in ["src_mask", "dst_vlan", "mpls_10", "out_src_mac", "bgp4_next_hop", "next_as", "fwd_status"] {
            assert!(kept.contains(name), "{name} was never compared");
        }
    }
}
