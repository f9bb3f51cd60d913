# SPDX-License-Identifier: Apache-2.0
"""Partitioned tables: ours as other engines read them, theirs as we continue them."""
import base64
import datetime
import decimal
import glob
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from support import judges
from support.library import Library
from support.programs import Tool

SPECIAL = ["plain", "a/b%c:d=e \"f\" #?*[]{}^|`", "é 日本 😀", " ", "null", "a%2Fb", "+", "tab\tnewline\n\x01\x7f",
           "'single' & <tags>", "trailing ", "..", "C:\\dir"]
# Polars takes values from the names of directories, which cannot tell these.
BEYOND_NAMES = ["__HIVE_DEFAULT_PARTITION__", "x" * 300, "日" * 200]

# By type: values as JSON for `deltawrite import`, and as the judges print what was meant.
VALUES = {
    "string": [("\"a b\"", "a b"), ("null", None), ("\"\"", None)],
    "byte": [("-128", -128), ("127", 127), ("null", None)],
    "short": [("-32768", -32768), ("32767", 32767), ("null", None)],
    "integer": [("-2147483648", -2147483648), ("7", 7), ("null", None)],
    "long": [("-9223372036854775808", -2**63), ("9223372036854775807", 2**63 - 1), ("null", None)],
    "float": [("0.1", 0.1), ("1e10", 1e10), ("-3.4028235e38", -3.4028235e38), ("null", None)],
    "double": [("0.1", 0.1), ("1e10", 1e10), ("1.7976931348623157e308", 1.7976931348623157e308), ("1e-3", 0.001),
               ("null", None)],
    "decimal(9,2)": [("1.5", "1.50"), ("-9999999.99", "-9999999.99"), ("null", None)],
    "decimal(38,10)": [("9999999999999999999999999999.9999999999", "9999999999999999999999999999.9999999999"),
                       ("-0.0000000001", "-0.0000000001"), ("null", None)],
    "boolean": [("true", True), ("false", False), ("null", None)],
    "date": [('"1970-01-01"', "1970-01-01"), ('"2026-02-28"', "2026-02-28"), ("null", None)],
    "timestamp": [('"2026-01-01T12:00:00.123456+02:00"', "2026-01-01T10:00:00.123456Z"),
                  ('"1969-12-31T23:59:59Z"', "1969-12-31T23:59:59.000000Z"), ("null", None)],
    "timestamp_ntz": [('"2026-01-01T12:00:00.123456"', "2026-01-01T12:00:00.123456"),
                      ('"2026-01-01T12:00:00"', "2026-01-01T12:00:00.000000"), ("null", None)],
    "binary": [(json.dumps(base64.b64encode("é/=%".encode()).decode()), "é/=%".encode().hex()), ("null", None)],
}
TYPES = {f"p{i}": t for i, t in enumerate(VALUES)}


def sort(rows):
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


def engines_for(*types):
    """Polars reads no binary partitions."""
    return tuple(e for e in judges.ALL if e != "polars" or "binary" not in types)


def adds_of(table, version):
    with open(f"{table}/_delta_log/{version:020}.json") as f:
        return [json.loads(line)["add"] for line in f if line.startswith('{"add"')]


@pytest.fixture(scope="module")
def one_table_a_type(tmp_path_factory):
    folder, tool = tmp_path_factory.mktemp("partition-types"), Tool()
    tables = {}
    for name, kind in TYPES.items():
        table = str(folder / name)
        tool.create(table, [("id", "long"), ("p", kind), ("v", "string")], "--partition-by", "p", folder=folder)
        lines = [f'{{"id":{i},"p":{text},"v":"x{i}"}}\n' for i, (text, _) in enumerate(VALUES[kind] * 2)]
        tool("import", table, "-", stdin="".join(lines))
        tables[kind] = table
    return tables


def test_values_of_every_type_are_read_as_they_were_meant(one_table_a_type):
    for kind, table in one_table_a_type.items():
        expected = [{"id": i, "p": meant, "v": f"x{i}"} for i, (_, meant) in enumerate(VALUES[kind] * 2)]
        summary, rows = judges.read("spark", table, rows=True)
        assert sort(rows) == sort(expected), kind
        assert summary["num_files"] == len({m for _, m in VALUES[kind]}), kind


def test_engines_agree_on_partitions_of_every_type(one_table_a_type):
    for engine in ("deltalake", "duckdb"):
        for a, b in zip(judges.read("spark", one_table_a_type.values()),
                        judges.read(engine, one_table_a_type.values())):
            assert judges.differences(a, b) == [], a["table"]
    plain = [t for k, t in one_table_a_type.items() if k != "binary"]
    judges.agree(plain, engines=("deltalake", "polars"))


def test_one_table_by_all_types_at_once(tmp_path):
    tool, table = Tool(), str(tmp_path / "t")
    tool.create(table, [("id", "long"), *TYPES.items()], "--partition-by", ",".join(TYPES), folder=tmp_path)
    lines, expected = [], []
    for i in range(5):
        picked = {name: VALUES[kind][i % len(VALUES[kind])] for name, kind in TYPES.items()}
        lines.append("{" + f'"id":{i},' + ",".join(f'"{n}":{text}' for n, (text, _) in picked.items()) + "}\n")
        expected.append({"id": i} | {n: meant for n, (_, meant) in picked.items()})
    tool("import", table, "-", stdin="".join(lines))
    _, rows = judges.read("spark", table, rows=True)
    assert sort(rows) == sort(expected)
    judges.agree(table, engines=engines_for("binary"))


def make_special(folder, values):
    """Every value as a partition of its own, and as data beside it; null and an empty text too."""
    tool, table = Tool(), str(folder / "special")
    tool.create(table, [("id", "long"), ("p", "string"), ("v", "string")], "--partition-by", "p", folder=folder)
    rows = [{"id": i, "p": value, "v": value} for i, value in enumerate(values)]
    rows += [{"id": 100, "p": None, "v": "null"}, {"id": 101, "p": "", "v": "empty"}]
    tool("import", table, "-", stdin="".join(json.dumps(row) + "\n" for row in rows))
    for row in rows:
        row["p"] = row["p"] or None
    return table, rows


@pytest.fixture
def special(tmp_path):
    return make_special(tmp_path, SPECIAL)


@pytest.mark.parametrize("values, engines", [(SPECIAL, judges.ALL),
                                             (SPECIAL + BEYOND_NAMES, ("deltalake", "duckdb", "spark"))])
def test_special_characters_in_values(tmp_path, values, engines):
    table, expected = make_special(tmp_path, values)
    _, rows = judges.read("spark", table, rows=True)
    assert sort(rows) == sort(expected)
    judges.agree(table, engines=engines)
    assert sort(Tool().rows(table)) == sort(expected)


def test_spark_and_we_take_turns(special):
    table, expected = special
    judges.spark_sql(
        f"INSERT INTO delta.`{table}` SELECT id + 1000, p, v FROM delta.`{table}`",
        f"MERGE INTO delta.`{table}` t USING (SELECT 3 AS id, ' ' AS p, 'merged' AS v) s ON t.id = s.id AND t.p = s.p "
        "WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT *",
        f"DELETE FROM delta.`{table}` WHERE p = 'plain' AND id < 1000")
    Tool()("import", table, "-", stdin="".join(json.dumps(row | {"id": row["id"] + 2000}) + "\n" for row in expected))
    judges.spark_sql(f"OPTIMIZE delta.`{table}`")
    Tool()("import", table, "-", stdin='{"id":1,"p":"plain","v":"again"}\n')
    wanted = [r for r in expected if r["p"] != "plain"]
    wanted = [r | {"v": "merged"} if r["id"] == 3 else r for r in wanted]
    wanted += [r | {"id": r["id"] + n} for r in expected for n in (1000, 2000)]
    wanted.append({"id": 1, "p": "plain", "v": "again"})
    _, rows = judges.read("spark", table, rows=True)
    assert sort(rows) == sort(wanted)
    judges.agree(table)
    assert sort(Tool().rows(table)) == sort(wanted)


def test_spark_prunes_by_our_values(one_table_a_type):
    for kind, literal, id_ in [("string", "'a b'", 0), ("double", "1e10D", 1), ("date", "DATE'2026-02-28'", 1),
                               ("timestamp", "TIMESTAMP'2026-01-01 10:00:00.123456Z'", 0), ("boolean", "false", 1),
                               ("decimal(9,2)", "1.5", 0), ("byte", "127", 1),
                               ("timestamp_ntz", "TIMESTAMP_NTZ'2026-01-01 12:00:00'", 1)]:
        found = judges.spark_sql(f"SELECT min(id) AS id FROM delta.`{one_table_a_type[kind]}` WHERE p = {literal}")
        assert found == [{"id": id_}], kind
        found = judges.spark_sql(f"SELECT min(id) AS id FROM delta.`{one_table_a_type[kind]}` WHERE p IS NULL")
        assert found == [{"id": next(i for i, (_, m) in enumerate(VALUES[kind]) if m is None)}], kind


def test_a_table_of_sparks_is_continued(tmp_path):
    table = str(tmp_path / "t")
    judges.spark_sql(
        f"CREATE TABLE delta.`{table}` (id BIGINT, day DATE, at TIMESTAMP, p STRING NOT NULL, v VARCHAR(5)) USING delta "
        "PARTITIONED BY (day, p, at)",
        f"INSERT INTO delta.`{table}` VALUES (1, DATE'2026-01-01', TIMESTAMP'2026-01-01 01:02:03.5Z', 'a b', 'x'), "
        "(2, NULL, NULL, 'c', NULL)")
    Tool()("import", table, "-", stdin='{"id":3,"day":"2026-01-01","at":"2026-01-01T01:02:03.5Z","p":"a b","v":"12345"}\n'
                                       '{"id":4,"p":"c"}\n')
    refused = Tool().run("import", table, "-", stdin='{"id":5,"p":""}\n')
    assert refused.returncode == 1 and "column p" in refused.stderr
    refused = Tool().run("import", table, "-", stdin='{"id":5,"p":"x","v":"123456"}\n')
    assert refused.returncode == 1 and "column v" in refused.stderr
    summary, rows = judges.read("spark", table, rows=True)
    assert sorted(row["id"] for row in rows) == [1, 2, 3, 4] and summary["num_files"] == 4
    judges.agree(table, engines=("deltalake", "duckdb", "spark"))  # Polars cannot parse Spark's timestamps
    # one partition each for what is the same value
    counted = judges.spark_sql(f"SELECT day, p, at, count(*) AS n FROM delta.`{table}` GROUP BY ALL")
    assert sorted(row["n"] for row in counted) == [2, 2]


def test_a_table_of_delta_rs_is_continued(tmp_path):
    table = str(tmp_path / "t")
    day = datetime.date(2026, 1, 1)
    data = pa.table({"id": pa.array([1, 2], pa.int64()), "day": pa.array([day, None]),
                     "n": pa.array([decimal.Decimal("1.50"), None], pa.decimal128(5, 2)), "s": ["a/b", None]})
    write_deltalake(table, data, partition_by=["day", "n", "s"])
    Tool()("import", table, "-", stdin='{"id":3,"day":"2026-01-01","n":1.5,"s":"a/b"}\n{"id":4}\n')
    write_deltalake(table, data, mode="append")
    assert sorted(row["id"] for row in Tool().rows(table)) == [1, 1, 2, 2, 3, 4]
    judges.agree(table)
    values = {tuple(sorted(p.items())) for p in DeltaTable(table).partitions()}
    assert len(values) == 2


def test_arrow_batches_of_dictionaries_are_split(tmp_path):
    table, colors = str(tmp_path / "t"), ["red", "green", None, "blue"]
    words = pa.array([colors[i % 4] for i in range(20000)]).dictionary_encode()
    batch = pa.record_batch([pa.array(range(20000), pa.int64()), words], names=["id", "p"])
    Library().append(table, [[batch, batch.slice(100, 50)], [batch.slice(7, 9)]], partition_by=["p"])
    summary, rows = judges.read("deltalake", table, rows=True)
    assert summary["num_files"] == 8 and summary["num_rows"] == 20059
    assert all(row["p"] == colors[row["id"] % 4] for row in rows)
    judges.agree(table)


def test_partition_columns_are_in_files_when_the_table_wants_them(tmp_path):
    tool, table = Tool(), str(tmp_path / "t")
    tool.create(table, [("p", "string"), ("id", "long"), ("day", "date")], "--partition-by", "day,p", "--property",
                "delta.enableMaterializePartitionColumnsFeature=true", folder=tmp_path)
    tool("import", table, "-", stdin='{"id":1,"p":"x","day":"2026-01-01"}\n{"id":2}\n')
    rows = []
    for file in glob.glob(f"{table}/**/*.parquet", recursive=True):
        assert pq.ParquetFile(file).schema_arrow.names == ["id", "p", "day"]
        rows += pq.ParquetFile(file).read().to_pylist()
    assert sorted(rows, key=lambda r: r["id"]) == [{"id": 1, "p": "x", "day": datetime.date(2026, 1, 1)},
                                                   {"id": 2, "p": None, "day": None}]
    assert {frozenset(json.loads(add["stats"])["nullCount"]) for add in adds_of(table, 1)} == {frozenset({"id"})}
    judges.agree(table, engines=("spark", "duckdb"))


def test_stats_leave_partition_columns_out(special):
    table, _ = special
    adds = adds_of(table, 1)
    assert len(adds) == len(SPECIAL) + 1
    for add in adds:
        assert set(json.loads(add["stats"])["nullCount"]) == {"id", "v"}
        assert set(add["partitionValues"]) == {"p"}


def test_wrong_partition_columns_are_one_clear_line(tmp_path):
    tool = Tool()
    tool.create(str(tmp_path / "ok"), [("a", "long"), ("b", "string")], "--partition-by", "b", folder=tmp_path)
    for columns, said in [("c", "partition column c"), ("a,b", "not all columns"), ("a,A", "given twice")]:
        done = tool.run("create", tmp_path / "t", "--schema", tmp_path / "schema.json", "--partition-by", columns)
        assert done.returncode == 1 and said in done.stderr and done.stderr.count("\n") == 1


def test_import_makes_a_partitioned_table(tmp_path):
    tool, table = Tool(), str(tmp_path / "t")
    tool("import", table, "-", "--create", "--partition-by", "p", stdin='{"id":1,"p":"x"}\n{"id":2,"p":"y"}\n')
    assert tool.json("info", table)["partitionColumns"] == ["p"]
    judges.agree(table)
