//! What holds for every datagram of an export, whatever is in it.

use flow_record::record::field::FieldId;
use flow_record::record::{Flow, Writer};
use flow_record::scan::{Clean, LineKind, Scanner};
use flowcat::export::{Damage, Decoder, Origin, Take};
use std::cell::RefCell;
use std::net::IpAddr;

thread_local! {
    /// One for all inputs: what they set up is not part of the test.
    static KEPT: RefCell<(Writer, Scanner)> = RefCell::new((Writer::new(), Scanner::new()));
}

/// Checks what comes, and keeps it to be compared.
#[derive(Default, PartialEq, Debug)]
pub struct Taken {
    lines: Vec<Vec<u8>>,
    unused: u64,
    damage: Vec<(usize, &'static str)>,
    lost: u64,
    /// Bytes of the datagram that is read.
    length: usize,
}

impl Take for Taken {
    fn flow(&mut self, flow: &Flow, extras: &[u8]) {
        let mut line = Vec::new();
        KEPT.with_borrow_mut(|(writer, scanner)| {
            writer.members(flow, &mut line);
            line.extend_from_slice(extras);
            line.push(b'}');
            let scanned = scanner.scan(Clean::line(&line).expect("clean")).expect("a line of the pipe");
            assert!(scanned.kind == LineKind::Flow && scanned.flow.is_flow());
        });
        self.lines.push(line);
    }

    fn unused(&mut self, _why: &'static str, count: u64) {
        self.unused += count;
    }

    fn damage(&mut self, damage: &Damage, rest: &[u8]) {
        assert!(damage.offset <= self.length && rest.len() <= self.length, "{damage:?}");
        self.damage.push((damage.offset, damage.kind));
    }

    fn lost(&mut self, _field: FieldId, _value: u64) {
        self.lost += 1;
    }

    fn warn(&mut self, _kind: &'static str, _text: &str) {}
}

/// Reads these datagrams of these exporters: no panic, every line a flow line, the same again, and templates that were
/// saved and loaded are the same.
pub fn check<'d>(datagrams: impl Iterator<Item = (u8, &'d [u8])> + Clone) {
    let read = |keeps| {
        let (mut decoder, mut taken) = (Decoder::new(keeps), Taken::default());
        for (exporter, bytes) in datagrams.clone() {
            let address = (exporter > 0).then(|| IpAddr::from([192, 0, 2, exporter]));
            taken.length = bytes.len();
            decoder.datagram(bytes, &Origin { exporter: address, received: None }, &mut taken);
        }
        decoder.finish(&mut taken);
        let saved = decoder.save().expect("there is nothing that cannot be saved");
        let mut again = Decoder::new(keeps);
        again.load(&saved).expect("what was saved is taken");
        assert_eq!(again.save().expect("as before"), saved);
        taken
    };
    let plain = read(false);
    assert_eq!(read(false), plain);
    // What is kept besides changes nothing else.
    let kept = read(true);
    assert_eq!((kept.lines.len(), &kept.damage, kept.unused), (plain.lines.len(), &plain.damage, plain.unused));
}

/// The same of one datagram of a version, and then of a second one, which finds the templates of the first.
#[allow(dead_code)]
pub fn check_version(version: &[u8], data: &[u8]) {
    let datagram = [version, data].concat();
    check([(1, &datagram[..]), (1, &datagram[..])].into_iter());
}
