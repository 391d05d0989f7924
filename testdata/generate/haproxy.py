"""Records testdata/transport/haproxy/: HAProxy's PROXY headers before Postfix, wanted and not, there and missing.

Run as root, after testdata/generate/run has installed Postfix: python3 testdata/generate/haproxy.py
(apt-get install haproxy). truth.json says who really called, by the clients' own sockets, and what Postfix stored.
"""
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from lab.contexts import client_context, server_context
from lab.mails import simple, stuffed
from lab.paths import OPENSSL_CONF, TESTDATA
from lab.postfix import Postfix
from lab.sniffer import Sniffer

OUT = TESTDATA / "transport/haproxy"
RSA = {"cipher": "AES128-GCM-SHA256"}

# Frontend, server behind it, what HAProxy says first.
ROUTES = {
    "v1_starttls": (12601, 10025, "send-proxy"),
    "v2_plain": (12602, 10025, "send-proxy-v2"),
    "v2_tlvs_before_tls": (12603, 10465, "send-proxy-v2 proxy-v2-options unique-id,crc32c"),
    "v1_before_tls": (12604, 10465, "send-proxy"),
    "postscreen": (12605, 10026, "send-proxy-v2"),
    "unexpected_v1": (12606, 25, "send-proxy"),
    "unexpected_v2": (12607, 25, "send-proxy-v2"),
    "unexpected_before_tls": (12608, 465, "send-proxy-v2"),
    "v1_inside_tls": (None, 12610, None),
}


def configuration():
    text = "global\n  tune.ssl.default-dh-param 2048\ndefaults\n  mode tcp\n  timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n"
    text += "  unique-id-format %[uuid]\n"
    for name, (port, behind, options) in ROUTES.items():
        if name != "v1_inside_tls":
            text += f"listen {name}\n  bind 127.0.0.1:{port}\n  server s 127.0.0.1:{behind} {options}\n"
    return text


def talk(port, tls=None, mail=None, first=b""):
    """A client that goes on whatever it is told. Its address, and the codes that it was told."""
    sock = socket.create_connection(("127.0.0.1", port), timeout=12)
    address, codes = "%s:%d" % sock.getsockname(), []
    wire = sock

    def reply():
        text = b""
        while not any(line[3:4] == b" " for line in text.splitlines()) or not text.endswith(b"\n"):
            data = wire.recv(65536)
            if not data:
                raise EOFError
            text += data
        codes.append(int(text[:3]))

    def say(line):
        wire.sendall(line)
        reply()
    try:
        if tls == "implicit":
            wire = client_context(**RSA).wrap_socket(sock, server_hostname="mail.example.com")
        if first:
            wire.sendall(first)
        reply()
        say(b"EHLO client.example.org\r\n")
        if codes[-1] != 250:
            say(b"HELO client.example.org\r\n")
        if tls == "starttls":
            say(b"STARTTLS\r\n")
            wire = client_context(**RSA).wrap_socket(sock, server_hostname="mail.example.com")
            say(b"EHLO client.example.org\r\n")
        if mail:
            say(b"MAIL FROM:<sender@example.org>\r\n")
            say(b"RCPT TO:<rcpt@example.com>\r\n")
            say(b"DATA\r\n")
            if codes[-1] == 354:
                say(stuffed(mail))
        say(b"QUIT\r\n")
    except (OSError, EOFError) as error:
        codes.append(type(error).__name__)
    wire.close()
    return {"client": address, "codes": codes}


def relay_tls(port, behind, pki):
    """Ends TLS, and passes on what is inside, the header with it."""
    listener = socket.create_server(("127.0.0.1", port))
    near, _ = listener.accept()
    near = server_context(pki, **RSA).wrap_socket(near, server_side=True)
    far = socket.create_connection(("127.0.0.1", behind))

    def back():
        while data := far.recv(65536):
            near.sendall(data)
        near.close()
    thread = threading.Thread(target=back, daemon=True)
    thread.start()
    try:
        while data := near.recv(65536):
            far.sendall(data)
        far.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    thread.join(10)
    listener.close()


def record(name, ports, postfix, act):
    path = OUT / f"{name}.pcap"
    sniffer = Sniffer(path, ports[0])
    sniffer.command[-1] = " or ".join(f"tcp port {port}" for port in ports)
    watch = postfix.watch()
    sniffer.start()
    made = act()
    time.sleep(0.3)
    sniffer.stop()
    made["stored"] = len(postfix.mailbox()) - watch.delivered
    print(name, made)
    return made


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="smtp-decrypt-lab-", dir="/var/tmp"))
    work.chmod(0o755)
    (work / "haproxy.cfg").write_text(configuration())
    postfix = Postfix(work, TESTDATA / "pki")
    haproxy = subprocess.Popen(["haproxy", "-f", work / "haproxy.cfg"], env=os.environ | {"OPENSSL_CONF": str(OPENSSL_CONF)})
    truth = {}
    try:
        postfix.start()
        time.sleep(1)
        for name, (front, behind, _) in ROUTES.items():
            if name == "v1_inside_tls":
                continue
            tls = "implicit" if behind in (465, 10465) else "starttls" if name == "v1_starttls" else None
            mail = simple(name)
            truth[name] = record(name, [front, behind], postfix, lambda: talk(front, tls, mail))
        truth["missing"] = record("missing", [10025], postfix, lambda: talk(10025))
        truth["missing_before_tls"] = record("missing_before_tls", [10465], postfix, lambda: talk(10465, "implicit"))
        _, port, _ = ROUTES["v1_inside_tls"]
        relay = threading.Thread(target=relay_tls, args=(port, 10025, TESTDATA / "pki"), daemon=True)
        relay.start()
        time.sleep(0.3)
        header = b"PROXY TCP4 192.0.2.77 192.0.2.25 41234 465\r\n"
        truth["v1_inside_tls"] = record("v1_inside_tls", [port], postfix,
                                        lambda: talk(port, "implicit", simple("v1_inside_tls"), first=header))
        (OUT / "truth.json").write_text(json.dumps(truth, indent=1) + "\n")
    finally:
        haproxy.terminate()
        haproxy.wait(10)
        postfix.stop()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
