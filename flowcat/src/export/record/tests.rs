use super::*;
use crate::export::testing::Taken;
use flow_record::record::Writer;

const EXPORTED: i64 = 1_700_000_000 * SECOND;

fn context() -> Context {
    Context { exported: Some(EXPORTED), uptime: Some(100_000), ..Context::default() }
}

/// The line of these numbers, and how many were lost.
fn line(numbers: &[(Slot, u64)], context: &Context) -> (String, usize) {
    let (mut values, mut flow, mut taken) = (Values::default(), Flow::new(), Taken::default());
    numbers.iter().for_each(|(slot, value)| values.put(*slot, *value));
    if !settle(&values, context, None, &mut flow, &mut taken) {
        return ("no flow".into(), taken.lost.len());
    }
    let mut out = Vec::new();
    Writer::new().line(&flow, &mut out);
    (String::from_utf8_lossy(&out).trim_end().to_owned(), taken.lost.len())
}

fn text(numbers: &[(Slot, u64)]) -> String {
    line(&[&[(Slot::Bytes, 1)], numbers].concat(), &context()).0.replace("\"bytes\":1", "-")
}

#[test]
fn what_is_0_where_an_exporter_did_not_know_is_absent() {
    let unknown = [Slot::Tos, Slot::InputIf, Slot::OutputIf, Slot::SrcAs, Slot::DstAs, Slot::Vlan, Slot::Next4];
    assert_eq!(text(&unknown.map(|slot| (slot, 0))), "{-}");
    assert_eq!(text(&[(Slot::Tos, 8), (Slot::Dot1qVlan, 7), (Slot::Vlan, 0)]), "{-,\"tos\":8,\"vlan\":7}");
    assert_eq!(text(&[(Slot::Flows, 1)]), "{-}");
    assert_eq!(text(&[(Slot::Flows, 2)]), "{-,\"flows\":2}");
    assert_eq!(text(&[(Slot::Event, 3), (Slot::Src4, 0)]), "{\"src_ip\":\"0.0.0.0\",-,\"state\":\"denied\"}");
}

#[test]
fn icmp_is_told_by_its_elements_or_by_the_port() {
    let icmp = |protocol, numbers: &[(Slot, u64)]| {
        let line = text(&[&[(Slot::Protocol, protocol)], numbers].concat());
        line.replace("\"src_port\":0,\"dst_port\":0,", "").replace(&format!("\"protocol\":{protocol},"), "")
    };
    let unreachable = "{-,\"icmp_type\":3,\"icmp_code\":1}";
    assert_eq!(icmp(1, &[(Slot::SrcPort, 0), (Slot::DstPort, 769)]), unreachable);
    assert_eq!(icmp(1, &[(Slot::Icmp4, 769), (Slot::DstPort, 0)]), unreachable);
    assert_eq!(icmp(1, &[(Slot::Icmp4, 0), (Slot::DstPort, 769)]), unreachable);
    assert_eq!(icmp(1, &[(Slot::IcmpType, 3), (Slot::IcmpCode, 1)]), unreachable);
    // The identifier of an echo reply stands where a port would.
    let reply = [(Slot::IcmpType, 0), (Slot::IcmpCode, 0), (Slot::SrcPort, 0), (Slot::DstPort, 769)];
    assert_eq!(icmp(1, &reply), "{-,\"icmp_type\":0,\"icmp_code\":0}");
    assert_eq!(icmp(58, &[(Slot::Icmp6, 769)]), unreachable);
    assert_eq!(icmp(58, &[(Slot::Icmp4, 769)]), unreachable);
    assert_eq!(icmp(1, &[(Slot::SrcPort, 0), (Slot::DstPort, 0)]), "{-,\"icmp_type\":0,\"icmp_code\":0}");
    assert_eq!(icmp(1, &[(Slot::SrcPort, 5), (Slot::DstPort, 769)]), "{-}");
    assert_eq!(icmp(6, &[(Slot::Icmp4, 769), (Slot::DstPort, 80)]), "{\"dst_port\":80,-}");
}

#[test]
fn flags_belong_to_tcp() {
    let flags = |protocol| text(&[(Slot::TcpFlags, 18), (Slot::Protocol, protocol)]);
    assert_eq!(flags(6), "{\"protocol\":6,-,\"tcp_flags\":18}");
    assert_eq!(flags(17), "{\"protocol\":17,-}");
    assert_eq!(text(&[(Slot::TcpFlags, 18)]), "{-,\"tcp_flags\":18}");
    assert_eq!(text(&[(Slot::TcpFlags, 0)]), "{-}");
}

#[test]
fn the_other_direction_is_there_if_anything_of_it_is() {
    let both = |bytes, packets| text(&[(Slot::RevBytes, bytes), (Slot::RevPackets, packets)]);
    assert_eq!(both(0, 0), "{-}");
    assert_eq!(both(40, 1), "{-,\"rev_packets\":1,\"rev_bytes\":40}");
    assert_eq!(text(&[(Slot::OutBytes, 40), (Slot::OutPackets, 0)]), "{-,\"rev_bytes\":40}");
    let (frames, _) = line(&[(Slot::FrameBytes, 60), (Slot::Packets, 1)], &context());
    assert_eq!(frames, "{\"packets\":1,\"bytes\":60,\"byte_layer\":\"l2\"}");
}

#[test]
fn a_number_beyond_its_field_is_told() {
    let (text, lost) = line(&[(Slot::Packets, 1), (Slot::Bytes, 1 << 53), (Slot::SrcPort, 65_536)], &context());
    assert_eq!((&*text, lost), ("{\"packets\":1}", 2));
    assert_eq!(line(&[(Slot::Tos, 1)], &context()), ("no flow".into(), 0));
}

#[test]
fn times_are_made_absolute_and_judged() {
    let day = 86_400_000;
    let at = |start: u64, end: u64| text(&[(Slot::StartUptime, start), (Slot::EndUptime, end)]);
    assert_eq!(at(90_000, 95_000), "{\"timestamp\":\"2023-11-14T22:13:10.000Z\",\"duration\":5,-}");
    assert_eq!(at(95_000, 90_000), "{\"timestamp\":\"2023-11-14T22:13:15.000Z\",-,\"clock\":\"implausible\"}");
    assert!(at(100_000 + day, 100_000 + day).ends_with("\"duration\":0,-}"));
    assert!(at(101_000 + day, 101_000 + day).ends_with("\"clock\":\"implausible\"}"));
    // An uptime that has wrapped.
    let context = Context { uptime: Some(1000), ..context() };
    let (text, _) = line(&[(Slot::Bytes, 1), (Slot::StartUptime, u64::from(u32::MAX)), (Slot::EndUptime, 9)], &context);
    assert_eq!(text, "{\"timestamp\":\"2023-11-14T22:13:18.999Z\",\"duration\":0.01,\"bytes\":1}");
    let old = |nanos: i64| line(&[(Slot::Bytes, 1), (Slot::Start, nanos as u64)], &Context::default()).0;
    assert!(old(FIRST_YEAR * SECOND - 1).contains("implausible") && !old(FIRST_YEAR * SECOND).contains("implausible"));
}

#[test]
fn a_duration_makes_up_for_a_start_or_an_end() {
    let second = 1_000_000_000;
    let end = EXPORTED as u64;
    let expected = "{\"timestamp\":\"2023-11-14T22:13:19.000Z\",\"duration\":1,-}";
    assert_eq!(text(&[(Slot::End, end), (Slot::Duration, second)]), expected);
    assert_eq!(text(&[(Slot::Start, end - second), (Slot::Duration, second)]), expected);
    let (start, last) = ((Slot::Start, end - second / 2), (Slot::End, end - second / 4));
    assert_eq!(text(&[start, last, (Slot::RevStart, end - second), (Slot::RevEnd, end)]), expected);
    assert_eq!(text(&[(Slot::StartBefore, 1_000_000), (Slot::EndBefore, 0)]), expected);
    let absent = Context { exported: None, uptime: None, ..context() };
    assert_eq!(line(&[(Slot::Bytes, 1), (Slot::StartUptime, 5)], &absent).0, "{\"bytes\":1}");
}
