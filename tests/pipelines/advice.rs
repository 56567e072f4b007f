//! What a newcomer writes first, and what the programs say to it: the words that were meant.
#![allow(clippy::unwrap_used)]

use crate::support::{flow, flows, folder, run, run_with};

/// Command lines that are refused, with what is said.
const REFUSED: [(&str, &str); 31] = [
    (
        "flowdetect --biflow portscan",
        "unknown option --biflow: flowcat does that: flowcat --biflow FILE | flowdetect ...",
    ),
    ("flowstat --biflow=5m hosts", "flowcat does that: flowcat --biflow=5m FILE | flowstat ..."),
    ("flowdetect --head 5", "flowcat does that: flowcat --head 5 FILE | flowdetect ..."),
    ("flowenrich --sort scope", "flowcat does that: flowcat --sort FILE | flowenrich ..."),
    ("flowcat --biflow 5m Cargo.toml", "--biflow 5m: a value that may be left out stands behind =: --biflow=5m"),
    ("flowcat --dedup drop", "--dedup drop: a value that may be left out stands behind =: --dedup=drop"),
    ("flowcat --sort all", "--sort all: a value that may be left out stands behind =: --sort=all"),
    ("flowstat top:top=5", "top: unknown key \"top\"; did you mean \"n\"?"),
    ("flowstat hosts:n=5", "hosts: unknown key \"n\"; did you mean \"top\"?"),
    ("flowdetect zscore:n=3", "zscore: unknown key \"n\"; did you mean \"threshold\"?"),
    ("flowdetect iqr:threshold=3", "iqr: unknown key \"threshold\"; did you mean \"k\"?"),
    ("flowdetect sigma:k=3", "sigma: unknown key \"k\"; did you mean \"n\"?"),
    ("flowdetect fence:n=3", "fence: unknown key \"n\"; did you mean \"k\"?"),
    ("flowstat pairs:group=src_ip", "pairs: unknown key \"group\"; did you mean \"by\"?"),
    (
        "flowdetect portscan,sweep",
        "\"portscan,sweep\" is several detectors, which stand apart; write flowdetect portscan sweep",
    ),
    ("flowstat top:10", "top: \"10\" lacks its key; write top:n=10"),
    ("flowstat hosts:10", "write hosts:top=10"),
    ("flowstat top:dst_port", "write top:by=dst_port"),
    ("flowdetect zscore:flow", "write zscore:of=flow"),
    ("flowcat --map src=Quelle", "unknown field \"src\"; did you mean \"src_ip\"?"),
    ("flowdetect --severity high", "unknown option --severity: --min-severity high writes such alerts only"),
    ("flowcat 'proto tcp'", "\"proto tcp\" is no file; flows are selected with --where 'proto tcp'"),
    ("flowcat Cargo.toml 10.0.0.1", "\"10.0.0.1\" is no file; flows are selected with --where 'ip 10.0.0.1'"),
    ("flowcat 10.0.0.0/8", "--where 'net 10.0.0.0/8'"),
    ("flowcat -w tcp port 443", "an expression of several words is quoted: --where 'tcp port 443'"),
    ("flowstat hosts -i 'bytes > 1M'", "--where 'bytes > 1M'"),
    ("flowstat top:by=cuontry", "cuontry: no such field; did you mean \"src_country\"?"),
    ("flowstat -t --fields src_ip,byts hosts", "--fields: no line has \"byts\"; did you mean \"bytes\"?"),
    ("flowstat -t --fields src,bytes hosts", "--fields: no line has \"src\"; did you mean \"src_ip\"?"),
    ("flowdetect -t --fields detctor", "--fields: no line has \"detctor\"; did you mean \"detector\"?"),
    ("flowdetect --to csv --fields detector,serverity", "did you mean \"severity\"?"),
];

#[test]
fn the_words_that_were_meant_are_told_before_any_input_is_read() {
    for (command, says) in REFUSED {
        let outcome = run(command).code(2).says(says);
        assert!(outcome.stdout.is_empty(), "{command}");
        assert_eq!(outcome.stderr.lines().count(), 2, "{command}: {}", outcome.stderr);
    }
}

#[test]
fn columns_of_any_line_that_may_come_are_no_mistake() {
    let input = flow(1).replace('}', ",\"region\":\"north\"}") + "\n";
    for (command, table) in [
        ("flowcat --to csv --fields region,src_ip", "region,src_ip\nnorth,10.0.0.1\n"),
        ("flowstat --to csv --fields region,flows top:by=region", "region,flows\nnorth,1\n"),
        ("flowstat --to csv --fields kind,src_ip,bytes hosts", "kind,src_ip,bytes\nhosts,10.0.0.1,401\n"),
        ("flowdetect --tee exfil --to csv --fields region", "region\nnorth\n"),
    ] {
        assert_eq!(run_with(command, &input).code(0).quiet().text(), table, "{command}");
    }
    // What no line has is told at the end, once.
    let outcome = run_with("flowcat -t --fields src_ip,regoin", &input).code(0);
    assert_eq!(outcome.stderr, "flowcat: --fields: no line has \"regoin\"\n");
    for tool in ["flowcat", "flowenrich scope"] {
        for form in ["-t", "--to csv"] {
            let outcome = run_with(&format!("{tool} {form} --fields src_ip,byts"), &input).code(0);
            outcome.says("--fields: no line has \"byts\"; did you mean \"bytes\"?\n");
        }
    }
}

#[test]
fn what_flowcat_alone_does_is_answered_with_where_it_goes() {
    let options = |tool: &str| -> Vec<String> {
        let described: serde_json::Value =
            serde_json::from_str(&run(&format!("{tool} --describe")).code(0).text()).unwrap();
        let options = described["options"].as_array().unwrap().iter();
        options.filter_map(|o| o["long"].as_str().map(|long| format!("--{long}"))).collect()
    };
    let all = options("flowcat");
    for tool in ["flowstat", "flowdetect", "flowenrich"] {
        let own = options(tool);
        for option in all.iter().filter(|option| !own.contains(option)) {
            let told = run(&format!("{tool} {option}")).code(2).stderr;
            let is_its_own = told.contains(" is a parameter of ") || told.contains(", which stands alone: ");
            let says = format!("flowcat does that: flowcat {option} FILE | {tool} ...");
            assert!(told.contains(&says) || is_its_own, "{tool} {option}: {told}");
        }
    }
}

#[test]
fn a_file_that_is_called_like_a_value_is_read() {
    let folder = folder();
    std::fs::write(folder.path().join("5m"), flows(2)).unwrap();
    let outcome = run(&format!("cd {}; flowcat --biflow 5m", folder.path().display())).code(0).quiet();
    assert_eq!(outcome.lines().len(), 2);
}

#[test]
fn the_column_that_rows_lack_is_named() {
    let outcome = run_with("flowstat hourly | flowdetect iqr", flows(3)).code(0);
    let says = "iqr: 1 line without bytes_per_flow_mean (field=NAME scores another column) left out";
    assert_eq!(outcome.stderr, format!("flowdetect: {says}\n"));
}

#[test]
fn a_file_that_is_named_like_an_expression_is_read() {
    let folder = folder();
    for name in ["proto tcp", "10.0.0.1"] {
        std::fs::write(folder.path().join(name), flows(2)).unwrap();
        let outcome = run(&format!("cd {}; flowcat '{name}'", folder.path().display())).code(0).quiet();
        assert_eq!(outcome.lines().len(), 2);
    }
    run("flowcat 'no such file.csv'").code(2).says("error: no such file: \"no such file.csv\"");
}

#[test]
fn a_detector_of_rows_that_gets_none_says_so_once() {
    let note = "zscore: no rows were read, which it scores; flowcat FILE | flowstat hosts | flowdetect";
    let outcome = run_with("flowdetect zscore:of=rows", flows(3)).code(0).says(note);
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    run_with("flowdetect portscan zscore:of=rows,as=loud", flows(3)).code(0).says("loud: no rows were read");
    let outcome = run_with("flowstat hosts | flowdetect zscore:of=rows", flows(3)).code(0);
    assert!(!outcome.stderr.contains("no rows"), "{}", outcome.stderr);
    run_with("flowdetect portscan", flows(3)).code(0).quiet();
}

#[test]
fn each_item_has_a_table_of_its_own() {
    let table = run_with("flowstat -t top:by=src_ip,n=1 top:by=dst_port,n=1", flows(2)).code(0).quiet().text();
    let heads: Vec<&str> = table.lines().filter(|line| line.contains("flows")).collect();
    assert_eq!(heads.len(), 2, "{table}");
    assert!(heads[0].starts_with("src_ip ") && !heads[0].contains("dst_port"), "{table}");
    assert!(heads[1].starts_with("dst_port ") && !heads[1].contains("src_ip"), "{table}");
    assert_eq!(table.matches("top\n").count(), 2, "{table}");
}

#[test]
fn a_terminal_that_says_it_has_no_size_gets_whole_tables() {
    let shown = |columns: u16| {
        let line =
            format!("stty rows {columns} cols {columns}; flowcat -q --head 2 --tz UTC tests/data/traffic.csv -t");
        run(&format!("script -qec '{line}' /dev/null")).code(0).text().replace('\r', "")
    };
    let head = shown(0).lines().nth(1).unwrap().to_owned();
    assert!(head.starts_with("timestamp ") && head.ends_with(" bytes"), "{head}");
}

#[test]
fn what_was_asked_for_fits_before_what_was_not() {
    let flows = "flowcat -q --tz UTC tests/data/traffic.csv";
    let shown = |columns: u16, filter: &str| {
        let line = format!("stty rows 24 cols {columns}; {flows} | {filter}");
        run(&format!("script -qec '{line}' /dev/null")).code(0).text().replace('\r', "")
    };
    let table = shown(80, "flowenrich -t service");
    assert!(table.contains("table flows: ") && table.contains(" do not fit: timestamp, "), "{table}");
    let head = table.lines().find(|line| line.contains("src_ip ") && line.contains("dst_ip")).unwrap();
    for name in ["src_ip", "dst_ip", "packets", "bytes", "service"] {
        assert!(head.split_whitespace().any(|column| column == name), "{name}: {head}");
    }
    assert_eq!(table.matches("do not fit").count(), 1, "{table}");
}
