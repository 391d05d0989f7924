"""Sample mails: bytes as they leave after dot-unstuffing, CRLF line ends, trailing CRLF."""

SENDER = "sender@example.org"
RECIPIENT = "rcpt@example.com"


def mail(name, lines, recipient=RECIPIENT):
    # Date and Message-ID are given so that Postfix has nothing to add: the stored mail stays comparable.
    head = [f"From: <{SENDER}>", f"To: <{recipient}>", f"Subject: {name}", "Date: Mon, 02 Mar 2026 10:00:00 +0000",
            f"Message-ID: <{name}@client.example.org>", "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8", ""]
    return "".join(line + "\r\n" for line in head + lines).encode()


def simple(name):
    return mail(name, [f"This is the mail of the capture {name}.", "Grüße aus dem Labor."])


def dotted(name):
    """Lines that dot-stuffing is about, among them one that looks like the end of the mail."""
    return mail(name, [".", "..", ".hidden", "...three", "in.the.middle.", ". ", "end"])


def large(name, size):
    line = "0123456789 abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return mail(name, [f"{n:06} {line}" for n in range(size // (len(line) + 9) + 1)])


def stuffed(data):
    """The wire form of a mail: dots doubled, final dot added."""
    lines = data.split(b"\r\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b".\r\n"


def unstuffed(wire):
    """The inverse, of the wire bytes without the final dot line."""
    lines = wire.split(b"\r\n")
    return b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines)
