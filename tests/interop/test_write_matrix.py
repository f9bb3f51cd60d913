# SPDX-License-Identifier: Apache-2.0
"""Files of our Parquet writer, of random types, rows and options, as independent engines read them.

Each case has a seed; a failure tells it. DELTAWRITE_MATRIX_SEED=N runs that one alone, DELTAWRITE_MATRIX=long runs
many more, and files of a million rows. Known gaps of the engines are listed here by name, with their reason."""
import json
import os
import subprocess
import uuid

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from judges.read_table import summarize
from support import cat_form, judges
from support.library import delta_schema
from support.parquet_cases import Case
from support.parquet_library import ParquetLibrary
from support.paths import program

LONG = os.environ.get("DELTAWRITE_MATRIX") == "long"
ONE = os.environ.get("DELTAWRITE_MATRIX_SEED")
SEEDS = [int(ONE)] if ONE else range(400 if LONG else 25)
TABLES = [int(ONE)] if ONE else range(60 if LONG else 6)
SIZES = (0, 1, 1000) if not LONG else (0, 1, 1000, 20000)
COUNTS = ("num_rows", "columns", "rows_hash")


@pytest.fixture(scope="session")
def library():
    return ParquetLibrary()


def cat(path):
    done = subprocess.run([program("deltawrite"), "parquet", "cat", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def parts(kind):
    """The type and all that are in it."""
    yield kind
    if isinstance(kind, pa.BaseExtensionType):
        return
    if pa.types.is_map(kind):
        yield from parts(kind.key_type)
        yield from parts(kind.item_type)
    elif pa.types.is_struct(kind):
        for field in kind:
            yield from parts(field.type)
    elif pa.types.is_nested(kind):
        yield from parts(kind.value_type)


def has(kind, what):
    return any(what(part) for part in parts(kind))


def is_float(kind):
    return pa.types.is_float32(kind) or pa.types.is_float64(kind)


def duckdb_gap(case, field):
    """Why DuckDB does not read a column as it is, None when it does."""
    leaves = case.leaves(field.type, field.name)
    split = {o["path"] for o in case.options["columns"] if o["encoding"] == "byte_stream_split"}
    if any(path in split and not is_float(kind) for path, kind in leaves):
        return "BYTE_STREAM_SPLIT is for FLOAT and DOUBLE alone"
    if has(field.type, lambda t: isinstance(t, pa.UuidType)):
        return "UUID comes out as text"
    if has(field.type, lambda t: pa.types.is_time(t) and t.unit == "ns"):
        return "times of day are cut to microseconds"
    return None


def is_fixed(kind):
    """Stored as FIXED_LEN_BYTE_ARRAY."""
    kind = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    return pa.types.is_fixed_size_binary(kind) or pa.types.is_float16(kind) or \
        pa.types.is_decimal(kind) and kind.precision > 18


def polars_gap(case, field):
    odd = {o["path"] for o in case.options["columns"] if o["encoding"] in ("byte_stream_split", "delta_byte_array")}
    if any(path in odd and is_fixed(kind) for path, kind in case.leaves(field.type, field.name)):
        return "FIXED_LEN_BYTE_ARRAY is read as PLAIN or from a dictionary alone"
    delta = {o["path"] for o in case.options["columns"] if o["encoding"] == "delta_binary_packed"}
    if any("." in path and (path in delta or "newer_encodings" in case.options["flags"])
           for path, _ in case.leaves(field.type, field.name)):
        return "it panics on several pages of DELTA_BINARY_PACKED of required integers in a nullable struct, pyarrow's too"
    if has(field.type, lambda t: pa.types.is_time(t) and t.unit != "ns"):
        return "times of day come out in nanoseconds, which is another type here"
    return None


def without(gap, case):
    return [field.name for field in case.schema if gap(case, field) is None]


def same(got, want, columns, where):
    """Summaries agree about the columns named."""
    assert got["num_rows"] == want["num_rows"], where
    for name in columns:
        assert got["columns"].get(name) == want["columns"][name], f"{where}: {name}"


@pytest.mark.parametrize("seed", SEEDS)
def test_all_readers_agree_about_a_file(tmp_path, library, seed):
    for rows in SIZES:
        case = Case(seed, rows)
        path = tmp_path / f"{rows}.parquet"
        library.write(path, case.schema, case.batches(), **case.options)
        check(case, path)


def check(case, path):
    where = str(case)
    read = pq.ParquetFile(path, page_checksum_verification=True).read()
    read.validate(full=True)
    want, names = summarize(case.table), case.table.column_names
    same(summarize(read), want, names, f"pyarrow: {where}")
    verified = subprocess.run([program("deltawrite"), "parquet", "verify", str(path)], capture_output=True, text=True)
    assert verified.returncode == 0, f"{verified.stdout}{verified.stderr} {where}"
    if case.rows <= 1000:
        cat_form.compare(cat(path), case.table, where)
    names = without(duckdb_gap, case)
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    wanted = ", ".join(names) or "1 AS nothing"
    found = connection.execute(f"SELECT {wanted} FROM read_parquet(?)", [str(path)]).to_arrow_table()
    same(summarize(found), want, names, f"DuckDB: {where}")
    names = without(polars_gap, case)
    frame = polars.read_parquet(path, columns=names).to_arrow(compat_level=polars.CompatLevel.oldest())
    if names:
        same(summarize(frame), want, names, f"Polars: {where}")


def make_table(folder, case, library):
    """A Delta table of one file, its log written here."""
    folder.mkdir()
    library.write(folder / "part-0.parquet", case.schema, case.batches(), **case.options)
    log = folder / "_delta_log"
    log.mkdir()
    # In the log every field may be null: Spark's way to Arrow trips over required ones below a null struct.
    schema = json.dumps(delta_schema(case.schema)).replace('"nullable": false', '"nullable": true')
    actions = [
        {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["timestampNtz"],
                      "writerFeatures": ["timestampNtz"]}},
        {"metaData": {"id": str(uuid.UUID(int=case.seed)), "format": {"provider": "parquet", "options": {}},
                      "schemaString": schema, "partitionColumns": [],
                      "configuration": {}, "createdTime": 0}},
        {"add": {"path": "part-0.parquet", "partitionValues": {}, "size": (folder / "part-0.parquet").stat().st_size,
                 "modificationTime": 0, "dataChange": True}},
    ]
    (log / f"{0:020}.json").write_text("".join(json.dumps(a) + "\n" for a in actions))


@pytest.mark.parametrize("engine", ["deltalake", "spark"])
def test_the_rust_crate_and_parquet_java_read_them_as_tables(tmp_path, library, engine):
    cases = [Case(seed, rows, everywhere=engine) for seed in TABLES for rows in SIZES]
    folders = [tmp_path / f"{case.seed}-{case.rows}" for case in cases]
    for case, folder in zip(cases, folders):
        make_table(folder, case, library)
    for case, got in zip(cases, judges.read(engine, folders)):
        assert "error" not in got, f"{engine}: {got['error']}: {case}"
        same(got, summarize(case.table), case.table.column_names, f"{engine}: {case}")


@pytest.mark.skipif(not LONG, reason="DELTAWRITE_MATRIX=long runs it")
@pytest.mark.parametrize("seed", range(6))
def test_a_million_rows(tmp_path, library, seed):
    case = Case(seed, 1000)
    path = tmp_path / "large.parquet"
    library.write(path, case.schema, (b for _ in range(1000) for b in case.table.combine_chunks().to_batches()),
                  **(case.options | {"page_rows": 0, "row_group_rows": 300000}))
    case.table, case.rows = pa.concat_tables([case.table] * 1000), 10**6
    check(case, path)
