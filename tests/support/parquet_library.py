# SPDX-License-Identifier: Apache-2.0
"""deltawrite/parquet.h through ctypes: Parquet files from pyarrow data, by the Arrow C Data Interface."""
import ctypes as c
import pathlib
import tempfile

import pyarrow as pa

from support.library import Error, Library, Property

CODECS = {"default": 0, "none": 1, "snappy": 2, "zstd": 3, "gzip": 4, "lz4_raw": 5, "brotli": 6}
ENCODINGS = {"default": 0, "plain": 1, "rle": 3, "delta_binary_packed": 5, "delta_length_byte_array": 6,
             "delta_byte_array": 7, "byte_stream_split": 9}
FLAGS = {"page_checksums": 1, "newer_encodings": 2, "bloom_filters": 4, "no_dictionary": 8, "no_page_index": 16,
         "no_size_statistics": 32}
SWITCH = {None: 0, False: 1, True: 2}


class ColumnOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("encoding", c.c_int32), ("dictionary", c.c_int32), ("codec", c.c_int32),
                ("level", c.c_int32), ("statistics", c.c_int32), ("bloom_filter", c.c_int32), ("path", c.c_char_p),
                ("dictionary_bytes", c.c_int64), ("bloom_ndv", c.c_int64), ("bloom_fpp", c.c_double)]


class Sorting(c.Structure):
    _fields_ = [("path", c.c_char_p), ("flags", c.c_uint32)]


class WriteOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("flags", c.c_uint32), ("allocator", c.c_void_p), ("codec", c.c_int32),
                ("level", c.c_int32), ("page_version", c.c_int32), ("threads", c.c_int32), ("page_bytes", c.c_int64),
                ("page_rows", c.c_int64), ("row_group_bytes", c.c_int64), ("row_group_rows", c.c_int64),
                ("dictionary_bytes", c.c_int64), ("bloom_max_bytes", c.c_int64), ("bound_bytes", c.c_int64),
                ("metadata", c.POINTER(Property)), ("n_metadata", c.c_size_t),
                ("columns", c.POINTER(ColumnOptions)), ("n_columns", c.c_size_t),
                ("sorting", c.POINTER(Sorting)), ("n_sorting", c.c_size_t)]


def column_options(path, encoding="default", codec="default", **more):
    switches = {k: SWITCH[more.pop(k, None)] for k in ("dictionary", "statistics", "bloom_filter")}
    return ColumnOptions(c.sizeof(ColumnOptions), ENCODINGS[encoding], codec=CODECS[codec], path=path.encode(),
                         **switches, **more)


def write_options(flags=(), codec="default", metadata=None, columns=(), sorting=(), **more):
    """The struct, and what it points at (kept alive with it)."""
    pairs = (Property * len(metadata or {}))(*[(k.encode(), v.encode()) for k, v in (metadata or {}).items()])
    given = (ColumnOptions * len(columns))(*[column_options(**column) for column in columns])
    sorted_by = (Sorting * len(sorting))(*[(path.encode(), bits) for path, bits in sorting])
    return WriteOptions(c.sizeof(WriteOptions), sum(FLAGS[f] for f in flags), codec=CODECS[codec], metadata=pairs,
                        n_metadata=len(pairs), columns=given, n_columns=len(given), sorting=sorted_by,
                        n_sorting=len(sorted_by), **more)


class ParquetLibrary(Library):
    def __init__(self):
        super().__init__()
        self.codecs = {}

    def has_codec(self, name):
        """Whether files can be written with it: not every codec is built in everywhere."""
        if name not in self.codecs:
            self.codecs[name] = True
            with tempfile.TemporaryDirectory() as folder:
                try:
                    self.write(pathlib.Path(folder) / "probe", pa.schema([]), [], codec=name)
                except RuntimeError as e:
                    if "not built in" not in str(e):
                        raise
                    self.codecs[name] = False
        return self.codecs[name]

    def write(self, path, schema, batches, **options):
        """One file of pyarrow record batches, each given to the writer as it is."""
        if not self.has_codec(options.get("codec", "default")):
            options["codec"] = "default"
        store, writer, given = c.c_void_p(), c.c_void_p(), write_options(**options)
        described = (c.c_int64 * 9)()  # ArrowSchema
        self.lib.dw_parquet_writer_close.argtypes = self.lib.dw_store_unref.argtypes = [c.c_void_p]
        self.lib.dw_parquet_writer_close.restype = self.lib.dw_store_unref.restype = None
        self.call("dw_store_open_uri", str(path.parent).encode(), None, c.byref(store))
        try:
            schema._export_to_c(c.addressof(described))
            self.call("dw_parquet_writer_open", store, path.name.encode(), c.byref(described), c.byref(given),
                      c.byref(writer))
            for batch in batches:
                array = (c.c_int64 * 10)()  # ArrowArray
                batch._export_to_c(c.addressof(array))
                self.call("dw_parquet_writer_append", writer, c.byref(array))
            self.call("dw_parquet_writer_finish", writer)
        finally:
            self.lib.dw_parquet_writer_close(writer)
            self.lib.dw_store_unref(store)
