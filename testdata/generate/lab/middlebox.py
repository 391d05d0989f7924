"""Something between client and server that changes bytes on their way."""
import socket
import threading


class Middlebox:
    """Listens on one port, passes everything on to another; `alter` maps each piece of a direction to what is sent."""

    def __init__(self, port, to_port, client=lambda data: data, server=lambda data: data):
        self.to_port, self.alter = to_port, {"client": client, "server": server}
        self.listener = socket.create_server(("127.0.0.1", port))
        self.address = None  # of its own connection to the server

    def __enter__(self):
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return self

    def _serve(self):
        near, _ = self.listener.accept()
        far = socket.create_connection(("127.0.0.1", self.to_port))
        self.address = "%s:%d" % far.getsockname()
        back = threading.Thread(target=self._pass_on, args=(far, near, "server"), daemon=True)
        back.start()
        self._pass_on(near, far, "client")
        back.join(20)
        near.close()
        far.close()

    def _pass_on(self, source, target, who):
        try:
            while data := source.recv(65536):
                target.sendall(self.alter[who](data))
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # an end has gone

    def __exit__(self, *_):
        self.thread.join(20)
        self.listener.close()
