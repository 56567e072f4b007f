//! What the tests share: the built programs, a shell to run them in, and the check that every line is as promised.
//!
//! `CARGO_BIN_EXE_*` exists only in the package that owns a program, so the programs are built here, once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use jsonschema::Validator;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

pub(crate) const TOOLS: [&str; 4] = ["flowcat", "flowstat", "flowdetect", "flowenrich"];

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
        let mut build = Command::new(env!("CARGO"));
        build.arg("build").arg("--quiet").current_dir(root());
        for tool in TOOLS {
            build.args(["--package", tool]);
        }
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

/// A bash with the four programs on its path, in the folder of the repository.
pub(crate) fn shell(script: &str) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("bash");
    command
        .args(["-o", "pipefail", "-c", script])
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

    fn checked(&self, schema: &Validator) -> Vec<Value> {
        let text = self.text();
        assert!(text.is_empty() || text.ends_with('\n'), "{}: the last line has no newline", self.script);
        text.lines()
            .map(|line| {
                assert!(!line.bytes().any(|b| b < 0x20), "{}: a control byte in {line}", self.script);
                let value: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{}: {e}: {line}", self.script));
                if let Err(e) = schema.validate(&value) {
                    panic!("{}: not by the schema: {line}\n{}", self.script, reasons(&value, &e.to_string()));
                }
                value
            })
            .collect()
    }
}

/// Why a line is not by the schema of its own kind, which says more than "none of these".
fn reasons(value: &Value, otherwise: &str) -> String {
    let kind = value["kind"].as_str().unwrap_or("flow");
    let all = schemas(true);
    let Some(own) = all.iter().find(|s| s["title"] == kind) else { return otherwise.to_owned() };
    validator(own).iter_errors(value).map(|e| format!("{e} at {}", e.instance_path())).collect::<Vec<_>>().join("\n")
}

fn validator(schema: &Value) -> Validator {
    jsonschema::options().should_validate_formats(true).build(schema).unwrap()
}

/// The schemas of all kinds of line, by what the programs say; `closed` forbids members that are not described.
fn schemas(closed: bool) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for tool in TOOLS {
        let output = Command::new(bin(tool)).arg("--schema").output().unwrap();
        let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
        for mut line in schema["oneOf"].as_array().unwrap().iter().cloned() {
            if closed {
                line["additionalProperties"] = false.into();
                if line["properties"]["evidence"].is_object() {
                    line["properties"]["evidence"]["additionalProperties"] = false.into();
                }
            }
            if !all.iter().any(|s| s["title"] == line["title"]) {
                all.push(line);
            }
        }
    }
    all
}

fn any(closed: bool) -> Validator {
    validator(&serde_json::json!({"anyOf": schemas(closed)}))
}

fn closed_schema() -> &'static Validator {
    static SCHEMA: OnceLock<Validator> = OnceLock::new();
    SCHEMA.get_or_init(|| any(true))
}

fn open_schema() -> &'static Validator {
    static SCHEMA: OnceLock<Validator> = OnceLock::new();
    SCHEMA.get_or_init(|| any(false))
}

/// A folder for one test's files, gone afterwards.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}
