#!/usr/bin/python3
"""Records testdata/stories: whole deliveries between two hosts in network namespaces (root, Debian 12).

stories.py testdata/stories: each capture with the log of the server that was there, by its own clock. The client is swaks or
Python's smtplib, names are asked for by glibc's resolver, the server and the resolver are scripts of this file."""
import os
import socket
import struct
import subprocess
import sys
import threading
import time

CLIENT, SERVER, NAMES, NOBODY = "10.9.0.1", "10.9.0.2", "10.9.0.53", "10.9.0.9"
ME = os.path.abspath(__file__)
RESOLV = "nameserver {}\noptions timeout:1 attempts:2\n"


def run(*words, **options):
    return subprocess.run(words, check=options.pop("check", True), **options)


def inside(host, *words):
    return ["ip", "netns", "exec", host, *words]


class Hosts:
    """Two hosts on one cable."""

    def __enter__(self):
        for name, address, other in (("snd", CLIENT, "srv"), ("srv", SERVER, "snd")):
            os.makedirs(f"/etc/netns/{name}", exist_ok=True)
            with open(f"/etc/netns/{name}/resolv.conf", "w", encoding="ascii") as file:
                # Each asks over the cable.
                file.write(RESOLV.format(SERVER if name == "snd" else NAMES))
            run("ip", "netns", "add", name)
        run("ip", "link", "add", "snd0", "netns", "snd", "type", "veth", "peer", "name", "srv0", "netns", "srv")
        for name, address in (("snd", CLIENT), ("srv", SERVER)):
            run(*inside(name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1"), check=False)
            run(*inside(name, "ip", "address", "add", f"{address}/24", "dev", f"{name}0"))
            run(*inside(name, "ip", "link", "set", f"{name}0", "up"))
            run(*inside(name, "ip", "link", "set", "lo", "up"))
        run(*inside("snd", "ip", "address", "add", f"{NAMES}/24", "dev", "snd0"))
        # Frames to nobody leave, and nobody answers.
        run(*inside("snd", "ip", "neigh", "add", NOBODY, "lladdr", "02:00:00:00:00:09", "dev", "snd0"))
        return self

    def __exit__(self, *_):
        for name in ("snd", "srv"):
            run("ip", "netns", "delete", name, check=False)
            run("rm", "-rf", f"/etc/netns/{name}", check=False)


def log(text):
    print(f"{time.time():.3f} {text}", flush=True)


def resolver(address, late, silent):
    """Answers A mx.story.test with both addresses, PTR with a name; `late` seconds late, or never for `silent` names."""
    door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    door.bind((address, 53))

    def answer(question, asker):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        name, (kind,) = ".".join(labels).lower(), struct.unpack("!H", question[at + 1:at + 3])
        log(f"asked for {kind} {name}")
        if any(word in name for word in silent):
            return
        time.sleep(late)
        records = []
        if kind == 1 and name == "mx.story.test":
            records = [socket.inet_aton(NOBODY), socket.inet_aton(SERVER)]
        if kind == 12:
            records = [b"\x06client\x05story\x04test\x00"]
        head = question[:2] + b"\x81\x80" + struct.pack("!HHHH", 1, len(records), 0, 0)
        body = b"".join(struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(data)) + data for data in records)
        door.sendto(head + question[12:at + 5] + body, asker)

    while True:
        threading.Thread(target=answer, args=door.recvfrom(512), daemon=True).start()


def server(manners):
    """An SMTP server on port 25, with its manners: names it asks for, whom it puts off."""
    refused = set()
    door = socket.create_server((SERVER, 25))
    while True:
        talk, (client, _) = door.accept()
        log(f"connection from {client}")
        if "reverse" in manners:
            began = time.time()
            try:
                name = socket.gethostbyaddr(client)[0]
            except OSError as error:
                name = str(error)
            log(f"the name of {client}: {name}, after {time.time() - began:.3f} s")
        if "ident" in manners:
            try:
                socket.create_connection((client, 113), 5)
            except OSError as error:
                log(f"ident: {error}")
        if "tarpit" in manners:
            noise = subprocess.Popen(["getent", "hosts", "other.noise.test"], stdout=subprocess.DEVNULL)
            time.sleep(1.9)
            log("a pause of 1.9 s of the server's own; getent asked for other.noise.test meanwhile")
            noise.kill()
        converse(talk, manners, refused)


def converse(talk, manners, refused):
    lines = talk.makefile("rwb", buffering=0)

    def say(text):
        lines.write(text.encode() + b"\r\n")

    say("220 mx.story.test ESMTP")
    for line in lines:
        verb = line.decode("latin-1").strip().upper()
        if verb.startswith("EHLO"):
            say("250 mx.story.test")
        elif verb.startswith("RCPT") and "put-off" in manners and verb not in refused:
            refused.add(verb)
            log(f"put off: {verb}")
            say("451 4.7.1 Greylisted")
        elif verb == "DATA":
            say("354 go on")
            for part in lines:
                if part == b".\r\n":
                    break
            log("a message was taken")
            say("250 2.0.0 queued")
        elif verb == "QUIT":
            say("221 bye")
            break
        else:
            say("250 ok")
    talk.close()


def swaks(to, host=SERVER):
    words = ["swaks", "--server", host, "--from", "a@sender.test", "--to", to, "--helo", "client.story.test",
             "--header", "Message-Id: <one@story.test>", "--hide-all"]
    run(*inside("snd", *words), check=False)


def smtplib():
    code = ("import smtplib; s = smtplib.SMTP('mx.story.test', 25, local_hostname='client.story.test', timeout=2); "
            "s.sendmail('a@sender.test', ['b@story.test'], 'Message-Id: <two@story.test>\\r\\n\\r\\nx\\r\\n'); s.quit()")
    run(*inside("snd", "/usr/bin/python3", "-c", code), check=False)


STORIES = {
    "reverse_unanswered": ({"late": 0, "silent": ["in-addr"]}, ["reverse"], lambda: swaks("b@story.test")),
    "reverse_late": ({"late": 1.6, "silent": []}, ["reverse"], lambda: swaks("b@story.test")),
    "innocents": ({"late": 0, "silent": ["noise"]}, ["ident", "tarpit"], lambda: swaks("b@story.test")),
    "put_off": ({"late": 0, "silent": []}, ["put-off"], lambda: (swaks("b@story.test"), time.sleep(2), swaks("b@story.test"))),
    "fan_out": ({"late": 0, "silent": []}, [], lambda: (swaks("b@story.test"), swaks("c@story.test"))),
    "first_address_silent": ({"late": 0, "silent": []}, [], smtplib),
}


def record(name, out):
    act = STORIES[name][2]
    folder = os.path.join(out, name)
    os.makedirs(folder, exist_ok=True)
    with Hosts(), open(f"{folder}/{name}.log", "w", encoding="ascii") as told:
        python = ["/usr/bin/python3", "-u", ME]
        parts = (("srv", "resolver", SERVER), ("snd", "resolver", NAMES), ("srv", "server", SERVER))
        scripts = [subprocess.Popen(inside(host, *python, role, name, at), stdout=told) for host, role, at in parts]
        sniffer = subprocess.Popen(inside("snd", "tcpdump", "-i", "any", "--immediate-mode", "-U", "-w", f"{folder}/{name}.pcap",
                                          "port 25 or port 53 or port 113 or icmp or arp"), stderr=subprocess.DEVNULL)
        time.sleep(1)
        act()
        time.sleep(0.5)
        for process in (sniffer, *scripts):
            process.terminate()
            process.wait()


if __name__ == "__main__":
    if sys.argv[1] == "resolver":
        resolver(sys.argv[3], **STORIES[sys.argv[2]][0])
    elif sys.argv[1] == "server":
        server(STORIES[sys.argv[2]][1])
    else:
        for each in STORIES:
            record(each, sys.argv[1])
