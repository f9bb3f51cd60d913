#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Read Delta tables (or Parquet files) with one independent engine and print a normalized summary.

The engine does the reading; the summary is made from its Arrow result by code that all engines share, so that two
engines that read the same data print the same "num_rows", "columns" and "rows_hash". See README.md for the format.
"""
import argparse
import hashlib
import importlib.util
import json
import os
import pathlib
import sys
import time
from datetime import date, datetime, timedelta
from urllib.parse import urlparse

import numpy as np
import pyarrow as pa

HERE = pathlib.Path(__file__).resolve().parent
U64 = np.uint64
NULL = U64(0x6E756C6C6E756C6C)
ENV = os.environ.get


# ---------------------------------------------------------------------------------------------- Arrow -> one form

def mix(x):
    """The splitmix64 finalizer, on arrays of uint64."""
    x = x + U64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> U64(30))) * U64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> U64(27))) * U64(0x94D049BB133111EB)
    return x ^ (x >> U64(31))


def digest(data):
    return U64(int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little"))


def is_map(t):
    """Engines that have no map type give a list of structs of key and value."""
    return pa.types.is_map(t) or (
        is_list(t) and pa.types.is_struct(t.value_type) and [f.name for f in t.value_type] == ["key", "value"])


def is_list(t):
    return pa.types.is_list(t) or pa.types.is_large_list(t) or pa.types.is_fixed_size_list(t)


def plain(a):
    """Undo encodings and views: a plain array of a plain type."""
    if isinstance(a, pa.ExtensionArray):
        a = a.storage
    t = a.type
    if pa.types.is_dictionary(t) or pa.types.is_run_end_encoded(t):
        return plain(a.cast(t.value_type))
    if pa.types.is_string_view(t) or pa.types.is_string(t):
        return a.cast(pa.large_string())
    if pa.types.is_binary_view(t) or pa.types.is_fixed_size_binary(t) or pa.types.is_binary(t):
        return a.cast(pa.binary() if pa.types.is_fixed_size_binary(t) else pa.large_binary()).cast(pa.large_binary())
    if pa.types.is_list_view(t) or pa.types.is_large_list_view(t):
        return a.cast(pa.large_list(t.value_type))
    if pa.types.is_fixed_size_list(t):
        return a.cast(pa.list_(t.value_type))
    if pa.types.is_timestamp(t):
        return a.cast(pa.timestamp("us", t.tz), safe=False)
    if pa.types.is_time(t):
        return a.cast(pa.time64("ns" if t == pa.time64("ns") else "us"))
    return a


def type_name(t):
    """The type's name as in a Delta schema."""
    p = pa.types
    if isinstance(t, pa.BaseExtensionType):
        return type_name(t.storage_type)
    if p.is_dictionary(t) or p.is_run_end_encoded(t):
        return type_name(t.value_type)
    if is_map(t):
        k, v = (t.key_type, t.item_type) if p.is_map(t) else (t.value_type[0].type, t.value_type[1].type)
        return f"map<{type_name(k)},{type_name(v)}>"
    if is_list(t) or p.is_list_view(t) or p.is_large_list_view(t):
        return f"array<{type_name(t.value_type)}>"
    if p.is_struct(t):
        return "struct<" + ",".join(f"{f.name}:{type_name(f.type)}" for f in t) + ">"
    if p.is_timestamp(t):
        return "timestamp" if t.tz else "timestamp_ntz"
    if p.is_decimal(t):
        return f"decimal({t.precision},{t.scale})"
    if p.is_string(t) or p.is_large_string(t) or p.is_string_view(t):
        return "string"
    if p.is_binary(t) or p.is_large_binary(t) or p.is_binary_view(t) or p.is_fixed_size_binary(t):
        return "binary"
    names = {"int8": "byte", "int16": "short", "int32": "integer", "int64": "long", "bool": "boolean",
             "float": "float", "double": "double", "date32[day]": "date", "null": "void"}
    return names.get(str(t), str(t))


def spans(a):
    """A list or map array's children (of a map: keys and values), each child's row and its place there, the lengths."""
    valid = a.is_valid().to_numpy(zero_copy_only=False)
    offsets = a.offsets.to_numpy()
    lens = np.where(valid, np.diff(offsets), 0)
    row = np.repeat(np.arange(len(a)), lens)
    pos = np.arange(len(row)) - np.repeat(np.cumsum(lens) - lens, lens)
    index = np.repeat(offsets[:-1], lens) + pos
    children = [a.keys, a.items] if pa.types.is_map(a.type) else [a.values]
    first = index[0] if len(index) else 0
    if not len(index) or index[-1] - first == len(index) - 1:
        children = [c.slice(first, len(index)) for c in children]
    else:  # null lists that have children all the same
        children = [c.take(pa.array(index)) for c in children]
    if len(children) == 1 and is_map(a.type):
        children = [c for _, c in fields(children[0])]
    return children, row, pos, lens


def fields(a):
    """A struct's children, null where the struct is null."""
    return [(f.name, c) for f, c in zip(a.type, a.flatten())]


def hashes(a):
    """One uint64 for each value of an array."""
    a = plain(a)
    t, n = a.type, len(a)
    null = a.is_null().to_numpy(zero_copy_only=False)
    if pa.types.is_null(t):
        return np.full(n, NULL)
    if pa.types.is_struct(t):
        out = np.zeros(n, U64)
        for name, c in fields(a):
            out += mix(hashes(c) ^ digest(name.encode()))
    elif is_list(t) or is_map(t):
        parts, row, pos, lens = spans(a)
        if is_map(t):  # the order of a map's entries does not count
            part = mix(mix(hashes(parts[0])) ^ hashes(parts[1]))
        else:
            part = mix(hashes(parts[0]) ^ mix(pos.astype(U64)))
        out = mix(lens.astype(U64))
        np.add.at(out, row, part)
    elif pa.types.is_floating(t):
        x = a.cast(pa.float64()).fill_null(0.0).to_numpy(zero_copy_only=False)
        out = np.where(np.isnan(x), np.nan, x).astype(np.float64).view(U64)
    elif pa.types.is_boolean(t):
        out = a.fill_null(False).to_numpy(zero_copy_only=False).astype(U64)
    elif pa.types.is_integer(t) or pa.types.is_temporal(t):
        if pa.types.is_temporal(t):
            a = a.cast(pa.int32() if t.bit_width == 32 else pa.int64())
        out = a.fill_null(0).to_numpy(zero_copy_only=False)
        out = out.astype(np.int64).view(U64) if out.dtype.kind == "i" else out.astype(U64)
    else:  # strings, binaries, decimals: hash each distinct value once
        d = a.dictionary_encode()
        text = [x if isinstance(x, bytes) else (x if isinstance(x, str) else decimal_text(x)).encode()
                for x in d.dictionary.to_pylist()] + [b""]
        out = np.array([digest(x) for x in text], U64)[d.indices.fill_null(len(text) - 1).to_numpy()]
    return np.where(null, NULL, mix(out))


def decimal_text(x):
    s = format(x, "f")
    return s.rstrip("0").rstrip(".") if "." in s else s


def json_values(a):
    """Each value of an array as something json.dumps takes: see README.md."""
    a = plain(a)
    t, n = a.type, len(a)
    valid = a.is_valid().to_pylist()
    if pa.types.is_null(t):
        return [None] * n
    if pa.types.is_struct(t):
        cols = [(name, json_values(c)) for name, c in fields(a)]
        out = [{name: c[i] for name, c in cols} for i in range(n)]
    elif is_list(t) or is_map(t):
        parts, row, _, _ = spans(a)
        values = [json_values(c) for c in parts]
        out = [[] for _ in range(n)]
        for r, *v in zip(row, *values):
            out[r].append(v if is_map(t) else v[0])
        if is_map(t):
            out = [sorted(m, key=dump) for m in out]
    elif pa.types.is_floating(t):
        bad = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
        out = [None if x is None else bad.get(str(x)) or float(str(np.float32(x)) if t == pa.float32() else x)
               for x in a.to_pylist()]
    elif pa.types.is_timestamp(t):
        zone = "Z" if t.tz else ""
        out = [x if x is None else when(x, datetime(1970, 1, 1), "microseconds", zone)
               for x in a.cast(pa.int64()).to_pylist()]
    elif pa.types.is_date32(t):
        out = [x if x is None else when(x, date(1970, 1, 1), "days", "") for x in a.cast(pa.int32()).to_pylist()]
    elif pa.types.is_large_binary(t):
        out = [x if x is None else x.hex() for x in a.to_pylist()]
    elif pa.types.is_decimal(t):
        out = [x if x is None else format(x, "f") for x in a.to_pylist()]
    else:
        out = [x if x is None or isinstance(x, (int, str)) else str(x) for x in a.to_pylist()]
    return [v if ok else None for v, ok in zip(out, valid)]


def when(x, epoch, unit, zone):
    try:
        at = epoch + timedelta(**{unit: x})
        return (at.isoformat(timespec="microseconds") if isinstance(at, datetime) else at.isoformat()) + zone
    except OverflowError:
        return x  # outside of the years 1 to 9999: the number itself


def dump(x):
    return json.dumps(x, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def summarize(table):
    columns, rows = {}, np.zeros(table.num_rows, U64)
    with np.errstate(over="ignore"):
        for name, col in zip(table.column_names, table.columns):
            h = np.concatenate([hashes(c) for c in col.chunks] or [np.zeros(0, U64)])
            rows += mix(h ^ digest(name.encode()))
            columns[name] = {"nulls": int((h == NULL).sum()), "hash": f"{int(h.sum(dtype=U64)):016x}"}
        return {"num_rows": table.num_rows,
                "schema": [{"name": f.name, "type": type_name(f.type)} for f in table.schema],
                "columns": columns, "rows_hash": f"{int(mix(rows).sum(dtype=U64)):016x}"}


def json_lines(table):
    cols = {name: [v for c in col.chunks for v in json_values(c)]
            for name, col in zip(table.column_names, table.columns)}
    return sorted(dump({k: v[i] for k, v in cols.items()}) for i in range(table.num_rows))


# ------------------------------------------------------------------------------------------------------- engines

def is_s3(path):
    return path.startswith(("s3://", "s3a://"))


def s3_options(endpoint):
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    o = {k: ENV(k) for k in keys if ENV(k)}
    o["AWS_REGION"] = ENV("AWS_REGION") or ENV("AWS_DEFAULT_REGION") or "us-east-1"
    if endpoint:
        o.update(AWS_ENDPOINT_URL=endpoint, AWS_ALLOW_HTTP=str(endpoint.startswith("http://")).lower(),
                 AWS_VIRTUAL_HOSTED_STYLE_REQUEST="false")
    return o


class Deltalake:
    def __init__(self, args):
        import deltalake
        self.lib, self.version = deltalake, deltalake.__version__
        self.endpoint = args.endpoint

    def open(self, path, version):
        o = s3_options(self.endpoint) if is_s3(path) else None
        return self.lib.DeltaTable(path, version=version, storage_options=o)

    def read(self, path, version):
        dt = self.open(path, version)
        stream = self.lib.QueryBuilder().register("t", dt).execute("SELECT * FROM t")
        table = pa.RecordBatchReader.from_stream(stream).read_all()
        return table, dt.version(), len(dt.file_uris())


class Duckdb:
    def __init__(self, args):
        import duckdb
        self.lib, self.version, self.endpoint = duckdb, duckdb.__version__, args.endpoint
        self.con = None

    def connect(self):
        offline = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        con = self.lib.connect(config=offline)
        for name in ("httpfs", "delta"):  # from the wheels duckdb-extension-*: no download
            wheel = pathlib.Path(importlib.util.find_spec("duckdb_extension_" + name).origin).parent
            con.execute(f"LOAD '{wheel}/extensions/v{self.version}/{name}.duckdb_extension'")
        con.execute("SET TimeZone = 'UTC'")
        o = s3_options(self.endpoint)
        if "AWS_ACCESS_KEY_ID" in o:
            parts = [f"KEY_ID '{o['AWS_ACCESS_KEY_ID']}'", f"SECRET '{o['AWS_SECRET_ACCESS_KEY']}'",
                     f"REGION '{o['AWS_REGION']}'"]
            if self.endpoint:
                u = urlparse(self.endpoint)
                parts += [f"ENDPOINT '{u.netloc}'", "URL_STYLE 'path'", f"USE_SSL {u.scheme == 'https'}"]
            if "AWS_SESSION_TOKEN" in o:
                parts.append(f"SESSION_TOKEN '{o['AWS_SESSION_TOKEN']}'")
            con.execute(f"CREATE SECRET (TYPE s3, {', '.join(parts)})")
        return con

    def read(self, path, version):
        src = "('" + path.replace("'", "''") + "'" + ("" if version is None else f", version => {version}") + ")"
        self.con = self.con or self.connect()
        try:
            files = self.con.execute(f"SELECT count(*) FROM delta_list_files{src}").fetchone()[0]
            return self.con.execute(f"SELECT * FROM delta_scan{src}").to_arrow_table(), version, files
        except (self.lib.InternalException, self.lib.FatalException):
            self.con = None  # an internal error spoils a connection for good
            raise


class Polars:
    def __init__(self, args):
        import polars
        self.lib, self.version, self.endpoint = polars, polars.__version__, args.endpoint

    def read(self, path, version):
        o = s3_options(self.endpoint) if is_s3(path) else None
        frame = self.lib.scan_delta(path, version=version, storage_options=o).collect()
        return frame.to_arrow(compat_level=self.lib.CompatLevel.oldest()), version, None


class Spark:
    def __init__(self, args):
        import pyspark
        from pyspark.sql import SparkSession
        if not list(pathlib.Path(args.jars).glob("delta-spark_*.jar")):
            raise SystemExit(f"no Delta jars in {args.jars}: JUDGE_JARS=$(tests/fetch spark)")
        self.version = pyspark.__version__
        for key, value in (("SPARK_LOCAL_IP", "127.0.0.1"), ("SPARK_LOCAL_HOSTNAME", "localhost")):
            os.environ.setdefault(key, value)  # the machine's own name need not resolve
        conf = {
            "spark.driver.extraClassPath": f"{args.jars}/*",
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xss8m",
            "spark.driver.memory": "2g",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.sql.shuffle.partitions": "1",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
            "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
            "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
            "spark.databricks.delta.snapshotPartitions": "1",
        }
        o = s3_options(args.endpoint)
        if "AWS_ACCESS_KEY_ID" in o:
            s3a = {"access.key": o["AWS_ACCESS_KEY_ID"], "secret.key": o["AWS_SECRET_ACCESS_KEY"],
                   "endpoint.region": o["AWS_REGION"]}
            if args.endpoint:
                s3a.update({"endpoint": args.endpoint, "path.style.access": "true"})
            conf.update({"spark.hadoop.fs.s3a." + k: v for k, v in s3a.items()})
        conf.update(getattr(args, "conf", {}))
        builder = SparkSession.builder.master("local[1]").appName("judge")
        for k, v in conf.items():
            builder = builder.config(k, v)
        self.spark = builder.getOrCreate()
        self.spark.sparkContext.setLogLevel("OFF")

    def read(self, path, version):
        path = path.replace("s3://", "s3a://", 1)
        self.spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()  # a path may hold another table by now
        reader = self.spark.read.format("delta")
        frame = (reader if version is None else reader.option("versionAsOf", version)).load(path)
        table, files = frame.toArrow(), len(frame.inputFiles())
        if version is None:
            log = self.spark._jvm.org.apache.spark.sql.delta.DeltaLog.forTable(self.spark._jsparkSession, path)
            version = log.unsafeVolatileSnapshot().version()
        return table, version, files

    def run(self, statements, out):
        """Prints {"rows": [...]} of the last statement, or {"error": ...} of the first that failed."""
        rows = []
        try:
            self.spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()
            for statement in statements:
                rows = [row.asDict(recursive=True) for row in self.spark.sql(statement).collect()]
            print(json.dumps({"rows": rows}, default=str), file=out)
        except Exception as e:
            print(json.dumps({"error": reason(e)}), file=out)


class PyarrowParquet:
    """Parquet files, or a folder of them, without any Delta log: what the files alone say."""

    def __init__(self, args):
        self.version, self.endpoint = pa.__version__, args.endpoint

    def read(self, path, version):
        import pyarrow.fs as fs
        import pyarrow.parquet as pq
        if is_s3(path):
            o, u = s3_options(self.endpoint), urlparse(self.endpoint or "")
            where = {"endpoint_override": u.netloc, "scheme": u.scheme} if self.endpoint else {}
            system = fs.S3FileSystem(access_key=o.get("AWS_ACCESS_KEY_ID"), secret_key=o.get("AWS_SECRET_ACCESS_KEY"),
                                     region=o["AWS_REGION"], **where)
            path = path.split("://", 1)[1]
        else:
            system = fs.LocalFileSystem()
        if system.get_file_info(path).type == fs.FileType.Directory:
            found = system.get_file_info(fs.FileSelector(path, recursive=True))
            files = sorted(f.path for f in found if f.path.endswith(".parquet")
                           and not any(p[:1] in "_." for p in f.path[len(path):].strip("/").split("/")))
        else:
            files = [path]
        tables = []
        for f in files:  # not pq.read_table: it would guess partition columns from the path
            with system.open_input_file(f) as s:
                file = pq.ParquetFile(s, coerce_int96_timestamp_unit="us", page_checksum_verification=True)
                tables.append(file.read())
        return pa.concat_tables(tables, promote_options="permissive"), None, len(files)


ENGINES = {"deltalake": Deltalake, "duckdb": Duckdb, "polars": Polars, "spark": Spark,
           "pyarrow-parquet": PyarrowParquet}


def expected(file):
    with open(file) as f:
        return json.load(f)


def differences(got, want):
    """Where a summary differs from the expected one."""
    if "error" in got or "error" in want:
        return [f"error: {s['engine']}: {s['error']}" for s in (got, want) if "error" in s]
    out = [f"{k}: {got.get(k)} != {want[k]}" for k in ("num_rows", "num_files", "rows_hash")
           if want.get(k) is not None and got.get(k) is not None and got[k] != want[k]]
    for name in sorted(got["columns"].keys() | want["columns"].keys()):
        g, w = got["columns"].get(name), want["columns"].get(name)
        if g != w:
            out.append(f"column {name}: {g} != {w}")
    return out


def reason(e):
    """The first line of an error, and of Java errors the root cause's first line."""
    lines = str(e).strip().splitlines() or [""]
    causes = [line.strip() for line in lines if line.startswith("Caused by:")]
    first = lines[1].strip(": ") if type(e).__name__ == "Py4JJavaError" and len(lines) > 1 else lines[0]
    return " | ".join([f"{type(e).__name__}: {first}"] + causes[-1:])[:600]


def answer(engine, args, tables, version, out, rows):
    """Prints a summary a table to `out`, the rows of the last one to the file `rows`; yields (path, summary)."""
    for path in tables:
        start, got = time.time(), {"engine": args.engine, "engine_version": engine.version, "table": path}
        try:
            local = path if is_s3(path) else os.path.abspath(path)
            table, got["version"], got["num_files"] = engine.read(local, version)
            got.update(summarize(table))
            if rows:
                with open(rows, "w") as f:
                    f.writelines(line + "\n" for line in json_lines(table))
        except Exception as e:  # any engine's own kind of error: report it as the result
            got["error"] = reason(e)
        got["seconds"] = round(time.time() - start, 2)
        print(json.dumps(got), file=out, flush=True)
        yield path, got


def serve(engine, args):
    """Answers requests, one JSON object a line on stdin: {"tables": [...], "version": N or null, "rows": path or null,
    "out": path}, of Spark also {"sql": [...], "out": path}. One line on stdout says that a request is done."""
    for line in sys.stdin:
        asked = json.loads(line)
        with open(asked["out"], "w") as out:
            if "sql" in asked:
                engine.run(asked["sql"], out)
                asked["tables"] = []
            for _ in answer(engine, args, asked["tables"], asked.get("version"), out, asked.get("rows")):
                pass
        print("done", flush=True)
    return 0


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("tables", nargs="*", metavar="TABLE", help="a local path or an s3:// URL")
    ap.add_argument("--engine", required=True, choices=ENGINES)
    ap.add_argument("--version", type=int, help="the table version to read (default: the latest)")
    ap.add_argument("--endpoint", default=ENV("AWS_ENDPOINT_URL"), help="of an S3 store that is not AWS")
    ap.add_argument("--out", help="write the summary here, one JSON object a line a table (default: stdout)")
    ap.add_argument("--rows", help="write the rows here too, as sorted JSON lines (one TABLE only)")
    ap.add_argument("--expect", help="a summary made before: print differences from it, exit 1 if any")
    ap.add_argument("--jars", default=ENV("JUDGE_JARS") or str(HERE / "jars"), help="spark: folder of the Delta jars")
    ap.add_argument("--serve", action="store_true", help="stay, and answer requests on stdin (see serve())")
    args = ap.parse_args()
    if args.rows and len(args.tables) > 1:
        ap.error("--rows takes one TABLE")
    if bool(args.tables) == args.serve:
        ap.error("either a TABLE or --serve")
    engine, failed = ENGINES[args.engine](args), False
    if args.serve:
        return serve(engine, args)
    out = open(args.out, "w") if args.out else sys.stdout
    for path, got in answer(engine, args, args.tables, args.version, out, args.rows):
        if args.expect:
            bad = differences(got, expected(args.expect))
            print(f"{path}: " + ("; ".join(bad) or "as expected"), file=sys.stderr)
            failed = failed or bool(bad)
        else:
            failed = failed or "error" in got
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
