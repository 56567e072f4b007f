//! The first line of a baseline: its version, its parameters, and from when to when its flows are.

use super::BaselineError;
use crate::value::Time;
use crate::value::time::{DateCache, rfc3339};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// The version that is written, and the highest that is read.
pub const VERSION: u64 = 1;

/// The header. Baselines add up where their parameters are the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    kind: Kind,
    /// Version of the format.
    pub version: u64,
    /// What the hosts are: `src_ip`, `dst_ip`, `host`, or a key.
    pub by: String,
    /// Networks whose pairs are kept, ascending, joined by `+`.
    pub internal: String,
    /// Seconds before the last start for which hours and dates are kept.
    pub keep: u64,
    /// Name of the key of the hash in front of sketches.
    pub sketch_key: String,
    /// The earliest start of a flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The latest start of a flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
}

/// The kind of all lines of a baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Baseline,
}

impl Header {
    /// A header of this version without a span.
    pub fn new(by: String, internal: String, keep: u64, sketch_key: u64) -> Header {
        let sketch_key = format!("{sketch_key:016x}");
        Header { kind: Kind::Baseline, version: VERSION, by, internal, keep, sketch_key, first: None, last: None }
    }

    /// Reads a line that has a `version`.
    ///
    /// # Errors
    /// A later version, a member that this version does not know, times that are none.
    pub fn read(line: &str) -> Result<Header, BaselineError> {
        #[derive(Deserialize)]
        struct Numbered {
            version: u64,
        }
        let bad = |e: serde_json::Error| BaselineError::Header(e.to_string());
        match serde_json::from_str::<Numbered>(line).map_err(bad)?.version {
            1..=VERSION => {}
            0 => return Err(BaselineError::Header("there is no version 0".into())),
            later => return Err(BaselineError::Newer(later)),
        }
        let header: Header = serde_json::from_str(line).map_err(bad)?;
        let spans = [&header.first, &header.last].map(|t| t.as_deref().map(|t| time(t).is_some()));
        match spans {
            [None, None] | [Some(true), Some(true)] => Ok(header),
            _ => Err(BaselineError::Header("first and last are no times".into())),
        }
    }

    /// Whether two baselines add up.
    ///
    /// # Errors
    /// The first parameter in which they differ.
    pub fn fits(&self, other: &Header) -> Result<(), BaselineError> {
        let days = |h: &Header| format!("{}s", h.keep);
        let all = [
            ("by", self.by.clone(), other.by.clone()),
            ("internal", self.internal.clone(), other.internal.clone()),
            ("keep", days(self), days(other)),
            ("sketch_key", self.sketch_key.clone(), other.sketch_key.clone()),
        ];
        // The same message whichever comes first.
        match all.into_iter().find(|(_, a, b)| a != b) {
            None => Ok(()),
            Some((what, a, b)) if a <= b => Err(BaselineError::Differ(what, a, b)),
            Some((what, a, b)) => Err(BaselineError::Differ(what, b, a)),
        }
    }

    /// The internal networks; `None` where they are none.
    pub fn networks(&self) -> Option<Vec<IpNet>> {
        self.internal.split('+').filter(|text| !text.is_empty()).map(|text| text.parse().ok()).collect()
    }

    /// The span: the earliest and the latest start.
    pub fn span(&self) -> Option<(Time, Time)> {
        Some((time(self.first.as_deref()?)?.0, time(self.last.as_deref()?)?.0))
    }

    /// Takes the span of another header in.
    pub fn widen(&mut self, other: &Header) {
        let ends = |h: &Header| Some((time(h.first.as_deref()?)?, time(h.last.as_deref()?)?));
        let Some((first, last)) = ends(other) else { return };
        let (mut from, mut to) = (first.0, last.0);
        let mut digits = first.1.max(last.1);
        if let Some((first, last)) = ends(self) {
            (from, to, digits) = (from.min(first.0), to.max(last.0), digits.max(first.1).max(last.1));
        }
        self.set_span(from, to, digits);
    }

    /// Sets the span, with so many decimals.
    pub fn set_span(&mut self, first: Time, last: Time, digits: u8) {
        (self.first, self.last) = (Some(first.to_text(digits)), Some(last.to_text(digits)));
    }
}

/// A time and its decimals.
fn time(text: &str) -> Option<(Time, u8)> {
    let (time, digits, used) = rfc3339(&mut DateCache::default(), text.as_bytes())?;
    (used == text.len()).then_some((time, digits))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header::new("src_ip".into(), "10.0.0.0/8".into(), 86_400, 7)
    }

    #[test]
    fn a_header_reads_back_and_tells_what_is_wrong() {
        let mut header = header();
        header.set_span(Time(0), Time(1), 6);
        let text = serde_json::to_string(&header).unwrap();
        assert_eq!(Header::read(&text).unwrap(), header);
        assert_eq!(header.span(), Some((Time(0), Time(0))));
        let newer = text.replace("\"version\":1", "\"version\":9,\"new\":[]");
        assert_eq!(Header::read(&newer), Err(BaselineError::Newer(9)));
        for (from, to) in
            [("\"version\":1", "\"version\":0"), ("1970-01-01", "1970-13-01"), ("by", "bye"), ("\"first\"", "\"last\"")]
        {
            assert!(matches!(Header::read(&text.replacen(from, to, 1)), Err(BaselineError::Header(_))), "{to}");
        }
    }

    #[test]
    fn parameters_have_to_be_the_same_and_spans_widen() {
        let (mut a, mut b) = (header(), header());
        a.set_span(Time(0), Time(5_000_000), 3);
        b.set_span(Time(-1_000), Time(1_000), 6);
        assert_eq!(a.fits(&b), Ok(()));
        let (mut ab, mut ba) = (a.clone(), b.clone());
        ab.widen(&b);
        ba.widen(&a);
        ba.widen(&header());
        assert_eq!((&ab, ab.span()), (&ba, Some((Time(-1_000), Time(5_000_000)))));
        b.by = "host".into();
        assert_eq!(a.fits(&b), Err(BaselineError::Differ("by", "host".into(), "src_ip".into())));
        assert_eq!(a.fits(&b), b.fits(&a));
    }
}
