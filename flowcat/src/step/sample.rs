//! `--sample 1/N`: one in N conversations, told by a hash of their key.
//!
//! The key is protocol and both ends (address and port), the lower end first, so that both directions, and all pieces
//! of one connection, are kept or left out together. The hash is SipHash-1-3 under a fixed key: the same on every
//! machine and in every version. What 1/1000 keeps, 1/10 keeps too. Constant memory.

use super::{Next, Record, Step};
use flow_record::record::Flow;
use flow_record::record::field::{self, FieldId};
use siphasher::sip::SipHasher13;
use std::hash::Hasher;
use std::net::IpAddr;
use std::str::FromStr;

/// One in so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share(u64);

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Share, String> {
        match text.strip_prefix("1/").map(str::parse) {
            Some(Ok(of)) if of > 0 => Ok(Share(of)),
            _ => {
                let near = meant(text).map(|n| format!("; did you mean 1/{n}?")).unwrap_or_default();
                Err(format!("one in N is expected, as 1/100{near}"))
            }
        }
    }
}

/// One in how many `100`, `1:100`, `0.01` or `1%` was meant to be.
fn meant(text: &str) -> Option<u64> {
    let (text, whole) = text.strip_suffix('%').map_or((text, 1.0), |percent| (percent, 100.0));
    let value: f64 =
        text.strip_prefix("1:").unwrap_or(text).parse().ok().filter(|v: &f64| v.is_finite() && *v > 0.0)?;
    let of = if value < 1.0 || whole > 1.0 { whole / value } else { value };
    (1.0..1e15).contains(&of).then_some(of.round() as u64)
}

struct Sample {
    /// Hashes up to this one are kept.
    most: u64,
}

pub(super) fn step(share: Share) -> Box<dyn Step> {
    Box::new(Sample { most: u64::MAX / share.0 })
}

impl Step for Sample {
    fn flow(&mut self, record: Record<'_>, next: &mut Next<'_, '_>) {
        if hash(record.flow) <= self.most { next.flow(record) } else { next.filtered() }
    }
}

/// An address, a port: as bytes that sort, absent ones first.
pub(super) fn end(flow: &Flow, address: FieldId, port: FieldId) -> [u8; 20] {
    let mut end = [0; 20];
    match flow.address(address).map(|a| a.0) {
        Some(IpAddr::V4(v4)) => {
            end[0] = 4;
            end[1..5].copy_from_slice(&v4.octets());
        }
        Some(IpAddr::V6(v6)) => {
            end[0] = 6;
            end[1..17].copy_from_slice(&v6.octets());
        }
        None => {}
    }
    if let Some(port) = flow.integer(port) {
        end[17] = 1;
        end[18..].copy_from_slice(&(port as u16).to_be_bytes());
    }
    end
}

fn hash(flow: &Flow) -> u64 {
    let (a, b) = (end(flow, field::SRC_IP, field::SRC_PORT), end(flow, field::DST_IP, field::DST_PORT));
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    let mut hasher = SipHasher13::new();
    hasher.write(&low);
    hasher.write(&high);
    hasher.write_u8(flow.integer(field::PROTOCOL).map_or(0xff, |p| p as u8));
    hasher.finish()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use flow_record::scan::{Clean, Scanner};

    fn hash_of(line: &str) -> u64 {
        let mut scanner = Scanner::new();
        hash(scanner.scan(Clean::line(line.as_bytes()).unwrap()).unwrap().flow)
    }

    #[test]
    fn a_share_is_one_in_a_number() {
        assert_eq!("1/100".parse(), Ok(Share(100)));
        for bad in ["", "1", "100", "1/0", "2/3", "1/-1", "1/x", "0.1"] {
            assert!(bad.parse::<Share>().is_err(), "{bad}");
        }
    }

    #[test]
    fn both_directions_have_one_hash_and_other_flows_another() {
        let there = r#"{"src_ip":"10.0.0.1","dst_ip":"10.0.0.2","src_port":5,"dst_port":80,"protocol":6,"bytes":1}"#;
        let back = r#"{"src_ip":"10.0.0.2","dst_ip":"10.0.0.1","src_port":80,"dst_port":5,"protocol":6,"bytes":9}"#;
        assert_eq!(hash_of(there), hash_of(back));
        for (part, other) in [("10.0.0.1", "10.0.0.3"), (":5,", ":6,"), (":6,", ":17,"), ("10.0.0.1", "::1")] {
            assert_ne!(hash_of(there), hash_of(&there.replacen(part, other, 1)), "{part}");
        }
    }

    #[test]
    fn the_hash_stays_what_it_is() {
        // The reference implementation of SipHash-1-3 with the key 0, over 41 bytes.
        let line = r#"{"src_ip":"10.0.0.1","dst_ip":"10.0.0.2","src_port":1,"dst_port":2,"protocol":6}"#;
        let mut expected = std::hash::DefaultHasher::new();
        for bytes in [[4, 10, 0, 0, 1], [4, 10, 0, 0, 2]].iter().zip([1u8, 2]) {
            let mut end = [0; 20];
            end[..5].copy_from_slice(bytes.0);
            (end[17], end[19]) = (1, bytes.1);
            expected.write(&end);
        }
        expected.write_u8(6);
        assert_eq!(hash_of(line), expected.finish());
    }
}
