//! `describe`: the distribution of fields over flows, one row a field, as pandas' `describe()`.

use super::params;
use super::reading::Reading;
use super::rows::Rows;
use super::{ToRows, View, ViewState};
use flow_record::baseline::{FIELDS, Field, Frame, Section};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::record::field::{self, FieldId};
use flow_record::record::{Flow, Kind};
use flow_record::row::columns::{self, column};
use flow_record::scan::Line;
use flow_record::state::{LACKS, Setup, State, Taken, Takes};
use flow_record::stats::{FloatMoments, FlowQuantiles, Moments, Precision};

pub(crate) static VIEW: View = View {
    spec: Spec {
        name: "describe",
        about: "distribution of fields over flows: mean, deviation, quantiles",
        explain: "One row for each field of the list of that a flow has, in the order of the list: the number of flows that
have it, sum, mean, sample deviation (divisor n - 1, 0 below two), smallest, quartiles (type 7) and largest. A flow that
lacks a field is no value of it. Durations are in seconds.

Fields of the record that are integers, and duration, are summed exactly; their quantiles are exact up to 65 536 distinct
values. Of other members the numbers are taken, and all are kept.

flowdetect's sigma and fence take these rows as what is normal.

A baseline has bytes, packets, rev_bytes, rev_packets and duration; other fields are not to be had from it.",
        params: &[
            Param::new("of", ParamKind::Fields, "bytes+packets+rev_bytes+rev_packets+duration", "", "the fields"),
            params::QUANTILES,
        ],
        needs: &["bytes", "packets", "rev_bytes", "rev_packets", "duration"],
        columns: &[
            column("field", Kind::Text, "", "the field"),
            column("count", columns::SUM, "flows", "flows that have the field"),
            column("sum", Kind::Number, "", "sum of the values"),
            column("mean", Kind::Number, "", "mean of the values"),
            column("std", Kind::Number, "", "sample deviation of the values"),
            column("min", Kind::Number, "", "smallest value"),
            column("p25", Kind::Number, "", "lower quartile"),
            column("p50", Kind::Number, "", "median"),
            column("p75", Kind::Number, "", "upper quartile"),
            column("max", Kind::Number, "", "largest value"),
            columns::APPROX,
        ],
        memory: "a field of the record: up to 65 536 distinct values (2 MiB), then a histogram (450 KiB); another member: 8 \
                 bytes a flow",
        source: "pandas DataFrame.describe; quantiles: Hyndman and Fan (1996), type 7",
    },
    build,
    flows_only: "",
};

/// Columns of quantiles.
const QUARTILES: [(&str, f64); 3] = [("p25", 0.25), ("p50", 0.5), ("p75", 0.75)];

fn build(args: &Args, setup: &mut Setup) -> anyhow::Result<ViewState> {
    let precision = params::precision(args);
    let mut fields: Vec<Described> = Vec::new();
    for name in args.list("of") {
        let values = match FieldId::named(&name).map(|id| (id, id.field().kind)) {
            Some((id, Kind::Integer(_) | Kind::Seconds)) => Values::exact(id, precision),
            Some(_) => anyhow::bail!("of={name}: a field whose values are numbers is expected"),
            None => Values::Floats(setup.watch([name.as_str()]), FloatMoments::new()),
        };
        fields.push(Described { name, values });
    }
    Ok(Box::new(Describe { fields, precision, reading: Reading::new(setup) }))
}

#[derive(Clone)]
struct Describe {
    fields: Vec<Described>,
    precision: Precision,
    reading: Reading,
}

#[derive(Clone)]
struct Described {
    name: String,
    values: Values,
}

#[derive(Clone)]
enum Values {
    /// Integers, or durations in nanoseconds.
    Exact(FieldId, Box<(Moments, FlowQuantiles)>),
    /// The watched member with this number.
    Floats(usize, FloatMoments),
}

/// The value of a field: nanoseconds of a duration.
#[inline]
fn value(flow: &Flow, id: FieldId) -> Option<u64> {
    if id == field::DURATION { flow.duration() } else { flow.integer(id) }
}

impl Values {
    fn exact(id: FieldId, precision: Precision) -> Values {
        Values::Exact(id, Box::new((Moments::new(), FlowQuantiles::new(precision))))
    }

    fn empty(&self, precision: Precision) -> Values {
        match self {
            Values::Exact(id, _) => Values::exact(*id, precision),
            Values::Floats(watch, _) => Values::Floats(*watch, FloatMoments::new()),
        }
    }

    fn n(&self) -> u64 {
        match self {
            Values::Exact(_, known) => known.0.n(),
            Values::Floats(_, values) => values.n(),
        }
    }

    /// Adds the flow's value, and says whether it has one.
    #[inline]
    fn add(&mut self, line: &Line<'_>) -> bool {
        match self {
            Values::Exact(id, known) => {
                let Some(value) = value(line.flow, *id) else { return false };
                known.0.add(value);
                known.1.add(value);
                true
            }
            Values::Floats(watch, values) => {
                let token = line.value(*watch).filter(|t| t.starts_with(|c: char| c == '-' || c.is_ascii_digit()));
                token.and_then(|t| t.parse().ok()).is_some_and(|v| values.add(v))
            }
        }
    }
}

impl Describe {
    /// Takes a line of a baseline.
    fn absorb(&mut self, frame: Frame<'_>) {
        let floats = |f: &&Described| matches!(f.values, Values::Floats(..));
        if let Some(field) = self.fields.iter().find(floats) {
            let has = FIELDS[..5].join(", ");
            self.reading.fail(format!("of={}: a baseline has the distributions of {has} alone", field.name));
        } else if self.precision == Precision::Exact {
            self.reading.fail("quantiles=exact: a baseline has exact quantiles up to a limit alone".to_owned());
        } else if frame.section == Field::NAME {
            let name = self.reading.key(frame, |key| serde_json::from_str::<String>(key).ok());
            let field = self.fields.iter_mut().find(|f| Some(&f.name) == name.as_ref());
            if let (Some(field), Some(state)) = (field, self.reading.state::<Field>(frame))
                && let Values::Exact(_, known) = &mut field.values
            {
                known.0.merge(&state.moments);
                known.1.merge(&state.quantiles);
            }
        }
    }
}

impl State for Describe {
    type Goal = ToRows;

    fn flow(&mut self, line: &Line<'_>) -> Taken {
        let mut any = false;
        for field in &mut self.fields {
            any |= field.values.add(line);
        }
        if any { Ok(()) } else { Err(LACKS) }
    }

    fn lacks(&self) -> String {
        self.fields.iter().map(|f| f.name.as_str()).collect::<Vec<_>>().join(" or ")
    }

    fn takes(&self) -> Takes {
        Takes { baselines: true, ..Takes::FLOWS }
    }

    fn line(&mut self, line: &Line<'_>) -> Taken {
        if let Some(frame) = self.reading.frame(line) {
            self.absorb(frame);
        }
        Ok(())
    }

    fn fault(&self) -> Option<String> {
        self.reading.fault()
    }

    fn is_empty(&self) -> bool {
        self.fields.iter().all(|f| f.values.n() == 0)
    }

    fn empty(&self) -> Self {
        let fresh = |f: &Described| Described { name: f.name.clone(), values: f.values.empty(self.precision) };
        let fields = self.fields.iter().map(fresh).collect();
        Describe { fields, precision: self.precision, reading: self.reading.empty() }
    }

    fn merge(&mut self, other: Describe) {
        self.reading.merge(other.reading);
        for (a, b) in self.fields.iter_mut().zip(other.fields) {
            match (&mut a.values, b.values) {
                (Values::Exact(_, a), Values::Exact(_, b)) => {
                    a.0.merge(&b.0);
                    a.1.merge(&b.1);
                }
                (Values::Floats(_, a), Values::Floats(_, b)) => a.merge(&b),
                _ => debug_assert!(false, "fields of two items"),
            }
        }
    }

    fn bytes(&self) -> u64 {
        let of = |field: &Described| match &field.values {
            Values::Exact(..) => 0,
            Values::Floats(_, values) => values.heap_bytes() as u64,
        };
        self.fields.iter().map(of).sum()
    }

    fn finish(self, rows: &mut Rows<'_>) {
        let quartiles = self.precision != Precision::No;
        for Described { name, values } in self.fields {
            match values {
                Values::Exact(id, known) if known.0.n() > 0 => put_exact(rows, &name, id, &known, quartiles),
                Values::Floats(_, values) if values.n() > 0 => put_floats(rows, &name, values, quartiles),
                _ => {}
            }
        }
    }
}

fn put_exact(rows: &mut Rows<'_>, name: &str, id: FieldId, known: &(Moments, FlowQuantiles), quartiles: bool) {
    let (moments, quantiles) = known;
    let is_time = id == field::DURATION;
    let unit = if is_time { 1e9 } else { 1.0 };
    let mut row = rows.row();
    let whole = |row: &mut super::rows::Row<'_, '_>, name, value: u128| match is_time {
        true => row.seconds(name, value),
        false => row.integer(name, value),
    };
    row.text("field", name);
    row.integer("count", moments.n());
    whole(&mut row, "sum", moments.sum());
    row.float("mean", moments.mean() / unit);
    row.float("std", moments.deviation_sample() / unit);
    whole(&mut row, "min", moments.min().unwrap_or(0).into());
    if quartiles {
        let distribution = quantiles.distribution();
        for (name, q) in QUARTILES {
            row.quantile(name, distribution.quantile(q), unit);
        }
    }
    whole(&mut row, "max", moments.max().unwrap_or(0).into());
    row.end();
}

fn put_floats(rows: &mut Rows<'_>, name: &str, values: FloatMoments, quartiles: bool) {
    let known = values.finish();
    let sorted = known.sorted();
    let mut row = rows.row();
    row.text("field", name);
    row.integer("count", known.n());
    row.float("sum", known.mean() * known.n() as f64);
    row.float("mean", known.mean());
    row.float("std", known.deviation_sample());
    row.float("min", sorted.first().copied().unwrap_or(f64::NAN));
    if quartiles {
        for (name, q) in QUARTILES {
            row.float(name, known.quantile(q));
        }
    }
    row.float("max", sorted.last().copied().unwrap_or(f64::NAN));
    row.end();
}

#[cfg(test)]
mod tests {
    use crate::view::testing::{column, refusal, rows, shown};

    const FLOWS: [&str; 4] = [
        r#"{"bytes":10,"duration":0.5,"ratio":-1.5}"#,
        r#"{"bytes":20,"duration":1.5,"ratio":"none"}"#,
        r#"{"bytes":40,"ratio":2e0}"#,
        r#"{"packets":3}"#,
    ];

    #[test]
    fn each_field_that_occurs_has_a_row_in_the_order_asked() {
        let rows = rows("describe:of=duration+rev_bytes+bytes", &FLOWS);
        assert_eq!((column(&rows, "field"), column(&rows, "count")), ("\"duration\" \"bytes\"".into(), "2 3".into()));
        assert_eq!((column(&rows, "sum"), column(&rows, "mean")), ("2 70".into(), format!("1 {}", shown(70.0 / 3.0))));
        assert_eq!(column(&rows, "std"), format!("{} {}", shown(0.5f64.sqrt()), shown((700f64 / 3.0).sqrt())));
        assert_eq!((column(&rows, "min"), column(&rows, "max")), ("0.5 10".into(), "1.5 40".into()));
        assert_eq!(
            (column(&rows, "p25"), column(&rows, "p50"), column(&rows, "p75")),
            ("0.75 15".into(), "1 20".into(), "1.25 30".into())
        );
    }

    #[test]
    fn numbers_of_any_member_are_described() {
        let rows = rows("describe:of=ratio", &FLOWS);
        assert_eq!(
            (column(&rows, "count"), column(&rows, "sum"), column(&rows, "mean")),
            ("2".into(), "0.5".into(), "0.25".into())
        );
        assert_eq!(
            (column(&rows, "min"), column(&rows, "p25"), column(&rows, "max")),
            ("-1.5".into(), "-0.625".into(), "2".into())
        );
    }

    #[test]
    fn a_field_that_is_no_number_is_refused() {
        assert!(refusal("describe:of=bytes+src_ip").contains("of=src_ip"));
        assert!(refusal("describe:of=bytes+bytes").contains("twice"));
    }

    #[test]
    fn quartiles_can_be_left_out() {
        let rows = rows("describe:quantiles=no", &FLOWS);
        assert_eq!(
            (column(&rows, "field"), column(&rows, "p50")),
            ("\"bytes\" \"packets\" \"duration\"".into(), "- - -".into())
        );
    }
}
