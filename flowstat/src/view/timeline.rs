//! `timeline`: traffic over time, one row a bin, with bytes and packets where the flows were on.

use super::bins::{Bins, LOAD, NARROWEST, Volumes};
use super::params;
use super::rows::Rows;
use super::{ToRows, View, ViewState};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::record::Kind;
use flow_record::row::columns::{self, column};
use flow_record::scan::Line;
use flow_record::state::{Setup, State, Taken};

pub(crate) static VIEW: View = View {
    spec: Spec {
        name: "timeline",
        about: "traffic over time, spread over each flow's duration",
        explain: "One row for each bin of time (of UTC, from 1970 on) in which a flow is on, and with by= for each key in it:
timeline:bin=5m,by=protocol. Bins come in order, keys ascending within each.

flows are those that start in the bin, so that they add up to all; active are those of which a part is in it. Bytes and
packets go to the bins that a flow spans as load= says, by the names of SiLK's rwcount: time-proportional, as the time that
it is in each; bin-uniform, as much to each; start-spike, middle-spike or end-spike, all to one bin; maximum-volume, all to
each bin; minimum-volume, all to the bin of a flow that is in one alone, and nothing of others. Parts are whole numbers that
add up to what the flow had. A flow that spans more than 100 000 bins counts where it starts, and that is told.",
        params: &[
            Param::new("bin", ParamKind::Duration(NARROWEST), "5m", "", "width of a bin"),
            Param::new("by", ParamKind::Key, "", "", "fields that tell flows of a bin apart"),
            LOAD,
        ],
        needs: &["timestamp", "duration", "bytes", "packets", "rev_bytes", "rev_packets", "flows"],
        columns: &[
            column("timestamp", Kind::Time, "", "start of the bin"),
            column("protocol", Kind::Any, "", "the key: whatever by says"),
            column("flows", columns::SUM, "flows", "flows that start in the bin"),
            column("active", columns::SUM, "flows", "flows of which a part is in the bin"),
            columns::BYTES,
            columns::PACKETS,
            columns::REV_BYTES,
            columns::REV_PACKETS,
        ],
        memory: "about 200 bytes for each bin and key",
        source: "SiLK rwcount, load schemes",
    },
    build,
    flows_only: "a baseline has hours alone; flows are needed (hourly and daily read one)",
};

fn build(args: &Args, setup: &mut Setup) -> anyhow::Result<ViewState> {
    let by = params::optional_key(
        args,
        "by",
        &["timestamp", "flows", "active", "bytes", "packets", "rev_bytes", "rev_packets"],
    )?;
    let watch = setup.watch(by.iter().flat_map(|by| by.watched_names()));
    let bins = Bins::new(args.duration("bin"), args.text("load").unwrap_or_default());
    Ok(Box::new(Timeline { volumes: Volumes::new(bins, by, watch) }))
}

#[derive(Clone)]
struct Timeline {
    volumes: Volumes,
}

impl State for Timeline {
    type Goal = ToRows;

    fn flow(&mut self, line: &Line<'_>) -> Taken {
        self.volumes.flow(line)
    }

    fn lacks(&self) -> String {
        self.volumes.lacks()
    }

    fn is_empty(&self) -> bool {
        self.volumes.cells.is_empty()
    }

    fn empty(&self) -> Self {
        Timeline { volumes: self.volumes.empty() }
    }

    fn merge(&mut self, other: Timeline) {
        self.volumes.merge(other.volumes);
    }

    fn bytes(&self) -> u64 {
        self.volumes.cells.bytes(|_| 0)
    }

    fn finish(self, rows: &mut Rows<'_>) {
        let Volumes { bins, by, cells, .. } = &self.volumes;
        self.volumes.tell(rows);
        let known = self.volumes.known();
        for ((bin, key), volume) in cells.sorted() {
            let mut row = rows.row();
            row.time("timestamp", bins.start(*bin), 3);
            if let Some(by) = by {
                row.members(|out| by.write_members(key, out));
            }
            row.integer("flows", volume.flows);
            row.integer("active", volume.active);
            for (i, name) in ["bytes", "packets", "rev_bytes", "rev_packets"].into_iter().enumerate() {
                // Of the way back only where a flow had it.
                if i < 2 || known >> i & 1 == 1 {
                    row.integer(name, volume.counts[i]);
                }
            }
            row.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::view::testing::{column, refusal, rows};

    const FLOWS: [&str; 3] = [
        r#"{"timestamp":"2026-03-10T08:04:00Z","duration":120,"protocol":6,"bytes":1000,"packets":11}"#,
        r#"{"timestamp":"2026-03-10T08:04:59Z","protocol":17,"bytes":7,"packets":1,"rev_bytes":3}"#,
        r#"{"timestamp":"2026-03-10T08:15:00Z","duration":0.5,"protocol":6,"bytes":1,"packets":1,"flows":4}"#,
    ];

    #[test]
    fn bytes_lie_where_the_flow_was_on() {
        let rows = rows("timeline", &FLOWS);
        assert_eq!(
            column(&rows, "timestamp"),
            "\"2026-03-10T08:00:00.000Z\" \"2026-03-10T08:05:00.000Z\" \"2026-03-10T08:15:00.000Z\""
        );
        assert_eq!((column(&rows, "flows"), column(&rows, "active")), ("2 0 4".into(), "2 1 4".into()));
        assert_eq!((column(&rows, "bytes"), column(&rows, "packets")), ("507 500 1".into(), "6 6 1".into()));
        assert_eq!((column(&rows, "rev_bytes"), column(&rows, "rev_packets")), ("3 0 0".into(), "- - -".into()));
    }

    #[test]
    fn keys_tell_flows_of_a_bin_apart_and_load_moves_their_counts() {
        let rows = rows("timeline:bin=10m,by=protocol,load=end-spike", &FLOWS);
        assert_eq!((column(&rows, "protocol"), column(&rows, "bytes")), ("6 17 6".into(), "1000 7 1".into()));
        let rows = crate::view::testing::rows("timeline:load=end-spike", &FLOWS);
        assert_eq!((column(&rows, "flows"), column(&rows, "bytes")), ("2 0 4".into(), "7 1000 1".into()));
        let rows = crate::view::testing::rows("timeline:load=minimum-volume", &FLOWS);
        assert_eq!((column(&rows, "flows"), column(&rows, "bytes")), ("2 4".into(), "7 1".into()));
        assert!(refusal("timeline:by=bytes").contains("bytes is a column"));
        assert!(refusal("timeline:load=middle").contains("did you mean"));
    }
}
