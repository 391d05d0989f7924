"""Decrypts each capture with tshark and compares the bytes with the recorded streams."""
import argparse
import json
import re
import subprocess
import tempfile
from pathlib import Path

from lab.paths import TESTDATA
from lab.topics import folder


def tshark(file, *options):
    done = subprocess.run(["tshark", "-r", str(file), *options], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return done.stdout


def one_file(out, truth):
    """The capture as one file; rotated ones are joined."""
    files = [str(out / name) for name in truth["files"]]
    if len(files) == 1:
        return files[0]
    joined = tempfile.NamedTemporaryFile(suffix=".pcap", delete=False).name
    subprocess.run(["mergecap", "-F", "pcap", "-w", joined, *files], check=True, capture_output=True)
    return joined


def key_options(out, truth):
    options = []
    rows = (out / truth["keys"]).read_text().splitlines() if truth["keys"] else []
    for row in rows:
        path = (out / row.split(",")[3]).resolve()
        if not path.name.startswith("ec."):
            options += ["-o", f'uat:rsa_keys:"{path}",""']
    if truth["keylog"]:
        options += ["-o", f"tls.keylog_file:{out / truth['keylog']}"]
    return options


def follow(file, layer, number, options):
    """(c2s, s2c) of one stream as tshark follows it; its output marks the second direction with a tab."""
    text = tshark(file, "-q", "-z", f"follow,{layer},raw,{number}", *options)
    lines = [line for line in text.splitlines() if re.fullmatch(r"\t?[0-9a-f]+", line)]
    first = bytes.fromhex("".join(line for line in lines if not line.startswith("\t")))
    second = bytes.fromhex("".join(line[1:] for line in lines if line.startswith("\t")))
    node = re.search(r"Node 0: (\S+)", text)
    return (first, second, node.group(1) if node else None)


def streams(out, truth, number):
    return [(out / f"{truth['name']}.{number}.{way}").read_bytes() for way in ("c2s", "s2c")]


def in_order(followed, connection):
    """tshark's node 0 is whoever spoke first inside; turn it into client first."""
    first, second, node = followed
    return (first, second) if node in (None, connection["client"]) else (second, first)


def check_connection(out, truth, file, options, connection):
    if not truth["complete"]:
        return None  # such a capture lacks bytes on purpose
    number = connection["n"]
    whole = streams(out, truth, number)
    plain = [whole[0][:connection["plain_bytes"]["c2s"]], whole[1][:connection["plain_bytes"]["s2c"]]]
    on_wire = in_order(follow(file, "tcp", number, options), connection)
    if not all(wire.startswith(part) for wire, part in zip(on_wire, plain)):
        return "the plaintext before TLS differs"
    tls = connection["tls"]
    if tls is None:
        return None if list(on_wire) == whole else "the plaintext differs"
    inside = in_order(follow(file, "tls", number, options), connection)
    expected = [whole[0][len(plain[0]):], whole[1][len(plain[1]):]]
    opens = tls["established"] and (tls["decryptable_with_keys"] or "expected_outcome_with_keylog" in connection)
    if not opens:
        return "tshark decrypts what should stay closed" if any(inside) and tls["established"] else None
    if list(inside) != expected:
        return f"inside TLS: tshark has {[len(part) for part in inside]}, truth {[len(part) for part in expected]}"
    return check_negotiation(file, options, connection)


def check_negotiation(file, options, connection):
    tls = connection["tls"]
    port = connection["client"].rsplit(":", 1)[1]
    seen = tshark(file, *options, "-Y", f"tls.handshake.type == 2 && tcp.port == {port}", "-T", "fields",
                  "-e", "tls.handshake.ciphersuite", "-e", "tls.handshake.extension.type").split("\n")[0].split("\t")
    if tls["version"] == "TLSv1.3":
        return None
    extensions = seen[1].strip().split(",") if len(seen) > 1 else []
    if ("23" in extensions, "22" in extensions) != (tls["ems"], tls["etm"]):
        return f"extensions on the wire {extensions}, truth ems {tls['ems']} etm {tls['etm']}"
    return None


def check(out, name):
    out = folder(out, name)
    truth = json.loads((out / f"{name}.json").read_text())
    file = one_file(out, truth)
    options = key_options(out, truth)
    ports = {connection["server"].rsplit(":", 1)[1] for connection in truth["connections"]}
    for port in ports - {"25", "465", "587"}:
        options += ["-d", f"tcp.port=={port},smtp"]
    if "465" in ports:
        options += ["-d", "tcp.port==465,tls"]
    problems = [problem for connection in truth["connections"]
                if (problem := check_connection(out, truth, file, options, connection))]
    return problems


def main():
    parser = argparse.ArgumentParser(prog="check")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--out", type=Path, default=TESTDATA)
    wanted = parser.parse_args()
    out = wanted.out.resolve()
    bad = 0
    for name in wanted.names or sorted(file.stem for file in out.glob("*/*/*.json")):
        problems = check(out, name)
        bad += bool(problems)
        print(f"{name}: {'; '.join(problems) if problems else 'ok'}", flush=True)
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    main()
