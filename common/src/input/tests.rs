//! Inputs of every kind and compression, whole and damaged.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use flate2::write::GzEncoder;
use lz4_flex::frame::FrameEncoder;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use proptest::prelude::*;

use super::*;

const ALL: [Compression; 5] =
    [Compression::Gzip, Compression::Zstd, Compression::Xz, Compression::Bzip2, Compression::Lz4];

fn pack(compression: Compression, text: &[u8]) -> Vec<u8> {
    match compression {
        Compression::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Zstd => {
            let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
            encoder.include_checksum(true).unwrap();
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Xz => {
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Bzip2 => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Lz4 => {
            let info = lz4_flex::frame::FrameInfo::new().content_checksum(true);
            let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        }
    }
}

/// All that an input gives, and its error.
fn read(bytes: impl Into<Vec<u8>>) -> (Vec<u8>, Option<io::Error>) {
    read_by(Input::from_reader(io::Cursor::new(bytes.into())), 64 * 1024)
}

fn read_by(mut input: Input, size: usize) -> (Vec<u8>, Option<io::Error>) {
    let (mut all, mut buffer) = (Vec::new(), vec![0; size]);
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return (all, None),
            Ok(n) => all.extend_from_slice(&buffer[..n]),
            Err(error) => {
                assert_eq!(input.read(&mut buffer).unwrap(), 0, "an error is the end");
                return (all, Some(error));
            }
        }
    }
}

fn fault(error: &io::Error) -> &Damage {
    error.get_ref().and_then(|inner| inner.downcast_ref()).unwrap_or_else(|| panic!("not damage: {error}"))
}

/// Gives one byte a read.
struct Trickle(io::Cursor<Vec<u8>>);

impl Read for Trickle {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = out.len().min(1);
        self.0.read(&mut out[..n])
    }
}

/// Text that does not compress to nothing.
fn sample(length: usize) -> Vec<u8> {
    let mut state = 1u32;
    let mut digit = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b'a' + (state >> 24) as u8 % 20
    };
    (0..length).map(|at| if at % 50 == 49 { b'\n' } else { digit() }).collect()
}

#[test]
fn members_one_after_the_other_are_one_input() {
    for compression in ALL {
        let packed =
            [pack(compression, b"one\n"), pack(compression, b""), pack(compression, &sample(200_000))].concat();
        let expected = [&b"one\n"[..], &sample(200_000)].concat();
        for size in [1, 7, 4096, 1 << 20] {
            let mut input = Input::from_reader(io::Cursor::new(packed.clone()));
            assert!(input.look_ahead() == Ahead::More && input.ahead().starts_with(b"o"));
            assert_eq!(input.compression(), Some(compression));
            let (text, error) = read_by(input, size);
            assert!(error.is_none(), "{compression:?} {error:?}");
            assert!(text == expected, "{compression:?} read {size} at a time");
        }
    }
}

#[test]
fn packed_bytes_may_come_one_at_a_time() {
    for compression in ALL {
        let packed = [pack(compression, b"one\n"), pack(compression, &sample(3000))].concat();
        let (text, error) = read_by(Input::from_reader(Trickle(io::Cursor::new(packed))), 100);
        assert!(error.is_none(), "{compression:?} {error:?}");
        assert!(text == [&b"one\n"[..], &sample(3000)].concat(), "{compression:?}");
    }
}

#[test]
fn an_empty_member_is_no_text() {
    for compression in ALL {
        let (text, error) = read(pack(compression, b""));
        assert!(text.is_empty() && error.is_none(), "{compression:?} {error:?}");
    }
}

#[test]
fn truncation_at_every_byte_gives_a_prefix_and_says_where() {
    for compression in ALL {
        let first = pack(compression, b"first member\n");
        let packed = [first.clone(), pack(compression, &sample(5000))].concat();
        let whole = [&b"first member\n"[..], &sample(5000)].concat();
        let magic = if compression == Compression::Bzip2 { 10 } else { 6 };
        for end in magic..packed.len() {
            let (text, error) = read(&packed[..end]);
            assert!(whole.starts_with(&text), "{compression:?} cut at {end}");
            if end >= first.len() {
                assert!(text.starts_with(b"first member\n"), "{compression:?} cut at {end} loses a whole member");
            }
            if end == first.len() {
                assert!(error.is_none(), "{compression:?} {error:?}");
                continue;
            }
            let error = error.unwrap_or_else(|| panic!("{compression:?} cut at {end} is not noticed"));
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
            let damage = fault(&error);
            assert_eq!((damage.format, &damage.fault), (compression.name(), &Fault::Truncated));
            assert!(damage.offset <= end as u64 && damage.offset + 8 >= end as u64, "{damage} at {end}");
        }
    }
}

#[test]
fn a_truncated_stream_gives_all_whole_blocks_before_the_cut() {
    // gzip decodes byte by byte; the others lose at most the block in which they were cut.
    for (compression, block) in [(Compression::Gzip, 64), (Compression::Zstd, 128 * 1024), (Compression::Lz4, 4 << 20)]
    {
        let text = sample(1 << 20);
        let packed = pack(compression, &text);
        let (got, _) = read(&packed[..packed.len() - 20]);
        assert!(got.len() + block >= text.len(), "{compression:?} gives {} of {}", got.len(), text.len());
    }
}

#[test]
fn a_changed_byte_never_gives_other_text_without_an_error() {
    for compression in ALL {
        let text = sample(3000);
        let packed = pack(compression, &text);
        let magic = if compression == Compression::Bzip2 { 10 } else { 6 };
        for at in magic..packed.len() {
            let mut bad = packed.clone();
            bad[at] ^= 0x55;
            let (got, error) = read(bad);
            assert!(error.is_some() || got == text, "{compression:?} changed at {at}");
        }
    }
}

#[test]
fn gzip_text_before_a_bad_block_is_kept() {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(b"good lines\n").unwrap();
    encoder.flush().unwrap();
    let mut packed = encoder.get_ref().clone();
    // A block of the reserved type 3 (RFC 1951, 3.2.3).
    packed.extend_from_slice(&[0x07, 0xff, 0xff, 0xff]);
    let (text, error) = read(packed);
    assert_eq!(text, b"good lines\n");
    assert!(matches!(fault(&error.unwrap()).fault, Fault::Corrupt(_)));
}

#[test]
fn what_follows_a_member_is_told_with_its_place() {
    for compression in ALL {
        let packed = pack(compression, b"text\n");
        let (text, error) = read([&packed[..], b"garbage"].concat());
        assert_eq!(text, b"text\n");
        let error = error.unwrap();
        assert_eq!((fault(&error).offset, &fault(&error).fault), (packed.len() as u64, &Fault::Trailing), "{error}");
    }
}

#[test]
fn zero_padding_after_gzip_and_xz_is_no_damage() {
    for compression in [Compression::Gzip, Compression::Xz] {
        let packed = [pack(compression, b"one\n"), vec![0; 512], pack(compression, b"two\n"), vec![0; 4]].concat();
        let (text, error) = read(packed);
        assert!(error.is_none(), "{error:?}");
        assert_eq!(text, b"one\ntwo\n");
    }
}

#[test]
fn one_layer_is_unpacked() {
    let inner = pack(Compression::Gzip, b"text\n");
    for compression in ALL {
        assert_eq!(read(pack(compression, &inner)).0, inner);
    }
}

#[test]
fn a_zstd_window_above_the_limit_is_refused_with_the_way_out() {
    let packed = |log| {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(log).unwrap();
        encoder.include_contentsize(false).unwrap();
        encoder.write_all(b"text\n").unwrap();
        encoder.finish().unwrap()
    };
    assert_eq!(read(packed(27)).0, b"text\n");
    let error = read(packed(28)).1.unwrap();
    assert_eq!(fault(&error).fault, Fault::Memory);
    assert!(error.to_string().contains("zstd -dc --long=31"), "{error}");
}

#[test]
fn an_xz_dictionary_above_the_limit_is_refused() {
    let packed = |size| {
        let mut options = liblzma::stream::LzmaOptions::new_preset(0).unwrap();
        options.dict_size(size);
        let mut filters = liblzma::stream::Filters::new();
        filters.lzma2(&options);
        let stream = liblzma::stream::Stream::new_stream_encoder(&filters, liblzma::stream::Check::Crc32).unwrap();
        let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
        encoder.write_all(b"text\n").unwrap();
        encoder.finish().unwrap()
    };
    assert_eq!(read(packed(128 << 20)).0, b"text\n");
    assert_eq!(fault(&read(packed(192 << 20)).1.unwrap()).fault, Fault::Memory);
}

#[test]
fn a_frame_that_zstd_may_skip_is_no_data() {
    let skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd";
    let frame = pack(Compression::Zstd, b"text\n");
    let (text, error) = read([&skippable[..], &frame, skippable, &frame].concat());
    assert!(error.is_none(), "{error:?}");
    assert_eq!(text, b"text\ntext\n");
}

#[test]
fn live_packed_lines_come_when_they_are_flushed() {
    let (theirs, ours) = UnixStream::pair().unwrap();
    let mut encoder = GzEncoder::new(theirs, flate2::Compression::default());
    let mut input = Input::from_reader(ours);
    for line in [&b"one\n"[..], b"two\n"] {
        encoder.write_all(line).unwrap();
        encoder.flush().unwrap();
        let mut buffer = [0; 100];
        // Would wait for ever if the line were held back.
        let n = input.read(&mut buffer).unwrap();
        assert_eq!(&buffer[..n], line);
    }
}

#[test]
fn a_short_live_line_is_not_held_for_more_first_bytes() {
    let (mut theirs, ours) = UnixStream::pair().unwrap();
    let mut input = Input::from_reader(ours);
    theirs.write_all(b"{}\n").unwrap();
    let mut buffer = [0; 100];
    assert_eq!(input.read(&mut buffer).unwrap(), 3);
}

#[test]
fn beginnings_that_only_look_packed_are_plain() {
    for text in [&b""[..], b"\x1f", b"\x1f\x8b", b"\x1f\x8bx", b"B", b"BZh", b"BZh9", b"BZh9 text", b"BZhx", b"\xfd7z"]
    {
        let (got, error) = read(text);
        assert!(error.is_none());
        assert_eq!(got, text);
    }
}

proptest! {
    #[test]
    fn plain_bytes_pass_as_they_are(bytes in prop::collection::vec(any::<u8>(), 0..300), looks in 0usize..3, size in 1usize..50) {
        prop_assume!(!matches!(Compression::of(&bytes), Look::Packed(_)));
        let mut input = Input::from_reader(io::Cursor::new(bytes.clone()));
        for _ in 0..looks {
            let _ = input.look_ahead();
        }
        let seen = if looks > 0 { &bytes[..] } else { &[] };
        prop_assert_eq!(input.ahead(), seen);
        prop_assert_eq!(read_by(input, size).0, bytes);
    }
}

#[test]
fn a_look_ahead_keeps_an_error_for_the_read_that_reaches_it() {
    let packed = [pack(Compression::Gzip, b"text\n"), b"garbage".to_vec()].concat();
    let mut input = Input::from_reader(io::Cursor::new(packed));
    while input.look_ahead() == Ahead::More {}
    assert_eq!((input.look_ahead(), input.ahead()), (Ahead::Failed, &b"text\n"[..]));
    let (text, error) = read_by(input, 100);
    assert_eq!(text, b"text\n");
    assert_eq!(fault(&error.unwrap()).fault, Fault::Trailing);
}

#[test]
fn damaged_lines_come_whole_then_the_part_then_the_error() {
    let packed = pack(Compression::Gzip, b"one\ntwo\nthree");
    // The checksum is missing, so all text is there.
    let input = Input::from_reader(io::Cursor::new(packed[..packed.len() - 8].to_vec()));
    let (mut blocks, mut block) = (Blocks::new(input), Vec::new());
    assert_eq!(blocks.next(&mut block).unwrap(), Some(Piece::Lines));
    assert_eq!(block, b"one\ntwo\n");
    assert_eq!(blocks.next(&mut block).unwrap(), Some(Piece::Partial));
    assert_eq!(block, b"three");
    let error = blocks.next(&mut block).unwrap_err();
    assert_eq!(
        InputError::reading("a.gz", error).to_string(),
        format!("cannot read \"a.gz\": truncated gzip data after {} bytes", packed.len() - 8)
    );
    assert_eq!(blocks.next(&mut block).unwrap(), None);
}

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

fn over_socket(socket: UnixStream) -> Input {
    Input::over(Raw::file(File::from(std::os::fd::OwnedFd::from(socket)), false))
}

#[test]
fn a_descriptor_that_does_not_block_is_waited_for_without_spinning() {
    let (mut theirs, ours) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let writer = thread::spawn(move || {
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(60));
            theirs.write_all(b"line\n").unwrap();
        }
    });
    let ticks = || {
        let stat = fs::read_to_string("/proc/thread-self/stat").unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    let before = ticks();
    assert_eq!(read_by(over_socket(ours), 100).0, b"line\nline\nline\n");
    // 180 ms of waiting are 18 ticks; spinning would use them up.
    assert!(ticks() - before <= 5);
    writer.join().unwrap();
}

#[test]
fn a_raised_flag_ends_a_read_that_waits() {
    let (mut theirs, ours) = UnixStream::pair().unwrap();
    let mut input = over_socket(ours);
    let flag = Arc::new(AtomicBool::new(false));
    input.stop_when(Arc::clone(&flag));
    theirs.write_all(b"whole\npart").unwrap();
    let (mut blocks, mut block) = (Blocks::new(input), Vec::new());
    assert_eq!(blocks.next(&mut block).unwrap(), Some(Piece::Lines));
    assert_eq!(block, b"whole\n");
    let raiser = thread::spawn(move || {
        thread::sleep(Duration::from_millis(50));
        flag.store(true, Ordering::Relaxed);
    });
    let started = Instant::now();
    assert_eq!(blocks.next(&mut block).unwrap(), None, "a line that was cut off by request was not read");
    assert!(started.elapsed() < Duration::from_secs(2));
    raiser.join().unwrap();
}

#[test]
fn a_stop_is_an_error_that_can_be_told_apart() {
    for compression in [None, Some(Compression::Gzip), Some(Compression::Lz4)] {
        let (mut theirs, ours) = UnixStream::pair().unwrap();
        let mut input = over_socket(ours);
        let flag = Arc::new(AtomicBool::new(false));
        input.stop_when(Arc::clone(&flag));
        theirs.write_all(&compression.map_or(b"abc".to_vec(), |packing| pack(packing, b"abc"))).unwrap();
        let mut buffer = [0; 100];
        assert_eq!(input.read(&mut buffer).unwrap(), 3);
        flag.store(true, Ordering::Relaxed);
        assert!(is_stopped(&input.read(&mut buffer).unwrap_err()), "{compression:?}");
    }
}
