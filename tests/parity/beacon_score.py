"""The four-part score of a beacon as RITA v5 computes it (analysis/beacons.go), over real seconds instead of whole ones.

Regularity of the gaps, regularity of the sizes, an even histogram over the data set, and how long it lasts, a quarter
each, every part rounded to three places.
"""
import math
from statistics import median

import numpy as np

BINS = 24


def round3(x):
    return math.floor(x * 1000 + 0.5) / 1000


def ceil3(x):
    return math.ceil(x * 1000) / 1000


def quartiles(ordered):
    """Medians of the lower half, of all, and of the upper half; the middle one belongs to neither half."""
    half = len(ordered) // 2
    return median(ordered[:half]), median(ordered), median(ordered[len(ordered) - half:])


def regularity(values, otherwise):
    """One for values that are all the same or symmetric and close together; `otherwise` where the median is below 1."""
    ordered = sorted(values)
    q1, q2, q3 = quartiles(ordered)
    skew = 0 if q3 - q1 < 10 or q2 in (q1, q3) else (q1 + q3 - 2 * q2) / (q3 - q1)
    mad = median(abs(v - q2) for v in ordered)
    close = otherwise if q2 < 1 else max(0, (q2 - mad) / q2)
    return round3((1 - abs(skew) + close) / 2)


def histogram(times, first, last):
    """Starts in each of the equal bins of the data set."""
    counts, _ = np.histogram(np.asarray(times, dtype=float), bins=np.linspace(first, last, BINS + 1))
    return [int(c) for c in counts]


def evenness(bins):
    """How equal the bins are, or how far they have one or two sizes."""
    mean, deviation = np.mean(bins), np.std(bins)
    even = 0 if deviation / mean > 1 else round3(1 - deviation / mean)
    width = math.ceil(max(bins) * 0.05)
    sizes = {}
    for count in filter(None, bins):
        sizes[count // width * width] = sizes.get(count // width * width, 0) + 1
    busy = sum(sizes.values())
    two = 0 if busy < 11 else min(1, sum(sorted(sizes.values())[-2:]) / max(busy - 1, 1))
    return max(even, two)


def lasting(times, bins, first, last):
    """The share of the data set from first to last start, or the longest run of busy bins, round the end, of twelve."""
    if sum(1 for b in bins if b) < 6:
        return 0
    longest = run = 0
    for count in bins + bins:
        run = run + 1 if count else 0
        longest = max(longest, min(run, BINS))
    return max(min(1, ceil3((max(times) - min(times)) / (last - first))), min(1, ceil3(longest / 12)))


def parts(t, sizes, first, last):
    """The four parts and the score from starts in nanoseconds; nothing for less than four distinct starts."""
    if len(set(t)) < 4:
        return None
    gaps = [g / 1e9 for g in np.diff(np.sort(np.asarray(t))) if g > 0]
    bins = histogram([v - first for v in t], 0, last - first)
    found = dict(timing=regularity(gaps, 1), size=regularity(sizes, 0), histogram=evenness(bins),
                 duration=lasting([v / 1e9 for v in t], bins, first / 1e9, last / 1e9))
    return found | {"score": round3(sum(found.values()) / 4)}
