//! The day: connections in the order of their start, as flow lines.
//!
//! Every second client's flows come from an exporter that reports each direction by itself, all others as one record of
//! both. Times are in milliseconds since midnight.

use crate::attacks;
use crate::background::Background;
use crate::numbers::Numbers;
use std::io::{self, Write};

/// An hour.
pub(crate) const HOUR: u64 = 3_600_000;

/// An IPv4 address.
pub(crate) type Ip = [u8; 4];

/// A connection.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) start: u64,
    pub(crate) duration: u64,
    pub(crate) ends: (Ip, Ip),
    pub(crate) ports: (u16, u16),
    pub(crate) protocol: u8,
    /// Packets and bytes there, and back.
    pub(crate) there: (u64, u64),
    pub(crate) back: (u64, u64),
    /// TCP flags there and back.
    pub(crate) flags: (u8, u8),
    /// The attack that it is part of.
    pub(crate) attack: Option<&'static str>,
    /// Each direction is a record of its own.
    pub(crate) apart: bool,
}

/// Flags of a whole connection, of a SYN alone, and of a refusal.
pub(crate) const WHOLE: u8 = 27;
pub(crate) const SYN: u8 = 2;
pub(crate) const REFUSED: u8 = 20;

impl Connection {
    /// TCP that was answered.
    pub(crate) fn tcp(start: u64, ends: (Ip, Ip), ports: (u16, u16), sent: u64, got: u64, duration: u64) -> Connection {
        let packets = |bytes: u64| 4 + bytes / 1200;
        let (sent, got) = (sent.max(200), got.max(200));
        Connection {
            start,
            duration,
            ends,
            ports,
            protocol: 6,
            there: (packets(sent), sent),
            back: (packets(got), got),
            flags: (WHOLE, WHOLE),
            attack: None,
            apart: false,
        }
    }

    /// UDP that was answered.
    pub(crate) fn udp(start: u64, ends: (Ip, Ip), ports: (u16, u16), sent: u64, got: u64) -> Connection {
        let packets = |bytes: u64| 1 + bytes / 1200;
        let there = (packets(sent), sent);
        let back = if got > 0 { (packets(got), got) } else { (0, 0) };
        Connection {
            start,
            duration: 20,
            ends,
            ports,
            protocol: 17,
            there,
            back,
            flags: (0, 0),
            attack: None,
            apart: false,
        }
    }

    /// A SYN, with what came back: nothing, or a refusal.
    pub(crate) fn syn(start: u64, ends: (Ip, Ip), ports: (u16, u16), refused: bool) -> Connection {
        let back = if refused { (1, 40) } else { (0, 0) };
        let flags = (SYN, if refused { REFUSED } else { 0 });
        Connection {
            start,
            duration: 0,
            ends,
            ports,
            protocol: 6,
            there: (1, 44),
            back,
            flags,
            attack: None,
            apart: false,
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let both = !self.apart && self.back.0 > 0;
        self.line(out, (self.ends, self.ports, self.there, self.flags), both)?;
        if self.apart && self.back.0 > 0 {
            let (ends, ports) = ((self.ends.1, self.ends.0), (self.ports.1, self.ports.0));
            self.line(out, (ends, ports, self.back, (self.flags.1, 0)), false)?;
        }
        Ok(())
    }

    #[allow(clippy::type_complexity)]
    fn line(
        &self,
        out: &mut impl Write,
        (ends, ports, sent, flags): ((Ip, Ip), (u16, u16), (u64, u64), (u8, u8)),
        both: bool,
    ) -> io::Result<()> {
        let (day, ms) = (10 + self.start / (24 * HOUR), self.start % (24 * HOUR));
        let (h, m, s) = (ms / HOUR, ms / 60_000 % 60, ms / 1000 % 60);
        write!(out, "{{\"timestamp\":\"2026-03-{day}T{h:02}:{m:02}:{s:02}.{:03}Z\"", ms % 1000)?;
        write!(out, ",\"duration\":{}", self.duration as f64 / 1000.0)?;
        let ip = |[a, b, c, d]: Ip| format!("{a}.{b}.{c}.{d}");
        write!(out, ",\"src_ip\":\"{}\",\"dst_ip\":\"{}\"", ip(ends.0), ip(ends.1))?;
        write!(out, ",\"src_port\":{},\"dst_port\":{},\"protocol\":{}", ports.0, ports.1, self.protocol)?;
        write!(out, ",\"packets\":{},\"bytes\":{}", sent.0, sent.1)?;
        if both {
            write!(out, ",\"rev_packets\":{},\"rev_bytes\":{}", self.back.0, self.back.1)?;
        }
        if self.protocol == 6 {
            write!(out, ",\"tcp_flags\":{}", flags.0)?;
            if both {
                write!(out, ",\"rev_tcp_flags\":{}", flags.1)?;
            }
        }
        match self.attack {
            Some(attack) => writeln!(out, ",\"label\":\"malicious\",\"attack\":\"{attack}\"}}"),
            None => writeln!(out, ",\"label\":\"benign\"}}"),
        }
    }
}

/// All connections of a day.
pub(crate) struct Day(Vec<Connection>);

/// A day of a network with so many clients.
pub(crate) fn day(clients: u64, seed: u64) -> Day {
    let mut numbers = Numbers::new(seed);
    let mut all = Background::new(clients, &mut numbers).connections();
    all.extend(attacks::all(&mut numbers));
    for connection in &mut all {
        let (a, b) = connection.ends;
        // The client that is part of it says by which exporter it comes.
        let client = if a[0] == 10 { a } else { b };
        connection.apart = client[3] % 2 == 1;
    }
    all.sort_by_key(|c| (c.start, c.ends, c.ports));
    Day(all)
}

impl Day {
    /// Writes it as flow lines.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        self.0.iter().try_for_each(|connection| connection.write(out))
    }
}
