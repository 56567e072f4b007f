//! Sends numbered flows at a steady rate, as NetFlow 5 or IPFIX: `send HOST:PORT 5|10 RECORDS_A_SECOND SECONDS`.
//!
//! `tests/bench/live` builds it with rustc alone. The flows are of 10 000 hosts; it says at the end what it has sent.

use std::net::UdpSocket;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Flows of a datagram.
const FLOWS: u32 = 30;

/// Bytes of a flow of IPFIX: addresses, ports, protocol, flags, packets, bytes, start, end.
const FIELDS: [(u16, u16); 10] =
    [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (6, 1), (2, 4), (1, 4), (152, 8), (153, 8)];

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let [_, to, version, rate, seconds] = &args[..] else { panic!("send HOST:PORT 5|10 RATE SECONDS") };
    let (rate, seconds): (f64, f64) = (rate.parse().unwrap(), seconds.parse().unwrap());
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(to.as_str()).unwrap();
    let is_5 = version == "5";
    let (began, mut sent) = (Instant::now(), 0u32);
    let mut datagram = Vec::with_capacity(1500);
    if !is_5 {
        template(&mut datagram, sent);
        socket.send(&datagram).unwrap();
    }
    let mut refused = 0;
    while began.elapsed().as_secs_f64() < seconds {
        let due = (began.elapsed().as_secs_f64() * rate) as u32;
        while sent + FLOWS <= due {
            match is_5 {
                true => v5(&mut datagram, sent),
                false => ipfix(&mut datagram, sent),
            }
            match socket.send(&datagram) {
                Ok(_) => sent += FLOWS,
                Err(_) => refused += 1,
            }
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    let datagrams = sent / FLOWS + u32::from(!is_5);
    println!("sent {sent} records in {datagrams} datagrams in {:.1} s, {refused} refused", began.elapsed().as_secs_f64());
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

fn v5(out: &mut Vec<u8>, first: u32) {
    out.clear();
    out.extend([0, 5, 0, FLOWS as u8]);
    let now = now();
    for number in [1_000_000, now.as_secs() as u32, now.subsec_nanos(), first, 0] {
        out.extend(number.to_be_bytes());
    }
    for number in first..first + FLOWS {
        let mut record = [0; 48];
        record[..4].copy_from_slice(&(0x0a00_0000 + number % 10_000).to_be_bytes());
        record[4..8].copy_from_slice(&(0xc000_0200 + number % 7).to_be_bytes());
        record[16..20].copy_from_slice(&3u32.to_be_bytes());
        record[20..24].copy_from_slice(&1500u32.to_be_bytes());
        record[24..28].copy_from_slice(&999_000u32.to_be_bytes());
        record[28..32].copy_from_slice(&999_500u32.to_be_bytes());
        record[32..34].copy_from_slice(&(number as u16).to_be_bytes());
        record[34..36].copy_from_slice(&443u16.to_be_bytes());
        (record[37], record[38]) = (27, 6);
        out.extend(record);
    }
}

fn header(out: &mut Vec<u8>, length: u16, first: u32) {
    out.clear();
    out.extend([0, 10]);
    out.extend(length.to_be_bytes());
    for number in [now().as_secs() as u32, first, 0] {
        out.extend(number.to_be_bytes());
    }
}

fn template(out: &mut Vec<u8>, first: u32) {
    let length = 8 + 4 * FIELDS.len() as u16;
    header(out, 16 + length, first);
    for word in [2, length, 256, FIELDS.len() as u16].into_iter().chain(FIELDS.iter().flat_map(|f| [f.0, f.1])) {
        out.extend(word.to_be_bytes());
    }
}

fn ipfix(out: &mut Vec<u8>, first: u32) {
    let record: u16 = FIELDS.iter().map(|field| field.1).sum();
    let length = 4 + record * FLOWS as u16;
    header(out, 16 + length, first);
    out.extend([1, 0]);
    out.extend(length.to_be_bytes());
    let millis = now().as_millis() as u64;
    for number in first..first + FLOWS {
        out.extend((0x0a00_0000 + number % 10_000).to_be_bytes());
        out.extend((0xc000_0200 + number % 7).to_be_bytes());
        out.extend((number as u16).to_be_bytes());
        out.extend(443u16.to_be_bytes());
        out.extend([6, 27]);
        out.extend(3u32.to_be_bytes());
        out.extend(1500u32.to_be_bytes());
        out.extend((millis - 1000).to_be_bytes());
        out.extend((millis - 500).to_be_bytes());
    }
}
