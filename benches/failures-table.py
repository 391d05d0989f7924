#!/usr/bin/env python3
"""Writes docs/failures.md: what was done to break each capture, and what three programs say of it.

    benches/failures-table.py [PROGRAM]     PROGRAM: target/debug/smtp-decrypt

It takes the failures of testdata/ and, where they are there, ../shared/captures/bad_* and ../shared/field. tshark and ssldump get the same key.
Of tshark's output it shows what its expert information calls a warning or worse and the alerts that it names; of ssldump's
the alerts and the last line. Both are left with what they say when they say nothing more.
"""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTDATA, SHARED, FIELD = ROOT / "testdata", ROOT.parent / "shared/captures", ROOT.parent / "shared/field"
PAGE = ROOT / "docs/failures.md"
LONGEST = 300  # letters of a cell; what is cut ends in an ellipsis

HEAD = """# Failures, and what is said of them

Each capture was broken on purpose; "done" is what its truth file says was done (`broken_by`), written by the script that
recorded it. "smtp-decrypt" is the first finding of the session that failed, code and message, with the other causes that
it does not exclude. "tshark" is what the expert information of tshark 4.0.17 has of warnings and errors (`tshark -r
CAPTURE -q -z expert,warn`) and the TLS alerts that it names; "ssldump" is ssldump 1.4's alerts and its last line
(`ssldump -n -d -r CAPTURE`). Neither has the task of naming causes; the table shows what is left to the reader.

`tests/it/diagnosis.rs` holds the first column of code for all of `testdata/`. This command writes the page:

```console
$ cargo build --locked && benches/failures-table.py
```

"""

REPORTED = """
## Failures that people reported

Made again with real programs after reports in public; "done" is what was really wrong. The session is the one that failed.

"""

# Of these kinds others are judged elsewhere: whether a file or a key can be read.
NO_FAILURES = {"key-log", "capture-form", "decrypt", "control"}


def run(*words):
    done = subprocess.run([str(word) for word in words], cwd=TESTDATA, capture_output=True, text=True, errors="replace",
                          timeout=120)
    return done.stdout


def failures():
    """(name, what was done, files, key rows, number of the connection), in order of name."""
    for path in sorted(TESTDATA.glob("*/*/*.json"), key=lambda path: path.stem):
        truth = json.loads(path.read_text())
        broken = [c["n"] for c in truth["connections"] if c.get("expected_finding")]
        if broken:
            rows = (path.parent / truth["keys"]).read_text().splitlines() if truth["keys"] else []
            rows = [row.replace(",../../pki/", f",{TESTDATA}/pki/") for row in rows]
            yield path.stem, truth["broken_by"], [path.parent / file for file in truth["files"]], rows, broken[0]
    for path in sorted(SHARED.glob("bad_*.json")):
        truth = json.loads(path.read_text())
        rows = [row.replace(",pki/", f",{SHARED}/pki/") for row in truth["keys"]]
        yield f"shared/{path.stem}", truth["description"], [SHARED / file for file in truth["files"]], rows, 0


def ours(program, files, rows, number):
    with tempfile.NamedTemporaryFile("w", suffix=".list", dir=TESTDATA) as keys:
        keys.write("\n".join(rows) + "\n")
        keys.flush()
        report = json.loads(run(program, "--format", "json", "--keys", keys.name, *files))
    session = report["sessions"][number]
    if not session["findings"]:
        return f"no finding; {session['outcome']}"
    first = session["findings"][0]
    others = [cause["code"] for cause in (session["diagnosis"] or {"alternatives": []})["alternatives"]]
    also = f"; else {', '.join(f'`{code}`' for code in dict.fromkeys(others))}" if others else ""
    return f"`{first['code']}`: {clean(first['message'])}{also}"


def reported():
    """(name, what was wrong, file, options, client ports), in order of name."""
    expected = FIELD / "expected.json"
    cases = json.loads(expected.read_text()) if expected.exists() else {}
    for name, case in sorted(cases.items()):
        if case["kind"] in NO_FAILURES or case.get("command"):
            continue
        ports = case.get("session") or []
        ports = ports["any"] if isinstance(ports, dict) else ports
        options = [FIELD / word if (FIELD / word).exists() else word for word in case["args"]]
        truth = re.sub(r" https?://\S+|\([^)]*https?://[^)]*\)", "", case["truth"])
        yield name, truth, FIELD / case["file"], options, ports


def ours_reported(program, file, options, ports):
    report = json.loads(run(program, "--format", "json", *options, file))
    sessions = [s for s in report["sessions"] if not ports or s["client"]["port"] in ports]
    sessions = [s for s in sessions if s["findings"]] or sessions
    if not sessions:
        return "no session"
    session = sessions[0]
    if not session["findings"]:
        return f"no finding; {session['outcome']}"
    return f"`{session['findings'][0]['code']}`: {clean(session['findings'][0]['message'])}"


def key_file(rows):
    return next(iter([TESTDATA / row.split(",")[3] for row in rows]), None)


def tshark(files, rows):
    options = ["-d", "tcp.port==2587,smtp", "-d", "tcp.port==465,tls"]
    if rows:
        options += ["-o", f'uat:rsa_keys:"{key_file(rows)}",""']
    expert = run("tshark", "-r", files[0], "-q", "-z", "expert,warn", *options)
    found = [" ".join(line.split()[2:]) for line in expert.splitlines() if re.match(r"\s+\d+\s", line)]
    shown = run("tshark", "-r", files[0], *options, "-Y", "tls.alert_message", "-T", "fields", "-e", "_ws.col.Info")
    alerts = re.findall(r"Alert \(Level: \w+, Description: [^)]+\)", shown)
    return "; ".join(dict.fromkeys(found + alerts)) or "nothing"


def ssldump(files, rows):
    key = ["-k", key_file(rows)] if rows else []
    lines = [" ".join(line.split()) for line in run("ssldump", "-n", "-d", *key, "-r", files[0]).splitlines()]
    lines = [line for line in lines if line and not line.startswith("Cleaned ")]
    # The level stands in the line of the record or in one of its own, the alert's name behind it.
    alerts = [" ".join(lines[at:at + 3]).removesuffix(" value") for at, line in enumerate(lines) if re.search(r"\bAlert$", line)]
    return "; ".join(dict.fromkeys(alerts + lines[-1:])) or "nothing"


def clean(text):
    text = text.replace("|", "\\|").replace("<", "&lt;")
    return text if len(text) <= LONGEST else text[:LONGEST] + " …"


def main():
    program = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/debug/smtp-decrypt").resolve()
    lines = ["| capture | done | smtp-decrypt | tshark | ssldump |", "| --- | --- | --- | --- | --- |"]
    for name, done, files, rows, number in failures():
        cells = [ours(program, files, rows, number), clean(tshark(files, rows)), clean(ssldump(files, rows))]
        lines.append(f"| `{name}` | {clean(done)} | {' | '.join(cells)} |")
    page = HEAD + "\n".join(lines) + "\n"
    lines = lines[:2]
    for name, done, file, options, ports in reported():
        cells = [ours_reported(program, file, options, ports), clean(tshark([file], [])), clean(ssldump([file], []))]
        lines.append(f"| `{name}` | {clean(done)} | {' | '.join(cells)} |")
    if len(lines) > 2:
        page += REPORTED + "\n".join(lines) + "\n"
    PAGE.write_text(page)


main()
