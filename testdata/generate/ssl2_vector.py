"""Makes ssl2.pcap: no server of today speaks SSL 2.0, so both ends are written here, from the draft
alone (Hickman, "The SSL Protocol", 1995; sections in brackets). Section signs refer to it.

    pip install pycryptodome
    python3 testdata/generate/ssl2_vector.py          # into testdata/ssl2/ssl2/, the same bytes each time

All chance comes from a counter behind SHA-256. The key is pki/server.key."""
import hashlib
import json
import ssl
import struct
from pathlib import Path

from Crypto.Cipher import ARC2, ARC4, DES, DES3
from Crypto.PublicKey import RSA

TESTDATA = Path(__file__).resolve().parent.parent
FOLDER = TESTDATA / "ssl2/ssl2"
KEY = RSA.import_key((TESTDATA / "pki/server.key").read_bytes())
CERTIFICATE = ssl.PEM_cert_to_DER_cert((TESTDATA / "pki/server.crt").read_text())
START = 1795312800  # within the certificate's validity

CALLS = 0


def chance(count, nonzero=False):
    global CALLS
    taken = b""
    while len(taken) < count:
        CALLS += 1
        block = hashlib.sha256(b"ssl2_vector %d" % CALLS).digest()
        taken += bytes(b for b in block if b) if nonzero else block
    return taken[:count]


class Idea:
    """IDEA in CBC mode, encryption alone; pycryptodome has none."""

    def __init__(self, key, iv):
        self.previous = iv
        number = int.from_bytes(key, "big")
        self.subkeys = []
        while len(self.subkeys) < 52:
            self.subkeys += [number >> shift & 0xFFFF for shift in range(112, -1, -16)]
            number = (number << 25 | number >> 103) & (1 << 128) - 1

    @staticmethod
    def multiply(a, b):
        return (a or 65536) * (b or 65536) % 65537 & 0xFFFF

    def block(self, data):
        a, b, c, d = struct.unpack(">4H", data)
        mul, key = self.multiply, self.subkeys
        for at in range(0, 48, 6):
            k = key[at:at + 6]
            a, b, c, d = mul(a, k[0]), b + k[1] & 0xFFFF, c + k[2] & 0xFFFF, mul(d, k[3])
            t = mul(a ^ c, k[4])
            u = mul(t + (b ^ d) & 0xFFFF, k[5])
            t = t + u & 0xFFFF
            a, b, c, d = a ^ u, c ^ u, b ^ t, d ^ t
        k = key[48:]
        return struct.pack(">4H", mul(a, k[0]), c + k[1] & 0xFFFF, b + k[2] & 0xFFFF, mul(d, k[3]))

    def encrypt(self, data):
        out = b""
        for at in range(0, len(data), 8):
            self.previous = self.block(bytes(x ^ y for x, y in zip(data[at:at + 8], self.previous)))
            out += self.previous
        return out


# Lai's test vector: key 1 to 8 as words, plaintext 0 to 3.
assert Idea(struct.pack(">8H", *range(1, 9)), bytes(8)).encrypt(struct.pack(">4H", 0, 1, 2, 3)).hex() == "11fbed2b01986de5"


def rc4(key, _iv):
    return ARC4.new(key)


def rc2(key, iv):
    return ARC2.new(key, ARC2.MODE_CBC, iv=iv, effective_keylen=128)


def des(key, iv):
    return DES.new(key, DES.MODE_CBC, iv=iv)


def des3(key, iv):
    # pycryptodome refuses keys of less than three parts; these are random.
    return DES3.new(key, DES3.MODE_CBC, iv=iv)


# kind [C.4]: name, OpenSSL's name, cipher, block length, length of master key, of its clear part
KINDS = {
    0x010080: ("SSL_CK_RC4_128_WITH_MD5", "RC4-MD5", rc4, 0, 16, 0),
    0x020080: ("SSL_CK_RC4_128_EXPORT40_WITH_MD5", "EXP-RC4-MD5", rc4, 0, 16, 11),
    0x030080: ("SSL_CK_RC2_128_CBC_WITH_MD5", "RC2-CBC-MD5", rc2, 8, 16, 0),
    0x040080: ("SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5", "EXP-RC2-CBC-MD5", rc2, 8, 16, 11),
    0x050080: ("SSL_CK_IDEA_128_CBC_WITH_MD5", "IDEA-CBC-MD5", Idea, 8, 16, 0),
    0x060040: ("SSL_CK_DES_64_CBC_WITH_MD5", "DES-CBC-MD5", des, 8, 8, 0),
    0x0700C0: ("SSL_CK_DES_192_EDE3_CBC_WITH_MD5", "DES-CBC3-MD5", des3, 8, 24, 0),
}


def session_keys(kind, master, challenge, connection_id, des_digit):
    """CLIENT-READ-KEY and CLIENT-WRITE-KEY [1.2, C.4]."""
    def material(digit):
        return hashlib.md5(master + digit + challenge + connection_id).digest()
    if kind == 0x060040:
        both = material(b"0" if des_digit else b"")
        return both[:8], both[8:]
    if kind == 0x0700C0:
        both = material(b"0") + material(b"1") + material(b"2")
        return both[:24], both[24:]
    return material(b"0"), material(b"1")


class Sender:
    """One direction: its record number, and its cipher when it has one."""

    def __init__(self):
        self.number = 0
        self.cipher = None

    def protect(self, make, key, iv, block):
        self.key, self.block, self.cipher = key, block, make(key, iv)

    def record(self, data):
        padding = 0
        if self.cipher:
            padding = -(16 + len(data)) % self.block if self.block else 0
            padded = data + chance(padding)
            mac = hashlib.md5(self.key + padded + struct.pack(">I", self.number)).digest()
            data = self.cipher.encrypt(mac + padded)
        self.number += 1
        if padding:
            return struct.pack(">HB", len(data), padding) + data
        return struct.pack(">H", 0x8000 | len(data)) + data


class Wire:
    """TCP of one connection, in Ethernet and IPv4."""

    def __init__(self, port, server_port):
        self.ends = [("10.11.0.1", port), ("10.11.0.2", server_port)]
        self.next = [struct.unpack(">I", chance(4))[0] for _ in range(2)]
        self.segment(0, 0x02, b"")
        self.segment(1, 0x12, b"")
        self.segment(0, 0x10, b"")

    def send(self, side, data):
        for at in range(0, len(data), 1400):
            self.segment(side, 0x18, data[at:at + 1400])
        self.segment(1 - side, 0x10, b"")

    def close(self):
        self.segment(0, 0x11, b"")
        self.segment(1, 0x11, b"")
        self.segment(0, 0x10, b"")

    def segment(self, side, flags, data):
        (source, sport), (target, dport) = self.ends[side], self.ends[1 - side]
        addresses = b"".join(bytes(map(int, ip.split("."))) for ip in (source, target))
        ack = self.next[1 - side] if flags & 0x10 else 0
        tcp = struct.pack(">HHIIBBHHH", sport, dport, self.next[side], ack, 0x50, flags, 65535, 0, 0) + data
        check = checksum(addresses + struct.pack(">HH", 6, len(tcp)) + tcp)
        tcp = tcp[:16] + struct.pack(">H", check) + tcp[18:]
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + addresses
        ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
        ether = bytes([2, 0, 0, 0, 0, 2 - side, 2, 0, 0, 0, 0, 1 + side, 8, 0])
        frame(ether + ip + tcp)
        self.next[side] = self.next[side] + len(data) + (1 if flags & 0x03 else 0) & 0xFFFFFFFF


def checksum(data):
    total = sum(struct.unpack(">%dH" % (len(data + b"\0") // 2), data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


FRAMES = []


def frame(data):
    FRAMES.append(struct.pack("<IIII", START + len(FRAMES) // 1000, len(FRAMES) % 1000 * 1000, len(data), len(data)) + data)


def hello(kinds, session_id, challenge):
    offered = b"".join(struct.pack(">I", kind)[1:] for kind in kinds)
    lengths = struct.pack(">HHH", len(offered), len(session_id), len(challenge))
    return b"\x01\x00\x02" + lengths + offered + session_id + challenge


class Conversation:
    """SMTP over a wire, in clear or in SSL 2.0, and its truth."""

    def __init__(self, n, kind, starttls=False, resumes=None, des_digit=False, asks_certificate=False, challenge=16):
        self.kind, self.resumes, self.des_digit = kind, resumes, des_digit
        self.asks_certificate, self.challenge_length = asks_certificate, challenge
        self.port = 587 if starttls else 465
        self.wire = Wire(50000 + n, self.port)
        self.senders = [Sender(), Sender()]
        self.streams, self.plain, self.dialogue, self.messages = [b"", b""], [0, 0], [], []
        self.n, self.starttls = n, starttls

    def write(self, side, data):
        self.streams[side] += data
        if not self.secure:
            self.wire.send(side, data)
            self.plain[side] += len(data)
            return
        for at in range(0, len(data), 5000):
            self.wire.send(side, self.senders[side].record(data[at:at + 5000]))

    def handshake(self):
        client, server = self.senders
        name, _, make, block, length, clear_length = KINDS[self.kind]
        send = self.wire.send
        challenge, connection_id = chance(self.challenge_length), chance(16)
        old = self.resumes
        offered = [self.kind] + [kind for kind in KINDS if kind != self.kind]
        send(0, client.record(hello(offered, old.session_id if old else b"", challenge)))
        if old:
            answer, master, key_arg = (b"", b""), old.master, old.key_arg
        else:
            answer = CERTIFICATE, struct.pack(">I", self.kind)[1:]
            master, key_arg = chance(length), chance(block)
        lengths = struct.pack(">HHH", len(answer[0]), len(answer[1]), len(connection_id))
        head = b"\x04" + (b"\x01\x00" if old else b"\x00\x01") + b"\x00\x02"
        send(1, server.record(head + lengths + b"".join(answer) + connection_id))
        if not old:
            clear, secret = master[:clear_length], master[clear_length:]
            size = KEY.size_in_bytes()
            padded = b"\x00\x02" + chance(size - 3 - len(secret), True) + b"\x00" + secret
            sealed = pow(int.from_bytes(padded, "big"), KEY.e, KEY.n).to_bytes(size, "big")
            lengths = struct.pack(">HHH", len(clear), len(sealed), len(key_arg))
            kind = struct.pack(">I", self.kind)[1:]
            send(0, client.record(b"\x02" + kind + lengths + clear + sealed + key_arg))
        read, write = session_keys(self.kind, master, challenge, connection_id, self.des_digit)
        client.protect(make, write, key_arg, block)
        server.protect(make, read, key_arg, block)
        send(1, server.record(b"\x05" + challenge))
        send(0, client.record(b"\x03" + connection_id))
        if self.asks_certificate:
            send(1, server.record(b"\x07\x01" + chance(16)))
            send(0, client.record(b"\x00\x00\x02"))  # NO-CERTIFICATE-ERROR
        self.session_id = chance(16)
        self.master, self.key_arg = master, key_arg
        send(1, server.record(b"\x06" + self.session_id))

    def said(self, command, reply):
        lines = reply.split("\n")
        if command is not None:
            self.write(0, command.encode() + b"\r\n")
        self.write(1, "".join(line + "\r\n" for line in lines).encode())
        self.dialogue.append({"c": command, "r": lines})

    def mail(self, body):
        self.said("MAIL FROM:<sender@example.org>", "250 2.1.0 Ok")
        self.said("RCPT TO:<rcpt@example.com>", "250 2.1.5 Ok")
        self.said("DATA", "354 End data with <CR><LF>.<CR><LF>")
        self.write(0, body.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        reply = "250 2.0.0 Ok: queued as %08X" % self.n
        self.write(1, reply.encode() + b"\r\n")
        self.dialogue.append({"c": "<message>", "r": [reply]})
        self.messages.append({
            "from": "sender@example.org", "to": ["rcpt@example.com"], "rejected_to": [], "how": "DATA",
            "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest(), "reply": reply, "accepted": True})

    def run(self):
        greeting, ehlo = "220 mail.example.com ESMTP", "250-mail.example.com\n250 SIZE 10240000"
        self.secure = False
        if self.starttls:
            self.said(None, greeting)
            self.said("EHLO client.example.org", ehlo.replace("250 SIZE", "250-STARTTLS\n250 SIZE"))
            self.said("STARTTLS", "220 2.0.0 Ready to start TLS")
        self.handshake()
        self.secure = True
        if not self.starttls:
            self.said(None, greeting)
        self.said("EHLO client.example.org", ehlo)
        lines = 400 * (1 + self.n % 2) if self.n < 3 else 5 + self.n
        text = b"".join(b"%sline %d of connection %d\r\n" % (b"." * (i % 3), i, self.n) for i in range(lines))
        self.mail(b"From: sender@example.org\r\nSubject: %s\r\n\r\n" % KINDS[self.kind][0].encode() + text)
        self.said("QUIT", "221 2.0.0 Bye")
        self.wire.close()
        return self

    def truth(self):
        name, openssl = KINDS[self.kind][:2]
        sides = ("c2s", "s2c")
        return {
            "n": self.n, "client": "10.11.0.1:%d" % (50000 + self.n), "server": "10.11.0.2:%d" % self.port,
            "tls": {
                "mode": "starttls" if self.starttls else "wrapper", "version": "SSLv2", "cipher_openssl": openssl,
                "cipher_iana": name, "ems": False, "etm": False, "resumed": self.resumes is not None,
                "established": True, "decryptable_rsa": True, "decryptable_with_keys": True},
            "plain_bytes": dict(zip(sides, self.plain)),
            "stream": {side: {"len": len(data), "sha256": hashlib.sha256(data).hexdigest()}
                       for side, data in zip(sides, self.streams)},
            "dialogue": self.dialogue, "messages": self.messages,
            "expected_outcome": "delivered", "expected_reason": None}


def main():
    all_kinds = list(KINDS)
    done = [Conversation(n, kind).run() for n, kind in enumerate(all_kinds)]
    # OpenSSL puts the digit into the key material of DES, where the draft has none.
    done.append(Conversation(7, 0x060040, des_digit=True).run())
    done.append(Conversation(8, 0x0700C0, starttls=True, challenge=32).run())
    done.append(Conversation(9, 0x0700C0, resumes=done[6]).run())
    done.append(Conversation(10, 0x010080, resumes=done[0], asks_certificate=True).run())
    (FOLDER / "ssl2.pcap").write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1) + b"".join(FRAMES))
    (FOLDER / "ssl2.keys").write_text("10.11.0.2,465,smtp,../../pki/server.key\n10.11.0.2,587,smtp,../../pki/server.key\n")
    for talk in done:
        for side, data in zip(("c2s", "s2c"), talk.streams):
            (FOLDER / f"ssl2.{talk.n}.{side}").write_bytes(data)
    truth = {
        "name": "ssl2", "description": "SSL 2.0: each cipher kind, STARTTLS, resumption", "files": ["ssl2.pcap"],
        "keys": "ssl2.keys", "keylog": None, "complete": True, "connections": [talk.truth() for talk in done],
        "truth_source": "generate/ssl2_vector.py, which wrote both ends"}
    (FOLDER / "ssl2.json").write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n")


main()
