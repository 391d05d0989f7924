"""The command line: `python -m smtp_decrypt_spark --help`."""

import argparse
import sys

from pyspark.sql import SparkSession

from .job import Job, run


def main():
    parser = argparse.ArgumentParser(prog="smtp_decrypt_spark", description=__doc__)
    parser.add_argument("captures", help="as Hadoop names them: folders, globs, commas between")
    parser.add_argument("-o", "--output", required=True, help="where the tables go")
    parser.add_argument("--binary", required=True, help="smtp-decrypt with the feature parquet")
    parser.add_argument("--keys", action="append", default=[], help="a key list on this machine")
    parser.add_argument("--key", action="append", default=[], help="a key file on this machine")
    parser.add_argument("--shards", type=int, default=64)
    parser.add_argument("--port", type=int, action="append", default=[])
    parser.add_argument("--rounds", type=int, default=1)
    typed = parser.parse_args()
    keys = [word for path in typed.keys for word in ("--keys", path)]
    keys += [word for path in typed.key for word in ("--key", path)]
    job = Job(
        typed.captures, typed.output, typed.binary, keys, typed.shards, tuple(typed.port), typed.rounds
    )
    spark = SparkSession.builder.appName("smtp-decrypt").getOrCreate()
    notes = run(spark, job)
    spark.stop()
    sys.stderr.writelines(notes)


if __name__ == "__main__":
    main()
