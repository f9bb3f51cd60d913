# SPDX-License-Identifier: Apache-2.0
"""Appending rows of 1 and of 1,000 partitions, against the same rows without partitions and against delta-rs.

    ./dev bench partitions [-- --rows 2000000 --rounds 3]

One commit of Arrow batches of 65,536 rows into a new table in a folder of the cache: six columns of numbers and short
strings, the partition among them. CPU of the whole process (delta-rs uses several threads), the median of the rounds."""
import argparse
import os
import pathlib
import shutil
import sys

import numpy as np
import pyarrow as pa

import harness

BATCH = 65536


def make(rows, values, in_order):
    numbers = np.random.default_rng(1)
    picked = np.arange(rows) * values // rows if in_order else numbers.integers(0, values, rows)
    return pa.table({
        "id": np.arange(rows), "v": numbers.random(rows), "k": numbers.integers(0, 1000, rows),
        "c": numbers.integers(0, 50, rows).astype("int32"),
        "u": pa.array([f"user-{i}" for i in numbers.integers(0, 5000, rows)]),
        "p": pa.array([f"part-{i:04}" for i in picked]),
    }).combine_chunks()


def files_below(folder):
    return sum(name.endswith(".parquet") for _, _, names in os.walk(folder) for name in names)


def run(context, arguments):
    parser = argparse.ArgumentParser(prog="dev bench partitions --")
    parser.add_argument("--rows", type=int, default=200000 if context.quick else 2000000)
    parser.add_argument("--rounds", type=int, default=1 if context.quick else 3)
    args = parser.parse_args(arguments)
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
    from deltalake import write_deltalake
    from support.library import Library
    library, folder, rows = Library(), context.cache / "partitions", []
    for name, values, in_order in [("1 value", 1, True), ("1,000 in order", 1000, True), ("1,000 mixed", 1000, False)]:
        table = make(args.rows, values, in_order)
        batches = table.to_batches(max_chunksize=BATCH)

        def fresh(call):
            shutil.rmtree(folder, ignore_errors=True)
            call()
            assert files_below(folder) >= 1

        took = harness.alternate({
            "plain": lambda: fresh(lambda: library.append(folder, [batches])),
            "ours": lambda: fresh(lambda: library.append(folder, [batches], partition_by=["p"])),
            "theirs": lambda: fresh(lambda: write_deltalake(folder, table, partition_by=["p"])),
        }, args.rounds)
        rows.append([name, *(f"{took[side] * 1e3:.0f}" for side in ("plain", "ours", "theirs")),
                     f"{took['theirs'] / took['ours']:.1f}"])
    shutil.rmtree(folder, ignore_errors=True)
    harness.table([f"{args.rows} rows, CPU ms", "no partitions", "ours", "delta-rs", "ratio"], rows)
