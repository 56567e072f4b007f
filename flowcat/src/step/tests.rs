//! Steps by themselves, and one after the other.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::flows::Flows;
use crate::source::testing::{lines, outcome};
use flow_record::output::Sink;
use flow_record::run::{Conduct, Session};

/// Keeps all flows to the end and hands each on twice.
#[derive(Default)]
struct Twice(Vec<Flow>);

impl Step for Twice {
    fn flow(&mut self, record: Record<'_>, _next: &mut Next<'_, '_>) {
        self.0.push(record.flow.clone());
    }

    fn finish(&mut self, next: &mut Next<'_, '_>) {
        for flow in &self.0 {
            for _ in 0..2 {
                next.flow(Record { flow, form: Form::Fields(b",\"x\":1") });
            }
        }
    }
}

#[test]
fn what_a_step_kept_goes_through_the_steps_after_it() {
    let mut session = Session::begin("flowcat", Conduct::default(), Sink::none()).unwrap();
    let mut flows = Flows::new(&mut session, vec![Box::new(Twice::default()), Box::new(Head::new(3))], true);
    for bytes in [5, 6] {
        let mut flow = Flow::new();
        flow.set_integer(flow_record::record::field::BYTES, bytes);
        flows.flow(&flow);
        assert!(!flows.is_over());
    }
    flows.finish();
    let fates = &session.account.fates;
    assert_eq!((fates.passed, fates.filtered), (3, 1));
}

const ROWS: &str = "src_ip,bytes\n10.0.0.1,5\n10.0.0.2,6\nbad,7\n10.0.0.3,8\n";
const FLOWS: &str = "{\"src_ip\":\"10.0.0.1\",\"bytes\":5 ,\"x\":[]}\n{\"kind\":\"alert\",\"id\":\"0\"}\n{\"src_ip\":\"10.0.0.2\",\"bytes\":6}\nbad\n{\"bytes\":7}\n";

#[test]
fn head_stops_at_the_last_flow_that_it_lets_pass() {
    for (count, rejects) in [("0", 0), ("1", 0), ("2", 0), ("3", 1), ("4", 1)] {
        let rows = outcome(ROWS, &["--head", count]);
        let flows = outcome(FLOWS, &["--head", count]);
        let most = count.parse::<usize>().unwrap().min(3);
        assert_eq!((rows.lines.len(), rows.rejects.len()), (most, rejects), "{count}");
        let alerts = usize::from(most > 1);
        assert_eq!((flows.lines.len(), flows.rejects.len()), (most + alerts, rejects), "{count}");
    }
    assert_eq!(lines(FLOWS, &["--head", "1"]), [FLOWS.lines().next().unwrap()], "byte for byte");
}

#[test]
fn where_keeps_flows_for_which_it_holds_and_all_other_lines() {
    let kept = |text: &str, expression: &str| lines(text, &["-w", expression]);
    assert_eq!(kept(ROWS, "bytes > 5").len(), 2);
    assert_eq!(kept(FLOWS, "bytes < 6"), FLOWS.lines().take(2).collect::<Vec<_>>(), "byte for byte, and the alert");
    assert_eq!(kept(FLOWS, "exists x and not exists y or bytes == 7").len(), 3);
    assert_eq!(lines(ROWS, &["-w", "bytes > 5", "--head", "1"]), kept(ROWS, "bytes == 6"));
    let extras = "src_ip,bytes,mood,site\n10.0.0.1,5,good,4\n10.0.0.2,5,bad,5\n";
    let args = ["--keep-extra", "--map", "state=mood", "-w"];
    assert_eq!(lines(extras, &[&args[..], &["site > 4"]].concat()).len(), 1);
    assert_eq!(lines(extras, &[&args[..], &["state == \"good\" and .site == 4"]].concat()).len(), 1);
    assert!(kept(extras, "site > 4").is_empty(), "what is not kept is not there");
}

#[test]
fn a_sample_is_the_same_however_the_flows_come() {
    let rows: String = (0..3000).map(|i| format!("10.0.{}.{},{i}\n", i / 250, i % 250)).collect();
    let text = format!("src_ip,bytes\n{rows}");
    let all = lines(&text, &[]).join("\n") + "\n";
    let some = lines(&text, &["--sample", "1/10"]);
    assert!((200..400).contains(&some.len()), "{}", some.len());
    assert_eq!(lines(&all, &["--sample", "1/10"]), some);
    let fewer = lines(&text, &["--sample", "1/100"]);
    assert!((10..60).contains(&fewer.len()) && fewer.iter().all(|line| some.contains(line)), "{}", fewer.len());
    assert_eq!(lines(&text, &["--sample", "1/1"]).len(), 3000);
    assert_eq!(lines(&text, &["--head", "7", "--sample", "1/10"]), some[..7]);
}
