//! NetFlow 9: a header of 20 bytes and flow sets, of templates (0), options templates (1) or data (256 and above).
//!
//! Source: RFC 3954. A datagram has no length of its own: it ends with its last set. Invariant: the number of records
//! that the header announces is not used, because exporters count differently.

use super::data::told;
use super::element::{Field, V9_SCOPE};
use super::record::Context;
use super::sequence;
use super::sets::{Definition, FIRST_TEMPLATE, HEADER as SET, Message};
use super::template::Habit;
use super::{Decoder, Next, Origin, Take, damage, long, word};
use flow_record::value::Address;

/// Bytes of the header.
pub(super) const HEADER: usize = 20;

/// Reads one datagram; `at` is where it begins.
pub(super) fn decode(decoder: &mut Decoder, bytes: &[u8], at: usize, origin: &Origin, take: &mut dyn Take) -> Next {
    let Some(header) = bytes.get(..HEADER) else {
        damage(take, at, "bad datagram", format!("its header ends after {} of {HEADER} bytes", bytes.len()), bytes);
        return Next::Broken;
    };
    let number = |at| long(header, at).unwrap_or_default();
    let (uptime, seconds, source) = (number(4), i64::from(number(8)), number(16));
    let key = (9, source);
    let context = Context {
        exported: Some(seconds * 1_000_000_000),
        uptime: Some(uptime),
        exporter: origin.exporter.map(Address),
        ..Context::default()
    };
    let end = extent(bytes);
    let (exporter, budget) = decoder.exporters.open(origin.exporter);
    let is_new = exporter.domain(key, sequence::V9, budget).is_some_and(|domain| domain.is_new(uptime));
    let message = Message {
        bytes: bytes.get(HEADER..end).unwrap_or_default(),
        at: at + HEADER,
        who: origin.exporter,
        key,
        context,
        habit: Habit { out_is_reverse: true, keeps: decoder.keeps },
        withdraws: false,
        templates: [0, 1],
    };
    let (content, _) = message.read(decoder, definition, take);
    let (exporter, budget) = decoder.exporters.open(origin.exporter);
    if let Some(domain) = exporter.domain(key, sequence::V9, budget) {
        let said = domain.sequence.came(number(12), content, is_new);
        told(said, domain.sequence.is_of_records(), &context, budget, take);
    }
    Next::Done(end)
}

/// Bytes of a datagram that begins these: up to where a set would have the number of another datagram's version, which
/// no set has; all, if there is none.
pub(super) fn extent(bytes: &[u8]) -> usize {
    let mut at = HEADER;
    loop {
        match (word(bytes, at), word(bytes, at + 2)) {
            (Some(5 | 7 | 9 | 10), Some(_)) => return at,
            // sFlow 5.
            (Some(0), Some(5)) => return at,
            (Some(_), Some(length)) if usize::from(length) >= SET => at += usize::from(length),
            _ => return bytes.len(),
        }
    }
}

/// Reads a template, or an options template, whose lengths are those of its fields in bytes.
fn definition(rest: &mut &[u8], is_options: bool) -> Option<Definition> {
    let id = word(rest, 0).filter(|id| *id >= FIRST_TEMPLATE)?;
    let count = usize::from(word(rest, 2)?);
    let (header, scopes, fields) = match is_options {
        false => (4, None, count),
        true => {
            let options = usize::from(word(rest, 4)?);
            if !count.is_multiple_of(4) || !options.is_multiple_of(4) {
                return None;
            }
            (6, Some(count / 4), (count + options) / 4)
        }
    };
    let body = rest.get(header..header + 4 * fields)?;
    let field = |(number, bytes): (usize, &[u8])| {
        let is_scope = scopes.is_some_and(|scopes| number < scopes);
        let enterprise = if is_scope { V9_SCOPE } else { 0 };
        Some(Field { id: word(bytes, 0)?, length: word(bytes, 2)?, enterprise })
    };
    let fields = body.chunks_exact(4).enumerate().map(field).collect::<Option<Vec<_>>>()?;
    // No field has a length that its record says.
    if fields.iter().any(|field| field.length == super::element::VARIABLE) {
        return None;
    }
    *rest = rest.get(header + body.len()..)?;
    Some(Definition { id, fields, scopes })
}
