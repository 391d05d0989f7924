#!/usr/bin/env python3
"""Drops each packet of a capture in turn and counts the SMTP lines that survive, here and in the peers.

Usage: cargo build --release && benches/drop-each-packet.py tls12_aes128_gcm_sha256 ...
Needs tshark and ssldump. A peer's lines are counted as it prints them, so the share of its own full
count is what compares.
"""
import glob
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LAB = os.path.join(ROOT, "testdata")
KEY = os.path.join(LAB, "pki/server.key")
OURS = os.path.join(ROOT, "target/release/smtp-decrypt")


def lies(file):
    """Where a file of a scenario is: testdata/TOPIC/NAME/."""
    return glob.glob(f"{LAB}/*/*/{file}")[0]


def run(*command):
    return subprocess.run(command, capture_output=True).stdout.decode(errors="replace")


def packets(path):
    data = open(path, "rb").read()
    head, at, found = data[:24], 24, []
    while at < len(data):
        size = 16 + struct.unpack_from("<I", data, at + 8)[0]
        found.append(data[at : at + size])
        at += size
    return head, found


def ours(path, keys):
    report = json.loads(run(OURS, "--format", "json", "-q", "--keys", keys, path))
    said = [e for s in report["sessions"] if s["smtp"] for e in s["smtp"]["exchanges"]]
    replies = [len(e["reply"]["lines"]) for e in said if e["reply"]]
    return sum(e["command"] is not None for e in said) + sum(replies)


def tshark(path, _keys):
    text = run("tshark", "-r", path, "-d", "tcp.port==587,smtp", "-o", f'uat:rsa_keys:"{KEY}",""',
               "-Y", "smtp", "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=|",
               "-e", "smtp.command_line", "-e", "smtp.response")
    return len([part for part in re.split(r"[|\t\n]", text) if part])


def ssldump(path, _keys):
    text = run("ssldump", "-n", "-d", "-k", KEY, "-r", path)
    line = r"^\s*(?:[2345]\d\d[ -]|EHLO|STARTTLS|MAIL|RCPT|DATA|QUIT)"
    return len(re.findall(line, text, re.M))


def main(names):
    for name in names:
        head, all_packets = packets(lies(f"{name}.pcap"))
        with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
            def lines(kept, tool):
                file.seek(0)
                file.truncate()
                file.write(head + b"".join(kept))
                file.flush()
                return tool(file.name, lies(f"{name}.keys"))

            for tool in (ours, tshark, ssldump):
                full = lines(all_packets, tool)
                less = [lines(all_packets[:i] + all_packets[i + 1 :], tool)
                        for i in range(len(all_packets))]
                mean = sum(less) / len(less)
                print(f"{name} {tool.__name__}: {mean:.1f} of {full} lines, {mean / full:.0%}")


main(sys.argv[1:])
