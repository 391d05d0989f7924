"""Sessions that no RSA key opens; the key log beside them does."""
from lab.acts import one_mail_over_starttls, python_to_python
from lab.mails import simple
from lab.scene import Expected, scene
from lab.smtp_server import Behaviour

UNKNOWN = Expected("unknown", "forward_secrecy", outcome_with_keylog="delivered")


@scene("ecdhe_tls12", "TLS 1.2 ECDHE-RSA-AES128-GCM-SHA256, key log beside it", 587, expected=UNKNOWN, keylog=True)
def ecdhe(studio):
    return [one_mail_over_starttls(studio, cipher="ECDHE-RSA-AES128-GCM-SHA256")]


@scene("dhe_tls12", "TLS 1.2 DHE-RSA-AES256-SHA256, key log beside it", 587, expected=UNKNOWN, keylog=True)
def dhe(studio):
    return [one_mail_over_starttls(studio, cipher="DHE-RSA-AES256-SHA256")]


@scene("ecdsa_tls12", "TLS 1.2 ECDHE-ECDSA-AES128-GCM-SHA256: the server's key is no RSA key", 2587,
       expected=UNKNOWN, keylog=True, keys=["127.0.0.1,2587,smtp,pki/ec.key"])
def ecdsa(studio):
    suite = "ECDHE-ECDSA-AES128-GCM-SHA256"

    def talk(client, _):
        client.open_starttls(studio.client_context(cipher=suite))
        client.send_mail(simple("ecdsa_tls12"))
        client.quit()
    return python_to_python(studio, Behaviour(studio.server_context("ec", cipher=suite)), talk)


@scene("tls13", "TLS 1.3, key log beside it", 587, keylog=True,
       expected=Expected("unknown", "tls13", outcome_with_keylog="delivered"))
def tls13(studio):
    return [one_mail_over_starttls(studio, version="TLSv1.3")]
