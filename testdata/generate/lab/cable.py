"""A network cable of its own to a second host, which is a network namespace; large packets may get lost on it."""
import subprocess

HERE, THERE, NOBODY = "192.0.2.1", "192.0.2.2", "192.0.2.3"
INTERFACE = "lab0"


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


class Cable:
    """`widest`: bytes that the far end takes; larger packets are dropped, and nobody is told."""

    def __init__(self, widest=1500):
        self.widest = str(widest)

    def __enter__(self):
        self.there = subprocess.Popen(["unshare", "-n", "cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        ip("link", "add", INTERFACE, "type", "veth", "peer", "name", "lab1", "netns", str(self.there.pid))
        ip("addr", "add", f"{HERE}/24", "dev", INTERFACE)
        ip("link", "set", INTERFACE, "up")
        # Nobody has this address, and no question for it goes unanswered: packets to it leave and are lost.
        ip("neigh", "add", NOBODY, "lladdr", "02:00:00:00:00:03", "dev", INTERFACE)
        for words in [["addr", "add", f"{THERE}/24", "dev", "lab1"], ["link", "set", "lab1", "mtu", self.widest, "up"],
                      ["route", "add", HERE, "dev", "lab1", "advmss", "1460"]]:
            subprocess.run([*self.at_the_other_end(), "ip", *words], check=True, capture_output=True)
        return self

    def at_the_other_end(self):
        """Words before a command that is to run there."""
        return ["nsenter", "-t", str(self.there.pid), "-n"]

    def __exit__(self, *_):
        ip("link", "del", INTERFACE)
        self.there.stdin.close()
        self.there.wait(20)
