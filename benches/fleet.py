#!/usr/bin/env python3
"""Measures what docs/fleet.md says of shards: what `split` costs beside reading alone, how much of a
capture is left to be shuffled, and how the work divides.

    fleet.py PROGRAM CAPTURE KEY [SHARDS...]      (1 2 4)

Prints processor time (user and system) and the most memory at one time, each the best of three.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

TURNS, GB, MIB = 3, 1e9, 1 << 20


def once(line):
    """Seconds of the processor, and bytes of memory at most."""
    child = subprocess.Popen(line, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(map(str, line))} ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def best(line):
    return min(once(line) for _ in range(TURNS))


def tell(what, cost, size):
    seconds, memory = cost
    print(f"{what:<24}{seconds:8.2f} s {seconds / (size / GB):8.2f} s/GB {memory / MIB:8.1f} MiB", flush=True)


def tell_each(what, costs):
    """The steps that are done shard by shard, on as many machines as there are shards."""
    seconds = [seconds for seconds, _ in costs]
    memory = max(memory for _, memory in costs) / MIB
    print(f"  {what:<22}{sum(seconds):8.2f} s, longest {max(seconds):.2f} s {memory:9.1f} MiB", flush=True)


def divide(program, capture, key, number, folder):
    """The steps of a fleet, with so many shards."""
    split = [program, "split", "-q", "--force", "--shards", str(number), "-o", folder, capture]
    size = os.path.getsize(capture)
    tell(f"split into {number}", best(split), size)
    shards = sorted(folder.glob("*.pcapng"))
    sizes = [shard.stat().st_size for shard in shards]
    print(f"  to shuffle {sum(sizes)} bytes, {sum(sizes) / size:.2%}; largest {max(sizes) / sum(sizes):.0%}")
    locks = [folder / f"{shard.stem}.handshakes" for shard in shards]
    alone, log = ["-q", "--threads", "1"], folder / "fleet.keylog"
    pairs = zip(shards, locks)
    tell_each("handshakes", [best([program, "handshakes", *alone, "-o", lock, shard]) for shard, lock in pairs])
    tell_each("unlock", [best([program, "unlock", "-q", "--key", key, "-o", log, *locks])])
    show = [program, *alone, "--keylog", log, "--format", "ndjson"]
    tell_each("show", [best([*show, shard]) for shard in shards])


def main():
    program, capture, key, *numbers = sys.argv[1:]
    size = os.path.getsize(capture)
    alone = [program, "-q", "--threads", "1"]
    tell("reading alone", best([*alone, "--packet-filter", "less 1", capture]), size)
    tell("show, in one", best([*alone, "--key", key, "--format", "ndjson", capture]), size)
    for number in map(int, numbers or ["1", "2", "4"]):
        with tempfile.TemporaryDirectory() as folder:
            divide(program, capture, key, number, Path(folder))


main()
