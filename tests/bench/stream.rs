//! Writes flow lines without end, or so many: `rustc --edition 2024 -O tests/bench/stream.rs`, then `stream FLOWS HOSTS PEERS [SEED]`.
//!
//! Flow `i` follows from its number: hosts come in a permuted order, each talks to PEERS others, times go over a week. So a
//! run over any number of flows needs no file, and its figures can be told beforehand. Every field is written digit by digit
//! into a buffer of a megabyte.

use std::io::{self, Write};

fn put(out: &mut Vec<u8>, mut value: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut at = 20;
    while value > 0 || at > 20 - width {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    out.extend_from_slice(&digits[at..]);
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

fn address(out: &mut Vec<u8>, octets: [u64; 4]) {
    for (i, octet) in octets.into_iter().enumerate() {
        if i > 0 {
            out.push(b'.');
        }
        put(out, octet, 1);
    }
}

fn line(out: &mut Vec<u8>, i: u64, hosts: u64, peers: u64, seed: u64) {
    let host = (i.wrapping_mul(7919) + seed) % hosts;
    let peer = i / hosts % peers;
    let time = i.wrapping_mul(104_729) % 604_800;
    text(out, "{\"timestamp\":\"2026-03-");
    put(out, 2 + time / 86_400, 2);
    for (mark, value) in [('T', time / 3600 % 24), (':', time / 60 % 60), (':', time % 60)] {
        out.push(mark as u8);
        put(out, value, 2);
    }
    out.push(b'.');
    put(out, i % 1000, 3);
    text(out, "Z\",\"duration\":");
    put(out, i % 60, 1);
    text(out, ".5,\"src_ip\":\"");
    address(out, [10 + (host >> 24), host >> 16 & 255, host >> 8 & 255, host & 255]);
    text(out, "\",\"dst_ip\":\"");
    address(out, [172, 16 + (peer + host) % 16, host / 7 % 256, (host + peer * 31) % 256]);
    text(out, "\",\"src_port\":");
    put(out, 1024 + i % 60_000, 1);
    text(out, ",\"dst_port\":");
    put(out, if peer % 3 == 0 { 443 } else { 53 + peer * 13 % 900 }, 1);
    text(out, if peer % 4 == 0 { ",\"protocol\":17,\"packets\":" } else { ",\"protocol\":6,\"packets\":" });
    put(out, 1 + i % 40, 1);
    text(out, ",\"bytes\":");
    put(out, 40 + i.wrapping_mul(613) % 60_000, 1);
    text(out, "}\n");
}

fn main() -> io::Result<()> {
    let mut numbers = std::env::args().skip(1).map(|a| a.parse::<u64>().unwrap_or(0));
    let mut next = |default: u64| numbers.next().unwrap_or(default);
    let (flows, hosts, peers, seed) = (next(u64::MAX), next(100_000).max(1), next(10).max(1), next(0));
    let mut out = Vec::with_capacity(2 << 20);
    let mut to = io::stdout().lock();
    for i in 0..flows {
        line(&mut out, i, hosts, peers, seed);
        if out.len() > 1 << 20 {
            to.write_all(&out)?;
            out.clear();
        }
    }
    to.write_all(&out)
}
