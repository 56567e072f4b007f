//! The four-part score of a beacon, as RITA 5 computes it: how regular are its times, its sizes, its number of calls an
//! hour, and how long does it last. Every part is a function of its own, between 0 and 1.
//!
//! Times are whole seconds since the epoch here, as there; `data` is the first and last second of the whole input. Parts
//! and score are rounded to three places, as there, but from exact fractions, so that a half is rounded up on every
//! machine. Source: activecm/rita v5, `analysis/beacons.go`. A score needs at least four different seconds, and fewer calls
//! than 86 400 a day: of an input of less than a day, fewer than 86 400, of a longer one, fewer than it has seconds.

/// Bins of the histogram over the whole input.
const BINS: usize = 24;
/// Distinct seconds below which there is no score.
const MIN_SECONDS: usize = 4;
/// Sizes below which they do not count.
const MIN_SIZES: usize = 3;
/// Calls from which on it is no beacon but a flood, in a day or less.
const STROBE: u64 = 86_400;
/// Bins that are not empty, from which on they are looked at for two levels.
const MIN_BIMODAL: usize = 11;
/// Bins that are not empty, from which on the duration counts.
const MIN_DURATION: usize = 6;
/// Bins in a row that are as good as all.
const IDEAL_RUN: u128 = 12;
/// Bins whose heights differ by less than this share of the highest are of one level.
const SENSITIVITY: f64 = 0.05;

/// A part of the score: a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    numerator: u128,
    denominator: u128,
}

/// The score and its parts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Score {
    /// The mean of the parts.
    pub(super) total: f64,
    /// Regularity of the times between calls.
    pub(super) times: f64,
    /// Regularity of the bytes a call.
    pub(super) sizes: f64,
    /// Persistence over the input.
    pub(super) duration: f64,
    /// Evenness of the calls over the input.
    pub(super) histogram: f64,
}

/// The score of calls that began at `seconds` (ascending) and sent `bytes` (ascending), if there are enough of them.
pub(super) fn score(seconds: &[i64], bytes: &[u64], data: (i64, i64)) -> Option<Score> {
    let (first, last) = (*seconds.first()?, *seconds.last()?);
    let span = data.1.abs_diff(data.0);
    let gaps = gaps(seconds);
    if gaps.len() + 1 < MIN_SECONDS || seconds.len() as u64 >= span.max(STROBE) {
        return None;
    }
    let bins = bins(seconds, data);
    let sizes = if bytes.len() < MIN_SIZES { Part::NOTHING } else { regularity(bytes, Part::NOTHING) };
    let (times, duration) = (regularity(&gaps, Part::ALL), duration(&bins, last.abs_diff(first), span));
    let histogram = histogram(&bins);
    Some(Score {
        total: mean([times, sizes, duration, histogram]).value(),
        times: times.value(),
        sizes: sizes.value(),
        duration: duration.value(),
        histogram: histogram.value(),
    })
}

impl Part {
    const NOTHING: Part = Part { numerator: 0, denominator: 1 };
    const ALL: Part = Part { numerator: 1, denominator: 1 };

    fn value(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }

    /// To three places, halves up. The terms must be below 2^116.
    fn rounded(self) -> Part {
        let thousandths = (2000 * self.numerator + self.denominator) / (2 * self.denominator);
        Part { numerator: thousandths, denominator: 1000 }
    }

    /// To three places, up, and at most 1.
    fn rounded_up(self) -> Part {
        let thousandths = (1000 * self.numerator).div_ceil(self.denominator);
        Part { numerator: thousandths.min(1000), denominator: 1000 }
    }

    fn max(self, other: Part) -> Part {
        let is_less = self.numerator * other.denominator < other.numerator * self.denominator;
        if is_less { other } else { self }
    }
}

/// The rounded mean. Parts have denominators of at most 1000.
fn mean(parts: [Part; 4]) -> Part {
    let denominator: u128 = parts.iter().map(|p| p.denominator).product();
    let numerator = parts.iter().map(|p| p.numerator * (denominator / p.denominator)).sum();
    Part { numerator, denominator: 4 * denominator }.rounded()
}

/// The times between calls that began in different seconds, ascending.
fn gaps(seconds: &[i64]) -> Vec<u64> {
    let mut gaps: Vec<u64> = seconds.windows(2).map(|w| w[1].abs_diff(w[0])).filter(|gap| *gap > 0).collect();
    gaps.sort_unstable();
    gaps
}

/// Half of how symmetric and half of how narrow the values (ascending, at least three) lie around their median.
/// `otherwise` stands for the narrowness of values whose median is below 1.
fn regularity(sorted: &[u64], otherwise: Part) -> Part {
    let (a, b) = (symmetry(sorted), narrowness(sorted).unwrap_or(otherwise));
    let denominator = a.denominator * b.denominator;
    let numerator = a.numerator * b.denominator + b.numerator * a.denominator;
    Part { numerator, denominator: 2 * denominator }.rounded()
}

/// 1 less the absolute of Bowley's skewness, which is 0 where the quartiles are near each other or meet the median.
fn symmetry(sorted: &[u64]) -> Part {
    let (q1, q2, q3) = quartiles(sorted);
    let width = q3 - q1;
    // Quartiles are doubled, so that they are whole.
    if width < 2 * 10 || q2 == q1 || q2 == q3 {
        return Part::ALL;
    }
    Part { numerator: width - (q1 + q3).abs_diff(2 * q2), denominator: width }
}

/// 1 less the median absolute deviation as a share of the median, and at least 0; `None` where the median is below 1.
fn narrowness(sorted: &[u64]) -> Option<Part> {
    let twice = twice_median(sorted);
    let mut off: Vec<u64> = sorted.iter().map(|v| (u128::from(2 * v).abs_diff(twice)) as u64).collect();
    off.sort_unstable();
    let part = Part { numerator: (2 * twice).saturating_sub(twice_median(&off)), denominator: 2 * twice };
    (twice >= 2).then_some(part)
}

/// Twice the median.
fn twice_median(sorted: &[u64]) -> u128 {
    let at = |i: usize| sorted.get(i).copied().map_or(0, u128::from);
    at(sorted.len().saturating_sub(1) / 2) + at(sorted.len() / 2)
}

/// Twice the median, and those of the halves around it, which do not have it where there is an odd number.
fn quartiles(sorted: &[u64]) -> (u128, u128, u128) {
    let half = sorted.len() / 2;
    (twice_median(&sorted[..half]), twice_median(sorted), twice_median(&sorted[sorted.len() - half..]))
}

/// Calls in each of [`BINS`] equal parts of the input; the last one has its end too.
fn bins(seconds: &[i64], (min, max): (i64, i64)) -> [u64; BINS] {
    let mut bins = [0; BINS];
    let width = u128::from(max.abs_diff(min).max(1));
    for second in seconds {
        let at = u128::from(second.abs_diff(min)) * BINS as u128 / width;
        bins[(at as usize).min(BINS - 1)] += 1;
    }
    bins
}

/// How even the bins are, or how well they are of two levels, whichever is more.
fn histogram(bins: &[u64]) -> Part {
    evenness(bins).max(bimodality(bins))
}

/// 1 less the coefficient of variation over all bins, and at least 0.
fn evenness(bins: &[u64]) -> Part {
    let sum: u128 = bins.iter().map(|b| u128::from(*b)).sum();
    let squares: u128 = bins.iter().map(|b| u128::from(*b) * u128::from(*b)).sum();
    // The deviation over the mean is the root of (n·Σx² - (Σx)²), over Σx.
    let variation = ((bins.len() as u128 * squares - sum * sum) as f64).sqrt() / sum as f64;
    // Without calls it is no number, and no beacon.
    let even = if variation <= 1.0 { 1.0 - variation } else { 0.0 };
    Part { numerator: (even * 1000.0).round() as u128, denominator: 1000 }
}

/// The share of the bins that are of the two commonest levels; one bin may be of none.
fn bimodality(bins: &[u64]) -> Part {
    let filled: Vec<u64> = bins.iter().copied().filter(|b| *b > 0).collect();
    if filled.len() < MIN_BIMODAL {
        return Part::NOTHING;
    }
    let highest = filled.iter().copied().max().unwrap_or(1);
    let level = (highest as f64 * SENSITIVITY).ceil() as u64;
    let mut levels: Vec<u64> = filled.iter().map(|b| b / level).collect();
    levels.sort_unstable();
    let mut counts: Vec<usize> = levels.chunk_by(|a, b| a == b).map(<[u64]>::len).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let (two, rest) = (counts.iter().take(2).sum::<usize>(), filled.len() - 1);
    Part { numerator: two.min(rest) as u128, denominator: rest as u128 }
}

/// The share of the input from the first to the last call, or the longest run of bins with calls, whichever is more.
fn duration(bins: &[u64], lasts: u64, span: u64) -> Part {
    if bins.iter().filter(|b| **b > 0).count() < MIN_DURATION || span == 0 {
        return Part::NOTHING;
    }
    let coverage = Part { numerator: lasts.into(), denominator: span.into() };
    let run = Part { numerator: longest_run(bins) as u128, denominator: IDEAL_RUN };
    coverage.rounded_up().max(run.rounded_up())
}

/// The longest run of bins that are not empty; the last is followed by the first.
fn longest_run(bins: &[u64]) -> usize {
    let (mut longest, mut run) = (0, 0);
    for bin in bins.iter().chain(bins) {
        run = if *bin > 0 { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest.min(bins.len())
}

#[cfg(test)]
mod tests;
