//! Text from the network never acts on a terminal or in a spreadsheet: stdout and stderr hold no control byte, no
//! bidirectional mark and nothing without width, tables and CSV no formula; NDJSON keeps the text, escaped.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::support::{folder, run, run_with};
use serde_json::Value;

/// Texts that an exporter, a host name or a database could hold.
fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = (0..=0xffu32).filter_map(char::from_u32).map(|c| format!("a{c}b")).collect();
    for sequence in [
        "\u{1b}[2J\u{1b}[1;31m",       // clear, red
        "\u{1b}]0;title\u{7}",         // window title
        "\u{1b}]8;;http://x\u{1b}\\y", // a link
        "\u{1b}]52;c;aGk=\u{7}",       // clipboard
        "\u{1b}P$q\"p\u{1b}\\",        // device control
        "\u{9b}31m\u{9d}0;t\u{9c}",    // the same in one byte each
        "\u{1b}c\u{1b}(0\u{e}\u{f}",   // reset, character sets
        "a\rb\u{8}\u{8}c",             // overwriting
        "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}",
        "\u{2066}\u{2067}\u{2068}\u{2069}\u{61c}\u{200e}\u{200f}",
        "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{ad}\u{180e}",
        "\u{2028}\u{2029}\u{fff9}\u{fffa}\u{fffb}",
        "\u{e0041}\u{e007f}", // tags
        "a\nflowstat: error: forged\nb",
    ] {
        texts.push(sequence.to_owned());
    }
    texts
}

/// Whether a terminal could act on a character, newlines apart.
fn acts(c: char) -> bool {
    c != '\n' && c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn inert(what: &str, text: &str) {
    if let Some(c) = text.chars().find(|c| acts(*c)) {
        panic!("{what} lets U+{:04X} through", c as u32);
    }
}

/// Flow lines with each text in every field that holds text, in a name of its own, and as a key.
fn lines(texts: &[String]) -> String {
    texts
        .iter()
        .map(|text| {
            let text = ascii(text);
            format!(
                "{{\"src_ip\":\"10.0.0.1\",\"dst_ip\":\"10.0.0.2\",\"bytes\":900000000,\"app\":{text},\"state\":{text},\"label\":{text},\
                 \"attack\":{text},\"x\":{text},{text}:1}}\n"
            )
        })
        .collect()
}

/// JSON text in ASCII alone.
fn ascii(text: &str) -> String {
    let mut out = String::from("\"");
    for unit in text.encode_utf16() {
        out.push_str(&format!("\\u{unit:04x}"));
    }
    out + "\""
}

#[test]
fn tables_and_messages_show_hostile_text_harmlessly() {
    let input = lines(&hostile());
    for command in [
        "flowcat -t",
        "flowcat -t --fields app,state,x",
        "flowstat -t fields",
        "flowstat -t top:by=app,n=1000",
        "flowstat -t top:by=label+attack,n=1000",
        "flowstat --to csv top:by=app,n=1000",
        "flowcat --to csv",
        "flowdetect -t exfil",
        "flowdetect --tee -t exfil",
        "flowenrich -t scope",
    ] {
        let outcome = run_with(command, &input).code(0);
        assert!(outcome.stdout.len() > 100, "{command}");
        inert(command, &outcome.text());
        inert(command, &outcome.stderr);
        assert!(!outcome.text().lines().any(|line| line.starts_with("flowstat: error")), "{command}: a forged line");
    }
}

#[test]
fn messages_about_hostile_lines_are_harmless() {
    let mut input = Vec::new();
    for text in hostile() {
        for line in [
            format!("{{\"bytes\":1,\"{text}\":2,\"{text}\":3}}"),
            format!("{{\"src_ip\":\"{text}\"}}"),
            format!("{{\"bytes\":{text}}}"),
            format!("{text}{{\"bytes\":1}}"),
            format!("{{\"bytes\":1,\"clock\":{}}}", ascii(&text)),
        ] {
            input.extend(line.bytes().filter(|b| *b != b'\n'));
            input.push(b'\n');
        }
    }
    let folder = folder();
    let aside = folder.path().join("rejects");
    for filter in crate::support::FILTERS.map(|f| f.replace("IN", "-")) {
        // One kind at a time, so that none hides among those that are not shown.
        for kind in input.split_inclusive(|b| *b == b'\n').collect::<Vec<_>>().chunks(60) {
            let good = crate::support::flow(1) + "\n";
            let command = format!("{filter} --rejects {}", aside.display());
            let outcome = run_with(&command, [good.as_bytes(), &kind.concat()].concat()).code(3);
            inert(&filter, &outcome.stderr);
            inert(&filter, &std::fs::read_to_string(&aside).unwrap());
            outcome.open_lines();
        }
    }
}

#[test]
fn a_foreign_source_s_text_is_escaped_in_json_and_reads_back() {
    let texts: Vec<_> = hostile().into_iter().filter(|t| !t.contains(['\0', '"', '\r'])).collect();
    let cells: String = texts.iter().map(|text| format!("10.0.0.1,1,\"{text}\"\n")).collect();
    let outcome = run_with("flowcat", format!("sa,ibyt,label\n{cells}")).code(0);
    inert("flowcat", &outcome.text());
    let found: Vec<_> = outcome.lines().iter().map(|line| line["label"].as_str().unwrap().to_owned()).collect();
    for (found, text) in found.iter().zip(&texts) {
        assert_eq!(found.trim(), text.trim());
    }
    assert_eq!(found.len(), texts.len());
}

#[test]
fn alerts_and_rows_say_hostile_text_as_escapes_that_read_back() {
    let texts: Vec<_> = hostile();
    for command in ["flowstat top:by=app,n=1000", "flowstat top:by=label,n=1000", "flowstat fields"] {
        let outcome = run_with(command, lines(&texts)).code(0);
        inert(command, &outcome.text());
        let rows = outcome.open_lines();
        if let Some(name) = command.split("by=").nth(1).and_then(|rest| rest.split(',').next()) {
            let mut found: Vec<_> = rows.iter().map(|row| row[name].as_str().unwrap()).collect();
            let mut wanted: Vec<_> = texts.iter().map(String::as_str).collect();
            found.sort_unstable();
            wanted.sort_unstable();
            wanted.dedup();
            assert_eq!(found, wanted, "{command}");
        }
    }
}

#[test]
fn items_and_names_on_the_command_line_are_shown_harmlessly() {
    for script in [
        "flowdetect $'zs\\e[31m\\u202ecore'",
        "flowstat $'hosts:t\\u200bop=1'",
        "flowstat $'hosts:top=\\e]0;x\\a'",
        "flowenrich $'scope:internal=\\u009b1'",
        "flowcat --from $'x\\e[2J'",
        "flowcat --tz $'Europe/\\e[2J'",
        "flowcat --map $'\\e[2J=x'",
        "flowstat --nope$'\\e[31m'",
        "flowdetect --fail-on $'\\e[31m'",
        "flowdetect -o $'/none/\\e[31m' portscan",
        "flowdetect --explain $'\\e[31m'",
    ] {
        let outcome = run(script).code(2);
        inert(script, &outcome.stderr);
        inert(script, &outcome.text());
    }
}

#[test]
fn a_cell_of_csv_is_no_formula_and_numbers_stay_numbers() {
    let texts = [
        "=1+1",
        "+1",
        "-5",
        "+1+A1",
        "-1-A1",
        "@SUM(A1)",
        "\tx",
        "\rx",
        "=HYPERLINK(\"http://x\",\"y\")",
        "a,b",
        "a\"b",
        "plain",
        "1.5",
    ];
    let input: String = texts
        .iter()
        .zip(0..)
        .map(|(text, n)| {
            format!(
                "{{\"src_ip\":\"10.0.0.{n}\",\"bytes\":{n},\"duration\":0.5,\"label\":{},\"x\":-7.5}}\n",
                Value::from(*text)
            )
        })
        .collect();
    let table = run_with("flowcat --to csv --fields src_ip,bytes,duration,label,x", input).code(0).text();
    // Read by another program's reader.
    let rows = run_with("jq -R -s -c 'split(\"\\n\")'", &table).code(0).text();
    assert_eq!(serde_json::from_str::<Vec<String>>(&rows).unwrap()[0], "src_ip,bytes,duration,label,x");
    for (line, n) in table.lines().skip(1).zip(0..) {
        let (numbers, rest) = line.split_at(line.match_indices(',').nth(2).unwrap().0 + 1);
        assert_eq!(numbers, format!("10.0.0.{n},{n},0.5,"));
        let (label, x) = rest.rsplit_once(',').unwrap();
        assert_eq!(x, "-7.5", "a number is no formula");
        let cell = label.trim_matches('"');
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{label}");
    }
    assert_eq!(table.lines().count(), texts.len() + 1);
}
