"""A small SMTP server that records both directions and stores the mails it accepts."""
import base64
import os
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from typing import Callable

from lab.endpoint import Endpoint
from lab.mails import unstuffed
from lab.recording import TlsFacts

HOST = "mail.example.com"
USER, PASSWORD = "user@example.com", "not-a-secret"


@dataclass
class Behaviour:
    """How this server differs from a well-behaved one without TLS."""
    context: ssl.SSLContext | None = None  # offer STARTTLS
    wrapper: bool = False  # TLS from byte 0
    greeting: str = f"220 {HOST} ESMTP lab"
    starttls_reply: str = "220 2.0.0 Ready to start TLS"
    auth: bool = False
    rejected: tuple = ()
    piece: int | None = None  # write to TCP in pieces of so many bytes
    proxy: str | None = None  # v1 | v2: read a PROXY header first
    at_client_hello: str | None = None  # close | reset: what is done in place of an answer
    lmtp: bool = False
    before: dict = field(default_factory=dict)  # verb -> function(session), called before the verb is handled
    replies: dict = field(default_factory=dict)  # verb -> what is said and nothing done; "." is the message
    after_message: Callable | None = None  # (session), called before the message is answered
    delay: float = 0  # seconds before the greeting


class SmtpServer:
    def __init__(self, port, behaviour, host="127.0.0.1"):
        self.behaviour = behaviour
        self.recordings = []
        self.threads = []
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, port), family=family)

    def __enter__(self):
        self.acceptor = threading.Thread(target=self._accept, daemon=True)
        self.acceptor.start()
        return self

    def __exit__(self, *_):
        # shutdown wakes the blocked accept; close alone does not.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.acceptor.join()
        for thread in self.threads:
            thread.join(20)

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _serve(self, sock):
        session = Session(sock, self.behaviour)
        try:
            session.run()
        except (EOFError, OSError, UnicodeDecodeError) as error:
            # Failed handshakes and vanished clients are part of the plan.
            if "LAB_DEBUG" in os.environ:
                print("    server:", repr(error), flush=True)
        finally:
            session.close()
            self.recordings.append(session.truth())


@dataclass
class Envelope:
    sender: str | None = None
    recipients: list = field(default_factory=list)


class Session(Endpoint):
    def __init__(self, sock, behaviour):
        super().__init__(sock, is_client=False, piece=behaviour.piece)
        self.behaviour = behaviour
        self.mails = []
        self.envelope = Envelope()
        self.proxy_text, self.proxy_length = None, 0

    def say(self, *lines):
        self.send("".join(line + "\r\n" for line in lines).encode())

    def run(self):
        if self.behaviour.proxy:
            self.read_proxy_header()
        if self.behaviour.wrapper:
            self.start_tls(self.behaviour.context, "wrapper")
        time.sleep(self.behaviour.delay)
        self.say(self.behaviour.greeting)
        if not self.behaviour.greeting.startswith("220"):
            return
        while True:
            line = self.read_line().decode().rstrip("\r\n")
            verb, _, rest = line.partition(" ")
            self.behaviour.before.get(verb.upper(), lambda _: None)(self)
            if verb.upper() == "QUIT":
                return self.say("221 2.0.0 Bye")
            if self.handle(verb.upper(), rest) is False:
                return

    def handle(self, verb, rest):
        if verb in self.behaviour.replies:
            return self.say(self.behaviour.replies[verb])
        handlers = {"EHLO": self.ehlo, "LHLO": self.ehlo, "STARTTLS": self.starttls, "AUTH": self.auth,
                    "MAIL": self.mail, "RCPT": self.rcpt, "DATA": self.data, "RSET": self.rset}
        if verb not in handlers:
            return self.say("502 5.5.2 Command not recognized")
        return handlers[verb](rest)

    def ehlo(self, _):
        extra = ["STARTTLS"] if self.behaviour.context and self.tls is None else []
        extra += ["AUTH PLAIN LOGIN"] if self.behaviour.auth and self.tls else []
        words = [HOST, "PIPELINING", "SIZE 10485760", "8BITMIME", *extra, "ENHANCEDSTATUSCODES"]
        self.say(*[f"250-{word}" for word in words[:-1]], f"250 {words[-1]}")

    def starttls(self, _):
        self.say(self.behaviour.starttls_reply)
        if not self.behaviour.starttls_reply.startswith("220"):
            return None
        if self.behaviour.at_client_hello:
            self.facts = TlsFacts("starttls")
            self.sock.recv(65536)
            if self.behaviour.at_client_hello == "reset":
                self.reset()
            return False
        return self.start_tls(self.behaviour.context, "starttls")

    def auth(self, rest):
        mechanism, _, initial = rest.partition(" ")
        if mechanism.upper() == "PLAIN":
            _, user, password = decoded(initial or self.ask("")).split("\0")
        else:
            user = decoded(initial or self.ask("Username:"))
            password = decoded(self.ask("Password:"))
        if (user, password) == (USER, PASSWORD):
            self.say("235 2.7.0 Authentication successful")
        else:
            self.say("535 5.7.8 Error: authentication failed")

    def ask(self, question):
        self.say("334 " + base64.b64encode(question.encode()).decode())
        return self.read_line().decode().strip()

    def mail(self, rest):
        self.envelope = Envelope(path_of(rest))
        self.say("250 2.1.0 Ok")

    def rcpt(self, rest):
        recipient = path_of(rest)
        if recipient in self.behaviour.rejected:
            return self.say(f"550 5.1.1 <{recipient}>: Recipient address rejected: no such user")
        self.envelope.recipients.append(recipient)
        self.say("250 2.1.5 Ok")

    def data(self, _):
        if not self.envelope.recipients:
            return self.say("554 5.5.1 Error: no valid recipients")
        self.say("354 End data with <CR><LF>.<CR><LF>")
        wire = b""
        while (line := self.read_line()) != b".\r\n":
            wire += line
        if self.behaviour.after_message:
            self.behaviour.after_message(self)
        if "." in self.behaviour.replies:
            return self.say(self.behaviour.replies["."])
        self.mails.append({"from": self.envelope.sender, "to": self.envelope.recipients, "data": unstuffed(wire)})
        # LMTP answers once for every accepted recipient (RFC 2033).
        answers = self.envelope.recipients if self.behaviour.lmtp else [None]
        for recipient in answers:
            self.say(f"250 2.0.0 Ok: queued as LAB{len(self.mails):03}" + (f" for <{recipient}>" if recipient else ""))
        self.envelope = Envelope()

    def rset(self, _):
        self.envelope = Envelope()
        self.say("250 2.0.0 Ok")

    def read_proxy_header(self):
        header = self.read_line()
        if self.behaviour.proxy == "v2":
            # The 12-byte signature ends with a line feed; 4 more bytes tell the length of the rest.
            while len(header) < 12:
                header += self.read_line()
            header += self.read_exactly(4)
            header += self.read_exactly(int.from_bytes(header[14:16], "big"))
        self.proxy_length = len(header)
        self.proxy_text = proxy_words(header)

    def read_exactly(self, count):
        while len(self.unread) < count:
            data = self.receive()
            if not data:
                raise EOFError("connection ended")
            self.unread += data
        data, self.unread = self.unread[:count], self.unread[count:]
        return data

    def truth(self):
        made = self.recording("server record (Python)")
        made.stored_mails = self.mails
        made.proxy, made.proxy_bytes = self.proxy_text, self.proxy_length
        return made


def decoded(text):
    return base64.b64decode(text).decode()


def path_of(rest):
    """"FROM:<a@b> SIZE=1" -> "a@b"."""
    return rest[rest.index("<") + 1:rest.index(">")]


def proxy_words(header):
    if header.startswith(b"PROXY "):
        return header.decode().rstrip("\r\n")
    source, target = socket.inet_ntoa(header[16:20]), socket.inet_ntoa(header[20:24])
    ports = int.from_bytes(header[24:26], "big"), int.from_bytes(header[26:28], "big")
    return f"v2 TCP4 {source} {target} {ports[0]} {ports[1]}"
