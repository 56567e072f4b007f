//! Which columns a table shows where nobody says: what a person looks at first, within the width of the terminal.
//!
//! Alerts and flows have members that are for programs or of rare use; those are left out. On a terminal a reason is cut
//! to what is left of the line, and columns that do not fit are left out and told.
//!
//! What is left out last: addresses and bytes, then what the user asked for by asking for the enricher that adds it.
//!
//! Invariant: no address and no number is cut; the first column that is not spare is always there.

/// Between two columns.
pub(super) const GAP: usize = 2;

/// Columns of the terminal that a reason keeps, at the cost of other columns.
const REASON: usize = 30;

/// The text that comes last in an alert and may be cut.
const CUT: &str = "reason";

/// What is known of one kind of line.
struct Habit {
    kind: &'static str,
    /// Members that are not shown.
    hidden: &'static [&'static str],
    /// Columns that come first, in this order.
    first: &'static [&'static str],
    /// Columns that are left out first where the terminal is narrow.
    spare: &'static [&'static str],
}

/// Columns that are left out last, the last of them first.
const LAST: [&str; 4] = ["src_ip", "dst_ip", "bytes", "packets"];

const HABITS: [Habit; 2] = [
    Habit {
        kind: "alert",
        hidden: &["id", "update", "score", "end", "protocol", "flows", "evidence", "technique"],
        first: &["severity", "detector", "timestamp", "src_ip", "dst_ip", "dst_port", "value", "threshold"],
        spare: &["threshold", "value", "timestamp", "dst_port"],
    },
    Habit {
        kind: super::cells::FLOWS,
        hidden: &[
            "tcp_flags",
            "rev_tcp_flags",
            "exporter",
            "input_if",
            "output_if",
            "src_as",
            "dst_as",
            "next_hop",
            "tos",
            "vlan",
            "sampling",
        ],
        first: &[],
        spare: &[
            "clock",
            "byte_layer",
            "icmp_type",
            "icmp_code",
            "duration",
            "src_port",
            "timestamp",
            "protocol",
            "dst_port",
        ],
    },
];

/// One column of a table.
pub(super) struct Column {
    /// Its name.
    pub(super) name: String,
    /// All its cells are numbers.
    pub(super) numeric: bool,
    /// A line had it.
    pub(super) met: bool,
    /// Characters of its widest cell, the name included.
    pub(super) width: usize,
}

/// What a table shows.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// Places of the columns that are shown, in their order.
    pub(super) shown: Vec<usize>,
    /// Place of the column whose text is cut, and to how many characters.
    pub(super) cut: Option<(usize, usize)>,
    /// Places of the columns that do not fit.
    pub(super) left_out: Vec<usize>,
}

/// Whether a person is shown this member without asking for it.
pub(super) fn is_shown(kind: &str, name: &str) -> bool {
    HABITS.iter().find(|habit| habit.kind == kind).is_none_or(|habit| !habit.hidden.contains(&name))
}

impl Plan {
    /// All columns as they are: those that were asked for.
    pub(super) fn all(columns: &[Column]) -> Plan {
        Plan { shown: (0..columns.len()).collect(), ..Plan::default() }
    }

    /// The columns in the order in which a person looks at them, as many as fit `width`.
    pub(super) fn of(kind: &str, columns: &[Column], width: Option<usize>, added: &[&str]) -> Plan {
        let habit = HABITS.iter().find(|habit| habit.kind == kind);
        let (first, spare) = habit.map_or((&[][..], &[][..]), |habit| (habit.first, habit.spare));
        let place = |at: &usize| {
            let name = columns[*at].name.as_str();
            let end = if habit.is_some() && name == CUT { usize::MAX } else { first.len() };
            first.iter().position(|other| *other == name).unwrap_or(end)
        };
        let mut plan = Plan::all(columns);
        plan.shown.sort_by_key(place);
        let Some(width) = width else { return plan };
        let reason = plan.shown.iter().copied().find(|at| habit.is_some() && columns[*at].name == CUT);
        let least = |at: usize| if Some(at) == reason { columns[at].width.min(REASON) } else { columns[at].width };
        let needed = |shown: &[usize]| shown.iter().map(|at| least(*at) + GAP).sum::<usize>().saturating_sub(GAP);
        while plan.shown.len() > 1 && needed(&plan.shown) > width {
            let spared = spare.iter().find_map(|name| plan.shown.iter().position(|at| columns[*at].name == *name));
            // The last column from the right that is none of these; the first stays.
            let last = |is_kept: &dyn Fn(&str) -> bool| {
                let goes = |at: &usize| Some(*at) != reason && !is_kept(columns[*at].name.as_str());
                plan.shown.iter().skip(1).rposition(goes).map(|i| i + 1)
            };
            let found = spared
                .or_else(|| last(&|name| LAST.contains(&name) || added.contains(&name)))
                .or_else(|| last(&|name| LAST[..3].contains(&name) || added.contains(&name)))
                .or_else(|| last(&|name| LAST[..3].contains(&name)))
                .or_else(|| last(&|_| false));
            let Some(i) = found else { break };
            plan.left_out.push(plan.shown.remove(i));
        }
        plan.left_out.sort_unstable();
        if let Some(at) = reason {
            let others = needed(&plan.shown) - least(at);
            let left = width.saturating_sub(others).max(columns[at].name.len());
            plan.cut = (columns[at].width > left).then_some((at, left));
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(all: &[(&str, usize)]) -> Vec<Column> {
        all.iter()
            .map(|(name, width)| Column { name: (*name).into(), numeric: false, met: true, width: *width })
            .collect()
    }

    fn names<'c>(columns: &'c [Column], places: &[usize]) -> Vec<&'c str> {
        places.iter().map(|at| columns[*at].name.as_str()).collect()
    }

    #[test]
    fn an_alert_says_first_how_grave_it_is_and_last_why() {
        let all = columns(&[("detector", 8), ("severity", 8), ("reason", 120), ("src_ip", 9), ("dst_country", 11)]);
        let plan = Plan::of("alert", &all, None, &[]);
        assert_eq!(names(&all, &plan.shown), ["severity", "detector", "src_ip", "dst_country", "reason"]);
        assert_eq!((plan.cut, plan.left_out.len()), (None, 0));
    }

    #[test]
    fn a_reason_is_cut_before_columns_are_left_out_and_those_that_it_repeats_go_first() {
        let all = columns(&[("severity", 8), ("src_ip", 9), ("value", 9), ("threshold", 9), ("reason", 120)]);
        let plan = Plan::of("alert", &all, Some(100), &[]);
        assert_eq!((plan.shown.len(), plan.cut), (5, Some((4, 57))));
        let plan = Plan::of("alert", &all, Some(72), &[]);
        assert_eq!(names(&all, &plan.left_out), ["threshold"]);
        assert_eq!(plan.cut, Some((4, 40)));
        let plan = Plan::of("alert", &all, Some(10), &[]);
        assert_eq!((names(&all, &plan.shown), plan.cut), (vec!["severity", "reason"], Some((4, 6))));
    }

    #[test]
    fn rows_lose_columns_from_the_right_and_keep_the_first() {
        let all = columns(&[("src_ip", 13), ("bytes", 9), ("reason", 90), ("last", 24)]);
        assert_eq!(names(&all, &Plan::of("hosts", &all, Some(30), &[]).shown), ["src_ip", "bytes"]);
        assert_eq!(names(&all, &Plan::of("hosts", &all, Some(5), &[]).shown), ["src_ip"]);
        assert_eq!(Plan::of("hosts", &all, Some(142), &[]).left_out.len(), 0);
        assert_eq!(Plan::of("hosts", &all, Some(141), &[]).left_out, [3]);
    }

    #[test]
    fn addresses_and_amounts_and_what_was_added_on_request_go_last() {
        let flow =
            [("timestamp", 24), ("duration", 8), ("src_ip", 15), ("dst_ip", 15), ("src_port", 8), ("dst_port", 8)];
        let rest =
            [("protocol", 8), ("packets", 8), ("bytes", 10), ("extra", 9), ("src_country", 11), ("dst_country", 11)];
        let all = columns(&[&flow[..], &rest[..]].concat());
        let shown = |width| {
            let plan = Plan::of("flows", &all, Some(width), &["src_country", "dst_country"]);
            names(&all, &plan.shown).join(" ")
        };
        assert_eq!(shown(80), "src_ip dst_ip packets bytes src_country dst_country");
        assert_eq!(shown(70), "src_ip dst_ip bytes src_country dst_country");
        assert_eq!(shown(60), "src_ip dst_ip bytes src_country");
        assert_eq!(shown(40), "src_ip dst_ip");
        let rows = columns(&[("src_ip", 15), ("flows", 8), ("bytes", 12), ("mean", 12), ("src_country", 11)]);
        let plan = Plan::of("hosts", &rows, Some(45), &["src_country"]);
        assert_eq!(names(&rows, &plan.shown), ["src_ip", "bytes", "src_country"]);
    }

    #[test]
    fn members_for_programs_are_hidden_in_alerts_and_flows_only() {
        assert!(!is_shown("alert", "evidence") && !is_shown("flows", "exporter"));
        assert!(is_shown("alert", "dst_country") && is_shown("flows", "bytes") && is_shown("hosts", "flows"));
    }
}
