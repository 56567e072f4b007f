#!/usr/bin/env python3
"""Makes clients.pcapng.gz: what real clients send first, captured in a network namespace of their own.

Needs root, dumpcap, and the clients below; QUIC needs a Python with aioquic, named by AIOQUIC. Whoever is asked says no
more than a client has to hear before it speaks, so that what is in the capture is the clients' own.
"""
import gzip
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
HOST = "127.0.0.1"
# What servers say first, where clients wait for it.
GREETINGS = {21: b"220 ready\r\n", 25: b"220 mail.example.org ESMTP\r\n", 110: b"+OK ready\r\n", 143: b"* OK ready\r\n",
             6667: b""}
TCP = [21, 22, 23, 25, 53, 80, 110, 139, 143, 389, 443, 445, 554, 873, 1883, 2049, 5432, 6379, 8443, 9418]
UDP = [53, 69, 123, 161, 443, 1194, 1812, 4433, 5353]
QUIC = """
import asyncio, ssl
from aioquic.asyncio import connect
from aioquic.quic.configuration import QuicConfiguration
async def main():
    settings = QuicConfiguration(alpn_protocols=["h3"], server_name="quic.example.org", verify_mode=ssl.CERT_NONE)
    async with connect("127.0.0.1", 443, configuration=settings): pass
asyncio.run(asyncio.wait_for(main(), 2))
"""
CLIENTS = [
    ("dig", "@" + HOST, "www.example.org", "+tries=1", "+time=1"),
    ("dig", "@" + HOST, "+tcp", "tcp.example.org", "+tries=1", "+time=1"),
    ("dig", "@" + HOST, "-p", "5353", "printer.local", "+tries=1", "+time=1"),
    ("ntpdate", "-q", "-p", "1", HOST),
    ("snmpget", "-v", "2c", "-c", "public", "-r", "0", "-t", "1", HOST, "1.3.6.1.2.1.1.1.0"),
    ("curl", "--resolve", "www.example.org:80:" + HOST, "http://www.example.org/index.html"),
    ("curl", "--resolve", "www.example.org:443:" + HOST, "https://www.example.org/"),
    ("openssl", "s_client", "-connect", HOST + ":8443", "-servername", "old.example.org", "-tls1_2", "-alpn", "http/1.1"),
    ("openssl", "s_client", "-dtls", "-connect", HOST + ":4433", "-servername", "dtls.example.org"),
    (os.environ.get("AIOQUIC", "python3"), "-c", QUIC),
    ("ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", HOST),
    ("curl", f"ftp://{HOST}/"),
    ("curl", f"smtp://{HOST}/", "--mail-from", "a@example.org", "--mail-rcpt", "b@example.org", "-T", "/dev/null"),
    ("curl", f"pop3://{HOST}/"),
    ("curl", f"imap://{HOST}/"),
    ("curl", f"tftp://{HOST}/boot.img"),
    ("curl", f"rtsp://{HOST}/film"),
    ("curl", f"mqtt://{HOST}/subject", "-d", "text"),
    ("mosquitto_pub", "-h", HOST, "-p", "1883", "-V", "mqttv5", "-t", "subject", "-m", "text"),
    ("smbclient", "-N", "-L", HOST, "-p", "445"),
    ("nfs-ls", f"nfs://{HOST}/files?version=4&nfsport=2049"),
    ("ldapsearch", "-x", "-H", f"ldap://{HOST}", "-D", "cn=user", "-w", "none", "-o", "nettimeout=1"),
    ("rsync", "--contimeout=1", f"rsync://{HOST}/"),
    ("git", "ls-remote", f"git://{HOST}/project"),
    ("psql", "-h", HOST, "-U", "user", "base"),
    ("redis-cli", "-h", HOST, "PING"),
    ("openvpn", "--client", "--dev", "tun", "--remote", HOST, "1194", "--nobind", "--auth-user-pass", "who", "--ca",
     "/etc/ssl/certs/ca-certificates.crt", "--connect-retry-max", "1", "--server-poll-timeout", "1"),
    ("radclient", "-r", "1", "-t", "1", HOST, "auth", "secret"),
    ("udhcpc", "-i", "client", "-n", "-q", "-t", "1", "-T", "1", "-s", "/bin/true"),
]


def serve(port):
    """Greets who connects, and hears what it says."""
    with socket.create_server((HOST, port)) as server:
        while True:
            client, _ = server.accept()
            threading.Thread(target=hear, args=(client, GREETINGS.get(port)), daemon=True).start()


def hear(client, greeting):
    with client:
        client.settimeout(2)
        try:
            if greeting:
                client.sendall(greeting)
            client.recv(65536)
            time.sleep(0.3)
        except OSError:
            pass


def sink(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((HOST, port))
        while True:
            server.recv(65536)


def run():
    """In the namespace: brings it up, captures, asks."""
    for words in ("link set lo up", "link add client type veth peer name server", "link set client up", "link set server up"):
        subprocess.run(["ip", *words.split()], check=True)
    for serves, ports in ((serve, TCP), (sink, UDP)):
        for port in ports:
            threading.Thread(target=serves, args=(port,), daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "clients.pcapng"
        out.touch(mode=0o666)
        (pathlib.Path(folder) / "who").write_text("user\nnone\n")
        capture = subprocess.Popen(["dumpcap", "-q", "-i", "lo", "-f", "not icmp", "-i", "server", "-f", "udp", "-w", out])
        time.sleep(2)
        for command in CLIENTS:
            try:
                subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=4,
                               input=b"User-Name = user\n", cwd=folder, env=dict(os.environ, HOME=folder))
            except subprocess.TimeoutExpired:
                pass
        time.sleep(2)
        capture.terminate()
        capture.wait()
        (HERE / "clients.pcapng.gz").write_bytes(gzip.compress(out.read_bytes(), 9, mtime=0))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run()
    else:
        subprocess.run(["unshare", "--net", sys.executable, __file__, "inside"], check=True)
