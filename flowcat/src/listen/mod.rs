//! Live datagrams: `flowcat udp://HOST:PORT`.
//!
//! ```text
//! socket ─► receiver, a thread each ─► Queue, of frames ─► the reader's thread ─► Feed ─► source::datagrams
//!            who, when, ticks, counts   bounded
//! ```
//!
//! A receiver does nothing but take datagrams from the kernel and put them into the queue, so that a slow reader
//! downstream costs room in the queue first, then in the socket's buffer, and only then datagrams, which the kernel
//! counts ([`drops`]). All sockets of a run are one input.
//!
//! Invariant: this is the only place where a clock is read for what is written: when a datagram came, and when a tick is
//! due. Bound: [`queue::MOST`] bytes of datagrams, and [`socket::BUFFER`] of each socket's buffer, if the system allows.

mod address;
mod drops;
pub(crate) mod frame;
mod options;
mod queue;
mod receiver;
mod socket;

pub(crate) use options::ExportOptions;

use flow_record::input::{Live, LiveReader};
use ipnet::IpNet;
use queue::Queue;
use receiver::Receiver;
use socket::Socket;
use std::io::{self, Read};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

/// How an argument begins that is a live input.
pub(crate) const SCHEME: &str = "udp://";

/// What is wanted of live inputs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    /// Datagrams of others are counted and left out; all are allowed where there is none.
    pub(crate) allow: Vec<IpNet>,
    /// How often it is said that time goes on.
    pub(crate) tick: Option<Duration>,
}

/// Asks receivers to end, once it is known how.
type Stop = Arc<OnceLock<Arc<AtomicBool>>>;

/// Sockets that were bound.
#[derive(Debug)]
pub(crate) struct Listener {
    name: String,
    /// What is to be said of the sockets.
    pub(crate) about: Vec<String>,
    sockets: Mutex<Vec<Socket>>,
    wishes: Wishes,
}

impl Listener {
    /// Binds to what these arguments name.
    ///
    /// # Errors
    /// An argument that names no address and port; an address that cannot be listened on.
    pub(crate) fn bind(arguments: &[&str], wishes: Wishes) -> Result<Listener, String> {
        let sockets = arguments.iter().map(|text| Socket::bind(text)).collect::<Result<Vec<_>, _>>()?;
        let about = sockets.iter().map(Socket::about).collect();
        Ok(Listener { name: arguments.join(" "), about, sockets: Mutex::new(sockets), wishes })
    }
}

impl Live for Listener {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn open(&self) -> io::Result<Box<dyn LiveReader>> {
        let sockets = std::mem::take(&mut *self.sockets.lock().unwrap_or_else(PoisonError::into_inner));
        let (queue, stop) = (Arc::new(Queue::new(sockets.len())), Stop::default());
        queue.put(|out| out.extend_from_slice(frame::MAGIC));
        for (number, socket) in sockets.into_iter().enumerate() {
            let mut wishes = self.wishes.clone();
            // One of them is enough to say that time goes on.
            wishes.tick = wishes.tick.filter(|_| number == 0);
            let receiver = Receiver::new(number as u16, socket, wishes, queue.clone(), stop.clone())?;
            thread::Builder::new().name("receiver".into()).spawn(move || receiver.run())?;
        }
        Ok(Box::new(Reader { queue, stop }))
    }
}

/// Reads what all receivers put into the queue.
struct Reader {
    queue: Arc<Queue>,
    stop: Stop,
}

impl Read for Reader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.queue.read(out)
    }
}

impl LiveReader for Reader {
    fn stop_when(&mut self, flag: Arc<AtomicBool>) {
        // Only the first counts.
        let _ = self.stop.set(flag);
    }
}
