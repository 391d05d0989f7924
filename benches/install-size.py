#!/usr/bin/env python3
"""What an installed program takes: its file, what it loads, and what Debian installs for it.

Of the packages of others those are counted that are there and not of priority `required` or `important`,
which a machine has anyway; of ours, which has no package of Debian's, the file alone.

    benches/install-size.py [PATH OF smtp-decrypt]
"""

import os
import re
import shutil
import subprocess
import sys

OURS = sys.argv[1] if len(sys.argv) > 1 else "target/release/smtp-decrypt"
PEERS = ["tshark", "ssldump", "tcpflow"]
FIELDS = "${Installed-Size}\t${Priority}\t${Pre-Depends},${Depends}"


def said(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout


def package(name):
    """Kilobytes, priority and dependencies of an installed package; None if it is not installed."""
    size, _, rest = said("dpkg-query", "-W", "-f", FIELDS, name).partition("\t")
    if not size.isdigit():
        return None
    priority, _, depends = rest.partition("\t")
    return int(size), priority, depends


def alternatives(depends):
    for clause in filter(str.strip, depends.split(",")):
        yield [re.split(r"[ (:]", name.strip())[0] for name in clause.split("|")]


def closure(name, found):
    known = package(name)
    if name in found or known is None:
        return found
    found[name] = known
    for names in alternatives(known[2]):
        chosen = next((one for one in names if one in found or package(one)), None)
        if chosen:
            closure(chosen, found)
    return found


def libraries(path):
    return said("ldd", path).count("=>")


def megabytes(kilobytes):
    return f"{kilobytes / 1000:.1f} MB"


def row(name, path):
    size = megabytes(os.path.getsize(os.path.realpath(path)) / 1000)
    found = closure(name, {}) if name in PEERS else {}
    beyond = [size for size, priority, _ in found.values() if priority not in ("required", "important")]
    packages = f"{len(beyond)} | {megabytes(sum(beyond))}" if beyond else "0 | 0"
    return f"| {name} | {size} | {libraries(path)} | {packages} |"


print("| program | its file | shared libraries | packages of Debian | their size |")
print("| --- | ---: | ---: | ---: | ---: |")
print(row("smtp-decrypt", OURS))
for peer in PEERS:
    path = shutil.which(peer)
    print(row(peer, path) if path else f"| {peer} | not installed | | | |")
