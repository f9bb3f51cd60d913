# SPDX-License-Identifier: Apache-2.0
"""Optimize, checkpoint, clean, vacuum, restore and log compaction in random order over copies of tables that others
wrote: after each, engines that read the table before read the same rows, and at the end their own VACUUM finds nothing
left and their own OPTIMIZE leaves the rows as they are.

DELTAWRITE_MAINTENANCE=all takes every table that can be read, and Spark's VACUUM and OPTIMIZE too; =spark has Spark read
after each step, not only at the end. DELTAWRITE_MAINTENANCE_SEED=N is where the order comes from."""
import json
import os
import random
import subprocess
import urllib.parse

import pytest
from deltalake import DeltaTable

from support import judges, tables
from support.paths import clean_environment
from support.programs import Tool

ALL = os.environ.get("DELTAWRITE_MAINTENANCE") in ("all", "spark")
SPARK_EACH = os.environ.get("DELTAWRITE_MAINTENANCE") == "spark"
SEED = int(os.environ.get("DELTAWRITE_MAINTENANCE_SEED", "1"))
STEPS = 8 if ALL else 6
OPERATIONS = ("optimize", "checkpoint", "clean", "vacuum", "restore", "compact-log")

# Of the suite: plain, mapped by name and id, partitioned by null and by odd characters, evolved and widened columns,
# deletion vectors, change data, V2 checkpoints.
CHOSEN = ("dat/basic_append", "dat/column_mapping", "dat/partitioned_with_null", "dat/with_schema_change",
          "delta-golden/dv-partitioned-with-checkpoint", "delta-golden/type-widening", "delta-kernel/column-mapping-id",
          "delta-rs/delta-0.8.0-special-partition", "kernel-rs/cdf-table",
          "kernel-rs/v2-checkpoints-parquet-with-last-checkpoint")

# What an operation may refuse a table for: the feature or whatever else stands in the way, as our message has it.
MAY_REFUSE = ("is not supported", "are not supported", "delta.appendOnly", "metaData.schemaString is missing",
              "absolute paths out of the table's store",
              "no checkpoint is written")  # of a table whose checksum file contradicts its log
# A restore, besides: files that a vacuum took, versions that a clean took.
MAY_LACK = ("of its files (or their deletion vectors) are gone", "no such version")


def entries():
    chosen = [p for p in tables.of_kind("read") if p.values[0] is None or (
        "rows" in p.values[0] and (ALL or p.values[0]["path"] in CHOSEN))]
    return chosen or [pytest.param(None, id="no-tables")]


class Story:
    """One table's way through a random order of operations."""

    def __init__(self, entry, path):
        self.entry, self.path, self.tool = entry, path, Tool()
        self.random = random.Random(f"{SEED} {entry['path']}")
        with open(tables.TABLES / entry["rows"]) as f:
            self.want = tables.lines(json.loads(line) for line in f)
        self.rows = {entry["version"]: self.want}  # of versions that can be gone back to
        self.engines = [e for e, said in entry["judges"].items() if said == "same" and e != "polars"]
        self.done = []
        self.before = self.findings()

    def findings(self):
        done = self.tool.run("verify", self.path, "--full", "--json")
        assert done.returncode in (0, 1), done.stderr
        return {(f["code"], f["object"]) for f in json.loads(done.stdout)["findings"] if f["severity"] == "error"}

    def version(self):
        return self.tool.json("info", self.path)["version"]

    def make_old(self):
        """As if the log had been written long ago."""
        for each in sorted((self.path / "_delta_log").iterdir()):
            os.utime(each, (each.stat().st_mtime - 90 * 86400,) * 2)

    def go(self, operation):
        arguments = {"vacuum": ["--retain-hours", 0, "--unsafe-retention"]}.get(operation, [])
        want = self.want
        if operation == "restore":
            target = self.random.choice(sorted(self.rows))
            arguments, want = ["--version", target], self.rows[target]
        done = self.tool.run(operation, self.path, *arguments)
        self.done.append(f"{operation} {' '.join(map(str, arguments))}: {done.returncode} {done.stdout.strip()} "
                         f"{done.stderr.strip()}")
        if done.returncode:
            allowed = MAY_REFUSE + (MAY_LACK if operation == "restore" else ())
            assert done.returncode == 1 and any(text in done.stderr for text in allowed), self.story()
            return
        self.want = want
        self.rows[self.version()] = want

    def check(self, engines):
        assert self.findings() <= self.before, self.story()
        for engine in engines:
            _, rows = judges.read(engine, self.path, rows=True)
            assert tables.lines(rows) == self.want, f"{engine}: {self.story()}"

    def story(self):
        return f"seed {SEED}, {self.entry['path']}:\n" + "\n".join(self.done)


def check_vacuum_of_others(story):
    """After a vacuum of ours that kept nothing, theirs have nothing to do."""
    if "deltalake" in story.engines:
        try:
            left = DeltaTable(str(story.path)).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=True)
        except Exception as error:  # a feature that it reads and does not write
            left = []
            story.done.append(f"delta-rs: {error}")
        left = [each for each in left if (story.path / urllib.parse.unquote(each)).exists()]  # it names them from the log
        assert left == [], f"delta-rs would remove {left}: {story.story()}"
    if "spark" in story.engines and ALL:
        try:
            left = judges.spark_sql("set spark.databricks.delta.retentionDurationCheck.enabled=false",
                                    f"vacuum delta.`{story.path}` retain 0 hours dry run")
        except RuntimeError as error:
            left = []
            story.done.append(f"spark: {error}")
        left = [row for row in left if not os.path.isdir(next(iter(row.values())).removeprefix("file:"))]
        assert left == [], f"Spark would remove {left}: {story.story()}"


def optimize_by_others(story):
    if "deltalake" in story.engines:
        try:
            DeltaTable(str(story.path)).optimize.compact()
            story.done.append("delta-rs compact")
        except Exception as error:
            story.done.append(f"delta-rs compact: {error}")
    if "spark" in story.engines and ALL:
        try:
            judges.spark_sql(f"optimize delta.`{story.path}`")
            story.done.append("spark optimize")
        except RuntimeError as error:
            story.done.append(f"spark optimize: {error}")


@pytest.mark.parametrize("entry", entries())
def test_rows_stay_in_any_order_of_maintenance(entry, tmp_path):
    tables.needed(entry)
    path = tables.copy(entry, tmp_path)
    info = subprocess.run(Tool().command("info", path), capture_output=True, text=True, env=clean_environment())
    if info.returncode:
        assert any(text in info.stderr for text in MAY_REFUSE), info.stderr
        return
    story = Story(entry, path)
    every = [e for e in story.engines if e != "spark" or SPARK_EACH]
    if story.random.random() < 0.5:
        story.make_old()
    for operation in story.random.choices(OPERATIONS, k=STEPS):
        story.go(operation)
        story.check(every)
    story.go("vacuum")
    story.check(every)
    check_vacuum_of_others(story)
    optimize_by_others(story)
    story.check(story.engines)


def test_a_dry_run_names_the_files_that_sparks_does(local_tool, tmp_path):
    """Odd names of files and folders, tombstones, deletion vectors and change data, all of them old."""
    path = tmp_path / "table"
    local_tool.create(path, [("n", "long"), ("_p", "string")], "--partition-by", "_p", "--property",
                      "delta.enableDeletionVectors=true", "--property", "delta.enableChangeDataFeed=true",
                      folder=tmp_path)
    rows = [{"n": n, "_p": p} for p in ("a b", "x=%25/y", "ü", None) for n in range(4)]
    local_tool("import", path, "-", stdin="".join(json.dumps(row) + "\n" for row in rows))
    judges.spark_sql(f"delete from delta.`{path}` where n = 1", f"update delta.`{path}` set n = 7 where n = 2",
                     f"delete from delta.`{path}` where _p = 'a b'")
    local_tool("import", path, "-", stdin='{"n":1,"_p":"a b"}\n')
    for name in ("orphan.parquet", "_hidden/file", ".hidden", "_SUCCESS", "deep/er/file", "deep/_SUCCESS", "deep/.x.crc",
                 "_delta_index/file", "_p=new/file", "_q=1/file", "_change_data/old", "_p=a b/with %41 + & é.parquet",
                 "_p=a b/_nested/file", "metadata/file", "deletion_vector_00000000-0000-0000-0000-000000000000.bin"):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(b"123")
    for each in path.rglob("*"):
        if "_delta_log" not in each.parts and each.is_file():
            os.utime(each, (each.stat().st_mtime - 90 * 86400,) * 2)
    ours = local_tool.json("vacuum", path, "--retain-hours", 0, "--unsafe-retention", "--dry-run")["paths"]
    theirs = judges.spark_sql("set spark.databricks.delta.retentionDurationCheck.enabled=false",
                              f"vacuum delta.`{path}` retain 0 hours dry run")
    theirs = [row["path"].removeprefix("file:") for row in theirs]
    theirs = sorted(os.path.relpath(each, path) for each in theirs if not os.path.isdir(each))
    assert sorted(ours) == theirs
    assert len(theirs) > 12


def test_spark_goes_on_after_a_restore_and_restores_ours(local_tool, tmp_path):
    """Row ids, clustering columns and in-commit timestamps are what Spark expects of a restored table."""
    path = tmp_path / "table"
    table = f"delta.`{path}`"
    judges.spark_sql(f"create table {table} (a long, b string) using delta cluster by (a) tblproperties("
                     "'delta.enableRowTracking'='true', 'delta.enableInCommitTimestamps'='true',"
                     "'delta.enableDeletionVectors'='true')",
                     f"insert into {table} values (1, 'x'), (2, 'y')", f"insert into {table} values (3, 'z')")
    query = f"select a, b, _metadata.row_id as id from {table} order by a"
    before = judges.spark_sql(query)
    judges.spark_sql(f"delete from {table} where a = 1", f"alter table {table} cluster by (b)",
                     f"alter table {table} add column c int", f"insert into {table} values (4, 'w', 5)")
    assert local_tool.json("restore", path, "--version", 2)["changed"]
    assert judges.spark_sql(query) == before
    detail = judges.spark_sql(f"describe detail {table}")[0]
    assert list(detail["clusteringColumns"]) == ["a"]
    judges.spark_sql(f"insert into {table} values (9, 'n')")
    after = judges.spark_sql(query)
    assert after[:-1] == before and after[-1]["id"] not in {row["id"] for row in before}
    judges.spark_sql(f"restore table {table} to version as of 6")
    rows = judges.spark_sql(f"select a, c from {table} order by a")
    assert rows == [{"a": 2, "c": None}, {"a": 3, "c": None}, {"a": 4, "c": 5}]
    proof = local_tool.json("verify", path, "--full")
    assert proof["errors"] == 0, proof["findings"]
