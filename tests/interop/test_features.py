# SPDX-License-Identifier: Apache-2.0
"""Tables that Spark makes with one feature each: we append to them and Spark finds old and new rows right, or we refuse
by the feature's name, before any file is written."""
import base64
import json
import pathlib

import pyarrow.parquet as pq
import pytest

from judges.read_table import dump
from support import judges
from support.programs import Tool

# What Spark runs to make the table (T is its name there), the record that we append, and how Spark sees the new row.
APPENDED = {
    "legacy writer 3, constraint dropped": (
        ["CREATE TABLE T (id BIGINT) USING delta TBLPROPERTIES ('delta.minReaderVersion'='1', 'delta.minWriterVersion'='3')",
         "ALTER TABLE T ADD CONSTRAINT c CHECK (id > 0)", "INSERT INTO T VALUES (1)", "ALTER TABLE T DROP CONSTRAINT c"],
        {"id": 2}, {"id": 2}),
    "legacy writer 4, change data feed": (
        ["CREATE TABLE T (id BIGINT) USING delta TBLPROPERTIES ('delta.minReaderVersion'='1', 'delta.minWriterVersion'='4', "
         "'delta.enableChangeDataFeed'='true')", "INSERT INTO T VALUES (1)"],
        {"id": 2}, {"id": 2}),
    "legacy writer 6": (
        ["CREATE TABLE T (id BIGINT) USING delta TBLPROPERTIES ('delta.minReaderVersion'='2', 'delta.minWriterVersion'='6')",
         "INSERT INTO T VALUES (1)"],
        {"id": 2}, {"id": 2}),
    "defaults": (
        ["CREATE TABLE T (id BIGINT, n INT DEFAULT 42, s STRING DEFAULT 'x''y', d DATE DEFAULT DATE'2026-01-31', "
         "p DECIMAL(10,2) DEFAULT -1.5) USING delta TBLPROPERTIES ('delta.feature.allowColumnDefaults'='supported')",
         "INSERT INTO T (id) VALUES (1)"],
        {"id": 2, "s": "given"}, {"id": 2, "n": 42, "s": "given", "d": "2026-01-31", "p": "-1.50"}),
    "a default that is no literal, supplied": (
        ["CREATE TABLE T (id BIGINT, at TIMESTAMP DEFAULT current_timestamp()) USING delta "
         "TBLPROPERTIES ('delta.feature.allowColumnDefaults'='supported')", "INSERT INTO T (id) VALUES (1)"],
        {"id": 2, "at": None}, {"id": 2, "at": None}),
    "deletion vectors": (
        ["CREATE TABLE T (id BIGINT) USING delta TBLPROPERTIES ('delta.enableDeletionVectors'='true')",
         "INSERT INTO T SELECT id FROM range(100)", "DELETE FROM T WHERE id % 2 = 0"],
        {"id": 1000}, {"id": 1000}),
    "clustering": (
        ["CREATE TABLE T (id BIGINT, c BIGINT) USING delta CLUSTER BY (c) TBLPROPERTIES "
         "('delta.dataSkippingStatsColumns'='c')", "INSERT INTO T VALUES (1, 1)"],
        {"id": 2, "c": 3}, {"id": 2, "c": 3}),
    "type widening": (
        ["CREATE TABLE T (id SMALLINT) USING delta TBLPROPERTIES ('delta.enableTypeWidening'='true')",
         "INSERT INTO T VALUES (1)", "ALTER TABLE T ALTER COLUMN id TYPE INT", "INSERT INTO T VALUES (100000)"],
        {"id": 200000}, {"id": 200000}),
    "column mapping, renamed and dropped": (
        ["CREATE TABLE T (id BIGINT, a STRING, gone INT) USING delta TBLPROPERTIES ('delta.columnMapping.mode'='name')",
         "INSERT INTO T VALUES (1, 'x', 1)", "ALTER TABLE T RENAME COLUMN a TO b", "ALTER TABLE T DROP COLUMN gone"],
        {"id": 2, "b": "y"}, {"id": 2, "b": "y"}),
    "column mapping by id, nested": (
        ["CREATE TABLE T (id BIGINT, s STRUCT<x: INT, l: ARRAY<STRUCT<y: INT>>>) USING delta "
         "TBLPROPERTIES ('delta.columnMapping.mode'='id')", "INSERT INTO T VALUES (1, NULL)"],
        {"id": 2, "s": {"x": 1, "l": [{"y": 2}]}}, {"id": 2, "s": {"x": 1, "l": [{"y": 2}]}}),
    "v2 checkpoints": (
        ["CREATE TABLE T (id BIGINT) USING delta TBLPROPERTIES ('delta.checkpointPolicy'='v2', 'delta.checkpointInterval'='2')",
         *(f"INSERT INTO T VALUES ({n})" for n in range(4))],
        {"id": 20}, {"id": 20}),
    "a feature dropped, which leaves checkpoints protected": (
        ["CREATE TABLE T (id BIGINT) USING delta TBLPROPERTIES ('delta.enableDeletionVectors'='true')",
         "INSERT INTO T VALUES (1)", "ALTER TABLE T SET TBLPROPERTIES ('delta.enableDeletionVectors'='false')",
         "ALTER TABLE T DROP FEATURE deletionVectors"],
        {"id": 2}, {"id": 2}),
    "variants": (
        ["CREATE TABLE T (id BIGINT, v VARIANT) USING delta", "INSERT INTO T VALUES (1, parse_json('{\"a\": [1, true]}'))"],
        {"id": 2, "v": {"metadata": "AQAA", "value": "DAE="}}, {"id": 2, "v": "1"}),
    "lengths": (
        ["CREATE TABLE T (id BIGINT, c CHAR(4), v VARCHAR(3)) USING delta", "INSERT INTO T VALUES (1, 'ab', 'abc')"],
        {"id": 2, "c": "abcd", "v": "abc"}, {"id": 2, "c": "abcd", "v": "abc"}),
    "in-commit timestamps, switched on": (
        ["CREATE TABLE T (id BIGINT) USING delta", "INSERT INTO T VALUES (1)",
         "ALTER TABLE T SET TBLPROPERTIES ('delta.enableInCommitTimestamps'='true')"],
        {"id": 2}, {"id": 2}),
    "a constraint that the row meets": (
        ["CREATE TABLE T (id BIGINT) USING delta", "ALTER TABLE T ADD CONSTRAINT positive CHECK (id > 0 AND id < 9)",
         "INSERT INTO T VALUES (1)"],
        {"id": 2}, {"id": 2}),
    "not null": (
        ["CREATE TABLE T (id BIGINT NOT NULL, at TIMESTAMP_NTZ) USING delta", "INSERT INTO T VALUES (1, NULL)"],
        {"id": 2}, {"id": 2, "at": None}),
}

# What Spark runs, and what we say.
REFUSED = {
    "a constraint": (
        ["CREATE TABLE T (id BIGINT) USING delta", "ALTER TABLE T ADD CONSTRAINT positive CHECK (abs(id) > 0)"],
        "feature checkConstraints is not supported, and the table uses it (delta.constraints.positive)"),
    "a generated column": (
        ["CREATE TABLE T (id BIGINT, twice BIGINT GENERATED ALWAYS AS (id * 2)) USING delta"],
        "feature generatedColumns is not supported, and the table uses it (twice)"),
    "an identity column": (
        ["CREATE TABLE T (id BIGINT GENERATED ALWAYS AS IDENTITY, a INT) USING delta"],
        "feature identityColumns is not supported, and the table uses it (id)"),
    "Iceberg compatibility": (
        ["CREATE TABLE T (id BIGINT) USING delta TBLPROPERTIES ('delta.columnMapping.mode'='name', "
         "'delta.enableIcebergCompatV2'='true')"],
        "feature icebergCompatV2 is not supported, and the table uses it (delta.enableIcebergCompatV2)"),
}


def make(folder, statements):
    path = pathlib.Path(folder) / "table"
    name = f"delta.`{path}`"
    judges.spark_sql(*(s.replace("TABLE T ", f"TABLE {name} ").replace("INTO T ", f"INTO {name} ")
                       .replace("FROM T ", f"FROM {name} ") for s in statements))
    return path, name


def append(tool, path, record):
    return tool.run("import", path, "-", stdin=json.dumps(record) + "\n")


def select(name, columns, where="true"):
    """Rows of a table; a variant is its JSON text."""
    shown = ", ".join(f"to_json({c}) AS v" if c == "v" and "variant" in name else c for c in columns)
    return judges.spark_sql(f"SELECT {shown} FROM {name} WHERE {where} ORDER BY id")


@pytest.mark.parametrize("case", APPENDED)
def test_spark_finds_the_row_that_we_append_and_those_before(case, tmp_path):
    statements, record, want = APPENDED[case]
    path, name = make(tmp_path, statements)
    before = judges.spark_sql(f"SELECT count(*) AS n FROM {name}")[0]["n"]
    done = append(Tool(), path, record)
    assert done.returncode == 0, done.stderr
    if case == "variants":
        rows = judges.spark_sql(f"SELECT id, to_json(v) AS v FROM {name} WHERE id = {want['id']}")
    else:
        rows = judges.spark_sql(f"SELECT {', '.join(want)} FROM {name} WHERE id = {want['id']}")
    assert [{k: str(v) if isinstance(want[k], str) else v for k, v in row.items()} for row in rows] == [want]
    assert judges.spark_sql(f"SELECT count(*) AS n FROM {name}")[0]["n"] == before + 1


@pytest.mark.parametrize("case", REFUSED)
def test_what_we_cannot_do_is_refused_before_a_file_is_written(case, tmp_path):
    statements, message = REFUSED[case]
    path, _ = make(tmp_path, statements)
    files = sorted(path.rglob("*"))
    done = append(Tool(), path, {})
    assert done.returncode == 1 and message in done.stderr
    assert sorted(path.rglob("*")) == files


def test_a_lacking_default_that_is_no_literal_is_refused(tmp_path):
    path, name = make(tmp_path, APPENDED["a default that is no literal, supplied"][0])
    done = append(Tool(), path, {"id": 2})
    assert done.returncode == 1 and "feature allowColumnDefaults: the default of column at" in done.stderr
    assert judges.spark_sql(f"SELECT count(*) AS n FROM {name}")[0]["n"] == 1


def test_row_ids_of_ours_and_of_spark_never_meet(tmp_path):
    path, name = make(tmp_path, ["CREATE TABLE T (id BIGINT) USING delta TBLPROPERTIES ('delta.enableRowTracking'='true')",
                                 "INSERT INTO T SELECT id FROM range(5)"])
    tool = Tool()
    for first in (10, 20):
        tool("import", path, "-", stdin="".join('{"id": %d}\n' % (first + n) for n in range(3)))
        judges.spark_sql(f"INSERT INTO {name} VALUES ({first + 5}), ({first + 6})")
    judges.spark_sql(f"UPDATE {name} SET id = 100 WHERE id = 11")
    rows = judges.spark_sql(f"SELECT id, _metadata.row_id AS r, _metadata.row_commit_version AS v FROM {name} ORDER BY r")
    assert [row["r"] for row in rows] == list(range(15))
    assert [row["id"] for row in rows] == [0, 1, 2, 3, 4, 10, 100, 12, 15, 16, 20, 21, 22, 25, 26]
    assert [row["v"] for row in rows if row["id"] in (10, 20)] == [2, 4]


def test_spark_travels_to_times_before_and_after_commits_keep_them(tmp_path):
    path, name = make(tmp_path, ["CREATE TABLE T (id BIGINT) USING delta", "INSERT INTO T VALUES (1)"])
    tool = Tool()
    tool("import", path, "-", stdin='{"id": 2}\n')
    tool("set", path, "delta.enableInCommitTimestamps=true")
    tool("import", path, "-", stdin='{"id": 3}\n')
    judges.spark_sql(f"INSERT INTO {name} VALUES (4)")
    tool("import", path, "-", stdin='{"id": 5}\n')
    history = {h["version"]: h["timestamp"] for h in judges.spark_sql(f"DESCRIBE HISTORY {name}")}
    ours = {h["version"]: h["timestamp"] for h in tool.json("history", path)}
    assert history.keys() == ours.keys()
    properties = tool.json("info", path)["properties"]
    assert properties["delta.inCommitTimestampEnablementVersion"] == "3"
    assert int(properties["delta.inCommitTimestampEnablementTimestamp"]) == ours[3]
    for version, rows in ((1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (6, 5)):
        found = judges.spark_sql(f"SELECT count(*) AS n FROM {name} TIMESTAMP AS OF '{history[version]}'")
        assert found[0]["n"] == rows, f"version {version}"


JSON_VALUES = [
    '{"id": %d, "name": "row %d", "price": %d.25, "ok": true}', '{"id": %d, "name": null, "tags": ["a", %d, %d.5]}',
    '{"id": "text %d", "extra": {"deep": {"x": %d}, "list": [1, {"y": %d}]}}', '[%d, %d, "%d"]', '"%d %d %d"', '%d%d%d',
    '{"id": %d, "name": "a name that is longer than sixty-three characters, as not all of them are: %d", "z": %d}',
    '{"b": %d, "a": %d, "name": "%d"}', 'null', '{}', '[]', '{"name": {"not": "a string"}, "id": %d%d.%d}', 'true',
    '123456789012345678.901', '1e300', '{"id": 9223372036854775807, "price": -0.5}',
]


def test_shredded_variants_are_put_together_as_spark_does(tmp_path):
    """Spark chooses what to shred by the rows; judges print the two binaries of a variant."""
    path, name = make(tmp_path, ["CREATE TABLE T (id BIGINT, v VARIANT, s STRUCT<v: VARIANT>) USING delta "
                                 "TBLPROPERTIES ('delta.enableVariantShredding'='true')"])
    texts = [t.replace("%d", str(n)) for n, t in enumerate(JSON_VALUES * 5)]
    shapes = [JSON_VALUES[0].replace("%d", str(n)) for n in range(200)]
    for batch in (texts, shapes, texts + shapes):
        values = ", ".join(f"({n}, '{t}')" for n, t in enumerate(batch))
        judges.spark_sql("SET spark.sql.variant.writeShredding.enabled=true", "SET spark.sql.variant.inferShreddingSchema=true",
                         f"INSERT INTO {name} SELECT id, parse_json(t), named_struct('v', parse_json(t)) "
                         f"FROM VALUES {values} AS x(id, t)")
    columns = [c for f in path.glob("*.parquet") for c in str(pq.read_schema(f)).splitlines()]
    shredded = any("typed_value" in c for c in columns)
    ours = [{"id": r["id"], "v": hexed(r["v"]), "s": r["s"] and {"v": hexed(r["s"]["v"])}} for r in Tool().rows(path)]
    _, theirs = judges.read("spark", path, rows=True)
    assert shredded, "Spark shreds nothing any more: look for its switch"
    assert sorted(map(dump, ours)) == sorted(map(dump, theirs))


def hexed(v):
    return v and {k: base64.b64decode(b).hex() for k, b in v.items()}


def test_spark_clusters_what_we_append(tmp_path):
    path, name = make(tmp_path, APPENDED["clustering"][0])
    tool = Tool()
    for n in range(3):
        tool("import", path, "-", stdin='{"id": %d, "c": %d}\n' % (10 + n, n))
    judges.spark_sql(f"OPTIMIZE {name}")
    tool("import", path, "-", stdin='{"id": 20, "c": 9}\n')
    rows = judges.spark_sql(f"SELECT id FROM {name} ORDER BY id")
    assert [r["id"] for r in rows] == [1, 10, 11, 12, 20]
