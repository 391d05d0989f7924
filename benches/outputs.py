#!/usr/bin/env python3
"""Runs two builds on every capture of folders, in every format, and shows what differs.

    benches/outputs.py OLD NEW [FOLDER...]              # without a folder: testdata/
    benches/outputs.py OLD NEW --only json,export-eml ../shared/corpus

A capture gets the keys that lie with it: NAME.keys, NAME.key, NAME.keylog, and what a JSON file beside
it names (`files`, `keys`, `keylog`; or cases with `file` and `args`). Standard output, standard error,
the exit code and every file written count. The exit code is 1 if anything differs.
"""
import argparse
import difflib
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FORMATS = ["json", "ndjson", "csv", "tcpflow", "html"]
VIEWS = {
    "text": [], "text-v": ["-v"], "text-revealed": ["--reveal", "auth", "--reveal", "body"],
    "packets": ["--packets"], "hex": ["--hex"], "list": ["--list"], "timing": ["--timing"],
    "redacted": ["--redact", "addresses", "--format", "json"],
    **{name: ["--format", name] for name in FORMATS},
    "keys": ["keys"],
}
# What is written to files: OUT is a folder made for it.
WRITTEN = {
    **{f"export-{kind}": ["export", kind, "-o", "OUT/files"]
       for kind in ["eml", "flows", "keylog", "pcapng-dsb", "pcapng-plain"]},
    "anonymize": ["anonymize", "-o", "OUT/shared.pcapng"],
    "handshakes": ["handshakes", "-o", "OUT/handshakes"],
}
ALL = {**VIEWS, **WRITTEN}
NO_CAPTURE = {".json", ".keys", ".key", ".keylog", ".c2s", ".s2c", ".md", ".tsv", ".txt", ".py", ".pem", ".crt",
              ".der", ".sh", ".log", ".toml", ".list", ".tlsa", ".sts", ".cnf", ".p12", ".zip", ".go", ".rs"}
MAGIC = [b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d", b"\x34\xcd\xb2\xa1",
         b"\xa1\xb2\xcd\x34", b"\x0a\x0d\x0d\x0a", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"\xfd7zXZ"]


def is_capture(path):
    """By content, as the program decides it; a name that says otherwise is left out."""
    if not path.is_file() or path.suffix in NO_CAPTURE:
        return False
    with path.open("rb") as file:
        return file.read(8).startswith(tuple(MAGIC))


def key_of(case):
    return ["--key" if case.get("kind") == "rsa" else "--keylog", case["key"]]


def told(folder):
    """The cases that JSON files of a folder describe: (name, options, capture files)."""
    for path in sorted(folder.glob("*.json")):
        try:
            document = json.loads(path.read_text())
        except ValueError:
            continue
        if isinstance(document, list):
            document = {case["capture"]: {"file": case["capture"], "args": key_of(case)} for case in document
                        if isinstance(case, dict) and "capture" in case and "key" in case}
        if not isinstance(document, dict):
            continue
        if isinstance(document.get("files"), list):
            keys = document.get("keys")
            rows = isinstance(keys, list)  # rows themselves, not the name of a list
            options = ["--keys", "\n".join(keys) if rows else keys] if keys else []
            log = document.get("keylog")
            yield path.stem, options + (["--keylog", log] if log else []), document["files"]
        for name, case in document.items():
            if isinstance(case, dict) and isinstance(case.get("file"), str) and isinstance(case.get("args"), list):
                yield name, case["args"], [case["file"]]


def beside(capture):
    """The options of the keys that bear a capture's name."""
    name = capture.name.split(".")[0]
    for option, ending in [("--keys", "keys"), ("--key", "key"), ("--keylog", "keylog")]:
        if (capture.parent / f"{name}.{ending}").exists():
            yield from (option, f"{name}.{ending}")


def cases(folder):
    """Every case below a folder: (name to show, folder to run in, options, capture files)."""
    seen = set()
    for place in sorted({folder, *(path for path in folder.rglob("*") if path.is_dir())}):
        for name, options, files in told(place):
            if all((place / file).exists() for file in files):
                seen.update((place / file).resolve() for file in files)
                yield str(place / name), place, options, files
        for path in sorted(place.iterdir()):
            if path.resolve() not in seen and is_capture(path):
                yield str(path), place, list(beside(path)), [path.name]


def run(binary, view, case, out):
    """What one build gives: a dictionary of named bytes."""
    _, place, options, files = case
    rows = [option if "\n" not in option and "," not in option else None for option in options]
    if None in rows:  # rows of a key list: paths are relative to the list, so they are made absolute
        text = options[rows.index(None)]
        parts = [row.rsplit(",", 1) for row in text.splitlines()]
        listed = out / "rows.keys"
        listed.write_text("".join(f"{head},{(place / path).resolve()}\n" for head, path in parts))
        options = [str(listed) if row is None else row for row in rows]
    arguments = [word.replace("OUT", str(out)) for word in ALL[view]]
    command = ["smtp-decrypt", *arguments, *options, *files]
    try:
        done = subprocess.run(command, executable=binary, cwd=place, capture_output=True, timeout=120,
                              stdin=subprocess.DEVNULL)
        code = done.returncode
        given = {"stdout": done.stdout, "stderr": done.stderr}
    except subprocess.TimeoutExpired:
        code, given = "none: it was stopped after 120 s", {}
    given["exit code"] = str(code).encode()
    for path in sorted(out.rglob("*")):
        if path.is_file() and path.name != "rows.keys":
            given[str(path.relative_to(out))] = path.read_bytes()
    return {name: data.replace(str(out).encode(), b"OUT") for name, data in given.items()}


def shown(old, new, lines):
    """The first differing lines; long ones around the place where they part."""
    if old is None or new is None:
        return ["only OLD has it" if new is None else "only NEW has it"]
    try:
        pair = [data.decode().splitlines() for data in (old, new)]
    except UnicodeDecodeError:
        at = next((i for i, (a, b) in enumerate(zip(old, new)) if a != b), min(len(old), len(new)))
        return [f"{len(old)} and {len(new)} bytes; byte {at} is the first that differs"]
    diff = [line for line in difflib.unified_diff(*pair, n=0, lineterm="") if not line.startswith(("---", "+++", "@@"))]
    first = len(os.path.commonprefix([line[1:] for line in diff[:2]])) if len(diff) > 1 else 0
    start = max(0, first - 60)
    cut = [f"{line[0]}{'...' if start else ''}{line[1 + start:161 + start]}" for line in diff[:lines]]
    return cut + ([f"({len(diff) - lines} more lines)"] if len(diff) > lines else [])


def compare(builds, view, case, lines):
    """Runs a case in both builds; what differs, as (name of the output, its diff)."""
    with tempfile.TemporaryDirectory() as temporary:
        outs = [Path(temporary) / which for which in ("old", "new")]
        for out in outs:
            out.mkdir()
        old, new = (run(build, view, case, out) for build, out in zip(builds, outs))
    names = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    return [(name, shown(old.get(name), new.get(name), lines)) for name in names]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old"), parser.add_argument("new")
    parser.add_argument("folders", nargs="*", type=Path, default=[ROOT / "testdata"])
    parser.add_argument("--only", help="views, comma-separated: " + ", ".join(ALL))
    parser.add_argument("--lines", type=int, default=6, help="lines of each diff")
    parser.add_argument("--name", default="", help="only cases whose path contains this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_intermixed_args()
    builds = [str(Path(build).resolve()) for build in (options.old, options.new)]
    views = options.only.split(",") if options.only else list(ALL)
    found = [case for folder in options.folders for case in cases(folder.resolve()) if options.name in case[0]]
    jobs = [(case, view) for case in found for view in views]
    differing = Counter()
    with ThreadPoolExecutor(options.jobs) as pool:
        work = pool.map(lambda job: compare(builds, job[1], job[0], options.lines), jobs)
        for (case, view), differences in zip(jobs, work):
            differing[view] += bool(differences)
            for name, diff in differences:
                print(f"{os.path.relpath(case[0])}  {view}  {name}")
                print("".join(f"    {line}\n" for line in diff), end="", flush=True)
    print(f"{len(found)} cases, {len(jobs)} comparisons, {differing.total()} differ"
          + "".join(f"\n  {view}: {count}" for view, count in differing.items() if count))
    sys.exit(differing.total() > 0)


if __name__ == "__main__":
    main()
