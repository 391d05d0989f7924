"""The run: split -> shuffle by shard -> handshakes -> unlock on the driver -> decrypt -> Parquet."""

import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from pyspark import StorageLevel

from . import binary, steps

# Applications whose executors have the program.
_shipped = set()


@dataclass(frozen=True)
class Job:
    """What is to be done."""

    #: Captures, as Hadoop names them: folders, globs, several with commas between.
    captures: str
    #: Where the tables go: a folder for each shard.
    output: str
    #: The program, built with the feature `parquet`, for the executors' machines.
    binary: str
    #: Options of `unlock`: what says where the private keys are. They stay on this machine.
    keys: list = field(default_factory=list)
    #: How many shards.
    shards: int = 64
    #: Ports of servers that the key list names and that are none of mail.
    ports: tuple = ()
    #: Handshakes behind a renegotiation are seen only by who has opened the first: how often to look.
    rounds: int = 1


def run(spark, job):
    """Does it. Gives what was said of damaged files, in order of their names."""
    context = spark.sparkContext
    ship(context, job.binary)
    shards, ports = job.shards, tuple(job.ports)
    captures = context.binaryFiles(job.captures, minPartitions=shards)
    pieces = captures.flatMap(lambda capture: steps.split(capture, shards, ports))
    # One partition for each shard, and one for notes. It is read more than once; what is lost with
    # an executor is made again.
    by_shard = pieces.partitionBy(shards + 1, int).persist(StorageLevel.DISK_ONLY)
    key_log = ""
    for _ in range(job.rounds):
        known = context.broadcast(key_log)
        lines = by_shard.mapPartitionsWithIndex(
            lambda index, rows: [] if index == shards else steps.handshakes(values(rows), known.value)
        )
        key_log = unlock(job, gather(lines))
    known = context.broadcast(key_log)
    tables = by_shard.mapPartitionsWithIndex(
        lambda index, rows: []
        if index == shards
        else [(index, *table) for table in steps.decrypt(values(rows), known.value)]
    )
    for shard, name, content in gather(tables):
        publish(context, f"{job.output}/shard={shard:05}/{name}", content)
    notes = by_shard.filter(lambda row: row[0] == shards).values().collect()
    by_shard.unpersist()
    return [note.decode() for _, note in sorted(notes)]


def gather(results):
    """Computes all shards at once, and then brings the results here one shard after the other."""
    results.persist(StorageLevel.DISK_ONLY).count()
    yield from results.toLocalIterator()
    results.unpersist()


def values(rows):
    return (value for _, value in rows)


def unlock(job, lines):
    """Handshakes -> key log, here, where the keys are."""
    with tempfile.TemporaryDirectory() as folder:
        handshakes, log = Path(folder) / "handshakes.jsonl", Path(folder) / "fleet.keylog"
        with handshakes.open("w") as file:
            file.writelines(line + "\n" for line in lines)
        line = [job.binary, "unlock", *job.keys, "-o", str(log), str(handshakes)]
        done = subprocess.run(line, stderr=subprocess.PIPE, text=True)
        sys.stderr.write(done.stderr)
        if not log.exists():
            raise binary.Failed(f"unlock ended with {done.returncode}")
        return log.read_text()


def ship(context, program):
    """Brings the program and this package to the executors, once: Spark knows files by their names."""
    if context.applicationId in _shipped:
        return
    _shipped.add(context.applicationId)
    folder = Path(tempfile.mkdtemp(prefix="smtp-decrypt-spark-"))
    shipped = folder / binary.NAME
    shipped.write_bytes(Path(program).read_bytes())
    shipped.chmod(0o755)
    context.addFile(str(shipped))
    package = Path(__file__).parent
    archive = folder / "smtp_decrypt_spark.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for source in sorted(package.glob("*.py")):
            zipped.write(source, f"{package.name}/{source.name}")
    context.addPyFile(str(archive))


def publish(context, path, content):
    """Writes a file through Hadoop, over what an earlier run left."""
    hadoop = context._jvm.org.apache.hadoop.fs
    target = hadoop.Path(path)
    system = target.getFileSystem(context._jsc.hadoopConfiguration())
    with_care = hadoop.Path(f"{path}.part")
    stream = system.create(with_care, True)
    try:
        stream.write(content)
    finally:
        stream.close()
    if system.exists(target):
        system.delete(target, False)
    system.rename(with_care, target)
