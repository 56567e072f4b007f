"""Two days of one small office network: conversations, attacks and the plan of what was planted.

Everything derives from the names given to `Random`, so two runs write the same packets. Addresses are those set aside
for documentation and private use, plus a few that MaxMind's public test databases list (no real host is meant).
The office: 10.20.1.0/24 and 2001:db8:20:1::/64 work stations, 10.20.0.0/24 servers, 192.168.40.0/24 branch,
192.0.2.0/24 public servers.
"""
import datetime
import random
from packets import ACK, ESP, FIN, GRE, MSS, PSH, RST, SYN, Capture, dns_question, tls_client_hello

STATIONS = [f"10.20.1.{n}" for n in range(11, 25)]
STATIONS6 = [f"2001:db8:20:1::{n}" for n in range(11, 17)]
RESOLVER, FILES, MAIL, MONITOR, SYSLOG, ROUTER = (f"10.20.0.{n}" for n in (2, 5, 8, 9, 12, 1))
WEB, RELAY, GATEWAY, BASTION = (f"192.0.2.{n}" for n in (10, 25, 1, 22))
SITES = (["216.160.83.56", "81.2.69.142", "2.125.160.216", "89.160.20.130", "1.128.0.7", "202.196.224.17"]
         + [f"198.51.100.{n}" for n in (20, 24, 31, 44, 61, 62, 80)] + [f"203.0.113.{n}" for n in (15, 16, 40, 77)])
SITES6 = ["2001:218::80", "2a02:d180::443", "2001:db8:feed::80", "2001:db8:beef::443"]
VISITORS = [f"198.51.100.{n}" for n in range(130, 148)] + ["175.16.199.33", "67.43.156.9", "81.2.69.160", "2001:db8:cafe::51"]
UPSTREAMS, CLOCKS = ["198.51.100.53", "203.0.113.53"], ["203.0.113.123", "198.51.100.123", "203.0.113.124"]
DAY, HOUR, MINUTE, SECOND = 86_400_000_000, 3_600_000_000, 60_000_000, 1_000_000
# Chance of a conversation to begin in each hour; nobody is there and nothing polls from 02:00 to 05:00.
ACTIVITY = [1, 1, 0, 0, 0, 1, 2, 6, 14, 18, 18, 16, 9, 15, 17, 16, 13, 8, 4, 3, 3, 3, 2, 1]


class Day:
    """26 hours from 07:00 UTC of `date`, with the packets in `capture` and what was planted in `planted`."""

    def __init__(self, name, date):
        self.name, self.capture, self.planted, self.ports = name, Capture(), [], set()
        self.start = int(datetime.datetime.fromisoformat(f"{date}T07:00:00+00:00").timestamp()) * SECOND
        self.end = self.start + 26 * HOUR

    def random(self, part):
        return random.Random(f"{self.name}/{part}")

    def moment(self, rng):
        """A start time of the span, by the hours' activity."""
        hours = range(26)
        hour = rng.choices(hours, [ACTIVITY[(7 + h) % 24] for h in hours])[0]
        return self.start + hour * HOUR + rng.randrange(HOUR - 2 * MINUTE)

    def at(self, hour, minute=0, second=0):
        """That time of day on the first date."""
        return self.start + ((hour - 7) * 3600 + minute * 60) * SECOND + int(second * SECOND)

    def port(self, rng, host):
        """An ephemeral port that `host` has not used."""
        while True:
            port = rng.randrange(32768, 61000)
            if (host, port) not in self.ports:
                self.ports.add((host, port))
                return port

    def tcp(self, rng, time, client, server, dport, rounds, rate=2_500_000, rtt=None, first=b"", greeting=b""):
        """A whole connection: handshake, `rounds` of (bytes up, bytes down), FIN from both. Returns its end time."""
        sport, rtt = self.port(rng, client), rtt or rng.randrange(8_000, 70_000)
        up, down = (client, sport, server, dport), (server, dport, client, sport)
        send, x, y = self.capture.tcp, rng.randrange(1 << 32), rng.randrange(1 << 32)
        gap = max(1, MSS * SECOND // rate)
        send(time, *up, SYN, x, 0)
        send(time + rtt, *down, SYN | ACK, y, x + 1)
        time, x, y = time + rtt + rng.randrange(40, 400), x + 1, y + 1
        send(time, *up, ACK, x, y)
        if greeting:
            time += rtt
            send(time, *down, PSH | ACK, y, x, greeting)
            y += len(greeting)
        for size_up, size_down in rounds:
            for one, size, back in ((up, size_up, False), (down, size_down, True)):
                other = down if one is up else up
                time += rtt if back else rng.randrange(200, 9_000)
                sent = 0
                while sent < size:
                    part = min(MSS, size - sent)
                    head, first = (first[:part], b"") if not back else (b"", first)
                    seq, ack = (y, x) if back else (x, y)
                    send(time, *one, PSH | ACK if sent + part == size else ACK, seq + sent, ack, head, part - len(head))
                    sent += part
                    time += gap
                    if sent // MSS % 2 == 0 or sent == size:
                        send(time + rtt // 2, *other, ACK, ack, seq + sent)
                x, y = (x, y + size) if back else (x + size, y)
        time += rng.randrange(1_000, 80_000) + rtt
        send(time, *up, FIN | ACK, x, y)
        send(time + rtt, *down, FIN | ACK, y, x + 1)
        send(time + rtt + 90, *up, ACK, x + 1, y + 1)
        return time + rtt + 90

    def probe(self, rng, time, source, target, dport, answer, sport=None):
        """A SYN; the `answer` is RST, SYN|ACK (then reset by the source) or 0, none."""
        sport, seq = sport or self.port(rng, source), rng.randrange(1 << 32)
        self.capture.tcp(time, source, sport, target, dport, SYN, seq, 0)
        if answer == RST:
            self.capture.tcp(time + 900, target, dport, source, sport, RST | ACK, 0, seq + 1)
        elif answer:
            self.capture.tcp(time + 900, target, dport, source, sport, SYN | ACK, 7, seq + 1)
            self.capture.tcp(time + 1_700, source, sport, target, dport, RST, seq + 1, 0)

    def dns(self, rng, time, client, server, name):
        sport, number = self.port(rng, client), rng.randrange(1 << 16)
        six = rng.random() < 0.3
        answer = self.capture.address(rng.choice(SITES6 if six else SITES))
        kind = 28 if six else 1
        self.capture.udp(time, client, sport, server, 53, dns_question(number, name, kind))
        self.capture.udp(time + rng.randrange(300, 30_000), server, 53, client, sport, dns_question(number, name, kind, answer))

    def echo(self, rng, time, source, target, count, size=56):
        kinds = (128, 129) if ":" in source else (8, 0)
        number = rng.randrange(1 << 16) << 16
        for n in range(count):
            for kind, one, other, late in ((kinds[0], source, target, 0), (kinds[1], target, source, 14_000)):
                self.capture.icmp(time + n * SECOND + late, one, other, kind, 0, number | n + 1, bytes(size))

    def unreachable(self, time, router, source, target, dport, code):
        """Destination unreachable with the head of a UDP datagram to `target` (RFC 792)."""
        quoted = Capture()
        quoted.udp(0, source, 53124, target, dport, bytes(12))
        self.capture.icmp(time, router, source, 3, code, 0, quoted.frames[0][1][14:14 + 28])


def background(day, bulk):
    """The office at work. `bulk`: bytes that the file server hands to each of seven stations, and the mirror to one."""
    rng = day.random("web")
    for station in STATIONS + STATIONS6:
        for _ in range(rng.randrange(7, 12)):
            site = rng.choice(SITES6 if ":" in station else SITES)
            plain = rng.random() < 0.12
            first = b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n" if plain else tls_client_hello("www.example.com", rng.randbytes(32))
            rounds = [(len(first) + rng.randrange(90), rng.randrange(900, 5_000))]
            rounds += [(rng.randrange(300, 2_200), int(min(2_500_000, rng.lognormvariate(9.3, 1.5)))) for _ in range(rng.randrange(1, 6))]
            day.tcp(rng, day.moment(rng), station, site, 80 if plain else 443, rounds, first=first)
    rng = day.random("names")
    for station in STATIONS + STATIONS6:
        for _ in range(rng.randrange(5, 8) if ":" in station else rng.randrange(6, 12)):
            server = "2001:db8:20::2" if ":" in station else RESOLVER
            day.dns(rng, day.moment(rng), station, server, f"{rng.choice(('www', 'cdn', 'api', 'mail', 'img'))}.example.{rng.choice(('com', 'net', 'org'))}")
    for n in range(36):
        day.dns(rng, day.moment(rng), RESOLVER, UPSTREAMS[n % 2], f"host{rng.randrange(90)}.example.org")
    rng = day.random("time")
    for host in STATIONS[:8] + [FILES, MAIL, WEB]:
        for _ in range(rng.randrange(2, 5)):
            time, clock, sport = day.moment(rng), rng.choice(CLOCKS), day.port(rng, host)
            day.capture.udp(time, host, sport, clock, 123, b"\x23", 47)
            day.capture.udp(time + rng.randrange(9_000, 40_000), clock, 123, host, sport, b"\x24\x02", 46)
    servers(day)
    rng = day.random("files")
    for station in STATIONS[:7]:
        day.tcp(rng, day.at(9) + rng.randrange(6 * HOUR), station, FILES, 445, [(900, 400), (60_000, bulk)], rate=40_000_000, rtt=420)
    for station in STATIONS[7:]:
        day.tcp(rng, day.moment(rng), station, FILES, 445, [(700, 400), (rng.randrange(3_000, 90_000), rng.randrange(9_000, 400_000))], rtt=380)
    day.tcp(rng, day.at(18, 20, 7.25), STATIONS[3], "198.51.100.80", 80, [(420, 3 * bulk)], rate=9_000_000, first=b"GET /updates.img HTTP/1.1\r\n\r\n")


def servers(day):
    """Mail, remote shells, visitors of the public web server, tunnels, monitoring, and hosts that are seen once."""
    rng = day.random("mail")
    for station in STATIONS:
        for _ in range(2):
            day.tcp(rng, day.moment(rng), station, MAIL, 993, [(420, 3_600), (300, rng.randrange(800, 60_000))], rtt=510)
    for n in range(12):
        inward = n % 2 == 0
        peer = rng.choice(("203.0.113.200", "198.51.100.210", "2.125.160.217"))
        client, server = (peer, RELAY) if inward else (RELAY, peer)
        day.tcp(rng, day.moment(rng), client, server, 25, [(30, 90), (80, 40), (rng.randrange(2_000, 120_000), 60)], greeting=b"220 mail.example.org ESMTP\r\n")
    rng = day.random("shell")
    for n in range(6):
        first, greeting = b"SSH-2.0-OpenSSH_9.2p1\r\n", b"SSH-2.0-OpenSSH_9.2p1\r\n"
        rounds = [(1_500, 1_100)] + [(rng.randrange(36, 300), rng.randrange(36, 2_500)) for _ in range(rng.randrange(4, 30))]
        day.tcp(rng, day.moment(rng), STATIONS[n], BASTION if n % 2 else WEB, 22, rounds, first=first, greeting=greeting, rtt=700)
    rng = day.random("visitors")
    for visitor in VISITORS:
        for _ in range(rng.randrange(1, 3)):
            server = "2001:db8:20::10" if ":" in visitor else WEB
            rounds = [(520, rng.randrange(2_000, 9_000)), (600, int(min(900_000, rng.lognormvariate(10, 1.2))))]
            day.tcp(rng, day.moment(rng), visitor, server, 443, rounds, first=tls_client_hello("www.example.org", rng.randbytes(32)))
    rng = day.random("tunnels")
    for protocol, peer in ((ESP, "198.51.100.1"), (GRE, "203.0.113.1")):
        for n in range(60):
            time = day.at(10, 5) + n * 47 * SECOND + rng.randrange(SECOND)
            day.capture.ip(time, GATEWAY, peer, protocol, rng.randbytes(8), rng.randrange(10, 340) * 4)
            day.capture.ip(time + 21_000, peer, GATEWAY, protocol, rng.randbytes(8), rng.randrange(10, 340) * 4)
    rng = day.random("checks")
    for n, target in enumerate((WEB, RELAY, FILES, ROUTER)):
        day.echo(rng, day.at(8 + n, 30), MONITOR, target, 5)
    day.echo(rng, day.at(11, 42), STATIONS6[0], "2001:db8:20::2", 4)
    day.echo(rng, day.at(15, 10), "2001:db8:20::10", "2001:218::80", 3)
    for n, target in enumerate(UPSTREAMS + CLOCKS):
        day.unreachable(day.at(12, 7 * n), target, RESOLVER, target, 53, (1, 3, 13)[n % 3])
    # Ties: equal datagrams of different hosts at the same microsecond.
    for minute in (15, 45):
        for printer in ("192.168.40.11", "192.168.40.12", "192.168.40.13"):
            day.capture.udp(day.at(16, minute), printer, 514, SYSLOG, 514, b"<134>printer: ready", 41)
    # A host with a single flow, and nothing ever sent to it.
    day.capture.udp(day.at(19, 3, 20.5), "192.168.40.200", 50123, SYSLOG, 514, b"<134>door: open", 20)
