//! `scale`: numbers less their mean, by their deviation, as scikit-learn's StandardScaler does.
//!
//! Two passes: means and deviations are learnt from all flows while these wait, then each is scaled; with a baseline, which
//! knows them, one. Bound: the lines that wait (`--memory`, `--spill`), and six numbers a field.

use super::{Ahead, Enrich, Enricher, OVERWRITE, Outcome};
use crate::numbers::{Numbers, Spread, learnt};
use crate::record::{Record, key_text};
use anyhow::{Context, bail};
use flow_record::baseline::Baseline;
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::record::FieldId;
use flow_record::value::number;
use std::path::Path;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "scale",
        about: "numbers less their mean, by their deviation, as StandardScaler does",
        explain: "\
(x - mean) / deviation of each field, over all flows that have it; the deviation is that of the population, and where it
is 0 the result is 0. In place of the value, or with suffix=_z beside it. Counts of the record (bytes, packets ...) must
stay counts, so they take a suffix.

bidirectional_packets, bidirectional_bytes and bidirectional_duration_ms are, where a flow has not these members, packets
+ rev_packets, bytes + rev_bytes and duration in milliseconds. The default fields are those of flowcat --stats that
notebooks scale, and the four counts of fan.

What comes behind it in the same run reads the scaled values: scale features builds ratios of them, features scale does
not. The whole input is kept until its end, in memory up to --memory, beyond it in --spill; with baseline=FILE, which
flowstat baseline made of earlier flows, means and deviations are those of the baseline, and lines leave at once.",
        params: &[
            Param::new("field", ParamKind::Fields, FIELDS, "", "what is scaled"),
            Param::new("suffix", ParamKind::Text, "", "", "what the name of the result ends with; none: in place"),
            Param::new("baseline", ParamKind::File, "", "", "what earlier flows were like"),
            OVERWRITE,
        ],
        needs: &[],
        columns: &[],
        memory: "all lines; beyond --memory in --spill",
        source: "scikit-learn, StandardScaler",
    },
    build,
};

/// The fields that notebooks scale.
const FIELDS: &str = "bidirectional_bytes+bidirectional_packets+bidirectional_duration_ms+bidirectional_mean_ps\
+bidirectional_stddev_ps+bidirectional_mean_piat_ms+bidirectional_stddev_piat_ms+src2dst_mean_ps+src2dst_stddev_ps\
+src2dst_mean_piat_ms+src2dst_stddev_piat_ms+dst2src_mean_ps+dst2src_stddev_ps+dst2src_mean_piat_ms\
+dst2src_stddev_piat_ms+fan_out_src+fan_in_src+fan_in_dst+fan_out_dst";

fn build(args: &Args) -> anyhow::Result<Box<dyn Enrich>> {
    let fields = args.list("field");
    let suffix = args.text("suffix").unwrap_or_default();
    if let Some(name) = fields.iter().find(|name| suffix.is_empty() && FieldId::named(name).is_some()) {
        bail!(
            "scale: {name} is a field of the record and cannot be scaled in place; suffix=_z puts {name}_z beside it"
        );
    }
    let columns: Vec<String> = fields.iter().map(|name| format!("{name}{suffix}")).collect();
    let scales = match args.file("baseline") {
        Some(path) => from_baseline(&path, &fields).with_context(|| format!("scale: {}", path.display()))?,
        None => Vec::new(),
    };
    Ok(Box::new(Scale {
        keys: columns.iter().map(|name| key_text(name)).collect(),
        spreads: vec![Spread::default(); fields.len()],
        numbers: Numbers::new(&fields),
        columns,
        in_place: suffix.is_empty(),
        learnt: 0,
        is_finished: !scales.is_empty(),
        is_known: !scales.is_empty(),
        scales,
    }))
}

/// Mean and deviation of each field, as a baseline has them.
fn from_baseline(path: &Path, fields: &[String]) -> anyhow::Result<Vec<(f64, f64)>> {
    let baseline = Baseline::open(path)?;
    let of = |name: &String| {
        let (field, unit) = learnt(&baseline, name).with_context(|| format!("the baseline knows nothing of {name}"))?;
        Ok((field.moments.mean() / unit, field.moments.deviation_population() / unit))
    };
    fields.iter().map(of).collect()
}

#[derive(Clone)]
struct Scale {
    keys: Vec<Vec<u8>>,
    columns: Vec<String>,
    numbers: Numbers,
    in_place: bool,
    spreads: Vec<Spread>,
    learnt: u64,
    is_finished: bool,
    /// A baseline has said all.
    is_known: bool,
    /// Mean and deviation of each field.
    scales: Vec<(f64, f64)>,
}

impl Ahead for Scale {
    fn learn(&mut self, record: &Record<'_, '_>) {
        self.learnt += 1;
        if record.is_flow() {
            for (place, spread) in self.spreads.iter_mut().enumerate() {
                if let Some(value) = self.numbers.of(place, record) {
                    spread.add(value);
                }
            }
        }
    }

    fn settled(&mut self) -> u64 {
        if self.is_finished { self.learnt } else { 0 }
    }

    fn finish(&mut self) -> Result<(), String> {
        self.scales = self.spreads.iter().map(|spread| (spread.mean(), spread.deviation())).collect();
        self.is_finished = true;
        Ok(())
    }
}

impl Enrich for Scale {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        if !record.is_flow() {
            return Outcome::Done;
        }
        let mut any = false;
        for (place, (mean, deviation)) in self.scales.iter().enumerate() {
            let Some(value) = self.numbers.of(place, record) else { continue };
            any = true;
            let scaled = if *deviation > 0.0 { (value - mean) / deviation } else { 0.0 };
            if !scaled.is_finite() {
                continue;
            }
            let write = |out: &mut Vec<u8>| number::write_float(scaled, out);
            match self.in_place {
                true => record.set(place, &self.keys[place], write),
                false => record.write(place, &self.keys[place], write),
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
        if self.is_known { None } else { Some(self) }
    }
}
