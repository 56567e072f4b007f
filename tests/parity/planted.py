"""That a made-up set has what it is for: ten thousand flows, each attack at its threshold and one short of it, ties,
silent hours, IPv6, ICMP, two-way flows, hosts with one flow, constant hosts. Without it a check could hold for nothing."""
import reference as ref


def missing(df):
    """What the set lacks."""
    hour = df["timestamp"].dt.hour
    host = df.groupby("src_ip")["bytes"].agg(["size", "nunique"])
    exact = {
        "ports of a pair": (df.groupby(["src_ip", "dst_ip"])["dst_port"].nunique(), 20),
        "ports of a source": (df.groupby("src_ip")["dst_port"].nunique(), 50),
        "targets": (df.groupby("src_ip")["dst_ip"].nunique(), 50),
        "bytes of a pair": ((df["bytes"] + df["rev_bytes"].fillna(0)).groupby([df["src_ip"], df["dst_ip"]]).sum(), 100_000_000),
    }
    regular = [r for r in ref.rhythms(df, 9).values() if r["jitter"] < 0.15]
    narrow = [r["jitter"] for r in ref.rhythms(df, 10).values()]
    found = {f"{name}: {n}": (counts == n).any() for name, (counts, limit) in exact.items() for n in (limit, limit - 1)}
    found |= {
        "10 000 flows": len(df) >= 10_000,
        "several days": df["timestamp"].dt.date.nunique() > 2,
        # Beacons may go on at night; the background does not.
        "silent hours": (hour.isin((2, 3, 4))).mean() < 0.005,
        "IPv6": df["src_ip"].str.contains(":").any(),
        "ICMP": df["protocol"].isin((1, 58)).any(),
        "two-way flows": 0 < df["rev_bytes"].notna().sum() < len(df),
        "ties in sizes and in times": df["bytes"].duplicated().any() and df["t"].duplicated().any(),
        "a host with one flow": (host["size"] == 1).any(),
        "a constant host": ((host["size"] > 1) & (host["nunique"] == 1)).any(),
        "ten regular calls, and nine": {9, 10} <= {r["flows"] for r in regular},
        "jitter just below and above 0.15": any(0.149 < j < 0.15 for j in narrow) and any(0.15 < j < 0.151 for j in narrow),
        "jitter of exactly a quarter": 0.25 in narrow,
    }
    return [name for name, there in found.items() if not there]
