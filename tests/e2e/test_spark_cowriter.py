# SPDX-License-Identifier: Apache-2.0
"""Spark changes a table in every way it knows while we append to it in a loop: at the end the rows are the model's.

DELTAWRITE_COWRITER_SECONDS: how long Spark works (60). With 600 it is the long form.
"""
import collections
import glob
import json
import os
import shutil
import subprocess
import sys
import threading
import time

import pytest

from support import judges
from support.library import Library, Writer
from support.paths import TESTS, clean_environment, fetched, missing
from support.table_model import as_tuples, replay

SECONDS = float(os.environ.get("DELTAWRITE_COWRITER_SECONDS", "60"))
BATCH = 5
PLACES = ["here", "a b/c:%", None, "Zürich"]  # what p has: as partitions they need escapes of every kind


class Appender(threading.Thread):
    """Appends batch after batch until told to stop. Some columns that Spark is about to add are used at once, so that
    both may come to add one; now and then it adds one of its own."""

    def __init__(self, uri, pause):
        super().__init__(daemon=True)
        self.writer, self.pause = Writer(Library(), uri, "appender"), pause
        self.batches, self.columns, self.stop, self.error = {}, [], threading.Event(), None

    def rows(self, number):
        extra = {name: f"{name} {number}" for name in self.columns[-3:] if number % 3 == 0}
        return [{"id": number * BATCH + i, "v": number, "n": number % 100, "p": PLACES[(number + i) % 4], **extra}
                for i in range(BATCH)]

    def run(self):
        number = 0
        try:
            while not self.stop.is_set():
                if number % 300 == 50:
                    self.columns.append(f"w{number}")
                self.batches[number] = self.rows(number)
                self.writer.append(number, self.batches[number], self.pause)
                number += 1
                time.sleep(self.pause)
            self.writer.close()
        except Exception as error:  # for the test to see
            self.error = error


def spark_works(uri, appender, environment=None):
    """What Spark did: how often each kind of operation was done and given up."""
    command = [sys.executable, TESTS / "judges/dml_loop.py", str(uri), "--seconds", str(SECONDS),
               "--jars", fetched("spark")]
    count, errors = collections.Counter(), []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=clean_environment(**(environment or {}))) as spark:
        for line in spark.stdout:
            if not line.startswith("{"):  # Spark has things to say of itself
                print(line, end="")
                continue
            said = json.loads(line)
            if said.get("about", {}).get("shared"):
                appender.columns.append(said["about"]["name"])
            for what in ("done", "failed"):
                if what in said:
                    count[f"{said[what]['op']} {what}"] += 1
            if "error" in said:
                errors.append(f"{said['failed']['op']}: {said['error']}")
            assert appender.error is None, appender.error
        said = spark.stderr.read()
    assert spark.returncode == 0, said[-2000:]
    return count, errors


def read_log(folder):
    commits = []
    for name in sorted(glob.glob(f"{folder}/_delta_log/*.json")):
        if len(os.path.basename(name)) == len("00000000000000000000.json"):
            with open(name) as f:
                commits.append([json.loads(line) for line in f])
    return commits


@pytest.mark.parametrize("partitioned", [False, True], ids=["plain", "partitioned"])
def test_spark_changes_the_table_while_we_append(partitioned, local_tool, tmp_path):
    if shutil.which("javac") is None:
        missing("javac, for a store with which Spark does not overwrite others' commits on a local disk")
    uri = tmp_path / "table"
    local_tool.create(str(uri), [("id", "long"), ("v", "long"), ("n", "short"), ("p", "string")], "--property",
                      "delta.isolationLevel=WriteSerializable", *(["--partition-by", "p"] if partitioned else []),
                      folder=tmp_path)
    appender = Appender(uri, pause=0.2 if partitioned or SECONDS > 120 else 0.05)
    appender.start()
    count, errors = spark_works(uri, appender)
    appender.stop.set()
    appender.join(60)
    assert appender.error is None, appender.error
    print(f"{appender.writer.seen}, {dict(count)}, conflicts: {appender.writer.conflicts}, given up: {errors}")

    commits = read_log(uri)
    model = replay(commits, appender.batches)
    columns = [f["name"] for f in json.loads(next(a["metaData"] for actions in reversed(commits) for a in actions
                                                  if "metaData" in a)["schemaString"])["fields"]]
    assert sum(1 for actions in commits for a in actions if "txn" in a) == len(appender.batches)
    expected = model.sorted(columns)
    assert as_tuples(local_tool.rows(str(uri)), columns) == expected
    _, rows = judges.read("spark", uri, rows=True)
    assert as_tuples(rows, columns) == expected
    for kind in ("delete", "update", "merge", "optimize", "insert", "column", "property", "widen", "comment"):
        assert count[f"{kind} done"] > 0, (kind, dict(count), errors)
