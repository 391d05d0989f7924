"""A scene = one capture: what it is called, how it is recorded, and the function that makes the traffic."""
from dataclasses import dataclass, field
from typing import Callable

SCENES = {}


@dataclass
class Expected:
    """What a reader with the key list alone can find out about a connection."""
    outcome: str = "delivered"
    reason: str | None = None
    outcome_with_keylog: str | None = None
    lmtp: bool = False
    finding: str | None = None  # the code of the finding that names what was done to break it


@dataclass
class Scene:
    name: str
    description: str
    port: int
    act: Callable = None
    keys: list | None = None  # rows of the key list; None = one row for the port and the server's key
    expected: Expected | list = field(default_factory=Expected)  # a list: one for each connection
    keylog: bool = False
    complete: bool = True
    interface: str = "lo"
    tcpdump_options: tuple = ()
    rotate: bool = False
    late: bool = False  # the act starts tcpdump itself, in the middle
    cut_in_largest_packet: bool = False  # end the file in the middle of its largest packet
    has_keys: bool = True
    own_server: bool = False  # a Python server on a port that is otherwise Postfix's
    drop: Callable | None = None  # (segments) -> numbers of the frames to take out of the capture
    split: bool = False  # one file for each connection
    notes: str | None = None
    broken_by: str | None = None  # what was done so that it fails

    def key_rows(self):
        """Rows of the key list; paths are relative to TOPIC/NAME/, where it lies."""
        if not self.has_keys:
            return None
        rows = self.keys or [f"127.0.0.1,{self.port},smtp,pki/server.key"]
        return [row.replace(",pki/", ",../../pki/") for row in rows]

    def expected_of(self, number):
        return self.expected[number] if isinstance(self.expected, list) else self.expected


def scene(name, description, port, **settings):
    """Decorator: the function below it makes the traffic and returns the recordings."""
    def register(act):
        SCENES[name] = Scene(name, description, port, act, **settings)
        return act
    return register
