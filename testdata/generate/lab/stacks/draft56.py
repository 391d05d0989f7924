"""The suites of draft-ietf-tls-56-bit-ciphersuites-01, which no TLS stack to be had speaks: a small TLS of its own.

Written from RFC 2246 and RFC 6101 with PyCryptodome's ciphers. RSA key exchange only, one record layer, both ends.
"""
import hashlib
import hmac
import os
import ssl
import subprocess
from pathlib import Path

try:
    from Cryptodome.Cipher import ARC2, ARC4, DES, PKCS1_v1_5
    from Cryptodome.PublicKey import RSA
except ImportError:
    from Crypto.Cipher import ARC2, ARC4, DES, PKCS1_v1_5
    from Crypto.PublicKey import RSA

from lab.stacks.adapter import Adapter

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, DATA = 20, 21, 22, 23
# number: (cipher, bytes of key in the key block, bytes of the final key, hash, block size)
SUITES = {0x60: ("RC4", 7, 16, "md5", 0), 0x61: ("RC2", 7, 16, "md5", 8), 0x62: ("DES", 8, 8, "sha1", 8),
          0x64: ("RC4", 7, 16, "sha1", 0), 0x03: ("RC4", 5, 16, "md5", 0), 0x06: ("RC2", 5, 16, "md5", 8),
          0x08: ("DES", 5, 8, "sha1", 8), 0x04: ("RC4", 16, 16, "md5", 0), 0x05: ("RC4", 16, 16, "sha1", 0),
          0x09: ("DES", 8, 8, "sha1", 8)}
NOT_EXPORT = {0x04, 0x05, 0x09}
SSL30, TLS10 = 0x300, 0x301


def expand(name, secret, seed, size):
    out, at = b"", seed
    while len(out) < size:
        at = hmac.digest(secret, at, name)
        out += hmac.digest(secret, at + seed, name)
    return out[:size]


def prf(secret, label, seed, size):
    """RFC 2246, section 5"""
    half = (len(secret) + 1) // 2
    one = expand("md5", secret[:half], label + seed, size)
    two = expand("sha1", secret[-half:], label + seed, size)
    return bytes(a ^ b for a, b in zip(one, two))


def ssl3_mix(secret, seed, size):
    """RFC 6101, sections 6.1 and 6.2.2"""
    out = b""
    for number in range(1 + size // 16):
        salt = bytes([ord("A") + number]) * (number + 1)
        out += hashlib.md5(secret + hashlib.sha1(salt + secret + seed).digest()).digest()
    return out[:size]


def u16(value):
    return value.to_bytes(2, "big")


def u24(value):
    return value.to_bytes(3, "big")


class Direction:
    """One way of the record layer."""

    def __init__(self, version, suite, mac_key, key, iv):
        self.version, self.mac_key, self.sequence = version, mac_key, 0
        cipher, _, _, self.hash, self.block = SUITES[suite]
        if cipher == "RC4":
            made = ARC4.new(key)
            self.encrypt, self.decrypt = made.encrypt, ARC4.new(key).encrypt
        elif cipher == "RC2":
            # The key has 128 bits as it stands: its weakness is in how it was made, not in RC2's own limit.
            self.encrypt = ARC2.new(key, ARC2.MODE_CBC, iv, effective_keylen=128).encrypt
            self.decrypt = ARC2.new(key, ARC2.MODE_CBC, iv, effective_keylen=128).decrypt
        else:
            self.encrypt = DES.new(key, DES.MODE_CBC, iv).encrypt
            self.decrypt = DES.new(key, DES.MODE_CBC, iv).decrypt

    def mac(self, kind, data):
        head = self.sequence.to_bytes(8, "big") + bytes([kind])
        self.sequence += 1
        if self.version == SSL30:
            pad = 48 if self.hash == "md5" else 40
            inner = hashlib.new(self.hash, self.mac_key + b"\x36" * pad + head + u16(len(data)) + data).digest()
            return hashlib.new(self.hash, self.mac_key + b"\x5c" * pad + inner).digest()
        return hmac.digest(self.mac_key, head + u16(self.version) + u16(len(data)) + data, self.hash)

    def seal(self, kind, data):
        data += self.mac(kind, data)
        if self.block:
            pad = self.block - 1 - len(data) % self.block
            data += (os.urandom(pad) if self.version == SSL30 else bytes([pad]) * pad) + bytes([pad])
        return self.encrypt(data)

    def open(self, kind, data):
        data = self.decrypt(data)
        if self.block:
            data = data[:-1 - data[-1]]
        size = hashlib.new(self.hash).digest_size
        data, mac = data[:-size], data[-size:]
        if self.mac(kind, data) != mac:
            raise ssl.SSLError(1, "draft56: bad record MAC")
        return data


class Draft56Context:
    made_by = "lab/stacks/draft56.py (RFC 2246, RFC 6101, PyCryptodome)"

    def __init__(self, server_side, version, suite, certificate=None, keylog=None, old_hello=None):
        """old_hello: begin with an SSLv2 CLIENT-HELLO that has a challenge of so many bytes."""
        self.old_hello = old_hello
        self.server_side, self.version, self.suite, self.keylog = server_side, version, suite, keylog
        if certificate:
            crt, key = certificate
            self.key = RSA.import_key(Path(key).read_bytes())
            self.der = subprocess.run(["openssl", "x509", "-in", str(crt), "-outform", "DER"], check=True, capture_output=True).stdout

    def wrap_bio(self, incoming, outgoing, server_side, session=None, server_hostname=None):
        return Adapter(Engine(self), incoming, outgoing, self, server_side)


class Engine:
    def __init__(self, context):
        self.context, self.version, self.suite, self.server = context, context.version, context.suite, context.server_side
        self.incoming, self.out, self.clear, self.messages = b"", b"", b"", b""
        self.reading = self.writing = self.next_reading = None
        self.transcript, self.closed, self.done, self.started = b"", False, False, False

    def feed(self, data):
        self.incoming += data
        while len(self.incoming) >= 5 and len(self.incoming) >= 5 + int.from_bytes(self.incoming[3:5], "big"):
            kind, length = self.incoming[0], int.from_bytes(self.incoming[3:5], "big")
            data, self.incoming = self.incoming[5:5 + length], self.incoming[5 + length:]
            self.record(kind, self.reading.open(kind, data) if self.reading else data)

    def take(self):
        data, self.out = self.out, b""
        return data

    def record(self, kind, data):
        if kind == CHANGE_CIPHER_SPEC:
            self.reading = self.next_reading
        elif kind == ALERT:
            self.closed = True
        elif kind == DATA:
            self.clear += data
        else:
            self.messages += data
            while len(self.messages) >= 4 and len(self.messages) >= 4 + int.from_bytes(self.messages[1:4], "big"):
                length = 4 + int.from_bytes(self.messages[1:4], "big")
                message, self.messages = self.messages[:length], self.messages[length:]
                self.message(message[0], message[4:], message)

    def send(self, kind, data):
        sealed = self.writing.seal(kind, data) if self.writing else data
        self.out += bytes([kind]) + u16(self.version) + u16(len(sealed)) + sealed

    def tell(self, kind, body):
        message = bytes([kind]) + u24(len(body)) + body
        self.transcript += message
        self.send(HANDSHAKE, message)

    def handshake(self):
        if not self.server and not self.started:
            self.started = True
            if self.context.old_hello:
                return self.say_old_hello(self.context.old_hello)
            self.client_random = os.urandom(32)
            self.tell(1, u16(self.version) + self.client_random + b"\0" + u16(2) + u16(self.suite) + b"\1\0")
        if not self.done:
            raise ssl.SSLWantReadError(2, "want read")

    def say_old_hello(self, size):
        """RFC 2246, appendix E.1: some ciphers of SSLv2 first, then the suite."""
        challenge = os.urandom(size)
        self.client_random = challenge.rjust(32, b"\0")
        specs = b"".join(u24(each) for each in (0x010080, 0x0700C0, 0x030080, self.suite))
        hello = b"\1" + u16(self.version) + u16(len(specs)) + u16(0) + u16(size) + specs + challenge
        self.transcript += hello
        self.out += u16(0x8000 | len(hello)) + hello
        raise ssl.SSLWantReadError(2, "want read")

    def message(self, kind, body, whole):
        if kind == 20:
            if body != self.finished(from_server=not self.server):
                raise ssl.SSLError(1, "draft56: wrong Finished")
            self.transcript += whole
            if self.server:
                self.finish()
            self.done = True
            return
        self.transcript += whole
        if kind == 1:
            self.client_random, self.server_random = body[2:34], os.urandom(32)
            self.tell(2, u16(self.version) + self.server_random + b"\0" + u16(self.suite) + b"\0")
            self.tell(11, u24(len(self.context.der) + 3) + u24(len(self.context.der)) + self.context.der)
            self.tell(14, b"")
        elif kind == 2:
            self.server_random = body[2:34]
        elif kind == 11:
            self.peer = RSA.import_key(body[6:])
        elif kind == 14:
            premaster = u16(self.version) + os.urandom(46)
            sealed = PKCS1_v1_5.new(self.peer).encrypt(premaster)
            self.tell(16, sealed if self.version == SSL30 else u16(len(sealed)) + sealed)
            self.derive(premaster)
            self.finish()
        elif kind == 16:
            sealed = body if self.version == SSL30 else body[2:]
            self.derive(PKCS1_v1_5.new(self.context.key).decrypt(sealed, None))

    def derive(self, premaster):
        client, server = self.client_random, self.server_random
        _, short, full, name, block = SUITES[self.suite]
        mac = hashlib.new(name).digest_size
        old = self.version == SSL30
        self.master = ssl3_mix(premaster, client + server, 48) if old else prf(premaster, b"master secret", client + server, 48)
        size = 2 * (mac + short + block)
        keys = ssl3_mix(self.master, server + client, size) if old else prf(self.master, b"key expansion", server + client, size)
        macs, rest = (keys[:mac], keys[mac:2 * mac]), keys[2 * mac:]
        write = [rest[:short], rest[short:2 * short]]
        ivs = [rest[2 * short:2 * short + block], rest[2 * short + block:2 * short + 2 * block]]
        # All of the draft are exportable, 0x62 too: its final key is derived although the first one is as long.
        if self.suite not in NOT_EXPORT:
            if old:
                write = [hashlib.md5(write[0] + client + server).digest()[:full], hashlib.md5(write[1] + server + client).digest()[:full]]
                ivs = [hashlib.md5(client + server).digest()[:block], hashlib.md5(server + client).digest()[:block]]
            else:
                write = [prf(write[0], b"client write key", client + server, full), prf(write[1], b"server write key", client + server, full)]
                both = prf(b"", b"IV block", client + server, 2 * block)
                ivs = [both[:block], both[block:]]
        ways = [Direction(self.version, self.suite, macs[who], write[who], ivs[who]) for who in (0, 1)]
        self.next_reading, self.next_writing = (ways[0], ways[1]) if self.server else (ways[1], ways[0])

    def finished(self, from_server):
        if self.version == SSL30:
            sender = b"SRVR" if from_server else b"CLNT"
            out = b""
            for name, pad in (("md5", 48), ("sha1", 40)):
                inner = hashlib.new(name, self.transcript + sender + self.master + b"\x36" * pad).digest()
                out += hashlib.new(name, self.master + b"\x5c" * pad + inner).digest()
            return out
        digest = hashlib.md5(self.transcript).digest() + hashlib.sha1(self.transcript).digest()
        return prf(self.master, b"server finished" if from_server else b"client finished", digest, 12)

    def finish(self):
        self.send(CHANGE_CIPHER_SPEC, b"\1")
        self.writing = self.next_writing
        self.tell(20, self.finished(from_server=self.server))

    def read(self, _size):
        if self.clear:
            data, self.clear = self.clear, b""
            return data
        if self.closed:
            raise ssl.SSLZeroReturnError(6, "closed")
        raise ssl.SSLWantReadError(2, "want read")

    def write(self, data):
        self.send(DATA, data[:16000])
        return len(data[:16000])

    def close(self):
        self.send(ALERT, b"\1\0")

    def facts(self):
        return {"version": "SSLv3" if self.version == SSL30 else "TLSv1", "cipher": None, "cipher_id": self.suite, "master": self.master}
