//! The one table of the fields that a flow line can carry, in the order in which they are written.
//!
//! `RECORD` holds the fields of the flow record itself; a [`Flow`](super::Flow) has a cell for each of them and the
//! scanner checks and converts each. `ADDED` holds what options and enrichers write; those are read by name.
//! The scanner, the writer, the schema, the documentation and the CSV and table columns are made from these rows.

use super::statistics::STATISTICS;

/// How a value is written in JSON and kept in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An RFC 3339 time in a string.
    Time,
    /// A number of seconds with at most nine decimals, kept in nanoseconds.
    Seconds,
    /// An IPv4 or IPv6 address in a string.
    Address,
    /// An integer from 0 to the given maximum.
    Integer(u64),
    /// An integer from 0 to 2^128 - 1: what the counts of flows add up to.
    Sum,
    /// A string.
    Text,
    /// A string out of a closed set.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Truth,
    /// Any finite number.
    Number,
    /// A list of strings.
    Words,
    /// A list of numbers.
    Numbers,
    /// An object.
    Object,
    /// Any value.
    Any,
}

pub use crate::value::number::MAX_INTEGER;

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The member's name on the pipe.
    pub name: &'static str,
    /// Type and range.
    pub kind: Kind,
    /// Unit, or empty.
    pub unit: &'static str,
    /// What it means, in one sentence part.
    pub about: &'static str,
}

impl Field {
    /// The row with this name, of the record or added. For constants: a name that no row has does not compile.
    pub const fn named(name: &str) -> Field {
        let mut i = 0;
        while i < RECORD.len() {
            if is_same(RECORD[i].name, name) {
                return RECORD[i];
            }
            i += 1;
        }
        let mut i = 0;
        while !is_same(ADDED[i].name, name) {
            i += 1;
        }
        ADDED[i]
    }
}

/// Whether two texts are equal, for constants.
const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// The place of a field in [`RECORD`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(pub u8);

impl FieldId {
    /// The row of this field.
    pub fn field(self) -> &'static Field {
        &RECORD[self.0 as usize]
    }

    /// The name of this field.
    pub fn name(self) -> &'static str {
        self.field().name
    }

    /// The field of the record with this name.
    pub fn named(name: &str) -> Option<FieldId> {
        RECORD.iter().position(|f| f.name == name).map(|i| FieldId(i as u8))
    }

    /// All fields of the record, in order.
    pub fn all() -> impl Iterator<Item = FieldId> {
        (0..RECORD.len() as u8).map(FieldId)
    }
}

const fn field(name: &'static str, kind: Kind, unit: &'static str, about: &'static str) -> Field {
    Field { name, kind, unit, about }
}

const COUNT: Kind = Kind::Integer(MAX_INTEGER);
const PORT: Kind = Kind::Integer(65_535);
const FLAG: Kind = Kind::Integer(1);
const OCTET: Kind = Kind::Integer(255);
const WORD16: Kind = Kind::Integer(65_535);
const WORD32: Kind = Kind::Integer(u32::MAX as u64);

/// The flow record.
pub const RECORD: &[Field] = &[
    field(
        "timestamp",
        Kind::Time,
        "",
        "start of the flow, RFC 3339 in UTC, with the digits of the source's resolution",
    ),
    field("duration", Kind::Seconds, "s", "time from the first to the last packet"),
    field("src_ip", Kind::Address, "", "source address, canonical text (RFC 5952)"),
    field("dst_ip", Kind::Address, "", "destination address, canonical text (RFC 5952)"),
    field("src_port", PORT, "", "source port, 0 where the protocol has none"),
    field("dst_port", PORT, "", "destination port, 0 where the protocol has none"),
    field("protocol", OCTET, "", "IANA protocol number"),
    field("packets", COUNT, "packets", "packets from source to destination"),
    field(
        "bytes",
        COUNT,
        "bytes",
        "bytes from source to destination, at the IP layer unless byte_layer says otherwise",
    ),
    field("rev_packets", COUNT, "packets", "packets from destination to source"),
    field("rev_bytes", COUNT, "bytes", "bytes from destination to source"),
    field("flows", COUNT, "flows", "number of flows that this record stands for, where the source says more than one"),
    field("tcp_flags", WORD16, "", "OR of the TCP flags seen, RFC 9293 bit order"),
    field("rev_tcp_flags", WORD16, "", "OR of the TCP flags seen in the other direction"),
    field("icmp_type", OCTET, "", "ICMP or ICMPv6 type"),
    field("icmp_code", OCTET, "", "ICMP or ICMPv6 code"),
    field("app", Kind::Text, "", "application"),
    field("state", Kind::Text, "", "the source's connection state or firewall action"),
    field("label", Kind::Text, "", "ground truth: benign, malicious"),
    field("attack", Kind::Text, "", "category of the ground truth"),
    field("exporter", Kind::Address, "", "address of the device that exported the flow"),
    field("input_if", WORD32, "", "SNMP index of the input interface"),
    field("output_if", WORD32, "", "SNMP index of the output interface"),
    field("src_as", WORD32, "", "autonomous system of the source"),
    field("dst_as", WORD32, "", "autonomous system of the destination"),
    field("next_hop", Kind::Address, "", "address of the next hop"),
    field("tos", OCTET, "", "type of service octet"),
    field("vlan", WORD16, "", "VLAN identifier"),
    field("sampling", WORD32, "", "N of 1-in-N packet sampling; counts are as exported"),
    field(
        "byte_layer",
        Kind::Word(&["l2", "l4"]),
        "",
        "layer at which bytes are counted, where it is not the IP layer",
    ),
    field(
        "clock",
        Kind::Word(&["ambiguous", "implausible", "no-date"]),
        "",
        "why the time is doubtful: shown twice or never as summer time ends or begins, or a clock of 12 hours without AM \
         and PM; last before first, a time before 1990 or after its own export; no date in the source",
    ),
];

/// Fields that options and enrichers add to a line, those of [`STATISTICS`] last.
pub const ADDED: &[Field] = &{
    let mut all = [OTHERS[0]; OTHERS.len() + STATISTICS.len()];
    let mut i = 0;
    while i < all.len() {
        all[i] = if i < OTHERS.len() { OTHERS[i] } else { STATISTICS[i - OTHERS.len()] };
        i += 1;
    }
    all
};

/// Fields that are added one by one.
const OTHERS: &[Field] = &[
    field(
        "dir_reason",
        Kind::Word(&["syn", "request", "service", "first", "port", "none"]),
        "",
        "why the source of a joined flow is taken for its client (flowcat --biflow)",
    ),
    field(
        "app_guessed",
        Kind::Truth,
        "",
        "whether app is what its port is for, because the payload does not show it (flowcat on packets)",
    ),
    field("app_host", Kind::Text, "", "name that the client asked for: TLS, QUIC, HTTP, DNS (flowcat on packets)"),
    field("app_alpn", Kind::Text, "", "protocol that the client offered first within TLS or QUIC (flowcat on packets)"),
    field("scaled", Kind::Truth, "", "whether packets and bytes were multiplied by the sampling (flowcat --sampling)"),
    field("dup_of", Kind::Address, "", "exporter whose record of the same traffic counts (flowcat --dedup)"),
    field("flagged", Kind::Words, "", "rules that hold for this flow, as detector.field (flowdetect --mark)"),
    field("src_scope", Kind::Text, "", "scope of the source address by the IANA registries"),
    field("dst_scope", Kind::Text, "", "scope of the destination address by the IANA registries"),
    field("src_internal", Kind::Truth, "", "whether the source lies in the internal networks"),
    field("dst_internal", Kind::Truth, "", "whether the destination lies in the internal networks"),
    field(
        "direction",
        Kind::Word(&["inbound", "outbound", "internal", "external"]),
        "",
        "seen from the internal networks",
    ),
    field("src_ip_class", Kind::Text, "", "class of the source address by its first octet"),
    field("dst_ip_class", Kind::Text, "", "class of the destination address by its first octet"),
    field("src_port_class", Kind::Word(&["WellKnown", "Registered", "Dynamic"]), "", "IANA range of the source port"),
    field(
        "dst_port_class",
        Kind::Word(&["WellKnown", "Registered", "Dynamic"]),
        "",
        "IANA range of the destination port",
    ),
    field("service", Kind::Text, "", "IANA service name of the port and protocol"),
    field("protocol_name", Kind::Text, "", "IANA keyword of the protocol"),
    field("tcp_flags_text", Kind::Text, "", "TCP flags as letters, a dot for each that is not set"),
    field("rev_tcp_flags_text", Kind::Text, "", "TCP flags of the other direction as letters"),
    field("hour", Kind::Integer(23), "", "hour of the day"),
    field("weekday", Kind::Integer(6), "", "day of the week, 0 is Monday"),
    field("bps", Kind::Number, "bit/s", "bits a second from source to destination"),
    field("pps", Kind::Number, "packets/s", "packets a second from source to destination"),
    field("bpp", Kind::Number, "bytes", "bytes a packet from source to destination"),
    field("rev_bps", Kind::Number, "bit/s", "bits a second from destination to source"),
    field("rev_pps", Kind::Number, "packets/s", "packets a second from destination to source"),
    field("rev_bpp", Kind::Number, "bytes", "bytes a packet from destination to source"),
    field("bytes_ratio", Kind::Number, "", "rev_bytes by bytes"),
    field("packets_ratio", Kind::Number, "", "rev_packets by packets"),
    field("pcr", Kind::Number, "", "producer/consumer ratio: 1 only sends, -1 only receives"),
    field("community_id", Kind::Text, "", "Community ID, the same for both directions"),
    field("fan_out_src", Kind::Number, "hosts", "hosts that the source sends to, around the start"),
    field("fan_in_src", Kind::Number, "hosts", "hosts that send to the source, around the start"),
    field("fan_in_dst", Kind::Number, "hosts", "hosts that send to the destination, around the start"),
    field("fan_out_dst", Kind::Number, "hosts", "hosts that the destination sends to, around the start"),
    field("fan_late", Kind::Truth, "", "whether the flow came after its window had closed (flowenrich fan)"),
    field("ct_srv_src", Kind::Number, "flows", "of the last flows, those with this source and service"),
    field("ct_srv_dst", Kind::Number, "flows", "of the last flows, those with this destination and service"),
    field("ct_dst_ltm", Kind::Number, "flows", "of the last flows, those with this destination"),
    field("ct_src_ltm", Kind::Number, "flows", "of the last flows, those with this source"),
    field("ct_src_dport_ltm", Kind::Number, "flows", "of the last flows, those with this source and destination port"),
    field("ct_dst_sport_ltm", Kind::Number, "flows", "of the last flows, those with this destination and source port"),
    field("ct_dst_src_ltm", Kind::Number, "flows", "of the last flows, those with this source and destination"),
    field("src_name", Kind::Text, "", "name of the source by reverse DNS"),
    field("dst_name", Kind::Text, "", "name of the destination by reverse DNS"),
    field("src_host", Kind::Text, "", "which of the given names the source is an address of"),
    field("dst_host", Kind::Text, "", "which of the given names the destination is an address of"),
    field("src_vendor", Kind::Text, "", "to whom the source's MAC address is assigned"),
    field("dst_vendor", Kind::Text, "", "to whom the destination's MAC address is assigned"),
    field("src_intel", Kind::Text, "", "tag of the list on which the source stands"),
    field("dst_intel", Kind::Text, "", "tag of the list on which the destination stands"),
    field("src_intel_list", Kind::Text, "", "file of the list on which the source stands"),
    field("dst_intel_list", Kind::Text, "", "file of the list on which the destination stands"),
    field("src_intel_entry", Kind::Text, "", "entry of the list that the source matched"),
    field("dst_intel_entry", Kind::Text, "", "entry of the list that the destination matched"),
    field("fan_ratio_src", Kind::Number, "", "fan_out_src by fan_in_src"),
    field("fan_ratio_dst", Kind::Number, "", "fan_out_dst by fan_in_dst"),
    field("fan_total_src", Kind::Number, "", "fan_in_src and fan_out_src together"),
    field("fan_total_dst", Kind::Number, "", "fan_in_dst and fan_out_dst together"),
    field("connection_asymmetry", Kind::Number, "", "how far fan_total_src and fan_total_dst are apart"),
    field("connection_intensity", Kind::Number, "", "fan_total_src times fan_total_dst"),
    field("ip_class_mismatch", FLAG, "", "1 for an address of class A on one side and of class C on the other"),
    field("potential_broadcast_attack", FLAG, "", "1 for many packets to an address of class D"),
    field("piat_ratio_src2dst", Kind::Number, "", "mean gap between packets, of one direction by the other"),
    field("piat_ratio_stddev", Kind::Number, "", "deviation of the gaps between packets by their mean"),
    field("timing_regularity", Kind::Number, "", "1 less piat_ratio_stddev"),
    field("burst_factor", Kind::Number, "packets/ms", "packets of both directions by the duration"),
    field("suspicious_port_protocol", FLAG, "", "1 for few packets over UDP to a port below 1024"),
    field("protocol_anomaly", FLAG, "", "1 for a protocol that is neither TCP nor UDP"),
    field("ps_ratio_src2dst", Kind::Number, "", "mean size of packets, of one direction by the other"),
    field("ps_variation_ratio", Kind::Number, "", "deviation of the sizes of packets by their mean"),
    field("flow_efficiency", Kind::Number, "bytes", "bytes a packet, of both directions"),
    field("flow_regularity", Kind::Number, "", "1 less ps_variation_ratio"),
    field("potential_scan", FLAG, "", "1 for few packets in a short flow to a host that sends to many"),
    field("potential_ddos", FLAG, "", "1 for many packets close together to a host that many send to"),
    field("potential_exfiltration", FLAG, "", "1 for many bytes in a flow whose answers are small"),
    field("label_numeric", FLAG, "", "ground truth: 0 benign, 1 malicious"),
    field("src_country", Kind::Text, "", "country of the source, ISO 3166-1, two letters"),
    field("dst_country", Kind::Text, "", "country of the destination, ISO 3166-1, two letters"),
    field("src_city", Kind::Text, "", "city of the source"),
    field("dst_city", Kind::Text, "", "city of the destination"),
    field("src_latitude", Kind::Number, "degrees", "latitude of the source"),
    field("dst_latitude", Kind::Number, "degrees", "latitude of the destination"),
    field("src_longitude", Kind::Number, "degrees", "longitude of the source"),
    field("dst_longitude", Kind::Number, "degrees", "longitude of the destination"),
    field("src_anonymous", Kind::Words, "", "by which services the source hides who it is"),
    field("dst_anonymous", Kind::Words, "", "by which services the destination hides who it is"),
    field("src_org", Kind::Text, "", "organisation of the source's autonomous system"),
    field("dst_org", Kind::Text, "", "organisation of the destination's autonomous system"),
];

/// Every field that the suite knows, the record's first.
pub fn known() -> impl Iterator<Item = &'static Field> {
    RECORD.iter().chain(ADDED)
}

macro_rules! ids {
    ($($name:ident = $at:expr),* $(,)?) => {
        $(#[allow(missing_docs)] pub const $name: FieldId = FieldId($at);)*
        #[cfg(test)]
        const NAMED: &[(&str, FieldId)] = &[$((stringify!($name), $name)),*];
    };
}

ids! {
    TIMESTAMP = 0, DURATION = 1, SRC_IP = 2, DST_IP = 3, SRC_PORT = 4, DST_PORT = 5, PROTOCOL = 6, PACKETS = 7,
    BYTES = 8, REV_PACKETS = 9, REV_BYTES = 10, FLOWS = 11, TCP_FLAGS = 12, REV_TCP_FLAGS = 13, ICMP_TYPE = 14,
    ICMP_CODE = 15, APP = 16, STATE = 17, LABEL = 18, ATTACK = 19, EXPORTER = 20, INPUT_IF = 21, OUTPUT_IF = 22,
    SRC_AS = 23, DST_AS = 24, NEXT_HOP = 25, TOS = 26, VLAN = 27, SAMPLING = 28, BYTE_LAYER = 29, CLOCK = 30,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_constant_names_its_row_and_every_row_has_one() {
        assert_eq!(NAMED.len(), RECORD.len());
        for (name, id) in NAMED {
            assert_eq!(name.to_lowercase(), id.name());
        }
    }

    #[test]
    fn a_row_is_found_by_its_name() {
        const AS: Field = Field::named("src_as");
        assert_eq!((AS.name, AS.kind), ("src_as", WORD32));
        assert!(known().all(|f| Field::named(f.name).about == f.about));
    }

    #[test]
    fn names_are_unique_and_documented() {
        let mut names: Vec<_> = known().map(|f| f.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(known().all(|f| !f.about.is_empty()));
    }
}
