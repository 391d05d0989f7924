"""Conversations that go wrong."""
import ssl

from lab.acts import python_to_postfix, python_to_python, swaks_to_python
from lab.mails import RECIPIENT, simple
from lab.scene import Expected, scene
from lab.smtp_client import EHLO
from lab.smtp_server import PASSWORD, USER, Behaviour


def until_handshake_fails(client, context, server_name="mail.example.com"):
    """Plain phase, then a handshake that must not succeed."""
    client.reply()
    client.command(EHLO)
    client.expect("STARTTLS", 220)
    try:
        client.start_tls(context, "starttls", server_name=server_name)
    except (ssl.SSLError, OSError):
        return client.close()
    raise RuntimeError("the handshake was meant to fail")


@scene("starttls_refused", "STARTTLS answered with 454", 2587, expected=Expected("starttls_refused", finding="smtp.starttls_refused"),
       broken_by="the server answers STARTTLS with 454")
def starttls_refused(studio):
    def talk(client, _):
        client.reply()
        client.command(EHLO)
        client.expect("STARTTLS", 454)
        client.quit()
    refusal = "454 4.7.0 TLS not available due to local problem"
    return python_to_python(studio, Behaviour(studio.server_context(), starttls_reply=refusal), talk)


@scene("tls_handshake_failed", "no shared cipher: the server sends handshake_failure", 2587,
       expected=Expected("tls_failed", finding="tls.no_shared_cipher"),
       broken_by="the server takes AES256-GCM-SHA384 only, the client offers AES128-SHA only")
def tls_handshake_failed(studio):
    server = studio.server_context(cipher="AES256-GCM-SHA384")
    return python_to_python(studio, Behaviour(server), lambda client, _: until_handshake_fails(
        client, studio.client_context(cipher="AES128-SHA")))


@scene("tls_unknown_ca", "the client does not know the server's CA and sends unknown_ca", 2587,
       expected=Expected("tls_failed", finding="tls.unknown_ca"),
       broken_by="the client does not know the issuer of the server's certificate")
def tls_unknown_ca(studio):
    suspicious = studio.client_context()
    suspicious.verify_mode = ssl.CERT_REQUIRED
    return python_to_python(studio, Behaviour(studio.server_context()),
                            lambda client, _: until_handshake_fails(client, suspicious))


@scene("rst_after_clienthello", "the server resets the connection after ClientHello", 2587,
       expected=Expected("reset", finding="tls.reset_in_handshake"),
       broken_by="the server resets the connection after ClientHello")
def rst_after_clienthello(studio):
    behaviour = Behaviour(studio.server_context(), at_client_hello="reset")
    return python_to_python(studio, behaviour,
                            lambda client, _: until_handshake_fails(client, studio.client_context()))


@scene("greeting_554", "the server greets with 554 and closes", 2587, has_keys=False, expected=Expected("refused", finding="smtp.greeting_refused"),
       broken_by="the server greets with 554 and closes")
def greeting_554(studio):
    def talk(client, _):
        client.reply()
        client.receive()
        client.close()
    return python_to_python(studio, Behaviour(greeting="554 5.7.1 mail.example.com: no service for you"), talk)


@scene("rcpt_rejected", "two connections: one recipient of two refused with 550; then all of them", 587,
       expected=[Expected("delivered"), Expected("rejected", finding="smtp.recipient_refused")],
       broken_by="the second connection's recipients do not exist")
def rcpt_rejected(studio):
    mail = simple("rcpt_rejected")

    def one_of_two(client):
        client.open_starttls(studio.client_context(cipher="AES128-GCM-SHA256"))
        client.send_mail(mail, [RECIPIENT, "nobody@example.com"])
        client.quit()

    def none_left(client):
        client.open_starttls(studio.client_context(cipher="AES128-GCM-SHA256"))
        client.expect("MAIL FROM:<sender@example.org>", 250)
        client.expect("RCPT TO:<nobody@example.com>", 550)
        client.expect("RCPT TO:<noone@example.com>", 550)
        client.quit()
    return [python_to_postfix(studio, one_of_two), python_to_postfix(studio, none_left)]


@scene("auth_login_ok", "AUTH LOGIN inside TLS succeeds, swaks", 2587)
def auth_login_ok(studio):
    behaviour = Behaviour(studio.server_context(cipher="AES128-SHA256"), auth=True)
    return [swaks_to_python(studio, behaviour, "-tls", "--auth", "LOGIN", "--auth-user", USER,
                            "--auth-password", PASSWORD)]


@scene("auth_plain_failed", "AUTH PLAIN inside TLS fails with 535, swaks", 2587, expected=Expected("auth_failed", finding="smtp.auth_failed"),
       broken_by="swaks gives a wrong password")
def auth_plain_failed(studio):
    behaviour = Behaviour(studio.server_context(cipher="AES128-SHA256"), auth=True)
    return [swaks_to_python(studio, behaviour, "-tls", "--auth", "PLAIN", "--auth-user", USER,
                            "--auth-password", "wrong")]
