"""The data sets: each is a list of flows, the same in every run.

`a`: flow lines in milliseconds; hosts' bytes have a mean and a deviation that are whole numbers, with hosts at exactly
3 deviations and one byte short; so have the packets of flows. `b`: nfdump's 48-column CSV in whole seconds; hosts'
mean sizes with one exactly on a fence and one just outside, and packets whose sample deviation is exactly 10.
`c`: 90 000 flow lines in microseconds over sixteen days; more distinct sizes than are kept exactly, hosts with
thousands of flows, and hosts at exactly four median absolute deviations.
"""
import numpy as np

from network import SECOND, Network
from spread import shares, spread


def assign_packets(rng, flows, squares):
    """Gives all flows packet counts of mean 40 whose squared deviations sum to `squares`, with 70 and 71 among them."""
    for flow, off in zip(flows, rng.permutation(spread(rng, len(flows), squares, [30, 29, 31]))):
        flow["packets"] = 40 + int(off)


def assign_totals(net, targets):
    """Adds flows until the bytes of the hosts are `targets`, in some order; hosts without a flow get one, or equal ones."""
    rng, naturally = net.rng, dict.fromkeys(net.hosts, 0)
    for f in net.flows:
        naturally[f["src_ip"]] += f["bytes"]
    waiting = sorted(targets)
    # Hosts with much traffic of their own take the large totals; the rest is drawn.
    heavy = sorted((h for h in net.hosts if naturally[h] > waiting[0]), key=naturally.get, reverse=True)
    for host in heavy:
        target = waiting.pop()
        assert target > naturally[host] + 10, (host, naturally[host], target)
        fill(net, host, target - naturally[host])
    light = [h for h in net.hosts if h not in heavy]
    for host, target in zip(light, rng.permutation(np.array(waiting, dtype=object))):
        if naturally[host] == 0:
            # Every other one gets some equal flows instead, if that goes without a rest.
            parts = 1 if net.hosts.index(host) % 2 else next((k for k in (5, 4, 3, 2) if target % k == 0), 1)
            for _ in range(parts):
                net.flow(host, net.server(host), 443, size=int(target) // parts)
        else:
            fill(net, host, int(target) - naturally[host])


def fill(net, host, missing):
    """Adds a few flows of together `missing` bytes, to servers and ports that the host has met already."""
    met = [f for f in net.flows if f["src_ip"] == host and f["dst_ip"].startswith(("198.51.100.", "2001:db8:80:"))]
    for part in shares(net.rng, missing, 12):
        like = met[int(net.rng.integers(len(met)))]
        net.flow(host, like["dst_ip"], like["dst_port"], like["protocol"], size=part)


def even(net):
    """Makes the number of flows even, without changing anybody's bytes."""
    if len(net.flows) % 2:
        big = max((f for f in net.flows if "icmp_type" not in f), key=lambda f: f["bytes"])
        big["bytes"] -= 50
        net.flow(big["src_ip"], big["dst_ip"], big["dst_port"], big["protocol"], size=50)


def exact_scores():
    """Set a."""
    rng = np.random.default_rng(11)
    net = Network(rng, "2024-02-28", 5, SECOND // 1000, 60)
    for host in net.hosts[:54]:
        net.background(host, int(rng.integers(60, 340)))
    net.attacks(unit=60_000)
    even(net)
    deviation = 3_000_000
    offsets = spread(rng, 60, 59 * deviation**2, [3 * deviation, 3 * deviation - 1])
    assign_totals(net, [10_000_000 + d for d in offsets])
    even(net)
    assign_packets(rng, net.flows, len(net.flows) * 100)
    return net.flows


def fences():
    """Set b."""
    rng = np.random.default_rng(22)
    net = Network(rng, "2023-12-29", 4, SECOND, 65)
    for i, host in enumerate(net.hosts[:62]):
        net.background(host, 1300 if i == 30 else int(rng.integers(80, 260)))
    for host in net.hosts[62:]:
        net.background(host, 1)
    net.attacks(unit=2000)
    even(net)
    # Seventeen below, thirty-one between, seventeen above; fences are 2500 and 6500.
    low = [2500, 2499, *(int(v) for v in rng.integers(2501, 4000, 14)), 4000]
    mid = [int(v) for v in rng.integers(4001, 5000, 31)]
    high = [5000, *(int(v) for v in rng.integers(5001, 6499, 13)), 6500, 6500, 6501]
    levels = dict(zip(net.hosts, rng.permutation(low + mid + high)))
    nudged = next(h for h in net.hosts[:62] if levels[h] == 6500)
    for host, level in levels.items():
        assign_level(rng, [f for f in net.flows if f["src_ip"] == host], int(level), int(host == nudged))
    # Uploads were counted with other sizes: the way back makes up for it.
    for src, dst, total in ((net.hosts[8], "2001:db8:99::8", 100_000_000), (net.hosts[9], "192.0.2.88", 99_999_999)):
        pair = [f for f in net.flows if (f["src_ip"], f["dst_ip"]) == (src, dst)]
        pair[-1]["rev_bytes"] += total - sum(f["bytes"] + f["rev_bytes"] for f in pair)
    assign_packets(rng, net.flows, (len(net.flows) - 1) * 100)
    return net.flows


def assign_level(rng, flows, level, more):
    """Sizes with the mean `level`, plus `more` bytes on one flow; every fifth host is constant."""
    constant = rng.random() < 0.2
    for a, b in zip(flows[::2], flows[1::2]):
        off = 0 if constant else int(rng.integers(0, level - 100))
        a["bytes"], b["bytes"] = level - off, level + off
    if len(flows) % 2:
        flows[-1]["bytes"] = level
    flows[0]["bytes"] += more


def bulk():
    """Set c."""
    rng = np.random.default_rng(33)
    net = Network(rng, "2025-03-20", 16, SECOND // 1_000_000, 101)
    for i, host in enumerate(net.hosts[:97]):
        net.background(host, 5000 if i in (20, 41) else int(rng.integers(600, 1150)))
    for f in net.flows:
        if rng.random() < 0.92:
            often = f["src_ip"] in (net.hosts[20], net.hosts[41])
            f["bytes"] = 28 + int(rng.integers(40_000) if often else rng.lognormal(11.0, 1.3))
    net.attacks(unit=45_000_000)
    mad = 2**20
    near = [int(v) for v in rng.integers(1, mad, 49)]
    far = [mad, 4 * mad, 4 * mad + 1, 4 * mad, 9 * mad, 8 * mad, *(int(v) for v in rng.integers(mad + 1, 4 * mad, 45))]
    # Fifty on either side of the median, so that it stays; the absolute offset in the middle is `mad`.
    offsets = [(near + far)[i] * (1 if i % 2 else -1) for i in rng.permutation(100)]
    offsets = balance(offsets)
    assign_totals(net, [500_000_000 + d for d in [0, *offsets]])
    return net.flows


def balance(offsets):
    """Flips signs until as many offsets are above as below."""
    while (surplus := sum(1 if o > 0 else -1 for o in offsets)) != 0:
        i = next(i for i, o in enumerate(offsets) if (o > 0) == (surplus > 0))
        offsets[i] = -offsets[i]
    return offsets


SETS = {"a": (exact_scores, "ndjson", 3), "b": (fences, "csv", 0), "c": (bulk, "ndjson", 6)}
