//! Takes datagrams from one socket into the queue, and does nothing else.
//!
//! Invariants: a datagram of who is not allowed goes no further than its count; once asked to stop, what the kernel
//! holds is still taken, for at most [`DRAIN`].

use super::frame::{Frame, Kind};
use super::queue::Queue;
use super::socket::{Socket, plain};
use super::{Stop, Wishes, drops};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a receiver waits for a datagram before it looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(50);

/// How long datagrams are still taken that go on coming after it was asked to stop.
const DRAIN: Duration = Duration::from_millis(500);

/// How often it is looked what the kernel dropped.
const COUNT: Duration = Duration::from_secs(5);

/// Bytes of a datagram: what UDP carries.
const MOST: usize = 65_535;

/// Receives from one socket.
pub(super) struct Receiver {
    number: u16,
    socket: Socket,
    wishes: Wishes,
    queue: Arc<Queue>,
    stop: Stop,
    denied: u64,
    /// What was told last: denied and dropped.
    told: (u64, u64),
}

impl Receiver {
    /// # Errors
    /// Where the system does not let it wait for a limited time.
    pub(super) fn new(
        number: u16,
        socket: Socket,
        wishes: Wishes,
        queue: Arc<Queue>,
        stop: Stop,
    ) -> io::Result<Receiver> {
        let wait = wishes.tick.map_or(LOOK, |tick| tick.clamp(Duration::from_millis(1), LOOK));
        socket.udp.set_read_timeout(Some(wait))?;
        Ok(Receiver { number, socket, wishes, queue, stop, denied: 0, told: (0, 0) })
    }

    /// Receives until it is asked to stop.
    pub(super) fn run(mut self) {
        let result = self.receive().and_then(|()| self.drain());
        self.count();
        self.queue.end(result.err());
    }

    fn is_stopped(&self) -> bool {
        self.stop.get().is_some_and(|flag: &Arc<AtomicBool>| flag.load(Ordering::Relaxed))
    }

    fn receive(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; MOST];
        let (mut ticked, mut counted) = (Instant::now(), Instant::now());
        while !self.is_stopped() {
            self.one(&mut buffer)?;
            let now = Instant::now();
            if self.wishes.tick.is_some_and(|tick| now - ticked >= tick) {
                ticked = now;
                self.put(Kind::Tick, IpAddr::V4(Ipv4Addr::UNSPECIFIED), &[]);
            }
            if now - counted >= COUNT {
                counted = now;
                self.count();
            }
        }
        Ok(())
    }

    /// Takes what the kernel holds.
    fn drain(&mut self) -> io::Result<()> {
        self.socket.udp.set_nonblocking(true)?;
        let (mut buffer, began) = (vec![0; MOST], Instant::now());
        while began.elapsed() < DRAIN && self.one(&mut buffer)? {}
        Ok(())
    }

    /// Receives one datagram; `false` where none came.
    fn one(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        match self.socket.udp.recv_from(buffer) {
            Ok((length, from)) => {
                let address = plain(from.ip());
                match self.is_allowed(address) {
                    true => self.put(Kind::Datagram(length), address, buffer.get(..length).unwrap_or_default()),
                    false => self.denied += 1,
                }
                Ok(true)
            }
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(false),
            // A signal, or word that something sent before did not arrive.
            Err(e) if matches!(e.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionRefused) => Ok(true),
            Err(e) => Err(e),
        }
    }

    fn is_allowed(&self, address: IpAddr) -> bool {
        self.wishes.allow.is_empty() || self.wishes.allow.iter().any(|network| network.contains(&address))
    }

    /// Tells how many were denied, and how many the kernel dropped, if that has changed.
    fn count(&mut self) {
        let now = (self.denied, drops::of(self.socket.inode).unwrap_or(self.told.1));
        if now != self.told {
            self.told = now;
            let bytes = [now.0.to_be_bytes(), now.1.to_be_bytes()].concat();
            self.put(Kind::Counts, IpAddr::V4(Ipv4Addr::UNSPECIFIED), &bytes);
        }
    }

    fn put(&self, kind: Kind, address: IpAddr, bytes: &[u8]) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let time = i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
        let frame = Frame { kind, socket: self.number, time, address };
        self.queue.put(|out| {
            frame.write(out);
            out.extend_from_slice(bytes);
        });
    }
}
