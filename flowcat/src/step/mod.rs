//! What is done with flows between reading and writing, one step after the other.
//!
//! ```text
//! a source ─► Flows ─► step ─► step ─► ... ─► End: writes and counts
//! ```
//!
//! A step takes a flow and hands none, one or more on. Rows, alerts, baselines and ticks pass a step, unless it says
//! otherwise. Where there are no steps nothing is paid for them.
//!
//! To add one: its file, with its option's type and its `Step`; the option in [`StepOptions`]; its line in
//! [`StepOptions::build`], where the order is that of the work.
//!
//! Invariant: each flow that is taken is handed on, counted as left out or merged, or kept for `finish`.

mod alerts;
mod anonymize;
mod biflow;
mod conversation;
mod differ;
mod gather;
mod head;
mod member;
mod packed;
mod sample;
mod scale;
mod select;
mod sort;
mod tick;
mod uniflow;
mod write;

pub(crate) use gather::time;
pub(crate) use head::Head;
pub(crate) use packed::{Place, pack, unpack};
pub(crate) use write::{End, Store};

use flow_record::filter::Filter;
use flow_record::record::Flow;
use flow_record::scan::LineKind;
use flow_record::value::Time;
use std::path::PathBuf;
use tick::Tick;

/// A flow on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'r> {
    /// Its fields.
    pub(crate) flow: &'r Flow,
    /// How it is written.
    pub(crate) form: Form<'r>,
}

/// How a flow is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form<'r> {
    /// From its fields, and then further members, each as `,"name":value`.
    Fields(&'r [u8]),
    /// As the line that it came as, without its newline. A step that changes the flow makes another of it.
    Line(&'r str),
}

/// One step.
pub(crate) trait Step: Send {
    /// Nothing was read yet.
    fn begin(&mut self, _next: &mut Next<'_, '_>) {}

    /// Takes a flow.
    fn flow(&mut self, record: Record<'_>, next: &mut Next<'_, '_>);

    /// Takes a line that is no flow.
    fn line(&mut self, kind: LineKind<'_>, text: &str, next: &mut Next<'_, '_>) {
        next.line(kind, text);
    }

    /// No flow follows: hands on what was kept.
    fn finish(&mut self, _next: &mut Next<'_, '_>) {}

    /// Whether it leaves out every flow from now on.
    fn is_full(&self) -> bool {
        false
    }
}

/// What comes after a step.
pub(crate) struct Next<'n, 's> {
    steps: &'n mut [Box<dyn Step>],
    end: &'n mut End<'s>,
}

impl<'n, 's> Next<'n, 's> {
    /// All steps, and the end of them.
    pub(crate) fn first(steps: &'n mut [Box<dyn Step>], end: &'n mut End<'s>) -> Next<'n, 's> {
        Next { steps, end }
    }

    /// Hands a flow on.
    #[inline]
    pub(crate) fn flow(&mut self, record: Record<'_>) {
        match self.steps.split_first_mut() {
            Some((step, steps)) => step.flow(record, &mut Next { steps, end: self.end }),
            None => self.end.flow(record),
        }
    }

    /// Hands a line on that is no flow.
    pub(crate) fn line(&mut self, kind: LineKind<'_>, text: &str) {
        match self.steps.split_first_mut() {
            Some((step, steps)) => step.line(kind, text, &mut Next { steps, end: self.end }),
            None => match Tick::of(kind, text) {
                Some(tick) if !self.end.takes_lines() => self.end.tick(Time(tick.nanos)),
                _ => self.end.line(text),
            },
        }
    }

    /// Has every step begin.
    pub(crate) fn begin(&mut self) {
        self.each(|step, next| step.begin(next));
    }

    /// Has every step hand on what it kept, the first first.
    pub(crate) fn finish(&mut self) {
        self.each(|step, next| step.finish(next));
    }

    fn each(&mut self, mut act: impl FnMut(&mut dyn Step, &mut Next<'_, 's>)) {
        for at in 0..self.steps.len() {
            if let Some((step, steps)) = self.steps.get_mut(at..).and_then(<[_]>::split_first_mut) {
                act(step.as_mut(), &mut Next { steps, end: self.end });
            }
        }
    }

    /// Counts a flow that is left out.
    #[inline]
    pub(crate) fn filtered(&mut self) {
        self.end.filtered += 1;
    }

    /// Counts so many flows that are left out.
    pub(crate) fn filtered_all(&mut self, count: u64) {
        self.end.filtered += count;
    }

    /// Counts a flow or line that is left out for this reason.
    #[cold]
    pub(crate) fn unused(&mut self, why: &'static str) {
        self.unused_all(why, 1);
    }

    /// The same for so many.
    #[cold]
    pub(crate) fn unused_all(&mut self, why: &'static str, count: u64) {
        *self.end.session.account.fates.unused.entry(why).or_default() += count;
    }

    /// Counts flows that became part of another.
    #[inline]
    pub(crate) fn merged(&mut self, count: u64) {
        self.end.merged += count;
    }

    /// Counts flows that are handed on beside the one that came.
    #[inline]
    pub(crate) fn made(&mut self, count: u64) {
        self.end.made += count;
    }

    /// Adds a number to the accounts, unless it is 0.
    pub(crate) fn detail(&mut self, name: &str, count: u64) {
        if count > 0 {
            self.end.session.account.details.push((name.into(), count));
        }
    }

    /// Warns; of each kind the first five are shown.
    #[cold]
    pub(crate) fn warn<T: Into<String>>(&mut self, kind: &'static str, text: impl FnOnce() -> T) {
        self.end.session.messages.warn(kind, || text().into());
    }

    /// Says something that is no trouble.
    #[cold]
    pub(crate) fn note(&mut self, text: &str) {
        self.end.session.messages.note(text);
    }

    /// Says that nothing more is to be read.
    pub(crate) fn stop(&mut self) {
        self.end.stop();
    }

    /// Tells of an error that makes the exit code 2 and after which nothing is read or written.
    #[cold]
    pub(crate) fn break_off(&mut self, text: &str) {
        self.end.session.break_off(text);
        self.end.stop();
    }

    /// Whether a step leaves out every flow from now on.
    pub(crate) fn wants_no_more(&self) -> bool {
        self.steps.iter().any(|step| step.is_full())
    }

    /// Whether nothing can be written any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.end.session.is_over()
    }
}

/// The options that are steps.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct StepOptions {
    /// Multiply packets and bytes by the sampling that each flow names (auto), or by N
    ///
    /// What was multiplied is marked "scaled":true and never multiplied again. With N, every flow is taken for one of
    /// 1-in-N sampling, whatever it says.
    #[arg(long, value_name = "auto|N", allow_negative_numbers = true, hide_short_help = true)]
    pub(crate) sampling: Option<scale::Rate>,
    /// Mark flows that several exporters reported: "dup_of"; or drop them
    ///
    /// Flows of one direction of a conversation from another exporter are duplicates if they start within WINDOW of the
    /// last flow of the first exporter, or before that ended; dup_of names this exporter. WINDOW is 2 s, for clocks that
    /// are kept by NTP and times in whole seconds; --dedup=drop and --dedup=drop,5s leave duplicates out. A flow without
    /// exporter is none.
    #[arg(long, value_name = "WINDOW|drop", num_args = 0..=1, require_equals = true, default_missing_value = "2s", hide_short_help = true)]
    pub(crate) dedup: Option<gather::Dedup>,
    /// Join the pieces that an exporter's active timeout made of one flow
    ///
    /// Pieces of one direction with less than TIMEOUT (120s) from the end of one to the start of the next become one: counts
    /// are added, flags ORed. A piece with SYN after one with FIN or RST is another connection. Order and members as with
    /// --biflow. A sum beyond 2^53 - 1 ends one flow and begins another.
    #[arg(long, value_name = "TIMEOUT", num_args = 0..=1, require_equals = true, default_missing_value = "120s", value_parser = gather::time, hide_short_help = true)]
    pub(crate) rejoin: Option<i64>,
    /// Join the two directions of a conversation
    ///
    /// What comes back goes into rev_packets, rev_bytes and rev_tcp_flags.
    /// Two flows of opposite directions with less than TIMEOUT (120s, after which most meters take a flow for ended) between
    /// them become one, one to one in order of time. Its source is the client; dir_reason says why: syn (it alone sent SYN
    /// without ACK), request (of ICMP), service (the other's port is one), first (to be seen), port (the higher one), none.
    /// What has no counterpart, and what counts both directions already, passes as it came. Flows of different sampling
    /// or byte_layer are not joined. A member that one of them lacks is taken from the other; where they differ in one, as
    /// in label, app or state, the client's value stays (of pieces the first one's), and at the end it is told in which
    /// members how many differed. tos and next_hop are the client's. Flows come out at the end of input, in order of their start, whatever order they came
    /// in; earlier where --max-flows or --lateness says so, in order among those that leave at the same time.
    #[arg(long, value_name = "TIMEOUT", num_args = 0..=1, require_equals = true, default_missing_value = "120s", value_parser = gather::time)]
    pub(crate) biflow: Option<i64>,
    /// Split flows that count both directions into one for each
    #[arg(long, conflicts_with = "biflow", hide_short_help = true)]
    pub(crate) uniflow: bool,
    /// With --dedup, --rejoin, --biflow, and of packets: at most N flows wait [default: 1M]
    ///
    /// Of packets so many flows are open at a time; beyond, the one that was silent longest ends.
    /// Beyond, half of them leave, the conversations that were silent longest. If one could still have been joined, that
    /// is told, and counted as "left early". A flow takes 150 bytes and its line, if it came as one: 1 KiB at most on average.
    #[arg(long, value_name = "N", value_parser = gather::most, allow_negative_numbers = true, hide_short_help = true)]
    pub(crate) max_flows: Option<usize>,
    /// Put flows in the order of their start
    ///
    /// The whole input is read first. With --lateness, flows go on as soon as TIME has passed since their start, by the
    /// starts of others; what comes later than that goes on at once, out of order, is told, and is counted as "out of
    /// order"; --sort=all sorts the whole input even then. Flows of the same start keep their order; those without a time
    /// come last (with --lateness, at once). Alerts, rows and baselines pass before them; ticks do so with --lateness alone.
    #[arg(long, value_name = "all", num_args = 0..=1, require_equals = true, default_missing_value = "auto", hide_short_help = true)]
    pub(crate) sort: Option<sort::Extent>,
    /// With --sort: keep at most SIZE in memory [default: 4G]
    ///
    /// 512M or 4G; a flow takes 100 bytes and its line, if it came as one. Beyond, the run ends with exit code 2 and
    /// writes no flow, unless --spill says where there is room.
    #[arg(long, value_name = "SIZE", value_parser = sort::memory, allow_negative_numbers = true, hide_short_help = true)]
    pub(crate) memory: Option<u64>,
    /// With --sort: what --memory does not hold waits in files in DIR
    ///
    /// They have no name, need as much room as the flows (twice that for a while, beyond 64 times SIZE), and are gone when
    /// the program ends. With --lateness, flows wait in memory alone.
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    pub(crate) spill: Option<PathBuf>,
    /// With --dedup, --rejoin, --biflow, --sort, --rotate: flows come at most TIME late, so let them go on
    ///
    /// For live input: a flow leaves once the latest moment of all flows and ticks lies TIME and the timeout behind its own
    /// last. Ticks pass with the start of the earliest flow that waits as their time, where that is before.
    #[arg(long, value_name = "TIME", value_parser = gather::time, hide_short_help = true)]
    pub(crate) lateness: Option<i64>,
    /// Take only flows behind the alerts in FILE
    ///
    /// Those with the src_ip, dst_ip and dst_port that an alert names, as far as it names them, that start from its timestamp
    /// to its end. Lines of FILE that are no alerts do not count.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) alerts: Option<PathBuf>,
    /// Keep one in N conversations: --sample 1/100
    ///
    /// Which, is told by a hash of addresses, ports and protocol, the same in both directions, so that a conversation is
    /// kept as a whole or not at all, in every file and every run. What 1/1000 keeps, 1/10 keeps too.
    #[arg(long, value_name = "1/N", allow_negative_numbers = true, hide_short_help = true)]
    pub(crate) sample: Option<sample::Share>,
    /// Stop after N flows
    ///
    /// Nothing after the last of them is read, nor counted.
    #[arg(long, value_name = "N", value_parser = flow_record::cli::number, allow_negative_numbers = true)]
    pub(crate) head: Option<u64>,
    /// Put other addresses in place of all, under the key in FILE
    ///
    /// The addresses of two hosts begin with the same bits as before (CryptoPAn), in flows, in the rows and alerts that
    /// pass, and in all their texts. Baselines are left out. flowenrich --explain anonymize says what a key is, what
    /// changes and what stays.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) anonymize: Option<PathBuf>,
}

impl StepOptions {
    /// The steps that are asked for, in the order of the work; `keeps_extra` says that columns of foreign tables become
    /// members.
    ///
    /// # Errors
    /// A file that a step needs cannot be read.
    pub(crate) fn build(&self, filter: Option<Filter>, keeps_extra: bool) -> Result<Vec<Box<dyn Step>>, String> {
        let mut steps: Vec<Box<dyn Step>> = Vec::new();
        steps.extend(self.sampling.map(scale::step));
        steps.extend(gather::step(gather::Plan {
            dedup: self.dedup,
            rejoin: self.rejoin,
            pair: self.biflow,
            lateness: self.lateness,
            most: self.most(),
        }));
        steps.extend(self.uniflow.then(uniflow::step));
        let sorted = self.sorted()?;
        // What is chosen is the same before and after; before, less waits.
        let (first, then) = match sorted {
            Some(plan) if plan.lateness.is_none() => (None, Some(plan)),
            other => (other, None),
        };
        steps.extend(first.map(sort::step));
        steps.extend(filter.map(|filter| select::step(filter, keeps_extra)));
        if let Some(file) = &self.alerts {
            steps.push(alerts::step(file)?);
        }
        steps.extend(self.sample.map(sample::step));
        steps.extend(then.map(sort::step));
        steps.extend(self.head.map(head::step));
        if let Some(file) = &self.anonymize {
            steps.push(anonymize::step(file)?);
        }
        Ok(steps)
    }

    /// How many flows wait for others, or for their packets.
    pub(crate) fn most(&self) -> usize {
        self.max_flows.unwrap_or(gather::FLOWS)
    }

    /// How flows are sorted, if they are.
    ///
    /// # Errors
    /// An option that needs --sort; a folder for --spill that is none.
    fn sorted(&self) -> Result<Option<sort::Plan>, String> {
        let Some(extent) = self.sort else {
            return match (self.memory, &self.spill) {
                (Some(_), _) => Err("--memory goes with --sort".into()),
                (_, Some(_)) => Err("--spill goes with --sort".into()),
                _ => Ok(None),
            };
        };
        // What is joined goes on that much later.
        let timeout = [self.dedup.map(|d| d.window), self.rejoin, self.biflow].into_iter().flatten().max().unwrap_or(0);
        let lateness = self.lateness.filter(|_| extent == sort::Extent::Auto).map(|lateness| lateness + timeout);
        let spill = self.spill.clone().map(sort::Spill::new).transpose()?;
        Ok(Some(sort::Plan { lateness, memory: self.memory.unwrap_or(sort::MEMORY), spill }))
    }
}

#[cfg(test)]
mod tests;
