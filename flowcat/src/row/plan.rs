//! What becomes of the columns of a table: which cell of a row each fills, which are kept besides, which are dropped.
//!
//! Made once for a header; a record then needs no look at names.

use super::alias;
use super::kept::{self, Kept};
use super::{Cell, Dialect, Form, NAMES, Row};
use flow_record::item::nearest_field;
use flow_record::record::field;
use flow_record::value::text::snippet;

/// What the user says that columns mean: `--map src_ip=SrcAddr,...`, and in which unit or order they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mapping {
    pairs: Vec<(Cell, String, Option<Form>)>,
}

/// Units of times and durations, and orders of dates, as `--map` has them behind a column.
const UNITS: [(&str, Form); 8] = [
    ("s", Form::Seconds),
    ("ms", Form::Millis),
    ("us", Form::Micros),
    ("ns", Form::Nanos),
    ("cs", Form::Centis),
    ("min", Form::Minutes),
    ("dmy", Form::DayFirst),
    ("mdy", Form::MonthFirst),
];

/// Takes the unit off a column.
///
/// # Errors
/// A unit that the cell cannot have.
fn unit(cell: Cell, column: &str) -> Result<(&str, Option<Form>), String> {
    let split = column.rsplit_once(':').filter(|(name, _)| !name.is_empty());
    let Some((name, form)) =
        split.and_then(|(name, unit)| UNITS.iter().find(|(word, _)| *word == unit).map(|(_, form)| (name, *form)))
    else {
        return Ok((column, None));
    };
    match (cell, form) {
        (Cell::Duration, Form::DayFirst | Form::MonthFirst) => {
            Err("duration is no date; dmy and mdy are of times".into())
        }
        (Cell::Date, Form::DayFirst | Form::MonthFirst) => Ok((name, Some(form))),
        (Cell::Start | Cell::End | Cell::Received | Cell::Duration, _) => Ok((name, Some(form))),
        _ => Err(format!("{} has no unit; times and durations alone have", cell.name())),
    }
}

impl Mapping {
    /// Reads `FIELD=COLUMN` parts.
    ///
    /// # Errors
    /// A part without `=`, an unknown field (with the nearest right one), a field or a column twice.
    pub(crate) fn parse<'p>(parts: impl IntoIterator<Item = &'p str>) -> Result<Mapping, String> {
        let mut pairs: Vec<(Cell, String, Option<Form>)> = Vec::new();
        for part in parts {
            let Some((name, column)) = part.split_once('=').filter(|(_, column)| !column.is_empty()) else {
                return Err(format!("--map {part}: FIELD=COLUMN is expected"));
            };
            let Some(cell) = Cell::named(name) else {
                if field::known().any(|f| f.name == name) {
                    return Err(format!("--map {part}: {name} is made by the suite itself and cannot be mapped"));
                }
                let near = nearest_field(name, NAMES.iter().map(|(_, n)| *n)).map(|n| format!("; did you mean {n:?}?"));
                return Err(format!("--map {part}: unknown field {name:?}{}", near.unwrap_or_default()));
            };
            let (column, form) = unit(cell, column).map_err(|e| format!("--map {part}: {e}"))?;
            if pairs.iter().any(|(c, ..)| *c == cell) {
                return Err(format!("--map {part}: {name} is mapped twice"));
            }
            if let Some((other, ..)) = pairs.iter().find(|(_, c, _)| alias::normal(c) == alias::normal(column)) {
                return Err(format!("--map {part}: the column {column:?} is mapped already, to {}", other.name()));
            }
            pairs.push((cell, column.to_owned(), form));
        }
        Ok(Mapping { pairs })
    }

    /// Whether nothing is mapped.
    pub(crate) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The cell that a column is mapped to.
    pub(crate) fn cell(&self, column: &str) -> Option<Cell> {
        self.given(column).map(|(cell, _)| cell)
    }

    /// The same with the form that is given for it.
    pub(crate) fn given(&self, column: &str) -> Option<(Cell, Option<Form>)> {
        let exact = self.pairs.iter().find(|(_, name, _)| name == column);
        let alike = || self.pairs.iter().find(|(_, name, _)| alias::normal(name) == alias::normal(column));
        exact.or_else(alike).map(|(cell, _, form)| (*cell, *form))
    }

    /// Whether a column is mapped that stands inside of this member, as `source.ip` does inside of `source`.
    pub(crate) fn reaches_into(&self, member: &str) -> bool {
        self.pairs.iter().any(|(_, name, _)| name.strip_prefix(member).is_some_and(|rest| rest.starts_with('.')))
    }

    /// The first mapped column that is not among `columns`, and what else to say of it.
    pub(crate) fn missing<'m>(&'m self, columns: &[String]) -> Option<(&'m str, &'static str)> {
        let is_there = |name: &str| columns.iter().any(|c| alias::normal(c) == alias::normal(name));
        let (cell, name, _) = self.pairs.iter().find(|(_, name, _)| !is_there(name))?;
        let has_units = matches!(cell, Cell::Start | Cell::Date | Cell::End | Cell::Received | Cell::Duration);
        let hint = "; units are s, ms, us, ns, cs and min, orders of dates dmy and mdy";
        Some((name, if has_units && name.contains(':') { hint } else { "" }))
    }
}

/// What a column fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) cell: Cell,
    pub(crate) form: Form,
    /// Less is better, where two columns fill one cell.
    pub(crate) rank: usize,
}

/// The columns of one table.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) columns: Vec<String>,
    uses: Vec<Option<(Cell, Form)>>,
    /// Numbers of the columns of which anything is kept.
    wanted: Vec<usize>,
    /// How each column is kept that is kept besides.
    kept: Vec<Option<Kept>>,
    /// Columns that are passed over for another one: its number, and whether nothing says which is the better.
    rivals: Vec<Option<(usize, bool)>>,
}

impl Plan {
    /// Decides for each column.
    ///
    /// # Errors
    /// Where a mapped column is missing, or no column gives an address, bytes or packets.
    pub(crate) fn new(columns: Vec<String>, dialect: &Dialect, mapping: &Mapping, keep: bool) -> Result<Plan, String> {
        if let Some((name, hint)) = mapping.missing(&columns) {
            return Err(format!("--map: there is no column {name:?}; there are {}{hint}", listed(&columns)));
        }
        let mut found: Vec<_> = columns.iter().map(|c| dialect.column(c, mapping)).collect();
        let is_own = dialect.is_anybodys && mapping.is_empty() && kept::is_own_table(&columns, &found);
        if is_own {
            // Whoever else has columns of these names means something of his own.
            let marks = [Cell::ByteLayer, Cell::Doubt];
            let mark = |name: &str| marks.into_iter().find(|cell| cell.name() == name.trim());
            for (name, used) in columns.iter().zip(&mut found) {
                *used = mark(name).map(|cell| Use { cell, form: Form::Plain, rank: 0 }).or(*used);
            }
        }
        let best = |wanted: Use| {
            let rivals = found.iter().enumerate().filter_map(|(i, u)| u.map(|u| (u.rank, i, u.cell)));
            rivals.filter(|(_, _, cell)| *cell == wanted.cell).min_by_key(|(rank, i, _)| (*rank, *i)).map(|(_, i, _)| i)
        };
        let uses: Vec<_> = found
            .iter()
            .enumerate()
            .map(|(i, u)| u.filter(|u| best(*u) == Some(i)).map(|u| (u.cell, u.form)))
            .collect();
        let rival = |u: &Option<Use>| {
            let used = (*u)?;
            let taken = best(used)?;
            found[taken].map(|t| (taken, t.rank == used.rank))
        };
        let rivals = found.iter().enumerate().map(|(i, u)| rival(u).filter(|(taken, _)| *taken != i)).collect();
        if !uses.iter().flatten().any(|(cell, _)| cell.makes_a_flow()) {
            return Err(format!(
                "no column is an address, bytes or packets; there are {}; --map src_ip=COLUMN,bytes=COLUMN says which",
                listed(&columns)
            ));
        }
        let kept = kept::columns(&columns, |i| uses[i].is_some(), is_own, keep);
        let wanted = (0..uses.len()).filter(|i| uses[*i].is_some() || kept[*i].is_some()).collect();
        Ok(Plan { columns, uses, wanted, kept, rivals })
    }

    /// What to say of columns that mean the same, where nothing tells which is the better.
    pub(crate) fn doubts(&self) -> impl Iterator<Item = String> {
        self.rivals.iter().enumerate().filter_map(|(i, rival)| {
            let (taken, _) = rival.filter(|(_, is_doubtful)| *is_doubtful)?;
            let (cell, _) = self.uses[taken]?;
            Some(doubt(cell, &self.columns[taken], &self.columns[i]))
        })
    }

    /// What to say of a table without an address some of whose columns have no meaning.
    pub(crate) fn strangers(&self) -> Option<String> {
        let has_address = self.uses.iter().flatten().any(|(cell, _)| matches!(cell, Cell::SrcIp | Cell::DstIp));
        let is_strange = |i: &usize| self.uses[*i].is_none() && self.rivals[*i].is_none();
        let strange: Vec<_> = (0..self.len()).filter(is_strange).map(|i| self.columns[i].clone()).collect();
        (!has_address && !strange.is_empty()).then(|| {
            let names = listed(&strange);
            format!("no column is an address; nothing is known of {names}; --map src_ip=COLUMN says what one is")
        })
    }

    /// Numbers of the columns of which anything is kept; the others need not be given to [`Plan::take`].
    #[inline]
    pub(crate) fn wanted(&self) -> &[usize] {
        &self.wanted
    }

    /// Number of columns.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.uses.len()
    }

    /// Takes the text of column number `column`, which stood at `at`.
    #[inline]
    pub(crate) fn take(&self, column: usize, text: &[u8], at: usize, row: &mut Row, extras: &mut Vec<u8>) {
        match self.uses.get(column) {
            Some(Some((cell, form))) => row.put(*cell, *form, text, at),
            _ => {
                if let Some(Some(kept)) = self.kept.get(column)
                    && let Err(why) = kept.take(text, extras)
                {
                    row.invalidate(why);
                }
            }
        }
    }

    /// Each column with what becomes of it, for `--explain`.
    pub(crate) fn explained(&self) -> Vec<(String, Option<String>)> {
        let fate = |i: usize| match self.uses[i] {
            Some((cell, form)) => Some(described(cell, form)),
            None => self.kept[i].as_ref().map(|kept| format!("{} (kept)", kept.name())),
        };
        let fate = |i: usize| match (fate(i), self.rivals[i]) {
            (None, Some((taken, _))) => Some(format!("(dropped, because {:?} is taken)", self.columns[taken])),
            (fate, _) => fate,
        };
        self.columns.iter().enumerate().map(|(i, name)| (name.clone(), fate(i))).collect()
    }
}

/// That two columns or members mean the same.
pub(crate) fn doubt(cell: Cell, taken: &str, other: &str) -> String {
    let [taken, other] = [taken, other].map(|name| snippet(name.as_bytes(), 40));
    if taken == other {
        return format!("{} is taken from the first \"{taken}\"; there are several", cell.name());
    }
    format!("{} is taken from the first \"{taken}\", not from \"{other}\"; --map says otherwise", cell.name())
}

/// What a cell and its form say, in words.
pub(crate) fn described(cell: Cell, form: Form) -> String {
    let more = match form {
        Form::Plain if cell == Cell::End => ", for the duration where none is given, and to check it",
        Form::Plain if cell == Cell::Received => ", to check the time",
        Form::Plain if cell == Cell::Date => ": the day of the timestamp, or all of it",
        Form::Plain if cell == Cell::Clock => ": the time of day of the timestamp, or all of it",
        Form::Plain => "",
        Form::Seconds => ", in seconds",
        Form::Millis => ", in milliseconds",
        Form::Micros => ", in microseconds",
        Form::Nanos => ", in nanoseconds",
        Form::Centis => ", in hundredths of a second",
        Form::Minutes => ", in minutes",
        Form::DayFirst => ", the day first",
        Form::MonthFirst => ", the month first",
        Form::UnpaddedMillis => ", milliseconds without leading zeros",
        Form::ZeroIsNone => ", 0 where there is none",
        Form::Payload => ", payload only",
        Form::Frames => ", whole frames",
        Form::TypeAndCode => ", or ICMP's type or code",
        Form::CodeAndType => ", or ICMP's type and code",
        Form::Hex => ", in hex",
        Form::History => " and rev_tcp_flags, from S, H, A, F and R in it",
        Form::Lenient => ", where it can be read",
    };
    format!("{}{more}", cell.name())
}

/// The names of columns for a message, the first twenty of them.
fn listed(columns: &[String]) -> String {
    let more = if columns.len() > 20 { format!(" and {} more", columns.len() - 20) } else { String::new() };
    let names: Vec<_> = columns.iter().take(20).map(|c| format!("\"{}\"", snippet(c.trim().as_bytes(), 40))).collect();
    format!("{}{more}", names.join(", "))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn plan(columns: &[&str], map: &[&str], keep: bool) -> Result<Plan, String> {
        let columns = columns.iter().map(|c| (*c).to_owned()).collect();
        Plan::new(columns, &crate::row::ANY, &Mapping::parse(map.iter().copied()).unwrap(), keep)
    }

    fn fates(plan: &Plan) -> Vec<Option<String>> {
        plan.explained().into_iter().map(|(_, fate)| fate).collect()
    }

    #[test]
    fn of_two_columns_for_one_cell_the_better_name_wins() {
        let plan = plan(&["orig_bytes", "orig_ip_bytes", "ts", "start_time"], &[], false).unwrap();
        let dropped = |taken: &str| Some(format!("(dropped, because {taken:?} is taken)"));
        assert_eq!(
            fates(&plan),
            [dropped("orig_ip_bytes"), Some("bytes".into()), dropped("start_time"), Some("timestamp".into())]
        );
        assert_eq!(plan.doubts().count(), 0);
        assert_eq!(plan.wanted(), [1, 3]);
    }

    #[test]
    fn what_the_user_maps_comes_before_what_names_say() {
        let plan = plan(&["src_ip", "Peer", "bytes"], &["src_ip=peer", "bytes=bytes"], true).unwrap();
        assert_eq!(fates(&plan), [Some("x_src_ip (kept)".into()), Some("src_ip".into()), Some("bytes".into())]);
    }

    #[test]
    fn a_table_without_a_usable_column_is_refused_by_its_names() {
        let error = plan(&["alpha", "beta", "timestamp"], &[], false).unwrap_err();
        assert!(error.contains("\"alpha\", \"beta\", \"timestamp\"") && error.contains("--map"), "{error}");
        let error = plan(&["src_ip"], &["bytes=octs"], false).unwrap_err();
        assert!(error.contains("no column \"octs\""), "{error}");
    }

    #[test]
    fn of_a_table_without_addresses_it_is_told_what_nobody_knows() {
        let told = |columns: &[&str]| plan(columns, &[], false).unwrap().strangers();
        let text = told(&["Quelle", "bytes", "octets", "Rest"]).unwrap();
        assert!(text.contains("nothing is known of \"Quelle\", \"Rest\"; --map src_ip=COLUMN"), "{text}");
        assert_eq!(told(&["src_ip", "Rest"]), None);
        assert_eq!(told(&["dst_port", "bytes"]), None);
    }

    #[test]
    fn a_mapping_names_fields_that_there_are() {
        let error = |part| Mapping::parse([part]).unwrap_err();
        assert!(error("src_ipp=a").contains("did you mean \"src_ip\"?"));
        assert!(error("src_ip").contains("FIELD=COLUMN"));
        assert!(Mapping::parse(["src_ip=a", "src_ip=b"]).unwrap_err().contains("twice"));
    }

    #[test]
    fn a_unit_stands_behind_the_column_of_a_time_or_a_duration() {
        let fate = |part: &str| fates(&plan(&["t:x", "bytes"], &[part], false).unwrap())[0].clone().unwrap();
        assert_eq!(fate("timestamp=t:x:cs"), "timestamp, in hundredths of a second");
        assert_eq!(fate("duration=t:x:min"), "duration, in minutes");
        assert_eq!(fate("end=t:x:dmy"), "duration, the day first".replace("duration", "end"));
        assert_eq!(fate("timestamp=t:x"), "timestamp");
        assert_eq!(fate("src_ip=t:x"), "src_ip");
        let error = |part| Mapping::parse([part]).unwrap_err();
        assert_eq!(error("bytes=b:ms"), "--map bytes=b:ms: bytes has no unit; times and durations alone have");
        assert_eq!(error("duration=d:dmy"), "--map duration=d:dmy: duration is no date; dmy and mdy are of times");
        assert!(Mapping::parse(["end=a:ms", "timestamp=a:s"]).unwrap_err().contains("mapped already, to end"));
        let error = plan(&["t", "bytes"], &["timestamp=t:sec"], false).unwrap_err();
        assert!(
            error.contains("no column \"t:sec\"")
                && error.ends_with("units are s, ms, us, ns, cs and min, orders of dates dmy and mdy")
        );
    }
}
