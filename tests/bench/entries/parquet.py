# SPDX-License-Identifier: Apache-2.0
"""Parquet, one thread: events and lineitem written and read by us and by pyarrow, file sizes, peak memory.

    ./dev bench parquet [-- --workload events --codec zstd --only write --rounds 9 --rows 1000000]

The table is in memory as Arrow; we get it by the C data interface (and check it as we check any), pyarrow has it.
Written bytes are counted and dropped; files are read from memory, to Arrow. Both sides: one row group a 1,048,576
rows at most, zstd level 1, dictionaries as each does by default, data page v1, statistics. pyarrow writes in two ways,
by its defaults and with the page index and integer decimals that our files have too; it reads in two ways, as one
table and in batches of our size. Each time the faster one counts. Seconds are medians of CPU time."""
import argparse
import ctypes
import gc

import pyarrow as pa
import pyarrow.parquet as pq

import harness
import workloads

CODECS = {"zstd": 6, "snappy": 1, "none": 0}
GROUP_ROWS = 1 << 20
BATCH_ROWS = 65536
LIKE_OURS = {"write_page_index": True, "store_decimal_as_integer": True}


class Options(ctypes.Structure):
    _fields_ = [("codec", ctypes.c_int), ("level", ctypes.c_int), ("row_group_rows", ctypes.c_int64),
                ("batch_rows", ctypes.c_int64), ("path", ctypes.c_char_p)]


class CArray(ctypes.Structure):  # as large as ArrowSchema (9 words) and ArrowArray (10 words), or larger
    _fields_ = [("words", ctypes.c_int64 * 10)]


class Ours:
    def __init__(self, context):
        self.lib = lib = ctypes.CDLL(str(context.build / "tests" / "bench" / "libbench_driver.so"))
        self.message = ctypes.create_string_buffer(512)
        lib.bench_writer_open.restype = ctypes.c_void_p
        lib.bench_writer_close.restype = lib.bench_read.restype = ctypes.c_int64
        lib.bench_writer_append.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_char_p]
        lib.bench_writer_close.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        lib.bench_read.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64, ctypes.c_char_p]

    def fail(self):
        raise RuntimeError(self.message.value.decode())

    def write(self, batch, codec, path=None, times=1, batch_rows=0):
        """The size of the file of `times` times the batch."""
        options = Options(CODECS[codec], 1, GROUP_ROWS, batch_rows, None if path is None else str(path).encode())
        schema, array = CArray(), CArray()
        batch._export_to_c(ctypes.addressof(array), ctypes.addressof(schema))
        writer = self.lib.bench_writer_open(ctypes.byref(schema), ctypes.byref(options), self.message) or self.fail()
        for _ in range(times):
            if self.lib.bench_writer_append(writer, ctypes.addressof(schema), ctypes.addressof(array), self.message):
                self.fail()
        size = self.lib.bench_writer_close(writer, self.message)
        pa.RecordBatch._import_from_c(ctypes.addressof(array), ctypes.addressof(schema))  # releases both
        return size if size >= 0 else self.fail()

    def read(self, buffer):
        rows = self.lib.bench_read(buffer.address, buffer.size, BATCH_ROWS, self.message)
        return rows if rows >= 0 else self.fail()


def their_write(table, codec, sink, like_ours):
    extra = LIKE_OURS if like_ours else {}
    pq.write_table(table, sink, compression=codec, compression_level=1 if codec == "zstd" else None,
                   row_group_size=GROUP_ROWS, data_page_version="1.0", **extra)


def their_size(table, codec, like_ours=True):
    sink = pa.MockOutputStream()
    their_write(table, codec, sink, like_ours)
    return sink.size()


def their_read(buffer, in_batches):
    if not in_batches:
        return pq.read_table(pa.BufferReader(buffer), use_threads=False).num_rows
    file = pq.ParquetFile(pa.BufferReader(buffer))
    return sum(batch.num_rows for batch in file.iter_batches(BATCH_ROWS, use_threads=False))


def seconds(s):
    return f"{s:.3f}"


def write_rows(context, ours, table, name, codec, rounds):
    batch = table.to_batches()[0]
    took = harness.alternate({
        "ours": lambda: ours.write(batch, codec),
        "plain": lambda: their_size(table, codec, False),
        "like": lambda: their_size(table, codec, True)}, rounds)
    theirs = min(took["plain"], took["like"])
    size, other = ours.write(batch, codec), min(their_size(table, codec, False), their_size(table, codec, True))
    return [f"write {name} {codec}", seconds(took["ours"]), seconds(theirs), f"{theirs / took['ours']:.2f}",
            f"{size / 1e6:.2f}", f"{other / 1e6:.2f}", f"{size / other:.3f}"]


def read_rows(context, ours, table, name, codec, rounds):
    path = context.cache / f"read-{name}-{codec}.parquet"
    ours.write(table.to_batches()[0], codec, path)
    our_file = pa.py_buffer(path.read_bytes())
    path.unlink()
    sink = pa.BufferOutputStream()
    their_write(table, codec, sink, True)
    result = []
    for file, of in ((our_file, "our"), (sink.getvalue(), "pyarrow's")):
        if ours.read(file) != table.num_rows:
            raise RuntimeError(f"{of} file of {name}: not as many rows as were written")
        took = harness.alternate({
            "ours": lambda: ours.read(file),
            "table": lambda: their_read(file, False),
            "batches": lambda: their_read(file, True)}, rounds)
        theirs = min(took["table"], took["batches"])
        result.append([f"read {name} {codec}, {of} file", seconds(took["ours"]), seconds(theirs),
                       f"{theirs / took['ours']:.2f}", f"{file.size / 1e6:.2f}", "", ""])
    return result


def memory_row(context, name, codec, rows, times):
    got = {}
    for side in ("ours", "pyarrow"):
        peak, size = harness.in_fresh_process(context, "parquet", side, name, codec, rows, times).split()
        got[side] = int(peak) / 2**20
    return [f"write {rows * times / 1e6:g} M {name} {codec}", f"{got['ours']:.0f}", f"{got['pyarrow']:.0f}",
            f"{got['pyarrow'] / got['ours']:.2f}", f"{int(size) / 2**20:.0f}"]


def child(context, arguments):
    """In a process of its own: peak memory of writing `times` times the table, and the bytes of a row group."""
    side, name, codec, rows, times = arguments
    pa.set_cpu_count(1)
    table, _ = workloads.load(context, name, int(rows))
    ours = Ours(context)
    batch = table.to_batches()[0]

    def write():
        if side == "ours":
            ours.write(batch, codec, times=int(times), batch_rows=BATCH_ROWS)
            return
        with pq.ParquetWriter(pa.MockOutputStream(), table.schema, compression=codec, data_page_version="1.0",
                              compression_level=1 if codec == "zstd" else None, **LIKE_OURS) as writer:
            for _ in range(int(times)):
                writer.write_table(table, row_group_size=GROUP_ROWS)

    gc.collect()
    print(harness.peak_over(write), ours.write(batch, codec))


def run(context, arguments):
    parser = argparse.ArgumentParser(prog="dev bench parquet --")
    parser.add_argument("--workload", nargs="*", choices=workloads.ALL, default=workloads.ALL)
    parser.add_argument("--codec", nargs="*", choices=CODECS, default=list(CODECS))
    parser.add_argument("--only", nargs="*", choices=["write", "read", "memory"], default=["write", "read", "memory"])
    parser.add_argument("--rounds", type=int, default=2 if context.quick else 7)
    parser.add_argument("--rows", type=int, default=100_000 if context.quick else 1_000_000)
    args = parser.parse_args(arguments)
    pa.set_cpu_count(1)
    ours = Ours(context)
    print(f"  peer: pyarrow {pa.__version__}; {args.rows} rows; medians of {args.rounds}, each after the other in turn")
    timed = ["", "ours s", "pyarrow s", "ratio", "ours MB", "pyarrow MB", "size"]
    rows, memory = [], []
    for name in args.workload:
        table, origin = workloads.load(context, name, args.rows)
        print(f"  {name}: {origin}, {table.nbytes / 1e6:.0f} MB as Arrow", flush=True)
        for codec in args.codec:
            if "write" in args.only:
                rows.append(write_rows(context, ours, table, name, codec, args.rounds))
            if "read" in args.only:
                rows += read_rows(context, ours, table, name, codec, args.rounds)
        if "memory" in args.only:
            memory += [memory_row(context, name, codec, args.rows, 10) for codec in args.codec]
    if rows:
        harness.table(timed, rows)
    if memory:
        print("  peak memory over what was there before, MiB:")
        harness.table(["", "ours", "pyarrow", "ratio", "a row group"], memory)
