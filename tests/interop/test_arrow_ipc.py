# SPDX-License-Identifier: Apache-2.0
"""import of Arrow IPC, streams and files, as pyarrow and Polars write them: the same rows as by Parquet."""
import datetime
import decimal
import json
import random
import subprocess

import polars
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from support.programs import Tool, program

ROWS = 300
NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, 678901)


def some(make, rng):
    return [None if rng.random() < 0.2 else make(i) for i in range(ROWS)]


def columns():
    rng = random.Random(7)
    text = lambda i: "ü" * (i % 5) + str(i)
    return {
        "bool": pa.array(some(lambda i: i % 3 == 0, rng)),
        **{f"int{bits}": pa.array(some(lambda i: -i % 100, rng), getattr(pa, f"int{bits}")()) for bits in (8, 16, 32, 64)},
        **{f"uint{bits}": pa.array(some(lambda i: i % 100, rng), getattr(pa, f"uint{bits}")()) for bits in (8, 16, 32, 64)},
        "float": pa.array(some(lambda i: i / 4, rng), pa.float32()), "double": pa.array(some(lambda i: i / 7, rng)),
        "no_nulls": pa.array(range(ROWS)), "all_null": pa.array([None] * ROWS, pa.string()),
        "string": pa.array(some(text, rng)), "large": pa.array(some(text, rng), pa.large_string()),
        "view": pa.array(some(lambda i: "x" * (i % 40), rng), pa.string_view()),
        "binary": pa.array(some(lambda i: bytes([i % 256] * 3), rng)),
        "fixed": pa.array(some(lambda i: bytes([i % 256] * 4), rng), pa.binary(4)),
        "date": pa.array(some(lambda i: NOW.date(), rng)), "date64": pa.array(some(lambda i: NOW.date(), rng), pa.date64()),
        "utc": pa.array(some(lambda i: NOW, rng), pa.timestamp("us", "UTC")),
        "local": pa.array(some(lambda i: NOW, rng), pa.timestamp("us")),
        "decimal": pa.array(some(lambda i: decimal.Decimal(i) / 100, rng), pa.decimal128(20, 2)),
        "list": pa.array(some(lambda i: [text(j) for j in range(i % 4)], rng)),
        "large_list": pa.array(some(lambda i: list(range(i % 4)), rng), pa.large_list(pa.int32())),
        "pair": pa.array(some(lambda i: [i, None], rng), pa.list_(pa.int64(), 2)),
        "map": pa.array(some(lambda i: [(text(j), j) for j in range(i % 3)], rng), pa.map_(pa.string(), pa.int32())),
        "struct": pa.array(some(lambda i: {"x": i, "y": {"z": [text(i)]}}, rng)),
        "coded": pa.array(some(lambda i: text(i % 7), rng)).dictionary_encode(),
        "coded8": pa.array(some(lambda i: text(i % 7), rng)).cast(pa.dictionary(pa.int8(), pa.string())),
        "coded_list": pa.array(some(lambda i: [text(i % 7)], rng), pa.list_(pa.dictionary(pa.int32(), pa.string()))),
    }


def write(table, path, kind, codec):
    options = pa.ipc.IpcWriteOptions(compression=codec)
    make = pa.ipc.new_file if kind == "file" else pa.ipc.new_stream
    with make(str(path), table.schema, options=options) as writer:
        for batch in table.to_batches(max_chunksize=97):
            writer.write_batch(batch)


def imported(path, file, *args):
    Tool()("import", path, file, "--create", *args)
    return Tool()("cat", path)


@pytest.fixture(scope="module")
def by_parquet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parquet")
    pq.write_table(pa.table(columns()), folder / "rows.parquet")
    return imported(folder / "table", folder / "rows.parquet")


def rows_of(lines):
    return [json.loads(line) for line in lines.splitlines()]


@pytest.mark.parametrize("codec", [None, "zstd", "lz4"])
@pytest.mark.parametrize("kind", ["file", "stream"])
def test_every_type_comes_in_as_by_parquet(kind, codec, by_parquet, tmp_path):
    write(pa.table(columns()), tmp_path / "rows.arrow", kind, codec)
    assert rows_of(imported(tmp_path / "table", tmp_path / "rows.arrow")) == rows_of(by_parquet)


def test_a_stream_comes_by_standard_input(by_parquet, tmp_path):
    write(pa.table(columns()), tmp_path / "rows", "stream", "zstd")
    with open(tmp_path / "rows", "rb") as rows:
        subprocess.run([program("deltawrite"), "import", tmp_path / "table", "-", "--format", "arrow", "--create"],
                       stdin=rows, check=True, capture_output=True)
    assert rows_of(Tool()("cat", tmp_path / "table")) == rows_of(by_parquet)


@pytest.mark.parametrize("kind", ["file", "stream"])
def test_a_column_of_nulls_fits_any_other(kind, tmp_path):
    write(pa.table({"a": [1, 2]}), tmp_path / "a.arrow", kind, None)
    write(pa.table({"a": pa.nulls(3)}), tmp_path / "b.arrow", kind, None)
    Tool()("import", tmp_path / "t", tmp_path / "a.arrow", tmp_path / "b.arrow", "--create")
    assert sorted(str(r["a"]) for r in Tool().rows(tmp_path / "t")) == ["1", "2", "None", "None", "None"]


def test_feather_and_polars_files_are_read(tmp_path):
    rows = [{"a": i, "b": f"text {i}" * (i % 5), "c": [i] * (i % 3), "d": {"x": i / 2}} for i in range(1000)]
    pyarrow.feather.write_feather(pa.Table.from_pylist(rows), tmp_path / "a.feather")
    frame = polars.DataFrame(rows)
    frame.write_ipc(tmp_path / "b.arrow", compression="zstd")
    frame.write_ipc_stream(tmp_path / "c.arrows", compression="lz4")
    for name in ("a.feather", "b.arrow", "c.arrows"):
        assert rows_of(imported(tmp_path / name[0], tmp_path / name)) == rows


def test_dictionaries_that_are_replaced_on_the_way_are_followed(tmp_path):
    schema = pa.schema({"a": pa.dictionary(pa.int32(), pa.string())})
    with pa.ipc.new_stream(str(tmp_path / "a.arrows"), schema) as writer:
        for words in (["x", "y"], ["z"], ["w", "x", "z"]):
            column = pa.DictionaryArray.from_arrays(pa.array(range(len(words)), pa.int32()), pa.array(words))
            writer.write_batch(pa.record_batch([column], schema=schema))
    assert [r["a"] for r in rows_of(imported(tmp_path / "t", tmp_path / "a.arrows"))] == ["x", "y", "z", "w", "x", "z"]


def test_a_file_without_rows_makes_columns(tmp_path):
    write(pa.table(columns()).slice(0, 0), tmp_path / "rows.arrow", "file", None)
    assert imported(tmp_path / "t", tmp_path / "rows.arrow") == ""
    assert len(Tool().json("schema", tmp_path / "t")["fields"]) == len(columns())


def test_damaged_files_get_one_line_and_change_nothing(tmp_path):
    """Bytes changed and cut at random: an error, or rows; never a crash."""
    rng = random.Random(1)
    write(pa.table({"a": columns()["string"], "b": columns()["list"], "c": columns()["coded"], "d": columns()["view"]}),
          tmp_path / "good.arrow", "stream", "lz4")
    good = (tmp_path / "good.arrow").read_bytes()
    Tool()("import", tmp_path / "t", tmp_path / "good.arrow", "--create")
    codes = set()
    for n in range(150):
        bad = bytearray(good)
        for _ in range(rng.randint(1, 4)):
            bad[rng.randrange(min(len(bad), 1200) if n % 2 else len(bad))] = rng.randrange(256)
        bad = bytes(bad[: rng.randint(1, len(bad))]) if n % 5 == 0 else bytes(bad)
        (tmp_path / "bad.arrow").write_bytes(bad)
        done = Tool().run("import", tmp_path / "t", tmp_path / "bad.arrow")
        assert done.returncode in (0, 1) and done.stderr.count("\n") == done.returncode, done.stderr
        codes.add(done.returncode)
    assert codes == {0, 1}
    (tmp_path / "bad.arrow").write_bytes(b"")
    assert "ends in the middle" in Tool().run("import", tmp_path / "t", tmp_path / "bad.arrow").stderr
    (tmp_path / "bad.arrow").write_bytes(b"PAR1" * 10)
    assert "not Arrow IPC" in Tool().run("import", tmp_path / "t", tmp_path / "bad.arrow").stderr
