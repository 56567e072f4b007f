//! Dates with their year last, as spreadsheets and CICFlowMeter write them: `22/07/2015 08:03`, `7/7/2017 3:30:05 PM`.
//!
//! Whether the day or the month comes first shows where one of them is above 12; what has shown itself holds for the rest
//! of the input, and before that only dates of which both readings are the same can be read.

/// Which of the two comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Day,
    Month,
}

/// A date and a time of day as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct YearLast<'t> {
    first: u8,
    second: u8,
    year: &'t [u8],
    /// 0 to 23, or as it stands on a clock of 12 hours.
    hour: u8,
    /// Minutes and what follows them: `:MM`, `:MM:SS.fff`.
    rest: &'t [u8],
    /// On a clock of 12 hours: whether it is after noon.
    pm: Option<bool>,
}

/// One or two digits and what follows them.
fn number(text: &[u8]) -> Option<(u8, &[u8])> {
    let digits = text.iter().take(2).take_while(|b| b.is_ascii_digit()).count();
    let value = text[..digits].iter().fold(0, |v, b| v * 10 + (b - b'0'));
    (digits > 0).then_some((value, &text[digits..]))
}

impl<'t> YearLast<'t> {
    /// Takes a text apart.
    pub(super) fn parse(text: &'t [u8]) -> Option<YearLast<'t>> {
        let (first, rest) = number(text)?;
        let (separator, rest) = rest.split_first().filter(|(b, _)| matches!(b, b'/' | b'.' | b'-'))?;
        let (second, rest) = number(rest)?;
        let rest = rest.strip_prefix(&[*separator])?;
        let (year, rest) = rest.split_at_checked(4).filter(|(year, _)| year.iter().all(u8::is_ascii_digit))?;
        let rest = rest.strip_prefix(b" ").or_else(|| rest.strip_prefix(b"T"))?.trim_ascii_start();
        let (hour, rest) = number(rest)?;
        let (rest, pm) = match rest.split_last_chunk::<2>() {
            Some((rest, half)) if half.eq_ignore_ascii_case(b"am") => (rest.trim_ascii_end(), Some(false)),
            Some((rest, half)) if half.eq_ignore_ascii_case(b"pm") => (rest.trim_ascii_end(), Some(true)),
            _ => (rest, None),
        };
        let is_minutes = rest.len() >= 3 && rest[0] == b':' && rest.len() <= 16;
        let is_hour = if pm.is_some() { (1..=12).contains(&hour) } else { hour < 24 };
        (is_minutes && is_hour).then_some(YearLast { first, second, year, hour, rest, pm })
    }

    /// The order that the numbers themselves show.
    pub(super) fn shown(&self) -> Option<Order> {
        match (self.first, self.second) {
            (13.., 1..=12) => Some(Order::Day),
            (1..=12, 13..) => Some(Order::Month),
            _ => None,
        }
    }

    /// Whether either order gives the same date.
    pub(super) fn is_same_in_both(&self) -> bool {
        self.first == self.second
    }

    /// The same with the year first, `YYYY-MM-DDTHH:MM:SS.ffffff`, and its length. Of 12 hours without a half of the day
    /// those from 8 to 12 are taken as of the morning and noon, others as after it, and the answer says so.
    pub(super) fn year_first(&self, order: Order, half_days: bool) -> ([u8; 32], usize, bool) {
        let (day, month) = match order {
            Order::Day => (self.first, self.second),
            Order::Month => (self.second, self.first),
        };
        let is_guess = half_days && self.pm.is_none() && (1..=12).contains(&self.hour);
        let hour = match self.pm {
            Some(false) => self.hour % 12,
            Some(true) => self.hour % 12 + 12,
            None if is_guess && self.hour < 8 => self.hour + 12,
            None => self.hour,
        };
        let mut text = *b"YYYY-MM-DDTHH:00:00             ";
        text[..4].copy_from_slice(self.year);
        for (at, value) in [(5, month), (8, day), (11, hour)] {
            text[at] = b'0' + value / 10;
            text[at + 1] = b'0' + value % 10;
        }
        let length = (13 + self.rest.len()).max(19);
        text[13..13 + self.rest.len()].copy_from_slice(self.rest);
        (text, length, is_guess)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_turned_round() {
        for (text, order, half_days, turned) in [
            ("22/07/2015 08:03", Order::Day, false, "2015-07-22T08:03:00"),
            ("07/22/2015 08:03:09.25", Order::Month, false, "2015-07-22T08:03:09.25"),
            ("7/7/2017 3:30", Order::Day, true, "2017-07-07T15:30:00"),
            ("7.7.2017 12:30:01", Order::Day, true, "2017-07-07T12:30:01"),
            ("7/7/2017 3:30:05 AM", Order::Day, true, "2017-07-07T03:30:05"),
            ("07-07-2017 12:30:05 pm", Order::Day, false, "2017-07-07T12:30:05"),
            ("07-07-2017 12:30 AM", Order::Day, false, "2017-07-07T00:30:00"),
        ] {
            let (turned_text, length, _) = YearLast::parse(text.as_bytes()).unwrap().year_first(order, half_days);
            assert_eq!(std::str::from_utf8(&turned_text[..length]).unwrap(), turned, "{text}");
        }
        for bad in [
            "",
            "22/07/2015",
            "22/07-2015 08:03",
            "22/07/15 08:03",
            "1/2/2015 24:00",
            "1/2/2015 13:00 PM",
            "1/2/2015 8:",
        ] {
            assert_eq!(YearLast::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
