"""What a session can do besides a suite: renegotiation, KeyUpdate, early data, compression, sizes, client certificates."""
from captures.stacks import TLS13, GnutlsContext, MbedContext, certificate, tiny
from lab.acts import python_to_python
from lab.mails import RECIPIENT, SENDER, large, stuffed
from lab.scene import Expected, scene
from lab.smtp_client import EHLO
from lab.smtp_server import Behaviour
from lab.stacks import names, openssl
from lab.stacks.openssl import OpenSslContext


def pair(studio, library="new", version="TLSv1.2", cipher="AES128-SHA", server=None, client=None, key="server", **both):
    lib = getattr(openssl, library)()
    return (OpenSslContext(lib, True, version, cipher, certificate=certificate(studio, key), **both, **(server or {})),
            OpenSslContext(lib, False, version, cipher, keylog=studio.keylog(), **both, **(client or {})))


def mbed_pair(studio, suite, version="TLSv1.2", server=None, client=None, **both):
    return (MbedContext(True, version, suite, certificate=certificate(studio, "server"), **both, **(server or {})),
            MbedContext(False, version, suite, **both, **(client or {})))


def starttls(studio, contexts, talk=None, before=None, count=1, piece=None):
    """talk(client, number) comes between STARTTLS and QUIT; without it one mail is sent."""
    def converse(client, number):
        client.open_starttls(contexts[1])
        if talk:
            talk(client, number)
        else:
            client.send_mail(tiny(studio.scene.name))
        client.quit()
    return python_to_python(studio, Behaviour(contexts[0], before=before or {}, piece=piece), converse, count=count, piece=piece)


def call(end, name, *words):
    return end._drive(lambda: end.tls.call(name, *words))


def suite(name):
    return names.names_of(names.number_of(name))[1]


# renegotiation

def renegotiation(name, description, library, version, before_suite, after_suite, server_starts, expected=None, keylog=False, **both):
    @scene(name, description, 2587, expected=expected or Expected(), keylog=keylog)
    def act(studio):
        contexts = pair(studio, library, version, before_suite, **both)

        def server_asks(session):
            call(session, "ask_to_renegotiate", after_suite)

        def talk(client, _):
            if server_starts:
                client.tls.engine.lib.SSL_set_cipher_list(client.tls.engine.ssl, f"{after_suite}:@SECLEVEL=0".encode()
                                                          if library == "new" else after_suite.encode())
            else:
                call(client, "renegotiate", after_suite)
            client.send_mail(tiny(name))
            facts = client.tls.engine.facts()
            client.facts.more = {"renegotiation": {"by": "server" if server_starts else "client",
                                                   "cipher_iana": names.names_of(facts["cipher_id"])[1]}}
            if keylog:
                client.facts.more["needs"] = "keylog"
        made = starttls(studio, contexts, talk, {"MAIL": server_asks} if server_starts else {
            "EHLO": lambda session: allow(session, after_suite, library)})
        if made[0].tls.more["renegotiation"]["cipher_iana"] != suite(after_suite):
            raise RuntimeError(f"no new suite: {made[0].tls.more}")
        return made


def allow(session, after_suite, library):
    """The server takes the suite of the second handshake only once it is asked for it."""
    if session.tls is not None:
        words = f"{after_suite}:@SECLEVEL=0" if library == "new" else after_suite
        session.tls.engine.lib.SSL_set_cipher_list(session.tls.engine.ssl, words.encode())


renegotiation("renegotiation_client", "the client renegotiates inside the session: AES128-SHA, then AES256-GCM-SHA384; OpenSSL 3.0",
              "new", "TLSv1.2", "AES128-SHA", "AES256-GCM-SHA384", False)
renegotiation("renegotiation_server", "the server asks for renegotiation: AES256-SHA, then CAMELLIA128-SHA in TLS 1.0; OpenSSL 3.0",
              "new", "TLSv1", "AES256-SHA", "CAMELLIA128-SHA", True)
renegotiation("renegotiation_to_ecdhe", "renegotiated from RSA to ECDHE, key log beside it; OpenSSL 3.0",
              "new", "TLSv1.2", "AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", False, keylog=True,
              expected=Expected("unknown", "forward_secrecy", outcome_with_keylog="delivered"))


# TLS 1.3

@scene("tls13_key_update", "TLS 1.3 with KeyUpdate: the client's with an answer asked for, then the server's without; key log", 2587,
       expected=TLS13, keylog=True)
def key_update(studio):
    def talk(client, _):
        call(client, "key_update", True)
        client.send_mail(tiny(studio.scene.name))
        client.send_mail(tiny(studio.scene.name + "_2"))
    asked = []

    def server_updates(session):
        if len(asked) == 1:
            call(session, "key_update", False)
        asked.append(1)
    return starttls(studio, pair(studio, version="TLSv1.3", cipher="TLS_AES_128_GCM_SHA256"), talk, {"MAIL": server_updates})


@scene("tls13_hello_retry", "TLS 1.3 with HelloRetryRequest: the server wants P-384; key log", 2587, expected=TLS13, keylog=True)
def hello_retry(studio):
    return starttls(studio, pair(studio, version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", server={"groups": "P-384"},
                                 client={"groups": "X25519:P-384"}))


@scene("tls13_resumption", "TLS 1.3: a full handshake, then one resumed with a PSK; key log", 2587, expected=TLS13, keylog=True)
def resumption(studio):
    made = two(studio, pair(studio, version="TLSv1.3", cipher="TLS_AES_128_GCM_SHA256"))
    assert [each.tls.resumed for each in made] == [False, True]
    return made


@scene("tls13_early_data", "TLS 1.3 resumed with early data: EHLO is sent before the handshake ends; key log", 2587,
       expected=TLS13, keylog=True)
def early_data(studio):
    made = two(studio, pair(studio, version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", server={"early_data": 16384},
                            client={"early_data": 16384}), early=True)
    assert [each.tls.resumed for each in made] == [False, True]
    return made


def two(studio, contexts, early=False, count=2, expect_new_ticket=False):
    """One connection after the other, each resuming what the one before it was given."""
    remembered = []

    def converse(client, number):
        client.reply()
        client.command(EHLO)
        client.expect("STARTTLS", 220)
        if not remembered:
            client.start_tls(contexts[1], "starttls")
            client.expect(EHLO, 250)
        elif early:
            begin_early(client, contexts[1], remembered[-1])
        else:
            client.start_tls(contexts[1], "starttls", remembered[-1])
            client.expect(EHLO, 250)
        client.send_mail(tiny(f"{studio.scene.name}_{number}"))
        remembered.append(client.tls.engine.session())
        client.quit()
    return python_to_python(studio, Behaviour(contexts[0]), converse, count=count)


def begin_early(client, context, session):
    hello = EHLO.encode() + b"\r\n"
    wrap = context.wrap_bio

    def with_early(*words, **named):
        made = wrap(*words, **named)
        made.engine.early_out = hello
        return made
    context.wrap_bio = with_early
    client.start_tls(context, "starttls", session)
    client.inside["sent"] += hello
    client.facts.more = {"early_data": len(hello)}
    client.reply()


@scene("tls13_post_handshake_auth", "TLS 1.3: the server asks for the client's certificate after MAIL; key log", 2587,
       expected=TLS13, keylog=True)
def post_handshake_auth(studio):
    contexts = pair(studio, version="TLSv1.3", cipher="TLS_CHACHA20_POLY1305_SHA256",
                    client={"certificate": certificate(studio, "client")})
    return noted(starttls(studio, contexts, before={"MAIL": lambda session: call(session, "ask_for_certificate")}))


@scene("client_certificate", "TLS 1.2 AES128-GCM-SHA256 with a client certificate", 2587)
def client_certificate(studio):
    return noted(starttls(studio, pair(studio, cipher="AES128-GCM-SHA256", server={"verify": True},
                                       client={"certificate": certificate(studio, "client")})))


@scene("client_certificate_ssl30", "SSL 3.0 RC4-SHA with a client certificate", 2587)
def client_certificate_ssl30(studio):
    return noted(starttls(studio, pair(studio, "old", "SSLv3", "RC4-SHA", server={"verify": True},
                                       client={"certificate": certificate(studio, "client")})))


@scene("tls13_client_certificate", "TLS 1.3 with a client certificate; key log", 2587, expected=TLS13, keylog=True)
def client_certificate_13(studio):
    return noted(starttls(studio, pair(studio, version="TLSv1.3", cipher="TLS_AES_128_GCM_SHA256", server={"verify": True},
                                       client={"certificate": certificate(studio, "client")})))


def noted(recordings):
    for each in recordings:
        each.tls.more["client_certificate"] = True
    return recordings


# records

def compressed(name, version, cipher):
    @scene(name, f"{version} {cipher} with DEFLATE compression of records; OpenSSL 1.0.2k", 2587)
    def act(studio):
        contexts = pair(studio, "old", version, cipher, compression=True)

        def talk(client, _):
            client.send_mail(tiny(name))
            client.send_mail(large(name + "_large", 3000))
            engine = client.tls.engine
            engine.lib.SSL_get_current_compression.restype = openssl.Pointer
            if not engine.lib.SSL_get_current_compression(engine.ssl):
                raise RuntimeError("no compression was agreed")
            client.facts.more = {"compression": "DEFLATE"}
        return starttls(studio, contexts, talk)


compressed("compression_tls12", "TLSv1.2", "AES128-GCM-SHA256")
compressed("compression_tls10", "TLSv1", "AES128-SHA")
compressed("compression_ssl30", "SSLv3", "RC4-MD5")


def long_mail(client, _):
    client.send_mail(large("sizes", 2500))


@scene("max_fragment_length", "max_fragment_length 512 (RFC 6066), a mail of many records; OpenSSL 3.0", 2587)
def max_fragment(studio):
    return starttls(studio, pair(studio, cipher="AES256-SHA256", client={"max_fragment": 1}), long_mail)


@scene("record_size_limit", "record_size_limit 512 (RFC 8449) in TLS 1.2, a mail of many records; GnuTLS", 2587)
def record_size_limit(studio):
    words = "NONE:+VERS-TLS1.2:+RSA:+AES-128-GCM:+AEAD:+COMP-NULL:+SIGN-ALL:+GROUP-ALL"
    return starttls(studio, (GnutlsContext(True, words, certificate(studio, "server")),
                             GnutlsContext(False, words, record_size=512)), long_mail)


@scene("tls13_record_size_limit", "record_size_limit 512 in TLS 1.3; GnuTLS; key log", 2587, expected=TLS13, keylog=True)
def record_size_limit_13(studio):
    words = "NONE:+VERS-TLS1.3:+ECDHE-RSA:+AES-128-GCM:+AEAD:+COMP-NULL:+SIGN-ALL:+GROUP-ALL"
    return starttls(studio, (GnutlsContext(True, words, certificate(studio, "server")),
                             GnutlsContext(False, words, record_size=512, keylog=studio.keylog())), long_mail)


@scene("empty_fragments", "TLS 1.0 AES128-SHA, an empty record before each with data (0/n split); OpenSSL 1.0.2k", 2587)
def empty_fragments(studio):
    return starttls(studio, pair(studio, "old", "TLSv1", "AES128-SHA", empty_fragments=True))


@scene("split_records", "TLS 1.0 AES256-SHA, one byte in a record of its own before the rest (1/n-1 split); mbedTLS", 2587)
def split_records(studio):
    return starttls(studio, mbed_pair(studio, 0x0035, "TLSv1", split=True, etm=False))


@scene("several_records", "MAIL, RCPT, DATA as records of one segment; the mail in records of 40 bytes, all in one segment", 2587)
def several_records(studio):
    def talk(client, _):
        together(client, [f"MAIL FROM:<{SENDER}>\r\n".encode(), f"RCPT TO:<{RECIPIENT}>\r\n".encode(), b"DATA\r\n"])
        for _ in range(3):
            client.reply()
        body = stuffed(tiny(studio.scene.name))
        together(client, [body[at:at + 40] for at in range(0, len(body), 40)])
        client.reply()
    return starttls(studio, pair(studio, cipher="AES128-GCM-SHA256"), talk)


def together(end, parts):
    """Each part one TLS record, all of them one write to TCP."""
    for part in parts:
        end.tls.write(part)
        end.inside["sent"] += part
    end._flush()


# resumption

@scene("resume_other_file", "the full handshake is in file 0, the session resumed from it with a ticket in file 1", 2587, split=True)
def resume_other_file(studio):
    made = two(studio, pair(studio, cipher="AES128-SHA"))
    assert [each.tls.resumed for each in made] == [False, True]
    return made


@scene("resume_ssl30_session_id", "SSL 3.0 RC4-MD5: a full handshake and one resumed with a session ID; OpenSSL 1.0.2k", 2587)
def resume_ssl30(studio):
    made = two(studio, pair(studio, "old", "SSLv3", "RC4-MD5"))
    assert [each.tls.resumed for each in made] == [False, True]
    return made


@scene("ticket_renewal", "TLS 1.2: full, resumed with a new ticket given, resumed with that new ticket; no EMS", 2587)
def ticket_renewal(studio):
    contexts = pair(studio, cipher="AES256-GCM-SHA384", ems=False)
    contexts[0].renew_tickets()
    made = two(studio, contexts, count=3)
    assert [each.tls.resumed for each in made] == [False, True, True]
    return made
