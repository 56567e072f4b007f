//! The formulas of `features`, over what one flow has and the quantiles of all flows.
//!
//! Invariant: a value is absent if one of its terms is.

use flow_record::record::Flow as Fields;
use std::net::IpAddr;
use std::ops::Range;

/// What keeps a divisor from being 0.
const EPS: f64 = 1e-6;

/// Features in all.
pub(super) const COUNT: usize = 21;

/// Groups of features and their columns.
pub(super) const GROUPS: [(&str, Range<usize>); 5] =
    [("connection", 0..8), ("timing", 8..12), ("protocol", 12..14), ("packet", 14..18), ("behaviour", 18..21)];

/// The members that are read, by place.
pub(super) const READ: [&str; 15] = [
    "bidirectional_packets",
    "bidirectional_bytes",
    "bidirectional_duration_ms",
    "fan_out_src",
    "fan_in_src",
    "fan_in_dst",
    "fan_out_dst",
    "bidirectional_mean_ps",
    "bidirectional_stddev_ps",
    "bidirectional_mean_piat_ms",
    "bidirectional_stddev_piat_ms",
    "src2dst_mean_ps",
    "dst2src_mean_ps",
    "src2dst_mean_piat_ms",
    "dst2src_mean_piat_ms",
];

const PACKETS: usize = 0;
const BYTES: usize = 1;
const DURATION: usize = 2;
const FAN_OUT_SRC: usize = 3;
const FAN_IN_SRC: usize = 4;
const FAN_IN_DST: usize = 5;
const FAN_OUT_DST: usize = 6;
const MEAN_PS: usize = 7;
const STDDEV_PS: usize = 8;
const MEAN_PIAT: usize = 9;
const STDDEV_PIAT: usize = 10;
const OUT_MEAN_PS: usize = 11;
const BACK_MEAN_PS: usize = 12;
const OUT_MEAN_PIAT: usize = 13;
const BACK_MEAN_PIAT: usize = 14;

/// The quantiles, as places in [`QUANTILES`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Bound {
    ManyPackets,
    FewPackets,
    FewestPackets,
    ManyBytes,
    Short,
    ManyOut,
    ManyIn,
    Dense,
}

/// Of which member each quantile is, and the share.
pub(super) const QUANTILES: [(usize, f64); 8] = [
    (PACKETS, 0.95),
    (PACKETS, 0.10),
    (PACKETS, 0.05),
    (BYTES, 0.95),
    (DURATION, 0.05),
    (FAN_OUT_DST, 0.95),
    (FAN_IN_DST, 0.95),
    (MEAN_PIAT, 0.05),
];

/// One feature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Flag(bool),
}

/// One flow.
pub(super) struct Flow<'a> {
    pub(super) numbers: [Option<f64>; READ.len()],
    pub(super) flow: &'a Fields,
    pub(super) bound: &'a dyn Fn(Bound) -> Option<f64>,
}

impl Flow<'_> {
    /// The features, in the order of the columns.
    pub(super) fn values(&self) -> [Option<Value>; COUNT] {
        let number = |v: Option<f64>| v.map(Value::Number);
        let flag = |v: Option<bool>| v.map(Value::Flag);
        let (src, dst) = (self.total(FAN_OUT_SRC, FAN_IN_SRC), self.total(FAN_OUT_DST, FAN_IN_DST));
        let totals = src.zip(dst);
        let piat = self.ratio(STDDEV_PIAT, MEAN_PIAT);
        let size = self.ratio(STDDEV_PS, MEAN_PS);
        [
            number(self.ratio(FAN_OUT_SRC, FAN_IN_SRC)),
            number(self.ratio(FAN_OUT_DST, FAN_IN_DST)),
            number(src),
            number(dst),
            number(totals.map(|(src, dst)| (src - dst).abs())),
            number(totals.map(|(src, dst)| src * dst)),
            flag(self.ip_class_mismatch()),
            flag(self.potential_broadcast_attack()),
            number(self.ratio(OUT_MEAN_PIAT, BACK_MEAN_PIAT)),
            number(piat),
            number(piat.map(|ratio| 1.0 - ratio)),
            number(self.ratio(PACKETS, DURATION)),
            flag(self.suspicious_port_protocol()),
            flag(self.flow.protocol().map(|p| p != 6 && p != 17)),
            number(self.ratio(OUT_MEAN_PS, BACK_MEAN_PS)),
            number(size),
            number(self.ratio(BYTES, PACKETS)),
            number(size.map(|ratio| 1.0 - ratio)),
            flag(self.potential_scan()),
            flag(self.potential_ddos()),
            flag(self.potential_exfiltration()),
        ]
    }

    fn ratio(&self, of: usize, by: usize) -> Option<f64> {
        Some(self.numbers[of]? / (self.numbers[by]? + EPS))
    }

    fn total(&self, out: usize, into: usize) -> Option<f64> {
        Some(self.numbers[into]? + self.numbers[out]?)
    }

    fn above(&self, what: usize, bound: Bound) -> Option<bool> {
        Some(self.numbers[what]? > (self.bound)(bound)?)
    }

    fn below(&self, what: usize, bound: Bound) -> Option<bool> {
        Some(self.numbers[what]? < (self.bound)(bound)?)
    }

    fn ip_class_mismatch(&self) -> Option<bool> {
        let class = |address: IpAddr| match address {
            IpAddr::V4(a) => Some(a.octets()[0]),
            IpAddr::V6(_) => None,
        };
        let (src, dst) = (class(self.flow.src_ip()?.0), class(self.flow.dst_ip()?.0));
        let is = |octet: Option<u8>, class: Range<u8>| octet.is_some_and(|o| class.contains(&o));
        let (a, c) = (0..128, 192..224);
        Some(is(src, a.clone()) && is(dst, c.clone()) || is(src, c) && is(dst, a))
    }

    fn potential_broadcast_attack(&self) -> Option<bool> {
        let many = self.above(PACKETS, Bound::ManyPackets)?;
        let is_class_d = matches!(self.flow.dst_ip()?.0, IpAddr::V4(a) if (224..240).contains(&a.octets()[0]));
        Some(is_class_d && many)
    }

    fn suspicious_port_protocol(&self) -> Option<bool> {
        let few = self.below(PACKETS, Bound::FewPackets)?;
        Some(self.flow.protocol()? == 17 && self.flow.dst_port()? < 1024 && few)
    }

    fn potential_scan(&self) -> Option<bool> {
        let (out, packets) = (self.above(FAN_OUT_DST, Bound::ManyOut)?, self.below(PACKETS, Bound::FewestPackets)?);
        Some(out && packets && self.below(DURATION, Bound::Short)?)
    }

    fn potential_ddos(&self) -> Option<bool> {
        let (into, packets) = (self.above(FAN_IN_DST, Bound::ManyIn)?, self.above(PACKETS, Bound::ManyPackets)?);
        let dense = self.below(MEAN_PIAT, Bound::Dense)?;
        Some(into && packets && dense)
    }

    fn potential_exfiltration(&self) -> Option<bool> {
        let small = self.numbers[BACK_MEAN_PS]? < 0.1 * self.numbers[OUT_MEAN_PS]?;
        Some(self.above(BYTES, Bound::ManyBytes)? && small)
    }
}
