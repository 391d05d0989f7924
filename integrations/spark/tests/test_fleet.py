"""The tables of a run on Spark are those of one run on one machine; of lost executors and damaged
files too. By hand: README.md. Needs pyspark, duckdb and Java; says so where they are missing."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(HERE), str(HERE.parent)]

try:
    import duckdb
    import pyspark
    from pyspark.sql import SparkSession
except ImportError as missing:
    print(f"skipped: {missing}; pip install pyspark duckdb")
    sys.exit(0)

import pieces
from smtp_decrypt_spark import Job, run

PROGRAM = os.environ.get("SMTP_DECRYPT", str(ROOT / "target/debug/smtp-decrypt"))
TESTDATA = ROOT / "testdata"
SHARDS, PIECES = 4, 12

# What counts over a whole capture, and so differs between a shard and all: numbers of frames and
# sessions, and words that name them; and where the secret came from.
TABLES = {
    "sessions": "* EXCLUDE (id, first_frame, last_frame, decryption_secret, decryption_key, cause_message)",
    "exchanges": "* EXCLUDE (session, frame, reply_frame)",
    "mails": "* EXCLUDE (session)",
    "timeline": "* EXCLUDE (session, frame)",
    "findings": "code, severity",
}

# A shard cannot know that another shard delivered the same mail.
CHOSEN = {"findings": "code <> 'smtp.duplicate_mail'"}


def captures():
    """Those of sessions with RSA key exchange and of mail in the clear, on a network of their own."""
    for truth in sorted(TESTDATA.glob("*/*/*.json")):
        document = json.loads(truth.read_text())
        if not isinstance(document, dict) or document.get("keylog") or not document.get("complete"):
            continue
        if "ssl2" in truth.stem or "sslv2" in truth.stem:
            continue
        yield from (truth.parent / file for file in document["files"])


def key_list(folder):
    """One list of all keys of testdata, each once, for any server."""
    rows = sorted(str(key) for key in (TESTDATA / "pki").glob("*.key"))
    found = []
    for key in rows:
        probe = subprocess.run([PROGRAM, "unlock", "--key", key, "-o", "/dev/null", os.devnull], capture_output=True)
        if probe.returncode == 0:
            found += ["--key", key]
    return found


def rows(folder, table, columns):
    found = duckdb.sql(
        f"SELECT COLUMNS(*)::VARCHAR FROM (SELECT {columns} FROM "
        f"read_parquet('{folder}/**/{table}.parquet', hive_partitioning = false) "
        f"WHERE {CHOSEN.get(table, 'true')})"
    )
    return sorted(map(str, found.fetchall()))


class Fleet(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.environ["SPARK_HOME"] = str(Path(pyspark.__file__).parent)
        os.environ["PYSPARK_PYTHON"] = sys.executable
        master = os.environ.get("SPARK_MASTER", "local-cluster[2,1,1024]")
        builder = SparkSession.builder.master(master).appName("fleet")
        builder = builder.config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
        builder = builder.config("spark.executor.memory", "600m")
        # Small files are tasks of their own, as large ones are.
        builder = builder.config("spark.files.openCostInBytes", "0")
        cls.spark = builder.config("spark.log.level", "ERROR").getOrCreate()
        cls.kept = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.kept.name)
        cls.keys = key_list(cls.folder)
        cls.files = pieces.cut(list(captures()), cls.folder / "captures", PIECES)

    @classmethod
    def tearDownClass(cls):
        cls.spark.stop()
        cls.kept.cleanup()

    def on_spark(self, name, captures="captures"):
        out = self.folder / name
        job = Job(f"file:{self.folder}/{captures}/host*", f"file:{out}", PROGRAM, self.keys, SHARDS)
        return out, run(self.spark, job)

    def on_one_machine(self, name, captures="captures"):
        """By the key log of one unlocking, since where a secret came from is told in words too."""
        out, log = self.folder / name, self.folder / f"{name}.keylog"
        shown = sorted(map(str, (self.folder / captures).glob("host*")))
        handshakes = self.folder / f"{name}.jsonl"
        subprocess.run([PROGRAM, "handshakes", "-q", "-o", str(handshakes), *shown])
        subprocess.run([PROGRAM, "unlock", "-q", *self.keys, "-o", str(log), str(handshakes)], check=True)
        line = ["--keylog", str(log), "--format", "parquet", "-q", "-o", str(out), *shown]
        subprocess.run([PROGRAM, *line], capture_output=True)
        return out

    def assert_same(self, distributed, local):
        for table, columns in TABLES.items():
            found, expected = rows(distributed, table, columns), rows(local, table, columns)
            self.assertGreater(len(expected), 10, table)
            self.assertEqual(found, expected, table)

    def test_the_tables_are_those_of_one_run(self):
        distributed, notes = self.on_spark("spark")
        local = self.on_one_machine("local")
        self.assertEqual(notes, [])
        self.assert_same(distributed, local)
        resumed = rows(distributed, "sessions", "resumed, decryption_status")
        self.assertGreater(resumed.count("('ticket', 'decrypted')"), 1, resumed)
        self.assertGreater(resumed.count("('session_id', 'decrypted')"), 0, resumed)
        again, _ = self.on_spark("again")
        for table in distributed.glob("**/*.parquet"):
            same = again / table.relative_to(distributed)
            self.assertEqual(same.read_bytes(), table.read_bytes(), table)

    def test_a_lost_executor_loses_nothing(self):
        killed = []
        killer = threading.Thread(target=self.kill_an_executor, args=(killed,))
        killer.start()
        distributed, _ = self.on_spark("survived")
        killer.join()
        self.assertEqual(len(killed), 1, "no executor was there to kill")
        self.assert_same(distributed, self.on_one_machine("local-survived"))

    def kill_an_executor(self, killed):
        """As soon as a task of the run is done: its results go with the executor."""
        tracker = self.spark.sparkContext.statusTracker()
        for _ in range(600):
            stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
            if any(stage and stage.numCompletedTasks > 0 for stage in stages):
                break
            time.sleep(0.1)
        jvm = self.spark.sparkContext._gateway.proc.pid
        listed = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True).stdout
        processes = [line.split(None, 2) for line in listed.splitlines()[1:]]
        family = {jvm}
        for pid, parent, _ in sorted(processes, key=lambda process: int(process[0])):
            if int(parent) in family:
                family.add(int(pid))
        for pid, _, command in processes:
            if int(pid) in family and "CoarseGrainedExecutorBackend" in command:
                os.kill(int(pid), signal.SIGKILL)
                killed.append(int(pid))
                return

    def test_a_truncated_file_is_told_and_the_rest_is_read(self):
        damaged = self.folder / "damaged"
        for file in self.files:
            copy = damaged / file.relative_to(self.folder / "captures")
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
        last = damaged / self.files[-1].relative_to(self.folder / "captures")
        last.write_bytes(last.read_bytes()[:-7])
        (damaged / "host0" / "9999.pcap").write_bytes(b"no capture at all")
        distributed, notes = self.on_spark("of-damaged", "damaged")
        self.assertEqual(len(notes), 2, notes)
        self.assertIn("ends within the record", "".join(notes))
        local = self.on_one_machine("local-of-damaged", "damaged")
        for table in ("sessions", "mails", "exchanges"):
            self.assertEqual(
                rows(distributed, table, TABLES[table]), rows(local, table, TABLES[table]), table
            )


if __name__ == "__main__":
    unittest.main(verbosity=2)
