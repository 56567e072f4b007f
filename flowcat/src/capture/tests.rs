//! Captures of every style, written here byte by byte after the drafts.
#![allow(clippy::unwrap_used)]

use super::*;

/// A packet as a test wants it: time, link type, bytes, length on the wire.
type Expected = (Option<i64>, u16, Vec<u8>, u32);

fn read(capture: &[u8]) -> (Vec<Expected>, Option<Damage>) {
    let mut bytes = Whole::new(capture);
    let mut packets = Vec::new();
    let mut open = match Capture::open(&mut bytes, &mut ()) {
        Ok(open) => open,
        Err(damage) => return (packets, Some(damage)),
    };
    loop {
        match open.next(&mut bytes, &mut ()) {
            Ok(Some(p)) => packets.push((p.time, p.link, p.bytes.to_vec(), p.length)),
            Ok(None) => return (packets, None),
            Err(damage) => return (packets, Some(damage)),
        }
    }
}

/// Numbers in one byte order.
struct Writer {
    is_big: bool,
    out: Vec<u8>,
}

impl Writer {
    fn new(is_big: bool) -> Writer {
        Writer { is_big, out: Vec::new() }
    }

    fn u32s(&mut self, numbers: &[u32]) -> &mut Writer {
        for n in numbers {
            self.out.extend(if self.is_big { n.to_be_bytes() } else { n.to_le_bytes() });
        }
        self
    }

    fn u16s(&mut self, numbers: &[u16]) -> &mut Writer {
        for n in numbers {
            self.out.extend(if self.is_big { n.to_be_bytes() } else { n.to_le_bytes() });
        }
        self
    }

    /// A block of pcapng.
    fn block(&mut self, kind: u32, body: impl FnOnce(&mut Writer)) -> &mut Writer {
        let start = self.out.len();
        self.u32s(&[kind, 0]);
        body(self);
        self.out.resize(self.out.len().next_multiple_of(4), 0);
        let size = (self.out.len() - start + 4) as u32;
        self.u32s(&[size]);
        let size = if self.is_big { size.to_be_bytes() } else { size.to_le_bytes() };
        self.out[start + 4..start + 8].copy_from_slice(&size);
        self
    }

    fn section(&mut self) -> &mut Writer {
        self.block(0x0a0d_0d0a, |w| {
            w.u32s(&[0x1a2b_3c4d]).u16s(&[1, 0]).u32s(&[u32::MAX, u32::MAX]);
        })
    }

    fn interface(&mut self, link: u16, resolution: Option<u8>, offset: Option<i64>) -> &mut Writer {
        self.block(1, |w| {
            w.u16s(&[link, 0]).u32s(&[0]);
            if let Some(resolution) = resolution {
                w.u16s(&[9, 1]).out.extend([resolution, 0, 0, 0]);
            }
            if let Some(offset) = offset {
                let eight = if w.is_big { offset.to_be_bytes() } else { offset.to_le_bytes() };
                w.u16s(&[14, 8]).out.extend(eight);
            }
            w.u16s(&[0, 0]);
        })
    }

    fn enhanced(&mut self, interface: u32, ticks: u64, bytes: &[u8], length: u32) -> &mut Writer {
        self.block(6, |w| {
            w.u32s(&[interface, (ticks >> 32) as u32, ticks as u32, bytes.len() as u32, length]).out.extend(bytes);
        })
    }
}

fn pcap(is_big: bool, magic: u32) -> Vec<u8> {
    let mut w = Writer::new(is_big);
    let long = if magic == 0xa1b2_cd34 { vec![0; 8] } else { vec![] };
    w.u32s(&[magic]).u16s(&[2, 4]).u32s(&[0, 0, 65_535, 0x1000_0071]);
    w.u32s(&[1_400_000_000, 999_999, 3, 60]).out.extend([&long[..], &[1, 2, 3]].concat());
    w.u32s(&[1_400_000_001, 5, 0, 9]).out.extend(&long);
    w.out
}

fn pcapng(is_big: bool) -> Vec<u8> {
    let mut w = Writer::new(is_big);
    w.section().interface(1, None, None).interface(101, Some(9), Some(-1)).interface(113, Some(0x80 | 10), None);
    w.enhanced(0, 1_400_000_000_000_001, &[1, 2, 3], 60);
    w.block(5, |w| w.out.extend([0; 300]));
    w.enhanced(1, 1_400_000_000_000_000_001, &[4], 4).enhanced(2, 1024 * 7 + 512, &[], 9);
    w.block(3, |w| {
        w.u32s(&[2]).out.extend([8, 9, 0, 0]);
    });
    w.block(2, |w| {
        w.u16s(&[1, 99]).u32s(&[0, 5, 2, 7]).out.extend([6, 7]);
    });
    w.out
}

fn pcapng_packets() -> Vec<Expected> {
    vec![
        (Some(1_400_000_000_000_001_000), 1, vec![1, 2, 3], 60),
        (Some(1_399_999_999_000_000_001), 101, vec![4], 4),
        (Some(7_500_000_000), 113, vec![], 9),
        (None, 1, vec![8, 9], 2),
        (Some(-999_999_995), 101, vec![6, 7], 7),
    ]
}

#[test]
fn pcap_of_both_orders_and_units_gives_the_same_packets() {
    for is_big in [false, true] {
        for (magic, unit) in [(0xa1b2_c3d4, 1000), (0xa1b2_3c4d, 1), (0xa1b2_cd34, 1000)] {
            let packets = vec![
                (Some(1_400_000_000_000_000_000 + 999_999 * unit), 113, vec![1, 2, 3], 60),
                (Some(1_400_000_001_000_000_000 + 5 * unit), 113, vec![], 9),
            ];
            assert_eq!(read(&pcap(is_big, magic)), (packets, None), "{magic:x} {is_big}");
        }
    }
}

#[test]
fn pcapng_takes_time_and_link_of_each_interface() {
    for is_big in [false, true] {
        assert_eq!(read(&pcapng(is_big)), (pcapng_packets(), None));
    }
}

#[test]
fn captures_one_behind_the_other_are_read_on() {
    let two = [pcap(false, 0xa1b2_c3d4), pcap(true, 0xa1b2_3c4d)].concat();
    assert_eq!(read(&two).0.len(), 4);
    assert_eq!(read(&two).1, None);
    let two = [pcapng(false), pcapng(true)].concat();
    assert_eq!(read(&two), ([pcapng_packets(), pcapng_packets()].concat(), None));
    let many = [pcap(false, 0xa1b2_c3d4), pcap(false, 0xa1b2_c3d4)[..24].repeat(100_000)].concat();
    assert_eq!((read(&many).0.len(), read(&many).1), (2, None));
}

#[test]
fn what_is_cut_anywhere_gives_what_was_whole_and_says_where() {
    for whole in [pcap(false, 0xa1b2_c3d4), pcapng(true)] {
        let all = read(&whole).0;
        for end in 0..whole.len() {
            let (packets, damage) = read(&whole[..end]);
            assert_eq!(packets, all[..packets.len()], "{end}");
            match damage {
                Some(damage) => assert!(damage.is_cut && damage.at <= end as u64, "{end}: {damage}"),
                // The end of a record or block.
                None => assert!(end > 0 || whole[0] == 0x0a),
            }
        }
    }
}

#[test]
fn lengths_that_cannot_be_are_told_with_their_place() {
    let mut long = pcap(false, 0xa1b2_c3d4);
    long[24 + 8..24 + 12].copy_from_slice(&(MOST_CAPTURED as u32 + 1).to_le_bytes());
    let damage = read(&long).1.unwrap();
    assert_eq!((damage.at, damage.is_cut), (24, false));
    for size in [0_u32, 1, 8, 11, 13, 0x8000_0000, u32::MAX] {
        for at in [0, 28, 28 + 24] {
            let mut block = pcapng(false);
            block[at + 4..at + 8].copy_from_slice(&size.to_le_bytes());
            let damage = read(&block).1.unwrap();
            assert_eq!(damage.at, at as u64, "{size} at {at}: {damage}");
        }
    }
}

#[test]
fn a_packet_must_fit_its_block_and_have_an_interface() {
    for (interface, captured, is_right) in [(0, 3, true), (0, 4, true), (0, 5, false), (1, 3, false)] {
        let mut w = Writer::new(false);
        w.section().interface(1, None, None).enhanced(interface, 0, &[1, 2, 3], 3);
        let at = w.out.len() - 4 - 4 - 8;
        w.out[at..at + 4].copy_from_slice(&u32::to_le_bytes(captured));
        let (packets, damage) = read(&w.out);
        assert_eq!((packets.len() == 1, damage.is_none()), (is_right, is_right), "{interface} {captured}");
    }
}

#[test]
fn times_beyond_what_nanoseconds_hold_are_the_nearest() {
    let mut w = Writer::new(false);
    w.section().interface(1, Some(0), None).interface(1, Some(127), None).interface(1, Some(0xff), Some(i64::MAX));
    w.enhanced(0, u64::MAX, &[], 0).enhanced(1, u64::MAX, &[], 0).enhanced(2, u64::MAX, &[], 0);
    let times: Vec<_> = read(&w.out).0.into_iter().map(|p| p.0).collect();
    assert_eq!(times, [Some(i64::MAX), Some(0), Some(i64::MAX)]);
}

#[test]
fn both_are_told_by_their_first_bytes() {
    for capture in [pcap(false, 0xa1b2_c3d4), pcap(true, 0xa1b2_3c4d), pcapng(false), pcapng(true)] {
        let is_ng = capture[0] == 0x0a;
        for end in 0..capture.len() {
            let expected = match end {
                12.. if is_ng => Probe::Yes,
                4.. if !is_ng => Probe::Yes,
                _ => Probe::Maybe,
            };
            let probe = if is_ng { probe_pcapng } else { probe_pcap };
            assert_eq!(probe(&capture[..end]), expected, "{end}");
        }
    }
    assert_eq!((probe_pcap(b"{\"a\""), probe_pcapng(b"\n{")), (Probe::No, Probe::No));
}
