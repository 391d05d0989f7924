"""One end of a TCP connection that can turn to TLS and records the plaintext it sends and receives."""
import socket
import ssl

from lab.contexts import cipher_of, extension_facts
from lab.recording import Recording, TlsFacts, address, official_version
from lab.stacks import names


class Endpoint:
    def __init__(self, sock, is_client, piece=None):
        """piece: write to TCP in pieces of so many bytes (many tiny segments), or each TLS record alone ("records")."""
        self.sock = sock
        self.is_client = is_client
        self.piece = piece
        self.tls = None
        self.facts = None
        self.plain = {"sent": b"", "received": b""}
        self.inside = {"sent": b"", "received": b""}
        self.unread = b""
        ends = address(sock.getsockname()), address(sock.getpeername())
        self.client, self.server = ends if is_client else ends[::-1]
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(20)

    # plaintext in and out

    def send(self, data):
        (self.inside if self.tls else self.plain)["sent"] += data
        if self.tls is None:
            return self._send_raw(data)
        while data:
            written = self._drive(lambda: self.tls.write(data))
            data = data[written:]

    def receive(self):
        """Some bytes, or b"" at the end of the connection."""
        if self.tls is None:
            data = self.sock.recv(65536)
            self.plain["received"] += data
            return data
        try:
            data = self._drive(lambda: self.tls.read(65536))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""
        self.inside["received"] += data
        return data

    def read_line(self):
        while b"\n" not in self.unread:
            data = self.receive()
            if not data:
                raise EOFError("connection ended")
            self.unread += data
        line, self.unread = self.unread.split(b"\n", 1)
        return line + b"\n"

    # TLS

    def start_tls(self, context, mode, session=None, server_name="mail.example.com"):
        assert not self.unread, "plaintext left before the TLS handshake"
        self.facts = TlsFacts(mode)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=not self.is_client, session=session,
                                    server_hostname=server_name if self.is_client else None)
        self.tls.server_hello = None
        self._drive(self.tls.do_handshake)
        self.facts.established = True
        self.facts.version = official_version(self.tls.version())
        self.facts.cipher = self.tls.cipher()[0]
        self.facts.ems, self.facts.etm = extension_facts(self.tls.server_hello, self.tls.version())
        self.facts.resumed = bool(self.tls.session_reused)
        self._note_stack(context)

    def _note_stack(self, context):
        """What only the stacks of lab/stacks tell."""
        told = getattr(self.tls, "facts", {})
        hello = self.tls.server_hello
        number = told.get("cipher_id") or cipher_of(hello)
        self.facts.cipher_id = number
        known = names.names_of(number)
        self.facts.cipher_iana = known[1] or told.get("cipher_iana")
        self.facts.cipher = self.facts.cipher or known[0]
        self.facts.made_by = getattr(context, "made_by", "Python ssl (OpenSSL 3.0)")

    def _drive(self, step):
        """Run one step of the TLS engine, moving records between it and the socket."""
        while True:
            try:
                result = step()
                self._flush()
                return result
            except ssl.SSLWantReadError:
                self._flush()
                self._fill()
            except ssl.SSLError:
                self._flush()  # the alert
                raise

    def _fill(self):
        data = self.sock.recv(65536)
        if data:
            self.incoming.write(data)
        else:
            self.incoming.write_eof()

    def _flush(self):
        data = self.outgoing.read()
        if data:
            self._send_raw(data)

    def _send_raw(self, data):
        if self.piece == "records" and self.tls:
            while data:
                length = 5 + int.from_bytes(data[3:5], "big")
                self.sock.sendall(data[:length])
                data = data[length:]
            return
        step = (self.piece or len(data)) if self.piece != "records" else len(data)
        for at in range(0, len(data), step):
            self.sock.sendall(data[at:at + step])

    # the end

    def close(self):
        if self.tls is not None and self.facts.established:
            try:
                self.tls.unwrap()
            except ssl.SSLError:
                pass  # we said close_notify; the peer's answer is not waited for
            self._try_flush()
        self.sock.close()

    def reset(self):
        """End with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()

    def _try_flush(self):
        try:
            self._flush()
        except OSError:
            pass  # the peer closed first

    def recording(self, source):
        out, back = ("sent", "received") if self.is_client else ("received", "sent")
        return Recording(self.client, self.server, source, self.plain[out], self.plain[back],
                         self.inside[out], self.inside[back], self.facts)
