"""The views over time and by any key against pandas: timeline, rates, entropy, matrix, sessions, group."""
import ipaddress

import numpy as np
import pandas as pd

from agreement import table
from files import nanoseconds
from programs import Failed, shown
from report import differences

BIN = 3600 * 1_000_000_000
# Values of a key up to which its quantiles are exact.
EXACT_VALUES = 1024


def lengths(df):
    """Durations in whole nanoseconds; none is 0."""
    return (df["duration"].fillna(0) * 1e9).round().astype("int64")


def parts(df, width):
    """A row for each flow and bin, with its share of the flow's time as whole nanoseconds from, to and of."""
    length = lengths(df)
    end = df["t"] + length
    first, last = df["t"] // width, np.maximum((end - 1) // width, df["t"] // width)
    rows = df.assign(first=first, of=length, n=last - first + 1).loc[np.repeat(df.index, last - first + 1)]
    rows["bin"] = rows["first"] + rows.groupby(level=0).cumcount()
    rows["from"] = (rows["bin"] * width - rows["t"]).clip(0, rows["of"])
    rows["to"] = ((rows["bin"] + 1) * width - rows["t"]).clip(0, rows["of"])
    return rows


def share(rows, column):
    """The part of a count: exact integers, whatever their size."""
    values = rows[column].fillna(0).astype("int64").tolist()
    return [v if of == 0 else v * to // of - v * begin // of
            for v, begin, to, of in zip(values, rows["from"].tolist(), rows["to"].tolist(), rows["of"].tolist())]


def stamp(number, width=BIN):
    return int(number) * width


def timeline(df):
    """Per bin and protocol."""
    rows = parts(df, BIN)
    for column in ("bytes", "packets", "rev_bytes", "rev_packets"):
        rows[column] = share(rows, column)
    made = rows.groupby(["bin", "protocol"])[["bytes", "packets", "rev_bytes", "rev_packets"]].sum()
    made["active"] = rows.groupby(["bin", "protocol"]).size()
    made["flows"] = rows[rows["bin"] == rows["first"]].groupby(["bin", "protocol"]).size()
    made["flows"] = made["flows"].fillna(0).astype("int64")
    return made


def rates(df, width=60 * 1_000_000_000):
    """Of the whole: over all bins from the first to the last."""
    rows = parts(df, width)
    row = {"bins": int(rows["bin"].max() - rows["bin"].min() + 1), "flows": len(df)}
    for column, name, scale in (("bytes", "bps", 8 / (width / 1e9)), ("packets", "pps", 1 / (width / 1e9))):
        sums = rows.assign(part=share(rows, column)).groupby("bin")["part"].sum()
        full = sums.reindex(range(int(sums.index.min()), int(sums.index.max()) + 1), fill_value=0).to_numpy(float)
        row |= {column: int(sums.sum()), f"{name}_mean": float(full.mean() * scale), f"{name}_max": float(full.max() * scale),
                f"{name}_p95": float(np.quantile(full, 0.95) * scale), f"{name}_max_at": stamp(sums.idxmax(), width)}
    return {"all": row}


def bits(counts):
    p = counts / counts.sum()
    return float(-(p * np.log2(p)).sum())


def entropy(df):
    """Per hour, of four fields by flows."""
    out = {}
    for number, own in df.groupby(df["t"] // BIN):
        row = {"flows": len(own)}
        for field, many in (("src_ip", "src_ips"), ("dst_ip", "dst_ips"), ("src_port", "src_ports"), ("dst_port", "dst_ports")):
            counts = own[field].value_counts().to_numpy(float)
            h = bits(counts)
            row |= {many: len(counts), f"{field}_entropy": abs(h), f"{field}_evenness": abs(h) / np.log2(len(counts)) if len(counts) > 1 else 0.0}
        out[stamp(number)] = row
    return out


def network(text):
    return str(ipaddress.ip_network((text, 64 if ":" in text else 24), strict=False))


def matrix(df):
    """Per pair of networks."""
    names = {a: network(a) for a in {*df["src_ip"], *df["dst_ip"]}}
    grouped = df.groupby([df["src_ip"].map(names).rename("from"), df["dst_ip"].map(names).rename("to")])
    made = grouped[["bytes", "packets"]].sum()
    made["flows"], made["share"] = grouped.size(), made["bytes"] / df["bytes"].sum()
    made["unique_src_ips"], made["unique_dst_ips"] = grouped["src_ip"].nunique(), grouped["dst_ip"].nunique()
    return table(made)


def sessions(df, gap=60 * 1_000_000_000, n=50):
    """The longest of each pair, one after another in the order of starts."""
    made = []
    sizes = df.assign(end=df["t"] + lengths(df), both=df["bytes"] + df["rev_bytes"].fillna(0).astype("int64"))
    for key, own in sizes.sort_values("t", kind="stable").groupby(["src_ip", "dst_ip"])[["t", "end", "bytes"]]:
        reach = own["end"].cummax().shift()
        number = (own["t"] > reach + gap).cumsum()
        for _, part in own.groupby(number):
            made.append((int(part["end"].max() - part["t"].min()), key, int(part["t"].min()), len(part), int(part["bytes"].sum())))
    return [(d / 1e9, start, flows, size) for d, _, start, flows, size in sorted(made, key=lambda s: -s[0])[:n]], made


def group(df):
    """Per source and port."""
    own = df.assign(dur=lengths(df))
    grouped = own.groupby(["src_ip", "dst_port"])
    made = pd.DataFrame({
        "count": grouped.size(), "bytes_sum": grouped["bytes"].sum(), "bytes_mean": grouped["bytes"].mean(),
        "bytes_std": grouped["bytes"].std(ddof=1).fillna(0.0), "bytes_min": grouped["bytes"].min(),
        "packets_max": grouped["packets"].max(), "bytes_median": grouped["bytes"].median(),
        "bytes_p90": grouped["bytes"].quantile(0.9), "dst_ip_distinct": grouped["dst_ip"].nunique(),
        "protocol_distinct": grouped["protocol"].nunique()})
    return made


AGGREGATES = "count+sum(bytes)+mean(bytes)+std(bytes)+min(bytes)+max(packets)+median(bytes)+p90(bytes)+distinct(dst_ip)+distinct(protocol)"


def keyed(rows, *names):
    """Rows by these columns, times as nanoseconds, without what says which kind they are."""
    out = {}
    for row in rows:
        key = tuple(nanoseconds(row[n]) if n == "timestamp" else row[n] for n in names)
        values = {k: nanoseconds(v) if k.endswith("_at") else v for k, v in row.items()}
        out[key if len(key) > 1 else key[0]] = {"rev_bytes": 0, "rev_packets": 0, **values}
    return out


def longest(rows, df):
    """Differences of the longest sessions: their lengths in order, and each is one that there is."""
    expected, made = sessions(df)
    found = [f"length {i}: expected {e[0]!r}, got {r['duration']!r}" for i, (e, r) in enumerate(zip(expected, rows))
             if abs(e[0] - r["duration"]) > 1e-6]
    known = {(start, flows, size, key) for _, key, start, flows, size in made}
    for row in rows:
        if (nanoseconds(row["timestamp"]), row["flows"], row["bytes"], (row["src_ip"], row["dst_ip"])) not in known:
            found.append(f"no such session: {row}")
    return found if len(rows) == len(expected) else [*found, f"{len(rows)} sessions, {len(expected)} expected"]


def check(report, programs, where, path, df):
    """All of them over one file of flow lines."""
    crowded = {k for k, n in df.groupby(["src_ip", "dst_port"]).size().items() if n > EXACT_VALUES}

    def rough(key, column):
        return 1e-3 if key in crowded and column in ("bytes_median", "bytes_p90") else None

    made = timeline(df)
    made.index = pd.MultiIndex.from_tuples([(stamp(b), int(p)) for b, p in made.index])
    items = {
        "timeline:bin=1h,by=protocol": lambda rows: differences(table(made), keyed(rows, "timestamp", "protocol")),
        "rates": lambda rows: differences(rates(df), {"all": next(iter(keyed(rows, "kind").values()))}),
        "entropy:bin=1h": lambda rows: differences(entropy(df), keyed(rows, "timestamp"), lambda *_: 1e-8),
        "matrix": lambda rows: differences(matrix(df), keyed(rows, "src_ip", "dst_ip")),
        "sessions:by=src_ip+dst_ip,n=50": lambda rows: longest(rows, df),
        f"group:by=src_ip+dst_port,agg={AGGREGATES}":
            lambda rows: differences(table(group(df)), keyed(rows, "src_ip", "dst_port"), rough)}
    for item, compare in items.items():
        stage = ("flowstat", "-i", path, item)
        try:
            rows = programs.lines(stage)
            found = compare(rows)
        except Failed as failed:
            rows, found = [], [str(failed)]
        report.check(where, item.partition(",agg")[0], found, f"{len(rows)} rows", shown(stage))
