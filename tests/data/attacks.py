"""What is planted into the busy day. Each function adds the packets and writes down, in `day.planted`, what it did.

`flows` counts the planted flows from source to target; `answers`, where given, the flows back, each to another port
of the source: read one direction at a time, such answers look like a port scan of the asker.
"""
import datetime
from packets import RST, SYN, ACK, tls_client_hello
from traffic import BASTION, FILES, MINUTE, ROUTER, SECOND, STATIONS, WEB, RELAY, GATEWAY

PORTS = [21, 22, 23, 25, 53, 80, 110, 111, 135, 139, 143, 389, 443, 445, 465, 587, 631, 993, 995, 1080, 1433, 1521, 1723,
         2049, 2375, 3000, 3128, 3306, 3389, 5000, 5432, 5601, 5900, 5985, 6379, 8000, 8080, 8443, 9200, 11211, 27017]


def text(time):
    """RFC 3339 in UTC with milliseconds, cut as the meter cuts them."""
    moment = datetime.datetime.fromtimestamp(time // SECOND, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + f".{time % SECOND // 1000:03d}Z"


def plan(day, behaviour, times, **more):
    day.planted.append({"behaviour": behaviour, **more, "first": text(min(times)), "last_start": text(max(times))})


def vertical_scan(day):
    """One source asks one server for 41 ports within a minute."""
    rng, source, time, times = day.random("vertical"), "203.0.113.66", day.at(11, 17, 4.118), []
    ports = PORTS[:]
    rng.shuffle(ports)
    for port in ports:
        day.probe(rng, time, source, WEB, port, SYN | ACK if port in (80, 443) else RST if port != 23 else 0)
        times.append(time)
        time += rng.randrange(800_000, 1_500_000)
    plan(day, "portscan", times, src_ip=source, dst_ip=WEB, ports=sorted(ports), flows=len(ports), answers=len(ports) - 1)


def wide_scan(day):
    """One source asks seven targets for nine ports each, none twice: few a target, many in all."""
    rng, source, time, times, ports = day.random("wide"), "198.51.100.99", day.at(5 + 24, 31, 40.2), [], []
    targets = [WEB, RELAY, GATEWAY, BASTION, "192.0.2.53", "192.0.2.80", "192.0.2.81"]
    for n in range(63):
        port = 7001 + 13 * n
        day.probe(rng, time, source, targets[n % 7], port, RST if n % 7 < 4 else 0, sport=40_000)
        ports.append(port)
        times.append(time)
        time += rng.randrange(2_000_000, 9_000_000)
    plan(day, "portscan", times, src_ip=source, targets=sorted(targets), ports=ports, flows=len(ports))


def sweep(day):
    """A work station tries SMB on 58 addresses of the branch; two answer, four refuse, the router reports some."""
    rng, source, time, times = day.random("sweep"), STATIONS[3], day.at(14, 52, 11.903), []
    targets = [f"192.168.40.{n}" for n in range(10, 68)]
    for n, target in enumerate(targets):
        day.probe(rng, time, source, target, 445, SYN | ACK if n in (9, 30) else RST if n in (1, 2, 3, 40) else 0)
        times.append(time)
        time += rng.randrange(150_000, 700_000)
    day.unreachable(time, ROUTER, source, "192.168.40.90", 445, 1)
    plan(day, "sweep", times, src_ip=source, dst_port=445, targets=targets, flows=len(targets))


def beacon(day):
    """A work station calls one server every 60 s, a fifth of a second more or less, with much the same bytes."""
    rng, source, target, times = day.random("beacon"), STATIONS[7], "81.2.69.161", []
    for n in range(42):
        time = day.at(13, 3, 12.345) + n * MINUTE + rng.randrange(-200_000, 200_001)
        hello = tls_client_hello("status.example.net", rng.randbytes(32))
        day.tcp(rng, time, source, target, 8443, [(len(hello), 1_200), (312, 180 + 4 * rng.randrange(3))], first=hello, rtt=31_000)
        times.append(time)
    plan(day, "beacon", times, src_ip=source, dst_ip=target, dst_port=8443, flows=42, answers=42, interval=60, jitter="at most 0.2 s either way")


def jittered(day):
    """The same number of calls an hour at random times: what a person or a mail client does. No beacon."""
    rng, source, target, times = day.random("jittered"), STATIONS[9], "2.125.160.218", []
    time = day.at(9, 20, 30.07)
    for _ in range(28):
        hello = tls_client_hello("chat.example.net", rng.randbytes(32))
        day.tcp(rng, time, source, target, 5222, [(len(hello), 1_200), (rng.randrange(80, 9_000), int(rng.lognormvariate(8, 1.5)))], first=hello)
        times.append(time)
        time += int(rng.expovariate(1 / 420) * SECOND) + 3 * SECOND
    plan(day, "irregular", times, src_ip=source, dst_ip=target, dst_port=5222, flows=28, answers=28)


def exfiltration(day):
    """Late in the evening a work station sends a third of its disk to a server it never met."""
    rng, source, target, times, sizes = day.random("exfil"), STATIONS[12], "89.160.20.115", [], (31_400_000, 44_900_000, 27_300_000, 38_100_000)
    for n, size in enumerate(sizes):
        time = day.at(22, 41 + 3 * n, 5.5 + n)
        hello = tls_client_hello("upload.example.com", rng.randbytes(32))
        day.tcp(rng, time, source, target, 443, [(len(hello), 3_000), (size, 250)], rate=4_000_000, first=hello)
        times.append(time)
    plan(day, "exfiltration", times, src_ip=source, dst_ip=target, dst_port=443, flows=len(sizes), payload=sum(sizes))


def brute_force(day):
    """Thirty short logins at the public shell server, four seconds apart, and nothing after."""
    rng, source, times = day.random("brute"), "203.0.113.90", []
    time = day.at(20, 12, 1.006)
    for _ in range(30):
        first = b"SSH-2.0-Go\r\n"
        day.tcp(rng, time, source, BASTION, 22, [(900, 1_400), (420, 380), (130, 50), (130, 50)], first=first, greeting=b"SSH-2.0-OpenSSH_9.2p1\r\n", rtt=22_000)
        times.append(time)
        time += rng.randrange(3 * SECOND, 6 * SECOND)
    plan(day, "bruteforce", times, src_ip=source, dst_ip=BASTION, dst_port=22, flows=30, answers=30)


def remarkable(day):
    """Nothing bad, yet of interest to who checks a table: written down only, the background sends it."""
    day.planted += [
        {"behaviour": "outlier", "src_ip": FILES, "by": "bytes"},
        {"behaviour": "single", "src_ip": "192.168.40.200", "flows": 1, "first": text(day.at(19, 3, 20.5))},
        {"behaviour": "tie", "src_ips": ["192.168.40.11", "192.168.40.12", "192.168.40.13"], "first": text(day.at(16, 15))},
        {"behaviour": "silence", "hours": [2, 3, 4]},
    ]


ATTACKS = (vertical_scan, wide_scan, sweep, beacon, jittered, exfiltration, brute_force, remarkable)
