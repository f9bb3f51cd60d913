# SPDX-License-Identifier: Apache-2.0
"""Tables of ours as other engines read them, and tables of theirs as we read and continue them."""
import base64
import glob
import json
import os
import subprocess
import sys
from datetime import datetime, timezone

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, QueryBuilder

from support import judges
from support.paths import TESTS, clean_environment, fetched
from support.programs import Tool

TYPES = {"flag": "boolean", "tiny": "byte", "small": "short", "whole": "integer", "big": "long", "single": "float",
         "real": "double", "money": "decimal(9,2)", "sum": "decimal(18,4)", "huge": "decimal(38,10)", "text": "string",
         "bytes": "binary", "day": "date", "at": "timestamp", "local": "timestamp_ntz"}

# One column's values: as JSON for `deltawrite import`, and as the judges print what was meant.
VALUES = {
    "flag": [("true", True), ("false", False), ('"true"', True), ("null", None)],
    "tiny": [("-128", -128), ("127", 127), ('"5"', 5), ("0", 0)],
    "small": [("-32768", -32768), ("32767", 32767), ("null", None), ("1", 1)],
    "whole": [("-2147483648", -2147483648), ("2147483647", 2147483647), ("7", 7), ("null", None)],
    "big": [("-9223372036854775808", -2**63), ("9223372036854775807", 2**63 - 1), ('"12"', 12), ("null", None)],
    "single": [("1.5", 1.5), ("-3.4028235e38", -3.4028235e38), ("0.1", 0.1), ("null", None)],
    "real": [("0.1", 0.1), ("1.7976931348623157e308", 1.7976931348623157e308), ("-5e-324", -5e-324), ("null", None)],
    "money": [("-9999999.99", "-9999999.99"), ("1.5", "1.50"), ('"0.01"', "0.01"), ("null", None)],
    "sum": [("12345678901234.5678", "12345678901234.5678"), ("-1", "-1.0000"), ("1e3", "1000.0000"), ("null", None)],
    "huge": [("9999999999999999999999999999.9999999999", "9999999999999999999999999999.9999999999"),
             ("-0.0000000001", "-0.0000000001"), ("null", None), ("0", "0.0000000000")],
    "text": [('"plain"', "plain"), ('"d\\u00e9lta \\ud83d\\ude42 \\u0000 \\n"', "délta 🙂 \0 \n"), ('""', ""),
             (json.dumps("long " * 100), "long " * 100)],
    "bytes": [(json.dumps(base64.b64encode(bytes(range(256))).decode()), bytes(range(256)).hex()), ('""', ""),
              ('"AA=="', "00"), ("null", None)],
    "day": [('"1970-01-01"', "1970-01-01"), ('"2026-02-28"', "2026-02-28"), ('"1600-02-29"', "1600-02-29"), ("null", None)],
    "at": [('"2026-01-01T12:00:00.123456+02:00"', "2026-01-01T10:00:00.123456Z"), ("-1", "1969-12-31T23:59:59.999000Z"),
           ('"1600-01-01T00:00:00Z"', "1600-01-01T00:00:00.000000Z"), ("null", None)],
    "local": [('"2026-01-01T12:00:00.123456"', "2026-01-01T12:00:00.123456"),
              ('"1969-12-31 23:59:59"', "1969-12-31T23:59:59.000000"),
              ('"2261-01-01T00:00:00"', "2261-01-01T00:00:00.000000"), ("null", None)],
}


def line(i):
    return "{" + ",".join(f'"{name}":{VALUES[name][i % 4][0]}' for name in TYPES) + "}\n"


def printed(i):
    return {name: VALUES[name][i % 4][1] for name in TYPES}


def sort(rows):
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


@pytest.fixture(scope="module")
def every_type(tmp_path_factory):
    """A table of ours with every type, 13 commits, and so a checkpoint at version 10."""
    folder, tool = tmp_path_factory.mktemp("every-type"), Tool()
    table = str(folder / "table")
    tool.create(table, TYPES.items(), folder=folder)
    for n in range(12):
        tool("import", table, "-", stdin="".join(line(i) for i in range(n, n + 3)))
    return table


EXPECTED = [printed(i) for n in range(12) for i in range(n, n + 3)]


def test_every_engine_reads_every_type_as_it_was_meant(every_type):
    summary, rows = judges.read("deltalake", every_type, rows=True)
    assert {c["name"]: c["type"] for c in summary["schema"]} == TYPES
    assert summary["version"] == 12
    assert sort(rows) == sort(EXPECTED)
    judges.agree(every_type)


def test_we_read_our_own_table_alike(every_type, local_tool):
    bare = {"bytes": lambda v: base64.b64decode(v).hex(), "money": str, "sum": str, "huge": str}
    text = local_tool("cat", every_type)
    rows = [json.loads(line, parse_float=lambda token: token) for line in text.splitlines()]
    for row in rows:
        assert list(row) == list(TYPES)
        for name, value in row.items():
            if value is not None and name in ("single", "real"):
                row[name] = float(value)
            elif value is not None and name in bare:
                row[name] = bare[name](value) if not isinstance(value, int) else str(value)
    assert sort(rows) == sort(EXPECTED)


@pytest.mark.parametrize("version", [0, 1, 9, 10, 11])
def test_time_travel_shows_what_was_there(every_type, local_tool, version):
    summary = judges.agree(every_type, judges.QUICK, version=version)
    assert summary["num_rows"] == 3 * version
    assert len(local_tool.rows(every_type, "--version", version)) == 3 * version
    assert local_tool.json("info", every_type, "--version", version)["numRecords"] == 3 * version


def test_time_travel_by_timestamp(every_type, local_tool):
    history = local_tool.json("history", every_type)
    at = next(h["timestamp"] for h in history if h["version"] == 6)
    if isinstance(at, int):
        at = datetime.fromtimestamp(at / 1000, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    newest = max(h["version"] for h in history if h["timestamp"] == next(
        x["timestamp"] for x in history if x["version"] == 6))
    assert len(local_tool.rows(every_type, "--timestamp", at)) == 3 * newest
    done = local_tool.run("cat", every_type, "--timestamp", "1999-01-01T00:00:00Z")
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1


def test_the_checkpoint_alone_carries_the_table(every_type, tmp_path, local_tool):
    copy = str(tmp_path / "copy")
    subprocess.run(["cp", "-r", every_type, copy], check=True)
    assert os.path.exists(f"{copy}/_delta_log/{10:020}.checkpoint.parquet")
    with open(f"{copy}/_delta_log/_last_checkpoint") as f:
        assert json.load(f)["version"] == 10
    for version in range(10):
        os.remove(f"{copy}/_delta_log/{version:020}.json")
    assert judges.agree(copy)["num_rows"] == len(EXPECTED)
    assert len(local_tool.rows(copy)) == len(EXPECTED)


def test_history_reads_alike_in_delta_rs(every_type, local_tool):
    ours = local_tool.json("history", every_type)
    theirs = DeltaTable(every_type).history()
    assert [h["version"] for h in ours] == list(range(12, -1, -1))
    assert [h["operation"] for h in ours] == [h["operation"] for h in theirs]
    for entry in ours[:-1]:
        assert entry["isBlindAppend"] is True
        assert entry["operationMetrics"]["numOutputRows"] in (3, "3")
        assert entry["engineInfo"].lower().startswith(("libdeltawrite", "deltawrite"))


def test_statistics_in_the_log_and_in_the_files_are_true(every_type):
    """Every value is found when engines skip files, row groups and pages by the statistics."""
    con = duckdb.connect()
    files = glob.glob(f"{every_type}/*.parquet")
    assert len(files) == 12
    columns = [c for c in TYPES if TYPES[c] not in ("binary",)]
    for column in columns:
        everything = con.execute(f'SELECT "{column}" v, count(*) n FROM read_parquet(?) GROUP BY v', [files]).fetchall()
        for value, count in everything:
            where = f'"{column}" = ?' if value is not None else f'"{column}" IS NULL'
            found = con.execute(f"SELECT count(*) FROM read_parquet(?) WHERE {where}",
                                [files] + ([value] if value is not None else [])).fetchone()[0]
            assert found == count, (column, value)
    for path in files:
        meta = pq.read_metadata(path)
        table = pq.read_table(path)
        for group in range(meta.num_row_groups):
            for i, name in enumerate(table.column_names):
                stats = meta.row_group(group).column(i).statistics
                assert stats is not None, name
                assert stats.null_count == table[name].null_count, name
    table = DeltaTable(every_type)
    actions = table.get_add_actions(flatten=True)
    actions = {name: actions[name].to_pylist() for name in actions.schema.names}
    assert sum(actions["num_records"]) == len(EXPECTED)
    for column in columns:
        assert sum(actions[f"null_count.{column}"]) == sum(row[column] is None for row in EXPECTED), column


def test_data_skipping_by_the_log_finds_every_value(every_type):
    table = DeltaTable(every_type)
    queries = {"big": "big = 9223372036854775807", "text": f"text = '{'long ' * 100}'", "tiny": "tiny = -128",
               "at": "at = TIMESTAMP '1969-12-31T23:59:59.999Z'", "day": "day = DATE '1600-02-29'",
               "real": "real = 0.1", "flag": "flag", "null": "whole IS NULL"}
    meant = {"big": ("big", 2**63 - 1), "text": ("text", "long " * 100), "tiny": ("tiny", -128),
             "at": ("at", "1969-12-31T23:59:59.999000Z"), "day": ("day", "1600-02-29"), "real": ("real", 0.1),
             "flag": ("flag", True), "null": ("whole", None)}
    for name, condition in queries.items():
        batches = QueryBuilder().register("t", table).execute(f"SELECT count(*) AS n FROM t WHERE {condition}")
        found = pa.RecordBatchReader.from_stream(batches).read_all()["n"].to_pylist()[0]
        column, value = meant[name]
        assert found == sum(row[column] == value for row in EXPECTED), name


# ------------------------------------------------------------------------------------------ tables of other engines

@pytest.mark.parametrize("engine", ["deltalake", "spark"])
def test_we_continue_a_table_with_checkpoints_of(engine, tmp_path, local_tool):
    table = str(tmp_path / "table")
    command = [sys.executable, TESTS / "judges/write_table.py", "--engine", engine, "--commits", "13", table]
    command += ["--jars", fetched("spark")] if engine == "spark" else []
    done = subprocess.run(command, capture_output=True, text=True, env=clean_environment())
    assert done.returncode == 0, done.stderr[-2000:]
    before, theirs = judges.read("deltalake", table, rows=True)
    assert before["num_rows"] == 130
    assert glob.glob(f"{table}/_delta_log/*10.checkpoint.parquet")
    for version in range(10):  # only their checkpoint knows what was before
        os.remove(f"{table}/_delta_log/{version:020}.json")
        for crc in glob.glob(f"{table}/_delta_log/.{version:020}.json.crc"):
            os.remove(crc)

    info = local_tool.json("info", table)
    assert (info["version"], info["numFiles"], info["numRecords"]) == (12, 13, 130)
    ours = local_tool.rows(table)
    assert sorted(r["id"] for r in ours) == list(range(130))
    assert {r["id"]: (r["name"], r["at"], r["day"], r["good"], r["ratio"]) for r in ours} == {
        r["id"]: (r["name"], r["at"], r["day"], r["good"], r["ratio"]) for r in theirs}

    new = [{"id": 1000 + i, "name": f"ours {i}", "price": "1.25", "ratio": 0.5, "at": "2026-06-01T00:00:00.000000Z",
            "day": "2026-06-01", "good": True} for i in range(12)]
    for row in new:  # past version 20: our own checkpoint follows theirs
        local_tool("import", table, "-", stdin=json.dumps(row) + "\n")
    after, rows = judges.read("deltalake", table, rows=True)
    assert after["version"] == 24
    assert sort(rows) == sort(theirs + new)
    judges.agree(table)
    assert judges.agree(table, judges.QUICK, version=12)["num_rows"] == 130


def test_void_fields_are_left_out_of_files_at_every_depth(tmp_path):
    def field(name, kind):
        return {"name": name, "type": kind, "nullable": True, "metadata": {}}
    inner = {"type": "struct", "fields": [field("z", "void"), field("y", "string")]}
    with open(tmp_path / "schema.json", "w") as f:
        json.dump({"type": "struct", "fields": [field("id", "long"), field("v", "void"), field("s", {
            "type": "struct", "fields": [field("n", "void"), field("a", "long"), field("l", {
                "type": "array", "elementType": inner, "containsNull": True})]})]}, f)
    tool, table = Tool(), str(tmp_path / "t")
    tool("create", table, "--schema", tmp_path / "schema.json")
    tool("import", table, "-", stdin='{"id":1,"s":{"a":5,"l":[{"y":"q"}]}}\n{"id":2,"v":null,"s":{"n":null}}\n')
    file, = glob.glob(f"{table}/*.parquet")
    assert pq.ParquetFile(file).schema_arrow.names == ["id", "s"]
    assert [f.name for f in pq.ParquetFile(file).schema_arrow.field("s").type] == ["a", "l"]
    rows = [{"id": 1, "v": None, "s": {"n": None, "a": 5, "l": [{"z": None, "y": "q"}]}},
            {"id": 2, "v": None, "s": {"n": None, "a": None, "l": None}}]
    assert sort(tool.rows(table)) == sort(rows)
    assert judges.spark_sql(f"SELECT id, s.a AS a, s.l[0].y AS y FROM delta.`{table}` ORDER BY id") == [
        {"id": 1, "a": 5, "y": "q"}, {"id": 2, "a": None, "y": None}]
