#!/usr/bin/env python3
"""Time for each byte and peak memory as a capture grows: one capture, repeated on standard input.

    benches/growth.py [TIMES...]        how often each is repeated; 1 4 16 64

Rows: the six kinds of benches/generate.py at a tenth of their size. Needs a release build and GNU
time. Repeated handshakes are the same ones, and the RSA operation of the same ClientKeyExchange is
done once: what grows here is all other work.
"""
import os
import statistics
import subprocess
import sys
import tempfile

import generate

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KEY = os.path.join(ROOT, "testdata/pki/server.key")
OURS = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release/smtp-decrypt")
RUNS = 3


def measure(capture, times, scratch):
    """Processor time of smtp-decrypt (s) and its peak memory (MiB)."""
    report = os.path.join(scratch, "times")
    source = subprocess.Popen([os.path.join(ROOT, "benches/repeat.py"), capture, str(times)], stdout=subprocess.PIPE)
    command = ["/usr/bin/time", "-o", report, "-f", "%U %S %M", OURS, "-q", "--key", KEY, "-"]
    subprocess.run(command, stdin=source.stdout, stdout=subprocess.DEVNULL, check=True)
    source.wait()
    with open(report) as file:
        user, system, peak = map(float, file.read().split("\n")[-2].split())
    return user + system, peak / 1024


def main():
    times = [int(one) for one in sys.argv[1:]] or [1, 4, 16, 64]
    print("| capture | MB | times | CPU s | ns a byte | peak MiB |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as scratch:
        for kind, count in generate.COUNTS.items():
            capture = os.path.join(scratch, "capture.pcap")
            generate.write(capture, generate.sessions(kind, max(4, count // 10)))
            for each in times:
                rows = [measure(capture, each, scratch) for _ in range(RUNS)]
                cpu, peak = (statistics.median(column) for column in zip(*rows))
                size = os.path.getsize(capture) * each
                print(f"| {kind} | {size / 1e6:.0f} | {each} | {cpu:.2f} | {cpu / size * 1e9:.1f} | {peak:.0f} |", flush=True)


if __name__ == "__main__":
    main()
