"""openssl s_client: its stdin and stdout are the plaintext inside TLS, its messages tell what was negotiated."""
import re
import subprocess
import threading

from lab.contexts import extension_facts
from lab.recording import TlsFacts, official_version

VERSION_OPTIONS = {"TLSv1": "-tls1", "TLSv1.1": "-tls1_1", "TLSv1.2": "-tls1_2", "TLSv1.3": "-tls1_3"}


class SClient:
    def __init__(self, work, port, version, cipher, starttls=True):
        self.starttls = starttls
        self.message_file = work / f"s_client.{port}.{version}.{cipher}.messages"
        self.command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", VERSION_OPTIONS[version],
                        "-cipher", f"{cipher}:@SECLEVEL=0", "-brief", "-ign_eof", "-servername", "mail.example.com",
                        "-msg", "-msgfile", str(self.message_file)]
        if starttls:
            self.command += ["-starttls", "smtp", "-name", "client.example.org"]
        self.sent = self.received = b""

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.errors = b""
        self.error_reader = threading.Thread(target=self._read_errors, daemon=True)
        self.error_reader.start()
        return self

    def _read_errors(self):
        self.errors = self.process.stderr.read()

    def __exit__(self, *_):
        self.process.stdin.close()
        self.received += self.process.stdout.read()
        self.process.wait(20)
        self.error_reader.join()

    def send(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()
        self.sent += data

    def reply(self):
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise EOFError(self.errors.decode())
            self.received += line
            if line[3:4] != b"-":
                return line.decode()

    def command_line(self, line):
        self.send(line.encode() + b"\r\n")
        return self.reply()

    def tls_facts(self):
        """Version and cipher from the summary, extensions from the ServerHello that the library showed."""
        words = self.errors.decode()
        version = re.search(r"Protocol version: (\S+)", words).group(1)
        cipher = re.search(r"Ciphersuite: (\S+)", words).group(1)
        ems, etm = extension_facts(self._server_hello(), version)
        mode = "starttls" if self.starttls else "wrapper"
        return TlsFacts(mode, True, official_version(version), cipher, ems, etm)

    def _server_hello(self):
        after = self.message_file.read_text().split(", ServerHello", 1)[1]
        digits = re.match(r"\s*((?:[0-9a-f]{2}\s+)+)", after).group(1)
        return bytes.fromhex("".join(digits.split()))
