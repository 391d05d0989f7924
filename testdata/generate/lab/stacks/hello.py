"""Notes the two hello messages that an endpoint sends and receives: for the client random, and for ems and etm."""

HANDSHAKE = 22
CLIENT_HELLO, SERVER_HELLO = 1, 2


class Watcher:
    def __init__(self):
        self.buffers = {False: b"", True: b""}
        self.messages = {False: b"", True: b""}
        self.client_random = self.server_hello = None
        self.stopped = {False: False, True: False}

    def see(self, data, from_server):
        if self.stopped[from_server] or not data:
            return
        self.buffers[from_server] += data
        self._records(from_server)

    def _records(self, side):
        buffer = self.buffers[side]
        if buffer[:1] and buffer[0] & 0x80:
            return self._old_hello(side, buffer)
        while len(buffer) >= 5:
            length = int.from_bytes(buffer[3:5], "big")
            if len(buffer) < 5 + length:
                break
            if buffer[0] != HANDSHAKE:
                self.stopped[side] = buffer[0] == 23 or not side
                if self.stopped[side]:
                    break
            else:
                self.messages[side] += buffer[5:5 + length]
            buffer = buffer[5 + length:]
        self.buffers[side] = buffer
        return self._messages(side)

    def _old_hello(self, side, buffer):
        """An SSLv2 CLIENT-HELLO: its challenge, padded on the left, is the client random."""
        self.stopped[side] = True
        if not side and len(buffer) > 11:
            lengths = [int.from_bytes(buffer[at:at + 2], "big") for at in (5, 7, 9)]
            start = 11 + lengths[0] + lengths[1]
            self.client_random = buffer[start:start + lengths[2]].rjust(32, b"\0")

    def _messages(self, side):
        data = self.messages[side]
        while len(data) >= 4 and len(data) >= 4 + int.from_bytes(data[1:4], "big"):
            length = 4 + int.from_bytes(data[1:4], "big")
            message, data = data[:length], data[length:]
            if message[0] == CLIENT_HELLO and not side:
                self.client_random = message[6:38]
            if message[0] == SERVER_HELLO and side:
                self.server_hello = message
            if message[0] not in (1, 2, 4, 11, 12, 13, 14, 16, 22):
                self.stopped[side] = True
                return
        self.messages[side] = data
