//! Start and duration of a flow, and whether to believe them.
//!
//! A duration that is negative or absurd, a last time before the first, a time before 1990 or more than a day after its
//! own export are flagged (`clock`), and such a duration is left out, never believed.

use super::{Converter, Trouble};
use crate::row::moment::{Length, Moment, Said, length};
use crate::row::{Cell, Row};
use flow_record::record::Flow;
use flow_record::record::field;
use flow_record::value::number::MAX_NANOS;
use flow_record::value::time::Time;

/// 1990-01-01T00:00:00Z: no flow was exported before.
pub(crate) const FIRST_YEAR: i64 = 631_152_000;

/// A flow cannot be exported this much before it starts, in seconds.
pub(crate) const DAY: i64 = 86_400;

/// A time of day on a clock of 24 hours with two digits for the hour, where it is one with AM or PM behind it.
#[cold]
fn whole_day(clock: &[u8]) -> Vec<u8> {
    let (hour, rest) = clock.split_at(clock.iter().position(|b| *b == b':').unwrap_or_default());
    let hour: Option<u32> = std::str::from_utf8(hour).ok().and_then(|hour| hour.parse().ok());
    let bare = rest.len().checked_sub(2).map(|at| rest.split_at(at));
    let half = |(time, half): (&[u8], &[u8])| match half.to_ascii_lowercase().as_slice() {
        b"am" => Some((time.trim_ascii_end().to_vec(), 0)),
        b"pm" => Some((time.trim_ascii_end().to_vec(), 12)),
        _ => None,
    };
    match (hour, bare.and_then(half)) {
        (Some(hour @ 1..=12), Some((time, noon))) => [format!("{:02}", hour % 12 + noon).as_bytes(), &time].concat(),
        (Some(hour), None) => [format!("{hour:02}").as_bytes(), rest].concat(),
        _ => clock.to_vec(),
    }
}

impl Converter {
    /// Start, duration, and whether to believe them.
    pub(super) fn times(&mut self, row: &Row, flow: &mut Flow) -> Result<(), Trouble> {
        let mut start = match row.has(Cell::Date) || row.has(Cell::Clock) {
            true => self.start_of_two(row)?,
            false => self.moment(row, Cell::Start)?,
        };
        let end = self.moment(row, Cell::End)?;
        let given = match row.text(Cell::Duration) {
            None => None,
            Some((text, form)) => match length(text, form) {
                Length::Bad => return Err(Trouble::of(Cell::Duration)),
                said => Some(said),
            },
        };
        let mut doubt = match (start, end) {
            (Some(s), Some(e)) if e.time < s.time && !s.ambiguous && !e.ambiguous => Some("implausible"),
            _ => None,
        };
        let duration = match (given, start, end) {
            (Some(Length::Nanos(nanos)), ..) => Some(nanos),
            (Some(_), ..) => {
                doubt = Some("implausible");
                None
            }
            (None, Some(s), Some(e)) => {
                let nanos = u64::try_from(i128::from(e.time.nanos()) - i128::from(s.time.nanos())).ok();
                let is_too_long = nanos.is_some_and(|nanos| nanos > MAX_NANOS);
                doubt = doubt.or(is_too_long.then_some("implausible"));
                nanos.filter(|_| !is_too_long)
            }
            _ => None,
        };
        if let (None, Some(e), Some(nanos)) = (start, end, duration) {
            let before = e.time.nanos().checked_sub(nanos as i64).map(|nanos| Moment { time: Time(nanos), ..e });
            start = before;
        }
        if let Some(nanos) = duration.filter(|_| doubt.is_none()) {
            flow.set_duration(nanos);
        }
        if let Some(moment) = start {
            flow.set_time(moment.time, moment.digits);
            if moment.dateless {
                doubt = Some("no-date");
            } else if doubt.is_none() {
                doubt = self.doubt(row, moment);
            }
        }
        if let Some(doubt) = doubt {
            flow.set_text(field::CLOCK, doubt);
        }
        Ok(())
    }

    /// The start, where a day and a time of day may stand apart. What is a time by itself counts alone.
    #[cold]
    fn start_of_two(&mut self, row: &Row) -> Result<Option<Moment>, Trouble> {
        let (date, clock) = (row.text(Cell::Date), row.text(Cell::Clock));
        let is_of_day = |text: &[u8]| text.iter().take(3).position(|b| *b == b':').is_some_and(|at| at > 0);
        match (date, clock) {
            _ if row.has(Cell::Start) => self.moment(row, Cell::Start),
            (Some((date, form)), Some((clock, _))) if is_of_day(clock) && !date.contains(&b':') => {
                match self.clock.read(&[date, b" ", &*whole_day(clock)].concat(), form) {
                    Said::At(moment) => Ok(Some(moment)),
                    Said::None => Ok(None),
                    Said::Bad if matches!(self.clock.read(date, form), Said::Bad) => Err(Trouble::of(Cell::Date)),
                    Said::Bad => Err(Trouble::of(Cell::Clock)),
                }
            }
            (Some(_), Some((clock, _))) if is_of_day(clock) => self.moment(row, Cell::Date),
            (Some(_), None) => self.moment(row, Cell::Date),
            _ => self.moment(row, Cell::Clock),
        }
    }

    /// Why a start is doubtful by itself.
    fn doubt(&mut self, row: &Row, start: Moment) -> Option<&'static str> {
        let seconds = start.time.seconds();
        let received = self.moment(row, Cell::Received).ok().flatten().map_or(0, |m| m.time.seconds());
        let is_early = received >= FIRST_YEAR && seconds > received.saturating_add(DAY);
        match (seconds < FIRST_YEAR || is_early, start.ambiguous) {
            (true, _) => Some("implausible"),
            (false, true) => Some("ambiguous"),
            (false, false) => None,
        }
    }

    #[inline]
    fn moment(&mut self, row: &Row, cell: Cell) -> Result<Option<Moment>, Trouble> {
        match row.text(cell).map(|(text, form)| self.clock.read(text, form)) {
            None | Some(Said::None) => Ok(None),
            Some(Said::At(moment)) => {
                let is_whole = || row.text(cell).is_none_or(|(text, _)| !text.contains(&b'.'));
                let digits = self.dialect.digits.filter(|_| !is_whole()).unwrap_or(moment.digits);
                Ok(Some(Moment { digits, ..moment }))
            }
            Some(Said::Bad) => Err(Trouble::of(cell)),
        }
    }
}
