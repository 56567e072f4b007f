//! What of the records that are taken is lost or doubtful: counted, and said once an input.

use crate::row::{Cell, Cells};
use flow_record::record::field::FieldId;
use flow_record::run::{Messages, Place};
use flow_record::value::text::snippet;

/// One loss.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Loss<'l> {
    /// An IPv6 address that the tool that printed it cut short.
    Condensed(&'l [u8]),
    /// A number that its field cannot hold.
    Number(FieldId, u64),
    /// So many numbers, which the tool that printed them has rounded.
    Digits(u64),
    /// A text that means nothing here.
    Value(Cell, &'l [u8]),
    /// So many of a record's further members, because no filter takes a line with all.
    Members(u64),
    /// A time that is not to be believed; the value of `clock`.
    Time(&'l str),
    /// So many packets of a capture, each before the one that came before it.
    Backwards(u64),
    /// So many flows of packets, which left so that there was room for others.
    Early(u64),
}

/// What is said of times that are not to be believed, by the value of `clock`.
const DOUBTS: [(&str, &str); 3] = [
    ("no-date", "its times have no date and are taken as of 1970-01-01"),
    (
        "ambiguous",
        "a time that its clock shows twice as summer time ends, never as it begins, or on 12 hours without AM and PM, is \
         taken as the likelier",
    ),
    (
        "implausible",
        "a time is not to be believed: its last is before its first, or it lies before 1990 or after its own export",
    ),
];

/// All losses of a run.
#[derive(Debug, Default)]
pub(super) struct Losses {
    times: u64,
    values: u64,
    members: u64,
    addresses: u64,
    digits: u64,
    backwards: u64,
    early: u64,
    told: Told,
}

/// What was said of the current input.
#[derive(Debug, Default)]
pub(super) struct Told {
    times: Vec<&'static str>,
    values: Cells,
    /// Fields whose numbers were too large, a bit each.
    numbers: u64,
    members: bool,
    addresses: bool,
    digits: bool,
}

impl Losses {
    /// Another input begins; answers what was said of the last.
    pub(super) fn begin_input(&mut self) -> Told {
        std::mem::take(&mut self.told)
    }

    /// An input goes on of which this was said.
    pub(super) fn go_on(&mut self, told: Told) {
        self.told = told;
    }

    /// Counts a loss; says so if it is the first of its kind in its input.
    pub(super) fn count(&mut self, loss: Loss<'_>, place: &Place<'_>, messages: &mut Messages) {
        match loss {
            Loss::Condensed(address) => {
                self.addresses += 1;
                if !std::mem::replace(&mut self.told.addresses, true) {
                    let address = snippet(address, 40);
                    let text = "are left out; nfdump -6 prints them whole";
                    messages.warn("condensed addresses", || {
                        format!("{place}: IPv6 addresses that nfdump cut short (\"{address}\") {text}")
                    });
                }
            }
            Loss::Digits(count) => {
                self.digits += count;
                if !std::mem::replace(&mut self.told.digits, true) {
                    let text = "numbers such as 1.2 M are taken as 1200000; nfdump -N prints them whole";
                    messages.warn("rounded numbers", || format!("{place}: {text}"));
                }
            }
            Loss::Value(cell, text) => {
                self.values += 1;
                if self.told.values.insert(cell) {
                    let (text, name) = (snippet(text, 40), cell.name());
                    messages.warn("values left out", || {
                        format!("{place}: \"{text}\" is no {name}: flows are kept without what cannot be read of it")
                    });
                }
            }
            Loss::Number(id, value) => {
                self.values += 1;
                if self.told.numbers >> id.0 & 1 == 0 {
                    self.told.numbers |= 1 << id.0;
                    let name = id.name();
                    messages.warn("values left out", || {
                        format!("{place}: {value} is too much for {name}: flows are kept without it")
                    });
                }
            }
            Loss::Members(count) => {
                self.members += count;
                if !std::mem::replace(&mut self.told.members, true) {
                    let text = "too many columns for one line, or too long ones: the last are left out";
                    messages.warn("members left out", || format!("{place}: {text}"));
                }
            }
            Loss::Backwards(count) => self.backwards += count,
            Loss::Early(count) => {
                self.early += count;
                let text = "--max-flows is reached: flows that were silent longest end early, and may begin again";
                messages.warn("times that --max-flows was reached", || format!("{place}: {text}"));
            }
            Loss::Time(clock) => {
                self.times += 1;
                let Some((name, text)) = DOUBTS.iter().find(|(name, _)| *name == clock) else { return };
                if !self.told.times.contains(name) {
                    self.told.times.push(name);
                    let then = "such flows have \"clock\":";
                    messages.warn("doubtful times", || format!("{place}: {text}; {then}\"{name}\""));
                }
            }
        }
    }

    /// How many there were, by name.
    pub(super) fn counts(&self) -> impl Iterator<Item = (String, u64)> {
        let all = [
            ("doubtful times", self.times),
            ("values left out", self.values),
            ("members left out", self.members),
            ("condensed addresses", self.addresses),
            ("rounded numbers", self.digits),
            ("packets back in time", self.backwards),
            ("left early", self.early),
        ];
        all.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name.to_owned(), count))
    }
}
