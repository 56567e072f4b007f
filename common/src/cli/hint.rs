//! What to say of an option that does not exist: the right way to do what it does elsewhere.
//!
//! [`HABITS`] is the table of options of nfdump, tcpdump, zeek-cut and others; parameters and items that are written as
//! options are answered from the items' specifications.

use super::{Program, duration};
use crate::filter::Filter;
use crate::item::{Spec, nearest};
use crate::value::time::Zone;
use ipnet::IpNet;
use std::ffi::OsString;
use std::net::IpAddr;
use std::path::Path;

/// Where a habit is answered: by flowcat, by the programs that read lines, by flowdetect first, or by all.
#[derive(Clone, Copy, PartialEq)]
enum At {
    Flowcat,
    Others,
    Flowdetect,
    All,
}

/// Options of other tools, and what does the same here. `TOOL` is the program's name.
const HABITS: &[(&[&str], At, &str)] = &[
    (&["-r", "--read", "--file"], At::Flowcat, "flowcat FILE reads a file"),
    (&["-r", "--read", "--file"], At::Others, "-i FILE reads flow lines; flowcat FILE | TOOL reads all else"),
    (&["-R", "-M"], At::Flowcat, "flowcat FOLDER reads a folder, flowcat A B C several files"),
    (&["--write"], At::All, "-o FILE writes to a file"),
    (&["-c", "-n", "--count", "--limit"], At::Flowcat, HEAD),
    (&["-n", "--limit"], At::Others, "flowstat top:n=N ranks, | head -n N cuts"),
    (&["-c", "--count"], At::Others, "| head -n N ends after N lines; flowstat counts"),
    (&["-s", "-A"], At::All, "flowstat does statistics: flowstat top:by=src_ip, ports, pairs, hosts"),
    (&["-j", "--json"], At::All, "JSON lines are what is written if nothing else is asked for"),
    (&["--csv", "-O", "--format", "--output-format"], At::All, "--to csv and --to table choose the form"),
    (&["-d", "-D", "-u", "-U"], At::All, "times are written in UTC, RFC 3339"),
    (&["-f", "-Y", "--filter"], At::All, "jq -c 'select(.dst_port == 53)' in the pipe selects lines"),
    (&["-v", "--verbose"], At::All, "--counters FILE keeps the accounts of a run, --explain NAME tells more"),
    (&["-a", "--aggregate"], At::All, "flowstat aggregates: flowstat pairs, hosts:by=src_ip/24, top:by=dst_port"),
    (&["-e", "--interface"], At::All, NO_CAPTURE),
    (&["--severity", "--level"], At::Flowdetect, SEVERITY),
];

/// How the first lines are had, where the program cannot say it itself.
const HEAD: &str = "| head -n N ends after N lines";

const SEVERITY: &str = "--min-severity high writes such alerts only, --fail-on high answers with exit code 1";

const NO_CAPTURE: &str = "nothing is captured here; softflowd or nfcapd make flows of an interface's packets";

/// What flowcat alone does, and whether the option takes a value that stands apart. A test over the programs holds that
/// it is all of it.
const OF_FLOWCAT: [(&str, bool); 33] = [
    ("--from", true),
    ("--map", true),
    ("--tz", true),
    ("--keep-extra", false),
    ("--merge", false),
    ("--rows-per-file", true),
    ("--sampling", true),
    ("--dedup", false),
    ("--rejoin", false),
    ("--biflow", false),
    ("--uniflow", false),
    ("--max-flows", true),
    ("--sort", false),
    ("--memory", true),
    ("--spill", true),
    ("--lateness", true),
    ("--sample", true),
    ("--head", true),
    ("--anonymize", true),
    ("--follow", true),
    ("--idle-timeout", true),
    ("--active-timeout", true),
    ("--stats", false),
    ("--splt", true),
    ("--count-bytes", true),
    ("--decapsulate", false),
    ("--continue", false),
    ("--allow", true),
    ("--tick", true),
    ("--port", true),
    ("--templates", true),
    ("--rotate", true),
    ("--alerts", true),
];

/// What to say of an option that is flowcat's, as it was given in `words`.
fn of_flowcat(program: &Program, option: &str, words: &[String]) -> Option<String> {
    let (_, has_value) = OF_FLOWCAT.iter().find(|(name, _)| *name == option && program.name != "flowcat")?;
    let at = words
        .iter()
        .position(|word| word == option || word.strip_prefix(option).is_some_and(|v| v.starts_with('=')))?;
    let value = words.get(at + 1).filter(|next| *has_value && words[at] == option && !next.starts_with('-'));
    let given = value.map_or_else(|| words[at].clone(), |value| format!("{option} {value}"));
    Some(format!("flowcat does that: flowcat {given} FILE | {} ...", program.name))
}

/// What to say of a value that stands apart from an option whose value may be left out: it is taken for an input.
pub(super) fn apart(command: &clap::Command, words: impl Iterator<Item = OsString>) -> Option<String> {
    let words: Vec<String> = words.map(|w| w.to_string_lossy().into_owned()).take_while(|word| word != "--").collect();
    let is_left_out = |word: &str| {
        let arg =
            command.get_arguments().find(|arg| word.strip_prefix("--") == arg.get_long() && arg.get_long().is_some());
        arg.is_some_and(clap::Arg::is_require_equals_set)
    };
    // What its value may look like, and no file is called.
    let is_value = |word: &str| {
        let is_word = matches!(word, "all" | "auto" | "drop") || word.starts_with("drop,");
        (is_word || word.starts_with(|c: char| c.is_ascii_digit()) && duration(word).is_ok())
            && !Path::new(word).exists()
    };
    let pair = words.windows(2).find(|pair| is_left_out(&pair[0]) && is_value(&pair[1]))?;
    Some(format!("{0} {1}: a value that may be left out stands behind =: {0}={1}", pair[0], pair[1]))
}

/// Forms that other programs name after `-o`.
const FORMS: [&str; 11] = ["ndjson", "json", "csv", "table", "tsv", "text", "line", "long", "extended", "pipe", "raw"];

/// What to say of an option that does not exist.
pub(super) fn better(program: &Program, command: &clap::Command, option: &str) -> String {
    let words: Vec<String> = std::env::args_os().skip(1).map(|w| w.to_string_lossy().into_owned()).collect();
    let unknown = format!("unknown option {option}");
    // What other programs mean by it comes before parameters of items that were not asked for.
    let hint = parameter(program, option, &words, true)
        .or_else(|| of_flowcat(program, option, &words))
        .or_else(|| habit(program, command, option))
        .or_else(|| parameter(program, option, &words, false));
    if let Some(hint) = hint {
        return format!("{unknown}: {hint}");
    }
    let options = command.get_arguments().filter_map(clap::Arg::get_long);
    match option.strip_prefix("--").and_then(|name| nearest(name, options)) {
        Some(near) => format!("{unknown}; did you mean --{near}?"),
        None => unknown,
    }
}

fn habit(program: &Program, command: &clap::Command, option: &str) -> Option<String> {
    let is_flowcat = program.name == "flowcat";
    let here = |at: At| match at {
        At::All => true,
        At::Flowcat => is_flowcat,
        At::Others => !is_flowcat,
        At::Flowdetect => program.name == "flowdetect",
    };
    let has = |long: &str| command.get_arguments().any(|a| a.get_long() == Some(long));
    let (_, _, hint) = HABITS.iter().find(|(options, at, _)| here(*at) && options.contains(&option))?;
    Some(match *hint {
        HEAD if has("head") => "--head N ends after N flows".to_owned(),
        hint if hint.starts_with("jq") && has("where") => "--where EXPRESSION selects flows".to_owned(),
        hint => hint.replace("TOOL", program.name),
    })
}

/// A parameter or an item that was written as an option; `words` is the command line, and `is_named` asks for a parameter
/// of an item that is on it.
fn parameter(program: &Program, option: &str, words: &[String], is_named: bool) -> Option<String> {
    let name = option.strip_prefix("--")?.replace('-', "_");
    let specs = (program.specs)();
    if specs.iter().any(|s| s.name == name) && program.name != "flowcat" {
        return Some(format!("{name} is a {}, which stands alone: {} {name}", program.what, program.name));
    }
    let having: Vec<&Spec> = specs.into_iter().filter(|s| s.param(&name).is_some()).collect();
    let named = |s: &&&Spec| words.iter().any(|w| w.split(':').next() == Some(s.name));
    let spec = having.iter().find(named).or(having.first().filter(|_| !is_named))?;
    let value = words.iter().enumerate().find_map(|(i, word)| match word.strip_prefix(option)?.strip_prefix('=') {
        Some(value) => Some(value),
        None if word == option => words.get(i + 1).map(String::as_str).filter(|next| !next.starts_with("--")),
        None => None,
    });
    let right = format!("{}:{name}={}", spec.name, value.unwrap_or("VALUE"));
    let of: Vec<_> = having.iter().map(|s| s.name).collect();
    Some(format!("{name} is a parameter of {}; write {right}", of.join(", ")))
}

/// What to say of an output that is named like a form.
pub(super) fn output(path: &Path) -> Option<String> {
    let name = path.to_str()?;
    if !FORMS.contains(&name) && !name.starts_with("fmt:") {
        return None;
    }
    let right = match name {
        "ndjson" | "json" => "JSON lines are what is written if nothing else is asked for",
        "csv" | "tsv" => "--to csv writes CSV",
        _ => "-t writes tables",
    };
    Some(format!("-o names a file, not a form: {right}; a file of that name is -o ./{name}"))
}

/// What to say of an input that is no file, but an expression or an address.
pub(super) fn expression(name: &str) -> Option<String> {
    if Path::new(name).exists() {
        return None;
    }
    let right = match (name.parse::<IpAddr>().is_ok(), name.parse::<IpNet>().is_ok()) {
        (true, _) => format!("ip {name}"),
        (_, true) => format!("net {name}"),
        // One word may be the name of a file that is absent.
        _ if (name.contains([' ', '>', '<']) || name.contains("==")) && Filter::parse(name, &Zone::utc()).is_ok() => {
            name.to_owned()
        }
        _ => return unquoted(name),
    };
    Some(format!("{name:?} is no file; flows are selected with --where '{right}'"))
}

/// What to say of a word of an expression that was given without quotes: the shell made inputs of all but the first.
fn unquoted(name: &str) -> Option<String> {
    let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let at = words.iter().position(|word| matches!(word.as_str(), "-w" | "--where"))?;
    let rest = words.get(at + 1..)?;
    let ends = |word: &String| word.starts_with('-') || Path::new(word).exists();
    let count = rest.iter().position(ends).unwrap_or(rest.len());
    let whole = rest.get(..count).filter(|words| words.iter().any(|word| word == name))?.join(" ");
    let is_one = Filter::parse(&whole, &Zone::utc()).is_ok();
    is_one.then(|| format!("{name:?} is no file; an expression of several words is quoted: --where '{whole}'"))
}

/// What to say of an input that is no file, but named like an interface.
pub(super) fn interface(name: &str) -> Option<String> {
    let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let numbered = ["eth", "wlan", "eno", "ens", "em", "br", "tun", "bond"].contains(&letters) && letters != name;
    let is_one = numbered || matches!(name, "any" | "lo");
    (is_one && !Path::new(name).exists()).then(|| format!("{name:?} is no file; {NO_CAPTURE}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_form_in_the_place_of_a_file_is_answered() {
        assert!(output(Path::new("csv")).unwrap().contains("--to csv"));
        assert!(output(Path::new("fmt:%sa %da")).unwrap().contains("-t writes tables"));
        for file in ["./csv", "out.csv", "csv/out", "-"] {
            assert_eq!(output(Path::new(file)), None, "{file}");
        }
    }

    #[test]
    fn an_interface_in_the_place_of_a_file_is_answered() {
        for name in ["eth0", "any", "lo", "wlan1"] {
            assert!(interface(name).unwrap().contains("nothing is captured"), "{name}");
        }
        for name in ["flows", "eth", "eth0.csv", "brother2", "7"] {
            assert_eq!(interface(name), None, "{name}");
        }
    }

    #[test]
    fn an_expression_in_the_place_of_a_file_is_answered() {
        for (name, right) in [
            ("proto tcp", "proto tcp"),
            ("bytes>5k", "bytes>5k"),
            ("10.0.0.1", "ip 10.0.0.1"),
            ("10.0.0.0/8", "net 10.0.0.0/8"),
        ] {
            assert!(expression(name).unwrap().ends_with(&format!("--where '{right}'")), "{name}");
            assert!(Filter::parse(right, &Zone::utc()).is_ok(), "{right}");
        }
        for name in ["flows", "any", "day one.csv", "a=b.csv.gz", "src/lib.rs", "."] {
            assert_eq!(expression(name), None, "{name}");
        }
    }

    #[test]
    fn no_habit_is_answered_twice() {
        for (i, (options, at, _)) in HABITS.iter().enumerate() {
            for (others, other_at, _) in &HABITS[..i] {
                let both = options.iter().find(|o| others.contains(o));
                let apart = |one: At, two: At| one == At::Flowcat && two != At::Flowcat && two != At::All;
                assert!(both.is_none() || apart(*at, *other_at) || apart(*other_at, *at), "{both:?}");
            }
        }
    }
}
