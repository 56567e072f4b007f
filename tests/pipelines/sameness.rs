//! Same input, same bytes out: whatever the locale, the zone, the folder, the terminal, the order of the environment, the
//! number of threads and processors, and the way in which the bytes come.
#![allow(clippy::unwrap_used)]

use crate::support::{Outcome, folder, root, run, shell};
use std::collections::BTreeMap;
use std::path::Path;

/// How one run differs from the others.
#[derive(Default)]
struct Way {
    threads: u8,
    /// Variables to be set; none to be absent.
    variables: &'static [(&'static str, Option<&'static str>)],
    /// Where it runs.
    folder: &'static str,
    /// What stands before each program.
    before: &'static str,
    /// How the input gets in; `IN` is the file.
    input: &'static str,
}

const FILE: &str = "flowcat -q IN";
const REDIRECTED: &str = "flowcat -q < IN";
const PIPED: &str = "cat IN | flowcat -q";
const DRIBBLED: &str = "dd if=IN bs=777 status=none | flowcat -q";

fn ways() -> Vec<Way> {
    let way = |threads, input, variables| Way { threads, input, variables, folder: "", before: "" };
    vec![
        way(1, FILE, &[]),
        way(2, FILE, &[]),
        way(3, FILE, &[]),
        way(8, FILE, &[]),
        way(64, FILE, &[]),
        way(0, FILE, &[]),
        way(1, REDIRECTED, &[]),
        way(3, PIPED, &[]),
        way(8, DRIBBLED, &[]),
        way(2, FILE, &[("LC_ALL", Some("tr_TR.UTF-8")), ("LANG", Some("tr_TR.UTF-8"))]),
        way(2, PIPED, &[("LC_ALL", Some("C")), ("LANG", None)]),
        way(3, FILE, &[("LC_ALL", None), ("LANG", Some("de_DE.ISO-8859-1")), ("LC_NUMERIC", Some("de_DE"))]),
        way(2, FILE, &[("TZ", Some("Asia/Kathmandu"))]),
        way(3, DRIBBLED, &[("TZ", Some(":America/St_Johns")), ("TZDIR", Some("/nowhere"))]),
        way(2, FILE, &[("TERM", None), ("COLUMNS", Some("20")), ("NO_COLOR", Some("1"))]),
        way(8, FILE, &[("TERM", Some("xterm-256color")), ("CLICOLOR_FORCE", Some("1")), ("COLUMNS", Some("500"))]),
        way(2, FILE, &[("HOME", None), ("USER", None), ("TMPDIR", Some("/nowhere")), ("A", Some("first"))]),
        way(3, FILE, &[("RUST_LOG", Some("trace")), ("RUST_BACKTRACE", Some("full")), ("ZZ", Some("last"))]),
        Way { folder: "/", ..way(2, FILE, &[]) },
        Way { before: "taskset -c 0 ", ..way(0, PIPED, &[]) },
        Way { before: "setarch -R ", ..way(3, FILE, &[]) },
        Way { before: "nice env -i ", ..way(2, FILE, &[]) },
    ]
}

/// The names that `--list` shows.
fn listed(tool: &str, but: &[&str]) -> String {
    let list = run(&format!("{tool} --list")).code(0).text();
    let names = list.lines().filter_map(|line| line.split_whitespace().next()).filter(|name| !but.contains(name));
    names.collect::<Vec<_>>().join(" ")
}

/// Enrichers that need to be told something, or that ask others.
const ON_THEIR_OWN: [&str; 14] = [
    "geo",
    "asn",
    "anonymize",
    "label",
    "onehot",
    "select",
    "drop",
    "rename",
    "intel",
    "join",
    "hash",
    "vendor",
    "rdns",
    "resolve",
];

/// Everything that the programs can do, from end to end, and the last stage in one of four forms.
struct Chain {
    detectors: String,
    enrichers: String,
    ends: Vec<String>,
}

impl Chain {
    fn new(normal: &Path) -> Chain {
        let data = root().join("tests/data").display().to_string();
        let normal = normal.display();
        // `report` is alone in its run, and `diff` needs a baseline.
        let views = listed("flowstat", &["report", "diff"]);
        let enrichers = listed("flowenrich", &ON_THEIR_OWN);
        Chain {
            detectors: format!(
                "all sigma:normal={normal} fence:normal={normal} zscore:of=flow,field=bytes mad:of=flow"
            ),
            enrichers: format!(
                "{enrichers} label:where=\"dst_port == 443\",as=benign onehot:field=protocol,values=6+17,other=0 rename:map=tos=service_type drop:field=vlan intel:list={normal}.list join:file={normal}.list,key=dst_ip hash:field=app,key={normal}.key geo:db={data}/demo-country.mmdb,full=true asn:db={data}/demo-asn.mmdb anonymize:key={normal}.key"
            ),
            ends: vec![
                format!("flowstat --threads N {views} top:by=src_ip+dst_port,n=50,as=most"),
                "flowstat --threads N report".to_owned(),
                "flowstat --threads N report:format=html".to_owned(),
                "flowstat --threads N -t hosts ports".to_owned(),
                "flowdetect --threads N --to csv zscore portscan exfil".to_owned(),
            ],
        }
    }

    /// What each end gives when all goes this way: code, stdout, stderr.
    fn outcomes(&self, way: &Way, input: &Path) -> BTreeMap<&str, (i32, Vec<u8>, String)> {
        let threads = match way.threads {
            0 => String::new(),
            n => format!("--threads {n} "),
        };
        let enriched = format!("flowenrich --threads N {}", self.enrichers);
        let teed = format!("flowdetect --threads N --tee {}", self.detectors);
        self.ends
            .iter()
            .map(|end| {
                let mut script = [way.input, &enriched, &teed, end].join(" | ");
                for tool in crate::support::TOOLS {
                    script = script.replace(&format!("{tool} "), &format!("{}\"$(command -v {tool})\" ", way.before));
                }
                let script = script.replace("--threads N ", &threads).replace("IN", &input.display().to_string());
                let mut command = shell(&script);
                for (name, value) in way.variables {
                    match value {
                        Some(value) => command.env(name, value),
                        None => command.env_remove(name),
                    };
                }
                if !way.folder.is_empty() {
                    command.current_dir(way.folder);
                }
                let output = command.output().unwrap();
                let said = String::from_utf8(output.stderr).unwrap();
                (end.as_str(), (output.status.code().unwrap(), output.stdout, sorted(&said)))
            })
            .collect()
    }
}

/// Messages of several programs come in any order. The shell's own, of a locale that is not installed, are not ours.
fn sorted(said: &str) -> String {
    let mut lines: Vec<_> = said.lines().filter(|line| !line.contains("warning: setlocale")).collect();
    lines.sort_unstable();
    lines.join("\n")
}

#[test]
fn every_item_of_every_program_gives_the_same_bytes_whatever_the_surroundings() {
    let folder = folder();
    let (input, normal) = (folder.path().join("traffic.json"), folder.path().join("normal"));
    run(&format!("gzip -dc tests/data/traffic.json.gz > {}", input.display())).code(0);
    run(&format!("flowcat -q tests/data/normal.csv | flowstat describe:of=bytes+packets > {}", normal.display()))
        .code(0);
    std::fs::write(normal.with_extension("key"), "7".repeat(32)).unwrap();
    std::fs::write(normal.with_extension("list"), "dst_ip,owner\n198.51.100.0/24,others\n10.20.0.0/16,ours\n").unwrap();
    let chain = Chain::new(&normal);
    let ways = ways();
    assert!(ways.len() >= 20);
    let first = chain.outcomes(&ways[0], &input);
    for (end, (code, stdout, said)) in &first {
        assert_eq!(*code, 0, "{end}: {said}");
        assert!(stdout.len() > 1_000, "{end}: {said}");
    }
    let rows = first.get(chain.ends[0].as_str()).unwrap();
    let outcome = Outcome { script: chain.ends[0].clone(), code: 0, stdout: rows.1.clone(), stderr: String::new() };
    let kinds: std::collections::HashSet<_> = outcome.open_lines().iter().map(|l| l["kind"].to_string()).collect();
    assert!(kinds.len() >= 12, "{kinds:?}");
    for (n, way) in ways.iter().enumerate().skip(1) {
        for (end, found) in chain.outcomes(way, &input) {
            let wanted = &first[end];
            assert!(found == *wanted, "way {n}, {end}: {}", difference(wanted, &found));
        }
    }
}

/// The first line that differs.
fn difference(wanted: &(i32, Vec<u8>, String), found: &(i32, Vec<u8>, String)) -> String {
    if wanted.0 != found.0 || wanted.2 != found.2 {
        return format!("code {} and {:?}, not {} and {:?}", found.0, found.2, wanted.0, wanted.2);
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (wanted, found) = (text(&wanted.1), text(&found.1));
    let pair = wanted.lines().zip(found.lines()).find(|(a, b)| a != b);
    pair.map_or("one is longer".into(), |(wanted, found)| format!("\nwanted: {wanted}\nfound:  {found}"))
}

#[test]
fn the_order_of_lines_changes_no_row_and_no_alert() {
    let folder = folder();
    let (there, back, mixed) = (folder.path().join("there"), folder.path().join("back"), folder.path().join("mixed"));
    run(&format!("flowcat -q tests/data/traffic.json.gz > {}", there.display())).code(0);
    run(&format!("tac {} > {}", there.display(), back.display())).code(0);
    run(&format!("shuf --random-source=Cargo.lock {} > {}", there.display(), mixed.display())).code(0);
    let views = listed("flowstat", &["report", "fields", "diff"]);
    for command in
        [format!("flowstat {views}"), "flowstat fields".into(), "flowstat report".into(), "flowdetect all".into()]
    {
        let of = |path: &Path| run(&format!("{command} -i {}", path.display())).code(0);
        let wanted = of(&there);
        assert!(!wanted.lines().is_empty(), "{command}");
        for other in [&back, &mixed] {
            let found = of(other);
            let pair = wanted.text();
            let first =
                pair.lines().zip(found.text().lines().map(str::to_owned).collect::<Vec<_>>()).find(|(a, b)| a != b);
            assert!(found.stdout == wanted.stdout, "{command}: {first:?}");
        }
    }
}
