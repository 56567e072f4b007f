//! Outputs on real files, pipes and devices.

use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn names(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_file_appears_only_when_finished() {
    let folder = folder();
    let path = folder.path().join("out");
    fs::write(&path, "old").unwrap();
    let mut output = Output::open(Some(&path), false).unwrap();
    output.write_all(b"new\n").unwrap();
    output.flush().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"old");
    output.finish().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new\n");
    assert_eq!(names(folder.path()), [path]);
}

#[test]
fn dropped_without_finish_leaves_everything_as_it_was() {
    let folder = folder();
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    fs::write(&old, "old").unwrap();
    for path in [&old, &new] {
        let mut output = Output::open(Some(path), false).unwrap();
        output.write_all(&[b'x'; 200_000]).unwrap();
    }
    assert_eq!(fs::read(&old).unwrap(), b"old");
    assert_eq!(names(folder.path()), [old]);
}

#[test]
fn a_replaced_file_keeps_its_mode_and_a_new_one_follows_the_umask() {
    let folder = folder();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for bits in [0o600, 0o640, 0o666, 0o755] {
        let path = folder.path().join("kept");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(bits)).unwrap();
        Output::open(Some(&path), false).unwrap().finish().unwrap();
        assert_eq!(mode(&path), bits);
    }
    // What this process makes the plain way shows its umask.
    let (plain, path) = (folder.path().join("plain"), folder.path().join("made"));
    fs::write(&plain, "").unwrap();
    Output::open(Some(&path), false).unwrap().finish().unwrap();
    assert_eq!(mode(&path), mode(&plain));
}

#[test]
fn a_link_is_replaced_and_what_it_points_to_is_not_touched() {
    let folder = folder();
    let (victim, link) = (folder.path().join("victim"), folder.path().join("link"));
    fs::write(&victim, "precious").unwrap();
    symlink(&victim, &link).unwrap();
    let mut output = Output::open(Some(&link), false).unwrap();
    output.write_all(b"new").unwrap();
    output.finish().unwrap();
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
    assert_eq!(fs::read(&link).unwrap(), b"new");
    assert!(fs::symlink_metadata(&link).unwrap().is_file());
}

#[test]
fn a_dangling_link_does_not_make_a_file_elsewhere() {
    let folder = folder();
    let (elsewhere, link) = (folder.path().join("elsewhere"), folder.path().join("link"));
    symlink(&elsewhere, &link).unwrap();
    Output::open(Some(&link), false).unwrap().finish().unwrap();
    assert!(!elsewhere.exists());
    symlink(&elsewhere, folder.path().join("direct")).unwrap();
    let error = Output::direct(&folder.path().join("direct")).err().unwrap();
    assert!(error.to_string().ends_with("it is a symbolic link"), "{error}");
    assert!(!elsewhere.exists());
}

#[test]
fn another_name_of_the_file_keeps_the_old_content() {
    let folder = folder();
    let (path, other) = (folder.path().join("a"), folder.path().join("b"));
    fs::write(&path, "old").unwrap();
    fs::hard_link(&path, &other).unwrap();
    let mut output = Output::open(Some(&path), false).unwrap();
    output.write_all(b"new").unwrap();
    output.finish().unwrap();
    assert_eq!(fs::read(&other).unwrap(), b"old");
}

#[test]
fn a_folder_and_a_missing_folder_are_errors_with_the_name() {
    let folder = folder();
    let error = Output::open(Some(folder.path()), false).err().unwrap();
    assert!(error.to_string().ends_with("is a directory"), "{error}");
    let path = folder.path().join("no\x1b[2J/file");
    let error = Output::open(Some(&path), false).err().unwrap().to_string();
    assert!(error.contains("\\u{1b}[2J") && !error.contains('\x1b'), "{error}");
}

#[test]
fn a_full_device_is_told_on_flush_and_on_finish() {
    let full = Path::new("/dev/full");
    let mut output = Output::open(Some(full), false).unwrap();
    output.write_all(b"x\n").unwrap();
    let error = output.flush().unwrap_err();
    assert_eq!(error.to_string(), "cannot write \"/dev/full\": no space left on device");
    assert!(!is_closed_pipe(&error));
    assert!(output.write_all(&[b'x'; BUFFER]).is_err(), "nothing may follow a failed write");
    let mut output = Output::open(Some(full), false).unwrap();
    output.write_all(b"x\n").unwrap();
    assert_eq!(output.finish().unwrap_err().kind(), ErrorKind::StorageFull);
}

#[test]
fn a_line_buffered_output_tells_at_once() {
    let mut output = Output::open(Some(Path::new("/dev/full")), true).unwrap();
    output.write_all(b"no line yet").unwrap();
    assert!(output.write_all(b", but now\n").is_err());
}

#[test]
fn a_fifo_is_written_directly_and_a_reader_that_leaves_is_a_closed_pipe() {
    let folder = folder();
    let path = folder.path().join("fifo");
    mkfifo(&path, Mode::S_IRWXU).unwrap();
    let (read, written) = (path.clone(), vec![b'x'; 300_000]);
    let reader = std::thread::spawn(move || {
        let mut first = [0; 5];
        File::open(read).unwrap().read_exact(&mut first).unwrap();
        first
    });
    let mut output = Output::open(Some(&path), false).unwrap();
    output.write_all(b"hello").unwrap();
    output.flush().unwrap();
    assert_eq!(&reader.join().unwrap(), b"hello");
    assert!(is_closed_pipe(&output.write_all(&written).unwrap_err()));
    assert!(fs::metadata(&path).unwrap().file_type().is_fifo());
}

#[test]
fn a_socket_is_written_directly() {
    let folder = folder();
    let path = folder.path().join("socket");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let mut output = Output::open(Some(&path), false).unwrap();
    output.write_all(b"line\n").unwrap();
    output.finish().unwrap();
    let mut text = String::new();
    listener.accept().unwrap().0.read_to_string(&mut text).unwrap();
    assert_eq!(text, "line\n");
}

#[test]
fn a_descriptor_that_does_not_block_loses_nothing() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    theirs.set_nonblocking(true).unwrap();
    let reader = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        let mut all = Vec::new();
        ours.read_to_end(&mut all).unwrap();
        all
    });
    let mut output = Output::over("socket".into(), Target::Direct(File::from(OwnedFd::from(theirs))), false);
    let sent: Vec<u8> = (0..3_000_000u32).map(|n| n.to_le_bytes()[0]).collect();
    for part in sent.chunks(10_007) {
        output.write_all(part).unwrap();
    }
    output.finish().unwrap();
    assert!(reader.join().unwrap() == sent);
}

#[test]
fn what_goes_to_an_output_that_may_be_closed_is_known_to_be_lost_once_there_is_something() {
    let null = || OpenOptions::new().read(true).write(true).open("/dev/null").unwrap();
    let doubtful = || Output { lossy: Some(false), ..Output::over("stdout".into(), Target::Direct(null()), false) };
    assert!(!doubtful().is_lost());
    for size in [1, 3 * BUFFER] {
        let mut output = doubtful();
        output.write_all(&vec![b'x'; size]).unwrap();
        assert!(output.is_lost());
        output.flush().unwrap();
        assert!(output.is_lost());
    }
    let mut output = Output::over("null".into(), Target::Direct(null()), false);
    output.write_all(b"x").unwrap();
    assert!(!output.is_lost());
}

#[test]
fn a_file_written_in_place_is_known_as_the_one_that_an_input_may_be() {
    let folder = folder();
    let path = folder.path().join("file");
    fs::write(&path, "old").unwrap();
    let input = crate::input::Source::file(&path).open().unwrap();
    assert!(Output::open(Some(&path), false).unwrap().identity().is_none());
    let direct = Output::direct(&path).unwrap();
    assert_eq!(direct.identity(), input.identity());
    assert_eq!(fs::metadata(&path).unwrap().size(), 0);
}

#[test]
fn a_read_only_file_is_not_replaced_behind_its_permission() {
    let folder = folder();
    let path = folder.path().join("file");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let refused = OpenOptions::new().write(true).open(&path).is_err();
    // A superuser may write it, and then may replace it.
    assert_eq!(Output::open(Some(&path), false).is_err(), refused);
}
