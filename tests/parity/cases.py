"""What to ask flowdetect on a data set: each detector at its default, and with parameters taken from the data so that
one key lies at the threshold, or a billionth to either side of it where the number has a fraction.

A case is (detector, its item, the expected alerts by key, the columns of the key).
"""
import numpy as np
import reference as ref

HOST, PAIR, FLOW = ["src_ip"], ["src_ip", "dst_ip"], ["src_ip", "dst_ip", "dst_port"]
ABOVE, BELOW = 1 + 1e-9, 1 - 1e-9


def picks(values):
    """The largest and one in the middle of the distinct positive values."""
    some = sorted({float(v) for v in values if v > 0 and np.isfinite(v)})
    return sorted({some[-1], some[len(some) // 2]}) if some else []


def whole(values, least=1):
    """Likewise of whole numbers from `least` on, each with the next one."""
    return sorted({int(v) + more for v in picks(v for v in values if v >= least) for more in (0, 1)})


def text(number):
    """Shortest text that reads back as this number."""
    return repr(float(number))


def hosts_by_score(df):
    """zscore, iqr and mad."""
    for field in ("bytes", "packets", "flows"):
        item = f"zscore:field={field}"
        yield "zscore", item if field != "bytes" else "zscore", ref.zscore(df, 3.0, field), HOST
        for z in picks(ref.zscores(ref.totals(df, field)).abs()):
            for threshold in (z * BELOW, z * ABOVE):
                yield "zscore", f"{item},threshold={text(threshold)}", ref.zscore(df, threshold, field), HOST
    yield "zscore", "zscore:by=dst_ip,threshold=2", ref.zscore(df, 2.0, by="dst_ip"), ["dst_ip"]
    yield "iqr", "iqr", ref.iqr(df), HOST
    x = df.groupby("src_ip")["bytes"].mean()
    for k in fractions_outside(x, ref.tukey(x)):
        for k in (k * BELOW, k * ABOVE):
            yield "iqr", f"iqr:k={text(k)}", ref.iqr(df, k), HOST
    yield "mad", "mad", ref.mad(df), HOST
    # 0.6745 times four: a host at four median absolute deviations is not above it.
    yield "mad", "mad:threshold=2.698", ref.mad(df, 2.698), HOST
    for m in picks(ref.mads(ref.totals(df)).abs()):
        for threshold in (m * BELOW, m * ABOVE):
            yield "mad", f"mad:threshold={text(threshold)}", ref.mad(df, threshold), HOST


def fractions_outside(x, fence):
    """The k at which a value lies on its fence."""
    width = fence["q3"] - fence["q1"]
    if width <= 0:
        return []
    return picks(np.concatenate([(x - fence["q3"]) / width, (fence["q1"] - x) / width]))


def by_count(df):
    """portscan, sweep, exfil: whole numbers, at and one above."""
    yield "portscan", "portscan", ref.portscan(df), PAIR
    pairs = df.groupby(PAIR)["dst_port"].nunique()
    totals = df.groupby("src_ip")["dst_port"].nunique()
    for n in whole(pairs):
        yield "portscan", f"portscan:ports={n},total=65536,sample=5", ref.portscan(df, n, 65_536, 5), PAIR
    for n in whole(totals):
        yield "portscan", f"portscan:ports=65536,total={n}", ref.portscan(df, 65_536, n), PAIR
    yield "sweep", "sweep", ref.sweep(df), HOST
    for n in whole(df.groupby("src_ip")["dst_ip"].nunique()):
        yield "sweep", f"sweep:targets={n}", ref.sweep(df, n), HOST
    yield "exfil", "exfil:rule=volume", ref.exfil(df), PAIR
    for n in whole((df["bytes"] + df["rev_bytes"].fillna(0)).groupby([df["src_ip"], df["dst_ip"]]).sum()):
        yield "exfil", f"exfil:rule=volume,bytes={n}", ref.exfil(df, n), PAIR


def by_rhythm(df):
    """beacon: at a number of flows, at a jitter, at a score."""
    known = ref.rhythms(df, 9)
    yield "beacon", "beacon:rule=jitter", ref.beacon(known), FLOW
    yield "beacon", "beacon:rule=jitter,jitter=0.25", ref.beacon(known, 10, 0.25), FLOW
    yield "beacon", "beacon:rule=jitter,flows=9", ref.beacon(known, 9), FLOW
    yield "beacon", "beacon:rule=jitter,flows=11", ref.beacon(known, 11), FLOW
    for n in whole(r["flows"] for r in known.values() if r["jitter"] < 0.9):
        yield "beacon", f"beacon:rule=jitter,flows={n},jitter=0.9", ref.beacon(known, n, 0.9), FLOW
    ratios = [j for j in sorted(r["jitter"] for r in known.values()) if 1e-6 < j < 0.9]
    for j in {*ratios[:1], *ratios[len(ratios) // 2:][:1]}:
        for limit in (j * BELOW, j * ABOVE):
            yield "beacon", f"beacon:rule=jitter,jitter={text(limit)}", ref.beacon(known, 10, limit), FLOW
    yield "beacon", "beacon", ref.beacon(known, rule="either"), FLOW
    for score in picks(r["score"] for r in known.values() if r["flows"] >= 10 and r.get("either_way") is False):
        for limit in (score, score + 0.0005):
            yield "beacon", f"beacon:rule=score,score={text(limit)}", ref.beacon(known, rule="score", score=limit), FLOW


def fields_of(df, but=()):
    return [f for f in ("bytes", "packets", "rev_bytes") if df[f].notna().any() and f not in but]


def by_flow(df):
    """zscore and iqr over single flows; packets have a whole deviation in one set, so that 3 is met exactly."""
    for field in fields_of(df):
        yield "zscore", f"zscore:of=flow,field={field}", ref.flow_zscore(df, field), PAIR
        yield "iqr", f"iqr:of=flow,field={field}", ref.flow_iqr(df, field), PAIR
        x = df[field].dropna()
        for z in picks(np.abs(ref.stats.zscore(x.to_numpy(float)))):
            for threshold in (z * BELOW, z * ABOVE):
                yield "zscore", f"zscore:of=flow,field={field},threshold={text(threshold)}", \
                    ref.flow_zscore(df, field, threshold), PAIR
        for k in fractions_outside(x, ref.tukey(x)):
            for k in (k * BELOW, k * ABOVE):
                yield "iqr", f"iqr:of=flow,field={field},k={text(k)}", ref.flow_iqr(df, field, k), PAIR


def by_normal(df, normal, path):
    """sigma and fence with the rows of `describe` in the file `path`, made from `normal`."""
    for field in [f for f in fields_of(df) if normal[f].notna().any()]:
        learnt = normal[field].dropna().astype(float)
        of = f"normal={path},field={field}"
        yield "sigma", f"sigma:{of}", ref.sigma(df, normal, field), PAIR
        yield "fence", f"fence:{of}", ref.fence(df, normal, field), PAIR
        # Packets of one set lie exactly on this fence of another.
        yield "fence", f"fence:{of},k=1.4375", ref.fence(df, normal, field, 1.4375), PAIR
        own = df[field].dropna()
        for n in picks((own - learnt.mean()) / learnt.std(ddof=1)):
            for n in (n * BELOW, n * ABOVE):
                yield "sigma", f"sigma:{of},n={text(n)}", ref.sigma(df, normal, field, n), PAIR
        for k in fractions_outside(own, ref.tukey(learnt)):
            for k in (k * BELOW, k * ABOVE):
                yield "fence", f"fence:{of},k={text(k)}", ref.fence(df, normal, field, k), PAIR
