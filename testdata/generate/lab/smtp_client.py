"""A small SMTP client whose every read and write is recorded by the Endpoint."""
import socket

from lab.endpoint import Endpoint
from lab.mails import RECIPIENT, SENDER, stuffed

EHLO = "EHLO client.example.org"


class SmtpClient(Endpoint):
    def __init__(self, port, host="127.0.0.1", piece=None, before_greeting=b""):
        """before_greeting: bytes sent first, that is a PROXY header."""
        super().__init__(socket.create_connection((host, port), timeout=20), is_client=True, piece=piece)
        if before_greeting:
            self.send(before_greeting)

    def reply(self):
        lines = [self.read_line()]
        while lines[-1][3:4] == b"-":
            lines.append(self.read_line())
        return b"".join(lines).decode()

    def command(self, line):
        self.send(line.encode() + b"\r\n")
        return self.reply()

    def expect(self, line, code):
        answer = self.command(line)
        if not answer.startswith(str(code)):
            raise RuntimeError(f"{line}: expected {code}, got {answer}")
        return answer

    def forget(self, data):
        """What was read and is not believed."""
        assert self.unread == data
        self.unread = b""
        self.plain["received"] = self.plain["received"].removesuffix(data)

    def open_starttls(self, context, session=None):
        """Greeting, EHLO, STARTTLS, handshake, EHLO."""
        self.reply()
        self.command(EHLO)
        self.expect("STARTTLS", 220)
        self.start_tls(context, "starttls", session)
        self.expect(EHLO, 250)

    def send_mail(self, data, recipients=(RECIPIENT,), sender=SENDER):
        self.expect(f"MAIL FROM:<{sender}>", 250)
        for recipient in recipients:
            self.command(f"RCPT TO:<{recipient}>")
        self.expect("DATA", 354)
        self.send(stuffed(data))
        return self.reply()

    def quit(self):
        self.command("QUIT")
        self.close()

    def truth(self):
        return self.recording("client tap (Python ssl over MemoryBIO)")
