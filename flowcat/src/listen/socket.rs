//! A UDP socket that is listened on.

use super::address::parse;
use flow_record::input::cause;
use flow_record::people::amount;
use socket2::{Domain, Protocol, Type};
use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

/// Bytes of the socket's buffer that are asked for. They are taken up only while nobody receives.
pub(super) const BUFFER: usize = 64 << 20;

/// A bound socket.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) udp: UdpSocket,
    /// Where it listens.
    address: SocketAddr,
    /// Bytes of its buffer, as the kernel counts them.
    buffer: usize,
    /// Its number in the file system, by which the kernel lists it.
    pub(super) inode: u64,
}

impl Socket {
    /// Binds to what an argument names.
    ///
    /// # Errors
    /// What is wrong with the argument, or why the system refuses.
    pub(super) fn bind(text: &str) -> Result<Socket, String> {
        let (host, port) = parse(text)?;
        let bound = match host {
            Some(host) => Socket::open(SocketAddr::new(host, port)),
            // Of both versions, where there are both.
            None => Socket::open((Ipv6Addr::UNSPECIFIED, port).into())
                .or_else(|_| Socket::open((Ipv4Addr::UNSPECIFIED, port).into())),
        };
        bound.map_err(|e| format!("cannot listen on {text}: {}", cause(&e)))
    }

    fn open(address: SocketAddr) -> io::Result<Socket> {
        let socket = socket2::Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if address.is_ipv6() {
            socket.set_only_v6(address.ip() != IpAddr::V6(Ipv6Addr::UNSPECIFIED))?;
        }
        enlarge(&socket)?;
        socket.bind(&address.into())?;
        let buffer = socket.recv_buffer_size()?;
        let udp = UdpSocket::from(socket);
        let inode = File::from(udp.as_fd().try_clone_to_owned()?).metadata()?.ino();
        Ok(Socket { address: udp.local_addr()?, udp, buffer, inode })
    }

    /// What is to be said of it.
    pub(super) fn about(&self) -> String {
        format!("listening on udp://{}, with a buffer of {}", self.address, amount(self.buffer as f64, "B"))
    }
}

/// Asks for a large buffer: whoever may (CAP_NET_ADMIN) gets it, all others as much as `net.core.rmem_max` allows.
fn enlarge(socket: &socket2::Socket) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if nix::sys::socket::setsockopt(socket, nix::sys::socket::sockopt::RcvBufForce, &BUFFER).is_ok() {
        return Ok(());
    }
    socket.set_recv_buffer_size(BUFFER)
}

/// The address that an exporter is known by: of IPv4, where a socket of both versions shows it as one of IPv6.
pub(super) fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4),
        other => other,
    }
}
