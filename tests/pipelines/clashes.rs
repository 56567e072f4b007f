//! Files that are named for two purposes, of which one would destroy the other.
#![allow(clippy::unwrap_used)]

use crate::support::{FILTERS, flows, folder, root, run};

#[test]
fn no_file_is_written_for_two_purposes_or_while_it_is_read() {
    let folder = folder();
    let path = folder.path().join("m");
    let there = |script: String| run(&format!("cd '{}'; rm -f x; {script}", folder.path().display()));
    std::fs::write(&path, flows(100)).unwrap();
    for filter in FILTERS.map(|f| f.replace("IN", "m")) {
        for (options, says) in [
            ("--rejects m -o /dev/null", "\"m\" is an input and --rejects at once"),
            ("--rejects ./m -o m", "is -o and --rejects at once"),
            ("--counters m", "\"m\" is an input and --counters at once"),
            ("--counters x -o x", "\"x\" is -o and --counters at once"),
            ("--rejects x -o x", "\"x\" is -o and --rejects at once"),
            ("--rejects x --counters ../${PWD##*/}/x", "is --rejects and --counters at once"),
            ("--counters x > x", "\"x\" is the output and --counters at once"),
            ("--rejects - ", "--rejects needs a file of its own"),
            ("--rejects /dev/stdout | cat; exit ${PIPESTATUS[0]}", "--rejects needs a file of its own"),
            (">> m", "m: this input is also the output"),
        ] {
            let outcome = there(format!("{filter} {options}"));
            assert!(outcome.code(2).says(says).stdout.is_empty(), "{filter} {options}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), flows(100), "{filter} {options}");
        }
        there(format!("{filter} -o x --rejects y --counters z && cp m n && {filter} --rejects y < n && test -s x"))
            .code(0);
        there(format!("{filter} -o /dev/null --rejects /dev/null --counters /dev/null")).code(0);
    }
}

#[test]
fn no_key_database_or_list_is_written_over() {
    let folder = folder();
    let there = |script: String| run(&format!("cd '{}'; {script}", folder.path().display()));
    std::fs::write(folder.path().join("m"), flows(100)).unwrap();
    std::fs::write(folder.path().join("key"), "thirty-two characters are needed").unwrap();
    std::fs::write(folder.path().join("list"), "10.0.0.0/8\n").unwrap();
    std::fs::copy(root().join("tests/data/demo-country.mmdb"), folder.path().join("db")).unwrap();
    there("flowstat -i m describe:of=bytes > rows".into()).code(0);
    for (command, file, reads) in [
        ("flowcat --anonymize key m", "key", "--anonymize"),
        ("flowcat -w 'ip in @list' m", "list", "--where"),
        ("flowstat -w 'ip in @list' -i m hosts", "list", "--where"),
        ("flowdetect -i m sigma:normal=rows", "rows", "sigma:normal"),
        ("flowenrich -i m anonymize:key=key", "key", "anonymize:key"),
        ("flowenrich -i m geo:db=db", "db", "geo:db"),
    ] {
        let before = std::fs::read(folder.path().join(file)).unwrap();
        for option in ["-o", "--rejects", "--counters"] {
            let outcome = there(format!("{command} {option} ./{file}"));
            let says = format!("is what {reads} reads and {option} at once");
            assert!(outcome.code(2).says(&says).stdout.is_empty(), "{command} {option}");
            assert!(std::fs::read(folder.path().join(file)).unwrap() == before, "{command} {option}");
        }
        there(format!("{command} -o x --rejects y --counters z")).code(0);
    }
}
