"""What enrichers add, computed in pandas, NumPy and scikit-learn, and compared."""
import base64
import csv
import hashlib
import hmac
import ipaddress
import pathlib
import struct

import numpy as np
import pandas as pd
from programs import Failed, shown
from report import same
from traffic import FIRST, write


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


def ct(report, programs, flows, path, folder):
    """The counts over the last 100 flows: by a rolling window in pandas, a group at a time."""
    frame = flows.copy()
    frame["app"] = np.random.default_rng(29).choice(["dns", "http", "-"], len(frame))
    frame.loc[frame.index % 11 == 0, "app"] = None
    file = folder / "apps.ndjson"
    write(frame.astype(object).where(frame.notna(), float("nan")), file)
    frame["app"] = frame["app"].fillna("no service")
    end = frame["ms"] + (frame["duration"] * 1000).round().astype("int64")
    order = np.argsort(end.to_numpy(), kind="stable")
    names = {"ct_srv_src": ["app", "src_ip"], "ct_srv_dst": ["app", "dst_ip"], "ct_dst_ltm": ["dst_ip"], "ct_src_ltm": ["src_ip"],
             "ct_src_dport_ltm": ["src_ip", "dst_port"], "ct_dst_sport_ltm": ["dst_ip", "src_port"], "ct_dst_src_ltm": ["src_ip", "dst_ip"]}
    def counted(last):
        """Within the flows of a key, in order: those whose rank is less than `last` before this one's."""
        out = pd.DataFrame(index=frame.index)
        for name, keys in names.items():
            code = frame.groupby(keys).ngroup().to_numpy()[order]
            counts = np.empty(len(code), dtype="int64")
            for places in pd.Series(np.arange(len(code))).groupby(code).indices.values():
                counts[places] = np.arange(len(places)) - np.searchsorted(places, places - last, "right") + 1
            out[name] = pd.Series(counts, index=order).sort_index()
        return out
    compared(report, programs, "ct, in no order", [("flowenrich", "-i", file, "ct")], counted(100))
    compared(report, programs, "ct:last=7", [("flowenrich", "-i", file, "ct:last=7")], counted(7))
    text = file.read_bytes().splitlines(keepends=True)
    compared(report, programs, "ct, sorted, --lateness 0", [("flowenrich", "--lateness", "0", "ct")],
             counted(100).iloc[order].reset_index(drop=True), b"".join(text[i] for i in order))


def join(report, programs, flows, path, folder):
    """The row of the longest network, by a look at every network; hashes by hmac."""
    r = np.random.default_rng(31)
    networks = {}
    for host in r.choice(flows["src_ip"].unique(), 300):
        length = int(r.integers(8, 33)) if "." in host else int(r.integers(32, 129))
        networks.setdefault(ipaddress.ip_network(f"{host}/{length}", strict=False), f"it's \"{len(networks)}\", é")
    file = folder / "assets.csv"
    pd.DataFrame({"Network": map(str, networks), "owner": networks.values(), "floor": range(len(networks))}).to_csv(file, index=False)
    number = {n: i for i, n in enumerate(networks)}
    def row(address):
        address = ipaddress.ip_address(address)
        found = [n for n in networks if n.version == address.version and address in n]
        return max(found, key=lambda n: n.prefixlen, default=None)
    best = {a: row(a) for a in pd.unique(flows[["src_ip", "dst_ip"]].to_numpy().ravel())}
    wanted = pd.DataFrame({f"{side}_{name}": [value(best[a]) for a in flows[f"{side}_ip"]] for side in ("src", "dst")
                           for name, value in (("owner", networks.get), ("floor", number.get))}, dtype=object)
    compared(report, programs, "join by network", [("flowenrich", "-i", path, f"join:file={file}")], wanted)
    key = folder / "key"
    key.write_text(bytes(range(32)).hex())
    key.chmod(0o600)
    digest = {text: hmac.new(bytes(range(32)), str(text).encode(), "sha256").hexdigest()[:20]
              for text in pd.unique(pd.concat([flows["src_ip"], flows["dst_port"]]))}
    wanted = pd.DataFrame({f"{name}_hash": flows[name].map(digest) for name in ("src_ip", "dst_port")})
    compared(report, programs, "hash", [("flowenrich", "-i", path, f"hash:field=src_ip+dst_port,key={key},length=20")], wanted)


def vendor(report, programs, flows, _path, folder):
    """Organisations out of IEEE's registries, where Debian's ieee-data has put them."""
    registries = [pathlib.Path("/usr/share/ieee-data") / f"{name}.csv" for name in ("oui", "mam", "oui36", "iab")]
    if not all(file.exists() for file in registries):
        return report.skip("flows", "vendor", "no /usr/share/ieee-data; Debian's package ieee-data has it")
    assigned = {}
    for file in registries:
        with open(file, encoding="utf8", newline="") as text:
            for line in csv.DictReader(text):
                assigned.setdefault(line["Assignment"], line["Organization Name"].strip())
    r = np.random.default_rng(37)
    prefixes = r.choice(sorted(assigned), 20_000)
    macs = [p + "".join(r.choice(list("0123456789ABCDEF"), 12 - len(p))) if r.random() < 0.9 else "02DEAD000001" for p in prefixes]
    def name(mac):
        return next((assigned[mac[:n]] for n in (9, 7, 6) if mac[:n] in assigned), None)
    frame = flows.head(len(macs)).assign(dst_mac=[":".join(m[i:i + 2] for i in range(0, 12, 2)).lower() for m in macs])
    file = folder / "macs.ndjson"
    write(frame, file)
    compared(report, programs, "vendor", [("flowenrich", "-i", file, "vendor")], pd.DataFrame({"dst_vendor": [name(m) for m in macs]}))


EPS = 1e-6
SCALED = ["bidirectional_bytes", "bidirectional_packets", "bidirectional_duration_ms", "bidirectional_mean_ps", "bidirectional_stddev_ps",
          "bidirectional_mean_piat_ms", "bidirectional_stddev_piat_ms", "src2dst_mean_ps", "src2dst_stddev_ps", "src2dst_mean_piat_ms",
          "src2dst_stddev_piat_ms", "dst2src_mean_ps", "dst2src_stddev_ps", "dst2src_mean_piat_ms", "dst2src_stddev_piat_ms",
          "fan_out_src", "fan_in_src", "fan_in_dst", "fan_out_dst"]


def metered(flows, folder):
    """The flows with the statistics of packets and the counts of fan, in a file; some have no statistics."""
    r = np.random.default_rng(31)
    frame = flows.copy()
    for prefix in ("bidirectional_", "src2dst_", "dst2src_"):
        for name, most in (("mean_ps", 1500), ("stddev_ps", 700), ("mean_piat_ms", 4000), ("stddev_piat_ms", 9000)):
            frame[prefix + name] = np.round(r.exponential(most / 4, len(frame)), r.integers(0, 9))
    frame.loc[r.random(len(frame)) < 0.3, "dst2src_mean_ps"] = 1.5
    frame.loc[r.random(len(frame)) < 0.2, "bidirectional_mean_piat_ms"] = 0
    frame.loc[r.random(len(frame)) < 0.01, [c for c in frame if "_ps" in c or "_piat" in c]] = np.nan
    frame.loc[r.random(len(frame)) < 0.05, "dst_ip"] = "239.1.2.3"
    frame.loc[r.random(len(frame)) < 0.2, "src_ip"] = "192.0.2.7"
    path = folder / "metered.ndjson"
    write(frame, path)
    frame = pd.concat([frame, fan_counts(frame, 5000)], axis=1)
    frame["bidirectional_packets"] = frame["packets"] + frame["rev_packets"].fillna(0)
    frame["bidirectional_bytes"] = frame["bytes"] + frame["rev_bytes"].fillna(0)
    frame["bidirectional_duration_ms"] = frame["duration"] * 1000
    return frame, path


def feature_frame(f):
    """The features as a notebook computes them; of a flow without a term there is none."""
    octet = lambda side: f[side].str.extract(r"^(\d+)\.")[0].astype(float)
    src, dst = octet("src_ip"), octet("dst_ip")
    out = pd.DataFrame(index=f.index)
    for side in ("src", "dst"):
        out[f"fan_ratio_{side}"] = f[f"fan_out_{side}"] / (f[f"fan_in_{side}"] + EPS)
        out[f"fan_total_{side}"] = (f[f"fan_in_{side}"] + f[f"fan_out_{side}"]).astype(float)
    out["connection_asymmetry"] = (out["fan_total_src"] - out["fan_total_dst"]).abs()
    out["connection_intensity"] = out["fan_total_src"] * out["fan_total_dst"]
    of_a, of_c = lambda o: o.between(0, 127), lambda o: o.between(192, 223)
    flags = {"ip_class_mismatch": (of_a(src) & of_c(dst)) | (of_c(src) & of_a(dst))}
    q = lambda column, share: f[column].quantile(share)
    packets, size, time = f["bidirectional_packets"], f["bidirectional_bytes"], f["bidirectional_duration_ms"]
    flags["potential_broadcast_attack"] = dst.between(224, 239) & (packets > q("bidirectional_packets", .95))
    piat = f["bidirectional_stddev_piat_ms"] / (f["bidirectional_mean_piat_ms"] + EPS)
    out["piat_ratio_src2dst"] = f["src2dst_mean_piat_ms"] / (f["dst2src_mean_piat_ms"] + EPS)
    out["piat_ratio_stddev"], out["timing_regularity"] = piat, 1 - piat
    out["burst_factor"] = packets / (time + EPS)
    flags["suspicious_port_protocol"] = (f["protocol"] == 17) & (f["dst_port"] < 1024) & (packets < q("bidirectional_packets", .10))
    flags["protocol_anomaly"] = ~f["protocol"].isin([6, 17])
    variation = f["bidirectional_stddev_ps"] / (f["bidirectional_mean_ps"] + EPS)
    out["ps_ratio_src2dst"] = f["src2dst_mean_ps"] / (f["dst2src_mean_ps"] + EPS)
    out["ps_variation_ratio"], out["flow_regularity"] = variation, 1 - variation
    out["flow_efficiency"] = size / (packets + EPS)
    flags["potential_scan"] = ((f["fan_out_dst"] > q("fan_out_dst", .95)) & (packets < q("bidirectional_packets", .05))
                               & (time < q("bidirectional_duration_ms", .05)))
    has_gaps, has_sizes = f["bidirectional_mean_piat_ms"].notna(), f["src2dst_mean_ps"].notna() & f["dst2src_mean_ps"].notna()
    flags["potential_ddos"] = ((f["fan_in_dst"] > q("fan_in_dst", .95)) & (packets > q("bidirectional_packets", .95))
                               & (f["bidirectional_mean_piat_ms"] < q("bidirectional_mean_piat_ms", .05))).where(has_gaps)
    flags["potential_exfiltration"] = ((size > q("bidirectional_bytes", .95))
                                       & (f["dst2src_mean_ps"] < 0.1 * f["src2dst_mean_ps"])).where(has_sizes)
    for name, flag in flags.items():
        out[name] = [None if v != v or v is None else int(v) for v in flag.astype(object)]
    return out.astype({c: object for c in flags})


def features(report, programs, flows, _path, folder):
    """Features on raw values, and on scaled ones as a notebook has them; scaling, bins, encoding."""
    from sklearn.preprocessing import StandardScaler
    frame, path = metered(flows, folder)
    raw = ("flowenrich", "-i", path, "fan", "features")
    compared(report, programs, "features", [raw], feature_frame(frame))
    scaled = pd.DataFrame(StandardScaler().fit_transform(frame[SCALED]), columns=SCALED)
    compared(report, programs, "scale", [("flowenrich", "-i", path, "fan", "scale")], scaled)
    beside = scaled[["bidirectional_bytes", "fan_in_dst"]].add_suffix("_z")
    compared(report, programs, "scale:suffix=_z", [("flowenrich", "-i", path, "fan", "scale:field=bidirectional_bytes+fan_in_dst,suffix=_z")], beside)
    both = frame.drop(columns=SCALED).join(scaled)
    both["protocol"] = both["protocol"].where(both["protocol"].isin([6, 17, 89, 1, 132]), 0)
    compared(report, programs, "scale features", [("flowenrich", "-i", path, "fan", "scale", "features")], feature_frame(both[frame.columns]))
    base = folder / "base.ndjson"
    base.write_bytes(programs.run(("flowenrich", "-i", path, "fan"), ("flowstat", "baseline")))
    one_pass = [("flowenrich", "-i", path, "fan"), ("flowenrich", f"scale:baseline={base},field={'+'.join(SCALED[3:])}")]
    compared(report, programs, "scale from a baseline", one_pass, scaled[SCALED[3:]])
    # With few enough values a baseline knows every quantile exactly.
    part, parted = frame.head(20_000), folder / "part.ndjson"
    write(part, parted)
    base.write_bytes(programs.run(("flowstat", "baseline", "-i", parted)))
    compared(report, programs, "features from a baseline", [("flowenrich", "-i", parted, f"features:baseline={base}")], feature_frame(part))
    bins = pd.DataFrame({f"{c}_bin": pd.qcut(frame[c], 10, labels=False, duplicates="drop") for c in ("bytes", "duration", "src2dst_mean_ps")})
    compared(report, programs, "quantile", [("flowenrich", "-i", path, "quantile:field=bytes+duration+src2dst_mean_ps")], bins)
    dummies = pd.get_dummies(both["protocol"].astype(str), prefix="protocol").astype(int)
    compared(report, programs, "onehot", [("flowenrich", "-i", path, "onehot:field=protocol,values=6+17+89+1+132,other=0")], dummies)
    classes = frame[["src_ip", "dst_ip"]].apply(lambda side: pd.cut(side.str.extract(r"^(\d+)\.")[0].astype(float), [-1, 127, 191, 223, 239, 255],
                                                labels=["Class A", "Class B", "Class C", "Class D (multicast)", "Class E (reserved)"]))
    wanted = pd.get_dummies(classes.rename(columns=lambda c: f"{c}_class")).astype(int)
    came = compared(report, programs, "onehot:set=notebook", [("flowenrich", "-i", path, "ipclass", "portclass", "onehot:set=notebook")], wanted)
    left = [] if came and not {"protocol", "src_ip_class", "dst_port_class"} & came[0].keys() else ["a field is still there"]
    report.check("flows", "onehot:set=notebook, fields go", left, "3 fields")


def intel(report, programs, flows, path, folder):
    """Lists of addresses and networks, by a look at every network."""
    r = np.random.default_rng(5)
    hosts = pd.unique(flows[["src_ip", "dst_ip"]].to_numpy().ravel())
    def around(host):
        address = ipaddress.ip_address(host)
        length = int(r.integers(12, address.max_prefixlen + 1))
        return str(ipaddress.ip_network((address, length), strict=False)) if length < address.max_prefixlen else host
    entries = list(dict.fromkeys(around(h) for h in r.choice(hosts, 300, replace=False)))
    file = folder / "listed.txt"
    file.write_text("".join(f"{e}\t{i}\n" for i, e in enumerate(entries)))
    networks = sorted(((ipaddress.ip_network(e), e) for e in entries), key=lambda n: -n[0].prefixlen)
    def entry(host):
        address = ipaddress.ip_address(host)
        return next((e for n, e in networks if n.version == address.version and address in n), None)
    found = {h: entry(h) for h in hosts}
    wanted = pd.DataFrame({"src_intel_entry": flows["src_ip"].map(found), "dst_intel_entry": flows["dst_ip"].map(found)})
    compared(report, programs, "intel", [("flowenrich", "-i", path, f"intel:list={file}")], wanted)


CHECKS = {"ct": ct, "join": join, "vendor": vendor, "intel": intel, "features": features, "label": label, "simple": simple, "communityid": community, "fan": fan}
