//! Packets put together header by header, and what is found in them.
#![allow(clippy::unwrap_used)]

use super::fragment::Id;
use super::*;

/// An IPv4 packet.
fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0x45, 0x10, 0, 0, 0x12, 0x34, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    let length = (out.len() + payload.len()) as u16;
    out[2..4].copy_from_slice(&length.to_be_bytes());
    [out, payload.to_vec()].concat()
}

/// An IPv6 packet.
fn ipv6(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0x61, 0x20, 0, 0, 0, 0, protocol, 64];
    out[4..6].copy_from_slice(&(payload.len() as u16).to_be_bytes());
    out.extend(1_u128.to_be_bytes());
    out.extend(2_u128.to_be_bytes());
    [out, payload.to_vec()].concat()
}

fn udp(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let length = 8 + payload.len() as u16;
    [&from.to_be_bytes()[..], &to.to_be_bytes(), &length.to_be_bytes(), &[0, 0], payload].concat()
}

fn tcp(flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 24];
    out[..4].copy_from_slice(&[0x9c, 0x40, 0, 80]);
    (out[12], out[13]) = (0x60, flags);
    [out, payload.to_vec()].concat()
}

fn ethernet(kind: u16, payload: &[u8]) -> Vec<u8> {
    [&[2; 12][..], &kind.to_be_bytes(), payload].concat()
}

fn packet(link: u16, bytes: &[u8]) -> Packet<'_> {
    Packet { time: Some(0), digits: 6, link, bytes, length: bytes.len() as u32, is_big: false }
}

/// Ports, protocol, VLAN and IP length of the outer or inner packet.
fn found(link: u16, bytes: &[u8], inner: bool) -> Result<([u16; 2], u8, u16, u32), Unfit> {
    let headers = decode(&packet(link, bytes), inner)?;
    assert_eq!(headers.lengths.l2, bytes.len() as u32);
    Ok((headers.ports, headers.protocol, headers.vlan, headers.lengths.l3))
}

const DNS: [u16; 2] = [5353, 53];

fn dns() -> Vec<u8> {
    ipv4(17, &udp(5353, 53, b"query"))
}

#[test]
fn the_fields_of_a_tcp_packet_and_its_lengths() {
    let frame = [ethernet(0x0800, &ipv4(6, &tcp(0x12, b"hello"))), vec![0; 9]].concat();
    let headers = decode(&packet(1, &frame), false).unwrap();
    assert_eq!((headers.address(0), headers.address(1)), ([10, 0, 0, 1].into(), [10, 0, 0, 2].into()));
    assert_eq!((headers.ports, headers.protocol, headers.tos, headers.flags), ([40_000, 80], 6, 0x10, 0x12));
    let Lengths { l2, l3, l4, payload } = headers.lengths;
    assert_eq!((l2, l3, l4, payload, headers.payload), (72, 49, 29, 5, &b"hello"[..]));
}

#[test]
fn every_link_type_leads_to_the_same_packet() {
    let ip = dns();
    let nflog: Vec<u8> = [&[2, 0, 0, 0][..], &[5, 0, 10, 0, 7, 0, 0, 0], &[37, 0, 9, 0], &ip, &[0; 3]].concat();
    let nflog_big: Vec<u8> = [&[2, 0, 0, 0][..], &[0, 5, 0, 10, 7, 0, 0, 0], &[0, 37, 0, 9], &ip, &[0; 3]].concat();
    for (link, header, vlan) in [
        (1, ethernet(0x0800, &[]), 0),
        (1, ethernet(0x8100, &[0x20, 7, 8, 0]), 7),
        (1, ethernet(0x88a8, &[0, 5, 0x81, 0, 0xa0, 9, 8, 0]), 9),
        (1, ethernet(0x8847, &[0, 1, 0, 64, 0, 1, 1, 64]), 0),
        (1, ethernet(0x8847, &[&[0, 1, 1, 64, 0, 0, 0, 0][..], &ethernet(0x0800, &[])].concat()), 0),
        (1, ethernet(0x8864, &[0x11, 0, 0, 1, 0, 42, 0, 0x21]), 0),
        (1, ethernet(0x8864, &[0x11, 0, 0, 1, 0, 42, 0x21]), 0),
        (1, ethernet(40, &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0]), 0),
        (101, vec![], 0),
        (228, vec![], 0),
        (12, vec![], 0),
        (113, [&[0; 14][..], &[8, 0]].concat(), 0),
        (113, [&[0; 14][..], &[0x81, 0, 0, 3, 8, 0]].concat(), 3),
        (276, [&[8, 0][..], &[0; 18]].concat(), 0),
        (0, vec![2, 0, 0, 0], 0),
        (0, vec![0, 0, 0, 2], 0),
        (108, vec![0, 0, 0, 2], 0),
        (9, vec![0xff, 3, 0, 0x21], 0),
        (9, vec![0x21], 0),
        (50, vec![0xff, 3, 0, 0x21], 0),
        (50, vec![0x0f, 0, 8, 0], 0),
        (51, vec![0x11, 0, 0, 1, 0, 42, 0, 0x21], 0),
        (104, vec![0x0f, 0, 8, 0], 0),
    ] {
        let frame = [header.clone(), ip.clone()].concat();
        assert_eq!(found(link, &frame, false), Ok((DNS, 17, vlan, 33)), "{link} {header:x?}");
    }
    for nflog in [nflog, nflog_big] {
        assert_eq!(found(239, &nflog, false), Ok((DNS, 17, 0, 33)));
    }
}

#[test]
fn what_is_no_ip_is_told_by_why() {
    for (link, frame, why) in [
        (1, ethernet(0x0806, &[0; 28]), Unfit::NoIp),
        (1, ethernet(38, &[0x42; 40]), Unfit::NoIp),
        (1, ethernet(0x8863, &[0x11, 9, 0, 0, 0, 0]), Unfit::NoIp),
        (1, ethernet(0x8864, &[0x11, 0, 0, 1, 0, 42, 0xc0, 0x21]), Unfit::NoIp),
        (1, ethernet(0x0800, &[0x55; 40]), Unfit::Broken),
        (1, ethernet(0x0800, &[0x44; 40]), Unfit::Broken),
        (1, ethernet(0x0800, &[]), Unfit::Broken),
        (1, vec![0; 5], Unfit::Broken),
        (0, vec![0, 0, 0, 99, 0x45], Unfit::NoIp),
        (147, dns(), Unfit::Link),
        (1, ethernet(0x8100, &[0, 1, 0x81, 0].repeat(20)), Unfit::Deep),
    ] {
        assert_eq!(found(link, &frame, false), Err(why), "{link} {frame:x?}");
    }
}

#[test]
fn snapped_packets_keep_their_length_and_need_their_ports() {
    let frame = ethernet(0x0800, &ipv4(6, &tcp(0x18, &[7; 1000])));
    for captured in 0..frame.len() {
        let packet = Packet { length: frame.len() as u32, ..packet(1, &frame[..captured]) };
        let decoded = decode(&packet, false);
        if captured < 14 + 20 + 4 {
            assert_eq!(decoded, Err(Unfit::Snapped), "{captured}");
            continue;
        }
        let headers = decoded.unwrap();
        assert_eq!((headers.lengths.l3, headers.ports), (1044, [40_000, 80]));
        assert_eq!(headers.flags, if captured < 48 { 0 } else { 0x18 });
        assert_eq!(headers.payload.len(), captured.saturating_sub(58));
    }
}

#[test]
fn a_length_of_zero_is_what_the_frame_holds() {
    let mut ip = ipv4(6, &tcp(0x10, &[7; 100]));
    ip[2..4].fill(0);
    assert_eq!(found(1, &ethernet(0x0800, &ip), false), Ok(([40_000, 80], 6, 0, 144)));
    let mut ip = ipv6(6, &tcp(0x10, &[7; 100]));
    ip[4..6].fill(0);
    assert_eq!(found(1, &ethernet(0x86dd, &ip), false), Ok(([40_000, 80], 6, 0, 164)));
    assert_eq!(found(101, &ipv6(59, &[]), false), Ok(([0, 0], 59, 0, 40)));
}

#[test]
fn extension_headers_lead_to_the_transport() {
    let query = udp(5353, 53, b"query");
    let chain = [&[60, 0, 1, 4, 0, 0, 0, 0][..], &[43, 1], &[0; 14], &[17, 0, 4, 0, 0, 0, 0, 0], &query].concat();
    let headers = decode(&packet(101, &ipv6(0, &chain)), false).map(|h| (h.ports, h.protocol, h.lengths));
    assert_eq!(headers, Ok((DNS, 17, Lengths { l2: 85, l3: 85, l4: 13, payload: 5 })));
    let secured = ipv6(51, &query);
    let headers = decode(&packet(101, &secured), false).unwrap();
    assert_eq!((headers.protocol, headers.ports, headers.tos), (51, [0, 0], 0x12));
    assert_eq!(found(101, &ipv6(0, &[0; 8].repeat(40)), false), Err(Unfit::Deep));
    assert_eq!(found(101, &ipv6(0, &[17, 9, 0, 0, 0, 0, 0, 0]), false), Err(Unfit::Broken));
}

#[test]
fn icmp_has_type_and_code_and_short_packets_have_no_ports() {
    let (refused, echo) = (ipv4(1, &[3, 13, 0, 0, 0, 0, 0, 0, 1, 2]), ipv6(58, &[128, 0, 0, 0, 0, 0, 0, 0]));
    let headers = decode(&packet(101, &refused), false).unwrap();
    assert_eq!((headers.icmp, headers.ports, headers.lengths.payload), (Some([3, 13]), [0, 0], 2));
    let headers = decode(&packet(101, &echo), false).unwrap();
    assert_eq!(headers.icmp, Some([128, 0]));
    assert_eq!(found(101, &ipv4(6, &[0, 1, 0, 2, 0, 0]), false), Ok(([0, 0], 6, 0, 26)));
    assert_eq!(found(101, &ipv4(132, &[0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]), false), Ok(([1, 2], 132, 0, 32)));
}

#[test]
fn fragments_are_told_apart() {
    let fragment = |place: u16, payload: &[u8]| {
        let mut ip = ipv4(17, payload);
        ip[6..8].copy_from_slice(&place.to_be_bytes());
        decode(&packet(101, &ip), true).map(|h| (h.fragment, h.ports)).unwrap()
    };
    let id = Id { addresses: [0x0a00_0001, 0x0a00_0002], protocol: 17, id: 0x1234 };
    assert_eq!(fragment(0x4000, &udp(5353, 53, &[])), (Fragment::None, DNS));
    assert_eq!(fragment(0x2000, &udp(5353, 53, &[])), (Fragment::First(id), DNS));
    assert_eq!(fragment(0x2000, &[0x14, 0xe9, 0, 53]), (Fragment::First(id), DNS));
    assert_eq!(fragment(0x2001, &udp(5353, 53, &[])), (Fragment::Later(id), [0, 0]));
    assert_eq!(fragment(0x00b9, &[]), (Fragment::Later(id), [0, 0]));
    let later = ipv6(44, &[17, 0, 0, 8, 0, 0, 0, 9, 1, 2, 3]);
    let headers = decode(&packet(101, &later), false).unwrap();
    assert_eq!(headers.fragment, Fragment::Later(Id { addresses: [1, 2], protocol: 44, id: 9 }));
    assert_eq!((headers.protocol, headers.lengths.payload), (17, 3));
}

#[test]
fn tunnels_are_entered_only_where_that_is_asked_for() {
    let (ip, frame) = (dns(), ethernet(0x0800, &dns()));
    let gre = |flags: u16, kind: u16, options: &[u8], inner: &[u8]| {
        [&flags.to_be_bytes()[..], &kind.to_be_bytes(), options, inner].concat()
    };
    let vxlan = [&[8, 0, 0, 0, 0, 0, 42, 0][..], &frame].concat();
    let geneve = [&[1, 0, 0x65, 0x58, 0, 0, 42, 0, 9, 9, 9, 9][..], &frame].concat();
    let gtp = [&[0x30, 0xff, 0, 33, 0, 0, 0, 1][..], &ip].concat();
    let gtp_long = [&[0x34, 0xff, 0, 41, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0, 9, 0][..], &ip].concat();
    let teredo = [&[0, 1, 0, 0][..], &[0; 9], &[0; 8], &ipv6(17, &udp(5353, 53, b"query"))].concat();
    for (outer, ports, protocol, length) in [
        (ipv4(4, &ip), [0, 0], 4, 33),
        (ipv4(41, &ipv6(17, &udp(5353, 53, b"query"))), [0, 0], 41, 53),
        (ipv6(4, &ip), [0, 0], 4, 33),
        (ipv4(47, &gre(0, 0x0800, &[], &ip)), [0, 0], 47, 33),
        (ipv4(47, &gre(0xb000, 0x6558, &[0; 12], &frame)), [0, 0], 47, 33),
        (ipv4(47, &gre(0x3081, 0x880b, &[0; 12], &[&[0xff, 3, 0, 0x21][..], &ip].concat())), [0, 0], 47, 33),
        (ipv4(47, &gre(0x1000, 0x88be, &[0; 12], &frame)), [0, 0], 47, 33),
        (ipv4(97, &[&[0x30, 0][..], &frame].concat()), [0, 0], 97, 33),
        (ipv4(137, &[&[0, 1, 1, 64][..], &ip].concat()), [0, 0], 137, 33),
        (ipv4(17, &udp(9999, 4789, &vxlan)), [9999, 4789], 17, 33),
        (ipv4(17, &udp(9999, 6081, &geneve)), [9999, 6081], 17, 33),
        (ipv4(17, &udp(2152, 2152, &gtp)), [2152, 2152], 17, 33),
        (ipv4(17, &udp(2152, 2152, &gtp_long)), [2152, 2152], 17, 33),
        (ipv4(17, &udp(9999, 3544, &teredo)), [9999, 3544], 17, 53),
        // Several of them.
        (ipv4(4, &ipv4(17, &udp(9999, 4789, &vxlan))), [0, 0], 4, 33),
    ] {
        let whole = outer.len() as u32;
        assert_eq!(found(101, &outer, false), Ok((ports, protocol, 0, whole)));
        assert_eq!(found(101, &outer, true), Ok((DNS, 17, 0, length)), "{protocol} {ports:?}");
    }
}

#[test]
fn a_tunnel_that_carries_no_ip_stays_as_it_is() {
    let arp = [&[8, 0, 0, 0, 0, 0, 42, 0][..], &ethernet(0x0806, &[0; 28])].concat();
    for outer in [ipv4(17, &udp(9999, 4789, &arp)), ipv4(17, &udp(9999, 2152, b"echo")), ipv4(4, &[0x45, 0])] {
        assert_eq!(found(101, &outer, true), found(101, &outer, false));
    }
    let nested = (0..40).fold(dns(), |inner, _| ipv4(4, &inner));
    assert!(found(101, &nested, true).is_ok());
}

#[test]
fn a_datagram_has_both_ends_its_time_and_what_it_carries() {
    let frame = ethernet(0x86dd, &ipv6(17, &udp(5353, 2055, b"export")));
    let packet = Packet { time: Some(7), length: frame.len() as u32, ..packet(1, &frame) };
    let datagram = datagram(&packet).unwrap();
    assert_eq!(
        (datagram.time, datagram.src, datagram.dst),
        (Some(7), "[::1]:5353".parse().unwrap(), "[::2]:2055".parse().unwrap())
    );
    assert_eq!((datagram.payload, datagram.missing), (&b"export"[..], Missing::Nothing));
    let cut = Packet { bytes: &frame[..frame.len() - 1], ..packet };
    assert_eq!(super::datagram(&cut).map(|d| (d.payload, d.missing)), Some((&b"expor"[..], Missing::Snapped)));
    assert_eq!(super::datagram(&Packet { bytes: &ethernet(0x0800, &ipv4(6, &tcp(2, &[]))), ..packet }), None);
}
