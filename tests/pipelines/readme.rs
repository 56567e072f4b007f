//! The README is true: each console block gives what it shows, each table made from the code is the code's.
//!
//! In a block a line that begins with `$ ` is run in the folder of the repository, with the lines that continue it;
//! what follows is its output, where `...` alone stands for any number of lines.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::support::{root, run};

#[path = "../demo/shown.rs"]
mod shown;

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).unwrap()
}

/// Command lines of the README's console blocks and what they are shown to print.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match line {
            "```console" => inside = true,
            "```" => inside = false,
            _ if !inside => {}
            _ => match line.strip_prefix("$ ") {
                Some(command) => found.push((command.to_owned(), String::new())),
                None => {
                    let (command, output): &mut (String, String) = found.last_mut().unwrap();
                    if output.is_empty() && command.ends_with('\\') {
                        command.push('\n');
                        command.push_str(line);
                    } else {
                        output.push_str(line);
                        output.push('\n');
                    }
                }
            },
        }
    }
    found
}

/// Whether `got` is what is shown, `...` standing for any lines.
fn is_shown(got: &str, shown: &str) -> bool {
    let parts: Vec<&str> = shown.split("...\n").collect();
    let Some((first, rest)) = parts.split_first() else { return got.is_empty() };
    let Some(mut left) = got.strip_prefix(first) else { return false };
    let Some((last, middle)) = rest.split_last() else { return left.is_empty() };
    for part in middle {
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
}

#[test]
fn every_console_block_gives_what_it_shows() {
    let text = readme();
    let blocks = blocks(&text);
    assert!(blocks.len() >= 10, "{} command lines", blocks.len());
    let mut wrong = Vec::new();
    for (command, shown) in blocks.iter().filter(|(c, _)| !c.starts_with("cargo ")) {
        let outcome = run(command);
        let got = format!("{}{}", outcome.text(), outcome.stderr);
        if !is_shown(&got, shown) {
            wrong.push(format!("$ {command}\n{got}--- shown:\n{shown}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn tables_are_made_from_the_code() {
    let text = readme();
    for tool in ["flowstat", "flowdetect", "flowenrich"] {
        let list = run(&format!("{tool} --list")).code(0).text();
        let rows: Vec<_> = list
            .lines()
            .map(|line| {
                let (name, about) = line.split_once(' ').unwrap();
                format!("| `{name}` | {} |", about.trim().replace('|', "\\|"))
            })
            .collect();
        assert!(!rows.is_empty());
        let table = format!("<!-- {tool} --list -->\n| | |\n|---|---|\n{}\n<!-- end -->", rows.join("\n"));
        assert!(text.contains(&table), "the README lacks this table:\n{table}");
    }
}

#[test]
fn the_table_of_formats_is_made_from_the_code() {
    let described = run("flowcat --describe").code(0).text();
    let described: serde_json::Value = serde_json::from_str(&described).unwrap();
    let row = |item: &serde_json::Value| {
        let [name, about, told, lost] =
            ["name", "about", "recognised_by", "lost"].map(|key| item[key].as_str().unwrap().replace('|', "\\|"));
        assert!(!told.is_empty() && !lost.is_empty(), "{name}");
        format!("| `{name}` | {about} | {told} | {lost} |")
    };
    let rows: Vec<_> = described["items"].as_array().unwrap().iter().map(row).collect();
    let head = "| | what | recognised by | lost without `--keep-extra` |\n|---|---|---|---|";
    let table = format!("<!-- flowcat formats -->\n{head}\n{}\n<!-- end -->", rows.join("\n"));
    assert!(readme().contains(&table), "the README lacks this table:\n{table}");
}

#[test]
fn an_elision_stands_for_any_lines() {
    assert!(is_shown("a\nb\nc\n", "a\n...\nc\n"));
    assert!(is_shown("a\n", "a\n"));
    assert!(!is_shown("a\nb\n", "a\n"));
    assert!(!is_shown("a\nb\nc\n", "a\n...\nd\n"));
}

#[test]
fn the_demo_works_and_reads_well_at_100_columns() {
    for (heading, line) in shown::SHOWN {
        let outcome = run(line).code(0).quiet();
        let text = format!("{heading}\n$ {line}\n{}", outcome.text());
        assert!(outcome.text().lines().count() > 0, "{line}");
        for wide in text.lines().filter(|shown| shown.chars().count() > 100) {
            assert!(wide.starts_with('{'), "{wide}");
        }
    }
}
