# SPDX-License-Identifier: Apache-2.0
"""Random Parquet files: a type, rows and writer options from a seed, the same for the same seed."""
import datetime
import decimal
import random
import string

import pyarrow as pa

EVERYWHERE = ["bool", "int8", "int16", "int32", "int64", "float", "double", "decimal", "string", "binary", "date",
              "timestamp_us", "timestamp_us_utc"]  # what a table has too
FOREIGN = ["uint8", "uint16", "uint32", "uint64", "half", "time_ms", "time_us", "time_ns", "timestamp_ms",
           "timestamp_ms_utc", "timestamp_ns", "timestamp_ns_utc", "fixed", "uuid", "json"]
LAYOUTS = ["large_string", "string_view", "large_binary", "binary_view", "dictionary", "run_end"]
CODECS = ["none", "snappy", "zstd", "gzip", "lz4_raw", "brotli"]
FLAGS = ["page_checksums", "newer_encodings", "bloom_filters", "no_dictionary", "no_page_index", "no_size_statistics"]
EXACT = decimal.Context(prec=60)


class Case:
    """What a seed stands for."""

    def __init__(self, seed, rows, everywhere=False):
        self.seed, self.rows, self.everywhere = seed, rows, everywhere  # the engine that reads it as a table
        self.random = random.Random(f"{seed} {rows} {bool(everywhere)}")
        r = self.random
        fields = [self.field(f"c{i}", 0) for i in range(r.randint(1, 6))]
        self.schema = pa.schema(fields)
        self.nulls = r.choice([0, 0.05, 0.5, 0.95, 1])
        self.distinct = r.choice([1, 3, 50, 10**9])
        self.table = pa.table([self.array(f.type, rows, f.nullable) for f in fields], schema=self.schema)
        self.options = self.choose_options()

    def __str__(self):
        return f"seed {self.seed}, {self.rows} rows, {self.options}, {self.schema}"

    # ---- types

    def leaf(self):
        r = self.random
        name = r.choice(EVERYWHERE if self.everywhere or r.random() < 0.5 else FOREIGN)
        if name == "decimal":
            precision = r.randint(1, 38)
            return pa.decimal128(precision, r.randint(0, precision))
        if name == "fixed":
            return pa.binary(r.randint(1, 20))
        return {"bool": pa.bool_(), "half": pa.float16(), "float": pa.float32(), "double": pa.float64(),
                "string": pa.string(), "binary": pa.binary(), "date": pa.date32(), "time_ms": pa.time32("ms"),
                "time_us": pa.time64("us"), "time_ns": pa.time64("ns"), "uuid": pa.uuid(), "json": pa.json_(),
                "timestamp_ms": pa.timestamp("ms"), "timestamp_ms_utc": pa.timestamp("ms", "UTC"),
                "timestamp_us": pa.timestamp("us"), "timestamp_us_utc": pa.timestamp("us", "UTC"),
                "timestamp_ns": pa.timestamp("ns"), "timestamp_ns_utc": pa.timestamp("ns", "UTC")}.get(name) or \
            pa.type_for_alias(name)

    def type(self, depth):
        r = self.random
        if depth >= 3 or r.random() < 0.6:
            return self.leaf()
        kind = r.choice(["struct", "list", "map"])
        if kind == "struct":
            return pa.struct([self.field(f"f{i}", depth + 1) for i in range(r.randint(1, 3))])
        if kind == "list":
            return pa.list_(pa.field("element", self.type(depth + 1), r.random() < 0.8))
        key = pa.string() if r.random() < 0.5 else r.choice([pa.int32(), pa.int64(), pa.date32(), pa.binary()])
        return pa.map_(key, pa.field("value", self.type(depth + 1), r.random() < 0.8))

    def field(self, name, depth):
        return pa.field(name, self.type(depth), self.random.random() < 0.8)

    # ---- values

    def value(self, kind):
        r, p = self.random, pa.types
        few = self.distinct < 10**9
        pick = (lambda low, high: r.choice([low, high, *(low + (high - low) * k // 50 for k in range(self.distinct))])
                if few else r.randint(low, high))
        if p.is_boolean(kind):
            return r.random() < 0.5
        if p.is_integer(kind):
            bits = kind.bit_width
            return pick(0, 2**bits - 1) if p.is_unsigned_integer(kind) else pick(-2**(bits - 1), 2**(bits - 1) - 1)
        if p.is_floating(kind):
            return r.choice([0.0, -0.0, 1.5, -2.25, float("nan"), float("inf"), float("-inf"), r.uniform(-60000, 60000)])
        if p.is_decimal(kind):
            return EXACT.scaleb(decimal.Decimal(pick(1 - 10**kind.precision, 10**kind.precision - 1)), -kind.scale)
        if isinstance(kind, pa.UuidType):
            return bytes(r.randrange(256) for _ in range(16)) if not few else bytes([r.randrange(self.distinct)]) * 16
        if isinstance(kind, pa.JsonType):
            return '{"k":%d}' % r.randrange(self.distinct)
        if p.is_fixed_size_binary(kind):
            return bytes(r.randrange(256 if not few else 1 + self.distinct % 256) for _ in range(kind.byte_width))
        if p.is_string(kind):
            if few:
                return f"wert {r.randrange(self.distinct)} ü"
            return "".join(r.choice(string.ascii_letters + "äß東🙂") for _ in range(r.choice([0, 1, 5, 20, 90])))
        if p.is_binary(kind):
            return r.randbytes(r.choice([0, 1, 7, 70])) if not few else bytes([r.randrange(self.distinct)])
        if p.is_date32(kind):
            return datetime.date(1970, 1, 1) + datetime.timedelta(days=pick(-700000, 2900000))
        if p.is_time(kind):
            return pick(0, 86400 * {"ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit] - 1)
        if p.is_timestamp(kind):
            second = {"ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
            return pick(-2 * 10**9 * second, 4 * 10**9 * second)
        raise AssertionError(kind)

    def keys(self, kind, sizes):
        """The keys of maps: no two of one map are the same, which some readers rely on."""
        numbers = [base + i for size in sizes for base in [self.random.randrange(20)] for i in range(size)]
        if pa.types.is_string(kind):
            return pa.array([f"key {n}" for n in numbers], kind)
        if pa.types.is_binary(kind):
            return pa.array([bytes([n]) * (n % 3 + 1) for n in numbers], kind)
        return pa.array(numbers, pa.int32() if kind.bit_width == 32 else pa.int64()).cast(kind)

    def some_null(self, n, nullable):
        r = self.random
        return [nullable and r.random() < self.nulls for _ in range(n)]

    def array(self, kind, n, nullable):
        r, p = self.random, pa.types
        null = self.some_null(n, nullable)
        mask = pa.array(null, pa.bool_())
        if p.is_struct(kind):
            return pa.StructArray.from_arrays([self.array(f.type, n, f.nullable) for f in kind], fields=list(kind),
                                              mask=mask)
        if p.is_list(kind) or p.is_map(kind):
            sizes = [0 if is_null else r.choice([0, 1, 2, 3, 8]) for is_null in null]
            ends = [0]
            for size in sizes:
                ends.append(ends[-1] + size)
            offsets = pa.array([None if i < n and null[i] else end for i, end in enumerate(ends)], pa.int32())
            if p.is_list(kind):
                values = self.array(kind.value_type, ends[-1], kind.value_field.nullable)
                return pa.ListArray.from_arrays(offsets, values, type=kind)
            return pa.MapArray.from_arrays(offsets, self.keys(kind.key_type, sizes),
                                           self.array(kind.item_type, ends[-1], kind.item_field.nullable), type=kind)
        values = [None if is_null else self.value(kind) for is_null in null]
        if p.is_time(kind) or p.is_timestamp(kind):
            return pa.array(values, pa.int32() if kind.bit_width == 32 else pa.int64()).cast(kind)
        if isinstance(kind, pa.BaseExtensionType):
            return pa.ExtensionArray.from_storage(kind, pa.array(values, kind.storage_type))
        return pa.array(values, kind)

    # ---- options

    def leaves(self, kind, path):
        if pa.types.is_struct(kind):
            return [leaf for f in kind for leaf in self.leaves(f.type, f"{path}.{f.name}")]
        if pa.types.is_map(kind):
            return self.leaves(kind.key_type, path + ".key_value.key") + \
                self.leaves(kind.item_type, path + ".key_value.value")
        if pa.types.is_list(kind):
            return self.leaves(kind.value_type, path + ".list.element")
        return [(path, kind)]

    def encoding(self, kind):
        found = self.any_encoding(kind)
        if self.everywhere == "spark" and found == "byte_stream_split":
            return "plain"  # Spark's reader of columns has no BYTE_STREAM_SPLIT
        return found

    def any_encoding(self, kind):
        p = pa.types
        if isinstance(kind, pa.BaseExtensionType):
            kind = kind.storage_type
        if p.is_boolean(kind):
            return self.random.choice(["plain", "rle"])
        if p.is_string(kind) or p.is_binary(kind):
            return self.random.choice(["plain", "delta_length_byte_array", "delta_byte_array"])
        if p.is_fixed_size_binary(kind) or p.is_float16(kind) or (p.is_decimal(kind) and kind.precision > 18):
            return self.random.choice(["plain", "delta_byte_array", "byte_stream_split"])
        if p.is_floating(kind):
            return self.random.choice(["plain", "byte_stream_split"])
        return self.random.choice(["plain", "delta_binary_packed", "byte_stream_split"])

    def choose_options(self):
        r = self.random
        leaves = [leaf for f in self.schema for leaf in self.leaves(f.type, f.name)]
        columns = [{"path": path, "encoding": self.encoding(kind), "dictionary": None if pa.types.is_boolean(kind) else r.choice([None, None, True])}
                   for path, kind in leaves if r.random() < 0.5]
        codec = r.choice(CODECS)
        if self.everywhere == "spark" and codec == "brotli":
            codec = "zstd"  # Spark comes without Brotli
        return {"codec": codec, "page_version": r.choice([1, 2]), "threads": r.choice([1, 1, 2]),
                "flags": [f for f in FLAGS if r.random() < 0.3], "columns": columns,
                "page_rows": r.choice([0, 1, 7, 100]) if self.rows < 10**5 else 0,
                "row_group_rows": r.choice([0, 0, 333]) if self.rows < 10**5 else r.choice([0, 300000]),
                "dictionary_bytes": r.choice([0, 0, 64, 5000]), "bound_bytes": r.choice([0, 4]),
                "metadata": {"seed": str(self.seed)}}

    def batches(self):
        """The rows in a few batches that are slices of others, some in another layout that the schema allows."""
        r = self.random
        padded = pa.concat_tables([self.table, self.table.slice(0, 3), self.table]).combine_chunks()
        start = min(3, self.rows) + self.rows
        whole = padded.slice(start, self.rows).to_batches()
        for batch in whole:
            at = 0
            while at < batch.num_rows:
                size = r.choice([batch.num_rows, 1 + batch.num_rows // 3])
                yield batch.slice(at, size)
                at += size
