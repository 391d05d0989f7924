"""mbedTLS 2.28 out of Debian's source package, built with everything old and rare switched on."""
import ctypes
import functools
import os
import shutil
import ssl
import subprocess
from ctypes import c_char_p, c_int, c_size_t, c_void_p
from pathlib import Path

from lab.stacks import names
from lab.stacks.adapter import Adapter

HERE = Path(__file__).resolve().parent
FOLDER = Path(os.environ.get("LAB_MBEDTLS", "/var/tmp/smtp-decrypt-lab-mbedtls-2.28"))
SWITCH_ON = """SSL_PROTO_SSL3 ENABLE_WEAK_CIPHERSUITES ARIA_C CIPHER_NULL_CIPHER SSL_SRV_SUPPORT_SSLV2_CLIENT_HELLO
SSL_RENEGOTIATION SSL_TRUNCATED_HMAC ARC4_C DES_C CAMELLIA_C CCM_C KEY_EXCHANGE_RSA_PSK_ENABLED KEY_EXCHANGE_DHE_PSK_ENABLED
KEY_EXCHANGE_ECDHE_PSK_ENABLED SSL_EXPORT_KEYS SSL_CBC_RECORD_SPLITTING""".split()
SWITCH_OFF = ["REMOVE_ARC4_CIPHERSUITES", "REMOVE_3DES_CIPHERSUITES"]
MINOR = {"SSLv3": 0, "TLSv1": 1, "TLSv1.1": 2, "TLSv1.2": 3}
WANT_READ, CLOSE_NOTIFY = -0x6900, -0x7880


def build():
    """apt-get source with its own source list, so that the machine's stays as it is."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name in ["parts", "lists/partial"]:
        (FOLDER / name).mkdir(parents=True)
    (FOLDER / "parts/lab.sources").write_text(
        "Types: deb-src\nURIs: http://deb.debian.org/debian\nSuites: bookworm\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n")
    options = ["-o", "Dir::Etc::sourcelist=/dev/null", "-o", f"Dir::Etc::sourceparts={FOLDER}/parts",
               "-o", f"Dir::State::lists={FOLDER}/lists"]
    shell = functools.partial(subprocess.run, cwd=FOLDER, check=True, capture_output=True)
    shell(["apt-get", *options, "update", "-qq"])
    shell(["apt-get", *options, "source", "-qq", "--download-only", "mbedtls"])
    (FOLDER / "source").mkdir()
    shell(["tar", "xzf", str(next(FOLDER.glob("*.orig.tar.gz"))), "--strip-components=1", "-C", "source"])
    for action, options in [("set", SWITCH_ON), ("unset", SWITCH_OFF)]:
        for option in options:
            shell(["python3", "source/scripts/config.py", "-f", "source/include/mbedtls/config.h", action, f"MBEDTLS_{option}"])
    shell(["make", "-C", "source", "lib", "CFLAGS=-O1 -fPIC", "WARNING_CFLAGS="])


@functools.cache
def library():
    if not (FOLDER / "source/library/libmbedtls.a").exists():
        build()
    shim, libs = FOLDER / "shim.so", FOLDER / "source/library"
    subprocess.run(["gcc", "-w", "-shared", "-fPIC", f"-I{FOLDER}/source/include", "-o", str(shim), str(HERE / "mbedtls_shim.c"),
                    *[str(libs / f"libmbed{name}.a") for name in ("tls", "x509", "crypto")], "-Wl,-Bsymbolic"], check=True)
    made = ctypes.CDLL(str(shim))
    made.mb_new.restype = c_void_p
    made.mb_new.argtypes = [c_int, c_int, c_int, c_char_p, c_char_p, c_char_p, c_size_t, c_char_p, *[c_int] * 5]
    made.mb_take.restype = c_size_t
    for name in ("mb_version", "mb_suite"):
        getattr(made, name).restype = c_char_p
    made.mb_master.restype = c_void_p
    for name in "feed take handshake read write close renegotiate version suite suite_id master".split():
        getattr(made, f"mb_{name}").argtypes = [c_void_p] + {
            "feed": [c_char_p, c_size_t], "take": [c_char_p, c_size_t], "read": [c_char_p, c_size_t],
            "write": [c_char_p, c_size_t]}.get(name, [])
    return made


class MbedContext:
    made_by = "mbedTLS 2.28.3 (shim in C)"

    def __init__(self, server_side, version="TLSv1.2", suite=0x2f, certificate=None, psk=None, ems=True, etm=True, keylog=None,
                 max_fragment=0, truncated_hmac=False, split=False):
        self.server_side, self.keylog = server_side, keylog
        crt, key = [str(file).encode() for file in certificate] if certificate else (None, None)
        library()  # built here, not by two threads at once
        identity, secret = psk or (b"", b"")
        self.words = [int(server_side), MINOR[version], suite, crt, key, secret, len(secret), identity, int(ems), int(etm),
                      max_fragment, int(truncated_hmac), int(split)]

    def wrap_bio(self, incoming, outgoing, server_side, session=None, server_hostname=None):
        return Adapter(Engine(self.words), incoming, outgoing, self, server_side)


class Engine:
    def __init__(self, words):
        self.lib = library()
        self.peer = self.lib.mb_new(*words)
        if not self.peer:
            raise RuntimeError(f"mbedTLS refuses {words}")

    def feed(self, data):
        if data:
            self.lib.mb_feed(self.peer, data, len(data))

    def take(self):
        buffer = ctypes.create_string_buffer(1 << 17)
        size = self.lib.mb_take(self.peer, buffer, len(buffer))
        return buffer.raw[:size]

    def result(self, code):
        if code == WANT_READ:
            raise ssl.SSLWantReadError(2, "want read")
        if code in (CLOSE_NOTIFY, 0):
            raise ssl.SSLZeroReturnError(6, "closed")
        if code < 0:
            raise ssl.SSLError(1, f"mbedTLS: -{-code:#x}")
        return code

    def handshake(self):
        if code := self.lib.mb_handshake(self.peer):
            self.result(code)

    def renegotiate(self):
        if code := self.lib.mb_renegotiate(self.peer):
            self.result(code)

    def read(self, size):
        buffer = ctypes.create_string_buffer(size)
        got = self.result(self.lib.mb_read(self.peer, buffer, size))
        return buffer.raw[:got]

    def write(self, data):
        return self.result(self.lib.mb_write(self.peer, data, len(data)))

    def close(self):
        self.lib.mb_close(self.peer)

    def facts(self):
        version = self.lib.mb_version(self.peer).decode()
        number = self.lib.mb_suite_id(self.peer)
        iana = self.lib.mb_suite(self.peer).decode().replace("-", "_")
        return {"version": version.replace("TLSv1.0", "TLSv1").replace("SSLv3.0", "SSLv3"), "cipher": names.names_of(number)[0], "cipher_id": number,
                "cipher_iana": iana, "master": ctypes.string_at(self.lib.mb_master(self.peer), 48)}
