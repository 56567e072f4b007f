//! The pages that a user reads: help, explanations, man pages, and what shells complete.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::support::{TOOLS, run};
use std::process::Command;

/// Columns of a page where nothing says otherwise.
const WIDTH: usize = 80;

/// Fails if a line is wider, unless it is one long word.
fn fits(page: &str, width: usize, what: &str) {
    assert!(page.ends_with('\n') && !page.ends_with("\n\n"), "{what}");
    for line in page.lines() {
        let is_word = !line.trim().contains(' ');
        assert!(line.chars().count() <= width || is_word, "{what}: {line}");
        assert_eq!(line, line.trim_end(), "{what}");
    }
}

/// Where each of these begins in the page, which must be their order.
fn in_order(page: &str, parts: &[&str]) {
    let mut from = 0;
    for part in parts {
        let at = page[from..].find(part);
        from += at.unwrap_or_else(|| panic!("{part:?} is not where it should be:\n{page}"));
    }
}

/// The items of a program.
fn names(tool: &str) -> Vec<String> {
    let list = run(&format!("{tool} --list")).code(0).text();
    list.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

/// Whether there is a program of this name; says so if not.
fn has(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program} >/dev/null")]).status();
    let is_there = found.is_ok_and(|status| status.success());
    if !is_there {
        println!("skipped: {program} is absent");
    }
    is_there
}

#[test]
fn the_short_help_is_a_screen_that_begins_with_examples() {
    for tool in TOOLS {
        let page = run(&format!("{tool} -h")).code(0).quiet().text();
        fits(&page, WIDTH, tool);
        assert!(page.lines().count() <= 40, "{tool}: {} lines", page.lines().count());
        in_order(&page, &["Usage: ", "\nExamples:\n", "--list says", "\nArguments:\n", "\nOptions:\n"]);
        assert_eq!(
            page.lines().filter(|l| l.starts_with("  ") && l.contains(tool) && l.contains(' ')).count(),
            3,
            "{tool}"
        );
        for name in names(tool) {
            assert!(page.contains(&name), "{tool}: {name}");
        }
    }
    let page = run("flowcat -h").text();
    for option in ["--from <FORMAT>", "--map <FIELD=COLUMN>", "--biflow[=<TIMEOUT>]", "--head <N>", "--where <EXPR>"] {
        assert!(page.contains(option), "{option}:\n{page}");
    }
}

#[test]
fn the_long_help_has_every_option_item_and_parameter() {
    for tool in TOOLS {
        let page = run(&format!("{tool} --help")).code(0).quiet().text();
        fits(&page, WIDTH, tool);
        in_order(
            &page,
            &["Usage: ", "\nExamples:\n", "--explain NAME", "\nArguments:\n", "\nOptions:\n", "\nExit codes:\n"],
        );
        let described: serde_json::Value =
            serde_json::from_slice(&run(&format!("{tool} --describe")).code(0).stdout).unwrap();
        for option in described["options"].as_array().unwrap() {
            let long = option["long"].as_str();
            assert!(long.is_none_or(|long| page.contains(&format!("--{long}"))), "{tool}: {option}");
        }
        for item in described["items"].as_array().unwrap() {
            let name = item["name"].as_str().unwrap();
            for parameter in item["parameters"].as_array().unwrap() {
                assert!(page.contains(&format!("{}=", parameter["name"].as_str().unwrap())), "{tool} {name}");
            }
        }
    }
}

#[test]
fn lists_and_explanations_fit_the_terminal() {
    for tool in TOOLS {
        fits(&run(&format!("{tool} --list")).code(0).text(), WIDTH, tool);
        for name in names(tool) {
            fits(&run(&format!("{tool} --explain {name}")).code(0).text(), WIDTH, &name);
        }
    }
    // `script` gives it a terminal of 60 columns.
    let told = run("script -qec 'stty rows 24 cols 60; flowdetect --explain beacon' /dev/null").code(0).text();
    let told = told.replace('\r', "");
    fits(&told, 60, "beacon");
    assert!(told.lines().any(|line| line.len() > 50), "{told}");
    let wide = run("script -qec 'stty rows 24 cols 200; flowdetect --explain beacon' /dev/null").code(0).text();
    assert!(wide.lines().any(|line| line.len() > 90), "{wide}");
}

#[test]
fn a_man_page_has_the_usual_parts_and_renders_without_a_warning() {
    for tool in TOOLS {
        let page = run(&format!("{tool} --generate man")).code(0).quiet().text();
        let headings: Vec<_> = page.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
        let usual = "NAME SYNOPSIS DESCRIPTION OPTIONS ITEMS EXIT_STATUS FILES EXAMPLES SEE_ALSO";
        assert_eq!(headings.join(" "), usual.replace('_', " "), "{tool}");
        for name in names(tool) {
            assert!(page.contains(&format!("\n\\fB{}\\fR\n", name.replace('-', "\\-"))), "{tool}: {name}");
        }
        if has("mandoc") {
            let told = run(&format!("{tool} --generate man | mandoc -T lint -W warning")).code(0);
            assert_eq!(told.text(), "");
        }
        if has("man") {
            run(&format!("{tool} --generate man > $TMP && man --warnings -l $TMP | grep -q 'EXIT STATUS'")
                .replace("$TMP", "\"$f\"")
                .replacen("flow", "f=$(mktemp); trap 'rm \"$f\"' EXIT; flow", 1))
            .code(0)
            .quiet();
        }
    }
}

/// What bash offers for the last word of a line.
fn bash_offers(line: &str) -> String {
    let tool = line.split(' ').next().unwrap();
    let script = format!(
        "source <({tool} --generate bash)\nCOMP_LINE='{line}' COMP_POINT=${{#COMP_LINE}} COMP_WORDS=($COMP_LINE)\n\
         [[ $COMP_LINE == *' ' ]] && COMP_WORDS+=('')\nCOMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n\
         _{tool}_items {tool} \"${{COMP_WORDS[COMP_CWORD]##*[:=]}}\" \"${{COMP_WORDS[COMP_CWORD - 1]}}\"\n\
         echo \"${{COMPREPLY[*]}}\""
    );
    run(&script).code(0).text().trim_end().to_owned()
}

#[test]
fn bash_completes_items_parameters_and_values() {
    assert_eq!(bash_offers("flowdetect "), names("flowdetect").join(" "));
    for (line, offers) in [
        ("flowdetect zsc", "zscore"),
        ("flowdetect -t portscan bea", "beacon"),
        ("flowdetect zscore:th", "threshold="),
        // What follows the last colon or equals sign is what bash replaces.
        ("flowdetect zscore:threshold=4,o", "4,of="),
        ("flowdetect zscore:threshold=4,of=", "host flow rows"),
        ("flowdetect sigma:normal=README.m", "README.md"),
        ("flowenrich geo:full=t", "true"),
        ("flowdetect --fail-on cr", "critical"),
        ("flowdetect --fail", "--fail-on"),
        ("flowstat --explain prot", "protocols"),
        ("flowcat --from nfdump-p", "nfdump-pipe"),
        // Left to the shell, which offers files.
        ("flowcat READ", ""),
    ] {
        assert_eq!(bash_offers(line), offers, "{line}");
    }
}

#[test]
fn fish_and_zsh_complete_items_parameters_and_values() {
    if has("fish") {
        let offers = |line: &str| {
            let tool = line.split(' ').next().unwrap();
            let script = format!("{tool} --generate fish | source; complete -C \"{line}\" | string split -f 1 \\t");
            run(&format!("fish --no-config -c '{script}'")).text().split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(offers("flowdetect zsc"), "zscore");
        assert_eq!(offers("flowdetect zscore:threshold=4,o"), "zscore:threshold=4,of=");
        assert_eq!(offers("flowdetect zscore:of="), "zscore:of=flow zscore:of=host zscore:of=rows");
    }
    for tool in TOOLS {
        let script = run(&format!("{tool} --generate zsh")).code(0).text();
        assert_eq!(script.contains(&format!(":_{tool}_items' \\\n")), tool != "flowcat", "{tool}");
        if has("zsh") {
            run(&format!("{tool} --generate zsh | zsh -n")).code(0).quiet();
        }
    }
}

#[test]
fn habits_of_other_tools_are_answered_with_the_way_here() {
    for (command, says) in [
        ("flowcat -r flows.csv", "unknown option -r: flowcat FILE reads a file"),
        ("flowstat -r flows.csv", "unknown option -r: -i FILE reads flow lines; flowcat FILE | flowstat"),
        ("flowcat --write out", "unknown option --write: -o FILE writes to a file"),
        ("flowcat -n 5", "unknown option -n: "),
        ("flowcat -c5", "unknown option -c: "),
        ("flowcat -o csv", "-o names a file, not a form: --to csv writes CSV; a file of that name is -o ./csv"),
        ("flowcat -i eth0", "\"eth0\" is no file; nothing is captured here"),
        ("flowdetect --threshold 4", "threshold is a parameter of zscore, mad; write zscore:threshold=4"),
        ("flowdetect mad --threshold=5", "write mad:threshold=5"),
        ("flowstat --hosts", "hosts is a view, which stands alone: flowstat hosts"),
        ("flowstat --qiet", "unknown option --qiet; did you mean --quiet?"),
        ("flowenrich --zzzzzz", "unknown option --zzzzzz\n"),
    ] {
        let outcome = run(command).code(2).says(says);
        assert!(!outcome.stderr.contains("tip:") && outcome.stdout.is_empty(), "{}", outcome.stderr);
        assert_eq!(outcome.stderr.lines().count(), 2, "{command}: {}", outcome.stderr);
    }
}

/// What a command line shows on a terminal of so many columns.
fn on_a_terminal(columns: usize, line: &str) -> String {
    let script = format!("script -qec 'stty rows 24 cols {columns}; {line}' /dev/null");
    run(&script).code(0).text().replace('\r', "")
}

#[test]
fn tables_fit_the_terminal_and_say_what_does_not() {
    let flows = "flowcat -q --tz UTC tests/data/traffic.csv";
    let alerts = "flowdetect zscore portscan sweep exfil beacon";
    for columns in [80, 100, 160] {
        for filter in ["flowstat -t hosts:top=3 summary hourly top", &format!("{alerts} -t"), "flowenrich -t scope"] {
            let shown = on_a_terminal(columns, &format!("{flows} | {filter}"));
            let told = |line: &&str| !line.starts_with("flow") || *line == "flows";
            let table: Vec<_> = shown.lines().filter(told).collect();
            assert!(table.len() > 5, "{filter}: {shown}");
            fits(&(table.join("\n") + "\n"), columns, filter);
        }
    }
    let shown = on_a_terminal(100, &format!("{flows} | {alerts} -t"));
    let told =
        "flowdetect: table alert: 3 columns do not fit: timestamp, value, threshold; --fields says which to show";
    in_order(&shown, &[told, "\nalert\nseverity  detector  src_ip ", " dst_ip ", " dst_port ", " reason\n", "..."]);
    // What is asked for is not cut, nor is anything in a pipe.
    let asked = on_a_terminal(80, &format!("{flows} | {alerts} -q -t --fields evidence,reason"));
    assert!(asked.contains("(threshold 100 MB)") && asked.contains("unique_dst_ips"), "{asked}");
    let piped = run(&format!("{flows} | {alerts} -t | cat")).code(0).quiet().text();
    assert!(piped.lines().nth(1).is_some_and(|head| head.starts_with("severity  detector  timestamp ")), "{piped}");
    assert!(piped.contains("(threshold 100 MB)") && !piped.contains("evidence") && !piped.contains("..."), "{piped}");
    let csv = run(&format!("{flows} | {alerts} --to csv | head -1")).code(0).text();
    assert!(csv.contains("evidence") && csv.contains("technique"), "{csv}");
}

#[test]
fn a_short_run_shows_no_bar() {
    let shown = on_a_terminal(100, "flowcat tests/data/traffic.csv -o /dev/null");
    assert!(!shown.contains('%') && shown.contains("flowcat: read 1472"), "{shown:?}");
    let asked = on_a_terminal(100, "flowcat --progress always tests/data/traffic.csv -o /dev/null");
    assert!(asked.contains("100%"), "{asked:?}");
}
