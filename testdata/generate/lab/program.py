"""Somebody else's program at one end: started before the conversation, stopped after it."""
import signal
import subprocess
import time

LISTEN = "0A"  # the state in /proc/net/tcp


class Program:
    """A server program that listens on a port."""

    def __init__(self, port, *words):
        self.port, self.words = port, [str(word) for word in words]

    def __enter__(self):
        self.process = subprocess.Popen(self.words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        for _ in range(100):
            if listens(self.port):
                return self
            time.sleep(0.05)
        raise RuntimeError(f"it does not listen: {' '.join(self.words)}")

    def freeze(self):
        """As if the machine had no time for it: the kernel still takes connections and bytes."""
        self.process.send_signal(signal.SIGSTOP)
        while self._state() != "T":
            time.sleep(0.01)

    def _state(self):
        return open(f"/proc/{self.process.pid}/stat").read().rsplit(") ", 1)[1][0]

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        self.process.wait(20)


def listens(port):
    """Asked of the kernel: a connection to find out would be in the capture."""
    rows = [row.split() for name in ("tcp", "tcp6") for row in open(f"/proc/net/{name}").readlines()[1:]]
    return any(row[3] == LISTEN and int(row[1].rsplit(":", 1)[1], 16) == port for row in rows)


def run(*words, said=b"", seconds=60):
    """A client program from its start to its end; failing is its job here."""
    done = subprocess.run([str(word) for word in words], input=said, capture_output=True, timeout=seconds)
    return done.stdout + done.stderr
