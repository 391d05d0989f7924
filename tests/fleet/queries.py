"""Runs the queries of docs/fleet.md on the tables of testdata/, and holds the answers against the JSON
report of the same captures.

By hand: `cargo build --features parquet && pip install duckdb && python tests/fleet/queries.py`.
SMTP_DECRYPT names another program."""

import collections
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import duckdb
except ImportError:
    print("skipped: no duckdb; pip install duckdb")
    sys.exit(0)

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("SMTP_DECRYPT", str(ROOT / "target/debug/smtp-decrypt"))
CAPTURES = sorted(str(file) for file in (ROOT / "testdata").glob("*/*/*.pcap"))
KEY = str(ROOT / "testdata/pki/server.key")


def program(*line):
    return subprocess.run([PROGRAM, "-q", "--key", KEY, *line, *CAPTURES], capture_output=True, text=True)


def queries():
    """The views, and then each query by its first words."""
    fences = re.findall(r"```sql\n(.*?)```", (ROOT / "docs/fleet.md").read_text(), re.S)
    views, *rest = fences
    return views, rest


def answers(folder):
    os.chdir(folder)
    database = duckdb.connect()
    views, rest = queries()
    database.execute(views)
    return [database.execute(query).fetchall() for query in rest]


def expected_p95(sessions):
    """The value below or at which 95 of 100 are."""
    times = collections.defaultdict(list)
    for session in sessions:
        taken = session["timing"]["tls_handshake_ns"]
        if taken is not None:
            server = session["server"]
            times[server["ip"], server["port"], session["start"][:13]].append(taken)
    result = {}
    for key, values in times.items():
        values.sort()
        # The smallest with at least 95 % at or below it.
        place = -(-95 * len(values) // 100) - 1
        result[key] = (len(values), values[place] / 1e6)
    return result


def main():
    report = json.loads(program("--format", "json").stdout)
    sessions = report["sessions"]
    with tempfile.TemporaryDirectory() as folder:
        program("--format", "parquet", "-o", f"{folder}/tables")
        handshake, failed, stopped, keys, found = answers(folder)

    p95 = {(ip, port, f"{hour:%Y-%m-%dT%H}"): (n, ms) for ip, port, hour, n, ms in handshake}
    assert p95 == expected_p95(sessions), (p95, expected_p95(sessions))

    causes = collections.Counter(
        (session["outcome"], (session["diagnosis"] or {}).get("code"))
        for session in sessions
        if session["outcome"] not in ("delivered", "no_mail")
    )
    assert {(outcome, cause): n for outcome, cause, n, _ in failed} == causes, (failed, causes)

    by_server = collections.defaultdict(list)
    for session in sessions:
        if session["protocol"] in ("smtp", "smtp+starttls"):
            server = session["server"]["ip"], session["server"]["port"]
            starttls = (session["smtp"] or {}).get("starttls")
            if starttls:
                by_server[server].append((session["start"], starttls))
    silent = {
        server
        for server, seen in by_server.items()
        if max(seen)[1] == "not_offered" and any(state != "not_offered" for _, state in seen)
    }
    assert {(ip, port) for ip, port, *_ in stopped} == silent, (stopped, silent)

    missing = collections.Counter(
        session["tls"]["certificates"][0]["spki_sha256"]
        for session in sessions
        if session["tls"]
        and session["tls"]["key_exchange"] == "RSA"
        and session["tls"]["decryption"]["status"] in ("none", "partial")
        and session["tls"]["certificates"]
    )
    assert {key: n for key, _, n, _ in keys} == missing and missing, (keys, missing)

    codes = collections.Counter(
        (finding["code"], finding["severity"])
        for owner in [report, *sessions]
        for finding in owner["findings"]
    )
    assert {(code, severity): n for code, severity, n, _ in found} == codes, (found, codes)
    print(f"{len(sessions)} sessions: the queries of docs/fleet.md answer as the JSON report does")


main()
