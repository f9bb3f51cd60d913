# SPDX-License-Identifier: Apache-2.0
"""OPTIMIZE of tables that Spark makes, one feature each: Spark and the other engines read the same rows before and
after, at the old version too, and Spark's own OPTIMIZE and delta-rs's then find nothing odd."""
import json
import os
import pathlib

import pytest

from support import judges, tables
from support.programs import Tool

INSERTS = [f"INSERT INTO T SELECT id, CAST(id AS STRING) AS s, id % 3 AS p FROM range({n}, {n + 4})" for n in range(0, 12, 4)]
COLUMNS = "(id BIGINT, s STRING, p BIGINT)"

# name: (statements that make it, files left by our optimize, engines beside Spark that read it)
QUICK = judges.QUICK
CASES = {
    "plain": ([f"CREATE TABLE T {COLUMNS} USING delta", *INSERTS], 1, QUICK),
    "partitioned, with awkward values": (
        ["CREATE TABLE T (id BIGINT, s STRING, p STRING) USING delta PARTITIONED BY (p)",
         *["INSERT INTO T VALUES (1, 'a', 'x/y=z %'), (2, 'b', NULL), (3, 'c', 'ü')"] * 3], 3, QUICK),
    "mapped by name, a column renamed, one dropped": (
        [f"CREATE TABLE T {COLUMNS} USING delta TBLPROPERTIES ('delta.columnMapping.mode'='name')", INSERTS[0],
         "ALTER TABLE T RENAME COLUMN s TO t", "ALTER TABLE T DROP COLUMN p", "INSERT INTO T VALUES (77, 'new')"], 1, ()),
    "mapped by id, partitioned": (
        [f"CREATE TABLE T {COLUMNS} USING delta PARTITIONED BY (p) TBLPROPERTIES ('delta.columnMapping.mode'='id')",
         *INSERTS], 3, ()),
    "deletion vectors": (
        ["CREATE TABLE T (id BIGINT, s STRING) USING delta TBLPROPERTIES ('delta.enableDeletionVectors'='true')",
         "INSERT INTO T SELECT id, 'x' FROM range(100)", "DELETE FROM T WHERE id % 3 = 0",
         "INSERT INTO T SELECT id, 'y' FROM range(100, 110)"], 1, ("deltalake", "duckdb")),
    "widened types": (
        ["CREATE TABLE T (id BIGINT, n SMALLINT, f FLOAT, d DATE) USING delta TBLPROPERTIES ('delta.enableTypeWidening'='true', "
         "'delta.feature.timestampNtz'='supported')",
         "INSERT INTO T VALUES (1, 1, 1.5, DATE'2020-01-01')", "ALTER TABLE T ALTER COLUMN n TYPE INT",
         "ALTER TABLE T ALTER COLUMN f TYPE DOUBLE", "ALTER TABLE T ALTER COLUMN d TYPE TIMESTAMP_NTZ",
         "INSERT INTO T VALUES (2, 100000, 0.1, TIMESTAMP_NTZ'2021-01-01 01:02:03')"], 1, ()),
    "evolved, nested": (
        ["CREATE TABLE T (id BIGINT, s STRUCT<x: INT>, l ARRAY<STRUCT<y: INT>>, m MAP<STRING, BIGINT>) USING delta",
         "INSERT INTO T VALUES (1, named_struct('x', 1), array(named_struct('y', 1)), map('k', 1)), (2, NULL, NULL, NULL)",
         "ALTER TABLE T ADD COLUMNS (s.z STRING, l.element.w INT, late DECIMAL(12,3))",
         "INSERT INTO T VALUES (3, named_struct('x', 2, 'z', 'zz'), array(named_struct('y', 2, 'w', 3)), map(), 1.234)"], 1,
        ("deltalake",)),
    "change data feed": (
        [f"CREATE TABLE T {COLUMNS} USING delta TBLPROPERTIES ('delta.enableChangeDataFeed'='true')", *INSERTS,
         "DELETE FROM T WHERE id = 5"], 1, QUICK),
    "row tracking": (
        [f"CREATE TABLE T {COLUMNS} USING delta TBLPROPERTIES ('delta.enableRowTracking'='true', "
         "'delta.enableDeletionVectors'='false')", *INSERTS, "UPDATE T SET s = 'u' WHERE id = 6"], 1, ("deltalake",)),
    "row tracking, mapped by id, deletion vectors": (
        [f"CREATE TABLE T {COLUMNS} USING delta TBLPROPERTIES ('delta.enableRowTracking'='true', "
         "'delta.columnMapping.mode'='id', 'delta.enableDeletionVectors'='true')", *INSERTS,
         "DELETE FROM T WHERE id = 1", "UPDATE T SET s = 'u' WHERE id = 6"], 1, ()),
    "clustered": ([f"CREATE TABLE T {COLUMNS} USING delta CLUSTER BY (p)", *INSERTS], 1, ()),
    "constraints, generated columns": (
        ["CREATE TABLE T (id BIGINT NOT NULL, g BIGINT GENERATED ALWAYS AS (id + 1)) USING delta",
         "ALTER TABLE T ADD CONSTRAINT c CHECK (id >= 0)", *["INSERT INTO T (id) VALUES (1), (2)"] * 2], 1, ()),
    "identity column": (
        ["CREATE TABLE T (id BIGINT GENERATED ALWAYS AS IDENTITY, s STRING) USING delta",
         *["INSERT INTO T (s) VALUES ('a'), ('b')"] * 2], 1, ()),
    "variant": (
        ["CREATE TABLE T (id BIGINT, v VARIANT) USING delta", "INSERT INTO T VALUES (1, parse_json('{\"a\": [1, true]}'))",
         "INSERT INTO T VALUES (2, parse_json('\"text\"'))"], 1, ()),
    "in-commit timestamps, v2 checkpoints, append only": (
        [f"CREATE TABLE T {COLUMNS} USING delta TBLPROPERTIES ('delta.enableInCommitTimestamps'='true', "
         "'delta.checkpointPolicy'='v2', 'delta.appendOnly'='true')", *INSERTS], 1, ()),
}


# Those where reading the old version takes more than reading the old files.
TRAVELLED = ("plain", "deletion vectors", "widened types", "row tracking, mapped by id, deletion vectors")


def make(folder, statements):
    path = pathlib.Path(folder) / "table"
    name = f"delta.`{path}`"
    judges.spark_sql(*(s.replace("TABLE T ", f"TABLE {name} ").replace("INTO T ", f"INTO {name} ")
                       .replace("FROM T ", f"FROM {name} ").replace("UPDATE T ", f"UPDATE {name} ") for s in statements))
    return path, name


def seen(case, name, version=None):
    """Rows as Spark has them, with their ids and versions where it tracks them."""
    columns = "*"
    if case == "variant":
        columns = "id, to_json(v) AS v"
    elif case.startswith("row tracking"):
        columns = "*, _metadata.row_id AS r, _metadata.row_commit_version AS v"
    at = "" if version is None else f" VERSION AS OF {version}"
    return tables.lines(judges.spark_sql(f"SELECT {columns} FROM {name}{at}"))


@pytest.mark.parametrize("case", CASES)
def test_every_engine_reads_the_rows_that_were_there_before(case, tmp_path):
    statements, files, engines = CASES[case]
    path, name = make(tmp_path, statements)
    tool = Tool()
    old = tool.json("info", path)
    before, summaries = seen(case, name), {e: judges.read(e, path) for e in engines}
    done = tool.json("optimize", path)
    assert done["version"] == old["version"] + 1 and done["numAddedFiles"] == files, done
    assert len(tool.json("files", path)) == files
    assert seen(case, name) == before
    if case in TRAVELLED:
        assert seen(case, name, old["version"]) == before
    for engine, summary in summaries.items():
        assert judges.differences(summary, judges.read(engine, path)) == [], engine
    if case == "change data feed":
        changes = judges.spark_sql(f"SELECT count(*) AS n FROM table_changes_by_path('{path}', {done['version']})")
        assert changes[0]["n"] == 0
    if case != "identity column":
        judges.spark_sql(f"OPTIMIZE {name}")
        assert seen(case, name) == before
    if case == "plain":
        history = judges.spark_sql(f"DESCRIBE HISTORY {name}")
        entry = next(h for h in history if h["version"] == done["version"])
        assert entry["operation"] == "OPTIMIZE" and entry["isolationLevel"] == "SnapshotIsolation"
        assert entry["operationMetrics"]["numRemovedFiles"] == str(done["numRemovedFiles"])
    if case == "clustered":
        judges.spark_sql(f"OPTIMIZE {name} FULL")
        assert seen(case, name) == before


AWKWARD = ["x/y=z %", "ü 日本", "a+b", "a:b", "%41", "~t'(!)*@,;$&=#?[]^`{|}<>\"\\", "-_."]


def test_a_mistake_is_told_with_the_table_whatever_it_is_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    local_tool = Tool()
    local_tool.create("w", [("id", "long")], folder=tmp_path)
    done = local_tool.run("optimize", "w", "--where", "nope = 1")
    assert done.returncode == 1 and done.stderr.startswith("deltawrite: w: where: column nope"), done.stderr


def test_delta_rs_finds_nothing_odd(tmp_path):
    """It spells the paths of files anew when it removes them: ours have one spelling only."""
    from deltalake import DeltaTable
    tool, path = Tool(), str(tmp_path / "table")
    tool.create(path, [("id", "long"), ("p", "string")], "--partition-by", "p", folder=tmp_path)
    rows = [{"id": n, "p": p} for n, p in enumerate([*AWKWARD, None])]
    for _ in range(2):
        tool("import", path, "-", stdin="".join(json.dumps(row) + "\n" for row in rows))
    assert tool.json("optimize", path)["numAddedFiles"] == len(rows)
    tool("import", path, "-", stdin="".join(json.dumps(row) + "\n" for row in rows))
    done = DeltaTable(path).optimize.compact()
    assert (done["numFilesRemoved"], done["numFilesAdded"]) == (2 * len(rows), len(rows))
    want = tables.lines(rows * 3)
    for engine in ("deltalake", "duckdb", "spark"):
        assert tables.lines(judges.read(engine, path, rows=True)[1]) == want, engine
    assert len(tool.rows(path)) == len(want)
    DeltaTable(path).vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    assert tables.lines(judges.read("duckdb", path, rows=True)[1]) == want


# DELTAWRITE_LONG=1: all of them.
@pytest.mark.parametrize("entry", tables.of_kind("read")[::1 if os.environ.get("DELTAWRITE_LONG") == "1" else 4])
def test_each_table_of_others_keeps_its_rows_or_is_refused_by_name(entry, tmp_path):
    tables.needed(entry)
    if "rows" not in entry:
        pytest.skip("too large to compare row by row")
    tool, path = Tool(), tables.copy(entry, tmp_path)
    before = sorted(path.rglob("*.parquet"))
    done = tool.run("optimize", path, "--json")
    if done.returncode:
        assert "is not supported" in done.stderr or "schemaString is missing" in done.stderr, done.stderr
        assert sorted(path.rglob("*.parquet")) == before
        return
    assert json.loads(done.stdout)["numSkippedBins"] == 0
    with open(tables.TABLES / entry["rows"]) as f:
        want = tables.lines(map(json.loads, f))
    engine = next((e for e in ("deltalake", "duckdb", "spark") if entry["judges"].get(e) == "same"), None)
    if engine is not None:
        _, rows = judges.read(engine, path, rows=True)
        assert tables.lines(rows) == want, engine
    again = json.loads(tool("optimize", path, "--json"))
    assert again["version"] is None, again
