#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write a Delta table with another engine, for us to open and append to: see --help.

Commit N (from 0) appends the rows id = 10 N ... 10 N + 9; a checkpoint is written at every fifth version.
"""
import argparse
import datetime
import decimal
import sys

import pyarrow as pa

SCHEMA = pa.schema([("id", pa.int64()), ("name", pa.string()), ("price", pa.decimal128(10, 2)), ("ratio", pa.float64()),
                    ("at", pa.timestamp("us", "UTC")), ("day", pa.date32()), ("good", pa.bool_())])


def rows(commit):
    ids = range(10 * commit, 10 * commit + 10)
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    return pa.table([
        list(ids), [None if i % 7 == 0 else f"name {i}" for i in ids],
        [None if i % 5 == 0 else decimal.Decimal(i * 125 - 3000).scaleb(-2) for i in ids], [i / 8 for i in ids],
        [start + datetime.timedelta(seconds=i, microseconds=i) for i in ids],
        [(start + datetime.timedelta(days=i)).date() for i in ids], [None if i % 3 == 0 else i % 2 == 0 for i in ids],
    ], schema=SCHEMA)


def by_deltalake(path, commits):
    from deltalake import DeltaTable, write_deltalake
    for n in range(commits):
        write_deltalake(path, rows(n), mode="append")
        if n and n % 5 == 0:
            DeltaTable(path).create_checkpoint()


def by_spark(path, commits, jars):
    sys.path.insert(0, __file__.rsplit("/", 1)[0])
    from read_table import Spark
    spark = Spark(argparse.Namespace(jars=jars, endpoint=None)).spark
    names = {"int64": "BIGINT", "string": "STRING", "decimal128(10, 2)": "DECIMAL(10,2)", "double": "DOUBLE",
             "timestamp[us, tz=UTC]": "TIMESTAMP", "date32[day]": "DATE", "bool": "BOOLEAN"}
    columns = ", ".join(f"{f.name} {names[str(f.type)]}" for f in SCHEMA)
    for n in range(commits):
        if n == 0:  # the first commit makes the table, with rows
            values = spark.createDataFrame(rows(n).to_pylist(), columns)
            values.coalesce(1).write.format("delta").option("delta.checkpointInterval", "5").save(path)
        else:
            spark.createDataFrame(rows(n).to_pylist(), columns).coalesce(1).write.format("delta").mode("append").save(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", help="a local folder that is not there yet")
    parser.add_argument("--engine", required=True, choices=["deltalake", "spark"])
    parser.add_argument("--commits", type=int, default=13)
    parser.add_argument("--jars", help="spark: folder of the Delta jars (tests/fetch spark)")
    args = parser.parse_args()
    if args.engine == "spark":
        by_spark(args.table, args.commits, args.jars)
    else:
        by_deltalake(args.table, args.commits)


if __name__ == "__main__":
    main()
