"""What lab.endpoint expects of a TLS object, on top of any stack that takes and gives bytes.

A stack's engine has: feed(bytes), take() -> bytes, handshake(), read(n), write(bytes), close() and facts().
Its calls raise ssl.SSLWantReadError when they need more from the peer.
"""
import ssl

from lab.stacks.hello import Watcher


class Adapter:
    def __init__(self, engine, incoming, outgoing, context, server_side):
        self.engine, self.incoming, self.outgoing, self.context = engine, incoming, outgoing, context
        self.server_side = server_side
        self.watcher = Watcher()
        self.server_hello = None
        self.facts = {}

    def do(self, step):
        data = self.incoming.read()
        self.watcher.see(data, from_server=not self.server_side)
        self.engine.feed(data)
        try:
            return step()
        except ssl.SSLWantReadError:
            if self.incoming.eof and not data:
                raise ssl.SSLEOFError(8, "connection ended") from None
            raise
        finally:
            out = self.engine.take()
            self.watcher.see(out, from_server=self.server_side)
            if out:
                self.outgoing.write(out)

    def do_handshake(self):
        self.do(self.engine.handshake)
        self.facts = self.engine.facts()
        self.server_hello = self.watcher.server_hello
        master = self.facts.get("master")
        if self.context.keylog and master and not self.server_side:
            with open(self.context.keylog, "a") as log:
                log.write(f"CLIENT_RANDOM {self.watcher.client_random.hex()} {master.hex()}\n")

    def write(self, data):
        return self.do(lambda: self.engine.write(data))

    def read(self, size):
        return self.do(lambda: self.engine.read(size))

    def unwrap(self):
        return self.do(self.engine.close)

    def call(self, name, *words):
        """Something that only this stack has."""
        return self.do(lambda: getattr(self.engine, name)(*words))

    def version(self):
        return self.facts["version"]

    def cipher(self):
        return (self.facts["cipher"],)

    @property
    def session_reused(self):
        return self.facts.get("resumed", False)
