#!/usr/bin/env python3
"""Prints the sizes of files and functions of src/ and crates/*/src, tests left out, and cycles of files inside rooms.

    benches/sizes.py [REVISION]        # of the working tree, or of a revision of git
"""
import re
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
TOP = re.compile(r"(src|crates/[^/]+/src)/.*\.rs$")


def git(*words):
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def sources(revision):
    names = git("ls-tree", "-r", "--name-only", revision) if revision else git("ls-files")
    for name in filter(TOP.match, names.splitlines()):
        if "test" not in PurePosixPath(name).stem and "/tests/" not in name:
            text = git("show", f"{revision}:{name}") if revision else (ROOT / name).read_text()
            yield name, text.split("#[cfg(test)]\nmod tests")[0]


def functions(text):
    """Lines of each function, from `fn` to its closing brace (rustfmt puts it in the column of `fn`'s line)."""
    lines = text.splitlines()
    for start, line in enumerate(lines):
        if found := re.match(r"( *)(?:pub(?:\([^)]*\))? )?(?:const )?fn \w", line):
            if line.endswith("}"):
                yield 1
            else:
                end = next((at for at in range(start, len(lines)) if lines[at] in (found[1] + "}", found[1] + ");")), None)
                if end is not None and not any(lines[at].endswith(";") and lines[at].startswith(found[1] + ")")
                                               for at in range(start, end)):
                    yield end - start + 1


def cycles(files):
    """Groups of files of a room that need each other through `use super::` and `use crate::ROOM::`."""
    modules = {re.sub(r"(/mod)?\.rs$", "", name) for name in files}
    needs = defaultdict(set)
    for name, text in files.items():
        module = re.sub(r"(/mod)?\.rs$", "", name)
        parent = module.rsplit("/", 1)[0]
        for word in re.findall(r"^use super::\{?([\w, :{}\n]*)", text, re.M):
            needs[module] |= {f"{parent}/{part}" for part in re.findall(r"\w+", word)} & modules - {module}
        top = re.match(r".*?src/", name)[0]
        for path in re.findall(r"^use crate::([a-z_:]+)", text, re.M):
            target = top + path.replace("::", "/").rstrip("/")
            needs[module] |= {target} & modules - {module}

    def reach(start):
        seen, todo = set(), list(needs[start])
        while todo:
            if (at := todo.pop()) not in seen:
                seen.add(at)
                todo += needs[at]
        return seen

    reached = {module: reach(module) for module in modules}
    return {module for module in modules if module in reached[module]}


def main():
    files = dict(sources(sys.argv[1] if len(sys.argv) > 1 else ""))
    sizes = {name: len(text.splitlines()) for name, text in files.items()}
    lengths = [length for text in files.values() for length in functions(text)]
    print(f"files {len(files)}, lines {sum(sizes.values())}, median {statistics.median(sizes.values()):.0f}, "
          f"over 300: {sum(size > 300 for size in sizes.values())}, over 500: {sum(size > 500 for size in sizes.values())}")
    print(f"functions {len(lengths)}, median {statistics.median(lengths):.0f}, over 40: {sum(n > 40 for n in lengths)}, "
          f"over 60: {sum(n > 60 for n in lengths)}")
    print(f"files in cycles: {len(cycles(files))}")
    longest = max(sizes, key=sizes.get)
    print(f"longest file: {longest}, {sizes[longest]}")


if __name__ == "__main__":
    main()
