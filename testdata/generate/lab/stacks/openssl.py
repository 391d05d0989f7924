"""OpenSSL through ctypes: the system's 3.0, and the 1.0.2k that an old PyPI wheel brings along.

Python's ssl module hides most of what these captures are about: renegotiation, KeyUpdate, early data, PSK, compression.
"""
import ctypes
import functools
import ssl
from ctypes import CFUNCTYPE, POINTER, byref, c_char_p, c_int, c_long, c_size_t, c_ubyte, c_uint, c_void_p

from lab.stacks.adapter import Adapter
from lab.stacks.old_openssl import old_library_files

VERSIONS = {"SSLv3": 0x300, "TLSv1": 0x301, "TLSv1.1": 0x302, "TLSv1.2": 0x303, "TLSv1.3": 0x304}
METHODS = {"SSLv3": "SSLv3_method", "TLSv1": "TLSv1_method", "TLSv1.1": "TLSv1_1_method", "TLSv1.2": "TLSv1_2_method",
           "any": "SSLv23_method"}
WANT_READ, ZERO_RETURN = 2, 6
NO_COMPRESSION = 0x20000
DONT_INSERT_EMPTY_FRAGMENTS = 0x800
NO_TICKET = 0x4000
NEW_SESSION_ON_RENEGOTIATION = 0x10000
NO_EMS, NO_ETM = 1 << 0, 1 << 19
ALLOW_CLIENT_RENEGOTIATION, LEGACY_RENEGOTIATION = 1 << 8, 1 << 18

POINTERS = """SSL_CTX_new SSL_new BIO_new BIO_s_mem SSL_get_current_cipher SSL_get1_session SSL_get_session
TLS_method SSLv3_method TLSv1_method TLSv1_1_method TLSv1_2_method SSLv23_method PEM_read_bio_X509""".split()
STRINGS = "SSL_get_version SSL_CIPHER_get_name".split()

KEYLOG = CFUNCTYPE(None, c_void_p, c_char_p)
PSK_CLIENT = CFUNCTYPE(c_uint, c_void_p, c_char_p, POINTER(c_ubyte), c_uint, POINTER(c_ubyte), c_uint)
PSK_SERVER = CFUNCTYPE(c_uint, c_void_p, c_char_p, POINTER(c_ubyte), c_uint)
VERIFY = CFUNCTYPE(c_int, c_int, c_void_p)
RSA_CALLBACK = CFUNCTYPE(c_void_p, c_void_p, c_int, c_int)


class Pointer(c_void_p):
    """A c_void_p that ctypes does not turn into an int."""


class Library:
    def __init__(self, files, words):
        self.words = words
        self.modules = [ctypes.CDLL(file) for file in files][-2:]
        self.old = "1.0.2" in words
        for name in POINTERS:
            if function := self.find(name):
                function.restype = Pointer
        for name in STRINGS:
            self.find(name).restype = c_char_p
        if self.old:
            self.SSL_library_init()
            self.SSL_load_error_strings()
        else:
            self.SSL_CTX_set_options.argtypes = [c_void_p, ctypes.c_uint64]

    def find(self, name):
        return next((getattr(module, name) for module in self.modules[::-1] if hasattr(module, name)), None)

    def __getattr__(self, name):
        function = self.find(name)
        if function is None:
            raise AttributeError(name)
        return function

    def errors(self):
        text = ctypes.create_string_buffer(200)
        found = []
        self.ERR_get_error.restype = ctypes.c_ulong
        while code := self.ERR_get_error():
            self.ERR_error_string_n(ctypes.c_ulong(code), text, 200)
            found.append(text.value.decode())
        return "; ".join(found)


@functools.cache
def new():
    return Library(["libcrypto.so.3", "libssl.so.3"], f"OpenSSL {ssl.OPENSSL_VERSION.split()[1]} (ctypes)")


@functools.cache
def old():
    return Library(old_library_files(), "OpenSSL 1.0.2k (ctypes)")


class OpenSslContext:
    def __init__(self, library, server_side, version="TLSv1.2", cipher="ALL", certificate=None, keylog=None, tickets=True,
                 ems=True, etm=True, compression=False, empty_fragments=False, groups=None, psk=None, verify=False,
                 early_data=0, max_fragment=None, dh=False, client_renegotiation=True, sslv2_hello=False, mode=0):
        self.library, self.server_side, self.keylog, self.version = library, server_side, keylog, version
        self.psk, self.early_data, self.made_by = psk, early_data, library.words
        self.kept = []
        lib = library
        if lib.old:
            self.ctx = lib.SSL_CTX_new(getattr(lib, METHODS[version])())
            options = (0 if compression else NO_COMPRESSION) | (0 if tickets else NO_TICKET)
            options |= 0 if empty_fragments else DONT_INSERT_EMPTY_FRAGMENTS
            options |= NEW_SESSION_ON_RENEGOTIATION
            lib.SSL_CTX_ctrl(self.ctx, 32, c_long(options), None)
            lib.SSL_CTX_ctrl(self.ctx, 94, c_long(1), None)
        else:
            self.ctx = lib.SSL_CTX_new(lib.TLS_method())
            for which in (123, 124):
                lib.SSL_CTX_ctrl(self.ctx, which, c_long(VERSIONS[version]), None)
            options = (0 if compression else NO_COMPRESSION) | (0 if tickets else NO_TICKET)
            options |= (0 if ems else NO_EMS) | (0 if etm else NO_ETM)
            options |= NEW_SESSION_ON_RENEGOTIATION | ALLOW_CLIENT_RENEGOTIATION if client_renegotiation else 0
            lib.SSL_CTX_clear_options.argtypes = [c_void_p, ctypes.c_uint64]
            lib.SSL_CTX_clear_options(self.ctx, NO_COMPRESSION)
            lib.SSL_CTX_set_options(self.ctx, options | (0 if empty_fragments else DONT_INSERT_EMPTY_FRAGMENTS))
            lib.SSL_CTX_ctrl(self.ctx, 118, c_long(1), None)  # DH parameters by itself
            lib.SSL_CTX_set_security_level(self.ctx, 0)
            if groups:
                self.check(lib.SSL_CTX_ctrl(self.ctx, 92, c_long(0), groups.encode()))
            if early_data:
                lib.SSL_CTX_set_max_early_data(self.ctx, early_data)
        if version == "TLSv1.3":
            self.check(lib.SSL_CTX_set_ciphersuites(self.ctx, cipher.encode()))
        else:
            words = cipher if lib.old else f"{cipher}:@SECLEVEL=0"
            self.check(lib.SSL_CTX_set_cipher_list(self.ctx, words.encode()))
        if certificate:
            crt, key = certificate
            self.check(lib.SSL_CTX_use_certificate_file(self.ctx, str(crt).encode(), 1))
            self.check(lib.SSL_CTX_use_PrivateKey_file(self.ctx, str(key).encode(), 1))
        if server_side:
            lib.SSL_CTX_set_session_id_context(self.ctx, b"lab", 3)
        if verify:
            accept = VERIFY(lambda *_: 1)
            self.kept.append(accept)
            lib.SSL_CTX_set_verify(self.ctx, 1, accept)
        self.max_fragment = max_fragment
        if psk:
            self._set_psk(*psk)
        if keylog and not lib.old and not server_side:
            self.log_callback = KEYLOG(self._log)
            lib.SSL_CTX_set_keylog_callback(self.ctx, self.log_callback)

    def check(self, result):
        if result != 1:
            raise RuntimeError(f"{self.library.words}: {self.library.errors()}")

    def _log(self, _, line):
        with open(self.keylog, "a") as log:
            log.write(line.decode() + "\n")

    def _set_psk(self, identity, secret):
        def client(_ssl, _hint, id_out, id_max, out, out_max):
            ctypes.memmove(id_out, identity + b"\0", len(identity) + 1)
            ctypes.memmove(out, secret, len(secret))
            return len(secret)

        def server(_ssl, _identity, out, out_max):
            ctypes.memmove(out, secret, len(secret))
            return len(secret)
        if self.server_side:
            callback = PSK_SERVER(server)
            self.library.SSL_CTX_set_psk_server_callback(self.ctx, callback)
        else:
            callback = PSK_CLIENT(client)
            self.library.SSL_CTX_set_psk_client_callback(self.ctx, callback)
        self.kept.append(callback)

    def wrap_bio(self, incoming, outgoing, server_side, session=None, server_hostname=None):
        engine = Engine(self, session, server_hostname)
        made = Adapter(engine, incoming, outgoing, self, server_side)
        if not self.library.old:
            # The library writes the key log itself.
            engine.log_master = False
        return made


class Engine:
    def __init__(self, context, session, server_name):
        self.context, self.lib = context, context.library
        lib = self.lib
        self.ssl = lib.SSL_new(context.ctx)
        self.rbio, self.wbio = lib.BIO_new(lib.BIO_s_mem()), lib.BIO_new(lib.BIO_s_mem())
        lib.SSL_set_bio(self.ssl, self.rbio, self.wbio)
        self.early_out, self.early_in, self.early_done = b"", b"", not context.early_data
        self.log_master = True
        if context.server_side:
            lib.SSL_set_accept_state(self.ssl)
        else:
            lib.SSL_set_connect_state(self.ssl)
            if context.max_fragment:
                lib.SSL_set_tlsext_max_fragment_length(self.ssl, c_ubyte(context.max_fragment))
            if server_name and context.version != "SSLv3":
                lib.SSL_ctrl(self.ssl, 55, c_long(0), server_name.encode())
            if not lib.old:
                lib.SSL_set_post_handshake_auth(self.ssl, 1 if context.version == "TLSv1.3" else 0)
            if session:
                context.check(lib.SSL_set_session(self.ssl, session))

    def feed(self, data):
        if data:
            self.lib.BIO_write(self.rbio, data, len(data))

    def take(self):
        self.lib.BIO_ctrl_pending.restype = c_size_t
        size = self.lib.BIO_ctrl_pending(self.wbio)
        buffer = ctypes.create_string_buffer(size or 1)
        got = self.lib.BIO_read(self.wbio, buffer, size) if size else 0
        return buffer.raw[:max(got, 0)]

    def result(self, code):
        if code > 0:
            return code
        kind = self.lib.SSL_get_error(self.ssl, code)
        if kind == WANT_READ:
            raise ssl.SSLWantReadError(2, "want read")
        if kind == ZERO_RETURN:
            raise ssl.SSLZeroReturnError(6, "closed")
        raise ssl.SSLError(kind, f"{self.lib.words}: {self.lib.errors()}")

    def handshake(self):
        if not self.early_done:
            self.server_early() if self.context.server_side else self.client_early()
        self.result(self.lib.SSL_do_handshake(self.ssl))

    def client_early(self):
        if self.early_out:
            count = c_size_t()
            self.result(self.lib.SSL_write_early_data(self.ssl, self.early_out, c_size_t(len(self.early_out)), byref(count)))
        self.early_done = True

    def server_early(self):
        buffer, count = ctypes.create_string_buffer(16384), c_size_t()
        while True:
            code = self.lib.SSL_read_early_data(self.ssl, buffer, c_size_t(16384), byref(count))
            if code == 0:
                self.result(0 or -1)
            self.early_in += buffer.raw[:count.value]
            if code == 2:
                self.early_done = True
                return

    def read(self, size):
        if self.early_in:
            data, self.early_in = self.early_in, b""
            return data
        buffer = ctypes.create_string_buffer(size)
        got = self.result(self.lib.SSL_read(self.ssl, buffer, size))
        return buffer.raw[:got]

    def write(self, data):
        return self.result(self.lib.SSL_write(self.ssl, data, len(data)))

    def close(self):
        self.lib.SSL_shutdown(self.ssl)

    def facts(self):
        lib = self.lib
        lib.SSL_CIPHER_get_id.restype = ctypes.c_ulong
        cipher = lib.SSL_get_current_cipher(self.ssl)
        made = {"version": lib.SSL_get_version(self.ssl).decode(), "cipher": lib.SSL_CIPHER_get_name(cipher).decode(),
                "cipher_id": lib.SSL_CIPHER_get_id(cipher) & 0xffff,
                "resumed": bool(lib.SSL_ctrl(self.ssl, 8, c_long(0), None) if lib.old else lib.SSL_session_reused(self.ssl))}
        if lib.old:
            made["master"] = self.master()
        return made

    def master(self):
        """Out of the session's DER form, which has it as its only octet string of 48 bytes after the session ID."""
        session = self.lib.SSL_get_session(self.ssl)
        size = self.lib.i2d_SSL_SESSION(session, None)
        buffer = ctypes.create_string_buffer(size)
        at = ctypes.cast(buffer, c_void_p)
        self.lib.i2d_SSL_SESSION(session, byref(at))
        return buffer.raw[buffer.raw.index(b"\x04\x30") + 2:][:48]

    def session(self):
        return self.lib.SSL_get1_session(self.ssl)

    def renegotiate(self, cipher=None):
        """The client's: a whole handshake."""
        if not getattr(self, "renegotiating", False):
            if cipher:
                self.context.check(self.lib.SSL_set_cipher_list(self.ssl, cipher.encode()))
            self.context.check(self.lib.SSL_renegotiate(self.ssl))
            self.renegotiating = True
        self.result(self.lib.SSL_do_handshake(self.ssl))
        self.renegotiating = False

    def ask_to_renegotiate(self, cipher=None):
        """The server's: HelloRequest, and whatever the client does about it."""
        if not getattr(self, "renegotiating", False):
            if cipher:
                self.context.check(self.lib.SSL_set_cipher_list(self.ssl, cipher.encode()))
            self.context.check(self.lib.SSL_renegotiate(self.ssl))
            self.result(self.lib.SSL_do_handshake(self.ssl))
            self.renegotiating = True
        while self.lib.SSL_renegotiate_pending(self.ssl):
            try:
                self.result(self.lib.SSL_peek(self.ssl, ctypes.create_string_buffer(1), 1))
            except ssl.SSLWantReadError:
                if self.lib.SSL_renegotiate_pending(self.ssl):
                    raise
        self.renegotiating = False

    def key_update(self, asked):
        self.context.check(self.lib.SSL_key_update(self.ssl, 1 if asked else 0))
        self.result(self.lib.SSL_do_handshake(self.ssl))

    def ask_for_certificate(self):
        accept = VERIFY(lambda *_: 1)
        self.context.kept.append(accept)
        self.lib.SSL_set_verify(self.ssl, 1, accept)
        self.context.check(self.lib.SSL_verify_client_post_handshake(self.ssl))
        self.result(self.lib.SSL_do_handshake(self.ssl))


TICKET_KEY = CFUNCTYPE(c_int, c_void_p, POINTER(c_ubyte), POINTER(c_ubyte), c_void_p, c_void_p, c_int)


def renew_tickets(context):
    """Every resumption gets a new ticket: the callback of the ticket keys says so with 2."""
    lib = context.library
    for name in ("EVP_aes_128_cbc", "EVP_sha256"):
        lib.find(name).restype = Pointer
    name, secret = b"lab-ticket-key-1", bytes(range(16))

    def callback(_ssl, key_name, iv, cipher, hmac, encrypt):
        if encrypt:
            ctypes.memmove(key_name, name, 16)
            lib.RAND_bytes(iv, 16)
            lib.EVP_EncryptInit_ex(c_void_p(cipher), lib.EVP_aes_128_cbc(), None, secret, iv)
        else:
            lib.EVP_DecryptInit_ex(c_void_p(cipher), lib.EVP_aes_128_cbc(), None, secret, iv)
        lib.HMAC_Init_ex(c_void_p(hmac), secret, 16, lib.EVP_sha256(), None)
        return 1 if encrypt else 2
    made = TICKET_KEY(callback)
    context.kept.append(made)
    lib.SSL_CTX_callback_ctrl(context.ctx, 72, made)


OpenSslContext.renew_tickets = renew_tickets
