"""NAME.json and NAME.N.c2s, NAME.N.s2c out of recordings."""
import functools
import hashlib
import json
import subprocess

from lab.dialogue import Reader


@functools.cache
def iana_names():
    """OpenSSL's cipher name -> IANA's, as OpenSSL itself lists them."""
    listing = subprocess.run(["openssl", "ciphers", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"],
                             capture_output=True, text=True, check=True).stdout
    return {words[2]: words[0] for line in listing.splitlines() if len(words := line.split()) > 2}


def uses_rsa_key_exchange(facts):
    iana = iana_of(facts) or ""
    return iana.startswith(("TLS_RSA_WITH_", "TLS_RSA_EXPORT", "SSL_RSA_FIPS_WITH_", "SSL_CK_"))


def iana_of(facts):
    return facts.cipher_iana or iana_names().get(facts.cipher)


def tls_truth(facts, reason):
    if facts is None:
        return None
    rsa = facts.established and uses_rsa_key_exchange(facts)
    return {
        "mode": facts.mode, "version": facts.version, "cipher_openssl": facts.cipher,
        "cipher_iana": iana_of(facts),
        "ems": facts.ems, "etm": facts.etm, "resumed": facts.resumed, "established": facts.established,
        "decryptable_rsa": rsa, "decryptable_with_keys": rsa and reason is None,
    } | stack_truth(facts) | facts.more


def stack_truth(facts):
    """Where the two ends are stacks of lab/stacks."""
    if not facts.made_by_client:
        return {}
    number = facts.cipher_id
    return {"cipher_id": f"0x{number:0{4 if number < 0x10000 else 6}X}" if number is not None else None,
            "needs": "keylog" if facts.established and not uses_rsa_key_exchange(facts) else "rsa_key",
            "made_by": {"client": facts.made_by_client, "server": facts.made_by}}


def summary(data):
    return {"len": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def connection_truth(number, recording, expected):
    c2s = recording.c2s[recording.proxy_bytes:]
    read = Reader(c2s, recording.s2c, expected.lmtp).read()
    check_stored_mails(recording, read.mails)
    made = {
        "n": number, "client": recording.client, "server": recording.server,
        "tls": tls_truth(recording.tls, expected.reason),
        "plain_bytes": {"c2s": len(recording.plain_c2s), "s2c": len(recording.plain_s2c)},
        "stream": {"c2s": summary(recording.c2s), "s2c": summary(recording.s2c)},
        "dialogue": read.steps,
        "messages": [{key: value for key, value in mail.items() if key != "data"} for mail in read.mails],
        "expected_outcome": expected.outcome, "expected_reason": expected.reason,
    }
    if recording.proxy:
        made["proxy"] = {"header": recording.proxy, "bytes": recording.proxy_bytes}
    if recording.injected:
        made["injected"] = recording.injected
    if expected.finding:
        made["expected_finding"] = expected.finding
    if expected.outcome_with_keylog:
        made["expected_outcome_with_keylog"] = expected.outcome_with_keylog
    return made


def check_stored_mails(recording, mails):
    """The mails seen at the endpoint must be the ones that the server says it stored."""
    stored = [mail["data"] for mail in recording.stored_mails]
    accepted = [mail["data"] for mail in mails if mail["accepted"]]
    if recording.stored_mails and stored != accepted:
        raise RuntimeError("the server stored other mails than the endpoint recorded")


def write_streams(folder, name, number, recording):
    (folder / f"{name}.{number}.c2s").write_bytes(recording.c2s)
    (folder / f"{name}.{number}.s2c").write_bytes(recording.s2c)


def write_json(path, content):
    """A capture of many connections gets one line for each."""
    if len(content["connections"]) <= 4:
        return path.write_text(json.dumps(content, indent=1, ensure_ascii=True) + "\n")
    mark = "@connections@"
    frame = json.dumps(content | {"connections": mark}, indent=1, ensure_ascii=True)
    lines = ",\n".join("  " + json.dumps(each, ensure_ascii=True, separators=(",", ":")) for each in content["connections"])
    return path.write_text(frame.replace(f'"{mark}"', f"[\n{lines}\n ]") + "\n")
