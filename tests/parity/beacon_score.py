"""The four-part score of a beacon as RITA v5 computes it (analysis/beacons.go), in whole seconds.

Regularity of the gaps, regularity of the sizes, an even histogram over the data set, and how long it lasts, a quarter
each, every part rounded to three places. Fractions throughout, so that a half is a half where it is rounded.
"""
import math
from fractions import Fraction
from statistics import median

import numpy as np

BINS = 24


def round3(x):
    return Fraction(math.floor(x * 1000 + Fraction(1, 2)), 1000)


def ceil3(x):
    return Fraction(math.ceil(x * 1000), 1000)


def quartiles(ordered):
    """Medians of the lower half, of all, and of the upper half; the middle one belongs to neither half."""
    half = len(ordered) // 2
    return median(ordered[:half]), median(ordered), median(ordered[len(ordered) - half:])


def regularity(values, otherwise):
    """One for values that are all the same or symmetric and close together; `otherwise` where the median is below 1."""
    ordered = sorted(Fraction(int(v)) for v in values)
    q1, q2, q3 = quartiles(ordered)
    skew = 0 if q3 - q1 < 10 or q2 in (q1, q3) else (q1 + q3 - 2 * q2) / (q3 - q1)
    mad = median(abs(v - q2) for v in ordered)
    close = otherwise if q2 < 1 else max(0, (q2 - mad) / q2)
    return round3((1 - abs(skew) + close) / 2)


def histogram(times, first, last):
    """Starts in each of the equal bins of the data set, the last of which has its end."""
    counts = [0] * BINS
    for t in times:
        counts[min((t - first) * BINS // (last - first), BINS - 1)] += 1
    return counts


def evenness(bins):
    """How equal the bins are, or how far they have one or two sizes."""
    mean, deviation = np.mean(bins), np.std(bins)
    even = 0 if deviation / mean > 1 else round3(Fraction(1 - deviation / mean))
    width = math.ceil(max(bins) * 0.05)
    sizes = {}
    for count in filter(None, bins):
        sizes[count // width * width] = sizes.get(count // width * width, 0) + 1
    busy = sum(sizes.values())
    two = 0 if busy < 11 else min(1, Fraction(sum(sorted(sizes.values())[-2:]), max(busy - 1, 1)))
    return max(even, two)


def lasting(times, bins, first, last):
    """The share of the data set from first to last start, or the longest run of busy bins, round the end, of twelve."""
    if sum(1 for b in bins if b) < 6:
        return 0
    longest = run = 0
    for count in bins + bins:
        run = run + 1 if count else 0
        longest = max(longest, min(run, BINS))
    return max(min(1, ceil3(Fraction(max(times) - min(times), last - first))), min(1, ceil3(Fraction(longest, 12))))


def parts(t, sizes, first, last):
    """The four parts and the score from starts in nanoseconds; nothing below four distinct seconds or from one a second."""
    times = sorted(int(v) // 10**9 for v in t)
    first, last = first // 10**9, last // 10**9
    if len(set(times)) < 4 or last <= first:
        return {}
    gaps = [b - a for a, b in zip(times, times[1:]) if b > a]
    bins = histogram(times, first, last)
    found = dict(ts=regularity(gaps, 1), ds=regularity(sizes, 0), hist=evenness(bins), dur=lasting(times, bins, first, last))
    mean = sum(found.values()) / 4
    found["score"] = round3(mean)
    # With floats a half of a thousandth may go either way; RITA's does.
    return {name: float(part) for name, part in found.items()} | {"either_way": mean * 2000 % 2 == 1}
