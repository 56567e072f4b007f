//! A table by columns in one JSON object, as pandas writes it: `{"src_ip":{"0":"10.0.0.1",...},...}` with an index, or
//! `{"src_ip":["10.0.0.1",...],...}` without.
//!
//! The columns are read side by side, so nothing is kept but the text. Bound: [`MOST_TEXT`] bytes of text.

use crate::flows::Flows;
use crate::row::{ANY, Cell, Maker, Mapping, NOWHERE, Plan};
use crate::source::{Fate, Settings};
use flow_record::scan::walk::{Walk, unquoted};
use flow_record::scan::{Clean, Reject};

/// The longest text of a table.
pub(super) const MOST_TEXT: usize = 256 << 20;

/// Whether an object is a table by columns: it has members, and all are objects, or all are arrays.
pub(super) fn is_table(text: Clean<'_>) -> bool {
    let mut walk = Walk::new(text);
    let mut opening = None;
    while let Ok(Some(member)) = walk.member() {
        let first = member.value.as_bytes()[0];
        if is_group(&unquoted(member.key), member.value) {
            return false;
        }
        if !matches!(first, b'{' | b'[') || opening.is_some_and(|o| o != first) {
            return false;
        }
        opening = Some(first);
    }
    opening.is_some()
}

/// Whether a member is one that is looked into, as `source` with its `ip`: then it is no column of that name.
fn is_group(name: &str, value: &str) -> bool {
    let mut inner = Walk::nested(value);
    let mut has_known = || {
        while let Ok(Some(member)) = inner.member() {
            if ANY.column(&format!("{name}.{}", unquoted(member.key)), &Mapping::default()).is_some() {
                return true;
            }
        }
        false
    };
    value.starts_with('{') && ANY.nested.contains(&name) && has_known()
}

/// The member of an object that holds what is to be read, as `_source` does of Elasticsearch's hits and `result` of
/// Splunk's: an object with at least two names that mean something, while the object around it has no flow in it.
pub(in crate::source) fn envelope(text: Clean<'_>) -> Option<String> {
    let known = |name: &str| ANY.column(name, &Mapping::default()).map(|used| used.cell);
    let (mut walk, mut found) = (Walk::new(text), None);
    while let Ok(Some(member)) = walk.member() {
        let name = unquoted(member.key);
        let is_inside = member.value.starts_with('{');
        if !is_inside && known(&name).is_some_and(Cell::makes_a_flow) || is_group(&name, member.value) {
            return None;
        }
        let (mut inner, mut cells, mut has_flow) = (Walk::nested(member.value), 0, false);
        while is_inside && let Ok(Some(m)) = inner.member() {
            let cell = known(&unquoted(m.key));
            cells += usize::from(cell.is_some());
            has_flow |= cell.is_some_and(Cell::makes_a_flow);
        }
        if cells > 1 && has_flow {
            found.get_or_insert(name.into_owned());
        }
    }
    found
}

/// One column on its way down.
#[derive(Clone)]
struct Column<'t> {
    walk: Walk<'t>,
    is_object: bool,
}

impl<'t> Column<'t> {
    /// Whether this is an array of objects, and so no column.
    fn holds_objects(&self) -> bool {
        !self.is_object && matches!(self.clone().next(), Ok(Some((_, value))) if value.starts_with('{'))
    }

    /// The index and value of the next row.
    fn next(&mut self) -> Result<Option<(&'t str, &'t str)>, Reject> {
        if self.is_object {
            Ok(self.walk.member()?.map(|m| (m.key, m.value)))
        } else {
            Ok(self.walk.element()?.map(|value| ("", value)))
        }
    }
}

/// Reads a table; answers what became of its columns.
///
/// # Errors
/// Where there is no usable column, or the columns do not have the same rows.
pub(super) fn read(text: Clean<'_>, settings: &Settings, flows: &mut Flows<'_>) -> Result<Vec<Fate>, String> {
    let mut names = Vec::new();
    let mut columns = Vec::new();
    let mut walk = Walk::new(text);
    while let Some(member) = walk.member().map_err(|e| e.message(text.text().as_bytes()))? {
        names.push(unquoted(member.key).into_owned());
        columns.push(Column { walk: Walk::nested(member.value), is_object: member.value.starts_with('{') });
    }
    let mut sorted = names.clone();
    sorted.sort_unstable();
    if let Some(twice) = sorted.windows(2).find(|w| w[0] == w[1]) {
        return Err(format!("the column {:?} is there twice", twice[0]));
    }
    let inside = columns.iter().zip(&names).find(|(c, _)| c.holds_objects()).map(|(_, name)| name.clone());
    let plan = settings.plan(names, &ANY);
    let plan = plan.map_err(|e| match inside {
        Some(name) => format!("the records are inside of {name:?}; jq -c '.[{name:?}][]' FILE | flowcat reads them"),
        None => e,
    })?;
    plan.doubts().for_each(|doubt| flows.warn("columns that mean the same", &doubt));
    let mut maker = settings.maker(&ANY);
    let mut number = 0;
    while !flows.is_over() {
        maker.begin();
        let mut index = None;
        let mut filled = 0;
        for (i, column) in columns.iter_mut().enumerate() {
            let next = column.next().map_err(|e| format!("row {}: {}", number + 1, e.message(b"")))?;
            let Some((key, value)) = next else { continue };
            if index.is_some_and(|known| known != key) {
                return Err(format!("row {}: the column {:?} has another index", number + 1, plan.columns[i]));
            }
            index = Some(key);
            filled += 1;
            take(&plan, i, value, &mut maker);
        }
        if filled == 0 {
            break;
        }
        number += 1;
        if filled < plan.len() {
            return Err(format!("row {number}: some columns are shorter than others"));
        }
        maker.finish(number, index.unwrap_or_default().as_bytes(), flows);
    }
    Ok(plan.explained())
}

/// Takes one value of a column.
fn take(plan: &Plan, column: usize, value: &str, maker: &mut Maker) {
    match value.as_bytes()[0] {
        b'"' => maker.take(plan, column, unquoted(value).as_bytes(), NOWHERE),
        b'n' => {}
        _ => maker.take(plan, column, value.as_bytes(), NOWHERE),
    }
}
