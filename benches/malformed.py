#!/usr/bin/env python3
"""How programs end on captures, many of them malformed: read, refused, crashed or hung.

    malformed.py FOLDER [PROGRAM]

Every file below FOLDER that is no text of its collection is given to smtp-decrypt (PROGRAM), tshark,
ssldump and tcpflow. `refused` is an exit code other than zero, `crashed` a signal, `hung` more than
20 s. Prints a row a program, and on standard error what crashed or hung.
"""

import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

SECONDS = 20
NO_CAPTURES = {".json", ".tsv", ".md", ".txt", ".keys", ".key", ".pem", ".log", ".yaml"}


def programs(ours):
    return {
        "smtp-decrypt": [ours, "-q", "--format", "json"],
        "tshark": ["tshark", "-n", "-V", "-r"],
        "ssldump": ["ssldump", "-n", "-r"],
        "tcpflow": ["tcpflow", "-o", ".", "-r"],
    }


def fate(command, path, folder):
    try:
        run = subprocess.run(
            [*command, path], cwd=folder, timeout=SECONDS, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return "hung"
    if run.returncode < 0:
        return "crashed"
    return "read" if run.returncode == 0 else "refused"


def main():
    ours = str(Path(sys.argv[2] if len(sys.argv) > 2 else "target/release/smtp-decrypt").resolve())
    files = sorted(path.resolve() for path in Path(sys.argv[1]).rglob("*") if path.is_file())
    captures = [path for path in files if path.suffix not in NO_CAPTURES]
    print(f"| {len(captures)} files | read | refused | crashed | hung |\n| --- | --- | --- | --- | --- |")
    for name, command in programs(ours).items():
        fates = Counter()
        for path in captures:
            with tempfile.TemporaryDirectory() as folder:
                found = fate(command, path, folder)
            fates[found] += 1
            if found in ("crashed", "hung"):
                print(f"{name}: {found}: {path}", file=sys.stderr)
        row = " | ".join(str(fates[kind]) for kind in ("read", "refused", "crashed", "hung"))
        print(f"| {name} | {row} |", flush=True)


main()
