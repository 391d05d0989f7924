"""tcpdump, started before the traffic and stopped once everything is on disk."""
import re
import signal
import subprocess
import time


class Sniffer:
    def __init__(self, path, port, interface="lo", extra=()):
        self.path = path
        self.process = None
        # -B: in immediate mode every packet takes a slot of full size, so the usual 2 MiB are soon full.
        self.command = ["tcpdump", "-i", interface, "-n", "-U", "--immediate-mode", "-B", "65536", "-Z", "root", *extra,
                        "-w", str(path), f"tcp port {port}"]

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        while "listening on" not in (line := self.process.stderr.readline()):
            if not line:
                raise RuntimeError(f"tcpdump did not start: {' '.join(self.command)}")

    def stop(self):
        self._wait_until_quiet()
        self.process.send_signal(signal.SIGINT)
        _, words = self.process.communicate(timeout=20)
        if int(re.search(r"(\d+) packets? dropped by kernel", words).group(1)):
            raise RuntimeError(f"{self.path}: the kernel dropped packets")

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def abandon(self):
        """After a failure: do not leave tcpdump behind."""
        if self.is_running():
            self.process.kill()

    def _wait_until_quiet(self):
        """The last segments reach tcpdump a moment after the endpoints are done."""
        size = -1
        while size != (now := self._size()):
            size = now
            time.sleep(0.4)

    def _size(self):
        # A rotated capture has a time format in its name.
        pattern = re.sub("%.", "*", self.path.name)
        return sum(file.stat().st_size for file in self.path.parent.glob(pattern))
