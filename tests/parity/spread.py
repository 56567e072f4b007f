"""Integers with a mean, a variance and extremes that are exact, so that a score can lie exactly on a threshold.

With deviations d from a whole mean, sum(d) = 0 and sum(d^2) = (n-1)*s^2, the sample deviation is exactly s in any
arithmetic that is right, and a value at mean + 3*s has the z-score 3, not 2.9999999999999996. The last four pairs are
found by Lagrange's theorem: every whole number is the sum of four squares.
"""
import math


def four_squares(rng, total, limit):
    """Four whole numbers up to `limit` whose squares sum to `total`."""
    for _ in range(100_000):
        a = int(rng.integers(0, min(limit, math.isqrt(total)) + 1))
        b = min(limit, math.isqrt(total - a * a))
        rest = total - a * a - b * b
        for c in range(min(limit, math.isqrt(rest)), -1, -1):
            d = math.isqrt(rest - c * c)
            if d > limit:
                break
            if c * c + d * d == rest:
                return a, b, c, d
    raise ValueError(f"no four squares for {total}")


def spread(rng, n, squares, extremes):
    """`n` whole numbers (n even) with sum 0 and sum of squares `squares`; each of `extremes` occurs with both signs."""
    pairs = (n - 2 * len(extremes)) // 2
    assert n % 2 == 0 and pairs > 4
    rest, odd = divmod(squares - 2 * sum(e * e for e in extremes), 2)
    assert rest > 0 and odd == 0
    width = math.sqrt(3 * rest / pairs)
    limit = min(extremes) - 1
    assert width < limit
    while True:
        some = [int(v) for v in rng.integers(0, int(width) + 1, pairs - 4)]
        left = rest - sum(v * v for v in some)
        if 0 < left < 2 * width * width:
            break
    some.extend(four_squares(rng, left, limit))
    halves = [*extremes, *some]
    assert 2 * sum(v * v for v in halves) == squares
    return [*halves, *(-v for v in halves)]


def shares(rng, total, parts):
    """`parts` whole numbers of at least 1 that sum to `total`."""
    cuts = sorted({int(v) for v in rng.integers(1, total, parts - 1)})
    return [b - a for a, b in zip([0, *cuts], [*cuts, total])]
