#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Spark changes a Delta table again and again: MERGE, DELETE, UPDATE, OPTIMIZE, INSERT, new columns, properties.

The table has the columns id (long), v (long), n (short) and others. What each commit does is in its userMetadata, as
JSON, so that tests/support/table_model.py can replay the log. One JSON line on stdout for each operation: its spec, and
the error of one that Spark gave up because of another writer.
"""
import argparse
import atexit
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

PROPERTIES = [("delta.enableTypeWidening", "true"), ("delta.enableDeletionVectors", "true"),
              ("delta.enableRowTracking", "true"), ("delta.enableChangeDataFeed", "true"),
              ("delta.columnMapping.mode", "name"), ("delta.checkpointInterval", "25"), ("my.own", "x"),
              ("delta.enableInCommitTimestamps", "true"), ("delta.checkpointPolicy", "v2")]
WIDER = ["INT", "BIGINT"]  # what the type of column n becomes


class Loop:
    def __init__(self, spark, table, seed, switches):
        self.spark, self.table, self.random = spark, f"delta.`{table}`", random.Random(seed)
        self.columns, self.negative, self.properties = 0, 0, list(PROPERTIES) + switches
        self.wider = list(WIDER)
        self.kinds = ["delete", "update", "merge", "optimize", "insert", "column", "property", "widen", "comment"]
        self.missing = list(self.kinds)

    def spec(self, n):
        """The operation number n: first one of each kind, until it is done, then by chance."""
        kind = self.missing[0] if self.missing else self.random.choice(self.kinds)
        if kind in ("delete", "update"):
            return {"op": kind, "mod": 17, "rest": self.random.randrange(17), "by": n}
        if kind == "merge":
            self.negative += 5
            old = sorted(self.random.sample(range(0, 2000), 20))
            return {"op": kind, "ids": old + list(range(-self.negative, 5 - self.negative)), "v": 1000000 + n}
        if kind == "insert":
            self.negative += 3
            return {"op": kind, "ids": list(range(-self.negative, 3 - self.negative)), "v": n}
        if kind == "column":
            self.columns += 1
            return {"op": kind, "name": f"s{self.columns}", "shared": self.columns % 3 == 0}
        if kind == "widen":
            return {"op": kind, "type": self.wider[0] if self.wider else "BIGINT"}
        if kind == "property":
            key, value = self.properties.pop(0) if self.properties else ("my.own", str(n))
            return {"op": kind, "key": key, "value": value}
        return {"op": kind, "n": n}

    def sql(self, s):
        t, op = self.table, s["op"]
        values = ", ".join(f"({i}, {s.get('v')})" for i in s.get("ids", []))
        return {
            "delete": lambda: f"DELETE FROM {t} WHERE pmod(id, {s['mod']}) = {s['rest']} AND id % 2 = 0",
            "update": lambda: f"UPDATE {t} SET v = v + {s['by']} WHERE pmod(id, {s['mod']}) = {s['rest']}",
            "merge": lambda: f"MERGE INTO {t} t USING (SELECT * FROM VALUES {values} AS s(id, v)) s ON t.id = s.id "
                             "WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, s.v)",
            "insert": lambda: f"INSERT INTO {t} (id, v) VALUES {values}",
            "optimize": lambda: f"OPTIMIZE {t}",
            "column": lambda: f"ALTER TABLE {t} ADD COLUMNS ({s['name']} STRING)",
            "property": lambda: f"ALTER TABLE {t} SET TBLPROPERTIES ('{s['key']}' = '{s['value']}')",
            "widen": lambda: f"ALTER TABLE {t} ALTER COLUMN n TYPE {s['type']}",
            "comment": lambda: f"ALTER TABLE {t} ALTER COLUMN v COMMENT 'changed {s['n']} times'",
        }[op]()

    def step(self, n):
        spec = self.spec(n)
        print(json.dumps({"about": spec}), flush=True)  # before it happens: others may race for the same column
        self.spark.conf.set("spark.databricks.delta.commitInfo.userMetadata", json.dumps(spec))
        try:
            self.spark.sql(self.sql(spec)).collect()
            print(json.dumps({"done": spec}), flush=True)
            if spec["op"] == "widen":
                self.wider = self.wider[1:]
            self.missing = [kind for kind in self.missing if kind != spec["op"]]
        except Exception as error:  # a Python form of a Java exception, of which there are many
            print(json.dumps({"failed": spec, "error": str(error)[:300]}), flush=True)


def link_log_store(jars):
    """A folder with the compiled LinkLogStore.java, which says what it is for."""
    import pyspark
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    spark = os.path.join(os.path.dirname(pyspark.__file__), "jars")
    subprocess.run(["javac", "-cp", f"{jars}/*:{spark}/*", "-d", folder,
                    os.path.join(os.path.dirname(__file__), "LinkLogStore.java")], check=True)
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", help="a local path or s3:// URI")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jars", required=True, help="folder of the Delta jars (tests/fetch spark)")
    parser.add_argument("--switch", action="append", default=[], help="KEY=VALUE: one more property to set")
    args = parser.parse_args()
    sys.path.insert(0, __file__.rsplit("/", 1)[0])
    from read_table import Spark
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    conf = {}
    if "://" not in args.table:
        conf = {"spark.driver.extraClassPath": f"{args.jars}/*:{link_log_store(args.jars)}",
                "spark.delta.logStore.file.impl": "LinkLogStore"}
    spark = Spark(argparse.Namespace(jars=args.jars, endpoint=endpoint, conf=conf)).spark
    loop = Loop(spark, args.table.replace("s3://", "s3a://", 1), args.seed, [tuple(s.split("=")) for s in args.switch])
    print(json.dumps({"ready": spark.version}), flush=True)
    end, n = time.monotonic() + args.seconds, 0
    while time.monotonic() < end or (loop.missing and n < 40):
        loop.step(n)
        n += 1
    spark.stop()


if __name__ == "__main__":
    main()
