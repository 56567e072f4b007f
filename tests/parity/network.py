"""A made-up network: background traffic with silent hours, ties, IPv6 and ICMP, and one of each attack at its threshold.

Every attack is planted twice, once exactly at the detector's default threshold and once one short of it, after the
background, by counting what is there. Times are whole multiples of `step` nanoseconds. Nothing here knows how the
programs under test work; addresses are those set aside for documentation, benchmarks and private use.
"""
import datetime

SECOND = 1_000_000_000
SERVICES = [(6, 443), (6, 80), (17, 53), (17, 123), (6, 22), (6, 25), (17, 443), (6, 993), (1, 0), (58, 0)]
COMMON_SIZES = [40, 52, 60, 76, 84, 1420, 1500]
AWAKE = [h for h in range(24) if h not in (2, 3, 4)]


def sources(n):
    """`n` addresses of hosts: two thirds IPv4, the rest IPv6, one of them IPv4-mapped."""
    v4 = [f"10.20.{i // 200}.{i % 200 + 1}" for i in range(n)]
    v6 = [f"2001:db8:20:{i:x}::{i + 1:x}" for i in range(n)]
    all_of_them = [v6[i] if i % 3 == 2 else v4[i] for i in range(n)]
    all_of_them[n - 2] = "::ffff:10.20.9.9"
    return all_of_them


class Network:
    """Flows under construction, each a dict; counts and times are whole numbers."""

    def __init__(self, rng, first_day, days, step, n_hosts):
        self.rng, self.days, self.step = rng, days, step
        self.start = int(datetime.datetime.fromisoformat(f"{first_day}T00:00:00+00:00").timestamp()) * SECOND
        self.hosts = sources(n_hosts)
        self.flows = []

    def time(self):
        """A start time, never in the silent hours; one in twenty is that of an earlier flow."""
        rng = self.rng
        if self.flows and rng.random() < 0.05:
            return self.flows[int(rng.integers(len(self.flows)))]["t"]
        seconds = int(rng.integers(self.days)) * 86_400 + AWAKE[int(rng.integers(len(AWAKE)))] * 3600
        return self.start + seconds * SECOND + int(rng.integers(3600 * SECOND // self.step)) * self.step

    def size(self):
        """Bytes of a flow: often one of a few common sizes, else heavy-tailed."""
        if self.rng.random() < 0.3:
            return COMMON_SIZES[int(self.rng.integers(len(COMMON_SIZES)))]
        return 28 + int(self.rng.lognormal(7.0, 1.6))

    def flow(self, src, dst, port, proto=6, t=None, size=None, rev=None):
        """Adds a flow; `rev` is the number of bytes back."""
        rng = self.rng
        flow = {
            "t": self.time() if t is None else t, "ms": int(rng.integers(0, 30_000)), "src_ip": src, "dst_ip": dst,
            "src_port": int(rng.integers(1024, 65_536)), "dst_port": port, "protocol": proto,
            "packets": 1 + int(rng.integers(40)), "bytes": self.size() if size is None else size,
        }
        if rev:
            flow["rev_packets"], flow["rev_bytes"] = 1 + rev // 1400, rev
        if proto in (1, 58):
            flow["src_port"] = flow["dst_port"] = 0
            flow["icmp_type"], flow["icmp_code"] = (8, 0) if proto == 1 else (128, 0)
        if proto == 6:
            flow["tcp_flags"] = 2 if rng.random() < 0.2 else 27
        self.flows.append(flow)
        return flow

    def server(self, src):
        """One of thirty servers of the family of `src`; three of them are hosts here."""
        k = int(self.rng.integers(30))
        if ":" in src:
            return f"2001:db8:80::{k + 1:x}"
        return self.hosts[3 * k + 30] if k < 3 else f"198.51.100.{k + 1}"

    def background(self, src, n, two_way=0.4):
        """`n` flows from `src` to servers."""
        for _ in range(n):
            proto, port = SERVICES[int(self.rng.integers(len(SERVICES)))]
            if proto in (1, 58):
                proto = 58 if ":" in src else 1
            rev = self.size() * 3 if self.rng.random() < two_way else None
            self.flow(src, self.server(src), port, proto, rev=rev)

    def _met(self, src, of, dst=None):
        return {f[of] for f in self.flows if f["src_ip"] == src and dst in (None, f["dst_ip"])}

    def scan(self, src, dst, ports):
        """Makes `src` meet exactly `ports` ports of `dst`, port 0 among them."""
        self.flow(src, dst, 0, 58 if ":" in src else 1, size=64)
        met = self._met(src, "dst_port", dst)
        new = [p for p in range(6000, 7000) if p not in met][:ports - len(met)]
        for i in self.rng.permutation(len(new)):
            self.flow(src, dst, new[i], size=44)

    def scan_all(self, src, total):
        """Makes `src` meet exactly `total` ports over all its targets, few at each."""
        met = self._met(src, "dst_port")
        for i, port in enumerate(range(7000, 7000 + total - len(met))):
            self.flow(src, f"192.0.2.{i % 6 + 10}", port, size=44)

    def sweep(self, src, targets):
        """Makes `src` meet exactly `targets` addresses."""
        for i in range(targets - len(self._met(src, "dst_ip"))):
            for port in (445, 139)[:1 + i % 2]:
                self.flow(src, f"203.0.113.{i + 1}", port, size=48)

    def upload(self, src, dst, total):
        """Makes both directions of `src` and `dst` sum to exactly `total` bytes, most of them back."""
        for part in (31_000_000, 17_000_001):
            self.flow(src, dst, 443, size=900, rev=part)
        met = sum(f["bytes"] + f.get("rev_bytes", 0) for f in self.flows if (f["src_ip"], f["dst_ip"]) == (src, dst))
        self.flow(src, dst, 443, size=900, rev=total - met - 900)

    def beacon(self, src, dst, gaps):
        """Starts flows from `src` to `dst` with these gaps, in steps, beginning at 09:00 of the second day."""
        t = self.start + (86_400 + 9 * 3600) * SECOND + int(self.rng.integers(1000)) * self.step
        for gap in [0, *gaps]:
            t += gap * self.step
            self.flow(src, dst, 8443, t=t, size=333)

    def attacks(self, unit):
        """Plants each attack at its threshold and one short of it; `unit` is a beacon's usual gap in steps."""
        h, jitter = self.hosts, self.rng.integers
        self.scan(h[0], "192.0.2.1", 20)
        self.scan(h[1], "192.0.2.1", 19)
        self.scan(h[2], "2001:db8:99::1", 57)
        self.scan_all(h[3], 50)
        self.scan_all(h[4], 49)
        self.sweep(h[6], 50)
        self.sweep(h[7], 49)
        self.upload(h[8], "2001:db8:99::8", 100_000_000)
        self.upload(h[9], "192.0.2.88", 99_999_999)
        steady = [unit + int(v) for v in jitter(-unit // 100, unit // 100 + 1, 40)]
        self.beacon(h[10], "192.0.2.90", steady[:9])
        self.beacon(h[11], "2001:db8:99::9", steady[:8])
        self.beacon(h[12], "192.0.2.91", steady)
        self.beacon(h[13], "192.0.2.92", wobble(unit, 0.1495))
        self.beacon(h[14], "2001:db8:99::a", wobble(unit, 0.1505))
        # Gaps of 3 and 5 units: mean 4, deviation 1, so the ratio is one quarter to the last bit.
        self.beacon(h[15], "192.0.2.93", [3 * unit, 5 * unit] * 8)
        self.beacon(h[16], "192.0.2.94", [0] * 14)
        # The same rhythm to two ports of one target is two keys; this one is short of flows at each.
        for port in (5060, 5061):
            for k in range(6):
                self.flow(h[18], "192.0.2.95", port, 17, t=self.start + (90_000 + 600 * k) * SECOND, size=120)


def wobble(unit, ratio):
    """Twenty gaps of mean `unit` whose population deviation is about `ratio` of that, closest in whole steps."""
    half = round(unit * ratio)
    return [unit - half, unit + half] * 10
