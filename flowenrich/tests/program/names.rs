//! Names by a real name server on loopback, dnsmasq, and by servers that are silent, gone or hostile.
#![cfg(feature = "dns")]

use super::{lines, messages, run};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A name server that ends with the test.
struct Server {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port of loopback that nobody has now, neither for datagrams nor for connections.
fn free_port() -> u16 {
    loop {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

impl Server {
    /// dnsmasq with these lines of a hosts file, or `None` with a message that the test is skipped.
    fn start(hosts: &str) -> Option<Server> {
        let program = ["/usr/sbin/dnsmasq", "/usr/local/sbin/dnsmasq", "/usr/bin/dnsmasq"];
        let Some(program) = program.iter().find(|path| std::path::Path::new(path).exists()) else {
            eprintln!("skipped: no dnsmasq; Debian's package dnsmasq-base has it");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hosts");
        std::fs::write(&file, hosts).unwrap();
        let port = free_port();
        let child = Command::new(program)
            .args(["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces"])
            .args([
                "--listen-address=127.0.0.1",
                "--local-ttl=600",
                "--bogus-priv",
                "--local=/test/",
                "--user=root",
                "--pid-file=",
            ])
            .args([format!("--port={port}"), format!("--addn-hosts={}", file.display())])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Server { child, port, _folder: folder };
        server.wait();
        Some(server)
    }

    /// Waits until it answers.
    fn wait(&self) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        // A question for the addresses of "a.test".
        let question = b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x01a\x04test\0\0\x01\0\x01";
        for _ in 0..100 {
            let _ = socket.send_to(question, ("127.0.0.1", self.port));
            if socket.recv(&mut [0; 512]).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("dnsmasq does not answer");
    }

    fn item(&self, name: &str) -> String {
        format!("{name}:server=127.0.0.1:{}", self.port)
    }
}

fn address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(0x0a01_0000 + number)
}

/// Lines of a hosts file for so many addresses, those that divide by seven left out.
fn hosts(count: u32) -> String {
    let mut text = String::new();
    for number in (0..count).filter(|n| n % 7 != 0) {
        writeln!(text, "{} host-{number}.test", address(number)).unwrap();
    }
    text
}

fn flow(number: u32) -> String {
    format!("{{\"src_ip\":\"{}\",\"dst_ip\":\"{}\",\"bytes\":{number}}}\n", address(number), address(number / 2))
}

/// Checks that every line is there in its order; answers how many ends have a name.
fn check(out: &str, count: u32, all: bool) -> u32 {
    let mut named = 0;
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), count as usize);
    for (number, line) in (0..count).zip(lines) {
        assert_eq!(line["bytes"], number);
        for (end, host) in [("src_name", number), ("dst_name", number / 2)] {
            let name = line.get(end).and_then(Value::as_str);
            named += u32::from(name.is_some());
            if all || name.is_some() {
                let wanted = (host % 7 != 0).then(|| format!("host-{host}.test"));
                assert_eq!(name, wanted.as_deref(), "{line}");
            }
        }
    }
    named
}

#[test]
fn ten_thousand_addresses_have_their_names_in_order() {
    let Some(server) = Server::start(&hosts(10_000)) else { return };
    let input: String = (0..10_000).map(flow).collect();
    let start = Instant::now();
    let out = lines(&[&server.item("rdns")], &input);
    eprintln!("10000 addresses in {:.2} s", start.elapsed().as_secs_f64());
    assert!(check(&out, 10_000, true) > 17_000);
    // Behind another that lets all lines go at once, and once more over what it has written.
    let timed = |n: u32| flow(n).replace('{', "{\"timestamp\":\"2026-03-10T09:00:00.000Z\",");
    let input: String = (0..3000).map(timed).collect();
    let out = lines(&["fan", &server.item("rdns"), "scope"], &input);
    check(&out, 3000, true);
    assert_eq!(lines(&[&server.item("rdns")], &out), out);
}

#[test]
fn names_are_kept_in_a_file() {
    let hosts: String = (0..500).map(|n| format!("{} host-{n}.test\n", address(n))).collect();
    let Some(server) = Server::start(&hosts) else { return };
    let folder = tempfile::tempdir().unwrap();
    let item = format!("{},timeout=200ms,cachefile={}", server.item("rdns"), folder.path().join("names").display());
    let input: String = (0..500).map(flow).collect();
    let out = lines(&[&item], &input);
    assert_eq!(out.matches("\"src_name\":\"host-").count(), 500);
    drop(server);
    let (code, told) = messages(&["-q", &item], &input);
    assert_eq!((code, told.as_str()), (0, ""));
    assert_eq!(lines(&["-q", &item], &input), out);
}

#[test]
fn a_server_that_stops_midway_costs_names_and_no_line() {
    let Some(server) = Server::start(&hosts(4000)) else { return };
    let mut child = Command::new(env!("CARGO_BIN_EXE_flowenrich"))
        .arg(format!("{},timeout=200ms", server.item("rdns")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let first: String = (0..1000).map(flow).collect();
    stdin.write_all(first.as_bytes()).unwrap();
    let mut text = String::new();
    for _ in 0..1000 {
        out.read_line(&mut text).unwrap();
    }
    assert!(check(&text, 1000, true) > 1500);
    drop(server);
    let writer = std::thread::spawn(move || {
        let rest: String = (1000..4000).map(flow).collect();
        stdin.write_all(rest.as_bytes()).unwrap();
    });
    std::io::Read::read_to_string(&mut out, &mut text).unwrap();
    writer.join().unwrap();
    let ended = child.wait_with_output().unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    check(&text, 4000, false);
    assert_eq!(ended.status.code(), Some(0), "{told}");
    assert_eq!(told.matches("no answer came from 127.0.0.1").count(), 1, "{told}");
}

#[test]
fn a_silent_server_slows_nothing_after_the_first_questions() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let item = format!("rdns:server=127.0.0.1:{},timeout=100ms", socket.local_addr().unwrap().port());
    let input: String = (0..20_000).map(flow).collect();
    let start = Instant::now();
    let output = run(&[&item], input.as_bytes());
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), input);
    assert!(told.matches("no answer came from 127.0.0.1 for addresses: ").count() == 1, "{told}");
    // Some hundred questions of 200 ms each are under way together; 20 000 in turn would take an hour.
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    let (code, told) = messages(&[&format!("{item},only=global")], &input);
    assert!(code == 0 && !told.contains("no answer"), "{told}");
}

/// Answers every question with this data of a PTR record.
fn hostile(data: &'static [u8]) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut question = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut question) {
            // Without what stands behind the question.
            let end = question[12..length].iter().position(|b| *b == 0).unwrap() + 12 + 5;
            let mut answer = question[..end].to_vec();
            answer[2..4].copy_from_slice(&[0x84, 0]);
            answer[6..12].copy_from_slice(&[0, 1, 0, 0, 0, 0]);
            answer.extend_from_slice(&[0xc0, 12, 0, 12, 0, 1, 0, 0, 1, 0, 0, data.len() as u8]);
            answer.extend_from_slice(data);
            let _ = socket.send_to(&answer, from);
        }
    });
    address
}

#[test]
fn hostile_names_come_escaped_and_hostile_messages_as_none() {
    let server = hostile(b"\x0aa\"b\\\n\x1b[0m\xff\x04evil\0");
    let line = "{\"src_ip\":\"192.0.2.1\"}\n";
    let out = lines(&[&format!("rdns:server={server}")], line);
    let value: Value = serde_json::from_str(&out).unwrap();
    let name = value["src_name"].as_str().unwrap();
    assert!(name.ends_with(".evil") && name.starts_with('a') && !name.contains(char::is_control), "{name:?}");
    // A name that points to itself, one that goes on behind the end, one that is none.
    for data in [&b"\xc0\x34"[..], b"\x3fabc", b"", b"\0"] {
        let server = hostile(data);
        let (code, _) = messages(&["-q", &format!("rdns:server={server},timeout=300ms")], line);
        assert_eq!(code, 0);
        let out = lines(&["-q", &format!("rdns:server={server},timeout=300ms")], line);
        assert_eq!(out, line, "{data:?}");
    }
}

#[test]
fn names_are_looked_up_once_and_flows_that_touch_them_tagged() {
    let hosts = "192.0.2.1 www.test\n192.0.2.2 www.test\n2001:db8::1 www.test\n192.0.2.2 other.test\n";
    let Some(server) = Server::start(hosts) else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("names");
    std::fs::write(&file, "# ours\nwww.test # the first\n\nother.test\nnone.test\n").unwrap();
    let input = "{\"src_ip\":\"192.0.2.1\",\"dst_ip\":\"192.0.2.2\"}\n{\"dst_ip\":\"2001:db8::1\"}\n{\"src_ip\":\"192.0.2.3\"}\n";
    let expected = "{\"src_ip\":\"192.0.2.1\",\"dst_ip\":\"192.0.2.2\",\"src_host\":\"www.test\",\"dst_host\":\"www.test\"}\n\
                    {\"dst_ip\":\"2001:db8::1\",\"dst_host\":\"www.test\"}\n{\"src_ip\":\"192.0.2.3\"}\n";
    for names in [file.display().to_string(), "www.test+other.test+none.test".into()] {
        let output = run(&[&format!("{},names={names}", server.item("resolve"))], input.as_bytes());
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected, "{told}");
        assert!(told.contains("names without an address: 1 of 3; the first is none.test"), "{told}");
    }
    let first: BTreeMap<_, _> = [("other.test+www.test", "other.test"), ("www.test+other.test", "www.test")].into();
    for (names, host) in first {
        let out = lines(&["-q", &format!("{},names={names}", server.item("resolve"))], "{\"src_ip\":\"192.0.2.2\"}\n");
        assert!(out.contains(&format!("\"src_host\":\"{host}\"")), "{out}");
    }
}

#[test]
fn wrong_servers_and_names_are_refused() {
    for (item, part) in [
        ("rdns:server=example.org", "\"example.org\" is no address"),
        ("rdns:server=127.0.0.1:0x35", "is no address"),
        ("rdns:rate=0", "integer"),
        ("resolve:server=127.0.0.1", "names=FILE or names=NAME+NAME is missing"),
        ("resolve:server=127.0.0.1,names=a b", "is no name and no file"),
        ("resolve:server=127.0.0.1,names=/none/names", "is no name and no file"),
    ] {
        let (code, told) = messages(&[item], "{\"src_ip\":\"192.0.2.1\"}\n");
        assert!(code == 2 && told.contains(part), "{item}: {told}");
    }
}
