"""How the bytes travel, and captures that lack some of them."""
from lab.acts import one_mail_over_starttls, python_to_postfix, python_to_python
from lab.mails import large, simple
from lab.scene import Expected, scene
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
    return [python_to_postfix(studio, talk, [mail])]


@scene("snaplen", "recorded with -s 200: certificate, key exchange and mail are cut", 587, complete=False,
       tcpdump_options=("-s", "200"), expected=Expected("incomplete", "snaplen"))
def snaplen(studio):
    return [one_mail_over_starttls(studio, mail=large("snaplen", 2000))]


@scene("truncated_file", "the file ends in the middle of a packet, before the mail's final dot was answered", 587,
       complete=False, cut_bytes=1400, expected=Expected("incomplete"))
def truncated_file(studio):
    return [one_mail_over_starttls(studio, mail=large("truncated_file", 3000))]
