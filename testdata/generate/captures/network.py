"""How the bytes travel, and captures that lack some of them."""
from lab.acts import agree_with_postfix, one_mail_over_starttls, python_to_postfix, python_to_python
from lab.mails import large, simple
from lab.scene import Expected, scene
from lab.smtp_client import EHLO, SmtpClient
from lab.smtp_server import Behaviour


@scene("tiny_segments", "both ends write TLS records to TCP in 7-byte pieces, TCP_NODELAY", 2587)
def tiny_segments(studio):
    def talk(client, _):
        client.open_starttls(studio.client_context())
        client.send_mail(simple("tiny_segments"))
        client.quit()
    return python_to_python(studio, Behaviour(studio.server_context(), piece=7), talk, piece=7)


@scene("sll2", "recorded on the interface any: Linux cooked capture version 2", 587, interface="any")
def sll2(studio):
    return [one_mail_over_starttls(studio, cipher="AES128-GCM-SHA256")]


@scene("midstream", "tcpdump started after the handshake: no key helps", 587, late=True, complete=False,
       expected=Expected("unknown", "no_handshake"))
def midstream(studio):
    mail = simple("midstream")

    def talk(client):
        client.open_starttls(studio.client_context())
        studio.sniffer.start()
        client.send_mail(mail)
        client.quit()
    return [python_to_postfix(studio, talk)]


@scene("snaplen", "recorded with -s 200: certificate, key exchange and mail are cut", 587, complete=False,
       tcpdump_options=("-s", "200"), expected=Expected("incomplete", "snaplen"))
def snaplen(studio):
    return [one_mail_over_starttls(studio, mail=large("snaplen", 2000))]


@scene("truncated_file", "the file ends in the middle of the packet with the mail", 587,
       complete=False, cut_in_largest_packet=True, expected=Expected("incomplete"))
def truncated_file(studio):
    return [one_mail_over_starttls(studio, mail=large("truncated_file", 3000))]


@scene("mixed", "four connections at once: no TLS, RSA key exchange, ECDHE, TLS 1.3; the last two need the key log", 25,
       keylog=True, expected=[Expected(), Expected(),
                              Expected("unknown", "forward_secrecy", outcome_with_keylog="delivered"),
                              Expected("unknown", "tls13", outcome_with_keylog="delivered")])
def mixed(studio):
    settings = [None, {"cipher": "AES256-SHA"}, {"cipher": "ECDHE-RSA-AES256-SHA384"}, {"version": "TLSv1.3"}]
    watch = studio.postfix.watch()
    clients = [SmtpClient(25) for _ in settings]
    # Each step is done by all clients before the next one: their packets lie between each other's.
    for client, tls in zip(clients, settings):
        if tls is None:
            client.reply()
            client.command(EHLO)
        else:
            client.open_starttls(studio.client_context(**tls))
    for number, client in enumerate(clients):
        client.send_mail(simple(f"mixed_{number}"))
    for client in clients:
        client.quit()
    watch.client_addresses(len(clients))
    return [agree_with_postfix(watch, client.truth()) for client in clients]
