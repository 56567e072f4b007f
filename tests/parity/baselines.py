"""flowstat baseline against pandas: what its lines say of hosts, pairs, hours and distributions, of parts that are merged,
and the views that read it."""
import ipaddress
import json

import numpy as np

import reference as ref
from agreement import table
from files import nanoseconds
from programs import Failed, shown
from report import differences

# Flows of a host or an hour up to which their sizes are exact; destination ports of a host that are counted one by one.
EXACT_VALUES, EXACT_PORTS = 1024, 512
INTERNAL = [ipaddress.ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")]


def parts(path, n):
    """The lines of a file in `n` parts, dealt like cards."""
    lines = path.read_bytes().splitlines(keepends=True)
    return [b"".join(lines[i::n]) for i in range(n)]


def read(lines):
    """States by section and key; several lines of a key are one (here only sets are that long)."""
    states = {}
    for line in lines:
        if "section" in line:
            key = line["key"]
            key = tuple(key) if isinstance(key, list) else key
            states.setdefault(line["section"], {}).setdefault(key, []).append(line["data"])
    return states


def peers(datas):
    return sorted(address for data in datas for address in data.get("peers", []))


def flat(data):
    """The sums of a state, times as nanoseconds."""
    sums = {"rev_bytes": 0, "rev_packets": 0, **data["sums"]}
    return {k: nanoseconds(v) if k in ("first", "last") else v for k, v in sums.items()}


def counts(own, column):
    return {str(k): int(v) for k, v in own[column].dropna().astype(int).value_counts().items()}


def hosts(states, df):
    """Differences in the hosts."""
    found = differences(table(ref.sums(df, "src_ip").join(ref.times(df, "src_ip"))), {k: flat(d[0]) for k, d in states.items()})
    hour = df.assign(hour=(df["t"] // ref.HOUR + 72) % 168)
    for key, own in hour.groupby("src_ip"):
        datas = states.get(key, [{}])
        data = datas[0]
        wrong = []
        if peers(datas) != sorted(own["dst_ip"].unique()):
            wrong.append("peers")
        ports = counts(own, "dst_port")
        if len(ports) <= EXACT_PORTS and data["ports"] != {"flows": dict(sorted(ports.items(), key=lambda p: int(p[0])))}:
            wrong.append("ports")
        wrong += [name for name, column in (("protocols", "protocol"), ("hours", "hour")) if data[name] != counts(own, column)]
        sizes = data["bytes"]
        x = own["bytes"].to_numpy(object)
        if (sizes["moments"]["n"], sizes["moments"]["sum"], int(sizes["moments"]["squares"], 16)) != (len(x), sum(x), sum(v * v for v in x)):
            wrong.append("moments")
        if len(x) <= EXACT_VALUES and sizes["quantiles"] != {"values": sorted(int(v) for v in x)}:
            wrong.append("sizes")
        if wrong:
            found.append(f"{key}: {', '.join(wrong)}")
    return found


def pairs(states, df):
    """Differences in the internal pairs."""
    internal = {a: any(ipaddress.ip_address(a) in n for n in INTERNAL) for a in {*df["src_ip"], *df["dst_ip"]}}
    own = df[df["src_ip"].map(internal) & df["dst_ip"].map(internal)]
    if own.empty:
        return [] if not states else [f"{len(states)} pairs of none"]
    frame = ref.sums(own, ["src_ip", "dst_ip"]).join(ref.times(own, ["src_ip", "dst_ip"]))
    return differences(table(frame), {k: flat(d[0]) for k, d in states.items()})


def hours(states, df):
    """Differences in the hours."""
    own = df.assign(hour=np.array(df["t"] // ref.HOUR, dtype="datetime64[h]").astype(str))
    return differences(table(ref.sums(own, "hour").join(ref.times(own, "hour"))), {k: flat(d[0]) for k, d in states.items()})


def check(report, programs, where, path, df):
    """The baseline of a file, of its parts, and what is in it."""
    stage = ("flowstat", "-i", path, "baseline")
    try:
        whole = programs.run(stage)
        made = [programs.run(("flowstat", "baseline"), data=part) for part in parts(path, 3)]
        merged = programs.run(("flowstat", "baseline"), data=b"".join(reversed(made)))
    except Failed as failed:
        report.check(where, "flowstat baseline", [str(failed)], "a baseline", shown(stage))
        return None
    report.check(where, "baselines of three parts", [] if merged == whole else ["merged, they are not that of the whole"],
                 f"{len(whole)} bytes", shown(stage))
    states = read(map(json.loads, whole.splitlines()))
    for name, section in (("hosts", hosts), ("pairs", pairs), ("hours", hours)):
        report.check(where, f"baseline: {name}", section(states.get(name, {}), df), f"{len(states.get(name, {}))} keys", shown(stage))
    return whole
