# SPDX-License-Identifier: Apache-2.0
"""Small streams and files of all layouts, made by pyarrow. Usage: make.py, in this folder."""
import pyarrow as pa

TABLES = {
    "flat": {"a": pa.array([1, None, 3]), "b": pa.array(["x", "yy", None]), "c": pa.array([True, None, False])},
    "nested": {"l": pa.array([[1], None, [2, 3]]), "s": pa.array([{"x": 1, "y": ["a"]}, None, {"x": None, "y": []}]),
               "m": pa.array([[("k", 1)], [], None], pa.map_(pa.string(), pa.int8())),
               "f": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int16(), 2))},
    "views": {"v": pa.array(["a" * 20, None, "b"], pa.string_view()), "g": pa.array([b"z", b"", None], pa.large_binary()),
              "r": pa.RunEndEncodedArray.from_arrays(pa.array([1, 3], pa.int32()), pa.array(["u", None]))},
    "coded": {"d": pa.array(["p", "q", "p"]).dictionary_encode(),
              "n": pa.array([["p"], None, ["q"]], pa.list_(pa.dictionary(pa.int8(), pa.string())))},
    "times": {"t": pa.array([1, None, 2], pa.timestamp("ns", "UTC")), "d": pa.array([1, 2, None], pa.date64()),
              "x": pa.array([1, 2, 3]).cast(pa.decimal128(21, 2)), "w": pa.array([b"ab", None, b"cd"], pa.binary(2))},
}

for name, columns in TABLES.items():
    table = pa.table(columns)
    for kind, codec in (("stream", None), ("file", "zstd"), ("stream", "lz4")):
        make = pa.ipc.new_file if kind == "file" else pa.ipc.new_stream
        with make(f"{name}-{kind}-{codec or 'plain'}", table.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as w:
            w.write_table(table)
