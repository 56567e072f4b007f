//! `features`: ratios and flags: connections, timing, protocols, packets, behaviour, as notebooks on DDoS build them.
//!
//! The formulas are in `formula`, over the numbers of one flow and the quantiles of all. Two passes where a flag compares
//! with a quantile, else one; with a baseline, which knows them, always one. Bound: eight bytes a value of six fields beside
//! the lines that wait.

mod formula;

use super::{Ahead, Enrich, Enricher, OVERWRITE, Outcome};
use crate::numbers::{Numbers, learnt, quantile};
use crate::record::{Record, keys};
use anyhow::{Context, bail};
use flow_record::baseline::Baseline;
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::record::Field;
use flow_record::value::number;
use formula::{Bound, COUNT, Flow, GROUPS, QUANTILES, READ, Value};
use std::path::Path;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "features",
        about: "ratios and flags of connections, timing, packets and behaviour",
        explain: "\
eps is 0.000001; a feature whose fields a flow lacks is absent; flags are 1 and 0. bidirectional_packets, _bytes and
_duration_ms are, where absent, packets + rev_packets, bytes + rev_bytes and duration in milliseconds; fan_* are those of
fan, *_ps and *_piat_ms those of flowcat --stats.

connection: fan_ratio_src = fan_out_src / (fan_in_src + eps), fan_ratio_dst likewise; fan_total_src, fan_total_dst = in +
out; connection_asymmetry = |fan_total_src - fan_total_dst|; connection_intensity = their product; ip_class_mismatch =
class A on one side and C on the other; potential_broadcast_attack = destination of class D and packets > q95.
timing: piat_ratio_src2dst = src2dst_mean_piat_ms / (dst2src_mean_piat_ms + eps); piat_ratio_stddev =
bidirectional_stddev_piat_ms / (bidirectional_mean_piat_ms + eps); timing_regularity = 1 - piat_ratio_stddev;
burst_factor = bidirectional_packets / (bidirectional_duration_ms + eps).
protocol: suspicious_port_protocol = UDP to a port below 1024 and packets < q10; protocol_anomaly = neither TCP nor UDP.
packet: ps_ratio_src2dst = src2dst_mean_ps / (dst2src_mean_ps + eps); ps_variation_ratio = bidirectional_stddev_ps /
(bidirectional_mean_ps + eps); flow_efficiency = bidirectional_bytes / (bidirectional_packets + eps); flow_regularity = 1 -
ps_variation_ratio.
behaviour: potential_scan = fan_out_dst > q95, packets < q05 and duration < q05; potential_ddos = fan_in_dst > q95, packets
> q95 and bidirectional_mean_piat_ms < q05; potential_exfiltration = bytes > q95 and dst2src_mean_ps < 0.1 *
src2dst_mean_ps.

q05, q10 and q95 are quantiles of that field over all flows (linear, numpy's default), counts of both directions. For them
the whole input is kept until its end, in memory up to --memory, beyond it in --spill; timing and packet need none. With
baseline=FILE, which flowstat baseline made of earlier flows, they are the baseline's, and lines leave at once; a quantile
that it knows approximately is passed only by what is beyond it without doubt. Flags that need a field of which it knows
nothing are absent, and that is told.",
        params: &[
            Param::new("groups", ParamKind::Fields, "connection+timing+protocol+packet+behaviour", "", "which of them"),
            Param::new("baseline", ParamKind::File, "", "", "what earlier flows were like"),
            OVERWRITE,
        ],
        needs: &["src_ip", "dst_ip", "dst_port", "protocol"],
        columns: &[
            Field::named("fan_ratio_src"),
            Field::named("fan_ratio_dst"),
            Field::named("fan_total_src"),
            Field::named("fan_total_dst"),
            Field::named("connection_asymmetry"),
            Field::named("connection_intensity"),
            Field::named("ip_class_mismatch"),
            Field::named("potential_broadcast_attack"),
            Field::named("piat_ratio_src2dst"),
            Field::named("piat_ratio_stddev"),
            Field::named("timing_regularity"),
            Field::named("burst_factor"),
            Field::named("suspicious_port_protocol"),
            Field::named("protocol_anomaly"),
            Field::named("ps_ratio_src2dst"),
            Field::named("ps_variation_ratio"),
            Field::named("flow_efficiency"),
            Field::named("flow_regularity"),
            Field::named("potential_scan"),
            Field::named("potential_ddos"),
            Field::named("potential_exfiltration"),
        ],
        memory: "all lines; beyond --memory in --spill; eight bytes a value of six fields",
        source: "notebooks on DDoS traffic; quantiles of type 7, R. J. Hyndman, Y. Fan, 1996",
    },
    build,
};

fn build(args: &Args) -> anyhow::Result<Box<dyn Enrich>> {
    let groups = args.list("groups");
    let names = || GROUPS.map(|(name, _)| name).join(", ");
    if let Some(bad) = groups.iter().find(|g| !GROUPS.iter().any(|(name, _)| name == g)) {
        bail!("features: groups: {bad:?} is none of {}", names());
    }
    let mut wanted = [false; COUNT];
    for (_, columns) in GROUPS.iter().filter(|(name, _)| groups.iter().any(|g| g == name)) {
        wanted[columns.clone()].fill(true);
    }
    let mut features = Features {
        keys: keys(&ENRICHER.spec),
        numbers: Numbers::new(&READ),
        wanted,
        values: vec![Vec::new(); QUANTILES.len()],
        bounds: [None; QUANTILES.len()],
        looks_ahead: groups.iter().any(|g| g != "timing" && g != "packet"),
        learnt: 0,
        is_finished: false,
        warning: None,
    };
    if let Some(path) = args.file("baseline") {
        features.take(&Baseline::open(&path).with_context(|| "features")?, &path);
    }
    Ok(Box::new(features))
}

#[derive(Clone)]
struct Features {
    keys: Vec<Vec<u8>>,
    numbers: Numbers,
    wanted: [bool; COUNT],
    /// Of each quantile's field; one field has them once.
    values: Vec<Vec<f64>>,
    bounds: [Option<f64>; QUANTILES.len()],
    looks_ahead: bool,
    learnt: u64,
    is_finished: bool,
    warning: Option<String>,
}

impl Features {
    /// Takes all quantiles from a baseline, so that no line has to wait.
    fn take(&mut self, baseline: &Baseline, path: &Path) {
        let mut unknown: Vec<&str> = Vec::new();
        for (bound, (field, share)) in QUANTILES.iter().enumerate() {
            let name = READ[*field];
            let Some((known, unit)) = learnt(baseline, name) else {
                unknown.extend((!unknown.contains(&name)).then_some(name));
                continue;
            };
            // Values that are no integers were rounded to a part of 1: what is beyond has to be so by more than that.
            let doubt = if known.unit == 1 { 0.0 } else { 0.5 };
            let range = known.quantiles.distribution().bucket(*share);
            self.bounds[bound] =
                range.map(|(low, high)| if *share > 0.5 { (high + doubt) / unit } else { (low - doubt) / unit });
        }
        self.looks_ahead = false;
        if !unknown.is_empty() {
            let names = unknown.join(", ");
            self.warning = Some(format!("features: {}: the baseline knows nothing of {names}", path.display()));
        }
    }

    /// The quantile whose values stand for those of this one: the first of the same field.
    fn first_of(bound: usize) -> usize {
        QUANTILES.iter().position(|(field, _)| *field == QUANTILES[bound].0).unwrap_or(bound)
    }
}

impl Ahead for Features {
    fn learn(&mut self, record: &Record<'_, '_>) {
        self.learnt += 1;
        if record.is_flow() {
            for (bound, values) in self.values.iter_mut().enumerate() {
                if Features::first_of(bound) == bound {
                    values.extend(self.numbers.of(QUANTILES[bound].0, record));
                }
            }
        }
    }

    fn settled(&mut self) -> u64 {
        if self.is_finished { self.learnt } else { 0 }
    }

    fn finish(&mut self) -> Result<(), String> {
        for values in &mut self.values {
            values.sort_unstable_by(f64::total_cmp);
        }
        for (bound, (_, share)) in QUANTILES.iter().enumerate() {
            self.bounds[bound] = quantile(&self.values[Features::first_of(bound)], *share);
        }
        self.values = Vec::new();
        self.is_finished = true;
        Ok(())
    }

    fn memory(&self) -> u64 {
        self.values.iter().map(|values| values.len() as u64 * 8).sum()
    }
}

impl Enrich for Features {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        if !record.is_flow() {
            return Outcome::Done;
        }
        let mut numbers = [None; READ.len()];
        for (place, number) in numbers.iter_mut().enumerate() {
            *number = self.numbers.of(place, record);
        }
        let bounds = &self.bounds;
        let flow = Flow { numbers, flow: record.flow(), bound: &|bound: Bound| bounds[bound as usize] };
        let values = flow.values();
        let mut any = false;
        for (column, value) in values.into_iter().enumerate().filter(|(column, _)| self.wanted[*column]) {
            any |= value.is_some();
            match value {
                Some(Value::Number(number)) if number.is_finite() => {
                    record.write(column, &self.keys[column], |out| number::write_float(number, out));
                }
                Some(Value::Flag(flag)) => {
                    record.write(column, &self.keys[column], |out| out.push(b'0' + u8::from(flag)));
                }
                _ => {}
            }
        }
        Outcome::of(any)
    }

    fn reads(&self) -> Vec<String> {
        self.numbers.names().to_vec()
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(Features { warning: None, ..self.clone() })
    }

    fn warning(&self) -> Option<String> {
        self.warning.clone()
    }

    fn ahead(&mut self) -> Option<&mut dyn Ahead> {
        if self.looks_ahead { Some(self) } else { None }
    }
}
