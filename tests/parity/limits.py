"""Small inputs at the edges of the definitions: nothing, one flow, constant hosts, a median deviation of 0, counts at the
largest whole number of the record, starts a nanosecond apart. What is expected follows from the definitions by whole
numbers and fractions, not from pandas."""
import math
from fractions import Fraction

from programs import Failed, shown
from report import differences

LARGEST = 2**53 - 1


def line(src, size, start=0, dst="192.0.2.1", port=443, packets=1):
    """A flow line; `start` in nanoseconds after noon."""
    return (f'{{"timestamp":"2024-06-01T12:00:{start // 10**9:02d}.{start % 10**9:09d}Z","src_ip":"{src}","dst_ip":"{dst}",'
            f'"src_port":40000,"dst_port":{port},"protocol":6,"packets":{packets},"bytes":{size}}}\n')


def host(i):
    return f"10.0.0.{i}"


def deviation(values):
    """Sample deviation, rounded once."""
    n, total = len(values), sum(values)
    if n < 2:
        return 0.0
    square = Fraction(n * sum(v * v for v in values) - total * total, n * (n - 1))
    # The root of a fraction with 60 more digits than a double has.
    return math.isqrt(int(square * 10**60)) / 10**30


def by_src(rows):
    return {r.get("src_ip"): {**r, **r.get("evidence", {}), "value": r.get("value")} for r in rows}


def hosts_case(values):
    """The row of one host with these sizes."""
    ordered = sorted(values)
    return {host(1): {"flows": len(values), "bytes": sum(values), "bytes_per_flow_mean": float(Fraction(sum(values), len(values))),
                      "bytes_per_flow_std": deviation(values), "bytes_per_flow_median": float(Fraction(
                          ordered[(len(values) - 1) // 2] + ordered[len(values) // 2], 2))}}


def inputs():
    """Name, lines, item of a tool, expected by src_ip."""
    constant = [line(host(i), 700) for i in range(1, 13) for _ in range(3)]
    for detector in ("zscore", "iqr", "mad", "zscore:of=flow", "iqr:of=flow"):
        for name, lines in (("nothing", []), ("one flow", constant[:1]), ("constant hosts", constant)):
            yield name, lines, ("flowdetect", detector), {}
    yield "nothing", [], ("flowstat", "hosts"), {}
    yield "one flow", constant[:1], ("flowstat", "hosts"), hosts_case([700])
    # More than half of the hosts are equal, so the median deviation is 0: 8 at 100, one at 160, one at 104.
    sizes = [100] * 8 + [160, 104]
    scale = 1.253314 * (64 / 10)
    yield "median deviation of 0", [line(host(i), v) for i, v in enumerate(sizes, 1)], ("flowdetect", "mad"), \
        {host(9): {"value": 60 / scale}}
    # Ten hosts cannot reach 3: the bound is 9/sqrt(10).
    lone = [line(host(i), 1 if i < 10 else 10**9) for i in range(1, 11)]
    yield "too few hosts for 3", lone, ("flowdetect", "zscore"), {}
    yield "too few hosts for 3", lone, ("flowdetect", "zscore:threshold=2.84"), {host(10): {"value": 9 / math.sqrt(10)}}
    # Sixteen of which fifteen are equal: z is 15/4 to the last bit.
    sixteen = [line(host(i), 10 if i < 16 else 26) for i in range(1, 17)]
    yield "a score of exactly 3.75", sixteen, ("flowdetect", "zscore:threshold=3.75"), {host(16): {"value": 3.75}}
    yield "a score of exactly 3.75", sixteen, ("flowdetect", "zscore:threshold=3.7500000000000004"), {}
    # Of seventeen flows, sixteen equal: the population's z is 4, and only more than the threshold counts.
    flows = [line(host(i), 10 if i < 17 else 44) for i in range(1, 18)]
    yield "a flow's score of exactly 4", flows, ("flowdetect", "zscore:of=flow,threshold=4"), {}
    yield "a flow's score of exactly 4", flows, ("flowdetect", "zscore:of=flow,threshold=3.9999999999999996"), {host(17): {}}
    large = [LARGEST - v for v in (0, 1, 2, 3, 5, 8, 13)]
    yield "largest counts", [line(host(1), v) for v in large], ("flowstat", "hosts"), hosts_case(large)
    many = [LARGEST] * 2100
    yield "sums beyond 64 bits", [line(host(1), v) for v in many], ("flowstat", "hosts:quantiles=exact"), hosts_case(many)
    yield "sums beyond 64 bits", [line(host(1), v) for v in many], ("flowstat", "hourly"), \
        {None: {"bytes": sum(many), "bytes_mean": float(sum(many)), "bytes_day_mean": float(sum(many))}}
    huge = [1] * 14 + [2049 * LARGEST, 4200 * LARGEST]
    far = (huge[15] - float(Fraction(sum(huge), 16))) / deviation(huge)
    yield "sums beyond 64 bits", [line(host(i), 1) for i in range(1, 15)] + [line(host(15), LARGEST)] * 2049 + \
        [line(host(16), LARGEST)] * 4200, ("flowdetect", "zscore:threshold=3"), {host(16): {"value": far, "total": huge[15]}}
    close = [line(host(i), LARGEST - (0 if i < 16 else 4)) for i in range(1, 17)]
    yield "totals that differ by 4 of 2^53", close, ("flowdetect", "zscore:threshold=3.7"), {host(16): {"value": -3.75}}
    starts = [sum([1000, 3000][k % 2] for k in range(n)) for n in range(13)]
    tight = [line(host(1), 60, t) for t in starts]
    yield "microseconds apart", tight, ("flowdetect", "beacon:rule=jitter,jitter=0.5"), {}
    yield "microseconds apart", tight, ("flowdetect", "beacon:rule=jitter,jitter=0.5000000001"), \
        {host(1): {"flows": 13, "mean_interval": 2e-6, "jitter": 0.5}}
    still = [line(host(1), 60, 5) for _ in range(20)]
    yield "all at one time", still, ("flowdetect", "beacon:rule=jitter"), {}


def check(report, programs, folder):
    """All of them, with the lines in either order."""
    for number, (name, lines, (tool, item), expected) in enumerate(inputs()):
        path = folder / f"limits-{number}.ndjson"
        stage = (tool, "-i", path, item)
        for data in (lines, lines[::-1]):
            path.write_text("".join(data), encoding="utf8")
            try:
                found = differences(expected, by_src(programs.lines(stage)))
            except Failed as failed:
                found = [str(failed)]
            if found:
                break
        report.check("limits", f"{item}: {name}", found, f"{len(lines)} flows", shown(stage))
