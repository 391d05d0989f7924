"""Every version with every RSA key exchange suite of AES: Postfix, with the three clients in turn."""
from itertools import cycle

from lab.acts import one_mail_over_starttls, s_client_to_postfix, swaks_to_postfix
from lab.scene import scene

SUITES = {
    "TLSv1": ["AES128-SHA", "AES256-SHA"],
    "TLSv1.1": ["AES128-SHA", "AES256-SHA"],
    "TLSv1.2": ["AES128-SHA", "AES256-SHA", "AES128-SHA256", "AES256-SHA256", "AES128-GCM-SHA256",
                "AES256-GCM-SHA384"],
}
SHORT = {"TLSv1": "tls10", "TLSv1.1": "tls11", "TLSv1.2": "tls12"}
SWAKS_PROTOCOLS = {"TLSv1": "tlsv1", "TLSv1.1": "tlsv1_1", "TLSv1.2": "tlsv1_2"}


def with_swaks(studio, version, cipher):
    return swaks_to_postfix(studio, "-tls", "--tls-protocol", SWAKS_PROTOCOLS[version], "--tls-cipher", cipher)


def with_python(studio, version, cipher):
    return one_mail_over_starttls(studio, version=version, cipher=cipher)


CLIENTS = cycle([("openssl s_client", s_client_to_postfix), ("Python", with_python), ("swaks", with_swaks)])


def register(version, cipher):
    name = f"{SHORT[version]}_{cipher.lower().replace('-', '_')}"
    client_name, talk = next(CLIENTS)

    @scene(name, f"{version} {cipher}, STARTTLS on port 587, Postfix and {client_name}", 587)
    def act(studio):
        return [talk(studio, version, cipher)]


for each_version, ciphers in SUITES.items():
    for each_cipher in ciphers:
        register(each_version, each_cipher)
