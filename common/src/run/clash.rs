//! Inputs and outputs that are the same file: told before anything is opened for writing, because opening empties a file.
//!
//! A regular file is known by device and inode, one that is absent by its folder's and its name. Devices, pipes and
//! sockets may have several uses. What `-o` names is replaced as a whole at the end, so it may be an input, but no key,
//! database or list; standard output that leads to a file is written in place, so it may be neither.

use crate::input::{Identity, InputError, Source};
use std::borrow::Cow;
use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

/// Where a file is or will be.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Spot {
    /// There it is.
    File(Identity),
    /// It is absent: the folder that it will be in, and its name.
    Absent(Identity, OsString),
}

/// A file that is read besides the inputs, such as a key: what for, as `--anonymize` or `geo:db`, and its path.
pub type Aid = (String, PathBuf);

/// What a file is used for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Use {
    Input,
    /// What this option or parameter reads.
    Aid(String),
    /// Standard output that leads to a file, or a name of an open file.
    InPlace,
    /// `-o`
    Output,
    Rejects,
    Counters,
}

/// One use of one file.
struct Named {
    to: Use,
    name: String,
    spot: Spot,
}

/// The files of a run.
pub(crate) struct Files<'a> {
    /// What is read.
    pub(crate) sources: &'a [Result<Source, InputError>],
    /// `-o`; standard output where none is given.
    pub(crate) output: Option<&'a Path>,
    /// `--rejects`
    pub(crate) rejects: Option<&'a Path>,
    /// `--counters`
    pub(crate) counters: Option<&'a Path>,
    /// What is read besides.
    pub(crate) aids: &'a [Aid],
}

impl Files<'_> {
    /// Checks that no file is written that is read or written for something else.
    ///
    /// # Errors
    /// A sentence about the first two uses that are the same file.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.rejects.is_some_and(is_stdout) {
            return Err("--rejects needs a file of its own: standard output carries the data".into());
        }
        let outputs = self.outputs();
        for (i, a) in outputs.iter().enumerate() {
            if let Some(b) = outputs[..i].iter().find(|b| b.spot == a.spot) {
                return Err(format!("{:?} is {} and {} at once", a.name, b.to.shown(), a.to.shown()));
            }
        }
        let inputs = self.sources.iter().flatten().filter_map(|source| {
            let spot = match source.path() {
                Some(path) => Spot::of_path(path),
                None => Spot::of_open(io::stdin().as_fd()),
            };
            Some(Named { to: Use::Input, name: source.name(), spot: spot? })
        });
        for input in inputs {
            match outputs.iter().find(|o| o.to != Use::Output && o.spot == input.spot) {
                Some(o) if o.to == Use::InPlace => {
                    return Err(format!("{}: this input is also the output", input.name));
                }
                Some(o) => return Err(format!("{:?} is an input and {} at once", input.name, o.to.shown())),
                None => {}
            }
        }
        let aids = self.aids.iter().filter_map(|(what, path)| named(Use::Aid(what.clone()), path));
        for aid in aids {
            if let Some(o) = outputs.iter().find(|o| o.spot == aid.spot) {
                return Err(format!("{:?} is {} and {} at once", aid.name, aid.to.shown(), o.to.shown()));
            }
        }
        Ok(())
    }

    fn outputs(&self) -> Vec<Named> {
        let output = match self.output {
            Some(path) if !is_stdout(path) => {
                let to = if is_open_already(path) { Use::InPlace } else { Use::Output };
                named(to, path)
            }
            _ => {
                let spot = Spot::of_open(io::stdout().as_fd());
                spot.map(|spot| Named { to: Use::InPlace, name: "stdout".into(), spot })
            }
        };
        let rejects = self.rejects.and_then(|path| named(Use::Rejects, path));
        let counters = self.counters.filter(|path| !is_stdout(path)).and_then(|path| named(Use::Counters, path));
        [output, rejects, counters].into_iter().flatten().collect()
    }
}

fn named(to: Use, path: &Path) -> Option<Named> {
    Spot::of_path(path).map(|spot| Named { to, name: path.display().to_string(), spot })
}

fn is_stdout(path: &Path) -> bool {
    ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|name| path == Path::new(name))
}

/// Whether the name is that of an open file, as `/dev/fd/3`: it is written as it is, not replaced.
fn is_open_already(path: &Path) -> bool {
    path.starts_with("/dev") || path.starts_with("/proc")
}

impl Use {
    fn shown(&self) -> Cow<'static, str> {
        match self {
            Use::Input => "an input".into(),
            Use::Aid(what) => format!("what {what} reads").into(),
            Use::InPlace => "the output".into(),
            Use::Output => "-o".into(),
            Use::Rejects => "--rejects".into(),
            Use::Counters => "--counters".into(),
        }
    }
}

impl Spot {
    /// `None` for what is no regular file and will be none.
    fn of_path(path: &Path) -> Option<Spot> {
        match fs::metadata(path) {
            Ok(metadata) => Spot::of(&metadata),
            Err(_) => {
                let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
                let folder = folder.map_or_else(|| PathBuf::from("."), Path::to_path_buf);
                let folder = Identity::of(&fs::metadata(folder).ok()?);
                Some(Spot::Absent(folder, path.file_name()?.to_owned()))
            }
        }
    }

    fn of_open(descriptor: BorrowedFd<'_>) -> Option<Spot> {
        let file = File::from(descriptor.try_clone_to_owned().ok()?);
        Spot::of(&file.metadata().ok()?)
    }

    fn of(metadata: &Metadata) -> Option<Spot> {
        metadata.is_file().then(|| Spot::File(Identity::of(metadata)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// What is said of these names in a folder where `m` is a file, `link` leads to it, and `hard` is another name of it.
    fn said(input: &str, output: Option<&str>, rejects: Option<&str>, counters: Option<&str>) -> String {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| {
            if name.starts_with('/') || name == "-" { PathBuf::from(name) } else { folder.path().join(name) }
        };
        fs::write(at("m"), "text").unwrap();
        fs::create_dir(at("sub")).unwrap();
        std::os::unix::fs::symlink("m", at("link")).unwrap();
        fs::hard_link(at("m"), at("hard")).unwrap();
        let sources = [Ok(Source::file(at(input)))];
        let [output, rejects, counters] = [output, rejects, counters].map(|name| name.map(at));
        let files = Files {
            sources: &sources,
            output: output.as_deref(),
            rejects: rejects.as_deref(),
            counters: counters.as_deref(),
            aids: &[("geo:db".into(), at("db")), ("--anonymize".into(), at("/dev/null"))],
        };
        files.check().err().unwrap_or_default()
    }

    #[test]
    fn what_is_read_besides_is_not_written_at_all() {
        let null = Some("/dev/null");
        for (says, output, rejects, counters) in [
            ("-o", Some("db"), None, None),
            ("--rejects", null, Some("sub/../db"), None),
            ("--counters", null, None, Some("db")),
        ] {
            let said = said("m", output, rejects, counters);
            assert!(said.contains(&format!("is what geo:db reads and {says} at once")), "{said}");
        }
    }

    #[test]
    fn an_input_may_be_replaced_but_not_written_in_place() {
        let null = Some("/dev/null");
        for name in ["m", "link", "hard", "sub/../m"] {
            assert_eq!(said("m", Some(name), None, None), "");
            assert!(said("m", null, Some(name), None).contains("is an input and --rejects at once"), "{name}");
            assert!(said("m", null, None, Some(name)).contains("is an input and --counters at once"), "{name}");
        }
        assert_eq!(said("m", Some("x"), Some("y"), Some("z")), "");
    }

    #[test]
    fn two_outputs_are_two_files() {
        for name in ["x", "sub/../x", "m"] {
            let plain = if name == "m" { "hard" } else { "x" };
            assert!(said("absent", Some(plain), Some(name), None).contains("is -o and --rejects at once"), "{name}");
            assert!(said("absent", Some(plain), None, Some(name)).contains("is -o and --counters at once"), "{name}");
            let both = said("absent", Some("y"), Some(plain), Some(name));
            assert!(both.contains("is --rejects and --counters at once"), "{name}: {both}");
        }
    }

    #[test]
    fn devices_have_any_number_of_uses() {
        assert_eq!(said("/dev/null", Some("/dev/null"), Some("/dev/null"), Some("/dev/null")), "");
        assert_eq!(said("m", Some("-"), None, Some("-")), "");
    }

    #[test]
    fn rejected_lines_do_not_go_to_standard_output() {
        for name in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
            assert!(said("m", Some("x"), Some(name), None).contains("a file of its own"), "{name}");
        }
    }
}
