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
                let text = format!(
                    "no format that flowcat knows: it begins with \"{}\"; --list shows the formats, --from pins one",
                    snippet(&line, 40)
                );
                flows.fail_input(&text);
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
