# SPDX-License-Identifier: Apache-2.0
"""Files of the Parquet writer as pyarrow and DuckDB read them: values, statistics, indexes, types."""
import datetime
import decimal
import json
import math
import struct
import subprocess
import uuid

import duckdb
import polars
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from support.paths import BUILD

PROGRAM = BUILD / "tests" / "unit" / "parquet" / "write_matrix"
SIZES = [(rows, nulls) for rows in (0, 1, 100, 5000) for nulls in (-1, 0, 20, 95, 100)] + [(100000, 20)]
decimal.getcontext().prec = 60


@pytest.fixture(scope="session")
def matrix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("write-matrix")
    subprocess.run([PROGRAM, folder, "own"], check=True)
    return folder


def files(matrix, rows, nulls):
    return sorted(matrix.glob(f"{rows}-{nulls}-*.parquet"))


def expected(matrix, rows, nulls):
    with open(matrix / f"{rows}-{nulls}.json", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def plain(column_type, value):
    """A value of pyarrow as write_matrix prints it."""
    if value is None:
        return None
    if pa.types.is_decimal(column_type):
        return value
    if pa.types.is_floating(column_type):
        return ("NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity") if not math.isfinite(value) else value
    if isinstance(value, uuid.UUID):
        return value.bytes.hex()
    if pa.types.is_binary(column_type) or pa.types.is_fixed_size_binary(column_type):
        return value.hex()
    if pa.types.is_map(column_type):
        return [[plain(column_type.key_type, k), plain(column_type.item_type, v)] for k, v in value]
    if pa.types.is_list(column_type):
        return [plain(column_type.value_type, v) for v in value]
    if pa.types.is_struct(column_type):
        return {f.name: plain(f.type, value[f.name]) for f in column_type}
    return value


def numbers(column):
    """Dates and timestamps as their numbers, which Python's own types cannot hold."""
    if pa.types.is_date32(column.type) or pa.types.is_time32(column.type):
        return column.cast(pa.int32())
    if pa.types.is_timestamp(column.type) or pa.types.is_time64(column.type):
        return column.cast(pa.int64())
    return column


def as_written(column_type, value):
    """A value of the NDJSON in the form plain() gives."""
    if value is not None and pa.types.is_decimal(column_type):
        return decimal.Decimal(value)
    if value is not None and pa.types.is_struct(column_type):
        return {f.name: as_written(f.type, value[f.name]) for f in column_type}
    return value


def same(got, want):
    """Equal, and zeros of one sign."""
    return repr(got) == repr(want) if isinstance(want, float) else got == want


def compare(table, want):
    assert table.num_rows == len(want)
    for name in table.column_names:
        column = numbers(table.column(name))
        for row, value in enumerate(column.to_pylist()):
            got, meant = plain(column.type, value), as_written(column.type, want[row][name])
            assert same(got, meant), f"{name}[{row}]"


@pytest.mark.parametrize("rows,nulls", SIZES)
def test_pyarrow_reads_what_was_written(matrix, rows, nulls):
    want = expected(matrix, rows, nulls)
    assert files(matrix, rows, nulls)
    first = None
    for path in files(matrix, rows, nulls):
        table = pq.read_table(path, page_checksum_verification=True)
        table.validate(full=True)
        if first is None:
            first = table
            compare(table, want)
        else:
            assert_same_tables(table, first, path)


def bits(table):
    """Floats by their bits, so that NaN equals itself and zeros keep their sign."""
    def one(column):
        if pa.types.is_floating(column.type):
            width = {16: pa.int16(), 32: pa.int32(), 64: pa.int64()}[column.type.bit_width]
            return pa.chunked_array([chunk.view(width) for chunk in column.chunks], width)
        return column
    return {name: one(table.column(name)) for name in table.column_names if name not in ("point", "own")}


def assert_same_tables(a, b, path):
    assert a.schema == b.schema
    left, right = bits(a), bits(b)
    for name, column in left.items():
        assert column.equals(right[name]), f"{path.name}: {name}"
    for name in ("point", "own"):
        assert str(a.column(name).to_pylist()) == str(b.column(name).to_pylist()), path.name


def shown(column):
    return str(column.to_pylist()).replace("Etc/UTC", "UTC").replace("UUID(", "").replace("')", "'")


@pytest.mark.parametrize("rows,nulls", SIZES[:-1])
def test_duckdb_reads_what_pyarrow_reads(matrix, rows, nulls):
    for path in files(matrix, rows, nulls):
        # DuckDB has no -0.0 nor NaN in Arrow's sense of equality, and its own form of maps; it reads
        # BYTE_STREAM_SPLIT of floats and doubles alone, and no other encoding than PLAIN of fixed bytes.
        left_out = ["at", "local", "day", "timestamp_ns"]
        if path.stem.endswith("-other"):
            left_out += ["whole", "big", "money", "list", "wide", "huge", "float16"]
        columns = ", ".join(f'"{name}"' for name in left_out)
        table = duckdb.sql(f"SELECT * EXCLUDE ({columns}) FROM '{path}'").to_arrow_table()
        other = pq.read_table(path)
        assert table.num_rows == other.num_rows == rows
        for name in table.column_names:
            assert shown(table.column(name)) == shown(other.column(name)), f"{path.name}: {name}"


@pytest.mark.parametrize("rows,nulls", [(1, -1), (100, 0), (100, 20), (5000, 95)])
def test_polars_reads_what_pyarrow_reads(matrix, rows, nulls):
    for path in files(matrix, rows, nulls):
        # Polars reads no other encoding than PLAIN of fixed bytes; extension types, maps and times have forms of their own.
        other = pq.read_table(path)
        left_out = ["void", "own", "uuid", "json", "pairs", "deep", "time_ms", "time_us"]
        if path.stem.endswith("-other"):
            left_out += ["wide", "huge", "float16"]
        names = [name for name in other.column_names if name not in left_out]
        table = polars.read_parquet(path, columns=names, glob=False).to_arrow()
        assert table.num_rows == other.num_rows == rows
        for name in names:
            assert shown(numbers(table.column(name))) == shown(numbers(other.column(name))), f"{path.name}: {name}"


def test_duckdb_skips_by_statistics_and_finds_all(matrix):
    for path in files(matrix, 100000, 20):
        table = pq.read_table(path, columns=["low_long", "text", "whole", "real"])
        for value in (0, 17, 299, 300):
            want = pc.sum(pc.equal(table.column("low_long"), value)).as_py()
            assert duckdb.sql(f"SELECT count(*) FROM '{path}' WHERE low_long = {value}").fetchone()[0] == want
        for value in table.column("text").slice(500, 300).unique().to_pylist()[:20]:
            if value is not None:
                want = pc.sum(pc.equal(table.column("text"), value)).as_py()
                assert duckdb.execute("SELECT count(*) FROM read_parquet(?) WHERE text = ?",
                                      [str(path), value]).fetchone()[0] == want
        want = pc.sum(pc.equal(table.column("real"), 0.0)).as_py()
        assert duckdb.sql(f"SELECT count(*) FROM '{path}' WHERE \"real\" = 0.0").fetchone()[0] == want


def timestamp(adjusted, unit, converted):
    return "INT64", (f"Timestamp(isAdjustedToUTC={adjusted}, timeUnit={unit}seconds, is_from_converted_type=false, "
                     "force_set_converted_type=false)"), converted


LOGICAL = {
    "flag": ("BOOLEAN", "None", "NONE"), "tiny": ("INT32", "Int(bitWidth=8, isSigned=true)", "INT_8"),
    "small": ("INT32", "Int(bitWidth=16, isSigned=true)", "INT_16"), "whole": ("INT32", "None", "NONE"),
    "big": ("INT64", "None", "NONE"), "single": ("FLOAT", "None", "NONE"), "real": ("DOUBLE", "None", "NONE"),
    "money": ("INT32", "Decimal(precision=9, scale=2)", "DECIMAL"),
    "total": ("INT64", "Decimal(precision=18, scale=4)", "DECIMAL"),
    "wide": ("FIXED_LEN_BYTE_ARRAY", "Decimal(precision=19, scale=0)", "DECIMAL"),
    "huge": ("FIXED_LEN_BYTE_ARRAY", "Decimal(precision=38, scale=10)", "DECIMAL"),
    "text": ("BYTE_ARRAY", "String", "UTF8"), "bytes": ("BYTE_ARRAY", "None", "NONE"), "day": ("INT32", "Date", "DATE"),
    "at": timestamp("true", "micro", "TIMESTAMP_MICROS"),
    "ubyte": ("INT32", "Int(bitWidth=8, isSigned=false)", "UINT_8"),
    "ushort": ("INT32", "Int(bitWidth=16, isSigned=false)", "UINT_16"),
    "uinteger": ("INT32", "Int(bitWidth=32, isSigned=false)", "UINT_32"),
    "ulong": ("INT64", "Int(bitWidth=64, isSigned=false)", "UINT_64"),
    "float16": ("FIXED_LEN_BYTE_ARRAY", "Float16", "NONE"),
    "time_ms": ("INT32", "Time(isAdjustedToUTC=false, timeUnit=milliseconds)", "NONE"),
    "time_us": ("INT64", "Time(isAdjustedToUTC=false, timeUnit=microseconds)", "NONE"),
    "time_ns": ("INT64", "Time(isAdjustedToUTC=false, timeUnit=nanoseconds)", "NONE"),
    "timestamp_ms": timestamp("true", "milli", "TIMESTAMP_MILLIS"),
    "timestamp_ntz_ms": timestamp("false", "milli", "NONE"),
    "timestamp_ns": timestamp("true", "nano", "NONE"), "timestamp_ntz_ns": timestamp("false", "nano", "NONE"),
    "uuid": ("FIXED_LEN_BYTE_ARRAY", "UUID", "NONE"), "fixed": ("FIXED_LEN_BYTE_ARRAY", "None", "NONE"),
    "json": ("BYTE_ARRAY", "JSON", "JSON"), "void": ("INT32", "Null", "NONE"),
    "local": timestamp("false", "micro", "NONE"),
    "point.in.deep": ("FIXED_LEN_BYTE_ARRAY", "Decimal(precision=20, scale=3)", "DECIMAL"),
    "list.list.element": ("INT64", "None", "NONE"), "pairs.key_value.key": ("BYTE_ARRAY", "String", "UTF8"),
    "pairs.key_value.value": ("INT32", "None", "NONE"),
    "deep.list.element.rows.list.element.list.element": ("INT32", "Int(bitWidth=16, isSigned=true)", "INT_16"),
}


def test_types_are_told_the_old_way_and_the_new(matrix):
    schema = pq.ParquetFile(matrix / "100-20-plain.parquet").schema
    columns = {schema.column(i).path: schema.column(i) for i in range(len(schema))}
    for path, want in LOGICAL.items():
        column = columns[path]
        assert (column.physical_type, str(column.logical_type), column.converted_type) == want, path
    assert columns["wide"].length == 9 and columns["huge"].length == 16 and columns["point.in.deep"].length == 9
    levels = {path: (c.max_definition_level, c.max_repetition_level) for path, c in columns.items()}
    assert levels["flag"] == (1, 0) and levels["list.list.element"] == (3, 1)
    assert levels["deep.list.element.rows.list.element.list.element"] == (8, 3)
    required = pq.ParquetFile(matrix / "100--1-plain.parquet").schema
    levels = {required.column(i).path: required.column(i).max_definition_level for i in range(len(required))}
    assert levels["flag"] == 0 and levels["list.list.element"] == 1


def test_footer_says_who_wrote_it_and_keeps_the_callers_pairs(matrix):
    metadata = pq.ParquetFile(matrix / "100-20-zstd.parquet").metadata
    assert metadata.created_by.startswith("libdeltawrite version ")
    assert metadata.metadata == {b"first": b"one", b"second": b""}


def leaf_values(path, name):
    """All values of a leaf that is not repeated, as comparable Python values."""
    column = pq.read_table(path, columns=[name])
    for part in name.split("."):
        column = column.column(part) if isinstance(column, pa.Table) else pc.struct_field(column, part)
    return numbers(column)


def comparable(value):
    if isinstance(value, datetime.datetime):
        raise AssertionError("timestamps are compared as numbers")
    return value.encode() if isinstance(value, str) else value


# Columns whose bounds pyarrow gives in another form than their values, or not at all.
UNTOLD = {"day", "at", "local", "time_ms", "time_us", "time_ns", "timestamp_ms", "timestamp_ntz_ms", "timestamp_ns",
          "timestamp_ntz_ns", "uuid", "json", "void"}


@pytest.mark.parametrize("rows,nulls", [(100, 0), (5000, 20), (5000, 95), (5000, 100), (100000, 20)])
def test_statistics_hold_the_values(matrix, rows, nulls):
    for path in files(matrix, rows, nulls):
        file = pq.ParquetFile(path)
        names = [n for n in LOGICAL if ".list" not in n and "key_value" not in n and n not in UNTOLD]
        names = [n for n in names if n != "point.in.deep"]  # pyarrow cannot select it alone
        start = 0
        columns = {name: leaf_values(path, name) for name in names}
        for g in range(min(file.num_row_groups, 40)):
            group = file.metadata.row_group(g)
            chunks = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
            for name in names:
                part = columns[name].slice(start, group.num_rows)
                check_statistics(chunks[name].statistics, part, f"{path.name}: {name}, row group {g}")
            start += group.num_rows


def check_statistics(statistics, values, where):
    assert statistics.null_count == values.null_count, where
    present = [comparable(v) for v in values.to_pylist() if v is not None and v == v]
    if not present:
        assert not statistics.has_min_max, where
        return
    if not statistics.has_min_max:  # a maximum of 64 bytes FF, or of U+10FFFF, cannot be rounded up
        assert any(isinstance(v, bytes) and len(v) > 64 for v in present), where
        return
    low, high = comparable(statistics.min), comparable(statistics.max)
    if isinstance(low, bytes) and isinstance(present[0], float):  # pyarrow gives float16 as it is stored
        low, high = struct.unpack("<e", low)[0], struct.unpack("<e", high)[0]
    if isinstance(low, bytes):
        assert low <= min(present) and high >= max(present), where
        assert len(low) <= 64 and len(high) <= 64, where
        assert (low == min(present)) == (len(min(present)) <= 64), where
        assert (high == max(present)) == (len(max(present)) <= 64), where
        assert min(present)[:60] == low[:60], where
    else:
        assert low == min(present) and high == max(present), where
        if isinstance(low, float):
            assert low != 0 or math.copysign(1, low) < 0, where
            assert high != 0 or math.copysign(1, high) > 0, where


def test_every_chunk_has_its_indexes(matrix):
    for path in files(matrix, 5000, 20):
        metadata = pq.ParquetFile(path).metadata
        for g in range(metadata.num_row_groups):
            for i in range(metadata.num_columns):
                assert metadata.row_group(g).column(i).has_offset_index


def test_few_values_get_a_dictionary_and_many_do_not(matrix):
    group = pq.ParquetFile(matrix / "100000-20-zstd.parquet").metadata.row_group(0)
    chunks = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    for name in ("low_text", "low_int", "low_long", "tiny"):
        assert chunks[name].has_dictionary_page and "RLE_DICTIONARY" in chunks[name].encodings, name
    for name in ("bytes", "huge", "flag"):
        assert not chunks[name].has_dictionary_page and "RLE_DICTIONARY" not in chunks[name].encodings, name


def test_row_groups_end_by_rows_and_by_bytes(matrix):
    metadata = pq.ParquetFile(matrix / "5000-20-snappy.parquet").metadata
    assert [metadata.row_group(g).num_rows for g in range(metadata.num_row_groups)] == [3000, 2000]
    metadata = pq.ParquetFile(matrix / "5000-20-brotli.parquet").metadata
    assert metadata.num_row_groups > 20
    assert pq.ParquetFile(matrix / "0-20-zstd.parquet").metadata.num_row_groups == 0


def excluded(path, name, value):
    """For each row group, whether DuckDB finds by the Bloom filter that the value is not in it."""
    rows = duckdb.execute("SELECT bloom_filter_excludes FROM parquet_bloom_probe(?, ?, ?) ORDER BY row_group_id",
                          [str(path), name, value]).fetchall()
    return [row[0] for row in rows]


@pytest.mark.parametrize("variant", ["v2", "newer", "other"])
def test_bloom_filters_know_every_value_and_little_else(matrix, variant):
    path = matrix / f"5000-20-{variant}.parquet"
    file = pq.ParquetFile(path)
    # The probe counts columns, not leaves: those before the first struct.
    for name in ("low_int", "whole", "big", "text", "low_text", "real"):
        for g in range(file.num_row_groups):
            values = [v for v in file.read_row_group(g, columns=[name]).column(0).unique().to_pylist()
                      if v is not None and v == v and "\0" not in str(v)]
            for value in values[:60]:
                assert not excluded(path, name, value)[g], (name, value)
        if name != "low_int":
            absent = ["none of these %d" % i if isinstance(values[0], str) else 123457 + i for i in range(60)]
            absent = [v for v in absent if v not in values]
            found = sum(not x for v in absent for x in excluded(path, name, v))
            assert found <= len(absent) * file.num_row_groups / 10, name


def test_bloom_filters_hold_zeros_of_both_signs(matrix):
    path = matrix / "5000-20-v2.parquet"
    zeros = pc.sum(pc.equal(pq.read_table(path, columns=["real"]).column(0), 0.0)).as_py()
    assert zeros > 0
    for zero in (0.0, -0.0):
        assert excluded(path, "real", zero) == [False]
        assert duckdb.execute("SELECT count(*) FROM read_parquet(?) WHERE \"real\" = ?", [str(path), zero]).fetchone()[0] == zeros
