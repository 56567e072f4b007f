//! `--sampling auto|N`: counts of sampled packets become estimates of all, by multiplication, and are marked.
//!
//! Packets and bytes of both directions are multiplied; `"scaled":true` says so, and nothing is scaled twice. Constant
//! memory.

use super::member::{Room, extras_but, has_member};
use super::{Form, Next, Record, Step};
use flow_record::record::Flow;
use flow_record::record::field;
use flow_record::scan::UNFIT;
use std::str::FromStr;

/// By what counts are multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rate {
    /// What each flow says.
    Auto,
    /// This, whatever flows say.
    Fixed(u32),
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Rate, String> {
        match text.parse() {
            _ if text == "auto" => Ok(Rate::Auto),
            Ok(rate) if rate > 0 => Ok(Rate::Fixed(rate)),
            _ => Err("auto or N is expected, as 1000 for one packet in a thousand".into()),
        }
    }
}

struct Scale {
    rate: Rate,
    flow: Flow,
    extras: Vec<u8>,
    room: Room,
    /// Flows that stay as they are.
    unscaled: u64,
}

pub(super) fn step(rate: Rate) -> Box<dyn Step> {
    Box::new(Scale { rate, flow: Flow::new(), extras: Vec::new(), room: Room::default(), unscaled: 0 })
}

impl Step for Scale {
    fn flow(&mut self, record: Record<'_>, next: &mut Next<'_, '_>) {
        let rate = match self.rate {
            Rate::Auto => record.flow.integer(field::SAMPLING).unwrap_or(1),
            Rate::Fixed(rate) => rate.into(),
        };
        if rate <= 1 || has_member(record.form, "scaled", "true") {
            return next.flow(record);
        }
        self.flow.clone_from(record.flow);
        for id in [field::PACKETS, field::BYTES, field::REV_PACKETS, field::REV_BYTES] {
            let Some(count) = record.flow.integer(id) else { continue };
            if !count.checked_mul(rate).is_some_and(|count| self.flow.set_integer(id, count)) {
                return self.leave(record, "a count is beyond 2^53 once scaled", next);
            }
        }
        self.flow.set_integer(field::SAMPLING, rate);
        extras_but(record.form, &["scaled"], &mut self.extras);
        self.extras.extend_from_slice(b",\"scaled\":true");
        if !self.room.has(&self.flow, &self.extras) {
            return self.leave(record, &format!("scaled, its line would be {UNFIT}"), next);
        }
        next.flow(Record { flow: &self.flow, form: Form::Fields(&self.extras) });
    }

    fn finish(&mut self, next: &mut Next<'_, '_>) {
        next.detail("not scaled", self.unscaled);
    }
}

impl Scale {
    /// Hands a flow on as it came.
    #[cold]
    fn leave(&mut self, record: Record<'_>, why: &str, next: &mut Next<'_, '_>) {
        self.unscaled += 1;
        next.warn("flows that cannot be scaled", || format!("{why}: the flow stays as it is"));
        next.flow(record);
    }
}
