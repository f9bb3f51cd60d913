#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make.py [WRITER...]: the files of this folder, by the Parquet writers of other projects: pyarrow, duckdb, polars,
deltalake (the Rust crate), fastparquet, spark (with Hive's and parquet-avro's old forms of nesting). Each needs the
Python package of its name; spark a Java runtime. tests/interop/test_parquet_data.py reads them."""
import datetime
import decimal
import glob
import os
import pathlib
import shutil
import sys
import tempfile
import uuid

HERE = pathlib.Path(__file__).resolve().parent
N = 60
UTC = datetime.timezone.utc


def nulls(values, every=4):
    return [None if i % every == 2 else v for i, v in enumerate(values)]


def columns():
    i = range(N)
    start = datetime.datetime(1969, 12, 31, 23, 0, 0)
    return {
        "flag": [k % 3 == 0 for k in i],
        "whole": [k * 7919 - 99999 for k in i],
        "big": [k * 10**15 - 10**16 for k in i],
        "real": [k / 7 - 3 for k in i],
        "text": [f"värde {k % 9}" for k in i],
        "bytes": [bytes([k, 255 - k]) for k in i],
        "day": [datetime.date(1890, 1, 1) + datetime.timedelta(days=997 * k) for k in i],
        "local": [start + datetime.timedelta(microseconds=k * 999999937) for k in i],
        "price": [decimal.Decimal(k * 101 - 2000).scaleb(-2) for k in i],
        "list": [None if k % 7 == 1 else [None if j == 1 else j * k for j in range(k % 4)] for k in i],
        "deep": [[[[k, None], []], None] if k % 3 else None for k in i],
        "object": [None if k % 5 == 4 else {"a": k, "b": None if k % 2 else {"c": str(k)}} for k in i],
        "objects": [[{"x": j, "y": [j, None]} for j in range(k % 3)] for k in i],
    }


def arrow_table():
    import pyarrow as pa
    table = pa.table(columns())
    table = table.set_column(8, "price", pa.array(columns()["price"], pa.decimal128(12, 2)))
    for name in ("flag", "whole", "big", "real", "text", "bytes", "day", "local", "price"):
        column = table.column(name)
        table = table.append_column(name + "_null", pa.array(nulls(column.to_pylist()), column.type))
    return table.append_column("map", pa.array(
        [None if k % 6 == 5 else [(f"k{j}", None if j == 1 else j) for j in range(k % 3)] for k in range(N)],
        pa.map_(pa.string(), pa.int64())))


def pyarrow():
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    table, i = arrow_table(), range(N)
    pq.write_table(table, HERE / "pyarrow_v1.parquet", compression="gzip", write_page_index=True, row_group_size=25)
    pq.write_table(table, HERE / "pyarrow_v2.parquet", compression="zstd", data_page_version="2.0", version="2.6",
                   write_page_checksum=True, use_compliant_nested_type=False)
    pq.write_table(table, HERE / "pyarrow_format_1.parquet", version="1.0", compression="snappy",
                   use_deprecated_int96_timestamps=True, store_schema=False)
    foreign = pa.table({
        "half": pa.array(np.array([k / 8 for k in i], np.float16)), "u64": pa.array([2**64 - 1 - k for k in i], pa.uint64()),
        "t9": pa.array([k * 10**12 + 1 for k in i], pa.time64("ns")), "at9": pa.array([k - 5 for k in i], pa.timestamp("ns")),
        "id": pa.array([uuid.UUID(int=k).bytes for k in i], pa.uuid()), "void": pa.nulls(N),
        "lists": pa.array([[k, k + 1] for k in i], pa.list_(pa.uint16(), 2)),
        "view": pa.array([f"{k}" * 5 for k in i], pa.string_view()), "word": pa.array([str(k % 3) for k in i]).dictionary_encode(),
    })
    pq.write_table(foreign, HERE / "pyarrow_foreign.parquet", compression="brotli", use_byte_stream_split=["half"],
                   use_dictionary=["word"])


def duckdb():
    import duckdb as engine
    engine.sql("set timezone = 'UTC'")
    select = f"""select i::tinyint i8, i::utinyint u8, i::usmallint u16, i::uinteger u32, i::ubigint u64, i::float f,
        (i - 30)::decimal(4,1) d4, (i - 30)::decimal(9,3) d9, (i * 1000 - 3)::decimal(18,4) d18, i::decimal(38,6) d38,
        time '01:02:03.000004' + to_seconds(i) t, timestamp_ns '2001-02-03 04:05:06.000000007' + to_seconds(i) at9,
        timestamp_s '2001-02-03 04:05:06' + to_seconds(i) as at0, (timestamp '1969-01-01' + to_hours(i))::timestamptz utc,
        ('00000000-0000-0000-0000-0000000000' || (10 + i))::uuid id, ('a' || i % 3)::enum('a0', 'a1', 'a2') word,
        case when i % 4 = 1 then null else i::varchar || 'ü' end s, i::varchar::blob b, i % 2 = 0 flag,
        case when i % 5 = 0 then null else [i, null] end l, [[i], [], null] ll, {{'x': i, 'y': [{{'z': i}}]}} o,
        to_days(i::int) as span, i::hugeint as huge, map {{'k' || i: [i, null]}} m, [map {{i: 'v'}}] lm from range({N}) r(i)"""
    for version, codec in (("v1", "snappy"), ("v2", "lz4_raw")):
        engine.sql(f"copy ({select}) to '{HERE}/duckdb_{version}.parquet' "
                   f"(format parquet, parquet_version {version}, codec '{codec}')")


def polars():
    import polars as engine
    table = engine.from_arrow(arrow_table().drop_columns(["map"])).with_columns(
        engine.Series("word", [f"w{k % 3}" for k in range(N)], engine.Categorical),
        engine.Series("at9", [k * 10**9 + 7 for k in range(N)], engine.Datetime("ns", "UTC")),
        engine.Series("t", [k * 10**9 for k in range(N)], engine.Time),
        engine.Series("pair", [[k, k] for k in range(N)], engine.Array(engine.Int8, 2)))
    table.write_parquet(HERE / "polars.parquet", compression="lz4", row_group_size=40)


def deltalake():
    import deltalake as engine
    with tempfile.TemporaryDirectory() as folder:
        properties = engine.WriterProperties(compression="ZSTD", max_row_group_size=30)
        engine.write_deltalake(folder, arrow_table(), writer_properties=properties)
        shutil.copy(next(pathlib.Path(folder).glob("*.parquet")), HERE / "deltalake.parquet")


def fastparquet():
    import fastparquet as engine
    import pandas
    c = columns()
    frame = pandas.DataFrame({k: c[k] for k in ("flag", "whole", "big", "real", "text", "bytes")})
    frame["null"] = pandas.array(nulls(c["whole"]), "Int32")
    frame["at"] = pandas.to_datetime(c["local"])
    frame["word"] = pandas.Categorical([f"w{k % 3}" for k in range(N)])
    frame["object"] = [{"k": k} for k in range(N)]
    frame["maybe"] = nulls(c["text"])
    for name, options in (("simple", {"times": "int64"}), ("int96", {"times": "int96", "compression": "GZIP"})):
        engine.write(str(HERE / f"fastparquet_{name}.parquet"), frame, object_encoding={
            "text": "utf8", "bytes": "bytes", "object": "json", "maybe": "utf8"}, row_group_offsets=25, **options)


def spark():
    from pyspark.sql import SparkSession
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    session = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
               .config("spark.sql.session.timeZone", "UTC").config("spark.driver.host", "127.0.0.1")
               .config("spark.driver.bindAddress", "127.0.0.1").getOrCreate())
    frame = session.sql(f"""select cast(id as byte) i8, cast(id as short) i16, cast(id as int) i32, id i64,
        cast(id as float) f, cast(id / 7 as double) r, id % 2 = 0 flag, if(id % 4 = 1, null, concat(id, 'ü')) s,
        cast(concat('b', id) as binary) b, cast(id - 30 as decimal(5,2)) d5, cast(id * 1000 as decimal(18,4)) d18,
        cast(id - 30 as decimal(38,10)) d38, date_add(date '1890-01-01', cast(id * 997 as int)) day,
        timestamp_seconds(id * 86399 - 1000000) at, cast(timestamp_seconds(id) as timestamp_ntz) local,
        if(id % 5 = 0, null, array(id, null, id + 1)) l, array(array(id), array(), null) ll,
        if(id % 7 = 0, null, named_struct('a', id, 'b', if(id % 2 = 0, null, named_struct('c', cast(id as string))))) o,
        array(named_struct('x', id, 'y', array(id, null))) ol, map(concat('k', id), id, 'n', null) m,
        map(id, map('x', array(id))) mm from range({N})""").coalesce(1)
    for name, options in (
            ("default", {}),
            ("legacy", {"spark.sql.parquet.writeLegacyFormat": "true", "spark.sql.parquet.outputTimestampType": "INT96",
                        "spark.sql.parquet.compression.codec": "gzip"}),
            ("v2", {"spark.sql.parquet.outputTimestampType": "TIMESTAMP_MILLIS",
                    "spark.sql.parquet.compression.codec": "zstd"})):
        for key, value in options.items():
            session.conf.set(key, value)
        writer = frame.write.mode("overwrite")
        if name == "v2":
            writer = writer.option("parquet.writer.version", "PARQUET_2_0").option("parquet.page.size", "100")
        with tempfile.TemporaryDirectory() as folder:
            writer.parquet(folder + "/t")
            shutil.copy(glob.glob(folder + "/t/*.parquet")[0], HERE / f"spark_{name}.parquet")
        for key in options:
            session.conf.unset(key)
    session.stop()


if __name__ == "__main__":
    for writer in sys.argv[1:] or ["pyarrow", "duckdb", "polars", "deltalake", "fastparquet", "spark"]:
        globals()[writer]()
