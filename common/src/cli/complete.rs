//! Completions for shells: options by clap, and items with their parameters and the words that these may be.
//!
//! The shells' functions over items stand in `complete/`; `@WORDS@` in them are filled in here.

use super::Program;
use crate::item::{ParamKind, Spec};
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap_complete::Shell;

/// The script for `shell`.
pub(super) fn script(program: &Program, mut command: clap::Command, shell: Shell) -> String {
    let specs = (program.specs)();
    let words = |specs: &[&'static Spec]| -> PossibleValuesParser {
        specs.iter().map(|s| PossibleValue::new(s.name).help(s.about)).collect::<Vec<_>>().into()
    };
    let over_inputs = program.over_inputs();
    // flowcat explains files too.
    let named = if over_inputs { "from" } else { "explain" };
    if command.get_arguments().any(|a| a.get_id() == named) {
        command = command.mut_arg(named, |a| a.value_parser(words(&specs)));
    }
    let valued = valued(&command);
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut command, program.name, &mut out);
    let options = String::from_utf8_lossy(&out).into_owned();
    let specs = if over_inputs { Vec::new() } else { specs };
    match shell {
        Shell::Bash => {
            let function = include_str!("complete/items.bash").replace("@VALUED@", &valued);
            options + &fill(&function, program, bash(&specs))
        }
        Shell::Fish if !over_inputs => options + &fill(include_str!("complete/items.fish"), program, fish(&specs)),
        Shell::Zsh if !over_inputs => {
            let function = fill(include_str!("complete/items.zsh"), program, zsh(&specs));
            let (head, rest) = options.split_once('\n').unwrap_or(("", &options));
            format!("{head}\n{function}{}", with_action(rest, &format!("_{}_items", program.name)))
        }
        _ => options,
    }
}

/// The options that take a value, as a pattern of the shell.
fn valued(command: &clap::Command) -> String {
    let takes = command.get_opts().filter(|a| a.get_action().takes_values());
    let names = takes.flat_map(|a| [a.get_short().map(|c| format!("-{c}")), a.get_long().map(|l| format!("--{l}"))]);
    names.flatten().collect::<Vec<_>>().join("|")
}

/// What stands for `@ITEMS@`, `@KEYS@` and `@VALUES@`.
struct Filled {
    items: String,
    keys: String,
    values: String,
}

fn fill(function: &str, program: &Program, filled: Filled) -> String {
    let Filled { items, keys, values } = filled;
    // A `case` or `switch` needs an arm.
    function
        .replace("@NAME@", program.name)
        .replace("@ITEMS@", &items)
        .replace("@KEYS@", &keys)
        .replace("@VALUES@", &values)
}

/// The parameters of all items whose values are words or files.
fn closed<'s>(specs: &'s [&'static Spec]) -> impl Iterator<Item = (String, Vec<&'static str>)> + 's {
    let of = |s: &'static Spec| {
        s.params.iter().filter_map(move |p| {
            let words = match p.kind {
                ParamKind::Choice(words) => words.to_vec(),
                ParamKind::Truth => vec!["true", "false"],
                ParamKind::File | ParamKind::Files => vec![],
                _ => return None,
            };
            Some((format!("{}:{}", s.name, p.name), words))
        })
    };
    specs.iter().copied().flat_map(of)
}

fn bash(specs: &[&'static Spec]) -> Filled {
    let keys = |s: &&Spec| {
        let keys: Vec<_> = s.params.iter().map(|p| format!("{}=", p.name)).collect();
        format!("{}) words=\"{}\" ;;", s.name, keys.join(" "))
    };
    let values = closed(specs).map(|(key, words)| match words.as_slice() {
        [] => format!("{key}) words=\"$(compgen -f -- \"$rest\")\" ;;"),
        words => format!("{key}) words=\"{}\" ;;", words.join(" ")),
    });
    Filled {
        items: specs.iter().map(|s| s.name).collect::<Vec<_>>().join(" "),
        keys: specs.iter().map(keys).chain(["*) ;;".into()]).collect::<Vec<_>>().join("\n                "),
        values: values.chain(["*) ;;".into()]).collect::<Vec<_>>().join("\n                "),
    }
}

fn zsh(specs: &[&'static Spec]) -> Filled {
    let described = |name: &str, about: &str| format!("{}:{}", name, about.replace(':', "\\:"));
    let keys = |s: &&Spec| {
        let keys: Vec<_> = s.params.iter().map(|p| quoted(&described(&format!("{}=", p.name), p.about))).collect();
        format!("{}) found=({}) ;;", s.name, keys.join(" "))
    };
    let values = closed(specs).map(|(key, words)| match words.as_slice() {
        [] => format!("{key}) _files ;;"),
        words => format!("{key}) compadd -- {} ;;", words.join(" ")),
    });
    Filled {
        items: specs.iter().map(|s| quoted(&described(s.name, s.about))).collect::<Vec<_>>().join("\n            "),
        keys: specs.iter().map(keys).collect::<Vec<_>>().join("\n        "),
        values: values.collect::<Vec<_>>().join("\n            "),
    }
}

fn fish(specs: &[&'static Spec]) -> Filled {
    let items: Vec<_> = specs.iter().map(|s| format!("{} {}", s.name, fish_quoted(s.about))).collect();
    let keys = |s: &&Spec| {
        let keys: Vec<_> = s.params.iter().map(|p| format!("\"$head\"{}= {}", p.name, fish_quoted(p.about))).collect();
        if keys.is_empty() {
            return format!("case {}", s.name);
        }
        format!("case {}\n            printf '%s\\t%s\\n' {}", s.name, keys.join(" "))
    };
    let values = closed(specs).map(|(key, words)| match words.as_slice() {
        [] => format!("case {key}\n                printf '%s\\n' \"$head$key[1]=\"(__fish_complete_path \"$key[2]\" | string split -f 1 \\t)"),
        words => format!("case {key}\n                printf '%s\\n' \"$head$key[1]=\"{{{}}}", words.join(",")),
    });
    Filled {
        items: items.join(" "),
        keys: specs.iter().map(keys).collect::<Vec<_>>().join("\n        "),
        values: values.collect::<Vec<_>>().join("\n            "),
    }
}

/// In single quotes of bash and zsh.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// In single quotes of fish.
fn fish_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// clap's script for zsh with `action` for the items instead of its default.
fn with_action(script: &str, action: &str) -> String {
    let with = |line: &str| match line.strip_prefix("'*::items").and_then(|l| l.strip_suffix(":_default' \\")) {
        Some(about) => format!("'*::items{about}:{action}' \\\n"),
        None => format!("{line}\n"),
    };
    script.lines().map(with).collect()
}
