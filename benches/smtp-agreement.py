#!/usr/bin/env python3
"""How often this program and tshark agree with the truth about SMTP.

usage: benches/smtp-agreement.py BINARY CORPUS CAPTURES

CORPUS has smtp-expected.json: facts by the tests of Zeek, Suricata and Arkime, and what tshark
says. CAPTURES has captures with the record of their ends. Prints two tables in Markdown and a line
for each fact on which we and the truth differ. Needs tshark.
"""
import collections
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

BINARY, CORPUS, CAPTURES = sys.argv[1:]
CUT = {"truncated_file"}
FACTS = ("sessions", "helo", "commands", "replies", "from", "to", "mails", "message", "starttls", "header")


class Score:
    def __init__(self):
        self.right = collections.Counter()
        self.all = collections.Counter()
        self.said = []

    def judge(self, who, fact, where, found, truth):
        self.all[who, fact] += 1
        if found == truth:
            self.right[who, fact] += 1
        elif who == "ours":
            self.said.append(f"{where}: {fact}: {str(found)[:90]!r} is not {str(truth)[:90]!r}")

    def table(self, title):
        print(f"\n| {title} | smtp-decrypt | tshark |\n| --- | --- | --- |")
        for fact in FACTS:
            if self.all["ours", fact]:
                cell = lambda who: f"{self.right[who, fact]} of {self.all[who, fact]}" if self.all[who, fact] else "not told"
                cells = [cell("ours"), cell("tshark")]
                print(f"| {fact} | {' | '.join(cells)} |")
        print()
        for line in self.said:
            print("*", line)


def report(files, *options):
    run = subprocess.run([BINARY, "--format", "json", "--reveal", "auth,body", *options, *files], capture_output=True)
    return json.loads(run.stdout)["sessions"]


def address(path):
    """`FROM: <a@b> SIZE=1` and `<a@b>` alike."""
    path = re.sub(r"^(FROM|TO):?", "", path.strip(), flags=re.I).strip()
    return re.match(r"<([^>]*)>?|(\S*)", path)[1] or path.split(" ")[0].strip("<>")


class Ours:
    def __init__(self, session):
        smtp = session["smtp"] or {"exchanges": [], "mails": [], "helo": None, "starttls": "not_offered", "greeting": None}
        said = [e for e in smtp["exchanges"] if e["verb"]]
        self.helo = (smtp["helo"] or {}).get("name")
        self.commands = [e["verb"] for e in said if e["verb"] not in (".", "AUTH-RESPONSE")]
        self.replies = [e["reply"]["code"] for e in smtp["exchanges"] if e["reply"]]
        self.froms = [address(re.sub(r"^\S+\s*", "", e["command"])) for e in said if e["verb"] == "MAIL"]
        self.to = [address(re.sub(r"^\S+\s*", "", e["command"])) for e in said if e["verb"] == "RCPT"]
        self.mails = smtp["mails"]
        self.starttls = smtp["starttls"] == "accepted"
        self.session = session


class Tshark:
    """What `tshark -T fields` says of one TCP stream."""

    def __init__(self):
        self.commands, self.replies, self.froms, self.to = [], [], [], []
        self.helo, self.mails, self.starttls = None, [], False


FIELDS = ["tcp.stream", "ip.src", "ipv6.src", "tcp.srcport", "ip.dst", "ipv6.dst", "tcp.dstport", "smtp.command_line",
          "smtp.response.code", "smtp.eom"]


def tshark(files, options=()):
    streams = {}
    merged = tempfile.NamedTemporaryFile(suffix=".pcapng")
    if len(files) > 1:
        subprocess.run(["mergecap", "-w", merged.name, *files], check=True)
    for name in [merged.name] if len(files) > 1 else files:
        command = ["tshark", "-r", name, "-Y", "smtp || imf", "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=\x1f",
                   "-o", "tcp.reassemble_out_of_order:TRUE"]
        for field in FIELDS:
            command += ["-e", field]
        run = subprocess.run([*command, *options], capture_output=True, text=True, errors="replace")
        for row in run.stdout.splitlines():
            row = (row.split("\t") + [""] * len(FIELDS))[: len(FIELDS)]
            _, source, source6, port, target, target6, peer, lines, codes, eom = row
            ends = (f"{source or source6}:{port}", f"{target or target6}:{peer}")
            key = ends if ends in streams else ends[::-1] if ends[::-1] in streams else ends
            if codes and key == ends and ends not in streams:
                key = ends[::-1]
            add(streams.setdefault(key, Tshark()), lines, codes, eom)
    return streams


def add(found, lines, codes, eom):
    for line in (one.replace("\\r\\n", "").strip() for one in lines.split("\x1f") if one):
        verb, _, parameter = line.partition(" ")
        verb = verb.upper()
        found.commands.append(verb)
        if verb in ("EHLO", "HELO", "LHLO"):
            found.helo = parameter
        if verb == "MAIL":
            found.froms.append(address(parameter))
        if verb == "RCPT":
            found.to.append(address(parameter))
    found.replies += [int(code) for code in codes.split("\x1f") if code]
    # Its second 220 is the answer to STARTTLS.
    found.starttls = "STARTTLS" in found.commands and found.replies.count(220) > 1
    found.mails += [one for one in eom.split("\x1f") if one]


def ends_of(session):
    return tuple(f"{session[end]['ip']}:{session[end]['port']}" for end in ("client", "server"))


def by_its_ends():
    """Captures whose ends kept record of what they said."""
    score = Score()
    for name in sorted(glob.glob(f"{CAPTURES}/*.json")):
        truth = json.load(open(name))
        files = [f"{CAPTURES}/{file}" for file in truth["files"]]
        keys = tempfile.NamedTemporaryFile("w", suffix=".list")
        rows = [row.rsplit(",", 1) for row in truth["keys"]]
        keys.write("".join(f"{row},{os.path.abspath(CAPTURES)}/{key}\n" for row, key in rows))
        keys.flush()
        options = ["--keys", keys.name] if rows else []
        log = f"{CAPTURES}/{truth['keylog']}" if truth.get("keylog") else None
        ours = {ends_of(s): Ours(s) for s in report(files, *options, *(["--keylog", log] if log else []))}
        port = {c["server"].rsplit(":", 1)[1] for c in truth["connections"]}
        decode = [x for p in port for x in ("-d", f"tcp.port=={p},{'tls' if p == '465' else 'smtp'}")]
        theirs = tshark(files, [*decode, *(["-o", f"tls.keylog_file:{log}"] if log else [])])
        for connection in truth["connections"]:
            # What is missing from a capture nobody can tell.
            if truth["complete"] and connection.get("dialogue") and truth["name"] not in CUT:
                compare_connection(score, os.path.basename(name), connection, ours, theirs)
    score.table("captures recorded by their ends")


def compare_connection(score, name, truth, ours, theirs):
    key = (truth["client"], truth["server"])
    where = f"{name} {truth['client']}"
    said = truth["dialogue"]
    is_command = lambda item: item["c"] not in (None, "<message>") and not item.get("auth")
    commands = [item["c"] for item in said if is_command(item)]
    # An answer to a 334 is no command; the record of some ends does not mark it.
    previous = [None, *[int(item["r"][-1][:3]) if item["r"] else None for item in said]]
    commands = [item["c"] for item, before in zip(said, previous) if is_command(item) and before != 334]
    expected = {
        "helo": next((c.split(" ", 1)[-1] for c in reversed(commands) if c[:4].upper() in ("EHLO", "HELO", "LHLO")), None),
        "commands": [c.split(" ")[0].upper() for c in commands],
        "replies": [int(item["r"][-1][:3]) for item in said if item["r"]],
        "from": [address(c[5:]) for c in commands if c[:4].upper() == "MAIL"],
        "to": [address(c[5:]) for c in commands if c[:4].upper() == "RCPT"],
        "mails": len(truth.get("messages", [])),
        "starttls": any(c.upper() == "STARTTLS" for c in commands) and bool(truth["tls"]),
    }
    for who, all_of in (("ours", ours), ("tshark", theirs)):
        found = all_of.get(key)
        score.judge(who, "sessions", where, found is not None, True)
        found = found or Tshark()
        compare(score, who, where, found, expected)
        if truth.get("messages") and who == "ours":
            hashes = [m["sha256"] for m in found.mails]
            score.judge(who, "message", where, hashes, [m["sha256"] for m in truth["messages"]])


def compare(score, who, where, found, expected):
    told = {
        "helo": found.helo,
        "commands": found.commands,
        "replies": found.replies,
        "from": found.froms,
        "to": found.to,
        "mails": len(found.mails),
        "starttls": found.starttls,
    }
    for fact, truth in expected.items():
        score.judge(who, fact, where, told[fact], truth)


def by_others():
    """Captures of other projects, with what their tests hold."""
    score = Score()
    expected = json.load(open(f"{CORPUS}/smtp-expected.json"))
    for name, entry in expected.items():
        log = f"{CORPUS}/{entry['keylog']}" if entry.get("keylog") else None
        sessions = [Ours(s) for s in report([f"{CORPUS}/{name}"], *(["--keylog", log] if log else []))]
        decode = ["-d", entry["decode_as"]] if entry.get("decode_as") else []
        streams = list(tshark([f"{CORPUS}/{name}"], [*decode, *(["-o", f"tls.keylog_file:{log}"] if log else [])]).values())
        for source in [entry, *entry.get("also", [])]:
            for claim in source["conversations"] if source["source"] != "tshark" else []:
                compare_claim(score, f"{name} ({source['source']})", claim, sessions, streams)
    score.table("captures of Zeek, Suricata and Arkime")


def compare_claim(score, where, claim, sessions, streams):
    """A claim names facts that some mail or session of the capture has."""
    if claim.get("count") == 0:
        return
    for transaction in claim.get("transactions", [claim]):
        path = lambda text: address(text) if text is not None else None
        wanted = {
            "helo": first(transaction.get("helo")),
            "from": path(transaction.get("mail_from")),
            "to": sorted(path(to) for to in transaction["rcpt_to"]) if transaction.get("rcpt_to") else None,
        }
        for fact, truth in wanted.items():
            if truth is None:
                continue
            for who, found in (("ours", sessions), ("tshark", streams)):
                has = any(has_fact(one, fact, truth) for one in found)
                score.judge(who, fact, f"{where} {truth}", has, True)
        headers(score, where, transaction, sessions)


def first(value):
    return value[0] if isinstance(value, list) else value


def has_fact(found, fact, truth):
    if fact == "helo":
        return (found.helo or "").lower() == truth.lower() or truth.lower() in [
            (c or "").lower() for c in getattr(found, "helos", [])]
    if fact == "from":
        return truth in found.froms
    return all(to in found.to for to in truth)


def headers(score, where, claim, sessions):
    """Fields of the message's header; tshark's are not compared."""
    mails = [mail for session in sessions for mail in session.mails]
    other = claim.get("other", {})
    bare = lambda text: re.sub(r'["\s]', "", text.rsplit("<", 1)[-1].strip(">"))
    checks = [
        (first(claim.get("subject")), lambda m: m["subject"]),
        (claim.get("msg_id") and first(claim["msg_id"]).strip("<>"), lambda m: (m["message_id"] or "").strip("<>")),
        (other.get("email.message_id", "").strip("<>") or None, lambda m: (m["message_id"] or "").strip("<>")),
        (claim.get("hdr_date"), lambda m: m["date"]),
        (claim.get("hdr_from") and bare(claim["hdr_from"]), lambda m: bare((m["header_from"] or [""])[0])),
        (other.get("email.from") and bare(other["email.from"]), lambda m: bare((m["header_from"] or [""])[0])),
        (first(claim.get("filename")), lambda m: next((p["name"] for p in m["parts"] if p["name"]), None)),
        (other.get("email.attachment[0]"), lambda m: next((p["name"] for p in m["parts"] if p["name"]), None)),
        (claim.get("hdr_to") and sorted(map(bare, claim["hdr_to"])), lambda m: sorted(map(bare, m["header_to"]))),
    ]
    for truth, of in checks:
        if truth:
            found = [of(mail) for mail in mails]
            score.judge("ours", "header", f"{where}", truth if truth in found else found, truth)


by_its_ends()
by_others()
