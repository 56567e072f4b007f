"""Flows to files, and files to pandas: flow lines, nfdump's 48-column CSV, Zeek's conn.log as CSV.

The readers are written from the formats' documentation and share no code with the programs under test. A frame has
t (start, whole nanoseconds), timestamp (UTC), duration (seconds), src_ip, dst_ip, src_port, dst_port, protocol,
packets, bytes, rev_packets and rev_bytes (NaN where the flow has none).
"""
import json
from decimal import Decimal

import numpy as np
import pandas as pd

PROTOCOLS = {1: "ICMP", 2: "IGMP", 6: "TCP", 17: "UDP", 47: "GRE", 50: "ESP", 58: "ICMP6"}
NUMBERS = {name: number for number, name in PROTOCOLS.items()}
COUNTS = ["src_port", "dst_port", "protocol", "packets", "bytes"]
BACK = ["rev_packets", "rev_bytes"]


def instant(t, digits):
    """RFC 3339 of whole nanoseconds with that many decimals."""
    whole, rest = divmod(t, 1_000_000_000)
    text = np.datetime_as_string(np.datetime64(whole, "s"))
    return f"{text}.{rest:09d}"[:20 + digits] + "Z" if digits else f"{text}Z"


def write_lines(path, flows, order, digits):
    """One JSON object a line."""
    with open(path, "w", encoding="utf8") as out:
        for i in order:
            f = flows[i]
            head = {"timestamp": instant(f["t"], digits), "duration": f["ms"] / 1000}
            out.write(json.dumps(head | {k: v for k, v in f.items() if k not in ("t", "ms")}) + "\n")


HEADER = ("ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt,in,out,sas,das,smk,dmk,dtos,dir,nh,nhb,svln,dvln,"
          "ismc,odmc,idmc,osmc,mpls1,mpls2,mpls3,mpls4,mpls5,mpls6,mpls7,mpls8,mpls9,mpls10,cl,sl,al,ra,eng,exid,tr")


def write_nfdump(path, flows, order):
    """What `nfdump -o csv` of 1.6.13 to 1.7.4 prints: whole seconds, ICMP's type and code as the destination port."""
    tail = ["0", "0", "0", "0", "0", "0", "0", "0", "0.0.0.0", "0.0.0.0", "0", "0", *["00:00:00:00:00:00"] * 4,
            *["0-0-0"] * 10, *["    0.000"] * 3, "192.0.2.254", "0/0", "1", "2024-01-09 10:00:00.000"]
    with open(path, "w", encoding="utf8") as out:
        out.write(HEADER + "\n")
        for i in order:
            f = flows[i]
            flags = "".join(c if f.get("tcp_flags", 0) >> bit & 1 else "." for bit, c in zip(range(7, -1, -1), "CEUAPRSF"))
            port = f["icmp_type"] * 256 + f["icmp_code"] if "icmp_type" in f else f["dst_port"]
            ts, te = (instant(t // 1_000_000_000 * 1_000_000_000, 0)[:-1].replace("T", " ")
                      for t in (f["t"], f["t"] + f["ms"] * 1_000_000))
            cells = [ts, te, f"{f['ms'] / 1000:.3f}", f["src_ip"], f["dst_ip"], f["src_port"], port,
                     PROTOCOLS[f["protocol"]], flags, 0, 0, f["packets"], f["bytes"],
                     f.get("rev_packets", 0), f.get("rev_bytes", 0)]
            out.write(",".join(map(str, cells + tail)) + "\n")
        total, packets = sum(f["bytes"] for f in flows), sum(f["packets"] for f in flows)
        out.write(f"Summary\nflows,bytes,packets,avg_bps,avg_pps,avg_bpp\n{len(flows)},{total},{packets},0,0,0\n")


def frame(columns):
    """The frame of these columns; ICMP has no ports."""
    df = pd.DataFrame(columns).reset_index(drop=True)
    df[COUNTS] = df[COUNTS].astype("int64")
    df.loc[df["protocol"].isin((1, 58)), ["src_port", "dst_port"]] = 0
    df["timestamp"] = pd.to_datetime(df["t"], unit="ns", utc=True)
    df[BACK] = df[BACK].astype("float64")
    return df


def nanoseconds(text):
    """Of RFC 3339 text in UTC, whatever its decimals."""
    whole, _, rest = text.removesuffix("Z").partition(".")
    return int(np.datetime64(whole, "s").astype("int64")) * 1_000_000_000 + int(rest.ljust(9, "0") or 0)


def read_lines(path):
    """Flow lines; rows, alerts and baselines are left out."""
    with open(path, encoding="utf8") as lines:
        rows = [row for row in map(json.loads, lines) if "kind" not in row]
    df = pd.DataFrame(rows)
    for name in BACK + ["duration"]:
        if name not in df:
            df[name] = np.nan
    df["t"] = df["timestamp"].map(nanoseconds)
    return frame({c: df[c] for c in ["t", "duration", "src_ip", "dst_ip", *COUNTS, *BACK]})


def read_nfdump(path):
    """nfdump's 48 columns; a way back of no packets and bytes is no way back."""
    df = pd.read_csv(path, dtype=str, usecols=HEADER.split(",")[:15])
    df = df[df["ts"].str.match(r"\d{4}-")]
    back = df[["opkt", "obyt"]].astype("float64").replace(0.0, np.nan)
    return frame({
        "t": pd.to_datetime(df["ts"], utc=True).astype("datetime64[ns, UTC]").astype("int64"),
        "duration": df["td"].astype(float), "src_ip": df["sa"], "dst_ip": df["da"],
        "src_port": df["sp"], "dst_port": df["dp"], "protocol": df["pr"].map(lambda p: NUMBERS[p]),
        "packets": df["ipkt"], "bytes": df["ibyt"], "rev_packets": back["opkt"], "rev_bytes": back["obyt"]})


def read_zeek(path):
    """Zeek's conn.log as CSV: epoch seconds, bytes of the IP layer, always two-way, no duration for a lone packet."""
    df = pd.read_csv(path, dtype=str)
    return frame({
        "t": df["ts"].map(lambda s: int(Decimal(s) * 1_000_000_000)), "duration": df["duration"].astype(float),
        "src_ip": df["id.orig_h"], "dst_ip": df["id.resp_h"], "src_port": df["id.orig_p"], "dst_port": df["id.resp_p"],
        "protocol": df["proto"].map({"tcp": 6, "udp": 17, "icmp": 1}), "packets": df["orig_pkts"],
        "bytes": df["orig_ip_bytes"], "rev_packets": df["resp_pkts"], "rev_bytes": df["resp_ip_bytes"]})
