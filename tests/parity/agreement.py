"""Holds the reference here against a second one, written by other hands, where that is at hand: `oracle.py` of a folder
that is given. Two computations that agree are less likely to be wrong in the same way."""
import importlib.util

import pandas as pd
import reference as ref
from report import differences

HOST_COLUMNS = {
    "total_bytes": "bytes", "total_packets": "packets", "flow_count": "flows", "unique_dst_ips": "unique_dst_ips",
    "unique_dst_ports": "unique_dst_ports", "mean_bytes_per_flow": "bytes_per_flow_mean",
    "std_bytes_per_flow": "bytes_per_flow_std", "median_bytes_per_flow": "bytes_per_flow_median",
    "p95_bytes_per_flow": "bytes_per_flow_p95"}


def load(path):
    """The module, or None."""
    if path is None or not path.is_file():
        return None
    spec = importlib.util.spec_from_file_location("oracle", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table(df, columns=None):
    """A frame as dict of dicts of plain numbers."""
    picked = df if columns is None else df[list(columns)].rename(columns=columns)
    kinds = {c: float if pd.api.types.is_float_dtype(picked[c]) else int for c in picked.columns
             if pd.api.types.is_numeric_dtype(picked[c])}
    return {k: {c: kinds[c](v) if c in kinds else v for c, v in zip(picked.columns, row)}
            for k, row in zip(picked.index, picked.itertuples(index=False))}


def values(alerts):
    """Key and value of alerts of the reference; keys of one part as the part alone."""
    return {k if len(k) > 1 else k[0]: {"value": a["value"]} for k, a in alerts.items()}


def plain(alerts, at=None):
    """Likewise of the other one."""
    return {k: {"value": v if at is None else v[at]} for k, v in alerts.items()}


def check(report, oracle, where, df, normal):
    """All definitions that both have."""
    for column in ("rev_bytes", "rev_packets"):
        df, normal = df.assign(**{column: df[column].fillna(0)}), normal.assign(**{column: normal[column].fillna(0)})
    host = oracle.hosts(df)
    one_day = ref.hourly(df)[["flows", "bytes", "packets", "bytes_mean", "bytes_std", "bytes_median"]]
    pair = {k: a for k, a in ref.portscan(df).items() if len(k) == 2}
    whole = {k: a for k, a in ref.portscan(df).items() if len(k) == 1}
    lower, upper, outside = oracle.iqr_hosts(host)
    fences = ref.tukey(df.groupby("src_ip")["bytes"].mean())
    z, hit = oracle.zscore_flows(df["bytes"])
    del z
    learnt, mine = oracle.train_test_bounds(normal["bytes"]), ref.tukey(normal["bytes"])
    checks = {
        "hosts": (table(host, HOST_COLUMNS), table(ref.hosts(df)[list(HOST_COLUMNS.values())])),
        "hourly": (oracle.hourly(df), table(one_day)),
        "daily": (oracle.daily(df), table(ref.daily(df)[["bytes", "packets", "flows", "hosts"]])),
        "pairs": (table(oracle.pairs(df)), table(ref.pairs(df))),
        "protocols": (table(oracle.protocols(df), {"flow_count": "flows", "total_bytes": "bytes"}), table(ref.protocols(df))),
        "ports": (table(oracle.ports(df)), table(ref.ports(df))),
        "describe": (table(oracle.describe(df).T.rename(columns={"25%": "p25", "50%": "p50", "75%": "p75"})),
                     table(ref.describe(df, ["bytes", "packets"]))),
        "zscore": (plain(oracle.zscore_hosts(host)), values(ref.zscore(df))),
        "mad": (plain(oracle.mad_hosts(host)), values(ref.mad(df))),
        "iqr": ({k: {"lower": lower, "upper": upper} for k in outside}, {k[0]: a for k, a in ref.iqr(df).items()}),
        "fences": ({0: {"lower": lower, "upper": upper}}, {0: fences}),
        "portscan, pairs": (plain(oracle.portscan_pairs(df)), values(pair)),
        "portscan, all targets": (plain(oracle.portscan_hosts(df)), values(whole)),
        "sweep": (plain(oracle.sweeps(df), 0), values(ref.sweep(df))),
        "exfil": (plain(oracle.exfil(df)), values(ref.exfil(df))),
        "beacon": (plain(oracle.beacons(df), 2), values(ref.beacon(ref.rhythms(df, 10)))),
        "zscore of flows": ({0: {"flows": int(hit.sum())}},
                            {0: {"flows": sum(a["count"] for a in ref.flow_zscore(df, "bytes").values())}}),
        "learnt bounds": ({0: {"lower": learnt["iqr_lower"], "upper": learnt["iqr_upper"]}}, {0: mine}),
        "learnt sigma": ({0: {"flows": int((df["bytes"] > learnt["upper_sigma"]).sum())}},
                         {0: {"flows": sum(a["count"] for a in ref.sigma(df, normal, "bytes").values())}}),
    }
    for name, (theirs, ours) in checks.items():
        report.check(where, f"two references: {name}", differences(theirs, ours), f"{len(theirs)} keys")
