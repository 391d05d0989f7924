"""GnuTLS 3.7 of Debian 12, through ctypes."""
import ctypes
import functools
import ssl
from ctypes import CFUNCTYPE, POINTER, byref, c_char_p, c_int, c_size_t, c_ssize_t, c_uint, c_ubyte, c_void_p

from lab.stacks import names
from lab.stacks.adapter import Adapter

SERVER, CLIENT, NO_TICKETS, POST_HANDSHAKE = 1, 2, 1 << 11, 1 << 15
AGAIN, PREMATURE, REHANDSHAKE = -28, -110, -37
PUSH = CFUNCTYPE(c_ssize_t, c_void_p, c_void_p, c_size_t)
TIMEOUT = CFUNCTYPE(c_int, c_void_p, c_uint)
KEYLOG = CFUNCTYPE(c_int, c_void_p, c_char_p, c_void_p)


class Datum(ctypes.Structure):
    _fields_ = [("data", c_void_p), ("size", c_uint)]


KEYLOG = CFUNCTYPE(c_int, c_void_p, c_char_p, POINTER(Datum))


@functools.cache
def library():
    lib = ctypes.CDLL("libgnutls.so.30")
    for name in ("gnutls_check_version", "gnutls_strerror", "gnutls_protocol_get_name", "gnutls_ciphersuite_get"):
        getattr(lib, name).restype = c_char_p
    for name in ("gnutls_record_send", "gnutls_record_recv"):
        getattr(lib, name).restype = c_ssize_t
        getattr(lib, name).argtypes = [c_void_p, c_char_p, c_size_t]
    return lib


class GnutlsContext:
    def __init__(self, server_side, priority, certificate=None, keylog=None, psk=None, record_size=None, anonymous=False):
        self.lib, self.server_side, self.keylog, self.priority = library(), server_side, keylog, priority
        self.made_by = f"GnuTLS {self.lib.gnutls_check_version(None).decode()} (ctypes)"
        self.record_size, self.psk, self.anonymous = record_size, psk, anonymous
        self.credentials = []
        lib = self.lib
        x509 = c_void_p()
        self.check(lib.gnutls_certificate_allocate_credentials(byref(x509)))
        if certificate:
            self.check(lib.gnutls_certificate_set_x509_key_file(x509, *[str(file).encode() for file in certificate], 1))
        lib.gnutls_certificate_set_known_dh_params(x509, 3)
        self.credentials.append((1, x509))
        if anonymous:
            anon = c_void_p()
            if server_side:
                self.check(lib.gnutls_anon_allocate_server_credentials(byref(anon)))
                lib.gnutls_anon_set_server_known_dh_params(anon, 3)
            else:
                self.check(lib.gnutls_anon_allocate_client_credentials(byref(anon)))
            self.credentials.append((2, anon))

    def check(self, code):
        if code < 0:
            raise RuntimeError(f"GnuTLS: {self.lib.gnutls_strerror(code).decode()}")

    def wrap_bio(self, incoming, outgoing, server_side, session=None, server_hostname=None):
        return Adapter(Engine(self, server_hostname), incoming, outgoing, self, server_side)


class Engine:
    def __init__(self, context, name):
        self.context, self.lib = context, context.lib
        lib = self.lib
        self.session = c_void_p()
        context.check(lib.gnutls_init(byref(self.session), (SERVER if context.server_side else CLIENT)))
        where = c_char_p()
        context.check(lib.gnutls_priority_set_direct(self.session, context.priority.encode(), byref(where)))
        for kind, credentials in context.credentials:
            context.check(lib.gnutls_credentials_set(self.session, kind, credentials))
        self.incoming, self.outgoing = bytearray(), bytearray()
        self.callbacks = [PUSH(self._push), PUSH(self._pull), TIMEOUT(lambda *_: 1), KEYLOG(self._log)]
        lib.gnutls_transport_set_push_function(self.session, self.callbacks[0])
        lib.gnutls_transport_set_pull_function(self.session, self.callbacks[1])
        lib.gnutls_transport_set_pull_timeout_function(self.session, self.callbacks[2])
        if context.keylog:
            lib.gnutls_session_set_keylog_function(self.session, self.callbacks[3])
        if context.record_size:
            context.check(lib.gnutls_record_set_max_recv_size(self.session, c_size_t(context.record_size)))
        if name and not context.server_side:
            lib.gnutls_server_name_set(self.session, 1, name.encode(), c_size_t(len(name)))

    def _push(self, _, data, size):
        self.outgoing += ctypes.string_at(data, size)
        return size

    def _pull(self, _, to, size):
        if not self.incoming:
            self.lib.gnutls_transport_set_errno(self.session, 11)
            return -1
        part = bytes(self.incoming[:size])
        del self.incoming[:size]
        ctypes.memmove(to, part, len(part))
        return len(part)

    def _log(self, _, label, secret):
        client, server = Datum(), Datum()
        self.lib.gnutls_session_get_random(self.session, byref(client), byref(server))
        value = ctypes.string_at(secret.contents.data, secret.contents.size)
        random = ctypes.string_at(client.data, client.size)
        with open(self.context.keylog, "a") as log:
            log.write(f"{label.decode()} {random.hex()} {value.hex()}\n")
        return 0

    def feed(self, data):
        self.incoming += data

    def take(self):
        data, self.outgoing = bytes(self.outgoing), bytearray()
        return data

    def result(self, code):
        if code in (AGAIN,):
            raise ssl.SSLWantReadError(2, "want read")
        if code in (0, PREMATURE):
            raise ssl.SSLZeroReturnError(6, "closed")
        if code < 0:
            raise ssl.SSLError(1, f"GnuTLS: {self.lib.gnutls_strerror(int(code)).decode()}")
        return code

    def handshake(self):
        if code := self.persist(lambda: self.lib.gnutls_handshake(self.session)):
            self.result(code)

    def persist(self, step):
        """GnuTLS also says "again" after a part of a fragmented message, when there is more to read."""
        while True:
            before = len(self.incoming)
            code = step()
            if code != AGAIN or len(self.incoming) in (0, before):
                return code

    def read(self, size):
        buffer = ctypes.create_string_buffer(size)
        while True:
            code = self.persist(lambda: self.lib.gnutls_record_recv(self.session, buffer, size))
            if code == REHANDSHAKE:
                self.handshake()
                continue
            return buffer.raw[:self.result(code)]

    def write(self, data):
        return self.result(self.lib.gnutls_record_send(self.session, data, len(data)))

    def close(self):
        self.lib.gnutls_bye(self.session, 1)

    def key_update(self, asked):
        self.context.check(self.lib.gnutls_session_key_update(self.session, 1 if asked else 0))

    def facts(self):
        lib = self.lib
        version = lib.gnutls_protocol_get_name(lib.gnutls_protocol_get_version(self.session)).decode()
        version = {"SSL3.0": "SSLv3", "TLS1.0": "TLSv1"}.get(version, version.replace("TLS1", "TLSv1"))
        iana = lib.gnutls_ciphersuite_get(self.session).decode().replace("TLS_DH_ANON", "TLS_DH_anon").replace("TLS_ECDH_ANON", "TLS_ECDH_anon")
        return {"version": version, "cipher": None, "cipher_gnutls": iana,
                "resumed": bool(lib.gnutls_session_is_resumed(self.session))}
