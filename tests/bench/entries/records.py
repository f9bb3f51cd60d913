# SPDX-License-Identifier: Apache-2.0
"""Records of each format into JSON rows, as deltawrite-kafka decodes them: ours alone.

    ./dev bench records

One event of 15 strings and a number in each format (tests/bench/bench_records.c), on one core, by CPU time: MB/s of
payloads, and rows. What comes after, JSON rows into columns, is what bench-json times."""
import subprocess


def run(context, arguments):
    program = context.build / "tests" / "bench" / "bench-records"
    subprocess.run([program, "50" if context.quick else "1000", *arguments], check=True)
