//! What the tests share: the built programs, a shell to run them in, and the check that every line is as promised.
//!
//! `CARGO_BIN_EXE_*` exists only in the package that owns a program, so the programs are built here, once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use jsonschema::Validator;
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

pub(crate) const TOOLS: [&str; 4] = ["flowcat", "flowstat", "flowdetect", "flowenrich"];

/// Each program at something that takes any flow line; all but flowstat pass on what they read. `IN` stands for an input.
pub(crate) const FILTERS: [&str; 4] =
    ["flowcat IN", "flowstat fields -i IN", "flowdetect --tee beacon:flows=1000000 -i IN", "flowenrich scope -i IN"];

/// The command of each program that reads `input`, in the order of [`TOOLS`].
pub(crate) fn filters(input: impl std::fmt::Display) -> impl Iterator<Item = (&'static str, String)> {
    let input = input.to_string();
    TOOLS.iter().zip(FILTERS).map(move |(tool, filter)| (*tool, filter.replace("IN", &input)))
}

/// The option for so many worker threads, where the program has it.
pub(crate) fn threads(tool: &str, number: u8) -> String {
    if tool == "flowcat" { String::new() } else { format!("--threads {number}") }
}

/// A flow line, different for each number; the sources of 65 536 in a row differ.
pub(crate) fn flow(number: u32) -> String {
    let (high, low) = (number / 256 % 256, number % 256);
    let (minute, second) = (number / 60 % 60, number % 60);
    format!(
        "{{\"timestamp\":\"2015-01-22T08:{minute:02}:{second:02}.035Z\",\"duration\":1.25,\"src_ip\":\"10.0.{high}.{low}\",\
         \"dst_ip\":\"193.136.73.21\",\"src_port\":{},\"dst_port\":443,\"protocol\":6,\"packets\":3,\"bytes\":{},\"tcp_flags\":27}}",
        1024 + number % 60_000,
        400 + number
    )
}

/// So many flow lines.
pub(crate) fn flows(count: u32) -> String {
    (0..count).map(|n| flow(n) + "\n").collect()
}

/// The folder of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder with real files of other people, if it is there; says so if not.
pub(crate) fn shared(test: &str) -> Option<PathBuf> {
    let path = root().parent()?.join("shared");
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: {test}: {} is absent", path.display());
    None
}

/// The folder that holds the four programs, freshly built.
pub(crate) fn programs() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let me = std::env::current_exe().unwrap();
        let folder = me.parent().and_then(Path::parent).unwrap().to_owned();
        // As for the tests that run now: nothing is left to build then, where a plain build has other features.
        let mut build = Command::new(env!("CARGO"));
        build.args(["test", "--no-run", "--quiet"]).current_dir(root());
        if folder.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "the programs do not build");
        folder
    })
}

/// The path of one program.
pub(crate) fn bin(name: &str) -> PathBuf {
    programs().join(name)
}

/// What a command line gave.
pub(crate) struct Outcome {
    pub(crate) script: String,
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

/// Seconds after which a command line is taken to hang.
const PATIENCE: &str = "120";

/// A bash with the four programs on its path, in the folder of the repository.
pub(crate) fn shell(script: &str) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("timeout");
    command
        .args([PATIENCE, "bash", "-o", "pipefail", "-c", script])
        .current_dir(root())
        .env("PATH", format!("{}:{path}", programs().display()))
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null());
    command
}

/// Runs a command line.
pub(crate) fn run(script: &str) -> Outcome {
    outcome(script, shell(script).output().unwrap())
}

/// Runs a command line with this on its stdin.
pub(crate) fn run_with(script: &str, input: impl AsRef<[u8]>) -> Outcome {
    use std::io::Write;
    let mut child = shell(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.as_ref().to_vec();
    // In a thread, so that neither side waits for the other; a program may end without reading all.
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    outcome(script, output)
}

fn outcome(script: &str, output: Output) -> Outcome {
    use std::os::unix::process::ExitStatusExt;
    let status = output.status;
    Outcome {
        script: script.to_owned(),
        code: status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Outcome {
    /// Fails unless the exit code is this.
    pub(crate) fn code(self, code: i32) -> Outcome {
        assert_eq!(self.code, code, "{}\nstderr: {}", self.script, self.stderr);
        self
    }

    /// Fails unless stderr has this in it.
    pub(crate) fn says(self, part: &str) -> Outcome {
        assert!(self.stderr.contains(part), "{}\nstderr lacks {part:?}: {}", self.script, self.stderr);
        self
    }

    /// Fails if there is anything on stderr.
    pub(crate) fn quiet(self) -> Outcome {
        assert!(self.stderr.is_empty(), "{}\nstderr: {}", self.script, self.stderr);
        self
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.stdout.clone()).expect("stdout is UTF-8")
    }

    /// The lines as JSON, each held against the schema of what the four programs write, unknown members forbidden.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.checked(closed_schema())
    }

    /// The lines as JSON, each held against the schema with unknown members allowed.
    pub(crate) fn open_lines(&self) -> Vec<Value> {
        self.checked(open_schema())
    }

    fn checked(&self, schemas: &Schemas) -> Vec<Value> {
        let text = self.text();
        assert!(text.is_empty() || text.ends_with('\n'), "{}: the last line has no newline", self.script);
        text.lines()
            .map(|line| {
                assert!(!line.bytes().any(|b| b < 0x20), "{}: a control byte in {line}", self.script);
                let value: Value =
                    serde_json::from_str(line).unwrap_or_else(|e| panic!("{}: {e}: {line}", self.script));
                let reasons = schemas.reasons(&value);
                assert!(reasons.is_empty(), "{}: not by the schema: {line}\n{reasons}", self.script);
                value
            })
            .collect()
    }
}

/// Schemas by the kind of line that they are for: `flow` for lines without a kind, none for kinds that have no name.
struct Schemas(HashMap<Option<String>, Vec<Validator>>);

impl Schemas {
    /// Those of all four programs, by what they say; `closed` forbids members that are not described.
    fn gathered(closed: bool) -> Schemas {
        let mut met: Vec<Value> = Vec::new();
        let mut all = Schemas(HashMap::new());
        for tool in TOOLS {
            let output = Command::new(bin(tool)).arg("--schema").output().unwrap();
            let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
            for mut line in schema["oneOf"].as_array().unwrap().iter().cloned() {
                if closed {
                    ask_for_what_is_written(&mut line);
                    line["additionalProperties"] = false.into();
                    close_evidence(&mut line);
                }
                if met.contains(&line) {
                    continue;
                }
                let kind = match &line["properties"]["kind"] {
                    Value::Null => Some("flow".to_owned()),
                    kind => kind["const"].as_str().map(str::to_owned),
                };
                all.0.entry(kind).or_default().push(validator(&line));
                met.push(line);
            }
        }
        all
    }

    /// Why a line is by no schema of its kind; empty if it is.
    fn reasons(&self, value: &Value) -> String {
        let kind = value["kind"].as_str().unwrap_or("flow").to_owned();
        let Some(schemas) = self.0.get(&Some(kind)).or_else(|| self.0.get(&None)) else {
            return "no schema is for this kind".into();
        };
        if schemas.iter().any(|schema| schema.is_valid(value)) {
            return String::new();
        }
        let of = |schema: &Validator| -> Vec<String> {
            schema.iter_errors(value).map(|e| format!("{e} at {}", e.instance_path())).collect()
        };
        schemas.iter().map(of).min_by_key(Vec::len).unwrap_or_default().join("\n")
    }
}

/// Asks of each member what the suite says that it writes there.
fn ask_for_what_is_written(schema: &mut Value) {
    if let Some(all) = schema.as_object_mut() {
        if let Some(Value::Object(written)) = all.remove("written") {
            all.extend(written);
        }
        all.values_mut().for_each(ask_for_what_is_written);
    } else if let Some(all) = schema.as_array_mut() {
        all.iter_mut().for_each(ask_for_what_is_written);
    }
}

/// Forbids terms of evidence that are not described: those of each detector where they are told apart.
fn close_evidence(line: &mut Value) {
    let close = |evidence: &mut Value| evidence["additionalProperties"] = false.into();
    if let Some(rules) = line.get_mut("allOf").and_then(Value::as_array_mut) {
        for rule in rules {
            let evidence = &mut rule["then"]["properties"]["evidence"];
            match evidence.get_mut("anyOf").and_then(Value::as_array_mut) {
                Some(any) => any.iter_mut().for_each(close),
                None => close(evidence),
            }
        }
    } else if line["properties"]["evidence"].is_object() {
        close(&mut line["properties"]["evidence"]);
    }
}

fn validator(schema: &Value) -> Validator {
    jsonschema::options().should_validate_formats(true).build(schema).unwrap()
}

/// The schema that a program prints, formats asked for.
pub(crate) fn open_validator(tool: &str) -> Validator {
    let output = Command::new(bin(tool)).arg("--schema").output().unwrap();
    validator(&serde_json::from_slice(&output.stdout).unwrap())
}

fn closed_schema() -> &'static Schemas {
    static SCHEMAS: OnceLock<Schemas> = OnceLock::new();
    SCHEMAS.get_or_init(|| Schemas::gathered(true))
}

fn open_schema() -> &'static Schemas {
    static SCHEMAS: OnceLock<Schemas> = OnceLock::new();
    SCHEMAS.get_or_init(|| Schemas::gathered(false))
}

/// The accounts of a run, which must add up.
pub(crate) fn accounts(path: &Path) -> Value {
    let accounts: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let n = |name: &str| accounts[name].as_u64().unwrap_or_else(|| panic!("no {name}: {accounts}"));
    let unused: u64 = accounts["unused"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    let fates = ["used", "passed", "filtered", "merged", "late", "rejected"].map(n).iter().sum::<u64>() + unused;
    assert_eq!(n("read"), fates, "what was read is not what became of it: {accounts}");
    assert_eq!(n("written"), n("passed") + n("made") - n("evicted"), "{accounts}");
    accounts
}

/// The lines of a file that `--rejects` made.
pub(crate) fn rejects(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A folder for one test's files, gone afterwards.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// A Python that has these modules, if there is one; says so if not. `FLOW_PYTHON` names it.
pub(crate) fn python(modules: &str) -> Option<PathBuf> {
    let name = std::env::var("FLOW_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&name).args(["-c", &format!("import {modules}")]).stderr(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        return Some(name.into());
    }
    println!("skipped: {name} has no {modules}; FLOW_PYTHON can name one that has");
    None
}
