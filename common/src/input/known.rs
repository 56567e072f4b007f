//! Kinds of files that are known by their first bytes and are no lines: named, with what makes lines of them.
//!
//! Sources: nfdump's `nffile.h`, the pcap and pcapng drafts of the IETF, and the documents of each format.
//! Bound: the first 8 bytes.

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// What it is, as in `this is an nfcapd file`.
    pub name: &'static str,
    /// A command that makes of FILE what flowcat reads from standard input.
    pub unpacked_by: &'static str,
}

const fn known(name: &'static str, unpacked_by: &'static str) -> Known {
    Known { name, unpacked_by }
}

const NFCAPD: Known = known("an nfcapd file", "nfdump -r FILE -o csv");
const PCAP: Known = known("a packet capture", "mkdir FLOWS && nfpcapd -r FILE -w FLOWS && nfdump -R FLOWS -o csv");
const PACKED: Known = known("packed twice", "gzip -dc FILE");
const BZIP2: Known = known("packed twice", "bzip2 -dc FILE");
const UTF_16: Known = known("UTF-16", "iconv -f UTF-16 -t UTF-8 FILE");

const KINDS: [(&[u8], Known); 22] = [
    (b"\x0c\xa5\x01\x00", NFCAPD),
    (b"\x0c\xa5\x02\x00", NFCAPD),
    (b"\xa5\x0c\x00\x01", NFCAPD),
    (b"\xa5\x0c\x00\x02", NFCAPD),
    (b"\xd4\xc3\xb2\xa1", PCAP),
    (b"\xa1\xb2\xc3\xd4", PCAP),
    (b"\x4d\x3c\xb2\xa1", PCAP),
    (b"\xa1\xb2\x3c\x4d", PCAP),
    (b"\x0a\x0d\x0d\x0a", PCAP),
    (b"PAR1", known("a Parquet file", "flowcat FILE")),
    (b"ARROW1", known("an Arrow file", "duckdb -csv -c \"from 'FILE'\"")),
    (b"Obj\x01", known("an Avro file", "avro cat FILE")),
    (b"SQLite f", known("an SQLite database", "sqlite3 -csv -header FILE 'select * from TABLE'")),
    (b"PK\x03\x04", known("a ZIP archive", "unzip -p FILE")),
    (b"\xde\xad\xbe\xef", known("a SiLK file", "rwcut FILE")),
    (b"7z\xbc\xaf\x27\x1c", known("a 7-Zip archive", "7z x -so FILE")),
    (b"\x1f\x8b\x08", PACKED),
    (b"\x28\xb5\x2f\xfd", known("packed twice", "zstd -dc FILE")),
    (b"\xfd7zXZ", known("packed twice", "xz -dc FILE")),
    (b"\x04\x22\x4d\x18", known("packed twice", "lz4 -dc FILE")),
    (b"\xff\xfe", UTF_16),
    (b"\xfe\xff", UTF_16),
];

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
        match head {
            // Between its mark and the first block, or the end of an empty stream, stands a level.
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..]
            | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, ..] => Kind::Known(BZIP2),
            _ if head.len() < 8 && b"BZh".starts_with(&head[..head.len().min(3)]) => Kind::Open,
            // ASCII in two bytes a character, without a mark.
            [0, b, 0, c, ..] | [b, 0, c, 0, ..] if *b != 0 && *c != 0 => Kind::Known(UTF_16),
            _ if head.len() < 4 && head.contains(&0) => Kind::Open,
            _ => Kind::Other,
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
        ] {
            assert_eq!(name(head), expected, "{head:?}");
        }
    }

    #[test]
    fn eight_bytes_are_enough() {
        assert_eq!(KINDS.iter().map(|(magic, _)| magic.len()).max(), Some(8));
        assert!((0..=255).all(|b: u8| name(&[b; 8]) != Some("open")));
    }
}
