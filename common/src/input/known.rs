//! Kinds of files that are known by their first bytes and are no lines: named, with what makes lines of them.
//!
//! Sources: nfdump's `nffile.h`, the pcap and pcapng drafts of the IETF, RFC 3954 and 7011, sFlow 5, POSIX ustar, and the
//! documents of each format. Bound: the first 262 bytes.

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// What it is, as in `this is an nfcapd file`.
    pub name: &'static str,
    /// A command that makes of FILE what flowcat reads from standard input.
    pub unpacked_by: &'static str,
}

impl Known {
    /// The command that makes flow lines of FILE.
    pub fn read_by(self) -> String {
        match self.unpacked_by {
            OURS => OURS.to_owned(),
            other => format!("{other} | flowcat"),
        }
    }
}

/// What reads the kinds that need nothing else.
const OURS: &str = "flowcat FILE";

const fn known(name: &'static str, unpacked_by: &'static str) -> Known {
    Known { name, unpacked_by }
}

const NFCAPD: Known = known("an nfcapd file", OURS);
const NFCAPD_SWAPPED: Known =
    known("an nfcapd file of a machine with another byte order", "ssh THERE nfdump -r FILE -o csv");
const PCAP: Known = known("a packet capture", OURS);
const PACKED: Known = known("packed twice", "gzip -dc FILE");
const BZIP2: Known = known("packed twice", "bzip2 -dc FILE");
const UTF_16: Known = known("UTF-16", "iconv -f UTF-16 -t UTF-8 FILE");

const ARGUS: Known = known(
    "an Argus file",
    "ra -r FILE -n -u -c , -s stime dur proto saddr sport dir daddr dport state pkts bytes spkts sbytes",
);
const NETFLOW: Known = known("a datagram of NetFlow or IPFIX", "flowcat --from netflow FILE");
const SFLOW: Known = known("a datagram of sFlow", "flowcat --from netflow FILE");
const ZIP: Known = known("a ZIP archive", "unzip -p FILE");
const EXCEL: Known = known("an Excel workbook", "xlsx2csv FILE");
const TAR: Known = known("a tar archive", "tar -xOf FILE");

const KINDS: [(&[u8], Known); 25] = [
    (b"\x0c\xa5\x01\x00", NFCAPD),
    (b"\x0c\xa5\x02\x00", NFCAPD),
    (b"\x0c\xa5\x03\x00", NFCAPD),
    (b"\xa5\x0c\x00\x01", NFCAPD_SWAPPED),
    (b"\xa5\x0c\x00\x02", NFCAPD_SWAPPED),
    (b"\xd4\xc3\xb2\xa1", PCAP),
    (b"\xa1\xb2\xc3\xd4", PCAP),
    (b"\x4d\x3c\xb2\xa1", PCAP),
    (b"\xa1\xb2\x3c\x4d", PCAP),
    (b"\x0a\x0d\x0d\x0a", PCAP),
    (b"PAR1", known("a Parquet file", OURS)),
    (b"ARROW1", known("an Arrow file", "duckdb -csv -c \"from 'FILE'\"")),
    (b"Obj\x01", known("an Avro file", "avro cat FILE")),
    (b"SQLite f", known("an SQLite database", "sqlite3 -csv -header FILE 'select * from TABLE'")),
    (b"\x83\x10\x00", ARGUS),
    (b"\x00\x00\x00\x05\x00\x00\x00\x01", SFLOW),
    (b"\x00\x00\x00\x05\x00\x00\x00\x02", SFLOW),
    (b"\xde\xad\xbe\xef", known("a SiLK file", "rwcut FILE")),
    (b"7z\xbc\xaf\x27\x1c", known("a 7-Zip archive", "7z x -so FILE")),
    (b"\x1f\x8b\x08", PACKED),
    (b"\x28\xb5\x2f\xfd", known("packed twice", "zstd -dc FILE")),
    (b"\xfd7zXZ", known("packed twice", "xz -dc FILE")),
    (b"\x04\x22\x4d\x18", known("packed twice", "lz4 -dc FILE")),
    (b"\xff\xfe", UTF_16),
    (b"\xfe\xff", UTF_16),
];

/// Where the magic of a tar archive is.
const USTAR: std::ops::Range<usize> = 257..262;

/// Length of the longest name in the head of a tar archive, which ends with a zero.
const LONGEST_NAME: usize = 100;

/// Bytes of a ZIP archive before the name of its first file, and enough of that to know a workbook by.
const ZIP_NAME: std::ops::Range<usize> = 30..37;

/// A ZIP archive, or what programs make of one.
fn zip(head: &[u8]) -> Kind {
    match head.get(ZIP_NAME) {
        None => Kind::Open,
        Some(b"[Conten" | b"_rels/." | b"docProp") => Kind::Known(EXCEL),
        Some(name) if name.starts_with(b"xl/") => Kind::Known(EXCEL),
        Some(_) => Kind::Known(ZIP),
    }
}

/// A datagram of NetFlow 5 or 9 or of IPFIX, by its version, a length and a time after 1990.
fn datagram(head: &[u8]) -> Kind {
    let time = match (head, head.get(4), head.get(8)) {
        ([0, 5 | 9, 0, 1..=100, ..], _, time) => time,
        ([0, 10, 0..=8, _, ..], time, _) => time,
        ([0, 5 | 9 | 10], ..) | ([0, 5 | 9, 0], ..) | ([0, 10, 0..=8], ..) => return Kind::Open,
        _ => return Kind::Other,
    };
    match time {
        None => Kind::Open,
        Some(0x26..) => Kind::Known(NETFLOW),
        Some(_) => Kind::Other,
    }
}

/// A tar archive: a name that ends with a zero, and its magic.
fn tar(head: &[u8]) -> Kind {
    let is_name = head.first().is_some_and(u8::is_ascii_graphic) && head.iter().take(LONGEST_NAME).any(|b| *b == 0);
    match head.get(USTAR) {
        Some(b"ustar") => Kind::Known(TAR),
        None if is_name => Kind::Open,
        _ => Kind::Other,
    }
}

/// What a beginning tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is this.
    Known(Known),
    /// More must be seen to tell.
    Open,
    /// It is none of those that are known.
    Other,
}

impl Kind {
    /// What begins like this.
    pub fn of(head: &[u8]) -> Kind {
        if let Some((_, known)) = KINDS.iter().find(|(magic, _)| head.starts_with(magic)) {
            return Kind::Known(*known);
        }
        if KINDS.iter().any(|(magic, _)| magic.starts_with(head)) {
            return Kind::Open;
        }
        if head.starts_with(b"PK\x03\x04") {
            return zip(head);
        }
        match datagram(head) {
            Kind::Other => {}
            kind => return kind,
        }
        match head {
            // Between its mark and the first block, or the end of an empty stream, stands a level.
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..]
            | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, ..] => Kind::Known(BZIP2),
            _ if head.len() < 8 && b"BZh".starts_with(&head[..head.len().min(3)]) => Kind::Open,
            // ASCII in two bytes a character, without a mark.
            [0, b, 0, c, ..] | [b, 0, c, 0, ..] if *b != 0 && *c != 0 => Kind::Known(UTF_16),
            _ if head.len() < 4 && head.contains(&0) => Kind::Open,
            _ => tar(head),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(head: &[u8]) -> Option<&'static str> {
        match Kind::of(head) {
            Kind::Known(known) => Some(known.name),
            Kind::Open => Some("open"),
            Kind::Other => None,
        }
    }

    #[test]
    fn a_kind_is_known_by_its_first_bytes() {
        for (head, expected) in [
            (&b"\x0c\xa5\x02\x00\x01"[..], Some("an nfcapd file")),
            (b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00", Some("a packet capture")),
            (b"\n\r\r\n\x8c\x00", Some("a packet capture")),
            (b"PAR1\x15", Some("a Parquet file")),
            (b"\x1f\x8b\x08\x00", Some("packed twice")),
            (b"BZh91AY&SY", Some("packed twice")),
            (b"BZh9\x17rE8P\x90", Some("packed twice")),
            (b"BZh", Some("open")),
            (b"BZh,bytes", None),
            (b"\xff\xfes\x00", Some("UTF-16")),
            (b"s\x00r\x00", Some("UTF-16")),
            (b"\x00s\x00r", Some("UTF-16")),
            (b"\x0c\xa5", Some("open")),
            (b"", Some("open")),
            (b"\n", Some("open")),
            (b"\n{", None),
            (b"{\"a\"", None),
            (b"ts,te", None),
            (b"P,1", None),
            (b"\x00\x00\x00\x00", None),
            (b"\x00\x00\x00\x00\x00", None),
            (b"\x83\x10\x00\x20", Some("an Argus file")),
            (b"\x00\x05\x00\x1e\x00\x00\x10\x00\x65", Some("a datagram of NetFlow or IPFIX")),
            (b"\x00\x09\x00\x02\x00\x00\x10\x00\x65", Some("a datagram of NetFlow or IPFIX")),
            (b"\x00\x0a\x05\x44\x65\x00", Some("a datagram of NetFlow or IPFIX")),
            (b"\x00\x09\x00\x02\x00\x00\x10", Some("open")),
            (b"\x00\t\x00s\x00r\x00c\x00,", Some("UTF-16")),
            (b"\x00\x00\x00\x05\x00\x00\x00\x01", Some("a datagram of sFlow")),
            (b"PK\x03\x04\x14\x00", Some("open")),
            (b"PK\x03\x04..........................[Content_Types].xml", Some("an Excel workbook")),
            (b"PK\x03\x04..........................flows.csv", Some("a ZIP archive")),
            (b"flows.csv\x00\x00", Some("open")),
        ] {
            assert_eq!(name(head), expected, "{head:?}");
        }
    }

    #[test]
    fn a_tar_archive_is_known_behind_its_first_name() {
        let mut head = [0; 512];
        head[..9].copy_from_slice(b"flows.csv");
        assert_eq!((name(&head[..261]), name(&head)), (Some("open"), None));
        head[257..262].copy_from_slice(b"ustar");
        assert_eq!((name(&head[..262]), name(&head)), (Some("a tar archive"), Some("a tar archive")));
    }

    #[test]
    fn little_is_enough_and_text_is_told_at_once() {
        assert!(KINDS.iter().all(|(magic, _)| magic.len() <= 8));
        assert!((0..=255).all(|b: u8| name(&[b; 9]) != Some("open") && name(&[b; 262]) != Some("open")));
        assert!(["{}", "ts", "1\n"].iter().all(|text| name(text.as_bytes()).is_none()));
    }
}
