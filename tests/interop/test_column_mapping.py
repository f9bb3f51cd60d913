# SPDX-License-Identifier: Apache-2.0
"""Tables with column mapping: ours as other engines read them, theirs as we continue them."""
import glob
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from support import judges
from support.library import Library
from support.programs import Tool

ENGINES = ("spark", "deltalake", "duckdb")  # Polars knows no column mapping
PARTITIONED = ("spark", "deltalake")  # DuckDB then gives null for partition columns, in Spark's own files too
ODD = "odd name ,;{}()=\t%/'\"é 日本"
STRUCT = {"type": "struct", "fields": [
    {"name": "x", "type": "long", "nullable": True, "metadata": {}},
    {"name": "y z", "type": {"type": "array", "elementType": {"type": "struct", "fields": [
        {"name": "deep", "type": "string", "nullable": True, "metadata": {}}]}, "containsNull": True},
     "nullable": True, "metadata": {}}]}
MAP = {"type": "map", "keyType": "string", "valueType": {"type": "struct", "fields": [
    {"name": "v", "type": "date", "nullable": True, "metadata": {}}]}, "valueContainsNull": True}
FIELDS = [("id", "long"), (ODD, "string"), ("point", STRUCT), ("by key", MAP), ("p", "string")]


def record(i):
    return {"id": i, ODD: f"value {i}", "point": {"x": i, "y z": [{"deep": f"d{i}"}, None]},
            "by key": {"k": {"v": "2026-01-01"}}, "p": ["a/b", None][i % 2]}


def printed(i):
    return record(i) | {"by key": [["k", {"v": "2026-01-01"}]]}


def sort(rows):
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


def ndjson(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def commit_of(table, version):
    with open(f"{table}/_delta_log/{version:020}.json") as f:
        return [json.loads(line) for line in f]


def action(table, version, kind):
    return [line[kind] for line in commit_of(table, version) if kind in line]


def latest_schema(table):
    for path in sorted(glob.glob(f"{table}/_delta_log/*.json"), reverse=True):
        with open(path) as f:
            for line in f:
                if line.startswith('{"metaData"'):
                    return json.loads(json.loads(line)["metaData"]["schemaString"])


def marks(fields, found=None):
    """(id, physical name) of every field at every depth."""
    found = [] if found is None else found
    for field in fields:
        found.append((field["metadata"]["delta.columnMapping.id"], field["metadata"]["delta.columnMapping.physicalName"]))
        below = [field["type"]]
        while below:
            t = below.pop()
            if not isinstance(t, dict):
                continue
            if t["type"] == "struct":
                marks(t["fields"], found)
            else:
                below += [t.get(k) for k in ("elementType", "keyType", "valueType")]
    return found


def make_mapped(folder, mode, *more):
    tool, table = Tool(), str(folder / "t")
    tool.create(table, FIELDS, "--property", f"delta.columnMapping.mode={mode}", *more, folder=folder)
    tool("import", table, "-", stdin=ndjson(record(i) for i in range(4)))
    return table


@pytest.fixture(params=["name", "id"])
def mapped(request, tmp_path):
    return make_mapped(tmp_path, request.param, "--partition-by", "p")


@pytest.mark.parametrize("mode", ["name", "id"])
def test_all_engines_read_what_has_no_partitions(tmp_path, mode):
    table = make_mapped(tmp_path, mode)
    Tool()("import", table, "-", stdin='{"id":9,"brand new, (column)":"x"}\n')
    judges.agree(table, engines=ENGINES)


def test_nested_columns_are_read_by_their_names(mapped):
    summary, rows = judges.read("spark", mapped, rows=True)
    assert sort(rows) == sort(printed(i) for i in range(4))
    assert summary["num_files"] == 2
    judges.agree(mapped, engines=PARTITIONED)
    assert sort(Tool().rows(mapped)) == sort(record(i) for i in range(4))


def test_the_table_says_of_its_columns_what_files_have(mapped):
    metadata = action(mapped, 0, "metaData")[0]
    protocol = action(mapped, 0, "protocol")[0]
    assert (protocol["minReaderVersion"], protocol["minWriterVersion"]) in ((2, 7), (2, 5))
    found = marks(json.loads(metadata["schemaString"])["fields"])
    assert [i for i, _ in found] == list(range(1, 10))
    assert len({name for _, name in found}) == 9 and all(name.startswith("col-") for _, name in found)
    assert metadata["configuration"]["delta.columnMapping.maxColumnId"] == "9"
    assert metadata["partitionColumns"] == ["p"]
    physical = {name: i for i, name in found}
    partition = found[8][1]
    for add in action(mapped, 1, "add"):
        assert list(add["partitionValues"]) == [partition]
        assert len(add["path"].split("/")) == 2 and len(add["path"].split("/")[0]) == 2
        stats = json.loads(add["stats"])
        assert set(stats["nullCount"]) == {found[0][1], found[1][1], found[2][1], found[7 - 1][1]}

        def check(field):
            if field.name in physical:
                assert int(field.metadata[b"PARQUET:field_id"]) == physical[field.name]
            else:
                assert field.name in ("element", "key", "value", "key_value")
                assert field.metadata is None or b"PARQUET:field_id" not in field.metadata
            if pa.types.is_struct(field.type):
                for k in range(field.type.num_fields):
                    check(field.type.field(k))
            elif pa.types.is_map(field.type):
                check(field.type.item_field)
            elif pa.types.is_list(field.type):
                check(field.type.value_field)
        schema = pq.read_schema(f"{mapped}/{add['path']}")
        assert partition not in schema.names and len(schema) == 4
        for field in schema:
            check(field)


def test_new_columns_get_ids_after_all_others(mapped):
    Tool()("import", mapped, "-", stdin='{"id":9,"brand new, (column)":"x","other":1}\n')
    metadata = action(mapped, 2, "metaData")[0]
    found = marks(json.loads(metadata["schemaString"])["fields"])
    assert [i for i, _ in found[9:]] == [10, 11] and all(name.startswith("col-") for _, name in found[9:])
    assert metadata["configuration"]["delta.columnMapping.maxColumnId"] == "11"
    judges.agree(mapped, engines=PARTITIONED)
    _, rows = judges.read("spark", mapped, rows=True)
    assert {row["brand new, (column)"] for row in rows} == {None, "x"}


def test_spark_renames_drops_adds_and_merges_and_we_go_on(mapped):
    judges.spark_sql(
        f"ALTER TABLE delta.`{mapped}` RENAME COLUMN id TO `the id`",
        f"ALTER TABLE delta.`{mapped}` DROP COLUMN `by key`",
        f"ALTER TABLE delta.`{mapped}` ADD COLUMN added STRUCT<a: INT, `b c`: STRING>",
        f"INSERT INTO delta.`{mapped}` (`the id`, p, added) VALUES (50, 'a/b', named_struct('a', 1, 'b c', 'x'))",
        f"MERGE INTO delta.`{mapped}` t USING (SELECT 1 AS i) s ON t.`the id` = s.i "
        "WHEN MATCHED THEN UPDATE SET p = 'moved'")
    Tool()("import", mapped, "-",
           stdin='{"the id":60,"p":"moved","added":{"a":2,"b c":"y"},"by key":"new now"}\n{"the id":61,"id":"again"}\n')
    judges.agree(mapped, engines=PARTITIONED)
    _, rows = judges.read("spark", mapped, rows=True)
    by_id = {row["the id"]: row for row in rows}
    assert sorted(by_id) == [0, 1, 2, 3, 50, 60, 61]
    assert by_id[1]["p"] == "moved" and by_id[60]["added"] == {"a": 2, "b c": "y"}
    assert by_id[60]["by key"] == "new now" and by_id[1]["by key"] is None
    assert by_id[61]["id"] == "again" and by_id[0]["id"] is None
    ids = [i for i, _ in marks(latest_schema(mapped)["fields"])]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("mode", ["name", "id"])
def test_a_table_of_sparks_is_continued(tmp_path, mode):
    table = str(tmp_path / "t")
    judges.spark_sql(
        f"CREATE TABLE delta.`{table}` (`an id` BIGINT NOT NULL, s STRUCT<`in ner`: INT, l: ARRAY<STRUCT<q: STRING>>>, "
        f"p DATE) USING delta PARTITIONED BY (p) TBLPROPERTIES ('delta.columnMapping.mode' = '{mode}')",
        f"INSERT INTO delta.`{table}` VALUES (1, named_struct('in ner', 5, 'l', array(named_struct('q', 'w'))), "
        "DATE'2026-01-01')")
    Tool()("import", table, "-", stdin='{"an id":2,"s":{"in ner":6,"l":[{"q":"v"}]},"p":"2026-01-01"}\n'
                                       '{"an id":3,"more columns":true}\n')
    judges.spark_sql(f"INSERT INTO delta.`{table}` (`an id`, `more columns`) VALUES (4, false)",
                     f"OPTIMIZE delta.`{table}`")
    _, rows = judges.read("spark", table, rows=True)
    assert sort(rows) == sort([
        {"an id": 1, "s": {"in ner": 5, "l": [{"q": "w"}]}, "p": "2026-01-01", "more columns": None},
        {"an id": 2, "s": {"in ner": 6, "l": [{"q": "v"}]}, "p": "2026-01-01", "more columns": None},
        {"an id": 3, "s": None, "p": None, "more columns": True},
        {"an id": 4, "s": None, "p": None, "more columns": False}])
    judges.agree(table, engines=PARTITIONED)
    assert sort(Tool().rows(table)) == sort(rows)


def test_a_table_that_was_switched_to_mapping_is_continued(tmp_path):
    table = str(tmp_path / "t")
    judges.spark_sql(f"CREATE TABLE delta.`{table}` (id BIGINT, s STRUCT<x: INT>) USING delta",
                     f"INSERT INTO delta.`{table}` VALUES (1, named_struct('x', 1))",
                     f"ALTER TABLE delta.`{table}` SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name', "
                     "'delta.minReaderVersion' = '2', 'delta.minWriterVersion' = '5')")
    Tool()("import", table, "-", stdin='{"id":2,"s":{"x":2},"now with blank":"y"}\n')
    _, rows = judges.read("spark", table, rows=True)
    assert sort(rows) == sort([{"id": 1, "s": {"x": 1}, "now with blank": None},
                               {"id": 2, "s": {"x": 2}, "now with blank": "y"}])
    judges.agree(table, engines=ENGINES)


def test_arrow_batches_bring_new_nested_columns(tmp_path):
    table = str(tmp_path / "t")
    first = pa.record_batch([pa.array([1, 2], pa.int64())], names=["id"])
    more = pa.record_batch([pa.array([3], pa.int64()), pa.array([{"a b": [{"c": 1.5}]}],
                            pa.struct([("a b", pa.list_(pa.struct([("c", pa.float64())])))]))], names=["id", "ne sted"])
    library = Library()
    by_id = {"delta.columnMapping.mode": "id"}
    library.append(table, [[first]], properties=by_id)
    library.append(table, [[more]], properties=by_id, add_columns=True)
    _, rows = judges.read("spark", table, rows=True)
    assert sort(rows) == sort([{"id": 1, "ne sted": None}, {"id": 2, "ne sted": None},
                               {"id": 3, "ne sted": {"a b": [{"c": 1.5}]}}])
    judges.agree(table, engines=ENGINES)


def test_names_that_need_mapping_are_refused_without(tmp_path):
    tool = Tool()
    tool.create(tmp_path / "t", [("id", "long")], folder=tmp_path)
    done = tool.run("import", tmp_path / "t", "-", stdin='{"a b":1}\n')
    assert done.returncode == 1 and "a b" in done.stderr
    with open(tmp_path / "odd.json", "w") as f:
        json.dump({"type": "struct", "fields": [{"name": "a=b", "type": "long", "nullable": True}]}, f)
    done = tool.run("create", tmp_path / "u", "--schema", tmp_path / "odd.json")
    assert done.returncode == 1 and "a=b" in done.stderr
    tool("create", tmp_path / "v", "--schema", tmp_path / "odd.json", "--property", "delta.columnMapping.mode=name")


def test_stats_columns_are_chosen_by_their_logical_names(tmp_path):
    tool, table = Tool(), str(tmp_path / "t")
    tool.create(table, FIELDS, "--property", "delta.columnMapping.mode=name", "--property",
                f"delta.dataSkippingStatsColumns=`{ODD}`,point.x", folder=tmp_path)
    tool("import", table, "-", stdin=ndjson([record(1)]))
    found = marks(json.loads(action(table, 0, "metaData")[0]["schemaString"])["fields"])
    stats = json.loads(action(table, 1, "add")[0]["stats"])
    assert stats["minValues"] == {found[1][1]: "value 1", found[2][1]: {found[3][1]: 1}}
