//! What is opened: missing files, folders, names, sizes, FIFOs, files that can be sought in.

use super::*;

fn names(found: &[Result<Source, InputError>]) -> Vec<String> {
    found.iter().map(|entry| entry.as_ref().map_or_else(ToString::to_string, Source::name)).collect()
}

#[test]
fn a_missing_file_does_not_keep_the_others_from_being_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("a"), "a\n").unwrap();
    fs::create_dir(path("sub")).unwrap();
    fs::write(path("sub/b"), "b\n").unwrap();
    let args = [path("none").into(), path("sub").into(), "-".into(), path("a").into()];
    let found = sources(&args);
    let shown = |name: &str| path(name).display().to_string();
    assert_eq!(
        names(&found),
        [format!("no such file: \"{}\"", shown("none")), shown("sub/b"), "stdin".into(), shown("a")]
    );
    assert!(sources(&[]).is_empty());
}

#[test]
fn a_folder_cannot_be_opened_as_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let error = Source::file(folder.path()).open().err().unwrap();
    assert!(matches!(error.kind, InputErrorKind::Folder), "{error}");
    // A file that goes away between listing and opening.
    let error = Source::file(folder.path().join("gone")).open().err().unwrap();
    assert!(matches!(error.kind, InputErrorKind::Missing), "{error}");
}

#[test]
fn names_that_a_terminal_would_act_on_are_escaped() {
    let name = OsString::from("a\x1b]0;x\x07\n");
    assert_eq!(Source::file(&name).name(), "a\\u{1b}]0;x\\u{7}\\u{a}");
    let message = sources(&[name])[0].as_ref().unwrap_err().to_string();
    assert!(!message.chars().any(char::is_control), "{message}");
}

#[test]
fn progress_counts_stored_bytes_against_the_stored_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gz");
    let packed = pack(Compression::Gzip, &sample(500_000));
    fs::write(&path, &packed).unwrap();
    let input = Source::file(&path).open().unwrap();
    let (total, consumed) = (input.total(), input.consumed());
    assert_eq!((total, consumed.load(Ordering::Relaxed)), (Some(packed.len() as u64), 0));
    read_by(input, 1000);
    assert_eq!(consumed.load(Ordering::Relaxed), packed.len() as u64);
}

#[test]
fn a_file_of_proc_says_nothing_of_its_size_and_is_read() {
    let input = Source::file("/proc/self/status").open().unwrap();
    assert_eq!(input.total(), None);
    assert!(!read_by(input, 1000).0.is_empty());
}

#[test]
fn one_file_by_two_names_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("a"), folder.path().join("b"));
    fs::write(&path, "x").unwrap();
    symlink(&path, &link).unwrap();
    let identity = Source::file(&path).open().unwrap().identity();
    assert!(identity.is_some());
    assert_eq!(identity, Source::file(&link).open().unwrap().identity());
    assert_eq!(identity, Identity::of_path(&link));
    assert_eq!(Source::file("/dev/null").open().unwrap().identity(), None);
}

#[test]
fn a_fifo_is_read_to_the_end_of_its_writer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fifo");
    mkfifo(&path, Mode::S_IRWXU).unwrap();
    let to = path.clone();
    let packed = pack(Compression::Zstd, b"through a pipe\n");
    let writer = thread::spawn(move || fs::write(to, packed).unwrap());
    assert!(Source::file(&path).is_pipe() && !Source::file(folder.path()).is_pipe());
    let input = Source::file(&path).open().unwrap();
    assert_eq!(input.total(), None);
    assert_eq!(read_by(input, 100).0, b"through a pipe\n");
    writer.join().unwrap();
}

#[test]
fn only_a_regular_file_that_is_not_packed_can_be_sought_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    for (bytes, is_seekable) in [(b"PAR1 and more".to_vec(), true), (pack(Compression::Gzip, b"PAR1"), false)] {
        fs::write(&path, &bytes).unwrap();
        let mut input = Source::file(&path).open().unwrap();
        assert_eq!((input.look_ahead(), &input.ahead()[..4]), (Ahead::More, &b"PAR1"[..]));
        let mut read = Vec::new();
        match input.seekable() {
            Some(mut file) => assert_eq!(file.read_to_end(&mut read).unwrap(), bytes.len()),
            None => assert_eq!(read_by(input, 3).0, b"PAR1"),
        }
        assert_eq!(read == bytes, is_seekable);
    }
    assert!(Input::from_reader(io::Cursor::new(b"PAR1")).seekable().is_none());
}
