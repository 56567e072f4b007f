//! IPFIX: a header of 16 bytes and sets, of templates (2), options templates (3) or data (256 and above).
//!
//! Source: RFC 7011; RFC 5103 for flows of two directions. A message says its length. Withdrawals of templates are
//! heeded, although over UDP none should be sent.

use super::data::told;
use super::element::Field;
use super::record::Context;
use super::sequence;
use super::sets::{Definition, FIRST_TEMPLATE, Message};
use super::template::Habit;
use super::{Decoder, Next, Origin, Take, damage, long, word};
use flow_record::value::Address;

/// Bytes of the header.
pub(super) const HEADER: usize = 16;

/// Numbers of sets of templates and of options templates; a template of such a number is all of its kind.
const TEMPLATES: [u16; 2] = [2, 3];

/// Marks the element of an enterprise.
const ENTERPRISE: u16 = 0x8000;

/// Reads one message; `at` is where it begins.
pub(super) fn decode(decoder: &mut Decoder, bytes: &[u8], at: usize, origin: &Origin, take: &mut dyn Take) -> Next {
    let (Some(header), Some(length)) = (bytes.get(..HEADER), word(bytes, 2)) else {
        damage(take, at, "bad datagram", format!("its header ends after {} of {HEADER} bytes", bytes.len()), bytes);
        return Next::Broken;
    };
    let length = usize::from(length);
    if length < HEADER {
        damage(take, at, "bad datagram", format!("a message of {length} bytes"), bytes);
        return Next::Broken;
    }
    let number = |at| long(header, at).unwrap_or_default();
    let key = (10, number(12));
    let context = Context {
        exported: Some(i64::from(number(4)) * 1_000_000_000),
        exporter: origin.exporter.map(Address),
        ..Context::default()
    };
    let (exporter, budget) = decoder.exporters.open(origin.exporter);
    exporter.domain(key, sequence::IPFIX, budget);
    let message = Message {
        bytes: bytes.get(HEADER..length.min(bytes.len())).unwrap_or_default(),
        at: at + HEADER,
        who: origin.exporter,
        key,
        context,
        habit: Habit { out_is_reverse: false, keeps: decoder.keeps },
        withdraws: true,
        templates: TEMPLATES,
    };
    let (content, is_whole) = message.read(decoder, definition, take);
    let (exporter, budget) = decoder.exporters.open(origin.exporter);
    if let Some(domain) = exporter.domain(key, sequence::IPFIX, budget) {
        let said = domain.sequence.came(number(8), content, false);
        told(said, domain.sequence.is_of_records(), &context, budget, take);
    }
    if length > bytes.len() {
        if is_whole {
            let message = format!("it announces {length} bytes and has {}", bytes.len());
            damage(take, at + bytes.len(), "bad datagram", message, &[]);
        }
        return Next::Broken;
    }
    Next::Done(length)
}

/// Reads a template, or an options template; one without fields is a withdrawal.
fn definition(rest: &mut &[u8], is_options: bool) -> Option<Definition> {
    let (id, count) = (word(rest, 0)?, usize::from(word(rest, 2)?));
    if count == 0 {
        if id < FIRST_TEMPLATE && id != TEMPLATES[usize::from(is_options)] {
            return None;
        }
        *rest = rest.get(4..)?;
        return Some(Definition { id, fields: Vec::new(), scopes: is_options.then_some(0) });
    }
    let (header, scopes) = match is_options {
        false => (4, None),
        true => (6, Some(usize::from(word(rest, 4)?))),
    };
    let mut body = rest.get(header..).filter(|_| id >= FIRST_TEMPLATE)?;
    // No more fields than there are bytes for.
    let mut fields = Vec::with_capacity(count.min(body.len() / 4));
    for _ in 0..count {
        let (id, length) = (word(body, 0)?, word(body, 2)?);
        let used = match id & ENTERPRISE {
            0 => 4,
            _ => 8,
        };
        let enterprise = if used == 8 { long(body, 4)? } else { 0 };
        body = body.get(used..)?;
        fields.push(Field { id: id & !ENTERPRISE, length, enterprise });
    }
    *rest = body;
    // Without a scope nothing says what options are of.
    Some(Definition { id, fields, scopes: scopes.map(|scopes| if scopes == 0 { usize::MAX } else { scopes }) })
}
