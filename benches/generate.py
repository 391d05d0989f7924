#!/usr/bin/env python3
"""Writes a capture for measuring: whole sessions of a real TLS library (both ends are OpenSSL, by
Python's `ssl`), each with keys of its own, packed into TCP as a network would carry them.

    generate.py handshakes OUT.pcap [SESSIONS]    RSA-2048, AES128-GCM, one short mail each (5000)
    generate.py gcm        OUT.pcap [MAILS]       mails with a 1 MB attachment, AES128-GCM (252)
    generate.py cbc        OUT.pcap [MAILS]       the same, AES128-SHA (252)
    generate.py plain      OUT.pcap [MAILS]       the same without TLS (252)
    generate.py unrelated  OUT.pcap [FLOWS]       one mail session in a hundred, the rest web (12000)
    generate.py half-open  OUT.pcap [SYNS]        connections that are never completed (50000)

The key is testdata/pki/server.key; the servers are 192.0.2.25:25 (STARTTLS) and 192.0.2.80. Times
are made up: a segment takes 20 us, sessions overlap eight at a time. All checksums are right.
"""
import base64
import os
import random
import ssl
import struct
import sys

PKI = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "testdata/pki")
MAIL, WEB = ("192.0.2.25", 25), ("192.0.2.80", 80)
CLIENTS = 0x0A000001  # 10.0.0.1 and those after it
EPOCH_US = 1_767_225_600_000_000  # 2026-01-01
SEGMENT, TICK_US, OVERLAP = 1448, 20, 8
SYN, FIN, PSH, ACK = 2, 1, 8, 16
ATTACHMENT = 1_000_000
RANDOM = random.Random(25)  # for what is said; the keys are OpenSSL's own


def checksum(*parts):
    data = b"".join(parts)
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def address(text):
    return bytes(int(part) for part in text.split("."))


class Flow:
    """One TCP connection as packets with times."""

    def __init__(self, number, server, start_us):
        client = struct.pack(">I", CLIENTS + number // 20_000), 40_000 + number % 20_000
        self.ends = {"client": client, "server": (address(server[0]), server[1])}
        self.next = {"client": RANDOM.getrandbits(32), "server": RANDOM.getrandbits(32)}
        self.now, self.packets = start_us, []

    def segment(self, role, flags, data=b""):
        peer = "server" if role == "client" else "client"
        (source, sport), (target, dport) = self.ends[role], self.ends[peer]
        acknowledged = self.next[peer] if flags & ACK else 0
        tcp = struct.pack(">HHIIBBHHH", sport, dport, self.next[role], acknowledged, 80, flags, 65535, 0, 0)
        pseudo = source + target + struct.pack(">HH", 6, len(tcp) + len(data))
        tcp = tcp[:16] + struct.pack(">H", checksum(pseudo, tcp, data)) + tcp[18:]
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp) + len(data), 0, 0x4000, 64, 6, 0) + source + target
        ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
        self.packets.append((self.now, b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip + tcp + data))
        taken = len(data) + bool(flags & (SYN | FIN))
        self.next[role] = (self.next[role] + taken) & 0xFFFFFFFF
        self.now += TICK_US

    def open(self):
        self.segment("client", SYN)
        self.segment("server", SYN | ACK)
        self.segment("client", ACK)

    def say(self, role, data):
        peer = "server" if role == "client" else "client"
        for at in range(0, len(data), SEGMENT):
            self.segment(role, PSH | ACK, data[at : at + SEGMENT])
            if at // SEGMENT % 2:
                self.segment(peer, ACK)

    def close(self):
        self.segment("client", FIN | ACK)
        self.segment("server", FIN | ACK)
        self.segment("client", ACK)


class Plain:
    """What is said goes out as it is."""

    def __init__(self, flow):
        self.flow = flow

    def say(self, role, data):
        self.flow.say(role, data)


class Tls:
    """What is said goes through a TLS session of two OpenSSL ends."""

    def __init__(self, flow, contexts):
        self.flow = flow
        self.wires = {role: (ssl.MemoryBIO(), ssl.MemoryBIO()) for role in contexts}
        self.ends = {
            role: context.wrap_bio(*self.wires[role], server_side=role == "server")
            for role, context in contexts.items()
        }
        done = set()
        while len(done) < 2:
            for role in ("client", "server"):
                try:
                    self.ends[role].do_handshake()
                    done.add(role)
                except ssl.SSLWantReadError:
                    pass
                self.pass_on(role)

    def pass_on(self, role):
        peer = "server" if role == "client" else "client"
        data = self.wires[role][1].read()
        self.flow.say(role, data)
        self.wires[peer][0].write(data)

    def say(self, role, data):
        peer = "server" if role == "client" else "client"
        for at in range(0, len(data), 1 << 14):
            self.ends[role].write(data[at : at + (1 << 14)])
        self.pass_on(role)
        heard = 0
        while heard < len(data):
            heard += len(self.ends[peer].read(1 << 14))


def contexts(suite):
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    server.load_cert_chain(os.path.join(PKI, "server.crt"), os.path.join(PKI, "server.key"))
    for context in (client, server):
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(suite)
        context.options |= ssl.OP_NO_TICKET
    return {"client": client, "server": server}


def message(number, attachment):
    head = f"From: a{number}@example.org\r\nTo: b@example.com\r\nSubject: mail {number}\r\n"
    if not attachment:
        return (head + "\r\nA short mail.\r\n").encode()
    lines = base64.encodebytes(attachment).replace(b"\n", b"\r\n")
    head += "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head.encode() + lines


def mail_session(number, start_us, mail, tls):
    flow = Flow(number, MAIL, start_us)
    flow.open()
    line = Plain(flow)
    line.say("server", b"220 mail.example.com ESMTP\r\n")
    hello = b"EHLO client.example.org\r\n"
    line.say("client", hello)
    if tls:
        line.say("server", b"250-mail.example.com\r\n250 STARTTLS\r\n")
        line.say("client", b"STARTTLS\r\n")
        line.say("server", b"220 2.0.0 Ready to start TLS\r\n")
        line = Tls(flow, tls)
        line.say("client", hello)
    line.say("server", b"250 mail.example.com\r\n")
    for command, reply in [
        (f"MAIL FROM:<a{number}@example.org>\r\n".encode(), b"250 2.1.0 Ok\r\n"),
        (b"RCPT TO:<b@example.com>\r\n", b"250 2.1.5 Ok\r\n"),
        (b"DATA\r\n", b"354 go on\r\n"),
        (mail + b".\r\n", b"250 2.0.0 Ok: queued\r\n"),
        (b"QUIT\r\n", b"221 2.0.0 Bye\r\n"),
    ]:
        line.say("client", command)
        line.say("server", reply)
    flow.close()
    return flow


def web_session(number, start_us, pool):
    flow = Flow(number, WEB, start_us)
    flow.open()
    flow.say("client", b"GET /image HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
    at = RANDOM.randrange(len(pool) - 45_000)
    flow.say("server", b"HTTP/1.1 200 OK\r\nContent-Length: 45000\r\n\r\n" + pool[at : at + 45_000])
    flow.close()
    return flow


def half_open(number, start_us):
    flow = Flow(number, MAIL, start_us)
    flow.segment("client", SYN)
    flow.segment("server", SYN | ACK)
    return flow


def sessions(kind, count):
    """For each number a way to make its flow."""
    suites = {"handshakes": "AES128-GCM-SHA256", "unrelated": "AES128-GCM-SHA256",
              "gcm": "AES128-GCM-SHA256", "cbc": "AES128-SHA"}
    tls = contexts(suites[kind]) if kind in suites else None
    pool = RANDOM.randbytes(ATTACHMENT)
    is_bulk = kind in ("gcm", "cbc", "plain")
    for number in range(count):
        if kind == "half-open":
            yield lambda at, n=number: half_open(n, at)
        elif kind == "unrelated" and number % 100:
            yield lambda at, n=number: web_session(n, at, pool)
        else:
            mail = message(number, pool if is_bulk else b"")
            yield lambda at, n=number, mail=mail: mail_session(n, at, mail, tls)


def write(path, makers):
    """Eight sessions at a time, their packets by time."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        now, together = EPOCH_US, []
        for maker in makers:
            together.append(maker(now + len(together) * TICK_US * 4))
            if len(together) == OVERLAP:
                now, together = flush(file, together), []
        flush(file, together)


def flush(file, flows):
    packets = sorted((packet for flow in flows for packet in flow.packets), key=lambda packet: packet[0])
    for at, frame in packets:
        file.write(struct.pack("<IIII", at // 1_000_000, at % 1_000_000, len(frame), len(frame)))
        file.write(frame)
    return packets[-1][0] + TICK_US if packets else 0


COUNTS = {"handshakes": 5000, "gcm": 252, "cbc": 252, "plain": 252, "unrelated": 12_000, "half-open": 50_000}


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in COUNTS:
        sys.exit(__doc__)
    kind, path = sys.argv[1:3]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else COUNTS[kind]
    write(path, sessions(kind, count))


if __name__ == "__main__":
    main()
