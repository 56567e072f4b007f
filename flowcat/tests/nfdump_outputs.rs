//! Every text form that four versions of nfdump printed of the same four nfcapd files, and the files: the rows and sums are
//! those of the file, and the same flow becomes the same record whatever printed it.
//!
//! The files lie beside the project, in `../shared/data/nfdump_outputs`; without them nothing is tested, and that is said.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use support::{Record, number, read};

/// What independent tools say of an nfcapd file: rows, packets, bytes, and those of the other direction.
const FIGURES: [(&str, [u64; 5]); 4] = [
    ("nfcapd.sample", [3018, 43_558, 27_576_229, 0, 0]),
    ("nfcapd-small-lzo", [10, 123_000, 87_993_000, 0, 0]),
    ("nfcapd-empty", [0, 0, 0, 0, 0]),
    ("nfgen-flows-v1-bz2", [26, 30_096_653_796, 52_706_285_475, 5_512, 84_084]),
];

/// Fields that every form prints.
const ALWAYS: &str = "timestamp duration src_ip dst_ip src_port dst_port protocol packets bytes icmp_type icmp_code";
const REVERSE: &str = "rev_packets rev_bytes";
const HEADERS: &str = "tcp_flags tos";
const ROUTING: &str = "input_if output_if src_as dst_as";
const EXPORTER: &str = "exporter next_hop vlan";

/// What stands for the file itself, beside the forms that are printed of it.
const NATIVE: &str = "the file";

/// The fields that a form prints.
fn printed(form: &str, version: &str) -> Vec<&'static str> {
    let parts: &[&str] = match form {
        "csv" | "bidir.csv" if version.contains("1.7.8") => &[ALWAYS, "flows"],
        "csv" | "bidir.csv" => &[ALWAYS, REVERSE, HEADERS, ROUTING, EXPORTER],
        "csv-fast" | "pipe" => &[ALWAYS, HEADERS, ROUTING],
        "json" | "ndjson" | NATIVE => &[ALWAYS, REVERSE, HEADERS, ROUTING, EXPORTER, "flows"],
        "line" | "line-N" => &[ALWAYS, "flows"],
        "long" | "extended" | "extended6" | "fmt" => &[ALWAYS, HEADERS, "flows"],
        "biline" => &[ALWAYS, REVERSE, "flows"],
        "bilong" => &[ALWAYS, REVERSE, HEADERS, "flows"],
        other => panic!("a form that is not known: {other}"),
    };
    parts.iter().flat_map(|part| part.split(' ')).collect()
}

struct Output {
    path: PathBuf,
    version: String,
    nfcapd: &'static str,
    form: String,
}

/// The files that hold flows.
fn outputs() -> Vec<Output> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/nfdump_outputs");
    let Ok(versions) = std::fs::read_dir(&root) else {
        println!("skipped: {} is not there", root.display());
        return Vec::new();
    };
    let mut outputs = Vec::new();
    for version in versions {
        let version = version.unwrap();
        for file in std::fs::read_dir(version.path()).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.ends_with(".err") || name.contains(".raw") || name.contains(".stat-") || name.contains(".aggr") {
                continue;
            }
            let nfcapd = FIGURES.iter().map(|(n, _)| *n).find(|n| name.starts_with(n)).unwrap();
            let form = name[nfcapd.len() + 1..].to_owned();
            outputs.push(Output { version: version.file_name().into_string().unwrap(), nfcapd, form, path });
        }
    }
    for (folder, nfcapd) in ["chrispassas-nfdump"; 3].into_iter().chain(["phaag-nfdump"]).zip(FIGURES.map(|f| f.0)) {
        let path = root.with_file_name("nfcapd").join(folder).join(nfcapd);
        outputs.push(Output { version: String::new(), nfcapd, form: NATIVE.to_owned(), path });
    }
    outputs.sort_by(|a, b| a.path.cmp(&b.path));
    outputs
}

fn flowcat(path: &Path) -> Vec<Record> {
    let outcome = read(path, &[]);
    assert_eq!(outcome.code, Some(0), "{}: {}", path.display(), outcome.stderr);
    outcome.records()
}

/// Half a unit of the last digit that nfdump prints of a scaled number.
fn precision(exact: u64) -> u64 {
    match exact {
        0..1_000_000 => 0,
        1_000_000..1_000_000_000 => 50_000,
        1_000_000_000..1_000_000_000_000 => 50_000_000,
        _ => 50_000_000_000,
    }
}

fn is_scaled(form: &str) -> bool {
    matches!(form, "line" | "long" | "extended" | "extended6" | "biline" | "bilong" | "fmt")
}

/// Exact packets and bytes of each row, out of the 48 columns by their places.
fn exact(outputs: &[Output], nfcapd: &str) -> Vec<[u64; 2]> {
    let csv = outputs.iter().find(|o| o.nfcapd == nfcapd && o.form == "csv" && o.version.contains("1.7.1")).unwrap();
    let text = std::fs::read_to_string(&csv.path).unwrap();
    let rows =
        text.lines().map(|line| line.split(',').collect::<Vec<_>>()).filter(|row| row.len() == 48 && row[0] != "ts");
    rows.map(|row| [row[11].parse().unwrap(), row[12].parse().unwrap()]).collect()
}

#[test]
fn rows_and_sums_are_those_of_the_nfcapd_file() {
    let outputs = outputs();
    for output in &outputs {
        let records = flowcat(&output.path);
        let figures = FIGURES.iter().find(|(n, _)| *n == output.nfcapd).unwrap().1;
        let sum = |field| records.iter().map(|r| number(r, field)).sum::<u64>();
        let sums = ["packets", "bytes", "rev_packets", "rev_bytes"].map(sum);
        // Joined flows are fewer.
        if output.form != "bidir.csv" {
            assert_eq!(records.len() as u64, figures[0], "{}", output.path.display());
        }
        let slack = match is_scaled(&output.form) {
            true => exact(&outputs, output.nfcapd)
                .iter()
                .fold([0, 0], |s, row| [s[0] + precision(row[0]), s[1] + precision(row[1])]),
            false => [0, 0],
        };
        for i in 0..2 {
            assert!(
                sums[i].abs_diff(figures[i + 1]) <= slack[i],
                "{}: {} and not {}",
                output.path.display(),
                sums[i],
                figures[i + 1]
            );
        }
        if printed(&output.form, &output.version).contains(&"rev_bytes") {
            assert_eq!(sums[2..], figures[3..], "{}", output.path.display());
        }
        println!(
            "{:<28} {:<30} {:>5} rows {:>12} packets {:>12} bytes",
            output.version,
            format!("{}.{}", output.nfcapd, output.form),
            records.len(),
            sums[0],
            sums[1]
        );
    }
    println!("{} files", outputs.len());
}

/// Why two records of one flow may differ in a field after all.
fn may_differ(field: &str, a: (&Record, &str), b: (&Record, &str), exact: [u64; 2]) -> bool {
    match field {
        // Forms that cut IPv6 addresses short leave them out.
        "src_ip" | "dst_ip" => [(a, b), (b, a)].iter().any(|(one, other)| {
            let cuts = is_scaled(one.1) && one.1 != "extended6" || one.1 == "line-N";
            cuts && one.0.get(field).is_none() && other.0[field].as_str().unwrap().contains(':')
        }),
        // Whole seconds and milliseconds.
        "timestamp" => a.0[field].as_str().unwrap()[..19] == b.0[field].as_str().unwrap()[..19],
        // Some versions print 0 where the last packet is before the first, others nonsense.
        "duration" => [(a.0, b.0), (b.0, a.0)].iter().any(|(one, other)| {
            one.get(field).is_none() && one["clock"] == "implausible" && other.get(field).is_none_or(|d| *d == 0)
        }),
        "packets" | "bytes" => {
            let exact = exact[usize::from(field == "bytes")];
            let fits = |r: (&Record, &str)| {
                number(r.0, field).abs_diff(exact) <= if is_scaled(r.1) { precision(exact) } else { 0 }
            };
            fits(a) && fits(b)
        }
        _ => false,
    }
}

#[test]
fn the_same_flow_becomes_the_same_record_whatever_printed_it() {
    let outputs = outputs();
    for (nfcapd, _) in FIGURES {
        let forms: Vec<_> = outputs.iter().filter(|o| o.nfcapd == nfcapd && o.form != "bidir.csv").collect();
        if forms.is_empty() {
            continue;
        }
        let exact = exact(&outputs, nfcapd);
        let read: Vec<_> = forms.iter().map(|o| (flowcat(&o.path), printed(&o.form, &o.version))).collect();
        let mut compared = 0;
        for (i, (ours, fields)) in read.iter().enumerate() {
            for (j, (theirs, other_fields)) in read.iter().enumerate().skip(i + 1) {
                let both: Vec<_> = fields.iter().filter(|f| other_fields.contains(f)).collect();
                for (row, (a, b)) in ours.iter().zip(theirs).enumerate() {
                    for field in &both {
                        let same = a.get(**field) == b.get(**field);
                        let excused = || may_differ(field, (a, &forms[i].form), (b, &forms[j].form), exact[row]);
                        let names = || {
                            format!("row {} of {} and {}", row + 1, forms[i].path.display(), forms[j].path.display())
                        };
                        assert!(
                            same || excused(),
                            "{}: {field}: {:?} and {:?}",
                            names(),
                            a.get(**field),
                            b.get(**field)
                        );
                        compared += 1;
                    }
                }
            }
        }
        println!("{nfcapd}: {} forms, {compared} fields compared", forms.len());
    }
}

#[test]
fn what_has_no_flows_is_refused_or_told() {
    let mut by_name = BTreeMap::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/nfdump_outputs/debian-1.7.1");
    for name in ["nfgen-flows-v1-bz2.stat-srcip-bytes.csv", "nfgen-flows-v1-bz2.stat-srcip-bytes"] {
        if !root.join(name).exists() {
            println!("skipped: {name} is not there");
            continue;
        }
        let outcome = read(&root.join(name), &[]);
        assert!(outcome.stdout.is_empty());
        by_name.insert(name, (outcome.code, outcome.stderr));
    }
    for (name, (code, stderr)) in by_name {
        assert_eq!(code, Some(2), "{name}");
        assert!(stderr.contains("statistics"), "{name}: {stderr}");
    }
}
