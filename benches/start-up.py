#!/usr/bin/env python3
"""What it costs to start, beside tshark, ssldump and tcpflow, and to show one session.

CPU time of the whole process (user and system), the mean of so many runs: unlike the time on the
clock it does not change much with what else the machine does.

    benches/start-up.py [PATH OF smtp-decrypt]
"""

import resource
import shutil
import subprocess
import sys

RUNS = 20
CAPTURE = "testdata/suites/tls12_aes128_sha/tls12_aes128_sha.pcap"
KEY = "testdata/pki/server.key"
OURS = sys.argv[1] if len(sys.argv) > 1 else "target/release/smtp-decrypt"

COMMANDS = [
    ("smtp-decrypt", [OURS, "--version"], [OURS, "--key", KEY, CAPTURE]),
    (
        "tshark",
        ["tshark", "--version"],
        ["tshark", "-r", CAPTURE, "-o", f'uat:rsa_keys:"{KEY}",""', "-Y", "smtp"],
    ),
    ("ssldump", ["ssldump", "-v"], ["ssldump", "-n", "-d", "-k", KEY, "-r", CAPTURE]),
    ("tcpflow (decrypts nothing)", ["tcpflow", "-V"], ["tcpflow", "-c", "-r", CAPTURE]),
]


def milliseconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(RUNS):
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return 1000 * seconds / RUNS


print("| program | its version | one session of 29 packets |")
print("| --- | ---: | ---: |")
for name, version, session in COMMANDS:
    if shutil.which(version[0]):
        print(f"| {name} | {milliseconds(version):.1f} ms | {milliseconds(session):.1f} ms |")
