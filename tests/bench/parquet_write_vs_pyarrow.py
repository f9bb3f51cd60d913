#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our Parquet writer and pyarrow's on the same table, codec and core, in one run.

    parquet_write_vs_pyarrow.py BUILD_FOLDER [INPUT.parquet] [--codec zstd] [--passes 5] [--rows 1000000]

Without INPUT.parquet the table is made up by bench-parquet-write. CPU seconds of the best pass; the table is in
memory before, the bytes go nowhere."""
import argparse
import pathlib
import re
import subprocess
import tempfile
import time

import pyarrow as pa
import pyarrow.parquet as pq


def ours(program, source, codec, passes, out):
    done = subprocess.run([program, source, codec, str(passes), "0", out], check=True, capture_output=True, text=True)
    found = re.search(r"best ([0-9.]+) s.* ([0-9]+) bytes", done.stdout)
    return float(found[1]), int(found[2])


def theirs(table, codec, passes):
    level = 1 if codec == "zstd" else None
    best = None
    for _ in range(passes):
        sink = pa.MockOutputStream()
        start = time.process_time()
        pq.write_table(table, sink, compression=codec, compression_level=level, write_page_index=True)
        seconds = time.process_time() - start
        best = seconds if best is None else min(best, seconds)
    return best, sink.size()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("input", nargs="?")
    parser.add_argument("--codec", nargs="*", default=["none", "snappy", "zstd"])
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--rows", type=int, default=1000000)
    args = parser.parse_args()
    program = args.build / "tests" / "bench" / "bench-parquet-write"
    with tempfile.TemporaryDirectory() as folder:
        for codec in args.codec:
            out = f"{folder}/{codec}.parquet"
            seconds, size = ours(program, args.input or str(args.rows), codec, args.passes, out)
            table = pq.read_table(out)
            other, other_size = theirs(table, codec, args.passes)
            print(f"{codec}: ours {seconds:.3f} s, {size} bytes; pyarrow {pa.__version__} {other:.3f} s, {other_size} "
                  f"bytes; {other / seconds:.2f} times as fast, {size / other_size:.3f} of its size")


if __name__ == "__main__":
    main()
