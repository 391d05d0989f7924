#!/usr/bin/env python3
"""Puts what the program really prints into the pages that show it.

    benches/refresh-docs.py excerpt        README.md: the output of its first set-up command
    benches/refresh-docs.py performance    docs/performance.md and the README's ratios: runs
                                           benches/side-by-side.py (some minutes)

It writes between the marks `<!-- begin NAME -->` and `<!-- end NAME -->`, and nothing else.
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README, PERFORMANCE = ROOT / "README.md", ROOT / "docs/performance.md"
MOST_LINES = 120


def run(command):
    done = subprocess.run(
        command, shell=True, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=3600
    )
    if done.returncode:
        sys.exit(f"{command}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def put(page, name, text):
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    old = page.read_text()
    pattern = re.escape(begin) + ".*?" + re.escape(end)
    if not re.search(pattern, old, re.S):
        sys.exit(f"{page}: no marks for {name}")
    page.write_text(re.sub(pattern, lambda _: begin + text + end, old, flags=re.S))


def excerpt():
    command = re.search(r"^```sh\n(.*)\n```$", README.read_text(), re.M)[1]
    lines = [line.rstrip() for line in run(command).splitlines()]
    if len(lines) > MOST_LINES:
        lines = lines[:MOST_LINES] + [f"[{len(lines) - MOST_LINES} more lines]"]
    put(README, "excerpt", "\n```text\n" + "\n".join(lines) + "\n```\n")


def performance():
    out = run("benches/side-by-side.py --runs 1 handshakes gcm cbc plain unrelated")
    put(PERFORMANCE, "performance", "\n" + out.strip() + "\n")
    handshakes = out.split("### ")[1]
    for line in handshakes.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 7 and cells[1] in ("tshark", "ssldump"):
            put(README, cells[1], f"time {cells[3]}, memory {cells[7]}")


{"excerpt": excerpt, "performance": performance}[sys.argv[1]]()
