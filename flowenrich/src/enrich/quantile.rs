//! `quantile`: into which of equally filled bins a number falls, as pandas' `qcut`.
//!
//! Two passes: all values are kept and sorted, then each flow gets the number of its bin. Bound: eight bytes a value beside
//! the lines that wait.

use super::{Ahead, Enrich, Enricher, OVERWRITE, Outcome};
use crate::numbers::{Numbers, quantile};
use crate::record::{Record, key_text};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::value::number;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "quantile",
        about: "into which of equally filled bins numbers fall, as pandas' qcut",
        explain: "\
FIELD_bin is the number of the bin, 0 for the lowest: how many of the quantiles 1/bins, 2/bins ... lie below the value.
Quantiles are linear between two values (numpy's default), over all flows that have the field. Of equal ones one counts,
and one that equals the least value does not.

The whole input is kept until its end, in memory up to --memory, beyond it in --spill; the values stay in memory.",
        params: &[
            Param::new("field", ParamKind::Fields, "bytes", "", "what is binned"),
            Param::new("bins", ParamKind::Integer(2, 1000), "10", "", "how many bins"),
            OVERWRITE,
        ],
        needs: &[],
        columns: &[],
        memory: "all lines; beyond --memory in --spill; eight bytes a value",
        source: "pandas.qcut with labels=False, duplicates=\"drop\"",
    },
    build,
};

fn build(args: &Args) -> anyhow::Result<Box<dyn Enrich>> {
    let fields = args.list("field");
    let columns: Vec<String> = fields.iter().map(|name| format!("{name}_bin")).collect();
    Ok(Box::new(Quantile {
        keys: columns.iter().map(|name| key_text(name)).collect(),
        values: vec![Vec::new(); fields.len()],
        numbers: Numbers::new(&fields),
        columns,
        bins: args.integer("bins") as usize,
        learnt: 0,
        is_finished: false,
        cuts: Vec::new(),
    }))
}

#[derive(Clone)]
struct Quantile {
    keys: Vec<Vec<u8>>,
    columns: Vec<String>,
    numbers: Numbers,
    bins: usize,
    values: Vec<Vec<f64>>,
    learnt: u64,
    is_finished: bool,
    /// Where bins begin, ascending, of each field.
    cuts: Vec<Vec<f64>>,
}

impl Ahead for Quantile {
    fn learn(&mut self, record: &Record<'_, '_>) {
        self.learnt += 1;
        if record.is_flow() {
            for (place, values) in self.values.iter_mut().enumerate() {
                values.extend(self.numbers.of(place, record));
            }
        }
    }

    fn settled(&mut self) -> u64 {
        if self.is_finished { self.learnt } else { 0 }
    }

    fn finish(&mut self) -> Result<(), String> {
        for mut values in std::mem::take(&mut self.values) {
            values.sort_unstable_by(f64::total_cmp);
            let share = |cut: usize| quantile(&values, cut as f64 / self.bins as f64);
            let mut cuts: Vec<f64> = (1..self.bins).filter_map(share).collect();
            cuts.dedup();
            cuts.retain(|cut| values.first().is_some_and(|least| cut > least));
            self.cuts.push(cuts);
        }
        self.is_finished = true;
        Ok(())
    }

    fn memory(&self) -> u64 {
        self.values.iter().map(|values| values.len() as u64 * 8).sum()
    }
}

impl Enrich for Quantile {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        if !record.is_flow() {
            return Outcome::Done;
        }
        let mut any = false;
        for (place, cuts) in self.cuts.iter().enumerate() {
            if let Some(value) = self.numbers.of(place, record) {
                any = true;
                let bin = cuts.partition_point(|cut| *cut < value);
                record.write(place, &self.keys[place], |out| number::write_integer(bin as u64, out));
            }
        }
        Outcome::of(any)
    }

    fn columns(&self) -> Option<Vec<String>> {
        Some(self.columns.clone())
    }

    fn reads(&self) -> Vec<String> {
        self.numbers.names().to_vec()
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(self.clone())
    }

    fn ahead(&mut self) -> Option<&mut dyn Ahead> {
        Some(self)
    }
}
