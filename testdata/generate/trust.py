"""Records testdata/trust: OpenSSL's client meets OpenSSL's and GnuTLS's server with certificates of each kind.

The truth is not written here: tests/it/trust.rs asks `openssl verify` and certtool about the same chains.
Root, tcpdump, openssl, gnutls-bin and python3-cryptography are needed. Usage: trust.py FOLDER
"""

import datetime
import pathlib
import subprocess
import sys
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
DAY = datetime.timedelta(days=1)
HOST = "mx.trust.test"
PORT = 465
OUT = pathlib.Path(sys.argv[1])


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Party:
    """A key with its certificate."""

    def __init__(self, subject, issuer=None, ca=False, path=None, extra=(), usage=None, start=-30, end=3650,
                 digest=None, host=None, purpose=ExtendedKeyUsageOID.SERVER_AUTH):
        self.key = ec.generate_private_key(ec.SECP256R1())
        signer = issuer or self
        self.subject = subject
        made = (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(signer.subject))
                .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
                .not_valid_before(NOW + start * DAY).not_valid_after(NOW + end * DAY)
                .add_extension(x509.BasicConstraints(ca, path), critical=True))
        sign = ca if usage is None else usage
        made = made.add_extension(x509.KeyUsage(not sign, False, False, False, False, sign, sign, False, False),
                                  critical=True)
        if host:
            made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        if not ca:
            made = made.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        for extension in extra:
            made = made.add_extension(extension, critical=True)
        self.certificate = made.sign(signer.key, digest or hashes.SHA256())

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def leaf(issuer, host=HOST, **more):
    return Party(host, issuer, host=host, **more)


root = Party("Trust Test Root", ca=True)
middle = Party("Trust Test Issuing", root, ca=True)
other = Party("Trust Test Issuing", root, ca=True)  # the same name, another key
narrow = Party("Trust Test Narrow", root, ca=True, extra=[x509.NameConstraints([x509.DNSName("other.test")], None)])
short = Party("Trust Test Short", root, ca=True, path=0)
beyond = Party("Trust Test Beyond", short, ca=True)
keyless = Party("Trust Test Keyless", root, ca=True, usage=False)
alone = Party(HOST, host=HOST)
good = leaf(middle)

CHAINS = {
    "valid": [good, middle],
    "missing_intermediate": [good],
    "other_key": [good, other],
    "name_constraints": [leaf(narrow), narrow],
    "path_length": [leaf(beyond), beyond, short],
    "key_usage": [leaf(keyless), keyless],
    "purpose": [leaf(middle, purpose=ExtendedKeyUsageOID.CLIENT_AUTH), middle],
    "wrong_name": [leaf(middle, "elsewhere.test"), middle],
    "expired": [leaf(middle, end=-1), middle],
    "not_yet_valid": [leaf(middle, start=30), middle],
    "self_signed": [alone],
    "revoked": [good, middle],
    "client": [good, middle],
    "gnutls_valid": [good, middle],
    "gnutls_expired": [leaf(middle, end=-1), middle],
}


def write(path, *parties):
    path.write_bytes(b"".join(party.pem() for party in parties))


def key(path, party):
    path.write_bytes(party.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                             serialization.NoEncryption()))


def staple(path):
    made = ocsp.OCSPResponseBuilder().add_response(
        cert=good.certificate, issuer=middle.certificate, algorithm=hashes.SHA256(),
        cert_status=ocsp.OCSPCertStatus.REVOKED, this_update=NOW - DAY, next_update=NOW + 7 * DAY,
        revocation_time=NOW - 2 * DAY, revocation_reason=x509.ReasonFlags.key_compromise,
    ).responder_id(ocsp.OCSPResponderEncoding.HASH, middle.certificate)
    path.write_bytes(made.sign(middle.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))


def record(case, chain, work):
    write(OUT / f"{case}.pem", *chain)
    key(work / "key", chain[0])
    if case.startswith("gnutls"):
        server = ["gnutls-serv", "-p", str(PORT), "--x509certfile", str(OUT / f"{case}.pem"), "--x509keyfile",
                  str(work / "key"), "--priority", "NORMAL:-VERS-TLS1.3", "--echo", "-q"]
    else:
        write(work / "rest", *chain[1:])
        server = ["openssl", "s_server", "-accept", str(PORT), "-key", str(work / "key"), "-cert",
                  str(OUT / f"{case}.pem"), "-no_tls1_3", "-quiet"]
        server += ["-cert_chain", str(work / "rest")] if chain[1:] else []
    client = ["openssl", "s_client", "-connect", f"127.0.0.1:{PORT}", "-servername", HOST, "-verify_hostname", HOST,
              "-CAfile", str(OUT / "ca.pem"), "-verify_return_error", "-no_ticket"]
    if case == "revoked":
        staple(work / "staple")
        server += ["-status_file", str(work / "staple")]
        client += ["-status"]
    if case == "client":
        customer = Party("client.trust.test", middle, host="client.trust.test",
                         purpose=ExtendedKeyUsageOID.CLIENT_AUTH)
        write(work / "client.pem", customer)
        key(work / "client.key", customer)
        write(work / "middle.pem", middle)
        server += ["-Verify", "3", "-CAfile", str(OUT / "ca.pem")]
        client += ["-cert", str(work / "client.pem"), "-key", str(work / "client.key"), "-cert_chain",
                   str(work / "middle.pem")]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    tap = subprocess.Popen(["tcpdump", "-i", "lo", "-U", "-w", str(OUT / f"{case}.pcap"), f"tcp port {PORT}"], **quiet)
    serving = subprocess.Popen(server, stdin=subprocess.PIPE, **quiet)
    time.sleep(1.5)
    asking = subprocess.Popen(client, stdin=subprocess.PIPE, **quiet)
    time.sleep(0.7)
    if asking.poll() is None:
        asking.stdin.close()
        asking.wait(5)
    time.sleep(0.3)
    for process in (serving, tap):
        process.terminate()
        process.wait()


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    work = pathlib.Path("/tmp/trust-work")
    work.mkdir(exist_ok=True)
    write(OUT / "ca.pem", root)
    for case, chain in CHAINS.items():
        record(case, chain, work)
        while (OUT / f"{case}.pcap").stat().st_size < 1500:  # tcpdump or the server came too late
            record(case, chain, work)


main()
