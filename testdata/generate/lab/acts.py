"""Conversations that several scenes share, each returning the recording of one connection."""
from lab.dialogue import Reader
from lab.mails import RECIPIENT, SENDER, simple, stuffed
from lab.recording import Recording
from lab.s_client import SClient
from lab.program import Program, run
from lab.smtp_client import EHLO, SmtpClient
from lab.smtp_server import SmtpServer
from lab.swaks import recording_of, run_swaks

PLAIN_PYTHON = "Python ssl (OpenSSL 3.0)"


def agree_with_postfix(watch, recording):
    """The endpoint's record must be what the server logged, and the mails what it delivered."""
    # Behind a PROXY header Postfix logs the address that the header tells.
    commands, replies = watch.dialogue(None if recording.proxy_bytes else recording.client)
    read = Reader(recording.c2s[recording.proxy_bytes:], recording.s2c).read()
    seen = [step["c"] for step in read.steps if step["c"] not in (None, "<message>")]
    answered = [line for step in read.steps for line in step["r"]]
    if seen != commands or answered != replies:
        raise RuntimeError(f"Postfix logged another dialogue:\n{commands}\n{seen}\n{replies}\n{answered}")
    compare_delivered(watch, [mail["data"] for mail in read.mails if mail["accepted"]])
    recording.source += ", compared with Postfix's log and the delivered mail"
    return recording


def compare_delivered(watch, mails):
    delivered = watch.new_mails(len(mails)) if mails else []
    for mail in mails:
        # Postfix stores LF line ends and puts its own header lines before ours.
        if not any(stored.endswith(mail.replace(b"\r\n", b"\n")) for stored in delivered):
            raise RuntimeError("Postfix delivered another mail")


def python_to_postfix(studio, talk, port=587, **client_settings):
    """talk(client) holds the whole conversation after TCP's handshake."""
    watch = studio.postfix.watch()
    client = SmtpClient(port, **client_settings)
    talk(client)
    recording = client.truth()
    recording.proxy_bytes = len(client_settings.get("before_greeting", b""))
    return agree_with_postfix(watch, recording)


def one_mail_over_starttls(studio, port=587, mail=None, **tls):
    """The plainest conversation: Python client, Postfix, STARTTLS, one mail."""
    mail = mail or simple(studio.scene.name)

    def talk(client):
        client.open_starttls(studio.client_context(**tls))
        client.send_mail(mail)
        client.quit()
    return python_to_postfix(studio, talk, port)


def swaks_to_postfix(studio, *options, port=587, mode="starttls"):
    mail = simple(studio.scene.name)
    mail_file = studio.work / f"{studio.scene.name}.eml"
    mail_file.write_bytes(mail.replace(b"\r\n", b"\n"))
    watch = studio.postfix.watch()
    transcript = run_swaks("--port", str(port), "--from", SENDER, "--to", RECIPIENT,
                           "--data", f"@{mail_file}", *options)
    client = watch.client_addresses()[0]
    recording = recording_of(transcript, client, f"127.0.0.1:{port}", mode)
    if recording.tls:
        same_negotiation(recording.tls, watch.tls_facts(mode))
    return agree_with_postfix(watch, recording)


def s_client_to_postfix(studio, version, cipher, port=587, starttls=True):
    mail = simple(studio.scene.name)
    watch = studio.postfix.watch()
    with SClient(studio.work, port, version, cipher, starttls) as client:
        if not starttls:
            client.reply()
        for line in [EHLO, f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{RECIPIENT}>", "DATA"]:
            client.command_line(line)
        client.send(stuffed(mail))
        client.reply()
        client.command_line("QUIT")
    plain = watch.plain_phase() if starttls else (b"", b"")
    address = watch.client_addresses()[0]
    recording = Recording(address, f"127.0.0.1:{port}", "s_client's stdin and stdout, before TLS Postfix's log",
                          *plain, client.sent, client.received, client.tls_facts())
    same_negotiation(recording.tls, watch.tls_facts(recording.tls.mode))
    return agree_with_postfix(watch, recording)


def same_negotiation(one, other):
    if (one.version, one.cipher) != (other.version, other.cipher):
        raise RuntimeError(f"client and server disagree about TLS: {one} {other}")


def python_to_python(studio, behaviour, talk, port=2587, count=1, **client_settings):
    """talk(client, number) for each of count connections, one after the other; both ends recorded and compared."""
    recordings = []
    with SmtpServer(port, behaviour, client_settings.get("host", "127.0.0.1")) as server:
        for number in range(count):
            client = SmtpClient(port, **client_settings)
            talk(client, number)
            recordings.append(client.truth())
    return [both_agree(theirs, recordings) for theirs in sorted(server.recordings, key=order_of(recordings))]


def order_of(recordings):
    clients = [recording.client for recording in recordings]
    return lambda recording: clients.index(recording.client)


def both_agree(server, clients):
    client = next(each for each in clients if each.client == server.client)
    if (server.c2s, server.s2c) != (client.c2s, client.s2c):
        raise RuntimeError(f"the two ends recorded different streams: {server.c2s} / {client.c2s}")
    if server.tls and server.tls.established:
        same_negotiation(client.tls, server.tls)
        server.tls.more |= client.tls.more
        if (server.tls.made_by, client.tls.made_by) != (PLAIN_PYTHON, PLAIN_PYTHON):
            server.tls.made_by_client = client.tls.made_by
    server.source += " and client tap (Python), equal"
    return server


def swaks_to_python(studio, behaviour, *options, port=2587, mode="starttls"):
    """swaks against the recording server; the server's record is the truth, the transcript must agree."""
    with SmtpServer(port, behaviour) as server:
        transcript = run_swaks("--port", str(port), "--from", SENDER, "--to", RECIPIENT, *options)
    recording = server.recordings[0]
    seen = recording_of(transcript, recording.client, recording.server, mode)
    if (seen.c2s, seen.s2c) != (recording.c2s, recording.s2c):
        raise RuntimeError(f"swaks and the server recorded different streams:\n{seen}\n{recording}")
    recording.source += ", equal to swaks's transcript"
    return recording


def python_to_program(studio, talk, *words, port=465):
    """A Python client and a server of another kind, which keeps no record: the client's is the truth."""
    with Program(port, *words) as server:
        client = SmtpClient(port)
        talk(client, server)
    recording = client.truth()
    recording.source += f", server {words[0]}"
    return [recording]


def program_to_python(behaviour, *words, port=2587, seconds=60):
    """A client of another kind and the Python server, whose record is the truth."""
    with SmtpServer(port, behaviour) as server:
        run(*words, seconds=seconds)
    for recording in server.recordings:
        recording.source += f", client {words[0]}"
    return server.recordings


def s_client(port, *options):
    """openssl s_client over STARTTLS, which fails if the certificate does not verify."""
    return ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-starttls", "smtp", "-name", "client.example.org",
            "-servername", "mail.example.com", *options]


def gnutls_cli(port, *options):
    return ["gnutls-cli", "--starttls-proto=smtp", "--sni-hostname=mail.example.com",
            "--verify-hostname=mail.example.com", *options, "-p", str(port), "127.0.0.1"]
