"""Certificates that a careful client refuses. Each client says so with another alert, or in other words."""
import ssl

from captures.bad_handshakes import broken
from captures.failures import until_handshake_fails
from lab.acts import gnutls_cli, program_to_python, python_to_python, s_client
from lab.smtp_server import Behaviour


def careful_s_client(studio, *options):
    """s_client that knows the CA, and the name that it wants."""
    return s_client(2587, "-tls1_2", "-CAfile", studio.pki / "ca.crt", "-verify_return_error",
                    "-verify_hostname", "mail.example.com", "-cipher", "AES128-SHA", *options)


def careful_gnutls_cli(studio):
    return gnutls_cli(2587, f"--x509cafile={studio.pki}/ca.crt", "--priority=NORMAL:-VERS-ALL:+VERS-TLS1.2")


def refused_by(words, studio, **certificate):
    return program_to_python(Behaviour(studio.server_context(**certificate)), *words)


@broken("bad_certificate_expired", "the certificate expired in 2017; s_client", "tls.certificate_expired")
def expired(studio):
    return refused_by(careful_s_client(studio), studio, certificate="expired")


@broken("bad_certificate_expired_gnutls", "the certificate expired in 2017; gnutls-cli", "tls.certificate_expired")
def expired_gnutls(studio):
    return refused_by(careful_gnutls_cli(studio), studio, certificate="expired")


@broken("bad_certificate_not_yet_valid", "the certificate is valid from 2090 on; s_client", "tls.certificate_not_yet_valid")
def not_yet_valid(studio):
    return refused_by(careful_s_client(studio), studio, certificate="future")


@broken("bad_certificate_self_signed", "the certificate is signed by itself; s_client", "tls.self_signed_certificate")
def self_signed(studio):
    return refused_by(careful_s_client(studio), studio, certificate="self_signed")


@broken("bad_certificate_issuer_gnutls", "gnutls-cli does not know the certificate's issuer", "tls.unknown_ca")
def issuer_gnutls(studio):
    words = gnutls_cli(2587, f"--x509cafile={studio.pki}/self_signed.crt", "--priority=NORMAL:-VERS-ALL:+VERS-TLS1.2")
    return refused_by(words, studio)


@broken("bad_certificate_name", "the certificate is for mail.example.com, the client (Python) wants mail.example.net",
        "tls.certificate_name_mismatch")
def name(studio):
    context = studio.client_context()
    context.load_verify_locations(studio.pki / "ca.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True
    return python_to_python(studio, Behaviour(studio.server_context()),
                            lambda client, _: until_handshake_fails(client, context, "mail.example.net"))


@broken("bad_certificate_weak_key", "the certificate's RSA key has 1024 bits, s_client wants security level 2", "tls.weak_key",
        keys=["127.0.0.1,2587,smtp,pki/rsa1024.key"])
def weak_key(studio):
    words = careful_s_client(studio)
    words[words.index("AES128-SHA")] = "AES128-SHA:@SECLEVEL=2"
    return refused_by(words, studio, key="rsa1024")
