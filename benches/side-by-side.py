#!/usr/bin/env python3
"""Time, processor time and peak memory of smtp-decrypt beside tshark, ssldump, tcpflow and tcpdump,
on the same captures, in one run, interleaved. Prints a table a capture: medians, and ratios to
smtp-decrypt.

    benches/side-by-side.py [--small] [--runs N] [KIND...]    KIND: see benches/generate.py; all

--small makes captures of a hundredth of the size, to see that everything works: it fails if
smtp-decrypt does, however quick. Builds a release;
needs GNU time; a peer that is not installed is left out, and that is said
(apt-get install time tshark ssldump tcpflow tcpdump).
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

import generate

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KEY = os.path.join(ROOT, "testdata/pki/server.key")
OURS = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release/smtp-decrypt")
PATIENCE_S = 300


def commands(capture, scratch):
    """What is run on a capture, ours first; each ends in a name that must be a program."""
    return {
        "smtp-decrypt": [OURS, "-q", "--key", KEY, capture],
        "smtp-decrypt, 1 thread": [OURS, "-q", "--threads", "1", "--key", KEY, capture],
        "smtp-decrypt, json": [OURS, "-q", "--format", "json", "--key", KEY, capture],
        "tshark": ["tshark", "-n", "-r", capture, "-o", f'uat:rsa_keys:"{KEY}",""', "-Y", "smtp"],
        "ssldump": ["ssldump", "-n", "-d", "-k", KEY, "-r", capture],
        "tcpflow, no files": ["tcpflow", "-q", "-FX", "-o", scratch, "-r", capture],
        "tcpdump, copying": ["tcpdump", "-r", capture, "-w", "/dev/null"],
    }


def measure(command, scratch):
    """Wall, processor time (s), peak memory (MiB), mails seen; None if it did not end in time."""
    times, output = os.path.join(scratch, "times"), os.path.join(scratch, "output")
    with open(output, "wb") as out:
        try:
            ended = subprocess.run(["/usr/bin/time", "-o", times, "-f", "%e %U %S %M", *command], stdout=out,
                                   stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            return None
    if command[0] == OURS and ended.returncode:
        sys.exit(f"{' '.join(command)}: exit {ended.returncode}")
    with open(times) as file:
        wall, user, system, peak = map(float, file.read().split("\n")[-2].split())
    with open(output, "rb") as file:
        mails = sum(b"MAIL FROM:<" in line for line in file)
    return wall, user + system, peak / 1024, mails


def table(kind, capture, runs, scratch):
    found = {}
    for name, command in commands(capture, scratch).items():
        if shutil.which(command[0]):
            found[name] = command
        else:
            print(f"no {command[0]} here: left out")
    # The first round warms the caches.
    rounds = [{name: measure(command, scratch) for name, command in found.items()} for _ in range(runs + 1)][1:]
    print(f"\n### {kind}: {os.path.getsize(capture) / 1e6:.0f} MB\n")
    print("| command | wall s | ratio | CPU s | ratio | peak MiB | ratio | lines with MAIL |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    base = None
    for name in found:
        rows = [one[name] for one in rounds if one[name]]
        if not rows:
            print(f"| {name} | over {PATIENCE_S} | | | | | | |")
            continue
        middle = [statistics.median(column) for column in zip(*rows)]
        base = base or middle
        cells = " | ".join(f"{middle[i]:.2f} | {middle[i] / max(base[i], 0.01):.1f}" for i in range(3))
        print(f"| {name} | {cells} | {middle[3]:.0f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("kinds", nargs="*", metavar="KIND", choices=[[], *generate.COUNTS])
    asked = parser.parse_args()
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet"], cwd=ROOT, check=True)
    print(f"{os.cpu_count()} cores, {asked.runs} runs, medians; load before: "
          + " ".join(f"{load:.1f}" for load in os.getloadavg()))
    with tempfile.TemporaryDirectory() as scratch:
        for kind in asked.kinds or generate.COUNTS:
            capture = os.path.join(scratch, f"{kind}.pcap")
            count = generate.COUNTS[kind]
            generate.write(capture, generate.sessions(kind, max(4, count // 100) if asked.small else count))
            table(kind, capture, asked.runs, scratch)
            sys.stdout.flush()
            os.remove(capture)


if __name__ == "__main__":
    main()
