//! Live input over the loopback interface: what is sent is what comes out, or is counted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};
use support::{Record, figures, flowcat, sample};

/// Longer than anything takes on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// A flowcat that listens.
struct Listening {
    child: Child,
    ports: Vec<u16>,
    lines: BufReader<ChildStdout>,
    told: Receiver<String>,
    counters: tempfile::TempDir,
}

/// What came of it.
struct Ended {
    code: Option<i32>,
    records: Vec<Record>,
    told: Vec<String>,
    counters: Value,
}

impl Listening {
    /// With these arguments, on so many free ports.
    fn begin(ports: usize, args: &[&str]) -> Listening {
        let counters = tempfile::tempdir().unwrap();
        let mut command = flowcat(&vec!["udp://127.0.0.1:0"; ports]);
        command.args(args).arg("--counters").arg(counters.path().join("counters"));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (tell, told) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        thread::spawn(move || stderr.lines().for_each(|line| drop(tell.send(line.unwrap()))));
        let port = |_| {
            let line = told.recv_timeout(PATIENCE).expect("no word of a port");
            let after = line.strip_prefix("flowcat: listening on udp://127.0.0.1:").expect(&line).to_owned();
            after.split(',').next().unwrap().parse().unwrap()
        };
        let ports = (0..ports).map(port).collect();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Listening { child, ports, lines, told, counters }
    }

    fn socket(&self, port: usize) -> UdpSocket {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(("127.0.0.1", self.ports[port])).unwrap();
        socket
    }

    /// The next line.
    fn line(&mut self) -> Record {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{line:?}: {e}"))
    }

    /// So many lines.
    fn records(&mut self, count: usize) -> Vec<Record> {
        (0..count).map(|_| self.line()).collect()
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Asks it to end, and waits until it does.
    fn end(self) -> Ended {
        self.signal("-TERM");
        self.ended()
    }

    /// Waits until it ends.
    fn ended(mut self) -> Ended {
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        let code = self.child.wait().unwrap().code();
        let counters = std::fs::read_to_string(self.counters.path().join("counters")).unwrap();
        Ended {
            code,
            records: rest.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
            told: self.told.iter().collect(),
            counters: serde_json::from_str(&counters).unwrap(),
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
    }
}

/// The datagrams of a sample, which stand one after the other.
fn datagrams(name: &str) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(sample(name)).unwrap();
    let word = |at: usize| usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
    let (mut found, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let end = match word(at) {
            5 => at + 24 + 48 * word(at + 2),
            10 => at + word(at + 2),
            _ => {
                let mut end = at + 20;
                while end < bytes.len() && word(end) != 9 {
                    end += word(end + 2);
                }
                end
            }
        };
        found.push(bytes[at..end].to_vec());
        at = end;
    }
    found
}

/// A datagram of version 5 with one flow of so many bytes.
fn v5(number: u32, bytes: u8) -> Vec<u8> {
    let mut datagram = vec![0; 72];
    (datagram[1], datagram[3], datagram[24 + 3], datagram[24 + 23]) = (5, 1, 1, bytes);
    datagram[8..12].copy_from_slice(&1_700_000_000u32.to_be_bytes());
    datagram[16..20].copy_from_slice(&number.to_be_bytes());
    datagram
}

#[test]
fn all_protocols_come_in_on_one_socket_and_end_with_the_signal() {
    let mut live = Listening::begin(1, &[]);
    let socket = live.socket(0);
    for (name, count, sums) in [
        ("sample.v5.dat", 97, [335, 213_937]),
        ("sample.v9.dat", 99, [337, 214_115]),
        ("sample.ipfix.dat", 99, [337, 214_115]),
    ] {
        for datagram in datagrams(name) {
            socket.send(&datagram).unwrap();
        }
        let records = live.records(count);
        assert_eq!(figures(&records)[1..3], sums, "{name}");
        assert!(records.iter().all(|record| record["exporter"] == "127.0.0.1"), "{name}");
    }
    let ended = live.end();
    assert_eq!((ended.code, ended.records.len()), (Some(143), 0), "{:?}", ended.told);
    let details = &ended.counters["details"];
    assert_eq!((&ended.counters["passed"], &details["datagrams"]), (&295.into(), &12.into()), "{}", ended.counters);
    assert!(details.get("lost records").is_none() && details.get("datagrams dropped by the kernel").is_none());
}

#[test]
fn what_the_kernel_holds_is_drained() {
    let live = Listening::begin(2, &[]);
    // It is stopped, so that nothing is taken out of the sockets.
    live.signal("-STOP");
    for port in 0..2 {
        let socket = live.socket(port);
        for number in 0..500 {
            socket.send(&v5(number, port as u8 + 1)).unwrap();
        }
    }
    let pid = live.child.id().to_string();
    live.signal("-TERM");
    assert!(Command::new("kill").args(["-CONT", &pid]).status().unwrap().success());
    let mut live = live;
    let mut rest = String::new();
    live.lines.read_to_string(&mut rest).unwrap();
    assert_eq!(live.child.wait().unwrap().code(), Some(143));
    let of = |bytes: &str| rest.lines().filter(|line| line.contains(bytes)).count();
    assert_eq!((of("\"bytes\":1,"), of("\"bytes\":2,")), (500, 500));
}

#[test]
fn losses_are_told_by_the_numbers() {
    let mut live = Listening::begin(1, &[]);
    let socket = live.socket(0);
    for number in [0, 1, 5, 3, 6] {
        socket.send(&v5(number, 1)).unwrap();
    }
    live.records(5);
    let ended = live.end();
    assert_eq!(ended.counters["details"]["lost records"], 2, "{}", ended.counters);
    assert!(
        ended.told.iter().any(|line| line.contains("3 records from 127.0.0.1 did not come here")),
        "{:?}",
        ended.told
    );
}

#[test]
fn datagrams_of_others_are_counted() {
    let live = Listening::begin(1, &["--allow", "192.0.2.0/24"]);
    let socket = live.socket(0);
    for number in 0..7 {
        socket.send(&v5(number, 1)).unwrap();
    }
    // What the kernel holds then is still counted.
    let ended = live.end();
    assert_eq!(ended.counters["unused"]["datagrams of others than --allow names"], 7, "{}", ended.counters);
    let mut live = Listening::begin(1, &["--allow", "192.0.2.0/24", "--allow", "127.0.0.1"]);
    live.socket(0).send(&v5(0, 9)).unwrap();
    assert_eq!(live.line()["bytes"], 9);
}

#[test]
fn ticks_are_written_while_nothing_comes() {
    let mut live = Listening::begin(1, &["--tick", "20ms"]);
    let first = live.line();
    assert_eq!(first["kind"], "tick");
    assert!(first["timestamp"].as_str().unwrap().ends_with('Z'));
    live.socket(0).send(&v5(0, 9)).unwrap();
    let began = Instant::now();
    while live.line().get("bytes").is_none() {
        assert!(began.elapsed() < PATIENCE);
    }
    assert_eq!(live.line()["kind"], "tick");
}

#[test]
fn damage_is_rejected_with_its_place_and_the_rest_goes_on() {
    let rejects = tempfile::tempdir().unwrap();
    let file = rejects.path().join("rejects");
    let mut live = Listening::begin(1, &["--rejects", file.to_str().unwrap()]);
    let socket = live.socket(0);
    socket.send(b"GET / HTTP/1.1").unwrap();
    let mut cut = v5(0, 1);
    cut[3] = 2;
    socket.send(&cut).unwrap();
    socket.send(&v5(2, 7)).unwrap();
    let records = live.records(2);
    assert_eq!((&records[0]["bytes"], &records[1]["bytes"]), (&1.into(), &7.into()));
    let ended = live.end();
    assert_eq!((&ended.counters["rejected"], ended.code), (&2.into(), Some(143)));
    let kept = std::fs::read_to_string(file).unwrap();
    let kept: Vec<Value> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&kept[0]["line"], &kept[0]["raw"]), (&1.into(), &"GET / HTTP/1.1".into()));
    let reason = "it announces 2 flows and has 1, at byte 72 of its datagram";
    assert_eq!((&kept[1]["line"], &kept[1]["reason"]), (&2.into(), &reason.into()));
}

#[test]
fn softflowd_exports_the_same_flows_in_three_versions() {
    if Command::new("softflowd").arg("-h").stderr(Stdio::null()).stdout(Stdio::null()).status().is_err() {
        println!("skipped: softflowd is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let pcap = unpacked(folder.path().join("sample.pcap"));
    let mut all = Vec::new();
    for version in ["5", "9", "10"] {
        let mut live = Listening::begin(1, &["--where", "not net ::/0"]);
        let to = format!("127.0.0.1:{}", live.ports[0]);
        let pid = folder.path().join("pid");
        let mut softflowd = Command::new("softflowd");
        softflowd
            .args(["-d", "-a", "-r"])
            .arg(&pcap)
            .args(["-n", &to, "-v", version, "-m", "100000", "-c", "none", "-p"])
            .arg(pid);
        let output = softflowd.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut records = live.records(97);
        assert_eq!(live.end().records.len(), 0);
        for record in &mut records {
            record.remove("sampling");
            // The header of version 9 counts whole seconds.
            record.remove("timestamp");
        }
        all.push(records);
    }
    assert_eq!(figures(&all[0])[1..3], [335, 213_937]);
    assert!(all[0] == all[1] && all[0] == all[2]);
}

/// The packets of the samples.
fn unpacked(to: PathBuf) -> PathBuf {
    let output = Command::new("gzip").arg("-dc").arg(sample("sample.pcap.gz")).output().unwrap();
    std::fs::File::create(&to).unwrap().write_all(&output.stdout).unwrap();
    to
}

#[test]
fn what_cannot_be_listened_on_is_refused_before_anything_is_read() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let taken = format!("udp://{}", taken.local_addr().unwrap());
    for (args, part) in [
        (&[taken.as_str()][..], "address already in use"),
        (&["udp://router:2055"], "udp://HOST:PORT is expected"),
        (&["--tick", "1s"], "--tick goes with live input"),
        (&["--merge", "udp://127.0.0.1:0"], "--merge is for inputs that end"),
    ] {
        let outcome = support::run(args, "");
        assert!(outcome.code == Some(2) && outcome.stderr.contains(part), "{args:?}: {}", outcome.stderr);
    }
}

#[test]
fn templates_are_kept_from_one_run_to_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("templates");
    let all = datagrams("sample.ipfix.dat");
    let mut first = Listening::begin(1, &["--templates", file.to_str().unwrap()]);
    first.socket(0).send(&all[0]).unwrap();
    first.records(24);
    assert_eq!(first.end().code, Some(143));
    // The datagrams that follow have no templates.
    for (args, count) in [(&["--templates", file.to_str().unwrap()][..], 75), (&[], 0)] {
        let live = Listening::begin(1, args);
        let socket = live.socket(0);
        all[1..].iter().for_each(|datagram| assert!(socket.send(datagram).is_ok()));
        assert_eq!(live.end().records.len(), count);
    }
    std::fs::write(&file, "{}").unwrap();
    let outcome = support::run(&["--templates", file.to_str().unwrap()], "");
    assert!(outcome.code == Some(2) && outcome.stderr.contains("it is damaged"), "{}", outcome.stderr);
}

#[test]
fn flows_rotate_into_packed_files_by_their_time() {
    let folder = tempfile::tempdir().unwrap();
    let pattern = folder.path().join("f.%Y%m%d%H%M.ndjson.zst");
    let args = ["--rotate", "5m", "-o", pattern.to_str().unwrap()];
    let live = Listening::begin(1, &args);
    let socket = live.socket(0);
    let mut sent = 0;
    for (number, seconds) in [0u32, 10, 400, 20, 100_000].into_iter().enumerate() {
        let mut datagram = v5(number as u32, 1);
        datagram[8..12].copy_from_slice(&(1_700_000_000 + seconds).to_be_bytes());
        socket.send(&datagram).unwrap();
        sent += 1;
    }
    let ended = live.end();
    assert_eq!((ended.code, &ended.counters["written"]), (Some(143), &sent.into()));
    let mut names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    let counts: Vec<_> = names.iter().map(|path| support::read(path, &[]).records().len()).collect();
    let names: Vec<_> = names.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["f.202311142210.ndjson.zst", "f.202311142220.ndjson.zst", "f.202311160200.ndjson.zst"]);
    assert_eq!(counts, [2, 2, 1]);
    for (args, part) in [
        (&["--rotate", "5m"][..], "--rotate needs -o"),
        (&["--rotate", "5m", "-o", "flows.ndjson"], "without %Y in -o"),
        (&["--rotate", "5m", "-o", "/absent/f.%Y%m%d%H%M"], "there is no folder /absent"),
        (&["--rotate", "5m", "-t", "-o", "f.%Y%m%d%H%M"], "--rotate writes lines"),
    ] {
        let outcome = support::run(args, "");
        assert!(outcome.code == Some(2) && outcome.stderr.contains(part), "{args:?}: {}", outcome.stderr);
    }
}

#[test]
fn ticks_complete_files_and_where_none_can_be_made_the_run_ends() {
    let folder = tempfile::tempdir().unwrap();
    let flows = folder.path().join("flows");
    std::fs::create_dir(&flows).unwrap();
    let pattern = flows.join("%Y%m%d/f.%H%M%S");
    let args = ["--rotate", "1s", "--lateness", "1s", "--tick", "100ms", "-o", pattern.to_str().unwrap()];
    let live = Listening::begin(1, &args);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as u32;
    let mut datagram = v5(0, 1);
    datagram[8..12].copy_from_slice(&now.to_be_bytes());
    live.socket(0).send(&datagram).unwrap();
    let is_there = || {
        let days = std::fs::read_dir(&flows).unwrap().map(|day| day.unwrap().path());
        let mut files = days.flat_map(|day| std::fs::read_dir(day).unwrap()).map(|file| file.unwrap().file_name());
        files.any(|name| name.to_str().unwrap().starts_with("f."))
    };
    let deadline = Instant::now() + PATIENCE;
    while !is_there() {
        assert!(Instant::now() < deadline, "no file appears");
        thread::sleep(Duration::from_millis(50));
    }
    std::fs::remove_dir_all(&flows).unwrap();
    std::fs::write(&flows, "").unwrap();
    datagram[8..12].copy_from_slice(&(now + 10).to_be_bytes());
    live.socket(0).send(&datagram).unwrap();
    let ended = live.ended();
    assert_eq!((ended.code, ended.records.len()), (Some(2), 0), "{:?}", ended.told);
}
