//! `cargo demo`: builds the four programs and shows them at work on the samples of the repository.

mod shown;

use shown::SHOWN;
use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    match demo() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("demo: {e}");
            ExitCode::from(2)
        }
    }
}

fn demo() -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    eprintln!("Building the four programs; the first time that takes some minutes.");
    let me = std::env::current_exe().map_err(|e| e.to_string())?;
    let programs = me.parent().ok_or("no folder")?;
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    build.args(["build", "--quiet", "--release"]).current_dir(root);
    for tool in ["flowcat", "flowstat", "flowdetect", "flowenrich"] {
        build.args(["--package", tool]);
    }
    check("the build", build.status())?;
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    for (heading, line) in SHOWN {
        println!("\n# {heading}\n$ {line}");
        std::io::stdout().flush().map_err(|e| e.to_string())?;
        let mut shell = Command::new("bash");
        shell.args(["-eo", "pipefail", "-c", line]).current_dir(root).env("PATH", &path);
        check(line, shell.status())?;
    }
    Ok(())
}

fn check(what: &str, status: std::io::Result<std::process::ExitStatus>) -> Result<(), String> {
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{what}: {status}")),
        Err(e) => Err(format!("{what}: {e}")),
    }
}
