"""The usual ports, IPv6, the PROXY protocol, LMTP."""
import socket
import struct

from lab.acts import one_mail_over_starttls, python_to_postfix, python_to_python, s_client_to_postfix, swaks_to_postfix
from lab.mails import simple
from lab.scene import Expected, scene
from lab.smtp_client import EHLO
from lab.smtp_server import Behaviour

V2_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


@scene("port25_postfix", "STARTTLS on port 25, Postfix and openssl s_client", 25)
def port25(studio):
    return [s_client_to_postfix(studio, "TLSv1.2", "AES256-GCM-SHA384", port=25)]


@scene("port465_wrapper", "TLS from the first byte on port 465, Postfix and swaks", 465)
def port465(studio):
    return [swaks_to_postfix(studio, "--tls-on-connect", "--tls-cipher", "AES128-GCM-SHA256", "--tls-protocol",
                             "tlsv1_2", port=465, mode="wrapper")]


@scene("port465_s_client", "TLS from the first byte on port 465, Postfix and openssl s_client", 465)
def port465_s_client(studio):
    return [s_client_to_postfix(studio, "TLSv1.2", "AES128-SHA", port=465, starttls=False)]


@scene("port587_swaks", "STARTTLS on port 587, Postfix and swaks", 587)
def port587(studio):
    return [swaks_to_postfix(studio, "-tls", "--tls-cipher", "AES256-GCM-SHA384", "--tls-protocol", "tlsv1_2")]


@scene("ipv6", "STARTTLS on [::1]:587, Postfix and Python", 587, keys=["::1,587,smtp,pki/server.key"])
def ipv6(studio):
    mail = simple("ipv6")

    def talk(client):
        client.open_starttls(studio.client_context())
        client.send_mail(mail)
        client.quit()
    return [python_to_postfix(studio, talk, host="::1")]


@scene("proxy_v1", "a PROXY protocol version 1 line before the greeting, Postfix and Python", 10025)
def proxy_v1(studio):
    mail = simple("proxy_v1")
    header = b"PROXY TCP4 192.0.2.77 192.0.2.25 41234 25\r\n"

    def talk(client):
        client.open_starttls(studio.client_context(cipher="AES128-GCM-SHA256"))
        client.send_mail(mail)
        client.quit()
    recording = python_to_postfix(studio, talk, port=10025, before_greeting=header)
    recording.proxy = header.decode().rstrip()
    return [recording]


@scene("proxy_v2", "a binary PROXY protocol version 2 header before the greeting, Python on both ends", 2587)
def proxy_v2(studio):
    addresses = socket.inet_aton("192.0.2.77") + socket.inet_aton("192.0.2.25") + struct.pack(">HH", 41234, 25)
    header = V2_SIGNATURE + bytes([0x21, 0x11]) + struct.pack(">H", len(addresses)) + addresses

    def talk(client, _):
        client.open_starttls(studio.client_context(cipher="AES128-GCM-SHA256"))
        client.send_mail(simple("proxy_v2"))
        client.quit()
    behaviour = Behaviour(studio.server_context(cipher="AES128-GCM-SHA256"), proxy="v2")
    return python_to_python(studio, behaviour, talk, before_greeting=header)


@scene("lmtp", "LMTP with STARTTLS: two recipients, two replies to the mail", 2424,
       keys=["127.0.0.1,2424,lmtp,pki/server.key"], expected=Expected(lmtp=True))
def lmtp(studio):
    hello = EHLO.replace("EHLO", "LHLO")

    def talk(client, _):
        client.reply()
        client.command(hello)
        client.expect("STARTTLS", 220)
        client.start_tls(studio.client_context(), "starttls")
        client.expect(hello, 250)
        client.send_mail(simple("lmtp"), ["rcpt@example.com", "second@example.com"])
        client.reply()
        client.quit()
    return python_to_python(studio, Behaviour(studio.server_context(), lmtp=True), talk, port=2424)
