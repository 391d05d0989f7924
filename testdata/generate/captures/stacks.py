"""Many suites and versions in one capture each, made by other TLS stacks than Python's: SMTP on port 465 or 2587."""
from dataclasses import dataclass
from typing import Callable

from lab.acts import python_to_python
from lab.mails import mail
from lab.scene import Expected, scene
from lab.smtp_client import EHLO
from lab.smtp_server import Behaviour
from lab.stacks import openssl
from lab.stacks.child import node_context, pike_context
from lab.stacks.gnutls import GnutlsContext
from lab.stacks.mbedtls import MbedContext

PSK = (b"lab", bytes.fromhex("000102030405060708090a0b0c0d0e0f"))
FORWARD = Expected("unknown", "forward_secrecy", outcome_with_keylog="delivered")
TLS13 = Expected("unknown", "tls13", outcome_with_keylog="delivered")
# A pre-shared key is not an RSA key: with the key list alone such a session stays closed.
WITH_PSK = Expected("unknown", "unsupported_cipher_suite", outcome_with_keylog="delivered")


@dataclass
class Session:
    label: str
    contexts: Callable  # (studio, certificate) -> (server's, client's)
    expected: Expected = None

    def __post_init__(self):
        self.expected = self.expected or Expected()


def tiny(label):
    return mail(label, [f"Suite {label}."])


def certificate(studio, key):
    return (studio.pki / f"{key}.crt", studio.pki / f"{key}.key")


def one_session(studio, contexts, label, wrapper=True, before=None, talk=None):
    server, client_context = contexts

    def converse(client, _):
        if wrapper:
            client.start_tls(client_context, "wrapper")
            client.reply()
            client.command(EHLO)
        else:
            client.open_starttls(client_context)
        (talk or (lambda c: c.send_mail(tiny(label))))(client)
        client.quit()
    behaviour = Behaviour(server, wrapper=wrapper, before=before or {})
    return python_to_python(studio, behaviour, converse, port=studio.scene.port)


def register(name, description, sessions, key="server", port=465, keylog=False, **settings):
    keys = None if key == "server" else [f"127.0.0.1,{port},smtp,pki/{key}.key"]

    @scene(name, description, port, own_server=True, keys=keys, keylog=keylog, expected=[each.expected for each in sessions], **settings)
    def act(studio):
        recordings = []
        for each in sessions:
            print("   ", each.label, flush=True)
            contexts = each.contexts(studio, certificate(studio, key))
            recordings += one_session(studio, contexts, each.label, wrapper=port == 465)
        return recordings


# OpenSSL through ctypes


def with_openssl(library, version, cipher, expected=None, **settings):
    def contexts(studio, pair):
        lib = getattr(openssl, library)()
        return (openssl.OpenSslContext(lib, True, version, cipher, certificate=pair, **settings),
                openssl.OpenSslContext(lib, False, version, cipher, keylog=studio.keylog(), **settings))
    return Session(f"{library}_{version}_{cipher}", contexts, expected)


def with_mbedtls(version, suite, expected=None, has_certificate=True, psk=None, **settings):
    def contexts(studio, pair):
        return (MbedContext(True, version, suite, certificate=pair if has_certificate else None, psk=psk, **settings),
                MbedContext(False, version, suite, psk=psk, keylog=studio.keylog(), **settings))
    return Session(f"mbedtls_{version}_{suite:04X}", contexts, expected)


def with_node(method, ciphers, expected=None, **settings):
    def contexts(_studio, pair):
        return (node_context(True, pair, method=method, ciphers=ciphers, **settings),
                node_context(False, method=method, ciphers=ciphers, **settings))
    return Session(f"node_{method}_{ciphers}", contexts, expected)


def with_pike(version, suite, expected=None):
    def contexts(_studio, pair):
        return (pike_context(True, pair, version=version, suites=[suite]),
                pike_context(False, version=version, suites=[suite]))
    return Session(f"pike_{version:04x}_{suite:04X}", contexts, expected)


def with_gnutls(label, priority, expected=None, **settings):
    def contexts(studio, pair):
        return (GnutlsContext(True, priority, certificate=pair, **settings),
                GnutlsContext(False, priority, keylog=studio.keylog(), **settings))
    return Session(f"gnutls_{label}", contexts, expected)


def gnutls_suite(version, key_exchange, cipher, mac, expected=None, **settings):
    priority = f"NONE:+VERS-{version}:+{key_exchange}:+{cipher}:+{mac}:+COMP-NULL:+SIGN-ALL:+GROUP-ALL:+CURVE-ALL:%VERIFY_ALLOW_BROKEN"
    return with_gnutls(f"{version}_{key_exchange}_{cipher}_{mac}", priority, expected, **settings)


def with_draft56(version, suite):
    def contexts(_studio, pair):
        from lab.stacks.draft56 import Draft56Context  # needs PyCryptodome, which nothing else does
        return Draft56Context(True, version, suite, certificate=pair), Draft56Context(False, version, suite)
    return Session(f"draft56_{version:04x}_{suite:04X}", contexts)


OLD_EVERYWHERE = ["NULL-MD5", "NULL-SHA", "RC4-MD5", "RC4-SHA", "IDEA-CBC-SHA", "DES-CBC3-SHA", "AES128-SHA", "AES256-SHA",
                  "CAMELLIA128-SHA", "CAMELLIA256-SHA", "SEED-SHA"]

register("suites_ssl30_rsa", "SSL 3.0: the RSA suites of OpenSSL 1.0.2k, DES of OpenSSL 1.0.0f, RC4 and AES of mbedTLS",
         [with_openssl("old", "SSLv3", cipher) for cipher in OLD_EVERYWHERE]
         + [with_node("SSLv3_method", "DES-CBC-SHA")]
         + [with_mbedtls("SSLv3", suite) for suite in (0x0004, 0x0005, 0x0009, 0x000A, 0x002F, 0x0001, 0x0041)])

register("suites_tls10_rsa", "TLS 1.0: the RSA suites of OpenSSL 1.0.2k, DES of OpenSSL 1.0.0f and mbedTLS",
         [with_openssl("old", "TLSv1", cipher) for cipher in OLD_EVERYWHERE]
         + [with_node("TLSv1_method", "DES-CBC-SHA"), with_mbedtls("TLSv1", 0x0009, etm=False),
            with_mbedtls("TLSv1", 0x000A), with_mbedtls("TLSv1", 0x0041, etm=False, ems=False), with_mbedtls("TLSv1", 0x0002)])

register("suites_tls11_rsa", "TLS 1.1: the RSA suites of OpenSSL 1.0.2k and mbedTLS",
         [with_openssl("old", "TLSv1.1", cipher) for cipher in OLD_EVERYWHERE]
         + [with_mbedtls("TLSv1.1", 0x0009), with_mbedtls("TLSv1.1", 0x0005), with_mbedtls("TLSv1.1", 0x0035, etm=False)])

register("suites_tls12_rsa", "TLS 1.2: the RSA suites of OpenSSL 1.0.2k and 3.0",
         [with_openssl("old", "TLSv1.2", cipher) for cipher in OLD_EVERYWHERE if cipher != "IDEA-CBC-SHA"]
         + [with_openssl("new", "TLSv1.2", cipher) for cipher in
            ["NULL-SHA256", "CAMELLIA128-SHA256", "CAMELLIA256-SHA256", "CAMELLIA128-SHA", "ARIA128-GCM-SHA256",
             "ARIA256-GCM-SHA384", "AES128-CCM", "AES256-CCM", "AES128-CCM8", "AES256-CCM8", "AES128-SHA256"]])

register("suites_tls12_rsa_mbedtls", "TLS 1.2: the RSA suites of mbedTLS 2.28, among them ARIA CBC and Camellia GCM",
         [with_mbedtls("TLSv1.2", suite) for suite in
          [0x0001, 0x0002, 0x003B, 0x0004, 0x0005, 0x0009, 0x000A, 0x002F, 0x003C, 0x003D, 0x009C, 0x009D, 0x0041, 0x0084, 0x00BA,
           0x00C0, 0xC07A, 0xC07B, 0xC03C, 0xC03D, 0xC050, 0xC051, 0xC09C, 0xC09D, 0xC0A0, 0xC0A1]]
         + [with_mbedtls("TLSv1.2", 0xC03C, etm=False), with_mbedtls("TLSv1.2", 0xC03D, etm=False, ems=False)])

register("suites_tls12_rsa_gnutls", "TLS 1.2: the RSA suites of GnuTLS 3.7",
         [gnutls_suite("TLS1.2", "RSA", cipher, mac) for cipher, mac in
          [("NULL", "MD5"), ("NULL", "SHA1"), ("NULL", "SHA256"), ("ARCFOUR-128", "MD5"), ("ARCFOUR-128", "SHA1"),
           ("3DES-CBC", "SHA1"), ("CAMELLIA-128-CBC", "SHA1"), ("CAMELLIA-256-CBC", "SHA256"), ("CAMELLIA-128-GCM", "AEAD"),
           ("CAMELLIA-256-GCM", "AEAD"), ("AES-128-CCM", "AEAD"), ("AES-256-CCM", "AEAD"), ("AES-128-CCM-8", "AEAD"),
           ("AES-256-CCM-8", "AEAD")]])

register("suites_fips_pike", "Netscape's FIPS code points 0xFEFE and 0xFEFF in TLS 1.0 and SSL 3.0, Pike's own TLS",
         [with_pike(0x301, 0xFEFE), with_pike(0x301, 0xFEFF), with_pike(0x300, 0xFEFE), with_pike(0x300, 0xFEFF),
          with_pike(0x301, 0x0009), with_pike(0x303, 0xC07A), with_pike(0x303, 0xC09D)])

register("suites_export40", "RSA export suites with a 512-bit server key, which needs no ServerKeyExchange: SSL 3.0 and TLS 1.0",
         [with_node(method, cipher) for method in ("SSLv3_method", "TLSv1_method")
          for cipher in ("EXP-RC4-MD5", "EXP-RC2-CBC-MD5", "EXP-DES-CBC-SHA")], key="rsa512")

register("suites_export1024", "export suites of the 56-bit draft with a 1024-bit server key: TLS 1.0 and SSL 3.0, our own small TLS in Python",
         [with_draft56(version, suite) for version in (0x301, 0x300) for suite in (0x60, 0x61, 0x62, 0x64)], key="rsa1024")

register("sslv2", "SSL 2.0 with six of its seven ciphers (no IDEA)",
         [with_node("SSLv2_method", cipher) for cipher in
          ("RC4-MD5", "EXP-RC4-MD5", "RC2-CBC-MD5", "EXP-RC2-CBC-MD5", "DES-CBC-MD5", "DES-CBC3-MD5")], key="rsa1024",
         port=2587)


def with_old_hello(label, version, suite, size, server):
    """The small TLS of draft56.py as the client, since the others' clients have given up this hello."""
    def contexts(_studio, pair):
        from lab.stacks.draft56 import Draft56Context
        return server(pair), Draft56Context(False, version, suite, old_hello=size)
    return Session(f"old_hello_{label}", contexts)


def any_version(cipher):
    return lambda pair: openssl.OpenSslContext(openssl.old(), True, "any", cipher, certificate=pair)


register("sslv2_hello", "an SSLv2 CLIENT-HELLO that leads to SSL 3.0 or TLS 1.0; servers of OpenSSL 1.0.0f, 1.0.2k and mbedTLS",
         [with_old_hello("node_tls10", 0x301, 0x05, 16, lambda pair: node_context(True, pair, method="SSLv23_method", ciphers="RC4-SHA")),
          with_old_hello("node_ssl30", 0x300, 0x04, 32, lambda pair: node_context(True, pair, method="SSLv23_method", ciphers="RC4-MD5")),
          with_old_hello("old_tls10", 0x301, 0x05, 32, any_version("RC4-SHA")),
          with_old_hello("old_ssl30", 0x300, 0x04, 20, any_version("RC4-MD5")),
          with_old_hello("mbedtls_tls10", 0x301, 0x09, 16, lambda pair: MbedContext(True, "TLSv1", 0x09, certificate=pair, ems=False,
                                                                                   etm=False))], port=2587)

EC_SUITES = ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305",
             "ECDHE-ECDSA-AES128-CCM", "ECDHE-ECDSA-AES256-CCM8", "ECDHE-ECDSA-ARIA128-GCM-SHA256", "ECDHE-ECDSA-CAMELLIA128-SHA256"]
FS_SUITES = ["ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA384", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305",
             "ECDHE-ARIA256-GCM-SHA384", "ECDHE-RSA-CAMELLIA256-SHA384", "ECDHE-RSA-NULL-SHA", "DHE-RSA-AES128-SHA",
             "DHE-RSA-AES256-GCM-SHA384", "DHE-RSA-CHACHA20-POLY1305", "DHE-RSA-AES128-CCM", "DHE-RSA-AES256-CCM8",
             "DHE-RSA-ARIA128-GCM-SHA256", "DHE-RSA-CAMELLIA128-SHA256", "ADH-AES128-SHA", "ADH-AES256-GCM-SHA384",
             "ADH-CAMELLIA128-SHA256", "AECDH-AES128-SHA", "AECDH-NULL-SHA"]

register("suites_tls12_forward_secrecy", "TLS 1.2 with ephemeral and anonymous key exchange, key log beside it: OpenSSL, mbedTLS, GnuTLS",
         [with_openssl("new", "TLSv1.2", cipher, FORWARD) for cipher in FS_SUITES]
         + [with_openssl("old", "TLSv1.2", cipher, FORWARD) for cipher in ["ECDHE-RSA-RC4-SHA", "ECDHE-RSA-DES-CBC3-SHA", "AECDH-RC4-SHA"]]
         + [with_mbedtls("TLSv1.2", suite, FORWARD) for suite in [0xCCA8, 0xC08A, 0xC04C, 0xC04D, 0xC060, 0xC07D]]
         + [gnutls_suite("TLS1.2", exchange, cipher, mac, FORWARD, **settings) for exchange, cipher, mac, settings in
            [("DHE-RSA", "CHACHA20-POLY1305", "AEAD", {}), ("ECDHE-RSA", "CAMELLIA-128-GCM", "AEAD", {}),
             ("DHE-RSA", "AES-256-CCM", "AEAD", {}), ("ANON-DH", "AES-128-CBC", "SHA1", {"anonymous": True}),
             ("ANON-ECDH", "AES-128-CBC", "SHA1", {"anonymous": True})]],
         keylog=True)

register("suites_tls10_forward_secrecy", "SSL 3.0 to TLS 1.1 with ephemeral key exchange, key log beside it",
         [with_openssl("old", version, cipher, FORWARD) for version, cipher in
          [("TLSv1", "ECDHE-RSA-AES128-SHA"), ("TLSv1", "ECDHE-RSA-RC4-SHA"), ("TLSv1.1", "ECDHE-RSA-DES-CBC3-SHA"),
           ("TLSv1", "AECDH-AES256-SHA")]]
         + [with_mbedtls(version, 0x0033, FORWARD) for version in ("SSLv3", "TLSv1", "TLSv1.1")]
         + [with_mbedtls("SSLv3", 0x0016, FORWARD)], keylog=True)

register("suites_tls12_ecdsa", "TLS 1.2 with an ECDSA certificate, key log beside it",
         [with_openssl("new", "TLSv1.2", cipher, FORWARD) for cipher in EC_SUITES]
         + [with_mbedtls("TLSv1.2", suite, FORWARD) for suite in [0xCCA9, 0xC086, 0xC048, 0xC0AE]], key="ec", keylog=True)

register("suites_tls12_psk", "TLS 1.2 with pre-shared keys, alone and with DHE, ECDHE and RSA; key log beside it",
         [with_openssl("new", "TLSv1.2", cipher, WITH_PSK if cipher.startswith(("PSK", "RSA")) else FORWARD, psk=PSK) for cipher in
          ["PSK-AES128-CBC-SHA", "PSK-AES256-GCM-SHA384", "PSK-CHACHA20-POLY1305", "PSK-AES128-CCM8", "PSK-NULL-SHA256",
           "PSK-ARIA128-GCM-SHA256", "PSK-CAMELLIA128-SHA256", "DHE-PSK-AES128-CBC-SHA256", "DHE-PSK-CHACHA20-POLY1305",
           "ECDHE-PSK-AES256-CBC-SHA384", "ECDHE-PSK-CHACHA20-POLY1305", "RSA-PSK-AES128-CBC-SHA", "RSA-PSK-AES256-GCM-SHA384",
           "RSA-PSK-CHACHA20-POLY1305", "RSA-PSK-ARIA256-GCM-SHA384", "RSA-PSK-CAMELLIA256-SHA384", "RSA-PSK-NULL-SHA256"]]
         + [with_mbedtls("TLSv1.2", suite, expected, psk=PSK) for suite, expected in
            [(0x008A, WITH_PSK), (0x0092, WITH_PSK), (0x0094, WITH_PSK), (0x00AC, WITH_PSK), (0xC068, WITH_PSK), (0xC092, WITH_PSK),
             (0xC06E, WITH_PSK), (0x00AB, FORWARD), (0xC037, FORWARD)]], keylog=True)

SUITES_13 = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_CCM_SHA256",
             "TLS_AES_128_CCM_8_SHA256"]
GNUTLS_13 = ["AES-128-GCM", "AES-256-GCM", "CHACHA20-POLY1305", "AES-128-CCM", "AES-128-CCM-8"]
register("suites_tls13", "TLS 1.3 with each of its five suites: OpenSSL 3.0 and GnuTLS 3.7, key log beside it",
         [with_openssl("new", "TLSv1.3", cipher, TLS13) for cipher in SUITES_13]
         + [gnutls_suite("TLS1.3", "ECDHE-RSA", cipher, "AEAD", TLS13) for cipher in GNUTLS_13], keylog=True)
