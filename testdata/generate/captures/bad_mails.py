"""Conversations that come to nothing: what servers refuse, and ends that stop talking."""
import time

from lab.acts import agree_with_postfix, program_to_python, python_to_postfix, python_to_python
from lab.mails import RECIPIENT, SENDER, simple, stuffed
from lab.middlebox import Middlebox
from lab.scene import Expected, scene
from lab.smtp_client import EHLO, SmtpClient
from lab.smtp_server import Behaviour, SmtpServer

ENVELOPE = [f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{RECIPIENT}>"]


def failing(name, broken_by, finding, outcome, port=2587, has_keys=False, **settings):
    """A scene of one connection whose mail comes to nothing."""
    return scene(name, broken_by, port, broken_by=broken_by, expected=Expected(outcome, finding=finding),
                 has_keys=has_keys, **settings)


def say(client, *lines):
    """Commands up to the first refusal, then QUIT; an end that has gone ends it."""
    try:
        answer = client.reply()
        for line in [EHLO, *lines]:
            if answer[0] in "45":
                break
            answer = client.command(line)
        client.quit()
    except (EOFError, OSError):
        client.close()


def plain_to_python(studio, behaviour, *lines):
    return python_to_python(studio, behaviour, lambda client, _: say(client, *lines))


def to_postfix(studio, port, *lines):
    return [python_to_postfix(studio, lambda client: say(client, *lines), port)]


# STARTTLS

@failing("bad_starttls_501", "the client sends a parameter with STARTTLS; Postfix", "smtp.starttls_refused", "starttls_refused", 587)
def starttls_501(studio):
    return to_postfix(studio, 587, "STARTTLS now")


@failing("bad_starttls_503", "the server refuses STARTTLS, which it does not offer; the client begins TLS all the same, as s_client does",
         "smtp.starttls_refused", "starttls_refused", has_keys=True)
def starttls_503(studio):
    refusal = {"STARTTLS": "503 5.5.1 STARTTLS command used when not advertised"}
    with SmtpServer(2587, Behaviour(replies=refusal)):
        client = SmtpClient(2587)
        client.reply()
        client.command(EHLO)
        client.expect("STARTTLS", 503)
        client.sock.settimeout(2)
        begin_in_vain(client, studio.client_context())
    return [client.truth()]


def begin_in_vain(client, context):
    try:
        client.start_tls(context, "starttls")
    except OSError:
        client.close()


@failing("bad_starttls_stripped", "a firewall writes XXXXXXXA over STARTTLS in the reply of Postfix; the client leaves",
         "smtp.starttls_stripped", "no_mail")
def starttls_stripped(studio):
    watch = studio.postfix.watch()
    with Middlebox(2587, 25, server=lambda data: data.replace(b"STARTTLS", b"XXXXXXXA")):
        client = SmtpClient(2587)
        client.reply()
        if "STARTTLS" in client.command(EHLO):
            raise RuntimeError("it was meant to be masked")
        client.quit()
    watch.client_addresses()
    return [client.truth()]


INJECTED_REPLY = b"250 2.0.0 injected\r\n"


def add_reply(data):
    return data + INJECTED_REPLY if data.startswith(b"220 2.0.0 Ready") else data


@failing("bad_starttls_answer", "something between adds a reply behind the 220 to STARTTLS, in the same packet; the client ignores it",
         "smtp.starttls_injection", "delivered", has_keys=True)
def starttls_answer(studio):
    with SmtpServer(2588, Behaviour(studio.server_context())), Middlebox(2587, 2588, server=add_reply):
        client = SmtpClient(2587)
        client.reply()
        client.command(EHLO)
        client.expect("STARTTLS", 220)
        client.forget(INJECTED_REPLY)
        client.start_tls(studio.client_context(), "starttls")
        client.command(EHLO)
        client.send_mail(simple("starttls_answer"))
        client.quit()
    recording = client.truth()
    recording.injected = {"s2c": INJECTED_REPLY.decode()}
    return [recording]


# who is refused

@failing("bad_greeting_421", "the server has too many connections, and says so with its greeting", "smtp.greeting_refused", "refused")
def greeting_421(studio):
    greeting = "421 4.7.0 mail.example.com Error: too many connections from 127.0.0.1"
    def talk(client, _):
        client.reply()
        client.close()
    return python_to_python(studio, Behaviour(greeting=greeting), talk)


@failing("bad_auth_before_tls", "the client sends AUTH in plain text to a port of Postfix that demands TLS", "smtp.tls_required",
         "auth_failed", 587)
def auth_before_tls(studio):
    return to_postfix(studio, 587, "AUTH PLAIN AHVzZXIAbm90LWEtc2VjcmV0")


@failing("bad_mail_before_tls", "the client sends MAIL in plain text to a port of Postfix that demands TLS", "smtp.tls_required",
         "rejected", 587)
def mail_before_tls(studio):
    return to_postfix(studio, 587, ENVELOPE[0])


@failing("bad_auth_not_offered", "the client sends AUTH to a Postfix that has no authentication", "smtp.auth_not_offered",
         "auth_failed", 25)
def auth_not_offered(studio):
    return to_postfix(studio, 25, "AUTH PLAIN AHVzZXIAbm90LWEtc2VjcmV0")


@failing("bad_auth_required", "the server wants an authentication, the client has none", "smtp.auth_required", "rejected")
def auth_required(studio):
    return plain_to_python(studio, Behaviour(replies={"MAIL": "530 5.7.0 Authentication required"}), ENVELOPE[0])


@failing("bad_size", "the client declares 20 MB, Postfix takes 10,240,000 bytes", "smtp.size_exceeded", "rejected", 25)
def size(studio):
    return to_postfix(studio, 25, ENVELOPE[0] + " SIZE=20000000")


@failing("bad_relay", "the recipient is of a domain that Postfix does not relay to", "smtp.policy_refused", "rejected", 25)
def relay(studio):
    return to_postfix(studio, 25, ENVELOPE[0], "RCPT TO:<somebody@example.net>")


@failing("bad_greylisted", "the server has a greylist", "smtp.greylisted", "rejected")
def greylisted(studio):
    refusal = "451 4.7.1 <rcpt@example.com>: Recipient address rejected: Greylisted, please try again in 300 seconds"
    return plain_to_python(studio, Behaviour(replies={"RCPT": refusal}), *ENVELOPE)


def send_message(client):
    client.send(stuffed(simple("refused")))


def with_message(client, _=None, ending=None):
    """One mail in plain text; `ending` is done once it is sent."""
    client.reply()
    for line in [EHLO, *ENVELOPE, "DATA"]:
        client.command(line)
    send_message(client)
    try:
        client.reply()
        client.quit()
    except (EOFError, OSError):
        client.close()


@failing("bad_content", "the server refuses the message by policy, 550 5.7.1", "smtp.policy_refused", "rejected")
def content(studio):
    refusal = "550 5.7.1 Message rejected due to content restrictions"
    return python_to_python(studio, Behaviour(replies={".": refusal}), with_message)


# ends that stop talking

def vanish(session):
    session.sock.close()
    raise EOFError("vanished on purpose")


def crash(session):
    session.reset()
    raise EOFError("crashed on purpose")


@failing("bad_message_unconfirmed", "the server crashes (RST) between the final dot and its reply", "smtp.unconfirmed_message", "reset")
def message_unconfirmed(studio):
    return python_to_python(studio, Behaviour(after_message=crash), with_message)


@failing("bad_message_cut", "the client closes the connection in the middle of the message", "smtp.message_cut", "incomplete")
def message_cut(studio):
    def talk(client, _):
        client.reply()
        for line in [EHLO, *ENVELOPE, "DATA"]:
            client.command(line)
        client.send(simple("message_cut")[:100])
        client.close()
    return python_to_python(studio, Behaviour(), talk)


@failing("bad_slow_recipient", "the server thinks about RCPT for longer than the client waits, 11 s", "smtp.timeout", "no_mail")
def slow_recipient(studio):
    with SmtpServer(2587, Behaviour(before={"RCPT": lambda _: time.sleep(12)})) as server:
        client = SmtpClient(2587)
        client.sock.settimeout(11)
        say(client, *ENVELOPE)
    return server.recordings  # it says more than its client has read


@failing("bad_idle", "the client is silent until Postfix closes the connection, smtpd_timeout=3s", "smtp.service_closing", "no_mail", 10587)
def idle(studio):
    def talk(client):
        client.reply()
        client.command(EHLO)
        client.reply()
        client.close()
    return [python_to_postfix(studio, talk, 10587)]


@failing("bad_no_quit", "the client leaves after EHLO without QUIT, as health checks do", "smtp.no_quit", "no_mail", 25)
def no_quit(studio):
    def talk(client):
        client.reply()
        client.command(EHLO)
        client.close()
    return [python_to_postfix(studio, talk, 25)]


@failing("bad_no_close_notify", "the server closes the connection without close_notify when all is done", "tls.no_close_notify",
         "delivered", has_keys=True)
def no_close_notify(studio):
    def leave(session):
        session.say("221 2.0.0 Bye")
        vanish(session)

    def talk(client, _):
        client.open_starttls(studio.client_context())
        client.send_mail(simple("no_close_notify"))
        client.quit()
    return python_to_python(studio, Behaviour(studio.server_context(), before={"QUIT": leave}), talk)


@failing("bad_starttls_injection", "something between adds RSET behind STARTTLS, in the same packet; recorded at Postfix",
         "smtp.starttls_injection", "delivered", 587, has_keys=True)
def starttls_injection(studio):
    injected = b"RSET\r\n"
    watch = studio.postfix.watch()
    box = Middlebox(2588, 587, client=lambda data: data + injected if data == b"STARTTLS\r\n" else data)
    with box:
        client = SmtpClient(2588)
        client.open_starttls(studio.client_context(cipher="AES128-GCM-SHA256"))
        client.send_mail(simple("starttls_injection"))
        client.quit()
    recording = client.truth()
    recording.client, recording.server = box.address, "127.0.0.1:587"
    made = agree_with_postfix(watch, recording)
    made.injected = {"c2s": injected.decode()}
    return [made]
