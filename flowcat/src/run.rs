//! One run: the inputs one after the other, each through the source of its format.

use crate::feed::{Feed, Shape};
use crate::flows::Flows;
use crate::source::{Detected, Format, Settings, Source, detect};
use flow_record::value::text::snippet;

/// Reads all inputs. `from` pins the format.
pub(crate) fn all(feed: &mut Feed, flows: &mut Flows<'_>, settings: &Settings, from: Option<&'static Format>) {
    while !flows.is_over() && !flows.is_stopped() {
        let Some(source) = open(feed, flows, settings, from) else { return };
        if let Some((_, mut source)) = source
            && let Err(refusal) = source.run(feed, flows)
        {
            flows.fail_input(&refusal);
        }
    }
}

/// A format and a source of it.
pub(crate) type Chosen = (&'static Format, Box<dyn Source>);

/// Opens the next input and chooses its source; the inner `None` is an input without records, or of no known format.
pub(crate) fn open(
    feed: &mut Feed,
    flows: &mut Flows<'_>,
    settings: &Settings,
    from: Option<&'static Format>,
) -> Option<Option<Chosen>> {
    let opened = feed.open(flows)?;
    flows.begin(&opened.name);
    let format = match from {
        Some(format) => format,
        None => match detect(feed, flows, opened.shape == Shape::Lines) {
            Detected::Format(format) => format,
            Detected::Nothing => return Some(None),
            Detected::Unknown(line) => {
                flows.fail_input(&unknown(&line));
                return Some(None);
            }
        },
    };
    if opened.shape == Shape::Pieces && !format.pieces {
        flows.fail_input(&format!("this is JSON and not {}", format.spec.name));
        return Some(None);
    }
    Some(Some((format, (format.open)(settings))))
}

/// What to say of an input of no known format that begins with this line, and how it can be made one.
fn unknown(line: &[u8]) -> String {
    const PACKED: [&[u8]; 5] = [b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"\x04\x22\x4d\x18", b"BZh"];
    let is_utf16 = line.starts_with(b"\xff\xfe")
        || line.starts_with(b"\xfe\xff")
        || line.len() > 3
            && (line[0] == 0) != (line[1] == 0)
            && (line[0] == 0, line[1] == 0) == (line[2] == 0, line[3] == 0);
    if is_utf16 {
        return "this is UTF-16; iconv -f UTF-16 -t UTF-8 FILE | flowcat reads it".into();
    }
    if PACKED.iter().any(|magic| line.starts_with(magic)) {
        return "this is packed twice; unpack it once, as with gzip -dc FILE | flowcat".into();
    }
    if line.contains(&b'\r') {
        return "its lines end with CR alone; tr '\\r' '\\n' <FILE | flowcat reads it".into();
    }
    format!(
        "no format that flowcat knows: it begins with \"{}\"; --list shows the formats, --from pins one",
        snippet(line, 40)
    )
}

#[cfg(test)]
mod tests {
    use super::unknown;

    #[test]
    fn what_is_of_no_known_format_is_named_where_that_can_be() {
        for (line, part) in [
            (&b"\x1f\x8b\x08\x00abc"[..], "packed twice"),
            (b"s\0r\0c\0", "UTF-16"),
            (b"\0s\0r\0c", "UTF-16"),
            (b"src_ip,bytes\r10.0.0.1,5\r", "CR alone"),
            (b"hello", "begins with \"hello\""),
            (b"\0\0\0\0", "begins with"),
            (b"", "begins with"),
        ] {
            assert!(unknown(line).contains(part), "{line:?}: {}", unknown(line));
        }
    }
}
