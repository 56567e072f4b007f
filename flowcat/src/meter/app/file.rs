//! Files: SMB (MS-SMB, MS-SMB2) and NetBIOS sessions (RFC 1002), FTP (959), NFS and what else is called by ONC RPC (5531),
//! rsync, iSCSI (7143), BitTorrent (BEP 3 and 5), Git.

use super::{App, Payload, Sign, u32_at, when};

pub(super) const APPS: &[App] = &[
    App { name: "smb", tcp: &[445, 139], udp: &[], look: Some(smb) },
    App { name: "ftp", tcp: &[21], udp: &[], look: Some(ftp) },
    App { name: "nfs", tcp: &[2049], udp: &[2049], look: Some(nfs) },
    App { name: "portmap", tcp: &[111], udp: &[111], look: Some(portmap) },
    App { name: "rsync", tcp: &[873], udp: &[], look: Some(rsync) },
    App { name: "iscsi", tcp: &[3260], udp: &[], look: None },
    App { name: "bittorrent", tcp: &[6881, 51413], udp: &[6881, 51413], look: Some(bittorrent) },
    App { name: "git", tcp: &[9418], udp: &[], look: Some(git) },
];

/// Programs of RPC.
const PORTMAP: u32 = 100_000;
const NFS: u32 = 100_003;
const MOUNT: u32 = 100_005;

fn smb<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    // Behind a length of three bytes; or a session of NetBIOS that is asked for or granted.
    let is_message = matches!(payload.bytes.get(4..8), Some(b"\xffSMB" | b"\xfeSMB" | b"\xfdSMB" | b"\xfcSMB"));
    let is_session = payload.has_port(139) && matches!(payload.bytes.first(), Some(0x81..=0x85));
    when(payload.bytes.first() == Some(&0) && is_message || is_session)
}

const FTP: [&[u8]; 12] = [
    b"USER ",
    b"PASS ",
    b"FEAT\r",
    b"SYST\r",
    b"PASV\r",
    b"EPSV\r",
    b"PORT ",
    b"EPRT ",
    b"RETR ",
    b"STOR ",
    b"TYPE ",
    b"AUTH TLS",
];

fn ftp<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let bytes = payload.bytes;
    let greets = bytes.starts_with(b"220") && matches!(bytes.get(3), Some(b' ' | b'-'));
    let says_so = greets && memchr::memmem::find(bytes, b"FTP").is_some();
    let at_home = payload.has_port(21) && (greets || FTP.iter().any(|word| bytes.starts_with(word)));
    when(says_so || at_home)
}

/// The program that a call of RPC is for; over TCP a mark of the record stands before it.
fn program(payload: &Payload<'_>) -> Option<u32> {
    let bytes = if payload.is_tcp { payload.bytes.get(4..)? } else { payload.bytes };
    // A call of version 2.
    (u32_at(bytes, 4)? == 0 && u32_at(bytes, 8)? == 2).then(|| u32_at(bytes, 12)).flatten()
}

fn nfs<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    when(matches!(program(payload)?, NFS | MOUNT))
}

fn portmap<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    when(program(payload)? == PORTMAP)
}

fn rsync<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    when(payload.bytes.starts_with(b"@RSYNCD:"))
}

fn bittorrent<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let bytes = payload.bytes;
    let is_hash_table = !payload.is_tcp && bytes.starts_with(b"d1:") && memchr::memmem::find(bytes, b"1:y1:").is_some();
    when(bytes.starts_with(b"\x13BitTorrent protocol") || is_hash_table)
}

fn git<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    // Behind four digits that say how long it is, which may come in a segment of their own.
    let bytes = payload.bytes;
    let is_request = |bytes: &[u8]| bytes.starts_with(b"git-upload-pack ") || bytes.starts_with(b"git-receive-pack ");
    when(is_request(bytes) || bytes.get(4..).is_some_and(is_request))
}
