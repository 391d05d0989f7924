"""Commands, replies and mails out of the two recorded plaintext streams of one connection."""
import hashlib
import re

from lab.mails import unstuffed

END_OF_MAIL = b"\r\n.\r\n"


class Stream:
    def __init__(self, data):
        self.data, self.at = data, 0

    def line(self):
        end = self.data.find(b"\r\n", self.at)
        if end < 0:
            return None
        line = self.data[self.at:end].decode(errors="surrogateescape")
        self.at = end + 2
        return line

    def take(self, count):
        data = self.data[self.at:self.at + count]
        self.at += count
        return data

    def mail(self):
        """Wire bytes up to the final dot, or None when it never came."""
        if self.data[self.at:self.at + 3] == b".\r\n":
            self.at += 3
            return b""
        end = self.data.find(END_OF_MAIL, self.at)
        if end < 0:
            return None
        wire = self.data[self.at:end + 2]
        self.at = end + len(END_OF_MAIL)
        return wire


def read_reply(stream):
    lines = []
    while (line := stream.line()) is not None:
        lines.append(line)
        if line[3:4] != "-":
            break
    return lines


def path_in(command):
    return re.search(r"<(.*?)>", command).group(1)


class Reader:
    """Walks both streams in step, one command and its reply at a time."""

    def __init__(self, c2s, s2c, lmtp=False):
        self.commands, self.replies = Stream(c2s), Stream(s2c)
        self.lmtp = lmtp
        self.steps, self.mails = [], []
        self._new_envelope()

    def _new_envelope(self, sender=None):
        self.sender, self.to, self.rejected = sender, [], []
        self.chunks = b""

    def read(self):
        self._add(None)
        authenticating = False
        while (command := self.commands.line()) is not None:
            if command.upper().startswith("BDAT "):
                self.chunks += self.commands.take(int(command.split()[1]))
            reply = self._add(command, auth=authenticating)
            authenticating = reply.startswith("334")
            self._note(command, reply)
        self._add(None)  # a reply that nobody asked for: 421
        return self

    def _add(self, command, auth=False):
        lines = read_reply(self.replies)
        if command is None and not lines:
            return ""
        self.steps.append({"c": command, "r": lines} | ({"auth": True} if auth else {}))
        return lines[-1] if lines else ""

    def _note(self, command, reply):
        verb = command.split(" ")[0].upper()
        if verb == "MAIL":
            self._new_envelope(path_in(command))
        elif verb == "RCPT":
            (self.to if reply.startswith("2") else self.rejected).append(path_in(command))
        elif verb == "RSET":
            self._new_envelope()
        elif verb == "DATA" and reply.startswith("354"):
            self._read_mail()
        elif verb == "BDAT" and command.upper().endswith(" LAST"):
            self._add_mail(self.chunks, "BDAT", reply)

    def _read_mail(self):
        wire = self.commands.mail()
        if wire is None:
            return self._add_cut_mail()
        lines = read_reply(self.replies)
        for _ in self.to[1:] if self.lmtp else []:
            lines += read_reply(self.replies)
        self.steps.append({"c": "<message>", "r": lines})
        self._add_mail(unstuffed(wire), "DATA", lines[-1] if lines else None)

    def _add_cut_mail(self):
        """It never came to its end; what there is has no hash."""
        self.steps.append({"c": "<message>", "r": []})
        self._add_mail(unstuffed(self.commands.take(len(self.commands.data))), "DATA", None)
        self.mails[-1]["sha256"] = None

    def _add_mail(self, data, how, reply):
        self.mails.append({"from": self.sender, "to": self.to, "rejected_to": self.rejected, "how": how,
                           "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "reply": reply,
                           "accepted": bool(reply and reply.startswith("2")), "data": data})
        self._new_envelope()
