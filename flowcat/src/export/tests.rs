//! Datagrams that are made here, byte by byte: order, scope, limits and damage.
#![allow(clippy::unwrap_used)]

use super::limits::{EXPORTERS, WAITING};
use super::testing::{Taken, ipfix, options, set, template, v5, v9};
use super::{Decoder, Origin};
use std::net::IpAddr;

/// Elements and lengths of the template that is used most: source, destination, bytes, packets.
const FIELDS: [(u16, u16); 4] = [(8, 4), (12, 4), (1, 4), (2, 4)];

/// A record of that template.
fn record(bytes: u8) -> Vec<u8> {
    [&[10, 0, 0, 1][..], &[10, 0, 0, 2], &[0, 0, 0, bytes], &[0, 0, 0, 1]].concat()
}

fn line(bytes: u8) -> String {
    format!("{{\"src_ip\":\"10.0.0.1\",\"dst_ip\":\"10.0.0.2\",\"packets\":1,\"bytes\":{bytes}}}")
}

fn from(last: u16) -> Origin {
    let [high, low] = last.to_be_bytes();
    Origin { exporter: Some(IpAddr::from([192, 0, high, low])), received: None }
}

/// What comes of datagrams without an address.
fn taken(datagrams: &[Vec<u8>]) -> Taken {
    let (mut decoder, mut taken) = (Decoder::new(false), Taken::default());
    datagrams.iter().for_each(|bytes| decoder.datagram(bytes, &Origin::default(), &mut taken));
    decoder.finish(&mut taken);
    taken
}

#[test]
fn data_waits_for_its_template() {
    let (early, late) = (v9(7, 0, &[set(256, &record(1))]), v9(7, 1, &[template(256, &FIELDS, 9)]));
    assert_eq!(taken(&[early.clone(), late.clone()]).lines, [line(1)]);
    assert_eq!(taken(std::slice::from_ref(&early)).unused["data sets without a template"], 1);
    let mut too_late = late;
    // 301 seconds later.
    too_late[8..12].copy_from_slice(&(1_700_000_000u32 + 301).to_be_bytes());
    let taken = taken(&[early, too_late]);
    assert_eq!((taken.lines.len(), taken.unused["data sets without a template"]), (0, 1));
}

#[test]
fn data_that_waits_has_a_bound() {
    let large = v9(7, 0, &[set(256, &record(1).repeat(1000))]);
    let mut sent = vec![large; 10];
    sent.push(v9(7, 1, &[template(256, &FIELDS, 9)]));
    let taken = taken(&sent);
    let kept = WAITING / 16_000;
    assert_eq!((taken.lines.len(), taken.unused["data sets without a template"]), (kept * 1000, 10 - kept as u64));
}

#[test]
fn a_template_is_of_one_exporter_one_domain_and_one_protocol() {
    let (mut decoder, mut taken) = (Decoder::new(false), Taken::default());
    decoder.datagram(&v9(7, 0, &[template(256, &FIELDS, 9)]), &from(1), &mut taken);
    let other: [(u16, u16); 3] = [(8, 4), (12, 4), (1, 8)];
    decoder.datagram(&v9(7, 0, &[template(256, &other, 9)]), &from(2), &mut taken);
    assert!(taken.warnings.is_empty());
    let data = |seq| v9(7, seq, &[set(256, &record(1))]);
    decoder.datagram(&v9(8, 0, &[set(256, &record(1))]), &from(1), &mut taken);
    decoder.datagram(&ipfix(7, 0, &[set(256, &record(1))]), &from(1), &mut taken);
    assert!(taken.lines.is_empty());
    decoder.datagram(&data(1), &from(2), &mut taken);
    decoder.datagram(&data(1), &from(1), &mut taken);
    assert_eq!(taken.lines.len(), 2);
    assert!(taken.lines[0].contains("\"bytes\":4294967297,\"exporter\":\"192.0.0.2\""), "{}", taken.lines[0]);
    assert!(taken.lines[1].contains("\"bytes\":1,\"exporter\":\"192.0.0.1\""), "{}", taken.lines[1]);
}

#[test]
fn a_template_that_changes_is_told_and_one_that_is_withdrawn_is_gone() {
    let (mut decoder, mut taken) = (Decoder::new(false), Taken::default());
    let mut send = |sets: &[Vec<u8>]| decoder.datagram(&ipfix(0, 0, sets), &from(1), &mut taken);
    send(&[template(256, &FIELDS, 10), template(257, &FIELDS, 10)]);
    send(&[template(256, &FIELDS, 10)]);
    send(&[template(256, &[(1, 4)], 10)]);
    send(&[set(256, &[0, 0, 0, 9])]);
    send(&[set(2, &[1, 0, 0, 0])]);
    send(&[set(256, &[0, 0, 0, 9])]);
    send(&[set(2, &[0, 2, 0, 0])]);
    send(&[set(257, &record(1))]);
    decoder.finish(&mut taken);
    assert_eq!(taken.lines, ["{\"bytes\":9,\"exporter\":\"192.0.0.1\"}"]);
    assert_eq!(taken.warnings, ["template 256 from 192.0.0.1 of domain 0 is another than before"]);
    assert_eq!((taken.unused["data sets without a template"], taken.damage.len()), (2, 0));
    assert!(decoder.counts().any(|count| count == ("templates redefined", 1)));
}

#[test]
fn what_would_go_on_without_end_is_refused() {
    let empty = [(1, 0), (2, 0)];
    for (name, datagram) in [
        ("a template of no length", v9(7, 0, &[template(256, &empty, 9), set(256, &[0; 40])])),
        ("a template without fields", v9(7, 0, &[template(256, &[], 9), set(256, &[0; 40])])),
        ("a template of no length, IPFIX", ipfix(7, 0, &[template(256, &empty, 10), set(256, &[0; 40])])),
        ("an options template without a scope", ipfix(7, 0, &[set(3, &[1, 0, 0, 1, 0, 0, 0, 34, 0, 4])])),
        ("a set of no length", v9(7, 0, &[vec![1, 0, 0, 0, 1, 2, 3, 4]])),
        ("a set that ends in its header", v9(7, 0, &[vec![1, 0, 0, 3, 1, 2, 3, 4]])),
        ("a set that goes on beyond the datagram", v9(7, 0, &[vec![1, 0, 255, 255]])),
        ("a set of no known kind", v9(7, 0, &[set(200, &[0; 8])])),
        ("a template whose fields are not there", v9(7, 0, &[set(0, &[1, 0, 255, 255, 0, 1])])),
        ("lengths of options that are no fields", v9(7, 0, &[set(1, &[1, 0, 0, 3, 0, 3, 0, 0])])),
        ("a message shorter than its header", vec![0, 10, 0, 15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ("one byte", vec![0]),
        ("an unknown version", vec![0, 8, 0, 0]),
    ] {
        let began = std::time::Instant::now();
        let taken = taken(&[datagram]);
        assert_eq!((taken.lines.len(), taken.damage.len()), (0, 1), "{name}: {:?}", taken.damage);
        assert!(began.elapsed().as_millis() < 100, "{name}");
    }
}

#[test]
fn padding_is_no_damage() {
    let padded = [&record(1)[..], &[0; 7]].concat();
    for datagram in [
        v9(7, 0, &[template(256, &FIELDS, 9), set(256, &padded)]),
        [&v9(7, 0, &[template(256, &FIELDS, 9), set(256, &record(1))])[..], &[0, 0]].concat(),
        v9(7, 0, &[set(0, &[&template(256, &FIELDS, 9)[4..], &[0, 0]].concat()), set(256, &record(1))]),
    ] {
        let taken = taken(&[datagram]);
        assert_eq!((&taken.lines[..], taken.damage.len()), (&[line(1)][..], 0), "{:?}", taken.damage);
    }
    let cut = [&record(1)[..], &record(2)[..15]].concat();
    let taken = taken(&[v9(7, 0, &[template(256, &FIELDS, 9), set(256, &cut)])]);
    assert_eq!((taken.lines.len(), taken.damage[0].offset), (1, 20 + 24 + 4 + 16));
}

#[test]
fn several_messages_may_share_a_datagram() {
    let one = ipfix(0, 0, &[template(256, &FIELDS, 10), set(256, &record(1))]);
    let two = [&one[..], &ipfix(0, 1, &[set(256, &record(2))])].concat();
    assert_eq!(taken(std::slice::from_ref(&two)).lines, [line(1), line(2)]);
    let taken = taken(&[[&two[..], b"?!"].concat()]);
    assert_eq!((taken.lines.len(), taken.damage[0].offset), (2, two.len()));
}

#[test]
fn options_say_how_is_sampled_and_when_the_exporter_started() {
    let timed = [(8, 4), (1, 4), (22, 4), (21, 4)];
    let flow = [&[10, 0, 0, 1][..], &[0, 0, 0, 9], &[0, 0, 0, 100], &[0, 0, 0, 200]].concat();
    let scope = [(149, 4), (160, 8), (305, 4), (306, 4)];
    let booted = 1_699_999_000_000u64.to_be_bytes();
    let said = [&[0, 0, 0, 0][..], &booted, &[0, 0, 0, 1], &[0, 0, 0, 99]].concat();
    let datagram = ipfix(0, 0, &[options(300, 1, &scope), template(256, &timed, 10), set(300, &said), set(256, &flow)]);
    let taken = taken(&[datagram]);
    let time = "\"timestamp\":\"2023-11-14T21:56:40.100Z\",\"duration\":0.1";
    assert_eq!(taken.lines, [format!("{{{time},\"src_ip\":\"10.0.0.1\",\"bytes\":9,\"sampling\":100}}")]);
    assert_eq!(taken.unused["options data"], 1);
}

/// One datagram of each kind, which make all that there is to read.
fn kinds() -> Vec<Vec<u8>> {
    let variable = [(8, 4), (371, u16::MAX), (1, 2)];
    let of_variable = [&[10, 0, 0, 1, 3][..], b"abc", &[0, 9, 10, 0, 0, 2, 255, 0, 1, b'x', 0, 8]].concat();
    let scope = [(149, 4), (34, 4)];
    vec![
        v5(2, 48),
        v5(2, 52),
        v9(7, 0, &[template(256, &FIELDS, 9), set(256, &[record(1), record(2), record(3)].concat())]),
        v9(7, 1, &[set(1, &[1, 1, 0, 4, 0, 8, 0, 1, 0, 4, 0, 34, 0, 4, 0, 35, 0, 1]), set(257, &[1; 9])]),
        ipfix(
            7,
            0,
            &[template(256, &variable, 10), set(256, &of_variable), options(300, 1, &scope), set(300, &[2; 8])],
        ),
    ]
}

#[test]
fn a_datagram_cut_anywhere_gives_what_came_before_and_is_told() {
    for datagram in kinds() {
        let whole = taken(std::slice::from_ref(&datagram));
        assert!(whole.damage.is_empty(), "{:?}", whole.damage);
        for cut in 1..datagram.len() {
            let cut_off = taken(&[datagram[..cut].to_vec()]);
            assert!(whole.lines.starts_with(&cut_off.lines), "{cut}");
            let is_told = !cut_off.damage.is_empty();
            // A datagram of version 9 has no length: it may end after any set.
            let may_end = datagram[1] == 9 && cut_off.lines.len() + 1 < datagram.len();
            assert!(is_told || may_end, "{cut} of {:?}", &datagram[..2]);
        }
    }
}

#[test]
fn no_length_and_no_byte_leads_astray() {
    const LENGTHS: [u16; 11] = [0, 1, 2, 3, 4, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff];
    for datagram in kinds() {
        for at in 0..datagram.len() - 1 {
            let old = u16::from_be_bytes([datagram[at], datagram[at + 1]]);
            for new in LENGTHS.into_iter().chain([old.wrapping_add(1), old.wrapping_sub(1)]) {
                let mut changed = datagram.clone();
                changed[at..at + 2].copy_from_slice(&new.to_be_bytes());
                let taken = taken(&[changed]);
                assert!(taken.lines.len() <= datagram.len());
                taken.lines.iter().for_each(|line| drop(serde_json::from_str::<serde_json::Value>(line).unwrap()));
            }
        }
    }
}

#[test]
fn a_thousand_mutations_of_each_kind_change_no_more_than_what_comes_out() {
    // xorshift (Marsaglia 2003): the same in every run.
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |bound: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % bound.max(1) as u64) as usize
    };
    let kinds = kinds();
    for datagram in &kinds {
        let mut decoder = Decoder::new(true);
        for _ in 0..1000 {
            let mut broken = datagram.clone();
            for _ in 0..=below(8) {
                let at = below(broken.len());
                match below(4) {
                    0 => broken[at] = below(256) as u8,
                    1 => broken[at] ^= 1 << below(8),
                    2 => broken.truncate(at.max(1)),
                    _ => broken.extend_from_within(at..),
                }
                broken.truncate(4000);
            }
            let mut taken = Taken::default();
            decoder.datagram(&broken, &from(1), &mut taken);
            taken.lines.iter().for_each(|line| drop(serde_json::from_str::<serde_json::Value>(line).unwrap()));
        }
        assert!(decoder.exporters.budget.is_within_limits());
    }
}

#[test]
fn a_flood_of_templates_displaces_its_own() {
    let (mut decoder, mut taken) = (Decoder::new(false), Taken::default());
    let honest = Origin { exporter: Some(IpAddr::from([198, 51, 100, 1])), received: None };
    let data = |seq| v9(0, seq, &[set(256, &record(1))]);
    decoder.datagram(&v9(0, 0, &[template(256, &FIELDS, 9)]), &honest, &mut taken);
    decoder.datagram(&data(1), &honest, &mut taken);
    // All numbers of templates in many domains of one exporter, and then more exporters than are known at once.
    let wide: Vec<(u16, u16)> = (1..30).map(|id| (id, 4)).collect();
    for domain in 0..128 {
        let sets: Vec<Vec<u8>> = (0..512u16).map(|i| template(256 + domain * 500 + i, &wide, 9)).collect();
        for sets in sets.chunks(100) {
            decoder.datagram(&v9(u32::from(domain), 0, sets), &from(1), &mut taken);
        }
    }
    let sets: Vec<Vec<u8>> = (0..64).map(|i| template(256 + i, &wide, 9)).collect();
    for exporter in 0..2 * EXPORTERS as u16 {
        decoder.datagram(&v9(0, 0, &sets), &from(exporter), &mut taken);
        decoder.datagram(&v9(1, 0, &[set(300, &[7; 1000])]), &from(exporter), &mut taken);
    }
    assert!(decoder.exporters.budget.is_within_limits());
    taken.lines.clear();
    decoder.datagram(&data(2), &honest, &mut taken);
    assert_eq!(taken.lines.len(), 1, "the honest exporter's template is still there");
    // One that comes now is heard, too.
    let late = Origin { exporter: Some(IpAddr::from([198, 51, 100, 2])), received: None };
    decoder.datagram(&v9(0, 0, &[template(256, &FIELDS, 9), set(256, &record(1))]), &late, &mut taken);
    assert_eq!(taken.lines.len(), 2);
}

#[test]
fn templates_outlive_a_run() {
    let (mut decoder, mut taken) = (Decoder::new(false), Taken::default());
    let scope = [(149, 4), (160, 8), (305, 4), (306, 4)];
    let said = [&[0, 0, 0, 0][..], &1_699_999_000_000u64.to_be_bytes(), &[0, 0, 0, 1], &[0, 0, 0, 99]].concat();
    decoder.datagram(&ipfix(5, 0, &[options(300, 1, &scope), set(300, &said)]), &from(1), &mut taken);
    decoder.datagram(&ipfix(5, 1, &[template(256, &[(8, 4), (1, 4), (22, 4), (21, 4)], 10)]), &from(1), &mut taken);
    decoder.datagram(&v9(7, 0, &[template(256, &FIELDS, 9)]), &Origin::default(), &mut taken);
    let saved = decoder.save().unwrap();
    let mut again = Decoder::new(false);
    assert_eq!(again.load(&saved), Ok(3));
    assert_eq!(again.save().unwrap(), saved);
    let flow = [&[10, 0, 0, 1][..], &[0, 0, 0, 9], &[0, 0, 0, 100], &[0, 0, 0, 200]].concat();
    for decoder in [&mut decoder, &mut again] {
        let mut taken = Taken::default();
        decoder.datagram(&ipfix(5, 2, &[set(256, &flow)]), &from(1), &mut taken);
        decoder.datagram(&v9(7, 1, &[set(256, &record(1))]), &Origin::default(), &mut taken);
        assert!(taken.lines[0].contains("2023-11-14T21:56:40.100Z") && taken.lines[0].contains("\"sampling\":100"));
        assert_eq!(taken.lines[1], line(1));
    }
    // Every byte counts, or is none of what was saved.
    for at in 0..saved.len() - 1 {
        let mut broken = saved.clone().into_bytes();
        broken[at] ^= 1;
        let text = String::from_utf8(broken).unwrap();
        let mut decoder = Decoder::new(false);
        assert!(decoder.load(&text).is_err() || decoder.save().unwrap() == saved, "{at}");
        assert!(Decoder::new(false).load(&saved[..at]).is_err(), "{at}");
    }
    let newer = saved.replace("\"version\":1", "\"version\":2");
    assert!(Decoder::new(false).load(&newer).is_err_and(|e| e.contains("of version 2")));
}
