"""Connections that do not come about, or that large packets do not pass."""
import socket
import subprocess

from captures.bad_handshakes import broken
from captures.bad_mails import failing
from lab.acts import s_client
from lab.cable import HERE, INTERFACE, NOBODY, Cable
from lab.recording import Recording, address
from lab.smtp_client import SmtpClient
from lab.smtp_server import Behaviour, SmtpServer


def attempt(host, seconds):
    """A connection attempt that fails, and the record of its nothing."""
    sock = socket.socket()
    sock.settimeout(seconds)
    sock.bind((HERE if host == NOBODY else host, 0))
    own = address(sock.getsockname())
    try:
        sock.connect((host, 2587))
    except OSError:
        sock.close()
        return [Recording(own, f"{host}:2587", "the client's socket")]
    raise RuntimeError("the connection was meant to fail")


@failing("bad_connection_refused", "nothing listens on the port", "tcp.connection_refused", "refused")
def connection_refused(_):
    return attempt("127.0.0.1", 4)


@failing("bad_syn_unanswered", "nobody has the address; the client gives up after 4 s", "tcp.connection_timeout", "incomplete",
         interface=INTERFACE, late=True)
def syn_unanswered(studio):
    with Cable():
        studio.sniffer.start()
        made = attempt(NOBODY, 4)
        studio.sniffer.stop()
    return made


@failing("bad_no_greeting", "the server takes the connection and says nothing; the client gives up after 4 s", "smtp.timeout", "no_mail")
def no_greeting(_):
    with SmtpServer(2587, Behaviour(delay=5)) as server:
        client = SmtpClient(2587)
        client.sock.settimeout(4)
        try:
            client.reply()
        except TimeoutError:
            client.close()
    return server.recordings  # it greets nobody


@broken("bad_mtu", "packets above 600 bytes are dropped on their way to the client; recorded at the server",
        "tcp.large_packets_lost", outcome="incomplete", interface=INTERFACE, late=True)
def mtu(studio):
    with Cable(widest=600) as cable, SmtpServer(2587, Behaviour(studio.server_context()), HERE) as server:
        studio.sniffer.start()
        words = [word.replace("127.0.0.1", HERE) for word in s_client(2587, "-tls1_2", "-cipher", "AES128-SHA")]
        subprocess.run([*cable.at_the_other_end(), "timeout", "3", *words], stdin=subprocess.DEVNULL, capture_output=True)
        studio.sniffer.stop()
    return server.recordings
