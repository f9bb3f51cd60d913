#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Spark as keeper of a Delta log, told what to do on standard input: one JSON object a line, one answer each.

{"do": "sql", "text": ...}          rows of a statement
{"do": "verify", "table": PATH}     the latest version; whether Spark finds its checksum file, and it right
{"do": "checkpoint", "table": PATH} Spark writes a checkpoint, and cleans the log up as it does after one
"""
import argparse
import json
import sys

from read_table import Spark


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jars", required=True, help="folder of the Delta jars (tests/fetch spark)")
    answers, sys.stdout = sys.stdout, sys.stderr
    spark = Spark(argparse.Namespace(jars=parser.parse_args().jars, endpoint=None)).spark
    spark.conf.set("spark.databricks.delta.state.corruptionIsFatal", "true")
    delta_log = spark._jvm.org.apache.spark.sql.delta.DeltaLog
    nothing = getattr(getattr(spark._jvm.scala.collection.immutable, "Map$"), "MODULE$").empty()
    for line in sys.stdin:
        order = json.loads(line)
        answer = {}
        try:
            if order["do"] == "sql":
                answer["rows"] = [row.asDict() for row in spark.sql(order["text"]).collect()]
            else:
                delta_log.clearCache()
                log = delta_log.forTable(spark._jsparkSession, order["table"])
                snapshot = log.unsafeVolatileSnapshot()
                if order["do"] == "checkpoint":
                    log.checkpoint()
                else:
                    checksum = snapshot.checksumOpt().isDefined()
                    answer = {"version": snapshot.version(), "files": snapshot.numOfFiles(), "checksum": checksum,
                              "right": checksum and snapshot.validateChecksum(nothing)}
        except Exception as e:  # whatever Spark says of the table is the answer
            answer["error"] = str(e)[:1000]
        print(json.dumps(answer, default=str), file=answers, flush=True)


if __name__ == "__main__":
    main()
