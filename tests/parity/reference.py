"""The definitions of views and detectors in pandas, NumPy and SciPy, on frames of files.py.

A view is a frame indexed by its keys; a detector is a dict from key to the terms of its formula. Sample deviations are
those of n-1 and 0 below two values, quantiles are type 7 (NumPy's default), both unless said otherwise.
"""
import ipaddress

import numpy as np
import pandas as pd
from scipy import stats

import beacon_score

DAY, HOUR = 86_400_000_000_000, 3_600_000_000_000
SUMS = ["bytes", "packets", "rev_bytes", "rev_packets"]
NAMES = {1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMP6"}


def sums(df, by):
    """Flows and sums per key; those of the way back are 0 where no flow has one."""
    grouped = df.groupby(by)
    made = grouped[SUMS].sum().astype("int64")
    made.insert(0, "flows", grouped.size())
    return made


def spread_of(df, by, field="bytes"):
    """Mean, sample deviation, median and 95 % quantile of a field per key."""
    grouped = df.groupby(by)[field]
    return pd.DataFrame({"mean": grouped.mean(), "std": grouped.std(ddof=1).fillna(0.0), "median": grouped.median(),
                         "p95": grouped.quantile(0.95, interpolation="linear")})


def times(df, by):
    """First and last start per key, whole nanoseconds."""
    grouped = df.groupby(by)["t"]
    return pd.DataFrame({"first": grouped.min(), "last": grouped.max()})


def hosts(df, by="src_ip"):
    made = sums(df, by)
    made["unique_dst_ips"] = df.groupby(by)["dst_ip"].nunique()
    made["unique_dst_ports"] = df.groupby(by)["dst_port"].nunique()
    return made.join(spread_of(df, by).add_prefix("bytes_per_flow_")).join(times(df, by))


def pairs(df):
    by = ["src_ip", "dst_ip"]
    made = sums(df, by)
    made["unique_dst_ports"] = df.groupby(by)["dst_port"].nunique()
    return made.join(times(df, by))


def by_clock(df, zone):
    """The flows with the starts that a clock of this zone showed."""
    shown = df["timestamp"].dt.tz_convert(zone).dt.tz_localize(None)
    return df.assign(t=shown.astype("datetime64[ns]").astype("int64"))


def networks(df, column, v4, v6):
    """The flows with a column's addresses as networks of these lengths."""
    def network(text):
        return str(ipaddress.ip_network((text, v6 if ":" in text else v4), strict=False))
    return df.assign(**{column: df[column].map({text: network(text) for text in df[column].unique()})})


def by_period(df, period, kept):
    """Sums per absolute period (`kept` nanoseconds long) and the keys of both."""
    whole = df.assign(_key=period, _part=df["t"] // kept)
    return whole, whole.groupby(["_key", "_part"]).agg(
        bytes=("bytes", "sum"), flows=("bytes", "size"), packets=("packets", "sum"))


def spread_over(parts, n, name):
    """Mean and sample deviation of each key's `n` sums, those of silent periods being 0."""
    out = {}
    for column in ("bytes", "flows", "packets"):
        s = parts[column].astype(float).groupby(level=0)
        mean = s.sum() / n
        squares = (s.apply(lambda x: float(np.sum((x - x.sum() / n) ** 2))) + (n - s.size()) * mean**2)
        out[f"{column}_{name}_mean"] = mean
        out[f"{column}_{name}_std"] = np.sqrt(squares / (n - 1)) if n > 1 else squares * 0.0
    return pd.DataFrame(out)


def hourly(df):
    """Per hour of the day; `bytes_mean` and the spread over dates count every date that the input has a flow on."""
    hour = df["t"] % DAY // HOUR
    dates = (df["t"] // DAY).nunique()
    whole, parts = by_period(df, hour, DAY)
    made = sums(whole, "_key")
    flow = spread_of(whole, "_key")
    made["bytes_mean"], made["bytes_std"], made["bytes_median"] = made["bytes"] / dates, flow["std"], flow["median"]
    return made.join(spread_over(parts, dates, "day")).rename_axis("hour")


def daily(df):
    """Per date."""
    whole, parts = by_period(df, pd.to_datetime(df["t"] // DAY, unit="D").dt.strftime("%Y-%m-%d"), HOUR)
    made = sums(whole, "_key")
    flow = spread_of(whole, "_key")
    made["hosts"] = whole.groupby("_key")["src_ip"].nunique()
    made["bytes_std"], made["bytes_median"] = flow["std"], flow["median"]
    return made.join(spread_over(parts, 24, "hour")).rename_axis("date")


def weekly(df):
    """Per hour of the week: one sample for each whole hour between first and last flow, 0 if silent."""
    first, last = df["t"].min(), df["t"].max()
    hours = np.arange(-(-first // HOUR), last // HOUR)
    per_hour = df.groupby(df["t"] // HOUR).agg(
        bytes=("bytes", "sum"), flows=("bytes", "size"), packets=("packets", "sum")).reindex(hours, fill_value=0)
    # The first of January 1970 was a Thursday: three days into its week.
    grouped = per_hour.groupby((hours + 3 * 24) % 168)
    made = pd.DataFrame({"weeks": grouped.size()})
    for column in ("bytes", "flows", "packets"):
        made[f"{column}_mean"] = grouped[column].mean()
        made[f"{column}_std"] = grouped[column].std(ddof=1).fillna(0.0)
    return made.rename_axis("hour_of_week")


def protocols(df):
    made = sums(df, "protocol")
    made["name"] = [NAMES.get(p, str(p)) for p in made.index]
    made["percentage"] = made["flows"] / len(df) * 100
    made["bytes_percentage"] = made["bytes"] / df["bytes"].sum() * 100
    return made


def ports(df, n=20):
    made = sums(df, "dst_port")
    made["unique_src_ips"] = df.groupby("dst_port")["src_ip"].nunique()
    made["unique_dst_ips"] = df.groupby("dst_port")["dst_ip"].nunique()
    order = np.lexsort((made.index, -made["flows"]))
    return made.iloc[order[:n]]


def describe(df, fields):
    """pandas' describe() with the sum; absent values do not count."""
    made = pd.DataFrame({f: df[f].dropna().astype(float).describe() for f in fields}).T
    made.columns = ["count", "mean", "std", "min", "p25", "p50", "p75", "max"]
    made["sum"], made["std"] = [df[f].sum() for f in fields], made["std"].fillna(0.0)
    return made.rename_axis("field")


def totals(df, field="bytes", by="src_ip"):
    """The sum of a field per key, or its flows."""
    grouped = df.groupby(by)
    return grouped.size() if field == "flows" else grouped[field].sum()


def zscores(x):
    """(x - mean) / sample deviation; empty where there is none."""
    x = x.astype(float)
    deviation = x.std(ddof=1)
    return (x - x.mean()) / deviation if deviation > 0 else x[:0]


def zscore(df, threshold=3.0, field="bytes", by="src_ip"):
    x = totals(df, field, by)
    z = zscores(x)
    hit = z[z.abs() >= threshold]
    peers = df.groupby(by)["dst_ip"].nunique()
    return {(k,): dict(value=float(v), total=int(x[k]), mean=float(x.mean()), deviation=float(x.std(ddof=1)),
                       flows=int((df[by] == k).sum()), unique_dst_ips=int(peers[k])) for k, v in hit.items()}


def tukey(x, k=1.5):
    q1, q3 = np.quantile(x, 0.25), np.quantile(x, 0.75)
    return dict(q1=float(q1), q3=float(q3), lower=float(q1 - k * (q3 - q1)), upper=float(q3 + k * (q3 - q1)))


def beyond(x, fence):
    return (x < fence["lower"]) | (x > fence["upper"])


def iqr(df, k=1.5):
    """Hosts by their mean bytes per flow."""
    x = df.groupby("src_ip")["bytes"].mean()
    fence = tukey(x, k)
    return {(h,): dict(value=float(v), **fence) for h, v in x[beyond(x, fence)].items()}


def mads(x):
    """0.6745 * (x - median) / MAD; by the mean absolute deviation where MAD is 0; empty where both are."""
    off = x.astype(float) - np.median(x)
    mad, mean = np.median(off.abs()), off.abs().mean()
    if mad > 0:
        return 0.6745 * off / mad
    return off / (1.253314 * mean) if mean > 0 else off[:0]


def mad(df, threshold=3.5):
    m = mads(totals(df))
    return {(h,): dict(value=float(v)) for h, v in m[m.abs() > threshold].items()}


def portscan(df, ports=20, total=50, sample=20):
    """Distinct ports per source and target; per source over all targets."""
    out = {}
    for by, least in ((["src_ip", "dst_ip"], ports), (["src_ip"], total)):
        met = df.drop_duplicates([*by, "dst_port"]).groupby(by)["dst_port"]
        count = met.size()
        for key in count.index[count >= least]:
            value = int(count[key])
            key = key if isinstance(key, tuple) else (key,)
            out[key] = dict(value=value, unique_ports=value, ports=sorted(met.get_group(key))[:sample])
    return out


def sweep(df, targets=50):
    count = df.groupby("src_ip")["dst_ip"].nunique()
    probed = df.groupby(["src_ip", "dst_ip"])["dst_port"].nunique().groupby(level=0).sum()
    return {(h,): dict(value=int(v), targets=int(v), ports_probed=int(probed[h])) for h, v in count.items() if v >= targets}


def exfil(df, limit=100_000_000):
    g = df.assign(rev_bytes=df["rev_bytes"].fillna(0).astype("int64")).groupby(["src_ip", "dst_ip"])[["bytes", "rev_bytes"]].sum()
    g["total"] = g["bytes"] + g["rev_bytes"]
    return {k: dict(value=int(r.total), bytes=int(r.bytes), rev_bytes=int(r.rev_bytes), total=int(r.total))
            for k, r in g[g["total"] >= limit].iterrows()}


def rhythms(df, flows):
    """Per (source, target, port) with that many flows: mean gap in seconds, its population deviation over it, the score."""
    first, last = int(df["t"].min()), int(df["t"].max())
    out = {}
    for key, own in df.sort_values("t", kind="stable").groupby(["src_ip", "dst_ip", "dst_port"])[["t", "bytes"]]:
        t = own["t"].to_numpy()
        if len(t) < flows or t[0] == t[-1]:
            continue
        gaps = np.diff(t)
        out[key] = dict(flows=len(t), mean_interval=float(gaps.mean() / 1e9), jitter=float(gaps.std() / gaps.mean()),
                        **beacon_score.parts(t, own["bytes"], first, last))
    return out


def beacon(known, flows=10, jitter=0.15, rule="jitter", score=0.8):
    """Those of `known` rhythms that are regular by the ratio, by the four-part score, or by either."""
    out = {}
    for key, r in known.items():
        by_ratio = rule != "score" and r["jitter"] < jitter
        by_score = rule != "jitter" and r.get("score", 0) >= score
        if r["flows"] >= flows and (by_ratio or by_score):
            ratio = r["jitter"] if rule == "jitter" else 1 - r["jitter"]
            out[key] = dict(value=r["score"] if by_score else ratio, **r)
    return out


def by_rule(df, field, hit):
    """What rules over single flows alert on: count, largest and sum per source and destination."""
    got = df[hit].groupby(["src_ip", "dst_ip"])[field].agg(["size", "max", "sum"]).astype("int64")
    return got.rename(columns={"size": "count", "max": "largest"}).to_dict("index")


def flow_zscore(df, field, threshold=3.0):
    """SciPy's z-score of each flow that has the field, strictly above."""
    own = df[df[field].notna()]
    return by_rule(own, field, np.abs(stats.zscore(own[field].to_numpy(float))) > threshold)


def flow_iqr(df, field, k=1.5):
    own = df[df[field].notna()]
    return by_rule(own, field, beyond(own[field], tukey(own[field], k)))


def sigma(df, normal, field, n=3.0):
    """Flows of `df` above the mean and `n` sample deviations of `normal`."""
    x = normal[field].dropna().astype(float)
    return by_rule(df, field, df[field] > x.mean() + n * x.std(ddof=1))


def fence(df, normal, field, k=1.5):
    """Flows of `df` outside the fences of `normal`."""
    return by_rule(df, field, beyond(df[field], tukey(normal[field].dropna(), k)))
