# SPDX-License-Identifier: Apache-2.0
"""deltawrite parquet cat: the rows of other projects' files, value for value as pyarrow has them."""
import datetime
import json
import os
import pathlib
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from support import cat_form
from support.paths import ROOT, program

SHARED = pathlib.Path(os.environ.get("DELTAWRITE_SHARED") or ROOT.parent / "shared")
MANIFEST = SHARED / "parquet" / "manifest.json"


def entries():
    return json.loads(MANIFEST.read_text()) if MANIFEST.exists() else []


def run(*arguments, seconds=60):
    return subprocess.run([program("deltawrite"), "parquet", *map(str, arguments)], capture_output=True, text=True,
                          timeout=seconds)


@pytest.mark.parametrize("entry", entries(), ids=lambda e: e["path"])
def test_files_of_others_give_their_rows_or_one_line_of_error(entry):
    path = SHARED / "parquet" / entry["path"]
    done = run("cat", path)
    if done.returncode:
        assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
        assert done.stderr.startswith(f"deltawrite: {path}: "), done.stderr
        return
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException):
        return
    cat_form.compare(done.stdout.splitlines(), table, entry["path"])


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """A file of pyarrow's with most kinds of columns, in three row groups."""
    n = 2500
    table = pa.table({
        "id": pa.array(range(-5, n - 5), pa.int64()),
        "name": pa.array([None if i % 3 == 0 else f"name {i % 50}" for i in range(n)]),
        "real": pa.array([float("nan") if i % 100 == 1 else i / 4 for i in range(n)], pa.float64()),
        "price": pa.array([None if i == 7 else i - 3 for i in range(n)], pa.int64()).cast(pa.decimal128(21, 2)),
        "at": pa.array([i * 10**9 + 1 for i in range(n)], pa.timestamp("ns", "UTC")),
        "clock": pa.array([i * 1000 for i in range(n)], pa.time32("ms")),
        "tags": pa.array([[f"t{j}" for j in range(i % 3)] for i in range(n)], pa.list_(pa.string())),
        "pairs": pa.array([[("k", i)] for i in range(n)], pa.map_(pa.string(), pa.int32())),
        "point": pa.array([{"x": i, "y": None} for i in range(n)],
                          pa.struct([("x", pa.uint32()), ("y", pa.float32())])),
        "half": pa.array([i / 8 for i in range(n)], pa.float16()),
        "raw": pa.array([bytes([i % 256]) * 3 for i in range(n)], pa.binary(3)),
    })
    path = tmp_path_factory.mktemp("verbs") / "sample.parquet"
    pq.write_table(table, path, row_group_size=1000, compression="snappy", write_page_index=True)
    return path, table


def test_cat_prints_columns_and_limits(sample):
    path, table = sample
    done = run("cat", path)
    cat_form.compare(done.stdout.splitlines(), table)
    done = run("cat", path, "--columns", "half,id", "--limit", "1001")
    cat_form.compare(done.stdout.splitlines(), table.select(["half", "id"]).slice(0, 1001))
    done = run("cat", path, "--columns", "id,nothing")
    assert done.returncode == 1 and done.stderr == f"deltawrite: {path}: column nothing: the file has none of this name\n"


def test_meta_tells_what_pyarrow_tells(sample):
    path, _ = sample
    ours, theirs = json.loads(run("meta", path, "--json").stdout), pq.ParquetFile(path).metadata
    assert (ours["createdBy"], ours["numRows"]) == (theirs.created_by, theirs.num_rows)
    assert {p["key"].encode(): p["value"].encode() for p in ours["metadata"]} == theirs.metadata
    assert len(ours["rowGroups"]) == theirs.num_row_groups
    for g, group in enumerate(ours["rowGroups"]):
        assert group["numRows"] == theirs.row_group(g).num_rows
        assert group["totalBytes"] == theirs.row_group(g).total_byte_size
        assert len(group["columns"]) == theirs.num_columns
        for c, column in enumerate(group["columns"]):
            want = theirs.row_group(g).column(c)
            assert column["path"] == want.path_in_schema
            assert (column["type"], column["codec"]) == (want.physical_type, want.compression)
            assert (column["numValues"], column["compressedBytes"], column["uncompressedBytes"]) == (
                want.num_values, want.total_compressed_size, want.total_uncompressed_size)
            assert set(column["encodings"]) == set(want.encodings)
            assert column["statistics"]["nullCount"] == want.statistics.null_count
            assert ("columnIndex" in column) == want.has_column_index


def test_bounds_are_told_as_cat_prints_values(sample):
    path, _ = sample
    columns = {c["path"]: c["statistics"] for c in json.loads(run("meta", path, "--json").stdout)["rowGroups"][0]["columns"]}
    bounds = {path: (s.get("min"), s.get("max")) for path, s in columns.items()}
    assert bounds["id"] == ("-5", "994") and bounds["name"] == ("name 0", "name 9")
    assert bounds["real"] == ("-0.0", "249.75") and bounds["price"] == ("-3.00", "996.00")
    assert bounds["at"] == ("1970-01-01T00:00:00.000000001Z", "1970-01-01T00:16:39.000000001Z")
    assert bounds["clock"] == ("00:00:00.000000", "00:16:39.000000")
    assert bounds["tags.list.element"] == ("t0", "t1") and bounds["point.x"] == ("0", "999")
    assert bounds["half"][0] in ("-0.0", "0.0") and bounds["half"][1] == "124.875"
    assert bounds["raw"] == ("0x000000", "0xffffff")


def test_schema_is_told_as_parquet_has_it(sample):
    path, _ = sample
    text = run("schema", path).stdout
    for line in ("  optional int64 id;", "  optional byte_array name (STRING);", "  optional int64 at (TIMESTAMP(NANOS,true));",
                 "  optional fixed_len_byte_array(9) price (DECIMAL(21,2));", "  optional int32 clock (TIME(MILLIS,false));",
                 "  optional group tags (LIST) {", "    repeated group list {", "      optional byte_array element (STRING);",
                 "    optional int32 x (INTEGER(32,false));", "  optional fixed_len_byte_array(2) half (FLOAT16);"):
        assert line in text.splitlines(), text
    tree = json.loads(run("schema", path, "--json").stdout)
    assert [c["name"] for c in tree["children"]][:2] == ["id", "name"]


def test_what_is_no_file_is_told_in_one_line(tmp_path):
    (tmp_path / "text").write_text("this is no Parquet file")
    for arguments, code, words in ((["cat", tmp_path / "text"], 1, "not a Parquet file"),
                                   (["meta", tmp_path / "nothing"], 1, "No such file"),
                                   (["schema", f"{tmp_path}/"], 2, "not the name of a file"),
                                   (["cat"], 2, "FILE: missing"), (["frob", "x"], 2, "frob: no such verb"),
                                   (["cat", tmp_path / "text", "--limit", "few"], 2, "--limit: wants a whole number")):
        done = run(*arguments)
        assert done.returncode == code and done.stderr.count("\n") == 1 and words in done.stderr, done.stderr
    assert run("--help").returncode == 0 and "meta" in run("--help").stdout
    assert "--columns A,B" in run("cat", "--help").stdout


def test_pages_are_told_with_their_index(sample):
    path, _ = sample
    pages = json.loads(run("pages", path, "--json").stdout)["rowGroups"]
    assert [len(g["columns"]) for g in pages] == [13, 13, 13]
    for group, rows in zip(pages, (1000, 1000, 500)):
        ids = group["columns"][0]
        assert ids["path"] == "id"
        data = [p for p in ids["pages"] if p["type"] == "DATA_PAGE"]
        assert sum(p["numValues"] for p in data) == rows and data[0]["firstRow"] == 0
        assert sum(p["nullCount"] for p in data) == 0
    assert ids["pages"][-1]["max"] == "2494"
    text = run("pages", path).stdout
    assert "row group 0, column tags.list.element\n" in text and "DICTIONARY_PAGE" in text


def test_verify_finds_nothing_wrong_with_good_files(sample, tmp_path):
    path, table = sample
    done = run("verify", path)
    assert (done.returncode, done.stdout) == (0, f"{path}: 2500 rows in 3 row groups, nothing wrong\n"), done.stdout
    for version in ("1.0", "2.0"):
        other = tmp_path / version
        pq.write_table(table, other, data_page_version=version, write_page_index=True, data_page_size=100,
                       write_page_checksum=True, row_group_size=777)
        done = run("verify", other, "--json")
        assert done.returncode == 0 and json.loads(done.stdout)["problems"] == [], done.stdout


def test_verify_tells_where_a_file_is_wrong(tmp_path):
    table = pa.table({"n": pa.array(range(1000, 1100), pa.int64()), "s": ["text"] * 100})
    path = tmp_path / "plain.parquet"
    options = {"use_dictionary": False, "compression": "none", "write_page_index": True}
    pq.write_table(table, path, **options)
    good = path.read_bytes()

    def changed(old, new):
        assert good.count(old) == 1
        path.write_bytes(good.replace(old, new))
        done = run("verify", path)
        assert done.returncode == 1, done.stdout
        return done.stdout.replace(f"{path}: row group 0: column ", "").splitlines()

    value = (1050).to_bytes(8, "little")
    assert changed(value, (7).to_bytes(8, "little")) == [
        "n: data page 0: a value is below the minimum, or that is no bound: 1000",
        "n: chunk of row group 0: a value is below the minimum, or that is no bound: 1000"]
    assert changed(value, (10**6).to_bytes(8, "little"))[1] == (
        "n: chunk of row group 0: a value is above the maximum, or that is no bound: 1099")
    pq.write_table(table, path, write_page_checksum=True, **options)
    good = path.read_bytes()
    assert changed(value, (1051).to_bytes(8, "little")) == ["n: page 0: checksum differs"]


def tool(*arguments):
    return subprocess.run([program("deltawrite"), *map(str, arguments)], capture_output=True, text=True)


def test_import_takes_parquet_files(sample, tmp_path):
    _, table = sample
    columns = ["id", "name", "real", "price", "tags", "pairs", "point", "half", "raw"]
    for i in range(2):
        pq.write_table(table.select(columns), tmp_path / f"{i}.parquet", row_group_size=1000)
    (tmp_path / "more.ndjson").write_text('{"id": 7, "name": "line"}\n')
    files = [tmp_path / "0.parquet", tmp_path / "1.parquet", tmp_path / "more.ndjson"]

    done = tool("import", tmp_path / "table", *files, "--create")
    assert done.returncode == 0 and "imported 5001 rows" in done.stdout, done.stderr
    rows = [json.loads(line) for line in tool("cat", tmp_path / "table").stdout.splitlines()]
    assert len(rows) == 5001 and list(rows[0]) == columns
    assert [r["id"] for r in rows] == [*range(-5, 2495)] * 2 + [7]
    assert rows[1001]["tags"] == ["t0", "t1"] and rows[8]["price"] == 5.0 and rows[8]["half"] == 1.0
    done = tool("import", tmp_path / "table", tmp_path / "0.parquet", "--app-id", "a", "--app-version", 1)
    assert done.returncode == 0 and "2500 rows" in done.stdout
    done = tool("import", tmp_path / "table", tmp_path / "0.parquet", "--app-id", "a", "--app-version", 1)
    assert done.returncode == 0 and "nothing to do" in done.stdout
    pq.write_table(table.select(["clock"]), tmp_path / "clock.parquet")
    done = tool("import", tmp_path / "table", tmp_path / "clock.parquet")
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "format ttm has no Delta type" in done.stderr
    done = tool("import", tmp_path / "table", tmp_path / "more.ndjson", "--format", "parquet")
    assert done.returncode == 1 and "not a Parquet file" in done.stderr


def test_import_of_a_parquet_file_without_rows_makes_its_columns(tmp_path):
    columns = {"a": pa.int64(), "s": pa.struct([("x", pa.string()), ("l", pa.list_(pa.int32()))]),
               "m": pa.map_(pa.string(), pa.decimal128(10, 2)), "t": pa.timestamp("us"), "f": pa.list_(pa.int8(), 2)}
    pq.write_table(pa.table({name: pa.array([], type) for name, type in columns.items()}), tmp_path / "a.parquet")
    tool("import", tmp_path / "table", tmp_path / "a.parquet", "--create")
    schema = json.loads(tool("schema", tmp_path / "table", "--json").stdout)
    assert [f["name"] for f in schema["fields"]] == list(columns)
    assert schema["fields"][1]["type"]["fields"][1]["type"]["elementType"] == "integer"


def test_import_makes_a_table_for_times_without_zone(tmp_path):
    """The table gets the feature that the type needs; a second file brings the type to a table that has it."""
    when = [None, datetime.datetime(2026, 1, 2, 3, 4, 5, 6)]
    for name, values in (("a", when), ("b", when[:1])):
        pq.write_table(pa.table({"at": pa.array(values, pa.timestamp("us"))}), tmp_path / f"{name}.parquet")
    done = tool("import", tmp_path / "table", tmp_path / "a.parquet", tmp_path / "b.parquet", "--create")
    assert done.returncode == 0, done.stderr
    assert DeltaTable(tmp_path / "table").to_pyarrow_table().column("at").to_pylist().count(when[1]) == 1
    assert tool("schema", tmp_path / "table").stdout.count("timestamp_ntz") == 1


@pytest.mark.parametrize("conditions,keep", [
    (["id >= 990", "id<1010"], lambda r: 990 <= r["id"] < 1010),
    (["name = name 7"], lambda r: r["name"] == "name 7"),
    (["name is null", "id > 2400"], lambda r: r["name"] is None and r["id"] > 2400),
    (["price <= -1.5"], lambda r: r["price"] is not None and r["price"] <= -1.5),
    (["price is not null", "real < 1"], lambda r: r["price"] is not None and r["real"] < 1),
    (["point.x = 2000"], lambda r: r["point"]["x"] == 2000),
    (["point.y is not null"], lambda r: False),
    (["at < 1970-01-01T00:00:10Z"], lambda r: r["at"].value < 10 * 10**9),
    (["id = 99999999"], lambda r: False),
])
@pytest.mark.parametrize("columns", [None, ["half", "name"]])
def test_cat_gives_the_rows_that_pass_all_conditions(sample, conditions, keep, columns):
    path, table = sample
    arguments = [a for condition in conditions for a in ("--where", condition)]
    done = run("cat", path, *arguments, *(["--columns", ",".join(columns)] if columns else []))
    assert done.returncode == 0, done.stderr
    plain = table.select(["id", "name", "real", "price", "at", "point"])
    rows = [i for i, row in enumerate(plain.to_pylist()) if keep(row)]
    want = table.take(rows) if rows else table.slice(0, 0)
    cat_form.compare(done.stdout.splitlines(), want.select(columns) if columns else want)


def test_conditions_that_cannot_be_are_told(sample):
    path, _ = sample
    for condition, code, words in (("id", 2, "is not COLUMN OP VALUE"), ("nothing = 1", 1, "column nothing: the file has none"),
                                   ("id = five", 1, 'column id: "five" is no long'), ("tags = a", 1, "no conditions on"),
                                   ("price = 1.234", 1, "is no decimal"), ("raw = x", 1, "values of type fixed")):
        done = run("cat", path, "--where", condition)
        assert done.returncode == code and words in done.stderr and done.stderr.count("\n") == 1, done.stderr
