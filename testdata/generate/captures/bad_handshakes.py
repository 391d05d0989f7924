"""Handshakes that are broken on purpose: nothing in common, names, versions, keys, and altered records."""
import ssl

from captures.failures import until_handshake_fails
from lab.acts import gnutls_cli, program_to_python, python_to_program, python_to_python, s_client
from lab.middlebox import Middlebox
from lab.pki import openssl
from lab.recording import TlsFacts
from lab.scene import Expected, scene
from lab.smtp_client import SmtpClient
from lab.smtp_server import Behaviour, SmtpServer

CHANGE_CIPHER_SPEC = 20


def broken(name, broken_by, finding, port=2587, outcome="tls_failed", reason=None, **settings):
    """A scene of one connection whose handshake fails."""
    return scene(name, broken_by, port, broken_by=broken_by, expected=Expected(outcome, reason, finding=finding),
                 **settings)


def until_wrapper_fails(client, context, server_name="mail.example.com"):
    try:
        client.start_tls(context, "wrapper", server_name=server_name)
    except (ssl.SSLError, OSError):
        return client.close()
    raise RuntimeError("the handshake was meant to fail")


def s_server(studio, *options):
    return ["openssl", "s_server", "-accept", "465", "-quiet", *studio.certificate_options(), *options]


def gnutls_serv(studio, *options, priority="NORMAL"):
    return ["gnutls-serv", "--quiet", "--echo", "-p", "465", f"--priority={priority}",
            f"--x509certfile={studio.pki}/server.crt", f"--x509keyfile={studio.pki}/server.key", *options]


# nothing in common

@broken("bad_version_old_client", "openssl s_server takes TLS 1.3 only, the client offers TLS 1.2 only",
        "tls.no_shared_version", 465, own_server=True)
def version_old_client(studio):
    return python_to_program(studio, lambda client, _: until_wrapper_fails(client, studio.client_context()),
                             *s_server(studio, "-tls1_3"))


@broken("bad_version_new_client", "the server takes TLS 1.2 only, gnutls-cli offers TLS 1.3 only",
        "tls.no_shared_version")
def version_new_client(studio):
    return program_to_python(Behaviour(studio.server_context()),
                             *gnutls_cli(2587, "--priority=NORMAL:-VERS-ALL:+VERS-TLS1.3"))


@broken("bad_cipher", "the server (Python, OpenSSL) takes AES256-GCM-SHA384 only, gnutls-cli offers ChaCha20-Poly1305 only",
        "tls.no_shared_cipher")
def cipher(studio):
    server = studio.server_context(cipher="AES256-GCM-SHA384")
    return program_to_python(Behaviour(server), *gnutls_cli(2587, "--priority=NORMAL:-CIPHER-ALL:+CHACHA20-POLY1305"))


@broken("bad_group", "the server (Python, OpenSSL) takes P-521 only, s_client offers X448 only", "tls.no_shared_group")
def group(studio):
    server = studio.server_context(version="TLSv1.3")
    server.set_ecdh_curve("secp521r1")
    return program_to_python(Behaviour(server), *s_client(2587, "-groups", "X448"))


@broken("bad_signature_algorithm", "the server's certificate is RSA, s_client takes signatures by ECDSA only",
        "tls.no_shared_signature_algorithm")
def signature_algorithm(studio):
    return program_to_python(Behaviour(studio.server_context(version="TLSv1.3")),
                             *s_client(2587, "-sigalgs", "ECDSA+SHA256"))


@broken("bad_alpn", "gnutls-serv takes the protocol smtp only (ALPN), the client offers h2", "tls.no_application_protocol",
        465, own_server=True)
def alpn(studio):
    def talk(client, _):
        context = studio.client_context()
        context.set_alpn_protocols(["h2"])
        until_wrapper_fails(client, context)
    return python_to_program(studio, talk, *gnutls_serv(studio, "--alpn=smtp", "--alpn-fatal"))


# names

@broken("bad_server_name", "openssl s_server knows mail.example.net only, the client asks for mail.example.com",
        "tls.unrecognized_name", 465, own_server=True)
def server_name(studio):
    return python_to_program(studio, lambda client, _: until_wrapper_fails(client, studio.client_context()),
                             *s_server(studio, "-servername", "mail.example.net", "-servername_fatal",
                                       "-cert2", studio.pki / "other.crt", "-key2", studio.pki / "other.key"))


@broken("bad_no_server_name", "the server refuses clients that ask for no name; s_client -noservername",
        "tls.unrecognized_name")
def no_server_name(studio):
    context = studio.server_context()
    context.sni_callback = lambda _, name, __: None if name else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
    words = [word for word in s_client(2587, "-tls1_2") if word not in ("-servername", "mail.example.com")]
    return program_to_python(Behaviour(context), *words, "-noservername")


# what a careful side refuses

@broken("bad_fallback", "s_client -fallback_scsv offers TLS 1.2 to a server that can do TLS 1.3", "tls.inappropriate_fallback")
def fallback(studio):
    server = studio.server_context()
    server.maximum_version = ssl.TLSVersion.TLSv1_3
    return program_to_python(Behaviour(server), *s_client(2587, "-tls1_2", "-fallback_scsv", "-cipher", "AES128-SHA"))


@broken("bad_renegotiation_info", "gnutls-serv without secure renegotiation (RFC 5746), which OpenSSL 3 clients refuse",
        "tls.insecure_renegotiation", 465, own_server=True)
def renegotiation_info(studio):
    return python_to_program(studio, lambda client, _: until_wrapper_fails(client, studio.client_context()),
                             *gnutls_serv(studio, priority="NORMAL:%DISABLE_SAFE_RENEGOTIATION"))


@broken("bad_weak_dh", "openssl s_server has a Diffie-Hellman prime of 1024 bits, the client wants 2048 (security level 2)", "tls.weak_dh",
        465, own_server=True)
def weak_dh(studio):
    prime = studio.work / "dh1024.pem"
    openssl("dhparam", "-out", prime, "1024")
    context = studio.client_context(cipher="DHE-RSA-AES128-GCM-SHA256")
    context.set_ciphers("DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=2")
    return python_to_program(studio, lambda client, _: until_wrapper_fails(client, context),
                             *s_server(studio, "-tls1_2", "-dhparam", prime, "-cipher", "DHE:@SECLEVEL=0"))


@broken("bad_client_certificate_missing", "openssl s_server demands a client certificate, the client has none",
        "tls.client_certificate_required", 465, own_server=True)
def client_certificate_missing(studio):
    return python_to_program(studio, lambda client, _: until_wrapper_fails(client, studio.client_context()),
                             *s_server(studio, "-tls1_2", "-Verify", "1", "-CAfile", studio.pki / "ca.crt"))


@broken("bad_client_certificate", "openssl s_server does not know the issuer of the client's certificate",
        "tls.client_certificate_rejected", 465, own_server=True)
def client_certificate(studio):
    context = studio.client_context()
    context.load_cert_chain(studio.pki / "client.crt", studio.pki / "client.key")
    return python_to_program(studio, lambda client, _: until_wrapper_fails(client, context),
                             *s_server(studio, "-tls1_2", "-Verify", "1", "-verify_return_error", "-no-CAfile",
                                       "-no-CApath", "-no-CAstore"))


# an end or something between that stops it

@broken("bad_closed_at_client_hello", "the server closes the connection (FIN) when the ClientHello has come",
        "tls.closed_in_handshake")
def closed_at_client_hello(studio):
    behaviour = Behaviour(studio.server_context(), at_client_hello="close")
    return python_to_python(studio, behaviour, lambda client, _: until_handshake_fails(client, studio.client_context()))


@broken("bad_reset_at_certificate", "the client resets the connection when the server's certificate has come",
        "tls.reset_in_handshake", 465, own_server=True)
def reset_at_certificate(studio):
    def talk(client, _):
        client._fill = lambda: stop_at_answer(client)
        try:
            client.start_tls(studio.client_context(), "wrapper")
        except ConnectionAbortedError:
            client.reset()
    return python_to_program(studio, talk, *s_server(studio, "-tls1_2"))


def stop_at_answer(client):
    client.sock.recv(65536)
    raise ConnectionAbortedError("on purpose")


@broken("bad_silence", "openssl s_server is stopped (SIGSTOP): it takes the ClientHello and never answers; the client gives up after 6 s",
        "tls.silence_in_handshake", 465, own_server=True)
def silence(studio):
    def talk(client, server):
        server.freeze()
        client.sock.settimeout(6)
        until_wrapper_fails(client, studio.client_context())
    return python_to_program(studio, talk, *s_server(studio))


def flip_finished(data):
    """One bit of the record behind ChangeCipherSpec, if it is there."""
    at = 0
    while at + 5 <= len(data):
        end = at + 5 + int.from_bytes(data[at + 3:at + 5], "big")
        if data[at] == CHANGE_CIPHER_SPEC and end < len(data):
            return data[:-1] + bytes([data[-1] ^ 1])
        at = end
    return data


@broken("bad_altered_record", "something between flips a bit of the client's Finished; recorded at the server",
        "tls.keys_disagree", reason="integrity_failed")
def altered_record(studio):
    with SmtpServer(2587, Behaviour(studio.server_context())) as server:
        with Middlebox(2588, 2587, client=flip_finished):
            until_handshake_fails(SmtpClient(2588), studio.client_context())
    return server.recordings


# another language

@broken("bad_plain_to_tls_port", "a client that does not wait for the greeting sends EHLO in plain text to gnutls-serv",
        "tls.plaintext_to_tls_port", 465, own_server=True)
def plain_to_tls_port(studio):
    def talk(client, _):
        client.facts = TlsFacts("wrapper")
        client.send(b"EHLO client.example.org\r\n")
        client.sock.recv(65536)  # an alert, which is not SMTP
        client.close()
    return python_to_program(studio, talk, *gnutls_serv(studio))


@broken("bad_tls_to_plain_port", "gnutls-cli begins TLS at once where the server greets in plain text", "tls.tls_to_plaintext_port",
        has_keys=False)
def tls_to_plain_port(studio):
    words = [word for word in gnutls_cli(2587) if word != "--starttls-proto=smtp"]
    recordings = program_to_python(Behaviour(), *words)
    recordings[0].tls, recordings[0].plain_c2s = TlsFacts("wrapper"), b""  # the "line" was a ClientHello
    return recordings
