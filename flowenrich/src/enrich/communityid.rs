//! `communityid`: the Community ID of a flow, version 1 (<https://github.com/corelight/community-id-spec>).
//!
//! SHA-1 over seed, addresses, protocol, a 0 and ports, the smaller end first, so that both directions have one
//! identifier. ICMP's type and code stand for ports, and the answer's type for the other end's.

use super::{Enrich, Enricher, OVERWRITE, Outcome};
use crate::record::{Record, keys};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flow_record::item::{Param, ParamKind, Spec};
use flow_record::record::field::{ICMP_CODE, ICMP_TYPE};
use flow_record::record::{Field, Flow};
use flow_record::value::Address;
use sha1::{Digest, Sha1};
use std::net::IpAddr;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "communityid",
        about: "Community ID, the name of the flow in Zeek, Suricata, Wireshark",
        explain: "\
community_id is 1: and the Base64 text of the SHA-1 digest of seed, addresses, protocol and ports. Both directions have
the same one. TCP, UDP, SCTP and, with icmp_type and icmp_code, ICMP and ICMPv6 need their ports; a flow without them
gets none. Of other protocols the addresses count alone.

seed= must be that of the other tools; all have 0 unless told.",
        params: &[Param::new("seed", ParamKind::Integer(0, 65_535), "0", "", "what the digest begins with"), OVERWRITE],
        needs: &["src_ip", "dst_ip", "protocol"],
        columns: &[Field::named("community_id")],
        memory: "constant",
        source: "Community ID Flow Hashing 1.0, Corelight; FIPS 180-4",
    },
    build: |args| {
        Ok(Box::new(CommunityId {
            keys: keys(&ENRICHER.spec),
            seed: (args.integer("seed") as u16).to_be_bytes(),
            text: Vec::with_capacity(LENGTH),
        }))
    },
};

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP6: u8 = 58;
const SCTP: u8 = 132;

/// Characters of the digest: 20 bytes in Base64.
const LENGTH: usize = 28;

/// Types of ICMP that ask, and those that answer them; as in Zeek.
const ANSWERS: [(u8, u8); 5] = [(8, 0), (13, 14), (15, 16), (10, 9), (17, 18)];

/// The same of ICMPv6.
const ANSWERS6: [(u8, u8); 6] = [(128, 129), (130, 131), (133, 134), (135, 136), (139, 140), (144, 145)];

#[derive(Clone)]
struct CommunityId {
    keys: Vec<Vec<u8>>,
    seed: [u8; 2],
    text: Vec<u8>,
}

impl Enrich for CommunityId {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        let flow = record.flow();
        let Some((protocol, ends)) = flow.protocol().zip(flow.src_ip().zip(flow.dst_ip())) else {
            return Outcome::Lacking;
        };
        let Some(ports) = ports(flow, protocol) else { return Outcome::Lacking };
        self.digest(protocol, ends, ports);
        record.write(0, &self.keys[0], |out| {
            out.extend_from_slice(b"\"1:");
            out.extend_from_slice(&self.text);
            out.push(b'"');
        });
        Outcome::Done
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(self.clone())
    }
}

impl CommunityId {
    /// Puts the digest's text into `text`.
    fn digest(&mut self, protocol: u8, (src, dst): (Address, Address), ports: Ports) {
        let (is_one_way, [mut from, mut to]) = match ports {
            Ports::None => (false, [0, 0]),
            Ports::Both(both) => (false, both),
            Ports::OneWay(both) => (true, both),
        };
        let [mut first, mut last] = [Octets::of(src), Octets::of(dst)];
        if !is_one_way && (first.bytes(), from) > (last.bytes(), to) {
            std::mem::swap(&mut first, &mut last);
            std::mem::swap(&mut from, &mut to);
        }
        let mut sha = Sha1::new();
        sha.update(self.seed);
        sha.update(first.bytes());
        sha.update(last.bytes());
        sha.update([protocol, 0]);
        if !matches!(ports, Ports::None) {
            sha.update(from.to_be_bytes());
            sha.update(to.to_be_bytes());
        }
        self.text.resize(LENGTH, 0);
        // The text of 20 bytes fits.
        let _ = STANDARD.encode_slice(sha.finalize(), &mut self.text);
    }
}

/// What stands for ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ports {
    /// The protocol has none that count.
    None,
    /// Of source and destination.
    Both([u16; 2]),
    /// Of a message that nothing answers, so that the ends are never exchanged.
    OneWay([u16; 2]),
}

/// What stands for the ports of a flow; `None` where they are needed and absent.
fn ports(flow: &Flow, protocol: u8) -> Option<Ports> {
    match protocol {
        TCP | UDP | SCTP => Some(Ports::Both([flow.src_port()?, flow.dst_port()?])),
        ICMP => message(flow, &ANSWERS),
        ICMP6 => message(flow, &ANSWERS6),
        _ => Some(Ports::None),
    }
}

fn message(flow: &Flow, answers: &[(u8, u8)]) -> Option<Ports> {
    let kind = flow.integer(ICMP_TYPE)? as u8;
    let other = answers.iter().find_map(|(ask, answer)| match kind {
        k if k == *ask => Some(*answer),
        k if k == *answer => Some(*ask),
        _ => None,
    });
    Some(match other {
        Some(other) => Ports::Both([kind.into(), other.into()]),
        None => Ports::OneWay([kind.into(), flow.integer(ICMP_CODE)? as u16]),
    })
}

/// An address in network byte order.
struct Octets([u8; 16], usize);

impl Octets {
    fn of(address: Address) -> Octets {
        match address.0 {
            IpAddr::V4(a) => {
                let mut all = [0; 16];
                all[..4].copy_from_slice(&a.octets());
                Octets(all, 4)
            }
            IpAddr::V6(a) => Octets(a.octets(), 16),
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.0[..self.1]
    }
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::super::tests::{enriched, value};

    /// The vectors of the reference implementation's tests: protocol, ends, ports or type and code, seed 0, seed 1.
    const VECTORS: [(u8, &str, &str, u16, u16, &str, &str); 19] = [
        (1, "192.168.0.89", "192.168.0.1", 8, 0, "X0snYXpgwiv9TZtqg64sgzUn6Dk=", "03g6IloqVBdcZlPyX8r0hgoE7kA="),
        (1, "192.168.0.1", "192.168.0.89", 0, 8, "X0snYXpgwiv9TZtqg64sgzUn6Dk=", "03g6IloqVBdcZlPyX8r0hgoE7kA="),
        (1, "192.168.0.89", "192.168.0.1", 20, 0, "3o2RFccXzUgjl7zDpqmY7yJi8rI=", "lCXHHxavE1Vq3oX9NH5ladQg02o="),
        (1, "192.168.0.89", "192.168.0.1", 20, 1, "tz/fHIDUHs19NkixVVoOZywde+I=", "Ie3wmFyxiEyikbsbcO03d2nh+PM="),
        (1, "192.168.0.1", "192.168.0.89", 0, 20, "X0snYXpgwiv9TZtqg64sgzUn6Dk=", "03g6IloqVBdcZlPyX8r0hgoE7kA="),
        (
            58,
            "fe80::200:86ff:fe05:80da",
            "fe80::260:97ff:fe07:69ea",
            135,
            0,
            "dGHyGvjMfljg6Bppwm3bg0LO8TY=",
            "kHa1FhMYIT6Ym2Vm2AOtoOARDzY=",
        ),
        (
            58,
            "fe80::260:97ff:fe07:69ea",
            "fe80::200:86ff:fe05:80da",
            136,
            0,
            "dGHyGvjMfljg6Bppwm3bg0LO8TY=",
            "kHa1FhMYIT6Ym2Vm2AOtoOARDzY=",
        ),
        (
            58,
            "3ffe:507:0:1:260:97ff:fe07:69ea",
            "3ffe:507:0:1:200:86ff:fe05:80da",
            3,
            0,
            "NdobDX8PQNJbAyfkWxhtL2Pqp5w=",
            "OlOWx9psIbBFi7lOCw/4MhlKR9M=",
        ),
        (
            58,
            "3ffe:507:0:1:200:86ff:fe05:80da",
            "3ffe:507:0:1:260:97ff:fe07:69ea",
            3,
            0,
            "/OGBt9BN1ofenrmSPWYicpij2Vc=",
            "Ij4ZxnC87/MXzhOjvH2vHu7LRmE=",
        ),
        (132, "192.168.170.8", "192.168.170.56", 7, 80, "jQgCxbku+pNGw8WPbEc/TS/uTpQ=", "Y1/0jQg6e+I3ZwZZ9LP65DNbTXU="),
        (132, "192.168.170.56", "192.168.170.8", 80, 7, "jQgCxbku+pNGw8WPbEc/TS/uTpQ=", "Y1/0jQg6e+I3ZwZZ9LP65DNbTXU="),
        (
            6,
            "128.232.110.120",
            "66.35.250.204",
            34855,
            80,
            "LQU9qZlK+B5F3KDmev6m5PMibrg=",
            "3V71V58M3Ksw/yuFALMcW0LAHvc=",
        ),
        (
            6,
            "66.35.250.204",
            "128.232.110.120",
            80,
            34855,
            "LQU9qZlK+B5F3KDmev6m5PMibrg=",
            "3V71V58M3Ksw/yuFALMcW0LAHvc=",
        ),
        (6, "10.0.0.1", "10.0.0.2", 10, 11569, "SXBGMX1lBOwhhoDrZynfROxnhnM=", "HmBRGR+fUyXF4t8WEtal7Y0gEAo="),
        (17, "192.168.1.52", "8.8.8.8", 54585, 53, "d/FP5EW3wiY1vCndhwleRRKHowQ=", "Q9We8WO3piVF8yEQBNJF4uiSVrI="),
        (17, "8.8.8.8", "192.168.1.52", 53, 54585, "d/FP5EW3wiY1vCndhwleRRKHowQ=", "Q9We8WO3piVF8yEQBNJF4uiSVrI="),
        (46, "10.1.24.4", "10.1.12.1", 0, 0, "/nQI4Rh/TtY3mf0R2gJFBkVlgS4=", "BK3BVW3U2eemuwVQVN3zd/GULno="),
        (46, "10.1.12.1", "10.1.24.4", 0, 0, "/nQI4Rh/TtY3mf0R2gJFBkVlgS4=", "BK3BVW3U2eemuwVQVN3zd/GULno="),
        (46, "10.1.12.1", "10.1.24.4", 7, 9, "/nQI4Rh/TtY3mf0R2gJFBkVlgS4=", "BK3BVW3U2eemuwVQVN3zd/GULno="),
    ];

    #[test]
    fn identifiers_are_the_published_ones() {
        for (protocol, src, dst, a, b, plain, seeded) in VECTORS {
            let names = if matches!(protocol, 1 | 58) { ["icmp_type", "icmp_code"] } else { ["src_port", "dst_port"] };
            let line = format!(
                r#"{{"src_ip":"{src}","dst_ip":"{dst}","{}":{a},"{}":{b},"protocol":{protocol}}}"#,
                names[0], names[1]
            );
            assert_eq!(value("communityid", &line, "community_id"), format!("\"1:{plain}\""), "{line}");
            assert_eq!(value("communityid:seed=1", &line, "community_id"), format!("\"1:{seeded}\""), "{line}");
        }
    }

    #[test]
    fn without_the_ports_that_a_protocol_has_there_is_none() {
        for members in
            [r#""protocol":6"#, r#""protocol":1"#, r#""protocol":58,"icmp_type":3"#, r#""src_port":1,"dst_port":2"#]
        {
            let line = format!(r#"{{"src_ip":"10.0.0.1","dst_ip":"10.0.0.2",{members}}}"#);
            assert_eq!(enriched("communityid", &line), (line, Outcome::Lacking));
        }
    }
}
