//! Baselines in files: merged whole or as a stream, updated, damaged, of other versions.

use super::*;
use std::path::Path;

/// A baseline of some flows.
fn baseline(args: &[&str], input: &str) -> String {
    lines(&[&["baseline"], args].concat(), input)
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The flows in `n` parts, every line in one of them.
fn parts(input: &str, n: usize) -> Vec<String> {
    let part = |i| input.lines().skip(i).step_by(n).map(|l| format!("{l}\n")).collect();
    (0..n).map(part).collect()
}

#[test]
fn files_merge_as_a_stream_to_the_bytes_of_one_run() {
    let input = network(6_000);
    let whole = baseline(&[], &input);
    let folder = tempfile::tempdir().unwrap();
    let made: Vec<String> = parts(&input, 5).iter().map(|p| baseline(&[], p)).collect();
    let files: Vec<String> =
        made.iter().enumerate().map(|(i, t)| write(folder.path(), &format!("{i}.json"), t)).collect();
    let inputs: Vec<&str> = files.iter().flat_map(|f| ["-i", f.as_str()]).collect();
    assert!(lines(&[&inputs[..], &["baseline"]].concat(), "") == whole, "as a stream");
    assert!(lines(&["baseline"], &made.concat()) == whole, "one after another");
    for threads in ["1", "2", "4"] {
        assert!(lines(&["--threads", threads, "baseline"], &input) == whole, "flows with {threads} threads");
        assert!(
            lines(&["--threads", threads, "baseline"], &made.concat()) == whole,
            "baselines with {threads} threads"
        );
    }
    // One file, and files with an empty baseline among them.
    let empty = write(folder.path(), "empty.json", &baseline(&[], ""));
    let mut more = inputs.clone();
    more.extend(["-i", &empty]);
    assert!(lines(&[&more[..], &["baseline"]].concat(), "") == whole);
    let all = write(folder.path(), "all.json", &whole);
    assert!(lines(&["-i", &all, "baseline"], "") == whole);
    // A file and flows from stdin.
    let rest: String = parts(&input, 5)[1..].concat();
    assert!(lines(&["-i", &files[0], "-i", "-", "baseline"], &rest) == whole, "an update");
    // A file of flows among files of baselines.
    let flows = write(folder.path(), "flows.json", &parts(&input, 5)[4]);
    let mixed: Vec<&str> = inputs[..8].iter().copied().chain(["-i", &flows]).collect();
    assert!(lines(&[&mixed[..], &["baseline"]].concat(), "") == whole, "mixed");
}

#[test]
fn old_hours_are_dropped_by_a_stream_as_by_a_run() {
    let input = network(3_000);
    let folder = tempfile::tempdir().unwrap();
    let args = ["baseline:keep=3d"];
    let whole = lines(&args, &input);
    let files: Vec<String> = parts(&input, 3)
        .iter()
        .enumerate()
        .map(|(i, p)| write(folder.path(), &i.to_string(), &lines(&args, p)))
        .collect();
    let inputs: Vec<&str> = files.iter().flat_map(|f| ["-i", f.as_str()]).collect();
    assert!(lines(&[&inputs[..], &args].concat(), "") == whole);
    // The parameters of the files hold where none are given.
    assert!(lines(&[&inputs[..], &["baseline"]].concat(), "") == whole);
    let (code, out, told) = outcome(&[&inputs[..], &["baseline:keep=4d"]].concat(), "");
    assert!(code == 2 && out.is_empty() && told.contains("keep=259200s") && told.contains("keep=345600s"), "{told}");
}

#[test]
fn a_section_of_a_later_version_is_kept() {
    let text = baseline(&[], &network(50));
    let folder = tempfile::tempdir().unwrap();
    let later = with_line(&text, r#"{"kind":"baseline","section":"novelties","key":"x","data":{"y":[1]}}"#);
    let (a, b) = (write(folder.path(), "a", &later), write(folder.path(), "b", &baseline(&[], &network(70))));
    let merged = lines(&["-i", &a, "-i", &b, "baseline"], "");
    assert_eq!(merged.matches("novelties").count(), 1);
    assert_eq!(merged, lines(&["baseline"], &[later, std::fs::read_to_string(&b).unwrap()].concat()));
}

/// A baseline with one more line in its place, and the trailer of all.
fn with_line(text: &str, line: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let trailer = lines.pop().unwrap();
    lines.push(line);
    lines[1..].sort_unstable_by_key(|l| l.split_once("\"data\"").map(|(head, _)| head.to_owned()));
    let days: Value = serde_json::from_str(trailer).unwrap();
    let short = if days["insufficient_history"] == true { ",\"insufficient_history\":true" } else { "" };
    let begin = format!(r#"{{"kind":"baseline","lines":{},"days":{}{short}"#, lines.len(), days["days"]);
    // The sum of what is documented of each line: its CRC-32, and its length above.
    let sum = lines
        .iter()
        .copied()
        .chain([begin.as_str()])
        .fold(0u64, |sum, l| sum.wrapping_add(u64::from(crc32(l.as_bytes())) | (l.len() as u64) << 32));
    format!("{}\n{begin},\"checksum\":\"{sum:016x}\"}}\n", lines.join("\n"))
}

/// CRC-32 of IEEE 802.3, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[test]
fn the_checksum_is_what_is_documented() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    let text = baseline(&[], &network(40));
    let (body, _) = text.trim_end().rsplit_once('\n').unwrap();
    let (rest, last) = body.rsplit_once('\n').unwrap();
    let trailer = text.lines().last().unwrap();
    assert_eq!(with_line(&format!("{rest}\n{trailer}\n"), last), text);
}

#[test]
fn a_damaged_cut_or_later_baseline_is_refused_and_the_old_file_stays() {
    let text = baseline(&[], &network(400));
    let folder = tempfile::tempdir().unwrap();
    let middle = text.len() / 2;
    let changed =
        format!("{}{}{}", &text[..middle], if &text[middle..=middle] == "1" { "2" } else { "1" }, &text[middle + 1..]);
    let cut: String = text.lines().take(100).map(|l| format!("{l}\n")).collect();
    let headless: String = text.lines().skip(1).map(|l| format!("{l}\n")).collect();
    let later = text.replacen("\"version\":1", "\"version\":7", 1);
    for (what, bad, told) in [
        ("changed", &changed, "damaged"),
        ("cut", &cut, "without the last line"),
        ("headless", &headless, "without the first line"),
        ("later", &later, "version 7"),
    ] {
        let file = write(folder.path(), what, bad);
        let old = write(folder.path(), "old.json", "old\n");
        for args in [vec!["baseline"], vec!["hosts"], vec!["summary", "ports"], vec!["-i", "-", "baseline"]] {
            let all = [&["-i", &file, "-o", &old][..], &args].concat();
            let (code, out, messages) = outcome(&all, "");
            assert!(
                matches!(code, 2 | 3) && out.is_empty() && messages.contains(told),
                "{what} {args:?}: {code} {messages}"
            );
            assert!(code == 2 && std::fs::read_to_string(&old).unwrap() == "old\n", "{what} {args:?}: {messages}");
            assert!(messages.contains(what), "the file is named: {messages}");
        }
    }
}

#[test]
fn a_run_that_is_killed_leaves_the_old_state_whole() {
    let folder = tempfile::tempdir().unwrap();
    let old = baseline(&[], &network(500));
    let state = write(folder.path(), "state.json", &old);
    let mut child = Command::new(env!("CARGO_BIN_EXE_flowstat"))
        .args(["-i", &state, "-i", "-", "-o", &state, "baseline"])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(network(3_000).as_bytes()).unwrap();
    // Rust's kill is SIGKILL: nothing can be tidied up.
    child.kill().unwrap();
    child.wait().unwrap();
    drop(input);
    assert_eq!(std::fs::read_to_string(&state).unwrap(), old);
    // It goes on from there.
    assert!(baseline(&["-i", &state, "-i", "-", "-o", &state], &network(100)).is_empty());
    assert_ne!(std::fs::read_to_string(&state).unwrap(), old);
}

#[test]
fn views_that_need_flows_refuse_a_baseline_with_the_reason() {
    let text = baseline(&[], &network(100));
    for view in ["pairs", "top", "fields", "report"] {
        let (code, out, told) = outcome(&[view], &text);
        assert!(code == 2 && out.is_empty() && told.contains("flows are needed"), "{view}: {code} {told}");
    }
    let (code, out, _) = outcome(&["top", "protocols"], &text);
    assert!(code == 2 && out.contains("\"kind\":\"protocols\""), "the others have their rows");
}

#[test]
fn tables_of_a_baseline_and_little_history_are_told() {
    let text = baseline(
        &[],
        &network(10).lines().filter(|l| l.contains("-03-0")).map(|l| format!("{l}\n")).collect::<String>(),
    );
    let (code, _, told) = outcome(&["weekly", "hourly"], &text);
    assert!(code == 0 && told.contains("insufficient history"), "{told}");
    assert!(lines(&["-t", "hosts"], &text).starts_with("hosts\n"));
}
