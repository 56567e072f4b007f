//! First packets of each application, written after its standard, and what is none of them.
#![allow(clippy::unwrap_used)]

use super::*;

/// What a payload is taken for, sent by the flow's source if `from` is above the service's port.
fn shown(is_tcp: bool, ports: [u16; 2], bytes: &[u8]) -> String {
    shown_all(is_tcp, ports, &[(0, bytes)])
}

/// The same of payloads in turn, each with its number in TCP.
fn shown_all(is_tcp: bool, [from, to]: [u16; 2], payloads: &[(u32, &[u8])]) -> String {
    let (mut seen, mut open) = (Seen::default(), 0);
    for &(sequence, bytes) in payloads {
        let payload = Payload { bytes, is_tcp, is_out: from > to, ports: [from, to], sequence };
        if seen.looks < MOST_LOOKS {
            seen.examine(&payload, &mut open);
        }
    }
    seen.end(&mut open);
    assert_eq!(open, 0);
    let Some(name) = seen.app else { return String::new() };
    let more = seen.more.unwrap_or_default();
    let host = if more.host.is_empty() { String::new() } else { format!(" {}", more.host) };
    let alpn = if more.alpn.is_empty() { String::new() } else { format!(" ({})", more.alpn) };
    format!("{name}{host}{alpn}")
}

fn tcp(port: u16, bytes: &[u8]) -> String {
    shown(true, [40_000, port], bytes)
}

fn udp(port: u16, bytes: &[u8]) -> String {
    shown(false, [40_000, port], bytes)
}

/// A port that is nobody's.
const ANY: u16 = 39_999;

/// A value behind its length of so many bytes.
fn behind(width: usize, value: &[u8]) -> Vec<u8> {
    [&(value.len() as u64).to_be_bytes()[8 - width..], value].concat()
}

/// A ClientHello with these extensions, as a handshake's message.
fn client_hello(version: [u8; 2], cookie: &[u8], extensions: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let extensions: Vec<u8> =
        extensions.iter().flat_map(|(kind, value)| [kind.to_be_bytes().to_vec(), behind(2, value)].concat()).collect();
    let body = [
        &version[..],
        &[7; 32],
        &behind(1, &[1; 32]),
        cookie,
        &behind(2, &[0x13, 1, 0x13, 2]),
        &[1, 0],
        &behind(2, &extensions),
    ]
    .concat();
    [&[1][..], &behind(3, &body)].concat()
}

fn named(host: &[u8]) -> (u16, Vec<u8>) {
    (0, behind(2, &[&[0][..], &behind(2, host)].concat()))
}

fn protocols(all: &[&[u8]]) -> (u16, Vec<u8>) {
    (16, behind(2, &all.iter().flat_map(|one| behind(1, one)).collect::<Vec<u8>>()))
}

fn tls_record(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 3, 1][..], &behind(2, body)].concat()
}

fn query(name: &[&str], kind: u8) -> Vec<u8> {
    let labels: Vec<u8> = name.iter().flat_map(|label| behind(1, label.as_bytes())).collect();
    [&[0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], &labels, &[0, 0, kind, 0, 1]].concat()
}

#[test]
fn tls_names_the_server_and_what_is_spoken_inside() {
    let both = [(10, vec![0, 2, 0, 29]), named(b"www.example.org"), protocols(&[b"h2", b"http/1.1"])];
    let hello = tls_record(22, &client_hello([3, 3], &[], &both));
    assert_eq!(tcp(ANY, &hello), "tls www.example.org (h2)");
    // The end may be missing.
    let names: Vec<String> = (44..hello.len()).map(|end| tcp(443, &hello[..end])).collect();
    let known = ["tls", "tls www.example.org", "tls www.example.org (h2)"];
    assert!(names.iter().all(|name| known.contains(&name.as_str())), "{names:?}");
    assert!(names.iter().filter(|name| *name == known[1]).count() > 3);
    assert_eq!(tcp(443, &tls_record(22, &client_hello([3, 3], &[], &[]))), "tls");
    assert_eq!(tcp(443, &tls_record(22, &client_hello([3, 3], &[], &[named(b"bad\x1bname")]))), "tls");
    assert_eq!(shown(true, [443, 40_000], &tls_record(22, &[2, 0, 0, 2, 3, 3])), "tls");
    assert_eq!(tcp(ANY, &tls_record(23, &[7; 100])), "tls");
    assert_eq!(tcp(ANY, &[&tls_record(23, &[7; 100])[..], b"xxxx"].concat()), "");
    let dtls = [
        &[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0][..],
        &behind(2, &{
            let hello = client_hello([0xfe, 0xfd], &[0], &[named(b"turn.example.org")]);
            [&hello[..4], &[0, 0, 0, 0, 0, 0, 0, 0], &hello[4..]].concat()
        }),
    ]
    .concat();
    assert_eq!(udp(ANY, &dtls), "dtls turn.example.org");
}

#[test]
fn a_client_hello_is_put_together_from_segments_in_any_order() {
    let hello = client_hello([3, 3], &[], &[(51, vec![9; 1500]), named(b"www.example.org"), protocols(&[b"h2"])]);
    // Also where it stands in several records.
    let records: Vec<u8> = hello.chunks(700).flat_map(|part| tls_record(22, part)).collect();
    for bytes in [tls_record(22, &hello), records] {
        let start = u32::MAX - 600;
        let parts: Vec<(u32, &[u8])> =
            bytes.chunks(500).enumerate().map(|(n, part)| (start.wrapping_add(500 * n as u32), part)).collect();
        let [first, second, third, last] = *parts.first_chunk().unwrap();
        assert_eq!(parts.len(), 4);
        for order in [
            vec![first, second, third, last],
            vec![first, last, third, second],
            vec![first, first, third, third, second, last],
        ] {
            assert_eq!(shown_all(true, [40_000, 443], &order), "tls www.example.org (h2)");
        }
        assert_eq!(shown_all(true, [40_000, 443], &[first, second, last]), "tls");
    }
    let longer = tls_record(22, &client_hello([3, 3], &[], &[(51, vec![9; 9000]), named(b"www.example.org")]));
    let parts: Vec<(u32, &[u8])> = longer.chunks(1400).enumerate().map(|(n, part)| (1400 * n as u32, part)).collect();
    assert_eq!(shown_all(true, [40_000, 443], &parts), "tls");
}

#[test]
fn no_more_flows_wait_for_the_rest_of_a_hello_than_may() {
    let hello = tls_record(22, &client_hello([3, 3], &[], &[(51, vec![9; 1500]), named(b"www.example.org")]));
    let first = Payload { bytes: &hello[..1000], is_tcp: true, is_out: true, ports: [40_000, 443], sequence: 0 };
    let rest = Payload { bytes: &hello[1000..], sequence: 1000, ..first };
    let mut open = MOST_OPEN - 1;
    let mut all = [Seen::default(), Seen::default()];
    all.iter_mut().for_each(|seen| seen.examine(&first, &mut open));
    assert_eq!((open, all[0].looks, all[1].looks), (MOST_OPEN, 1, MOST_LOOKS));
    all[0].examine(&rest, &mut open);
    assert_eq!(open, MOST_OPEN - 1);
    assert_eq!(all.map(|seen| seen.more.unwrap().host), ["www.example.org".into(), "".into()]);
}

/// The client's first packet that RFC 9001 prints in appendix A.2, and RFC 9369 in its own A.2.
const PRINTED: [(&str, &str); 2] = [
    ("quic example.com (alpn)", include_str!("quic/rfc9001.hex")),
    ("quic example.com (alpn)", include_str!("quic/rfc9369.hex")),
];

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

#[test]
fn quic_names_the_server_that_is_asked_for() {
    for (shown, text) in PRINTED {
        let packet = unhex(text);
        assert_eq!(packet.len(), 1200);
        assert_eq!(udp(443, &packet), shown);
        // What is cut, or not deciphered, has no name.
        assert_eq!(udp(443, &packet[..1100]), "quic");
        let mut other = packet.clone();
        other[6] ^= 1;
        assert_eq!(udp(443, &other), "quic");
    }
}

#[test]
fn quic_is_known_by_its_long_header() {
    let first =
        |version: u32| [&[0xc3][..], &version.to_be_bytes(), &[8, 1, 2, 3, 4, 5, 6, 7, 8, 0], &[0; 1185]].concat();
    for version in [1, 0x6b33_43cf, 0xff00_001d, 0x5130_3530] {
        assert_eq!(udp(ANY, &first(version)), "quic", "{version:x}");
    }
    assert_eq!(udp(443, &first(0x1234_5678)), "");
    assert_eq!(udp(443, &[0x43; 1200]), "");
}

#[test]
fn http_names_the_host() {
    assert_eq!(
        tcp(ANY, b"GET /index.html HTTP/1.1\r\nAccept: */*\r\nhost:  www.example.org \r\n\r\n"),
        "http www.example.org"
    );
    assert_eq!(tcp(80, b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n"), "http example.org:443");
    assert_eq!(tcp(80, b"POST /very/long/path/that/is/cut"), "http");
    assert_eq!(tcp(80, b"GET / HTTP/1.1\r\nA: b\r\n\r\nHost: inner"), "http");
    assert_eq!(shown(true, [8080, 40_000], b"HTTP/1.1 200 OK\r\n\r\n"), "http");
    assert_eq!(tcp(ANY, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "http");
    assert_eq!(tcp(80, b"GET me a coffee\r\n"), "");
    assert_eq!(udp(1900, b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\r\n"), "ssdp");
    assert_eq!(tcp(ANY, b"OPTIONS rtsp://10.0.0.1/ RTSP/1.0\r\n\r\n"), "rtsp");
    assert_eq!(udp(ANY, b"INVITE sip:bob@example.org SIP/2.0\r\n\r\n"), "sip");
}

#[test]
fn names_that_are_asked_for_are_read() {
    assert_eq!(udp(53, &query(&["www", "example", "org"], 1)), "dns www.example.org");
    assert_eq!(udp(ANY, &query(&["a.b", "org"], 28)), "dns a_b.org");
    assert_eq!(udp(53, &query(&[], 2)), "dns");
    assert_eq!(tcp(53, &behind(2, &query(&["example", "org"], 1))), "dns example.org");
    assert_eq!(shown(false, [5353, 5353], &query(&["_ipp", "local"], 12)), "mdns");
    assert_eq!(udp(5355, &query(&["printer"], 1)), "llmnr printer");
    let netbios =
        [&[0, 1, 1, 0x10, 0, 1, 0, 0, 0, 0, 0, 0, 32][..], b"CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &[0, 0, 33, 0, 1]]
            .concat();
    assert_eq!(shown(false, [137, 137], &netbios), "netbios-ns");
    let mut looping = query(&["www"], 1);
    looping[12] = 0xc0;
    assert_eq!(udp(53, &looping), "");
    assert_eq!(udp(ANY, &[7; 40]), "");
}

#[test]
fn first_packets_of_all_others() {
    let mut ntp = [0; 48];
    ntp[0] = 0x23;
    let dhcp = [&[1, 1, 6, 0][..], &[0; 232], &[0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255]].concat();
    let smb = [&[0, 0, 0, 64][..], b"\xfeSMB", &[0; 60]].concat();
    let call = |program: u32| [&[1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 2][..], &program.to_be_bytes(), &[0; 12]].concat();
    let marked = |bytes: Vec<u8>| [&(0x8000_0000 | bytes.len() as u32).to_be_bytes()[..], &bytes].concat();
    let ike = [&[1; 8][..], &[0; 8], &[33, 0x20, 34, 8], &[0; 8]].concat();
    for (is_tcp, port, bytes, name) in [
        (false, 123, &ntp[..], "ntp"),
        (false, ANY, &ntp, ""),
        (false, 67, &dhcp, "dhcp"),
        (false, 67, &dhcp[..100], "dhcp"),
        (false, 547, &[1, 0x10, 8, 0x74, 0, 1, 0, 10], "dhcpv6"),
        (false, ANY, &[0x30, 41, 2, 1, 1, 4, 6, b'p', b'u', b'b', b'l', b'i', b'c'], "snmp"),
        (false, 514, b"<34>Oct 11 22:14:15 host su: failed", "syslog"),
        (false, ANY, b"<192>x", ""),
        (false, ANY, &[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0], "stun"),
        (false, 1812, &[1, 7, 0, 20, 0, 0], "radius"),
        (false, 69, b"\0\x01boot.img\0octet\0", "tftp"),
        (false, 2055, &[&[0, 5, 0, 1][..], &[0; 68]].concat(), "netflow"),
        (
            false,
            ANY,
            &[&[0, 10, 0, 24, 101, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0][..], &[1, 0, 0, 8, 1, 2, 3, 4]].concat(),
            "netflow",
        ),
        (
            false,
            ANY,
            &[&[0, 10, 0, 25, 101, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0][..], &[1, 0, 0, 8, 1, 2, 3, 4]].concat(),
            "",
        ),
        (false, 6343, &[0, 0, 0, 5, 0, 0, 0, 1, 10, 0, 0, 1], "sflow"),
        (true, ANY, &[&[0xff; 16][..], &[0, 29, 1, 4]].concat(), "bgp"),
        (false, 500, &ike, "ike"),
        (false, 4500, &[&[0; 4][..], &ike].concat(), "ike"),
        (true, ANY, b"SSH-2.0-OpenSSH_9.2\r\n", "ssh"),
        (true, 23, &[255, 253, 24, 255, 253, 32], "telnet"),
        (true, 3389, &[3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0], "rdp"),
        // As [MS-RDPBCGR] prints it in section 4.1.1.
        (true, 3389, b"\x03\0\0\x2c\x27\xe0\0\0\0\0\0Cookie: mstshash=eltons\r\n\x01\0\x08\0\0\0\0\0", "rdp"),
        (true, ANY, b"RFB 003.008\n", "vnc"),
        (true, ANY, &smb, "smb"),
        (true, 21, b"220 ready\r\n", "ftp"),
        (true, ANY, b"220 (vsFTPd 3.0.3)\r\n", "ftp"),
        (true, 21, b"USER anonymous\r\n", "ftp"),
        (false, ANY, &call(100_003), "nfs"),
        (true, ANY, &marked(call(100_003)), "nfs"),
        (false, 111, &call(100_000), "portmap"),
        (true, ANY, b"@RSYNCD: 31.0\n", "rsync"),
        (true, ANY, b"\x13BitTorrent protocol\0\0\0\0", "bittorrent"),
        (false, ANY, b"d1:ad2:id20:aaaaaaaaaaaaaaaaaaaae1:q4:ping1:t2:aa1:y1:qe", "bittorrent"),
        (true, ANY, b"EHLO mail.example.org\r\n", "smtp"),
        (true, 25, b"220 mail.example.org ready\r\n", "smtp"),
        (true, ANY, b"220 mail.example.org ESMTP Postfix\r\n", "smtp"),
        (true, 110, b"USER bob\r\n", "pop3"),
        (true, 143, b"a1 login bob x\r\n", "imap"),
        (true, ANY, &[0x10, 16, 0, 4, b'M', b'Q', b'T', b'T', 4, 2, 0, 60, 0, 4, 1, 2, 3, 4], "mqtt"),
        (true, ANY, b"AMQP\0\0\x09\x01", "amqp"),
        (true, ANY, b"<stream:stream xmlns='jabber:client' to='example.org'>", "xmpp"),
        (true, ANY, b"NICK bob\r\nUSER bob 0 * :Bob\r\n", "irc"),
        (true, 502, &[0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 10], "modbus"),
        (true, 389, &[0x30, 12, 2, 1, 1, 0x60, 7, 2, 1, 3, 4, 0, 0x80, 0], "ldap"),
        (false, 88, &[0x6a, 3, 0x30, 1, 0], "kerberos"),
        (true, ANY, &[5, 0, 11, 3, 0x10, 0, 0, 0, 72, 0, 0, 0, 1, 0, 0, 0], "dcerpc"),
        (true, 5432, &[0, 0, 0, 8, 4, 210, 22, 47], "postgresql"),
        (true, ANY, b"*1\r\n$4\r\nPING\r\n", "redis"),
        (true, 11211, b"get key\r\n", "memcached"),
        (false, ANY, &[&[1, 0, 0, 0][..], &[7; 144]].concat(), "wireguard"),
        (false, 1194, &[0x38, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0], "openvpn"),
        (false, 2152, &[0x30, 0xff, 0, 33, 0, 0, 0, 1], "gtp"),
        (false, 4789, &[&[8, 0, 0, 0, 0, 0, 1, 0][..], &[2; 14]].concat(), "vxlan"),
        (true, ANY, &[5, 1, 0], "socks"),
    ] {
        assert_eq!(shown(is_tcp, [40_000, port], bytes), name, "{port} {bytes:02x?}");
    }
    let greeting = b"\x4a\0\0\0\x0a8.0.36\0\x08\0\0\0";
    assert_eq!(shown(true, [3306, 40_000], greeting), "mysql");
    assert_eq!(shown(true, [ANY, 40_000], b"+OK ready\r\n"), "pop3");
    assert_eq!(shown(true, [ANY, 40_000], b"* OK IMAP4rev1 ready\r\n"), "imap");
}

#[test]
fn no_payload_is_read_beyond_its_end_and_random_ones_are_rarely_taken_for_something() {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    let mut taken = 0;
    for round in 0..20_000 {
        let bytes: Vec<u8> = (0..round % 70).map(|_| next()).collect();
        for is_tcp in [true, false] {
            taken += usize::from(!shown(is_tcp, [40_000, ANY], &bytes).is_empty());
            shown(is_tcp, [40_000, [53, 443, 389, 88, 502, 1883, 137][round % 7]], &bytes);
        }
    }
    assert!(taken < 40, "{taken}");
}

#[test]
fn names_are_unique_and_no_port_is_two_services() {
    let mut names: Vec<_> = apps().map(|app| app.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
    for is_tcp in [true, false] {
        let mut all: Vec<_> = apps().flat_map(|app| ports(app, is_tcp)).collect();
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count, "{is_tcp}");
    }
}

#[test]
fn ports_tell_where_the_payload_does_not() {
    let guess = Guess::default();
    for (protocol, ports, name) in [
        (TCP, [40_000, 443], Some("tls")),
        (UDP, [40_000, 443], Some("quic")),
        (TCP, [443, 40_000], Some("tls")),
        (TCP, [22, 5000], Some("ssh")),
        (TCP, [40_000, 873], Some("rsync")),
        (TCP, [50_000, 60_000], None),
        (TCP, [40_000, 631], Some("ipp")),
        (UDP, [137, 137], Some("netbios-ns")),
        (1, [0, 0], None),
        (132, [40_000, 2905], Some("m3ua")),
    ] {
        assert_eq!(guess.of(protocol, ports), name, "{protocol} {ports:?}");
    }
}
