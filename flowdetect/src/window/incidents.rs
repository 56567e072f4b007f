//! Incidents: what goes on over many windows is one, told once, and again only as it grows.
//!
//! Findings of one detector about one key belong together as long as no gap between windows that have them is longer than
//! [`IDLE`] windows. The first is an alert, whose name has the start of its window. Later ones are told only where the
//! value, the number of flows behind the incident, or the severity has grown: the first two to another power of ten. Bound:
//! [`MOST`] incidents; beyond that the longest idle ones are forgotten, so that they would be told anew.

use super::panes::Window;
use crate::alert::{Alert, Label, Naming, Severity};
use flow_record::map::Map;
use flow_record::stats::Span;
use flow_record::value::{Number, Time};

/// Windows without a finding after which an incident is over.
pub(super) const IDLE: i64 = 12;

/// Most incidents that are remembered; about 150 bytes each.
pub(super) const MOST: usize = 1 << 18;

/// What goes on.
struct Incident {
    label: Label,
    /// Its first flow.
    first: Option<Span>,
    /// The end of the last window that had it.
    last: i64,
    /// Flows of windows that are over, and of the one that begins at `counted.0` and ends at `counted.1`.
    before: u64,
    flows: u64,
    counted: (i64, i64),
    /// What was told of last.
    told: Told,
}

/// How large an incident is, as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Told {
    value: u32,
    flows: u32,
    severity: Severity,
}

impl Told {
    fn exceeds(self, other: Told) -> bool {
        self.value > other.value || self.flows > other.flows || self.severity > other.severity
    }

    fn max(self, other: Told) -> Told {
        Told {
            value: self.value.max(other.value),
            flows: self.flows.max(other.flows),
            severity: if self.severity > other.severity { self.severity } else { other.severity },
        }
    }
}

/// The power of ten that a number has reached; 0 below ten.
fn power(value: Number) -> u32 {
    let whole = match value {
        Number::Whole(v) => v,
        // Saturates; what is no number is 0.
        Number::Real(v) => v.abs() as u128,
    };
    whole.checked_ilog10().unwrap_or(0)
}

/// The incidents of a run.
#[derive(Default)]
pub(super) struct Incidents {
    /// By the name of their key.
    open: Map<u64, Incident>,
    /// How many were forgotten for want of room.
    pub(super) forgotten: u64,
}

impl Incidents {
    /// What a finding of this window is called, if it is to be told; tells it of the whole incident.
    pub(super) fn admit(&mut self, naming: &Naming, alert: &mut Alert, window: Window) -> Option<Label> {
        let (start, end) = (window.start.nanos(), window.end.nanos());
        let key = naming.id(&alert.key, None);
        let idle = end.saturating_sub(start).saturating_mul(IDLE);
        let (told, flows) = (Told::of(alert, alert.flows.unwrap_or(0)), alert.flows.unwrap_or(0));
        let known = self.open.get_mut(&key).filter(|known| start.saturating_sub(known.last) <= idle);
        let Some(incident) = known else {
            let label = Label { id: naming.id(&alert.key, Some(Time(start))), update: 0 };
            let (first, counted) = (alert.span, (start, end));
            self.open.insert(key, Incident { label, first, last: end, before: 0, flows, counted, told });
            self.forget();
            return Some(label);
        };
        incident.last = incident.last.max(end);
        incident.count(flows, (start, end));
        let all = incident.before.saturating_add(incident.flows);
        let told = Told::of(alert, all);
        if !told.exceeds(incident.told) {
            return None;
        }
        incident.told = told.max(incident.told);
        incident.label.update += 1;
        if let (Some(span), Some(first)) = (&mut alert.span, incident.first) {
            span.first = span.first.min(first.first);
        }
        alert.flows = alert.flows.map(|_| all);
        Some(incident.label)
    }

    /// Forgets what has been idle for long; `now` is the end of the last window.
    pub(super) fn expire(&mut self, window: Window) {
        let length = window.end.nanos().saturating_sub(window.start.nanos());
        let oldest = window.start.nanos().saturating_sub(length.saturating_mul(IDLE));
        if self.open.len() > MOST / 16 {
            self.open.retain(|_, incident| incident.last >= oldest);
        }
    }

    /// Makes room where there are too many.
    fn forget(&mut self) {
        if self.open.len() <= MOST {
            return;
        }
        let mut ages: Vec<(i64, u64)> = self.open.iter().map(|(key, incident)| (incident.last, *key)).collect();
        let half = ages.len() / 2;
        ages.select_nth_unstable(half);
        for (_, key) in &ages[..half] {
            self.open.remove(key);
        }
        self.forgotten += half as u64;
    }
}

impl Incident {
    /// Counts the flows of a window once: of windows that overlap, the first.
    fn count(&mut self, flows: u64, (start, end): (i64, i64)) {
        if start == self.counted.0 {
            self.flows = self.flows.max(flows);
        } else if start >= self.counted.1 {
            self.before = self.before.saturating_add(self.flows);
            (self.flows, self.counted) = (flows, (start, end));
        }
    }
}

impl Told {
    fn of(alert: &Alert, flows: u64) -> Told {
        Told {
            value: power(alert.verdict.value),
            flows: power(Number::Whole(flows.into())),
            severity: alert.verdict.severity,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::alert::Verdict;
    use flow_record::record::key::Part;
    use flow_record::stats::{Same, Seen};

    const MINUTE: i64 = 60_000_000_000;

    fn window(minute: i64) -> Window {
        Window { start: Time(minute * MINUTE), end: Time((minute + 5) * MINUTE) }
    }

    fn alert(value: u64, flows: u64, minute: i64) -> Alert {
        let span = Span { first: Time(minute * MINUTE), last: Time((minute + 1) * MINUTE), digits: 3 };
        let seen = Seen::of(flows, span, Same::Nothing, Same::Nothing);
        Alert::of(&seen, Verdict::above(value, 1u64, Severity::High)).about([("src_port", Part::Integer(7))])
    }

    /// Value, flows and minute of findings, and which are told, as update and flows told.
    fn told(findings: &[(u64, u64, i64)]) -> Vec<Option<(u64, u64)>> {
        let (mut incidents, naming) = (Incidents::default(), Naming::new("scan", ""));
        let one = |(value, flows, minute): &(u64, u64, i64)| {
            let mut alert = alert(*value, *flows, *minute);
            let label = incidents.admit(&naming, &mut alert, window(*minute))?;
            let first = alert.span.unwrap().first;
            assert_eq!(first == Time(minute * MINUTE), label.update == 0);
            Some((label.update, alert.flows.unwrap()))
        };
        findings.iter().map(one).collect()
    }

    #[test]
    fn an_incident_is_told_again_when_it_reaches_another_power_of_ten() {
        let all = [(20, 20, 0), (90, 20, 5), (100, 20, 10), (400, 20, 15), (20, 20, 20)];
        // 20, 40, 60, 80, 100 flows in sum.
        assert_eq!(told(&all), [Some((0, 20)), None, Some((1, 60)), None, Some((2, 100))]);
    }

    #[test]
    fn windows_that_overlap_count_their_flows_once() {
        let all = [(20, 50, 0), (20, 50, 1), (20, 50, 2), (20, 49, 5), (20, 99, 5), (20, 1, 11)];
        assert_eq!(told(&all), [Some((0, 50)), None, None, None, Some((1, 149)), None]);
    }

    #[test]
    fn after_a_long_gap_it_is_another_incident() {
        assert_eq!(told(&[(20, 20, 0), (20, 20, 65)]), [Some((0, 20)), None]);
        assert_eq!(told(&[(20, 20, 0), (20, 20, 66)]), [Some((0, 20)), Some((0, 20))]);
    }

    #[test]
    fn a_graver_finding_is_told() {
        let (mut incidents, naming) = (Incidents::default(), Naming::new("scan", ""));
        let mut first = alert(20, 20, 0);
        let label = incidents.admit(&naming, &mut first, window(0)).unwrap();
        let mut graver = alert(20, 20, 0);
        graver.verdict.severity = Severity::Critical;
        assert_eq!(incidents.admit(&naming, &mut graver, window(0)), Some(Label { update: 1, ..label }));
        assert_eq!(label.id, naming.id(&first.key, Some(Time(0))));
    }

    #[test]
    fn the_longest_idle_incidents_make_room() {
        let (mut incidents, naming) = (Incidents::default(), Naming::new("scan", ""));
        for i in 0..=MOST as i64 {
            let mut one = alert(20, 20, i % 5).about([("src_port", Part::Integer(i as u64))]);
            assert!(incidents.admit(&naming, &mut one, window(i % 5)).is_some());
        }
        assert_eq!((incidents.open.len(), incidents.forgotten), (MOST / 2 + 1, MOST as u64 / 2));
        assert!(incidents.open.values().all(|incident| incident.last > 6 * MINUTE));
    }
}
