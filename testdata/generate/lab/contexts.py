"""TLS settings of the Python endpoints, and what the TLS library says about a handshake."""
import ssl

VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
# Python has no names for these two bits of <openssl/ssl.h> (OpenSSL 3.0).
NO_EXTENDED_MASTER_SECRET = 1 << 0
NO_ENCRYPT_THEN_MAC = 1 << 19

HANDSHAKE, SERVER_HELLO = 22, 2
EXTENSION_ENCRYPT_THEN_MAC, EXTENSION_EXTENDED_MASTER_SECRET = 22, 23


def context(role, version="TLSv1.2", cipher="AES128-SHA", ems=True, etm=True, tickets=True, keylog=None):
    made = ssl.SSLContext(role)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.minimum_version = made.maximum_version = VERSIONS[version]
    if version != "TLSv1.3":
        made.set_ciphers(f"{cipher}:@SECLEVEL=0")
    if not ems:
        made.options |= NO_EXTENDED_MASTER_SECRET
    if not etm:
        made.options |= NO_ENCRYPT_THEN_MAC
    if not tickets:
        made.options |= ssl.OP_NO_TICKET
    if keylog:
        made.keylog_filename = str(keylog)
    # The library hands every handshake message to this function: the tap for what Python has no call for.
    made._msg_callback = remember_server_hello
    return made


def client_context(**settings):
    return context(ssl.PROTOCOL_TLS_CLIENT, **settings)


def server_context(pki, key="server", certificate=None, **settings):
    made = context(ssl.PROTOCOL_TLS_SERVER, **settings)
    made.load_cert_chain(pki / f"{certificate or key}.crt", pki / f"{key}.key")
    return made


def remember_server_hello(connection, _direction, _version, content_type, _message_type, data):
    if content_type == HANDSHAKE and data[0] == SERVER_HELLO:
        connection.server_hello = bytes(data)


def server_hello_extensions(message):
    """Extension numbers of a ServerHello handshake message (with its 4-byte header)."""
    at = 4 + 2 + 32
    at += 1 + message[at]  # session id
    at += 2 + 1  # cipher suite, compression
    at += 2  # length of all extensions
    found = set()
    while at + 4 <= len(message):
        found.add(int.from_bytes(message[at:at + 2], "big"))
        at += 4 + int.from_bytes(message[at + 2:at + 4], "big")
    return found


def cipher_of(message):
    """The suite's number in a ServerHello."""
    at = 4 + 2 + 32
    at += 1 + message[at]
    return int.from_bytes(message[at:at + 2], "big")


def extension_facts(server_hello, version):
    """(ems, etm) as negotiated; neither exists in TLS 1.3."""
    if version == "TLSv1.3" or server_hello is None:
        return None, None
    present = server_hello_extensions(server_hello)
    return EXTENSION_EXTENDED_MASTER_SECRET in present, EXTENSION_ENCRYPT_THEN_MAC in present
