//! What is rejected is kept whole, however long it is and in whatever format it came.
#![allow(clippy::unwrap_used)]

use super::decoded;
use crate::support::{FILTERS, TOOLS, accounts, flow, folder, rejects, run};
use serde_json::Value;
use std::path::Path;

/// More than any buffer, and no multiple of anything.
const LENGTH: usize = 10_000_019;

fn long() -> Vec<u8> {
    (0..LENGTH)
        .map(|i| b'!' + (i % 89) as u8)
        .map(|b| if matches!(b, b'"' | b'\\' | b'{' | b'}') { b'_' } else { b })
        .collect()
}

fn raw(reject: &Value) -> Vec<u8> {
    match reject["raw"].as_str() {
        Some(text) => text.as_bytes().to_vec(),
        None => decoded(reject["raw_base64"].as_str().unwrap()),
    }
}

/// Runs a program over an input with one bad line; answers what was rejected.
fn rejected(command: &str, path: &Path) -> Value {
    let (aside, counters) = (path.with_extension("rejects"), path.with_extension("counters"));
    run(&format!("{command} --rejects {} --counters {}", aside.display(), counters.display())).code(3).open_lines();
    assert_eq!(accounts(&counters)["rejected"], 1, "{command}");
    let mut all = rejects(&aside);
    assert_eq!(all.len(), 1, "{command}");
    assert!(all[0]["length"].is_null());
    all.remove(0)
}

#[test]
fn a_line_of_ten_megabytes_is_kept_to_the_byte_by_all_four_plain_and_packed() {
    let folder = folder();
    let path = folder.path().join("lines");
    let input = [flow(0).as_bytes(), b"\n", &long(), b"\n", flow(1).as_bytes(), b"\n"].concat();
    std::fs::write(&path, input).unwrap();
    run(&format!("gzip -k {}", path.display())).code(0);
    for input in [path.display().to_string(), format!("{}.gz", path.display())] {
        for (tool, filter) in TOOLS.iter().zip(FILTERS) {
            for more in ["", " --strict"] {
                let found = rejected(&format!("{}{more}", filter.replace("IN", &input)), &path);
                assert_eq!(found["line"], 2, "{tool}");
                assert!(raw(&found) == long(), "{tool}{more} of {input}");
            }
        }
    }
}

#[test]
fn so_it_is_by_the_formats_of_text() {
    let folder = folder();
    let long = String::from_utf8(long()).unwrap();
    let header = "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt\n";
    let zeek = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n\
                #fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\n\
                #types\ttime\taddr\tport\taddr\tport\tenum\n";
    for (name, text) in [
        ("table.csv", format!("src_ip,bytes\n10.0.0.1,1\n{long}\n10.0.0.2,2\n")),
        (
            "nfdump.csv",
            format!(
                "{header}2015-01-22 08:03:34,2015-01-22 08:03:35,1.0,10.0.0.1,10.0.0.2,1,2,TCP,......,0,0,1,40,0,0\n{long}\n"
            ),
        ),
        ("conn.log", format!("{zeek}1421913814.0\t10.0.0.1\t1\t10.0.0.2\t2\ttcp\n{long}\n")),
        ("array.json", format!("[\n{{\"src_addr\":\"10.0.0.1\",\"in_bytes\":1}},\n{{\"x\":\"{long}\"}}\n]\n")),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, &text).unwrap();
        let found = rejected(&format!("flowcat {}", path.display()), &path);
        let wanted = text.lines().find(|line| line.len() > LENGTH - 1).unwrap();
        assert!(raw(&found) == wanted.as_bytes(), "{name}: {} bytes", raw(&found).len());
    }
}
