//! What is injected into the day, each by hosts of its own: attacks of the sorts that detectors are named for.

use crate::background::client;
use crate::day::{Connection, HOUR, Ip};
use crate::numbers::Numbers;

/// The names of all, as `attack` has them.
pub(crate) const NAMES: [&str; 13] = [
    "scan",
    "sweep",
    "beacon",
    "beacon_10",
    "beacon_30",
    "beacon_50",
    "beacon_missed",
    "exfiltration",
    "dns_tunnel",
    "brute_force",
    "syn_flood",
    "amplification",
    "worm",
];

/// All attacks.
pub(crate) fn all(numbers: &mut Numbers) -> Vec<Connection> {
    let mut all = Vec::new();
    for name in NAMES {
        let of: Vec<Connection> = match name {
            "scan" => scan(numbers),
            "sweep" => sweep(numbers),
            "beacon" => beacon(numbers, 2, 0.0, 0.0),
            "beacon_10" => beacon(numbers, 3, 0.1, 0.0),
            "beacon_30" => beacon(numbers, 4, 0.3, 0.0),
            "beacon_50" => beacon(numbers, 5, 0.5, 0.0),
            "beacon_missed" => beacon(numbers, 6, 0.1, 0.1),
            "exfiltration" => exfiltration(numbers),
            "dns_tunnel" => dns_tunnel(numbers),
            "brute_force" => brute_force(numbers),
            "syn_flood" => syn_flood(numbers),
            "amplification" => amplification(),
            _ => worm(numbers),
        };
        all.extend(of.into_iter().map(|c| Connection { attack: Some(name), ..c }));
    }
    all
}

fn port(numbers: &mut Numbers) -> u16 {
    32_768 + numbers.below(28_000) as u16
}

/// A thousand ports of one host; a few are open.
fn scan(numbers: &mut Numbers) -> Vec<Connection> {
    let (ends, own) = (([185, 220, 100, 7], [10, 20, 9, 80]), port(numbers));
    (1..=1000u16).map(|p| Connection::syn(10 * HOUR + 40 * u64::from(p), ends, (own, p), p % 3 == 0)).collect()
}

/// One port of five hundred hosts; few answer.
fn sweep(numbers: &mut Numbers) -> Vec<Connection> {
    let me = client(1);
    let one = |n: u64| {
        let (at, ends) = (11 * HOUR + 200 * n, (me, [10, 20, 100 + (n / 250) as u8, 1 + (n % 250) as u8]));
        let own = port(numbers);
        if n % 40 == 39 {
            Connection::tcp(at, ends, (own, 445), 900, 1400, 90)
        } else {
            Connection::syn(at, ends, (own, 445), n.is_multiple_of(2))
        }
    };
    (0..500).map(one).collect()
}

/// Calls every two minutes, all day.
fn beacon(numbers: &mut Numbers, n: u64, jitter: f64, missed: f64) -> Vec<Connection> {
    let ends = (client(n), [91, 132, 147, 10 + n as u8]);
    let mut all = Vec::new();
    let mut at = 60_000 * n;
    while at < 24 * HOUR {
        if numbers.unit() >= missed {
            let own = port(numbers);
            all.push(Connection::tcp(at, ends, (own, 8443), 600 + numbers.below(20), 400, 200));
        }
        at += (120_000.0 * (1.0 + jitter * (2.0 * numbers.unit() - 1.0))) as u64;
    }
    all
}

/// 1.5 GB within two hours.
fn exfiltration(numbers: &mut Numbers) -> Vec<Connection> {
    let ends = (client(8), [194, 36, 189, 21]);
    let one =
        |n: u64| Connection::tcp(14 * HOUR + 120_000 * n, ends, (port(numbers), 443), 25_000_000, 300_000, 90_000);
    (0..60).map(one).collect()
}

/// Data in the names of questions.
fn dns_tunnel(numbers: &mut Numbers) -> Vec<Connection> {
    let ends = (client(9), [10, 20, 0, 2]);
    let one = |n: u64| {
        let (own, sent) = (port(numbers), 170 + numbers.below(60));
        Connection::udp(13 * HOUR + 900 * n, ends, (own, 53), sent, sent + 60)
    };
    (0..6000).map(one).collect()
}

/// Passwords, one after the other.
fn brute_force(numbers: &mut Numbers) -> Vec<Connection> {
    let ends: (Ip, Ip) = ([141, 98, 10, 60], [10, 20, 9, 22]);
    let one = |n: u64| {
        let (own, sent) = (port(numbers), 1900 + numbers.below(300));
        Connection { there: (14, sent), ..Connection::tcp(3 * HOUR + 1200 * n, ends, (own, 22), sent, 2600, 1100) }
    };
    (0..1500).map(one).collect()
}

/// SYNs with forged sources.
fn syn_flood(numbers: &mut Numbers) -> Vec<Connection> {
    let one = |n: u64| {
        let from = [
            60 + numbers.below(20) as u8,
            numbers.below(250) as u8,
            numbers.below(250) as u8,
            numbers.below(250) as u8,
        ];
        Connection::syn(16 * HOUR + 6 * n, (from, [10, 20, 9, 81]), (port(numbers), 443), false)
    };
    (0..20_000).map(one).collect()
}

/// Answers of time servers that nobody asked.
fn amplification() -> Vec<Connection> {
    let one = |n: u64| {
        let from = [77, 60, (n % 300 / 200) as u8, (n % 300 % 200) as u8];
        let answer =
            Connection::udp(17 * HOUR + 30 * n, (from, [10, 20, 9, 82]), (123, 40_000 + (n % 7) as u16), 46_800, 0);
        Connection { there: (100, 46_800), ..answer }
    };
    (0..3000).map(one).collect()
}

/// Each host that has it looks for the next ones.
fn worm(numbers: &mut Numbers) -> Vec<Connection> {
    let mut all = Vec::new();
    for n in 0..5u64 {
        let me = client(20 + n);
        for target in 0..60u64 {
            let at = 15 * HOUR + n * 600_000 + 3000 * target;
            let ends = (me, [10, 20, 120 + n as u8, 1 + target as u8]);
            all.push(Connection::syn(at, ends, (port(numbers), 445), target % 3 == 0));
        }
        let at = 15 * HOUR + (n + 1) * 600_000 - 60_000;
        all.push(Connection::tcp(at, (me, client(21 + n)), (port(numbers), 445), 90_000, 4000, 3000));
    }
    all
}
