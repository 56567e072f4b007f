"""What enrichers add, computed in pandas, NumPy and scikit-learn, and compared."""
import base64
import hashlib
import ipaddress
import struct

import numpy as np
import pandas as pd
from programs import Failed, shown
from report import same
from traffic import FIRST


def compared(report, programs, name, stages, expected, data=None):
    """Runs a pipeline and compares columns, flow by flow: an expected NaN or None is an absent member."""
    try:
        came = programs.lines(*stages, data=data)
    except Failed as failed:
        return report.check("flows", name, [str(failed)], "", shown(*stages))
    found = [] if len(came) == len(expected) else [f"{len(expected)} lines expected, {len(came)} came"]
    for column in expected.columns:
        wanted = expected[column].to_list()
        for i, (want, line) in enumerate(zip(wanted, came)):
            got = line.get(column)
            if want is None or want != want:
                if got is not None:
                    found.append(f"flow {i}: {column}: nothing expected, got {got!r}")
            elif not same(want, got):
                found.append(f"flow {i}: {column}: expected {want!r}, got {got!r}")
    report.check("flows", name, found, f"{len(expected)} flows, {len(expected.columns)} columns", shown(*stages))
    return came


def simple(report, programs, flows, path, _folder):
    """Flags, hours, days, rates."""
    starts = pd.to_datetime(flows["ms"] + FIRST, unit="ms", utc=True)
    local = starts.dt.tz_convert("Europe/Lisbon")
    text = lambda bits: "".join(c if int(bits) >> (7 - i) & 1 else "." for i, c in enumerate("CEUAPRSF"))
    flags = [text(bits) if bits == bits else None for bits in flows["tcp_flags"]]
    compared(report, programs, "flags", [("flowenrich", "-i", path, "flags")], pd.DataFrame({"tcp_flags_text": flags}))
    for zone, clock in (("UTC", starts), ("Europe/Lisbon", local)):
        wanted = pd.DataFrame({"hour": clock.dt.hour, "weekday": clock.dt.dayofweek})
        compared(report, programs, f"hour, weekday in {zone}", [("flowenrich", "-i", path, f"hour:tz={zone}", f"weekday:tz={zone}")], wanted)
    positive = lambda values: values.where(values > 0)
    back = flows[["rev_bytes", "rev_packets"]]
    seconds = positive(flows["duration"])
    wanted = pd.DataFrame({
        "bps": flows["bytes"] * 8 / seconds, "pps": flows["packets"] / seconds, "bpp": flows["bytes"] / flows["packets"],
        "rev_bps": back["rev_bytes"] * 8 / seconds, "rev_pps": back["rev_packets"] / seconds,
        "rev_bpp": back["rev_bytes"] / positive(back["rev_packets"]), "bytes_ratio": back["rev_bytes"] / flows["bytes"],
        "packets_ratio": back["rev_packets"] / flows["packets"],
        "pcr": (flows["bytes"] - back["rev_bytes"]) / (flows["bytes"] + back["rev_bytes"])})
    compared(report, programs, "rates", [("flowenrich", "-i", path, "rates")], wanted)


def community(report, programs, flows, path, _folder):
    """The Community ID by hashlib, ports where the protocol has them; the sample has no types of ICMP."""
    def identifier(f):
        if f.protocol == 1:
            return None
        ends = [(ipaddress.ip_address(f.src_ip).packed, f.src_port), (ipaddress.ip_address(f.dst_ip).packed, f.dst_port)]
        (a, p), (b, q) = sorted(ends)
        ports = struct.pack("!HH", p, q) if f.protocol in (6, 17, 132) else b""
        digest = hashlib.sha1(struct.pack("!H", 77) + a + b + bytes([f.protocol, 0]) + ports).digest()
        return "1:" + base64.b64encode(digest).decode()
    wanted = pd.DataFrame({"community_id": [identifier(f) for f in flows.itertuples()]})
    compared(report, programs, "communityid", [("flowenrich", "-i", path, "communityid:seed=77")], wanted)


def fan_counts(flows, half):
    """The four counts, group by group: of the flows with the same source or destination, those near in time."""
    def near(key, other):
        groups = {}
        for name, part in flows.sort_values("ms").groupby(key):
            groups[name] = (part["ms"].to_numpy(), part[other].to_numpy())
        return groups
    out, into = near("src_ip", "dst_ip"), near("dst_ip", "src_ip")
    nothing = (np.array([], dtype="int64"), np.array([]))
    def distinct(groups, host, ms):
        times, others = groups.get(host, nothing)
        return len(set(others[np.searchsorted(times, ms - half, "left"):np.searchsorted(times, ms + half, "right")]))
    rows = [(distinct(out, f.src_ip, f.ms), distinct(into, f.src_ip, f.ms), distinct(into, f.dst_ip, f.ms), distinct(out, f.dst_ip, f.ms))
            for f in flows.itertuples()]
    return pd.DataFrame(rows, columns=["fan_out_src", "fan_in_src", "fan_in_dst", "fan_out_dst"])


def fan(report, programs, flows, path, folder):
    """Fan-in and fan-out: any order, and sorted with no lateness."""
    wanted = fan_counts(flows, 5000)
    compared(report, programs, "fan, in no order", [("flowenrich", "-i", path, "fan")], wanted)
    compared(report, programs, "fan, in a file beyond 8 MB of memory",
             [("flowenrich", "-i", path, "--memory", "8M", "--spill", folder, "fan")], wanted)
    compared(report, programs, "fan:window=1m", [("flowenrich", "-i", path, "fan:window=1m")], fan_counts(flows, 30_000))
    order = flows["ms"].argsort(kind="stable")
    text = path.read_bytes().splitlines(keepends=True)
    compared(report, programs, "fan, sorted, --lateness 0", [("flowenrich", "--lateness", "0", "fan")],
             wanted.iloc[order].reset_index(drop=True), b"".join(text[i] for i in order))


def truth_of(flows):
    """A ground truth as UNSW-NB15's: whole seconds, either direction, some rows of no flow, some that disagree."""
    r = np.random.default_rng(23)
    rows = flows.iloc[r.choice(len(flows), 20_000, replace=False)]
    start = (rows["ms"].to_numpy() + FIRST) // 1000 + r.integers(-2, 3, len(rows))
    turned = r.random(len(rows)) < 0.4
    ends = [np.where(turned, rows[b], rows[a]) for a, b in
            (("src_ip", "dst_ip"), ("src_port", "dst_port"), ("dst_ip", "src_ip"), ("dst_port", "src_port"))]
    return pd.DataFrame({"Start time": start, "Last time": start + r.integers(0, 4, len(rows)),
                         "Attack category": r.choice([" Fuzzers ", "DoS", "Exploits"], len(rows)), "Protocol": rows["protocol"].to_numpy(),
                         "Source IP": ends[0], "Source Port": ends[1], "Destination IP": ends[2], "Destination Port": ends[3]})


def matched(flows, truth, keys, slack, either):
    """For each flow the first row of the truth that belongs to it, by a merge on the keys and a look at the times."""
    rows = truth.set_axis(["start", "end", "attack", "protocol", "src_ip", "src_port", "dst_ip", "dst_port"], axis=1).reset_index(names="row")
    turn = {"src_ip": "dst_ip", "dst_ip": "src_ip", "src_port": "dst_port", "dst_port": "src_port"}
    sides = [rows, rows.rename(columns=turn)] if either else [rows]
    f = flows.reset_index(names="flow")[["flow", "ms", "duration", *keys]]
    both = pd.concat([f.merge(side[["row", "start", "end", "attack", *keys]], on=keys) for side in sides])
    begins = both["ms"] + FIRST
    ends = begins + (both["duration"] * 1000).round().astype("int64")
    near = (both["start"] * 1000 - slack <= ends) & (both["end"] * 1000 + slack >= begins)
    first = both[near].sort_values("row").groupby("flow").first()
    return flows.index.to_series().map(first["attack"])


def label(report, programs, flows, path, folder):
    """Ground truth as a merge in pandas has it."""
    truth = truth_of(flows)
    file = folder / "truth.csv"
    truth.to_csv(file, index=False)
    full = ["src_ip", "dst_ip", "src_port", "dst_port", "protocol"]
    attack = matched(flows, truth, full, 1000, True)
    wanted = pd.DataFrame({"label": np.where(attack.isna(), "benign", "malicious"), "attack": attack.str.strip()})
    compared(report, programs, "label", [("flowenrich", "-i", path, f"label:truth={file}")], wanted)
    ports = ["src_port", "dst_port", "protocol"]
    numeric = pd.DataFrame({"label_numeric": matched(flows, truth, ports, 0, False).notna().astype(int)})
    item = f"label:truth={file},key={'+'.join(ports)},direction=forward,slack=0,numeric=true"
    compared(report, programs, "label as a notebook has it", [("flowenrich", "-i", path, item)], numeric)


CHECKS = {"label": label, "simple": simple, "communityid": community, "fan": fan}
