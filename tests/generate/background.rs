//! What an ordinary day has: browsing, names, clocks, agents, updates, mail, files, monitoring, backups, a web server, and
//! the noise of the Internet. Volumes are log-normal with a sigma of 1.5 and more.

use crate::day::{Connection, HOUR, Ip};
use crate::numbers::Numbers;

/// Servers of the network.
const RESOLVERS: [Ip; 2] = [[10, 20, 0, 2], [10, 20, 0, 3]];
const BACKUP: Ip = [10, 20, 0, 9];
const MONITOR: Ip = [10, 20, 0, 10];
const FILES: Ip = [10, 20, 0, 20];
const MAIL: Ip = [10, 20, 0, 25];
const DIRECTORY: Ip = [10, 20, 0, 26];
const PROGRAM: Ip = [10, 20, 0, 30];
const DATABASE: Ip = [10, 20, 0, 31];
const WEB: Ip = [10, 20, 9, 80];
/// Services outside that all use.
const CLOCKS: [Ip; 2] = [[162, 159, 200, 1], [162, 159, 200, 123]];
const OFFICE: [Ip; 4] = [[13, 107, 6, 152], [13, 107, 18, 10], [13, 107, 128, 11], [52, 96, 0, 4]];
const UPDATES: [Ip; 3] = [[23, 45, 10, 1], [23, 45, 10, 2], [23, 45, 11, 9]];

const HTTPS: u16 = 443;

/// A client's address: not in the networks of servers.
pub(crate) fn client(n: u64) -> Ip {
    [10, 20, 10 + (n / 200) as u8, 1 + (n % 200) as u8]
}

/// A site of the Internet.
fn site(n: u64) -> Ip {
    [93, 184, (n / 250) as u8, 1 + (n % 250) as u8]
}

/// The background.
pub(crate) struct Background<'n> {
    clients: u64,
    numbers: &'n mut Numbers,
    all: Vec<Connection>,
}

impl<'n> Background<'n> {
    pub(crate) fn new(clients: u64, numbers: &'n mut Numbers) -> Background<'n> {
        Background { clients, numbers, all: Vec::new() }
    }

    /// All of its connections, in no order.
    pub(crate) fn connections(mut self) -> Vec<Connection> {
        (0..self.clients).for_each(|n| self.client(n));
        self.servers();
        self.internet();
        self.all
    }

    fn port(&mut self) -> u16 {
        32_768 + self.numbers.below(28_000) as u16
    }

    fn https(&mut self, start: u64, ends: (Ip, Ip), sent: f64, got: f64) {
        let (sent, got) = (self.numbers.volume(sent, 1.5), self.numbers.volume(got, 1.9));
        let (duration, port) = (self.numbers.volume(900.0, 1.6).min(2 * HOUR), self.port());
        self.all.push(Connection::tcp(start, ends, (port, HTTPS), sent, got, duration));
    }

    fn name(&mut self, start: u64, who: Ip) {
        let resolver = RESOLVERS[usize::from(self.numbers.unit() < 0.2)];
        let (sent, got, port) = (60 + self.numbers.below(25), 90 + self.numbers.below(300), self.port());
        self.all.push(Connection::udp(start, (who, resolver), (port, 53), sent, got));
    }

    /// Something that happens each `gap`, give or take `jitter` of it.
    fn each(&mut self, from: u64, to: u64, gap: u64, jitter: f64, mut what: impl FnMut(&mut Self, u64)) {
        let mut at = from + self.numbers.below(gap);
        while at < to {
            what(self, at);
            at += gap + (jitter * gap as f64 * (self.numbers.unit() - 0.5)) as u64;
        }
    }

    fn client(&mut self, n: u64) {
        let me = client(n);
        let from = 7 * HOUR + self.numbers.below(2 * HOUR);
        let to = if n.is_multiple_of(7) { 24 * HOUR } else { from + 8 * HOUR + self.numbers.below(2 * HOUR) };
        for _ in 0..120 + self.numbers.below(200) {
            let at = from + self.numbers.below(to - from);
            self.name(at, me);
            for more in 0..1 + self.numbers.below(4) {
                let site = site(self.numbers.popular(20_000));
                self.https(at + 50 + 40 * more, (me, site), 1500.0, 15_000.0);
            }
        }
        let clock = CLOCKS[(n % 2) as usize];
        self.each(0, 24 * HOUR, 1_024_000, 0.01, |b, at| {
            b.all.push(Connection::udp(at, (me, clock), (123, 123), 76, 76));
        });
        let office = OFFICE[(n % 4) as usize];
        self.each(from, to, 300_000, 0.1, |b, at| b.https(at, (me, office), 1200.0, 2500.0));
        self.each(from, to, 600_000, 0.05, |b, at| {
            let (got, port) = (b.numbers.volume(900.0, 1.5), b.port());
            b.all.push(Connection::tcp(at, (me, MAIL), (port, 993), 700, got, 400));
        });
        self.each(from, to, 3 * HOUR, 0.3, |b, at| b.https(at, (me, UPDATES[(n % 3) as usize]), 900.0, 40_000_000.0));
        // A product that few have asks its maker once an hour.
        if n % 60 == 7 {
            self.each(0, 24 * HOUR, HOUR, 0.0, |b, at| {
                let port = b.port();
                b.all.push(Connection::tcp(at, (me, [45, 60, 7, 1 + (n / 60) as u8]), (port, HTTPS), 640, 720, 300));
            });
        }
        for _ in 0..12 {
            let (at, port) = (from + self.numbers.below(to - from), self.port());
            let (sent, got) = (self.numbers.volume(30_000.0, 2.0), self.numbers.volume(90_000.0, 2.0));
            self.all.push(Connection::tcp(at, (me, FILES), (port, 445), sent, got, 40_000));
            let service = if at % 2 == 0 { 88 } else { 389 };
            self.all.push(Connection::tcp(at, (me, DIRECTORY), (port, service), 1600, 1700, 60));
        }
        // Meetings: as much there as back.
        if n.is_multiple_of(6) {
            let (at, port, bytes) = (from + HOUR, self.port(), self.numbers.volume(300_000_000.0, 0.5));
            let there = Connection::udp(at, (me, [52, 112, 3, 7]), (port, 3480), bytes, bytes + bytes / 5);
            self.all.push(Connection { duration: HOUR, ..there });
        }
    }

    fn servers(&mut self) {
        let servers: Vec<Ip> = (2..42).map(|n| [10, 20, 0, n]).collect();
        for server in servers.iter().take(4 + self.clients as usize / 16) {
            for port in [161, 22, HTTPS] {
                self.each(0, 24 * HOUR, 60_000, 0.0, |b, at| {
                    let sport = b.port();
                    b.all.push(match port {
                        161 => Connection::udp(at, (MONITOR, *server), (sport, port), 90, 120),
                        _ => Connection::tcp(at, (MONITOR, *server), (sport, port), 900, 1500, 30),
                    });
                });
            }
            let (at, port, bytes) = (HOUR + self.numbers.below(3 * HOUR), self.port(), self.numbers.volume(5e9, 1.5));
            self.all.push(Connection::tcp(at, (*server, BACKUP), (port, 10_050), bytes, bytes / 200, HOUR));
        }
        // The copy elsewhere: it looks as what leaves a company against its will does.
        self.all.push(Connection::tcp(
            5 * HOUR,
            (BACKUP, [35, 190, 3, 3]),
            (40_022, HTTPS),
            20_000_000_000,
            90_000_000,
            HOUR,
        ));
        self.each(0, 24 * HOUR, 5000, 0.4, |b, at| {
            let (got, port) = (b.numbers.volume(1500.0, 0.3), b.port());
            b.all.push(Connection::tcp(at, (PROGRAM, DATABASE), (port, 5432), 2000, got, 15));
        });
        self.each(0, 24 * HOUR, 60_000, 0.0, |b, at| {
            let port = b.port();
            b.all.push(Connection::tcp(at, ([10, 20, 0, 40], [10, 20, 0, 41]), (port, 22), 3900, 4200, 700));
        });
        // Names of sites that the resolvers do not know yet.
        for resolver in RESOLVERS {
            for _ in 0..self.clients * 20 {
                let (at, port, server) = (self.numbers.below(24 * HOUR), self.port(), self.numbers.popular(4000));
                let got = if self.numbers.unit() < 0.01 { 0 } else { 100 + self.numbers.below(400) };
                self.all.push(Connection::udp(at, (resolver, site(12_000 + server)), (port, 53), 70, got));
            }
        }
        for n in 0..300 {
            let (at, port, bytes) = (self.numbers.below(24 * HOUR), self.port(), self.numbers.volume(40_000.0, 1.8));
            let ends = (MAIL, [188, 40, (n / 200) as u8, 1 + (n % 200) as u8]);
            // Some receive no mail any more.
            self.all.push(match n % 20 {
                7 => Connection::syn(at, ends, (port, 25), false),
                _ => Connection::tcp(at, ends, (port, 25), bytes, 1200, 2000),
            });
        }
    }

    fn internet(&mut self) {
        for _ in 0..self.clients * 60 {
            let (at, port, who) = (self.numbers.below(24 * HOUR), self.port(), self.numbers.popular(30_000));
            let ends = ([84, 20 + (who / 62_500) as u8, (who / 250 % 250) as u8, 1 + (who % 250) as u8], WEB);
            let got = self.numbers.volume(20_000.0, 1.8);
            self.all.push(Connection::tcp(at, ends, (port, HTTPS), 1400, got, 3000));
        }
        // Probes of all the world: each source tries a few addresses, once.
        for n in 0..self.clients * 4 {
            for _ in 0..1 + self.numbers.below(3) {
                let (at, port, last) = (self.numbers.below(24 * HOUR), self.port(), self.numbers.below(250) as u8);
                let service = [22, 23, 80, 445, 3389, 8080][self.numbers.below(6) as usize];
                let ends = ([176, 58, (n / 250) as u8, (n % 250) as u8], [10, 20, 9, 1 + last]);
                self.all.push(Connection::syn(at, ends, (port, service), false));
            }
        }
    }
}
