"""Packets of a synthetic capture: Ethernet frames with correct IPv4, IPv6, TCP, UDP and ICMP headers, and a pcap writer.

Payloads are zeros except for the first bytes of a conversation (DNS, NTP, HTTP, TLS, SSH, SMTP), so that a frame can be
cut at SNAPLEN while its checksums still hold for the whole packet. Times are integer microseconds since 1970.
"""
import ipaddress
import struct

SNAPLEN = 192
MSS = 1460
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
ICMP, TCP, UDP, GRE, ESP, ICMP6 = 1, 6, 17, 47, 50, 58


def checksum(*parts):
    """The ones' complement sum of RFC 1071; every part but the last has an even length."""
    total = 0
    for part in parts:
        if len(part) & 1:
            part += b"\0"
        total += sum(struct.unpack(f"!{len(part) // 2}H", part))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Capture:
    """Frames in any order; `write` sorts them by time."""

    def __init__(self):
        self.frames = []
        self.packed = {}
        self.identification = 0

    def address(self, text):
        if text not in self.packed:
            self.packed[text] = ipaddress.ip_address(text).packed
        return self.packed[text]

    def ip(self, time, source, target, protocol, body, zeros=0, ttl=64):
        """One packet of `body` and `zeros` further zero bytes."""
        source, target = self.address(source), self.address(target)
        length = len(body) + zeros
        if len(source) == 4:
            self.identification = (self.identification + 1) & 0xFFFF
            header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + length, self.identification, 0x4000, ttl, protocol, 0, source, target)
            header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
            kind = 0x0800
        else:
            header = struct.pack("!IHBB16s16s", 0x60000000, length, protocol, ttl, source, target)
            kind = 0x86DD
        frame = b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01" + struct.pack("!H", kind) + header + body
        whole = len(frame) + zeros
        frame += bytes(min(zeros, max(0, SNAPLEN - len(frame))))
        self.frames.append((time, frame[:SNAPLEN], whole))

    def pseudo(self, source, target, protocol, length):
        source, target = self.address(source), self.address(target)
        return source + target + struct.pack("!HHI", 0, protocol, length)

    def tcp(self, time, source, sport, target, dport, flags, seq, ack, payload=b"", zeros=0):
        options = b"\x02\x04\x05\xb4" if flags & SYN else b""
        offset = (5 + len(options) // 4) << 12
        header = struct.pack("!HHIIHHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, offset | flags, 64240, 0, 0) + options
        length = len(header) + len(payload) + zeros
        check = checksum(self.pseudo(source, target, TCP, length), header, payload)
        header = header[:16] + struct.pack("!H", check) + header[18:]
        self.ip(time, source, target, TCP, header + payload, zeros)

    def udp(self, time, source, sport, target, dport, payload=b"", zeros=0):
        length = 8 + len(payload) + zeros
        header = struct.pack("!HHHH", sport, dport, length, 0)
        check = checksum(self.pseudo(source, target, UDP, length), header, payload) or 0xFFFF
        self.ip(time, source, target, UDP, header[:6] + struct.pack("!H", check) + payload, zeros)

    def icmp(self, time, source, target, kind, code, rest, body):
        """`rest` is the second word of the header; ICMPv6 where the addresses are IPv6."""
        six = ":" in source
        message = struct.pack("!BBHI", kind, code, 0, rest) + body
        check = checksum(self.pseudo(source, target, ICMP6, len(message)), message) if six else checksum(message)
        self.ip(time, source, target, ICMP6 if six else ICMP, message[:2] + struct.pack("!H", check) + message[4:])

    def write(self, path, start=0, end=1 << 62):
        """A pcap (microseconds, Ethernet) of the frames in [start, end); returns their number."""
        kept = sorted((f for f in self.frames if start <= f[0] < end), key=lambda f: f[0])
        with open(path, "wb") as out:
            out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, SNAPLEN, 1))
            for time, frame, whole in kept:
                out.write(struct.pack("<IIII", time // 1_000_000, time % 1_000_000, len(frame), whole) + frame)
        return len(kept)


def dns_question(number, name, kind=1, answer=None):
    """A query, or with `answer` (packed address) its response (RFC 1035)."""
    labels = b"".join(bytes([len(x)]) + x.encode() for x in name.split(".")) + b"\0"
    flags = 0x0100 if answer is None else 0x8180
    message = struct.pack("!HHHHHH", number, flags, 1, 0 if answer is None else 1, 0, 0) + labels + struct.pack("!HH", kind, 1)
    if answer is not None:
        message += struct.pack("!HHHIH", 0xC00C, 28 if len(answer) == 16 else 1, 1, 300, len(answer)) + answer
    return message


def tls_client_hello(name, random):
    """The smallest ClientHello with a server name (RFC 8446, RFC 6066)."""
    host = name.encode()
    entry = struct.pack("!HBH", len(host) + 3, 0, len(host)) + host
    extensions = struct.pack("!HH", 0, len(entry)) + entry + struct.pack("!HHBH", 43, 3, 2, 0x0304)
    body = b"\x03\x03" + random + b"\0" + struct.pack("!HHH", 4, 0x1301, 0x1302) + b"\x01\0" + struct.pack("!H", len(extensions)) + extensions
    handshake = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + struct.pack("!H", len(handshake)) + handshake
