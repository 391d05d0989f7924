"""swaks: its transcript is a tap on both directions, before and inside TLS."""
import re
import subprocess

from lab.recording import Recording, TlsFacts, official_version

# " -> sent", "<-  received"; a tilde when inside TLS; the second character of the arrow turns to * on an error reply.
SENT = {" -> ": "plain", " ~> ": "tls"}
RECEIVED = {"<-  ": "plain", "<** ": "plain", "<~  ": "tls", "<~* ": "tls"}


def run_swaks(*options):
    """The transcript; a refused mail makes swaks fail, which is the point of some captures."""
    command = ["swaks", "--server", "127.0.0.1", "--helo", "client.example.org", *options]
    done = subprocess.run(command, capture_output=True, timeout=60)
    return done.stdout + done.stderr


def recording_of(transcript, client, server, mode):
    """Streams out of a transcript: each of its lines stands for one line with CRLF on the wire."""
    parts = {("c", "plain"): b"", ("c", "tls"): b"", ("s", "plain"): b"", ("s", "tls"): b""}
    for line in transcript.split(b"\n"):
        mark = line[:4].decode("ascii", "replace")
        if mark in SENT:
            parts["c", SENT[mark]] += wire_line(line)
        elif mark in RECEIVED:
            parts["s", RECEIVED[mark]] += wire_line(line)
    return Recording(client, server, "swaks transcript", parts["c", "plain"], parts["s", "plain"],
                     parts["c", "tls"], parts["s", "tls"], facts_of(transcript, mode))


def wire_line(line):
    # Commands are shown without their CRLF, the lines of a mail of swaks's own with the CR.
    return line[4:].removesuffix(b"\r") + b"\r\n"


def facts_of(transcript, mode):
    said = re.search(rb"=== TLS started with cipher ([^:]+):([^:]+):", transcript)
    if said is None:
        return None
    version = official_version(said.group(1).decode())
    cipher = said.group(2).decode()
    # Both ends are OpenSSL 3 with its defaults: extended master secret always, encrypt-then-MAC for CBC suites.
    is_cbc = "GCM" not in cipher and "CCM" not in cipher
    return TlsFacts(mode, True, version, cipher, ems=True, etm=is_cbc)
