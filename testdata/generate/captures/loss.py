"""Captures out of which frames were taken: each TLS record travels in a segment of its own, so that one record is lost."""
from captures.features import pair, starttls
from captures.stacks import TLS13
from lab.mails import RECIPIENT, SENDER, large, stuffed
from lab.scene import Expected, scene

CHANGE_CIPHER_SPEC, HANDSHAKE, DATA = 20, 22, 23
CERTIFICATE = 11


def records(segments, from_client, kind):
    return [each.frame for each in segments if each.from_client == from_client and each.payload[0] == kind
            and each.payload[1:2] == b"\x03"]


def data_lost(client=(), server=()):
    """The numbers of the application data segments of each end, from 0 (the client's first is EHLO)."""
    def choose(segments):
        return {records(segments, who, DATA)[number] for who, numbers in ((True, client), (False, server)) for number in numbers}
    return choose


def certificate_lost(segments):
    return {next(each.frame for each in segments if not each.from_client and each.payload[0] == HANDSHAKE
                 and each.payload[5] == CERTIFICATE)}


def finished_lost(from_client):
    def choose(segments):
        change = records(segments, from_client, CHANGE_CIPHER_SPEC)[0]
        return {change, next(frame for frame in records(segments, from_client, HANDSHAKE) if frame > change)}
    return choose


def both(*choices):
    return lambda segments: set().union(*[choice(segments) for choice in choices])


def lossy(name, description, drop, expected=None, keylog=False, talk=None, **settings):
    @scene(name, description, 2587, drop=drop, complete=False, keylog=keylog, expected=expected or Expected())
    def act(studio):
        return starttls(studio, pair(studio, **settings), talk, piece="records")


def mail_in_parts(client, _):
    client.expect(f"MAIL FROM:<{SENDER}>", 250)
    client.expect(f"RCPT TO:<{RECIPIENT}>", 250)
    client.expect("DATA", 354)
    wire = stuffed(large("loss_mail", 1500))
    for at in range(0, len(wire), 400):
        client.send(wire[at:at + 400])
    client.reply()


lossy("loss_client", "TLS 1.2 AES128-SHA: the segment with RCPT is lost", data_lost(client=[2]))
lossy("loss_server", "TLS 1.2 AES128-SHA: the segment with the reply to MAIL is lost", data_lost(server=[1]))
lossy("loss_tls10_cbc", "TLS 1.0 AES128-SHA, chained blocks, no encrypt-then-MAC: RCPT and the reply to MAIL are lost",
      data_lost(client=[2], server=[1]), version="TLSv1", etm=False)
lossy("loss_ssl30_3des", "SSL 3.0 DES-CBC3-SHA: RCPT is lost", data_lost(client=[2]), library="old", version="SSLv3", cipher="DES-CBC3-SHA")
lossy("loss_rc4", "TLS 1.2 RC4-SHA: MAIL and the reply to EHLO are lost, and with them a piece of the key stream",
      data_lost(client=[1], server=[0]), library="old", cipher="RC4-SHA")
lossy("loss_gcm", "TLS 1.2 AES256-GCM-SHA384: RCPT and the reply to MAIL are lost", data_lost(client=[2], server=[1]),
      cipher="AES256-GCM-SHA384")
lossy("loss_in_mail", "TLS 1.2 AES128-GCM-SHA256: one of the records of the mail is lost", data_lost(client=[5]),
      Expected("incomplete"), cipher="AES128-GCM-SHA256", talk=mail_in_parts)
lossy("loss_certificate", "the Certificate message is lost; no extended master secret, so the keys do not need it", certificate_lost,
      cipher="AES128-GCM-SHA256", ems=False)
lossy("loss_finished", "ChangeCipherSpec and Finished of both ends are lost", both(finished_lost(True), finished_lost(False)),
      cipher="AES128-GCM-SHA256", tickets=False)
lossy("loss_finished_cbc", "ChangeCipherSpec and Finished of both ends are lost, TLS 1.0 AES128-SHA",
      both(finished_lost(True), finished_lost(False)), version="TLSv1", tickets=False)
lossy("loss_tls13", "TLS 1.3: the server's Certificate record, RCPT and the reply to MAIL are lost; key log",
      both(data_lost(client=[3]), lambda segments: {records(segments, False, DATA)[1], records(segments, False, DATA)[-6]}), TLS13, keylog=True,
      version="TLSv1.3", cipher="TLS_AES_128_GCM_SHA256")
