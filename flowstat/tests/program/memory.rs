//! Memory: at its limit tables go to files, or the run ends and says what would help. Never is a table silently wrong.

use super::*;

/// Flows of many hosts that each have few.
fn crowd(hosts: u32, flows: u32) -> String {
    (0..flows)
        .map(|i| {
            let host = i.wrapping_mul(2_654_435_761) % hosts;
            format!(
                "{{\"timestamp\":\"2026-03-{:02}T08:{:02}:00.000Z\",\"duration\":{}.5,\"src_ip\":\"10.{}.{}.{}\",\"src_port\":{},\"dst_ip\":\"172.16.0.{}\",\"dst_port\":{},\"protocol\":6,\"packets\":{},\"bytes\":{}{}}}\n",
                1 + i % 28, i % 60, i % 90, host >> 16, host >> 8 & 255, host & 255, 1024 + i % 60_000, i % 251, i % 1000, i % 50, i % 4096,
                if i % 7 == 0 { ",\"rev_bytes\":9" } else { "" }
            )
        })
        .collect()
}

const VIEWS: [&str; 9] = [
    "hosts",
    "hosts:top=9,by=host",
    "pairs",
    "pairs:top=5,measure=flows",
    "matrix:by=src_ip/30+dst_ip",
    "top:by=src_ip+dst_port,n=20",
    "sessions:n=30",
    "group:by=src_ip+dst_port,agg=count+sum(bytes)+std(bytes)+p95(bytes)+distinct(dst_ip)+distinct(duration)+rate(bytes)",
    "group:by=src_ip,agg=max(bytes)+count,top=12",
];

#[test]
fn what_goes_to_files_has_the_rows_of_one_table() {
    let input = crowd(40_000, 60_000);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    for view in VIEWS {
        let whole = lines(&[view], &input);
        for threads in ["1", "3"] {
            let spilled = lines(&["--memory", "8M", "--spill", path, "--threads", threads, view], &input);
            assert!(spilled == whole, "{view} with {threads} threads");
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn without_files_the_run_ends_with_2_and_says_what_would_help() {
    let input = crowd(40_000, 120_000);
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old");
    std::fs::write(&old, "old\n").unwrap();
    for view in ["hosts", "group:by=src_ip+dst_port", "entropy:bin=1m", "rates:by=src_ip,bin=1s"] {
        let (code, out, told) =
            outcome(&["--memory", "8M", "--threads", "1", "-o", old.to_str().unwrap(), view], &input);
        assert!(code == 2 && out.is_empty(), "{view}: {code}");
        assert!(told.contains("--memory") && told.contains("--spill"), "{view}: {told}");
        assert_eq!(std::fs::read_to_string(&old).unwrap(), "old\n", "{view}");
    }
    // What cannot go to files says so.
    let (code, _, told) =
        outcome(&["--memory", "8M", "--spill", folder.path().to_str().unwrap(), "entropy:bin=1m"], &input);
    assert!(code == 2 && told.contains("cannot go to the files"), "{code}: {told}");
    // A sketch has room.
    assert_eq!(rows(&["--memory", "16M", "top:by=src_ip+src_port,approx=true"], &input).len(), 10);
    let (code, _, told) = outcome(&["--memory", "1k", "hosts"], "");
    assert!(code == 2 && told.contains("8M or more"), "{code}: {told}");
    let (code, _, told) = outcome(&["--memory", "8M", "--spill", "/nowhere", "hosts"], &input);
    assert!(code == 2 && told.contains("--spill /nowhere"), "{code}: {told}");
}

#[test]
fn a_sketch_gives_the_same_bytes_for_any_number_of_threads() {
    let input = crowd(5_000, 60_000);
    for item in ["top:approx=true,n=50", "group:by=src_ip+dst_port,agg=count+sum(bytes),approx=true,top=40"] {
        let once = lines(&[item, "--threads", "1"], &input);
        for threads in ["2", "4"] {
            assert!(lines(&[item, "--threads", threads], &input) == once, "{item}: {threads}");
        }
    }
}
