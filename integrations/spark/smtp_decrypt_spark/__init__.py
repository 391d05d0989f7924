"""smtp-decrypt over the captures of a fleet, on Apache Spark."""

from .job import Job, run

__all__ = ["Job", "run"]
