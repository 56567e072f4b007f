//! Logs of clouds, data sets and other tools' tables: row counts and sums are those that pandas counts in the files of the
//! shared folder; without it nothing is tested, and that is said. Other layouts of the same rows give the same flows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use support::{clean, counted, figures, read, run, sample, shared};

/// The name of the format that a file is taken for, if it is any's.
fn format(path: &std::path::Path) -> Option<String> {
    let outcome = run(&["--explain", path.to_str().unwrap()], "");
    let (_, text) = outcome.text().split_once(": ")?;
    text.split_once(',').map(|(name, _)| name.to_owned())
}

#[test]
fn every_file_has_the_rows_and_sums_that_pandas_counts() {
    for (file, name, wanted, protocols) in [
        ("cloudflow/elastic-beats/aws-vpcflow-accept-reject-traffic.log", "aws-vpc", [4, 48, 9170, 0, 0], "1 2, 6 2"),
        ("cloudflow/elastic-integrations/gcp-vpcflow-first2-events.ndjson", "gcp-vpc", [2, 75, 175_439, 0, 0], "6 2"),
        (
            "derived/nfstream_csv/maccdc.nfstream.csv",
            "nfstream",
            [618, 4515, 674_371, 5413, 790_829],
            "1 11, 17 92, 6 495, 88 20",
        ),
        (
            "labelled/ScubaInstructor-fuh/Infiltration_36.csv",
            "cicflowmeter",
            [36, 39_501, 26_477_397, 34_860, 149_802],
            "6 36",
        ),
        (
            "labelled/rcarmas-datasets-Internetworking/UNSW-NB15_1.v1.csv",
            "unsw-nb15",
            [3000, 86_692, 10_190_229, 109_536, 76_660_269],
            "- 16, 1 5, 17 638, 6 2333, 89 8",
        ),
    ] {
        let Some(path) = shared(file) else { return };
        assert_eq!(format(&path).as_deref(), Some(name), "{file}");
        let records = clean(read(&path, &["--tz", "UTC"]), file);
        assert_eq!((figures(&records), &*counted(&records, "protocol")), (wanted, protocols), "{file}");
    }
}

#[test]
fn ground_truth_and_actions_stay_with_their_rows() {
    for (file, field, wanted) in [
        ("cloudflow/elastic-beats/aws-vpcflow-accept-reject-traffic.log", "state", "ACCEPT 2, REJECT 2"),
        ("labelled/ScubaInstructor-fuh/Infiltration_36.csv", "attack", "Infiltration 36"),
        ("labelled/ScubaInstructor-fuh/Infiltration_36.csv", "label", "malicious 36"),
        ("labelled/ScubaInstructor-fuh/Infiltration_36.csv", "byte_layer", "l4 36"),
        ("labelled/rcarmas-datasets-Internetworking/UNSW-NB15_1.v1.csv", "label", "benign 2902, malicious 98"),
        (
            "labelled/rcarmas-datasets-Internetworking/UNSW-NB15_1.v1.csv",
            "attack",
            "- 2902, DoS 8, Exploits 57, Generic 6, Reconnaissance 23, Shellcode 4",
        ),
        (
            "labelled/rcarmas-datasets-Internetworking/UNSW-NB15_1.v1.csv",
            "app",
            "- 1778, dns 484, ftp 61, ftp-data 184, http 315, pop3 9, smtp 99, snmp 1, ssh 69",
        ),
    ] {
        let Some(path) = shared(file) else { return };
        assert_eq!(counted(&clean(read(&path, &["--tz", "UTC"]), file), field), wanted, "{file}");
    }
}

#[test]
fn layouts_of_the_same_rows_of_unsw_give_the_same_lines() {
    let Some(path) = shared("labelled/rcarmas-datasets-Internetworking/UNSW-NB15_1.v1.csv") else { return };
    let whole = std::fs::read_to_string(&path).unwrap();
    let whole = whole.trim_start_matches('\u{feff}');
    let without_index = |line: &str| line.split_once(',').expect("an index").1.to_owned() + "\n";
    let headed: String = whole.lines().map(without_index).collect();
    let (_, bare) = headed.split_once('\n').unwrap();
    let indexed: String = whole.lines().skip(1).map(|line| format!("{line}\n")).collect();
    let lines = |text: String| clean(run(&[], text), "UNSW-NB15");
    let wanted = lines(format!("\u{feff}{bare}"));
    assert_eq!(wanted.len(), 3000);
    for (name, text) in [("with index", indexed), ("with header", headed.clone()), ("with both", whole.to_owned())] {
        assert!(lines(text) == wanted, "{name}");
    }
}

#[test]
fn a_packed_flow_log_is_read_as_it_is_delivered() {
    let Some(path) = shared("cloudflow/elastic-beats/aws-vpcflow-accept-reject-traffic.log") else { return };
    let folder = tempfile::tempdir().unwrap();
    let packed = folder.path().join("flows.log.gz");
    let made = std::process::Command::new("gzip").arg("-c").arg(&path).output().unwrap();
    std::fs::write(&packed, made.stdout).unwrap();
    assert_eq!(figures(&clean(read(&packed, &[]), "packed")), [4, 48, 9170, 0, 0]);
}

#[test]
fn samples_become_the_flows_that_were_written_or_printed() {
    for (file, wanted, field, values) in [
        ("sample.aws-vpc.log", [5, 45, 13_997, 0, 0], "state", "ACCEPT 4, REJECT 1"),
        ("sample.aws-vpc-5.log", [3, 14, 6234, 0, 0], "tcp_flags", "18 1, 19 1, 2 1"),
        ("sample.gcp-vpc.json", [4, 40, 13_610, 0, 0], "protocol", "1 1, 17 1, 6 2"),
        ("sample.azure.json", [6, 29, 1857, 32, 3628], "state", "allowed 4, denied 2"),
        ("sample.goflow2.json", [5, 16, 3038, 0, 0], "byte_layer", "- 4, l2 1"),
        ("sample.vflow.json", [4, 16, 1567, 0, 0], "exporter", "192.0.2.1 3, 192.0.2.2 1"),
        ("sample.ipfixcol2.json", [2, 13, 1362, 0, 0], "icmp_type", "- 1, 128 1"),
        ("sample.cic-2017.csv", [3, 15, 666, 12, 5256], "attack", "- 2, SSH-Patator 1"),
        ("sample.cic-2018.csv", [2, 7, 300, 5, 200], "clock", "- 1, ambiguous 1"),
        ("sample.unsw.csv", [4, 28, 2608, 8, 432], "attack", "- 1, Backdoor 1, Generic 1, Reconnaissance 1"),
        ("sample.nf.csv", [2, 13, 1544, 10, 1780], "icmp_code", "- 1, 1 1"),
        ("sample.spot.csv", [2, 13, 1342, 0, 0], "icmp_type", "- 1, 8 1"),
        ("sample.pmacct.csv", [80, 80, 64_030, 0, 0], "protocol", "17 4, 6 76"),
        ("sample.pmacct.json", [80, 80, 64_030, 0, 0], "protocol", "17 4, 6 76"),
        ("sample.nfstream.csv", [50, 140, 13_136, 197, 205_697], "protocol", "17 6, 6 44"),
    ] {
        let records = clean(read(&sample(file), &["--tz", "UTC"]), file);
        assert_eq!((figures(&records), &*counted(&records, field)), (wanted, values), "{file}");
    }
}

#[test]
fn argus_flows_are_the_same_with_commas_and_with_blanks() {
    let commas = clean(read(&sample("sample.ra.csv"), &["--tz", "UTC"]), "sample.ra.csv");
    let blanks = clean(read(&sample("sample.ra.txt"), &["--tz", "UTC"]), "sample.ra.txt");
    assert_eq!(commas.len(), 50);
    assert!(commas == blanks);
}

#[test]
fn nothing_that_nfdump_prints_of_an_empty_file_is_a_flow() {
    let Some(folder) = shared("nfdump_outputs") else { return };
    let mut files = 0;
    for version in std::fs::read_dir(folder).unwrap() {
        for entry in std::fs::read_dir(version.unwrap().path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with("nfcapd-empty.") && !name.ends_with(".err") {
                let outcome = read(&path, &[]);
                assert!(outcome.text().is_empty() && outcome.code != Some(3), "{name}: {}", outcome.text());
                files += 1;
            }
        }
    }
    assert!(files > 40, "{files}");
    let totals = "No matching flows\nSummary\nflows,bytes,packets,avg_bps,avg_pps,avg_bpp\n0,0,0,0,0,0\n";
    for text in [totals, totals.split_once('\n').unwrap().1, totals.rsplit_once("Summary\n").unwrap().1] {
        let outcome = run(&[], text);
        assert_eq!((outcome.text(), outcome.code), ("", Some(0)), "{text}");
    }
}

#[test]
fn files_of_bytes_are_named_with_what_makes_text_of_them() {
    let file = "derived/argus3_csv/maccdc.argus";
    let Some(path) = shared(file) else { return };
    let outcome = read(&path, &[]);
    assert!(outcome.stderr.contains("this is an Argus file; ra -r FILE"), "{}", outcome.stderr);
    assert!(outcome.code == Some(2) && outcome.stdout.is_empty(), "{}", outcome.stderr);
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(sample("sample.csv"), folder.path().join("flows.csv")).unwrap();
    let archive = folder.path().join("flows.tar");
    let mut tar = std::process::Command::new("tar");
    tar.arg("-cf").arg(&archive).arg("-C").arg(folder.path()).arg("flows.csv");
    assert!(tar.status().unwrap().success());
    let outcome = read(&archive, &[]);
    assert!(outcome.stderr.contains("this is a tar archive; tar -xOf FILE | flowcat reads it"), "{}", outcome.stderr);
}

#[test]
fn every_format_has_a_sample_that_is_taken_for_it() {
    let list = run(&["--list"], "").text().to_owned();
    let folder = sample("");
    let mut met = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("sample.") {
            met.extend(format(&path));
        }
    }
    // The table of attacks comes with no documentation but its header; the others are anybody's.
    let without = ["csv", "json", "flow", "unsw-truth"];
    let names = list.lines().map(|line| line.split(' ').next().unwrap());
    for name in names.filter(|name| !without.contains(name)) {
        assert!(met.contains(name), "no sample of {name}");
    }
}
