"""Wrong keys, missing keys, other key sizes."""
from lab.acts import one_mail_over_starttls, python_to_python
from lab.mails import simple
from lab.scene import Expected, scene
from lab.smtp_server import Behaviour


@scene("wrong_key", "the key list names another RSA key for this server", 587,
       keys=["127.0.0.1,587,smtp,pki/other.key"], expected=Expected("unknown", "key_mismatch"))
def wrong_key(studio):
    return [one_mail_over_starttls(studio)]


@scene("no_key", "the key list has rows for other servers only", 587,
       keys=["192.0.2.25,25,smtp,pki/other.key", "127.0.0.1,2465,smtp,pki/rsa4096.key"],
       expected=Expected("unknown", "no_key"))
def no_key(studio):
    return [one_mail_over_starttls(studio)]


def register(bits):
    name = f"key_rsa{bits}"

    @scene(name, f"server key with {bits} bits, TLS 1.2 AES128-GCM-SHA256", 2587,
           keys=[f"127.0.0.1,2587,smtp,pki/rsa{bits}.key"])
    def act(studio):
        def talk(client, _):
            client.open_starttls(studio.client_context(cipher="AES128-GCM-SHA256"))
            client.send_mail(simple(name))
            client.quit()
        context = studio.server_context(f"rsa{bits}", cipher="AES128-GCM-SHA256")
        return python_to_python(studio, Behaviour(context), talk)


for each_bits in [1024, 4096]:
    register(each_bits)
