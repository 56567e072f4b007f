//! One run: the inputs one after the other, each through the source of its format.

use crate::feed::Feed;
use crate::flows::Flows;
use crate::source::{Format, Seen, Settings, Source};

/// Reads all inputs.
pub(crate) fn all(feed: &mut Feed, flows: &mut Flows<'_>, settings: &Settings) {
    while !flows.is_over() && (feed.has_live() || !flows.is_stopped()) {
        let Some(source) = open(feed, flows, settings) else { break };
        if let Some((_, mut source)) = source
            && let Err(refusal) = source.run(feed, flows)
        {
            flows.fail_input(&refusal);
        }
    }
    settings.metering.finish(flows);
}

/// A format and a source of it.
pub(crate) type Chosen = (&'static Format, Box<dyn Source>);

/// Opens the next input and makes its source; the inner `None` is an input without records.
pub(crate) fn open(feed: &mut Feed, flows: &mut Flows<'_>, settings: &Settings) -> Option<Option<Chosen>> {
    let (name, seen) = feed.open(flows)?;
    flows.begin(&name);
    match seen {
        Seen::Format(format) => Some(Some((format, (format.open)(settings)))),
        Seen::Nothing => {
            // For the error that it may end with.
            while feed.block(flows).is_some() {}
            Some(None)
        }
    }
}
