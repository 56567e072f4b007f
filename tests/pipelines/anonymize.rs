//! Anonymised data: as another tool makes it, the same whatever way it takes, and without an address of before.
#![allow(clippy::unwrap_used)]

use crate::support::{folder, root, run};
use std::collections::BTreeSet;
use std::process::Command;

const KEY: &str = "0x1522178d33a4cf80130a5b1649907d10d8988f837979652762574c2d2a842202";

/// A folder with the key in a file that nobody else can read.
fn keyed() -> (tempfile::TempDir, String) {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let key = folder.path().join("key");
    std::fs::write(&key, KEY).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let path = key.display().to_string();
    (folder, path)
}

/// Everything that reads as an address in the lines of text.
fn addresses(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_hexdigit() && !matches!(c, '.' | ':'));
    words.filter(|word| word.parse::<std::net::IpAddr>().is_ok()).map(str::to_owned).collect()
}

#[test]
fn ipv4_addresses_are_those_that_nfanon_makes() {
    if !Command::new("nfanon").arg("-h").output().is_ok_and(|o| o.status.success()) {
        println!("skipped: nfanon is absent");
        return;
    }
    let (folder, key) = keyed();
    let made = folder.path().join("made").display().to_string();
    run(&format!("nfanon -q -K {KEY} -r tests/data/traffic.nfcapd -w {made}")).code(0);
    let list = |file: &str| format!("nfdump -q -r {file} -o fmt:%sa,%da,%byt -N inet | sed '1isrc_ip,dst_ip,bytes'");
    let theirs = run(&format!("{} | flowcat", list(&made))).code(0).text();
    let ours = run(&format!("{} | flowcat --anonymize {key}", list("tests/data/traffic.nfcapd"))).code(0).text();
    assert!(ours.lines().count() > 1_000);
    assert_eq!(ours, theirs);
}

#[test]
fn flows_alerts_and_rows_are_the_same_whatever_way_they_take_and_hold_no_address_of_before() {
    let (_folder, key) = keyed();
    let cat = "flowcat -q --tz UTC tests/data/traffic.csv";
    let items = "zscore portscan sweep exfil beacon";
    let plain = run(&format!("{cat} | flowdetect -q --tee {items}")).code(0).text();
    let before = addresses(&plain);
    assert!(before.len() > 50, "{}", before.len());
    let late = run(&format!("{cat} | flowdetect -q --tee {items} | flowenrich -q anonymize:key={key}")).code(0);
    let again = run(&format!("{cat} | flowdetect -q --tee {items} | flowcat -q --anonymize {key}")).code(0);
    assert_eq!(late.text(), again.text());
    let after = addresses(&late.text());
    assert_eq!(after.len(), before.len());
    let left: Vec<_> = after.intersection(&before).collect();
    assert!(left.is_empty(), "{left:?}");
    let early = run(&format!("{cat} --anonymize {key} | grep -v alert")).code(0).text();
    assert_eq!(
        early,
        late.text().lines().filter(|l| !l.contains("alert")).map(|l| format!("{l}\n")).collect::<String>()
    );
    // Counts by host are the same, before and after.
    let sorted = |script: &str| {
        let mut rows: Vec<_> = run(script).code(0).text().lines().map(str::to_owned).collect();
        rows.sort_unstable();
        rows
    };
    let hosts = sorted(&format!("{cat} --anonymize {key} | flowstat -q hosts"));
    assert_eq!(hosts, sorted(&format!("{cat} | flowstat -q hosts | flowenrich -q anonymize:key={key}")));
}

#[test]
fn a_key_that_is_none_is_refused_and_one_that_all_can_read_is_told_of() {
    let (folder, key) = keyed();
    let line = "echo '{\"src_ip\":\"10.0.0.1\"}'";
    for tool in ["flowcat --anonymize ", "flowenrich anonymize:key="] {
        run(&format!("{line} | {tool}{key}")).code(0).quiet();
        run(&format!("chmod 644 {key}; {line} | {tool}{key}; s=$?; chmod 600 {key}; exit $s"))
            .code(0)
            .says("everybody");
        run(&format!("{line} | {tool}{}", root().join("LICENSE-MIT").display())).code(2).says("64 hexadecimal digits");
        run(&format!("{line} | {tool}{}/none", folder.path().display())).code(2).says("No such file");
        let told = run(&format!("echo '{{\"kind\":\"baseline\",\"x\":\"10.0.0.1\"}}' | {tool}{key}")).code(0);
        assert!(told.text().is_empty() && told.stderr.contains("left out"), "{tool}: {}", told.stderr);
    }
}
