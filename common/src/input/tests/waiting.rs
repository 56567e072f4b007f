//! Reads that wait: descriptors that do not block, flags that end a read.

use super::*;

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
