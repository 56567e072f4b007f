"""flowstat against the reference: every view, its columns, its keys and their order, and what it says of quantiles."""
import functools
import ipaddress

import baselines
import reference as ref
from agreement import table
from files import nanoseconds
from programs import Failed, shown
from report import differences

KEYS = {"hosts": ["src_ip"], "pairs": ["src_ip", "dst_ip"], "hourly": ["hour"], "daily": ["date"],
        "weekly": ["hour_of_week"], "protocols": ["protocol"], "ports": ["dst_port"], "describe": ["field"]}
# Values within a key, and distinct values of a field, up to which quantiles are exact; how far off they may be beyond.
EXACT_VALUES, EXACT_DISTINCT, OFF = 1024, 65_536, 1e-3
QUANTILES = {"bytes_per_flow_median", "bytes_per_flow_p95", "bytes_median", "p25", "p50", "p75"}


def by_key(rows, keys):
    """Rows as a dict by these columns, with times as nanoseconds and a way back that is not there as 0."""
    out = {}
    for row in rows:
        key = tuple(row[k] for k in keys)
        row = {"rev_bytes": 0, "rev_packets": 0, **row}
        for name in ("first", "last"):
            if isinstance(row.get(name), str):
                row[name] = nanoseconds(row[name])
        out[key if len(key) > 1 else key[0]] = row
    return out


@functools.cache
def rank(text):
    """Where an address stands: IPv4 before IPv6, by value."""
    network = ipaddress.ip_network(text)
    return network.version, int(network.network_address)


def misplaced(rows, view, df):
    """Rows that are not in the order of their keys, or come twice."""
    address = {"src_ip", "dst_ip"}
    keys = [tuple(rank(r[k]) if k in address else r[k] for k in KEYS[view]) for r in rows]
    if view == "ports":
        keys = [(-r["flows"], r["dst_port"]) for r in rows]
    if view == "describe":
        return [] if [k[0] for k in keys] == df else [f"fields come as {keys}, not as asked"]
    return [f"{a} before {b}" for a, b in zip(keys, keys[1:]) if a >= b]


def wrongly_rough(rows, exact, counted):
    """Rows that call a quantile approximate where it has to be exact; `counted` gives how much the key holds."""
    found = []
    for key, row in rows.items():
        rough = QUANTILES.intersection(row.get("approx", []))
        if rough and (exact or not counted(key)):
            found.append(f"{key}: {sorted(rough)} are approximate, and have to be exact")
    return found


def check(report, programs, where, path, df):
    """All views over one file of flow lines."""
    fields = ["bytes", "packets", "duration", *(["rev_bytes"] if df["rev_bytes"].notna().any() else [])]
    expected = {
        "hosts": ref.hosts(df), "pairs": ref.pairs(df), "hourly": ref.hourly(df), "daily": ref.daily(df),
        "protocols": ref.protocols(df), "ports": ref.ports(df), "weekly": ref.weekly(df), "describe": ref.describe(df, fields)}
    crowded = {view: set(table_.index[table_["flows"] > EXACT_VALUES]) for view, table_ in expected.items() if "flows" in table_}
    crowded["describe"] = {f for f in fields if df[f].nunique() > EXACT_DISTINCT}
    of = f"describe:of={'+'.join(fields)}"
    full = [of + ",quantiles=exact", "hosts:quantiles=exact", "hourly:quantiles=exact", "daily:quantiles=exact"]
    some = [*(v for v in KEYS if v != "describe"), of]
    # A baseline keeps internal pairs alone.
    learnt = [item for item in some if item != "pairs"]
    baseline = baselines.check(report, programs, where, path, df)
    for items, exact, data in ((some, False, None), (full, True, None), (learnt, False, baseline)):
        stage = ("flowstat", *(["-i", path] if data is None else []), *items)
        try:
            rows = programs.lines(stage, data=data)
        except Failed as failed:
            report.check(where, "flowstat runs", [str(failed)], "all views", shown(stage))
            continue
        for item in items:
            view = item.partition(":")[0]
            frame, got = expected[view], [r for r in rows if r.get("kind") == view]
            found = compare(view, frame, got, crowded.get(view, set()), exact) + misplaced(got, view, fields)
            name = view + (":quantiles=exact" if exact else " of a baseline" if data is not None else "")
            report.check(where, name, found, f"{len(frame)} rows", shown(("flowstat", "-i", path, item)))
    variants(report, programs, where, path, df)


def variants(report, programs, where, path, df):
    """Other keys, other zones, other numbers of rows."""
    by_bytes = ref.hosts(df).sort_index().sort_values("bytes", ascending=False, kind="stable")
    more = {
        "hosts:by=dst_ip,quantiles=no": (ref.hosts(df, "dst_ip"), ["dst_ip"]),
        "hosts:by=src_ip/24,quantiles=no": (ref.hosts(ref.networks(df, "src_ip", 24, 64)), ["src_ip"]),
        "hosts:top=7,quantiles=no": (by_bytes.head(7), ["src_ip"]),
        "ports:top=65536": (ref.ports(df, 65_536), ["dst_port"]),
        "hourly:tz=Asia/Kolkata,quantiles=exact": (ref.hourly(ref.by_clock(df, "Asia/Kolkata")), ["hour"]),
        "daily:tz=Europe/Lisbon,quantiles=exact": (ref.daily(ref.by_clock(df, "Europe/Lisbon")), ["date"])}
    for item, (frame, keys) in more.items():
        stage = ("flowstat", "-i", path, item)
        frame = frame.drop(columns=[c for c in ("bytes_per_flow_median", "bytes_per_flow_p95") if "quantiles=no" in item and c in frame])
        try:
            found = differences(table(frame), by_key(programs.lines(stage), keys))
        except Failed as failed:
            found = [str(failed)]
        report.check(where, item, found, f"{len(frame)} rows", shown(stage))


def compare(view, frame, got, crowded, exact):
    """Differences of one view."""
    rows, want = by_key(got, KEYS[view]), table(frame)
    found = wrongly_rough(rows, exact, crowded.__contains__)
    if view == "protocols":
        found += shares(rows, want)
    if view == "weekly":
        # An hour without any flow may have its row of zeros or none.
        want = {k: r for k, r in want.items() if k in rows or r["flows_mean"]}

    def tolerance(key, column):
        return OFF if column in rows[key].get("approx", []) else None

    return found + differences(want, rows, tolerance)


def shares(rows, want):
    """Percentages are rounded to two places; a half may go either way."""
    found = []
    for key, row in want.items():
        for column in ("percentage", "bytes_percentage"):
            exact, came = row.pop(column), rows.get(key, {}).get(column)
            if came is None or abs(came - exact) > 0.005 + 1e-9 or abs(came * 100 - round(came * 100)) > 1e-6:
                found.append(f"{key}: {column}: expected {exact!r} rounded to 0.01, got {came!r}")
    return found
