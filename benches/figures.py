#!/usr/bin/env python3
"""Holds our figures of time, TCP and TLS against those that tshark's output gives.

usage: benches/figures.py BINARY [CAPTURES...]

CAPTURES are folders of testdata/ that hold a capture and its truth, or capture files; without them, all of testdata/.
Recomputes each figure from the fields that tshark prints, prints a table of agreement in Markdown and
each difference with its explanation, and ends with 1 if one has none, or if an explanation explains
nothing. Needs tshark and mergecap.
"""
import collections
import json
import subprocess
import sys
import tempfile
from pathlib import Path

BINARY, *NAMED = sys.argv[1:]
TESTDATA = Path(__file__).resolve().parent.parent / "testdata"
SIDES = ("client", "server")

# Differences that are meant: figure -> (why, captures).
EXPLAINED = {
    ("bytes", "we count bytes that the file has; tcp.len has those too that the snap length cut off"): {"snaplen"},
    ("rtt", "a reset is the answer of whoever refuses, which may be a firewall on the way, and measures nothing"):
        {"bad_connection_refused"},
    ("rtt", "which of two sendings is acknowledged, nobody knows (RFC 6298 section 3): tshark takes the last"): {"bad_mtu"},
}

FIELDS = """frame.number frame.time_epoch tcp.stream ip.src ipv6.src tcp.srcport tcp.flags.syn tcp.flags.ack tcp.flags.fin
tcp.flags.reset tcp.len tcp.seq_raw tcp.ack_raw tcp.window_size_value tcp.analysis.retransmission tcp.analysis.out_of_order
tcp.analysis.ack_rtt tcp.analysis.keep_alive tls.handshake.type tls.handshake.ciphersuite tls.handshake.version
tls.handshake.extensions.supported_version tls.handshake.extensions_server_name x509af.serialNumber""".split()


class Packet:
    def __init__(self, row):
        cells = dict(zip(FIELDS, row + [""] * len(FIELDS)))
        seconds, _, part = cells["frame.time_epoch"].partition(".")
        # Negative times are read as tshark writes them.
        self.ns = int(seconds) * 10**9 + (-1 if seconds.startswith("-") else 1) * int(part.ljust(9, "0")[:9] or 0)
        self.frame = int(cells["frame.number"])
        self.stream = cells["tcp.stream"]
        self.end = (cells["ip.src"] or cells["ipv6.src"], cells["tcp.srcport"])
        self.syn, self.ack, self.fin, self.rst = (cells[f"tcp.flags.{flag}"] in ("1", "True") for flag in ("syn", "ack", "fin", "reset"))
        self.len = int(cells["tcp.len"] or 0)
        self.seq, self.acked = (int(cells[name] or 0) for name in ("tcp.seq_raw", "tcp.ack_raw"))
        self.window = int(cells["tcp.window_size_value"] or 0)
        self.again = bool(cells["tcp.analysis.retransmission"])
        self.overtaken = bool(cells["tcp.analysis.out_of_order"])
        self.keep_alive = bool(cells["tcp.analysis.keep_alive"])
        self.rtt = round(float(cells["tcp.analysis.ack_rtt"]) * 10**9) if cells["tcp.analysis.ack_rtt"] else None
        self.handshake = [int(kind) for kind in cells["tls.handshake.type"].split(",") if kind]
        self.cells = cells


def tshark(file, options):
    command = ["tshark", "-n", "-r", file, "-Y", "tcp", "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=,", *options]
    for field in FIELDS:
        command += ["-e", field]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace")
    return [Packet(row.split("\t")) for row in run.stdout.splitlines() if row.split("\t")[2:3] != [""]]


def covered(packets):
    """Payload bytes, each counted once: the union of the ranges, numbers of 32 bits unrolled."""
    base, ranges = None, []
    for p in packets:
        if p.len and not p.rst and not p.keep_alive:
            base = p.seq if base is None else base
            start = (p.seq + p.syn - base + 2**31) % 2**32 - 2**31
            ranges.append((start, start + p.len))
    total, upto = 0, None
    for start, end in sorted(ranges):
        start = start if upto is None else max(start, upto)
        total += max(0, end - start)
        upto = end if upto is None else max(upto, end)
    return total


def figures_of(packets):
    """What tshark's fields give for one stream: figure -> value."""
    syn = next((p for p in packets if p.syn and not p.ack), None)
    answer = next((p for p in packets if p.syn and p.ack), None)
    first = packets[0]
    client = syn.end if syn else next((p.end for p in packets if answer and p.end != answer.end), None)
    found = {
        "duration_ns": max(p.ns for p in packets) - min(p.ns for p in packets),
        "frames": len(packets),
    }
    if client is None:
        return found, None
    of = {"client": [p for p in packets if p.end == client], "server": [p for p in packets if p.end != client]}
    if syn and answer:
        done = next((p for p in of["client"] if p.ack and not p.syn and not p.rst), None)
        found["tcp_connect_ns"] = done.ns - syn.ns if done else None
    for side in SIDES:
        mine = of[side]
        found[f"retransmissions.{side}"] = sum(p.again for p in mine)
        found[f"out_of_order.{side}"] = sum(p.overtaken for p in mine)
        found[f"zero_windows.{side}"] = sum(p.window == 0 and not (p.syn or p.fin or p.rst) for p in mine)
        found[f"bytes.{side}"] = covered(mine)
        rtts = [p.rtt for p in of["server" if side == "client" else "client"] if p.rtt is not None]
        found[f"rtt.{side}"] = min(rtts) if rtts else None
    ends = [(p.ns, p.frame, side, "fin" if p.fin else "rst") for side in SIDES for p in of[side] if p.fin or p.rst]
    fins, rsts = ([end for end in ends if end[3] == kind] for kind in ("fin", "rst"))
    last = min(fins) if fins and (not rsts or min(fins) <= min(rsts)) else min(rsts) if rsts else None
    found["close"], found["closed_by"] = (last[3], last[2]) if last else ("none", None)
    found.update(tls_figures(of, packets))
    return found, first.frame


def tls_figures(of, packets):
    found = {}
    at = lambda side, kind: next((p for p in of[side] if kind in p.handshake), None)
    hello, server_hello, done = at("client", 1), at("server", 2), at("server", 14)
    finished = {side: at(side, 20) for side in SIDES}
    if server_hello is not None and server_hello.handshake.count(2) == 1 and 1 not in server_hello.handshake:
        suites = server_hello.cells["tls.handshake.ciphersuite"].split(",")
        found["tls.cipher_suite_id"] = f"0x{int(suites[0], 0):04X}"
        again = sum(p.handshake.count(2) for p in of["server"]) > 1
        if again:
            found.pop("tls.cipher_suite_id")
    if hello is not None and sum(p.handshake.count(1) for p in of["client"]) == 1:
        found["tls.server_name"] = hello.cells["tls.handshake.extensions_server_name"] or None
        flight = done or finished["server"]
        if flight is not None:
            found["tls_server_flight_ns"] = max(flight.ns - hello.ns, 0)
        if all(finished.values()):
            found["tls_handshake_ns"] = max(p.ns for p in finished.values()) - hello.ns
            if flight is not None:
                found["tls_client_flight_ns"] = max(finished["client"].ns - flight.ns, 0)
    certified = next((p for p in of["server"] if 11 in p.handshake), None)
    if certified is not None and certified.cells["x509af.serialNumber"] and sum(11 in p.handshake for p in of["server"]) == 1:
        serials = [serial.replace(":", "").removeprefix("0x") for serial in certified.cells["x509af.serialNumber"].split(",")]
        found["tls.serials"] = [hexadecimal(serial) for serial in serials]
    return found


def hexadecimal(serial):
    serial = serial.lower()
    serial = "0" * (len(serial) % 2) + serial
    return serial.removeprefix("00") if len(serial) > 2 else serial


def ours(session, figure):
    if figure in ("duration_ns",):
        return session[figure]
    if figure == "frames":
        return session["frames"]["count"]
    if figure.startswith("rtt."):
        end = "server_rtt_ns" if figure == "rtt.client" else "client_rtt_ns"
        return session["tcp"]["vantage"][end]
    if figure.startswith("tls."):
        tls = session["tls"]
        values = {
            "tls.cipher_suite_id": lambda: tls["cipher_suite_id"],
            "tls.server_name": lambda: (tls["client_hello"] or {}).get("server_name"),
            "tls.serials": lambda: [certificate["serial"] for certificate in tls["certificates"]],
        }
        return values[figure]() if tls else None
    if figure.endswith("_ns"):
        return session["timing"][figure]
    name, _, side = figure.partition(".")
    return session["tcp"][name][side] if side else session["tcp"][name]


def key_options(folder, truth):
    ours, theirs = [], []
    if truth.get("keys"):
        path = folder / truth["keys"]
        ours += ["--keys", str(path)]
        for row in path.read_text().splitlines():
            key = (folder / row.split(",")[3]).resolve() if row.count(",") >= 3 else None
            if key and not key.name.startswith("ec."):
                theirs += ["-o", f'uat:rsa_keys:"{key}",""']
    if truth.get("keylog"):
        ours += ["--keylog", str(folder / truth["keylog"])]
        theirs += ["-o", f"tls.keylog_file:{folder / truth['keylog']}"]
    ports = {connection["server"].rsplit(":", 1)[1] for connection in truth.get("connections", [])}
    for port in sorted(ports - {"25", "465", "587"}):
        theirs += ["-d", f"tcp.port=={port},smtp"]
    return ours, theirs + ["-d", "tcp.port==465,tls"]


class Agreement:
    def __init__(self):
        self.equal, self.all = collections.Counter(), collections.Counter()
        self.unexplained, self.explained = [], collections.defaultdict(list)

    def note(self, capture, session, figure, mine, theirs):
        row = figure.partition(".")[0] if not figure.startswith("tls.") else figure
        self.all[row] += 1
        if mine == theirs:
            self.equal[row] += 1
            return
        told = f"{capture} {session}: {figure}: ours {mine}, tshark {theirs}"
        why = next((why for (name, why), captures in EXPLAINED.items() if name == row and capture in captures), None)
        self.explained[row, why].append(told) if why else self.unexplained.append(told)

    def unused(self):
        seen = {(row, why, told.split(" ")[0]) for (row, why), all_told in self.explained.items() for told in all_told}
        return [f"nothing to explain: {row} of {capture}" for (row, why), captures in EXPLAINED.items() for capture in captures
                if (row, why, capture) not in seen]

    def table(self):
        print("| figure | sessions | equal | explained |\n| --- | ---: | ---: | ---: |")
        for row in sorted(self.all):
            rest = sum(len(told) for (name, _), told in self.explained.items() if name == row)
            print(f"| `{row}` | {self.all[row]} | {self.equal[row]} | {rest} |")
        for (row, why), told in sorted(self.explained.items()):
            print(f"\n`{row}`, {len(told)} times: {why}")
            print("".join(f"\n* {one}" for one in told))


def compare(folder, agreement):
    is_file = folder.is_file()
    truth = {"files": [folder]} if is_file else json.loads(next(folder.glob("*.json")).read_text())
    files = [str(folder / name) for name in truth["files"]]
    mine, theirs = key_options(folder, truth)
    run = subprocess.run([BINARY, "--format", "json", "--all-tls", *mine, *files], capture_output=True)
    sessions = {session["frames"]["first"]: session for session in json.loads(run.stdout)["sessions"]}
    merged = tempfile.NamedTemporaryFile(suffix=".pcap")
    if len(files) > 1:
        subprocess.run(["mergecap", "-F", "pcap", "-w", merged.name, *files], check=True, capture_output=True)
        files = [merged.name]
    streams = collections.defaultdict(list)
    for packet in tshark(files[0], theirs):
        streams[packet.stream].append(packet)
    for packets in streams.values():
        session = sessions.get(packets[0].frame)
        found, _ = figures_of(packets)
        for figure, value in found.items() if session else ():
            agreement.note(folder.name, session["id"], figure, ours(session, figure), value)


def main():
    agreement = Agreement()
    named = [Path(name).resolve() for name in NAMED]
    for folder in named or sorted({path.parent for path in TESTDATA.glob("*/*/*.json")}):
        compare(folder, agreement)
    agreement.table()
    complaints = agreement.unexplained + (agreement.unused() if not NAMED else [])
    print("".join(f"\n! {told}" for told in complaints))
    raise SystemExit(1 if complaints else 0)


if __name__ == "__main__":
    main()
