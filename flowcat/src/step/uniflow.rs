//! `--uniflow`: a flow that counts both directions becomes one for each.
//!
//! Both have the start and the duration of the whole; a direction without packets and bytes is left out. Further members
//! go with both, seen from each end ([`turned`]). Constant memory.

use super::conversation::{is_two_way, reverse};
use super::member::{extras_but, turned};
use super::{Form, Next, Record, Step};
use flow_record::record::Flow;
use flow_record::record::field;

#[derive(Default)]
struct Uniflow {
    one: Flow,
    extras: Vec<u8>,
    back: Vec<u8>,
}

pub(super) fn step() -> Box<dyn Step> {
    Box::<Uniflow>::default()
}

impl Step for Uniflow {
    fn flow(&mut self, record: Record<'_>, next: &mut Next<'_, '_>) {
        if !is_two_way(record.flow) {
            return next.flow(record);
        }
        extras_but(record.form, &["dir_reason"], &mut self.extras);
        self.one.clone_from(record.flow);
        let mut back = reverse(record.flow);
        for flow in [&mut self.one, &mut back] {
            for id in [field::REV_PACKETS, field::REV_BYTES, field::REV_TCP_FLAGS] {
                flow.remove(id);
            }
        }
        let is_there = |flow: &Flow| flow.packets().unwrap_or(0) > 0 || flow.bytes().unwrap_or(0) > 0;
        let (there, answered) = (is_there(&self.one), is_there(&back));
        if there || !answered {
            next.flow(Record { flow: &self.one, form: Form::Fields(&self.extras) });
        }
        if answered {
            next.made(u64::from(there));
            turned(&self.extras, &mut self.back);
            next.flow(Record { flow: &back, form: Form::Fields(&self.back) });
        }
    }
}
