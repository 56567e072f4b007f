"""Flows for the checks of enrichers, as a frame and as flow lines in no order of time.

Hosts of both families, some with very many flows; starts in bursts, and planted ones exactly half a window of ten
seconds apart and a millisecond more; flows of duration 0, without packets back, without a way back at all, without ports.
"""
import json

import numpy as np
import pandas as pd

FIRST = 1_421_884_800_000  # 2015-01-22T00:00:00Z


def hosts(count):
    """Addresses, every seventh of them IPv6."""
    return np.array([f"2001:db8::{i:x}" if i % 7 == 3 else f"{10 + i % 3 * 90}.{i // 250}.{i % 5}.{i % 250}" for i in range(count)])


def flows(count):
    """The frame: ms is the start in milliseconds; an absent way back is NaN."""
    r = np.random.default_rng(17)
    names = hosts(900)
    bursts = r.integers(0, 40 * 3_600_000, 400)
    ms = np.where(r.random(count) < 0.4, r.choice(bursts, count) + r.integers(0, 8000, count), r.integers(0, 40 * 3_600_000, count))
    frame = pd.DataFrame({
        "ms": ms, "duration": np.where(r.random(count) < 0.1, 0, r.integers(0, 90_000, count)) / 1000,
        "src_ip": names[r.zipf(1.4, count) % 900], "dst_ip": names[r.zipf(1.3, count) % 900],
        "src_port": r.integers(0, 65_536, count), "dst_port": r.choice([22, 53, 80, 443, 1023, 1024, 49_151, 49_152, 60_000], count),
        "protocol": r.choice([1, 2, 6, 17, 47, 89, 132], count, p=[.05, .02, .5, .35, .04, .02, .02])})
    # Pairs of flows of one source exactly half a window apart, and one millisecond more.
    for i in range(0, 3000, 3):
        frame.loc[[i + 1, i + 2], "ms"] = frame.at[i, "ms"] + np.array([5000, 5001])
        frame.loc[[i + 1, i + 2], "src_ip"] = frame.at[i, "src_ip"]
    frame.loc[~frame["protocol"].isin([6, 17, 132]), ["src_port", "dst_port"]] = 0
    frame["packets"] = np.minimum(r.zipf(1.6, count), 100_000)
    frame["bytes"] = frame["packets"] * r.integers(40, 1500, count)
    back = r.random(count)
    frame["rev_packets"] = np.where(back < 0.2, np.nan, np.minimum(r.zipf(1.6, count), 100_000))
    frame["rev_bytes"] = frame["rev_packets"] * r.integers(40, 1500, count)
    frame.loc[back > 0.9, ["rev_packets", "rev_bytes"]] = 0
    frame["tcp_flags"] = np.where(frame["protocol"] == 6, r.integers(0, 256, count), np.nan)
    return frame.sample(frac=1, random_state=3).reset_index(drop=True)


def lines(frame):
    """Each flow as a flow line."""
    starts = pd.to_datetime(frame["ms"] + FIRST, unit="ms").dt.strftime("%Y-%m-%dT%H:%M:%S.%f").str[:-3] + "Z"
    out = []
    for start, row in zip(starts, frame.drop(columns="ms").to_dict("records")):
        members = {k: int(v) if not isinstance(v, str) and v == int(v) else v for k, v in row.items() if v == v}
        out.append(json.dumps({"timestamp": start} | members, separators=(",", ":")))
    return out


def write(frame, path):
    """Writes them."""
    path.write_text("\n".join(lines(frame)) + "\n", encoding="utf8")
