//! The loop over lines, with workers that do more than to answer for each.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::output::{Output, Sink};
use crate::run::{Account, Conduct, Fate, Out, pass};
use crate::scan::Line;
use std::path::Path;

/// Holds flows back to the end of a batch, makes an alert of each tick and of each end of an input, and has its fates.
#[derive(Default)]
struct Busy {
    held: Vec<u8>,
    ends: u32,
}

impl Worker for Busy {
    fn line(&mut self, line: &Line<'_>, out: &mut Out) -> Fate {
        match line.flow.integer(crate::record::field::BYTES) {
            Some(1) => Fate::Late,
            Some(2) => {
                out.give_up(3);
                Fate::Used
            }
            _ => pass(line, &mut self.held),
        }
    }

    fn tick(&mut self, line: &Line<'_>, out: &mut Out) -> Fate {
        out.make(b"{\"kind\":\"alert\",\"id\":\"tick\"}\n{\"kind\":\"alert\",\"id\":\"tock\"}\n");
        pass(line, out)
    }

    fn end_of_batch(&mut self, out: &mut Out) {
        out.append(&mut self.held);
    }

    fn end_of_input(&mut self, out: &mut Out) {
        self.ends += 1;
        out.make(b"{\"kind\":\"alert\",\"id\":\"end\"}\n");
    }
}

/// Reads these texts with so many workers; answers what is written, the accounts, the exit code and the workers.
fn run(texts: &[&[u8]], threads: usize) -> (String, Account, u8, Vec<Busy>) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut sources = vec![];
    for (i, text) in texts.iter().enumerate() {
        std::fs::write(path(&i.to_string()), text).unwrap();
        sources.push(Ok(Source::file(path(&i.to_string()))));
    }
    let output = Output::open(Some(Path::new(&path("out"))), false).unwrap();
    let conduct = Conduct { quiet: true, ..Conduct::default() };
    let mut session = Session::begin("test", conduct, Sink::lines(output)).unwrap();
    let workers = each_line(&mut session, sources, &[], (0..threads).map(|_| Busy::default()).collect());
    let account = session.account.clone();
    let code = session.end().code();
    (std::fs::read_to_string(path("out")).unwrap(), account, code, workers)
}

#[test]
fn a_worker_can_hold_make_give_up_and_be_late() {
    let input =
        b"{\"bytes\":5}\n{\"bytes\":1}\n{\"bytes\":2}\n{\"kind\":\"tick\",\"timestamp\":\"2015-01-22T08:00:00Z\"}\nx\n";
    for threads in [1, 3] {
        let (out, account, code, workers) = run(&[input, input], threads);
        let end = "{\"kind\":\"alert\",\"id\":\"end\"}\n".repeat(threads);
        let one = "{\"kind\":\"alert\",\"id\":\"tick\"}\n{\"kind\":\"alert\",\"id\":\"tock\"}\n\
                   {\"kind\":\"tick\",\"timestamp\":\"2015-01-22T08:00:00Z\"}\n{\"bytes\":5}\n";
        assert_eq!(out, format!("{one}{end}{one}{end}"));
        assert!(workers.iter().all(|worker| worker.ends == 2));
        assert_eq!(code, 3);
        let fates = &account.fates;
        assert_eq!((account.read(), fates.passed, fates.used, fates.late, account.rejected), (10, 4, 2, 2, 2));
        assert_eq!((account.made, account.evicted), (10 + 2 * threads as u64, 6));
        assert_eq!(account.written(), out.lines().count() as u64);
    }
}

#[test]
fn what_is_no_line_at_all_is_refused_and_the_others_are_read() {
    let (out, account, code, _) = run(&[b"\xd4\xc3\xb2\xa1\x02\0", b"{\"bytes\":5}\n"], 2);
    assert_eq!((out.lines().next(), account.read(), code), (Some("{\"bytes\":5}"), 1, 2));
}
