"""Calls of the program. They run on executors, in folders that are gone afterwards."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

from pyspark import SparkFiles

NAME = "smtp-decrypt"

# Exit codes of docs/exit-codes.md after which there is a result: done, and a capture that is damaged
# or cannot be read, of which all else was read.
DONE, DAMAGED = 0, 3


class Failed(RuntimeError):
    """The program failed; Spark tries the task again."""


def call(arguments, folder):
    """Runs the program in a folder. Gives what it said of damage."""
    done = subprocess.run(
        [_path(folder), *arguments], cwd=folder, capture_output=True, text=True, errors="replace"
    )
    if done.returncode not in (DONE, DAMAGED):
        raise Failed(f"{NAME} {arguments[0]} ended with {done.returncode}: {done.stderr}")
    return done.stderr if done.returncode == DAMAGED else ""


def _path(folder):
    """The program as it was shipped; file servers do not carry the executable bit."""
    shipped = Path(SparkFiles.get(NAME))
    if os.access(shipped, os.X_OK):
        return str(shipped)
    own = Path(folder) / f".{NAME}"
    if not own.exists():
        shutil.copyfile(shipped, own)
        own.chmod(own.stat().st_mode | stat.S_IXUSR)
    return str(own)
