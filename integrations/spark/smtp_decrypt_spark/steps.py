"""What tasks do. Each is a function of its input alone: a task that is run again, because its
executor was lost, gives the same bytes."""

import tempfile
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlparse

from . import binary

# The name of a shard, as `split` writes it.
SHARD = "shard-{:05}.pcapng"


def split(capture, shards, ports):
    """A file of the fleet -> (shard, (file, packets)), and (shards, (file, note)) of damage."""
    uri, content = capture
    name = relative_name(uri)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
        ports = [word for port in ports for word in ("--port", str(port))]
        note = binary.call(["split", "-q", "--shards", str(shards), "-o", "out", *ports, name], folder)
        for shard in range(shards):
            piece = Path(folder) / "out" / SHARD.format(shard)
            if piece.exists():
                yield shard, (name, piece.read_bytes())
        if note:
            yield shards, (name, note.encode())


def handshakes(pieces, key_log=None):
    """The pieces of a shard -> lines for `unlock`."""
    with tempfile.TemporaryDirectory() as folder:
        if not write(pieces, folder):
            return []
        known = _key_log(key_log, folder)
        binary.call(["handshakes", "-q", *known, "-o", "handshakes.jsonl", "shard"], folder)
        return (Path(folder) / "handshakes.jsonl").read_text().splitlines()


def decrypt(pieces, key_log):
    """The pieces of a shard -> (table, Parquet file)."""
    with tempfile.TemporaryDirectory() as folder:
        if not write(pieces, folder):
            return []
        line = ["show", "-q", *_key_log(key_log, folder), "--format", "parquet", "-o", "out", "shard"]
        binary.call(line, folder)
        tables = sorted((Path(folder) / "out").glob("*.parquet"))
        return [(table.name, table.read_bytes()) for table in tables]


def write(pieces, folder):
    """Writes the pieces of a shard, one after the other. Gives how many there were. Which came first
    over the network does not count: names do."""
    shard = Path(folder) / "shard"
    shard.mkdir()
    count = 0
    for name, packets in pieces:
        (shard / (name.replace("/", "_") + ".pcapng")).write_bytes(packets)
        count += 1
    return count


def relative_name(uri):
    """`file:/captures/host1/a.pcap` -> `captures/host1/a.pcap`: no step out of a folder."""
    parts = PurePosixPath(unquote(urlparse(uri).path)).parts
    return "/".join(part for part in parts if part not in ("/", "..", "."))


def _key_log(text, folder):
    if not text:
        return []
    (Path(folder) / "fleet.keylog").touch(mode=0o600)
    (Path(folder) / "fleet.keylog").write_text(text)
    return ["--keylog", "fleet.keylog"]
