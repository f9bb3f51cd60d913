# SPDX-License-Identifier: Apache-2.0
"""OPTIMIZE of 1,000 small files, by `deltawrite optimize` and by delta-rs.

    ./dev bench optimize [-- --files 1000 --rows 100 1000 --rounds 5]

The table is delta-rs's own: it appends so many rows of events in each of so many commits. Every measurement is a process of
its own over a fresh copy: all of it for us, the call alone for delta-rs (its import is left out), in wall and CPU time;
memory is the peak of the whole process for us, its rise over that of the imported package for delta-rs. Medians of the
rounds, which take turns."""
import argparse
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import time

import pyarrow as pa

import harness

WORDS = [f"{a}-{b}" for a in ("page", "video", "story", "shop", "game", "live") for b in range(40)]


def events(numbers, rows):
    """Rows like those of the service's default table: repeated values, ids, some texts, nulls."""
    def some(values, share=1.0):
        return [numbers.choice(values) if numbers.random() < share else None for _ in range(rows)]

    start = 1760000000 + numbers.randrange(10**6)
    return pa.table({
        "timestamp": pa.array([(start + i // 50) * 10**6 for i in range(rows)], pa.timestamp("us", tz="UTC")),
        "channel": some(["web", "app", "mail"]), "platform": some(["ios", "android", "desktop"]),
        "event_type": some(WORDS[:12]), "event_category": some(WORDS[:5]), "resource_id": some(WORDS),
        "resource_title": [f"Title {numbers.randrange(2000)} of the resource" for _ in range(rows)],
        "session_id": [f"{numbers.getrandbits(64):016x}" for _ in range(rows)],
        "user_id": [f"user-{numbers.randrange(20000)}" for _ in range(rows)],
        "user_agent": some(["Mozilla/5.0 (X11; Linux x86_64) Gecko", "Mozilla/5.0 (iPhone) Safari", "okhttp/4.9"]),
        "interaction_value": [numbers.random() * 100 if numbers.random() < 0.7 else None for _ in range(rows)],
        "interaction_text": some([f"some text number {i} that people wrote" for i in range(500)], 0.3),
        "metadata": [json.dumps({"ab": numbers.randrange(4), "v": i % 7}) for i in range(rows)],
    })


def make(path, files, rows):
    from deltalake import write_deltalake
    numbers = random.Random(7)
    for _ in range(files):
        write_deltalake(path, events(numbers, rows), mode="append")


def child(context, arguments):
    """delta-rs: what the call takes over the imported package."""
    from deltalake import DeltaTable
    took = {}

    def call():
        wall, cpu = time.monotonic(), time.process_time()
        DeltaTable(arguments[0]).optimize.compact()
        took["wall_ms"], took["cpu_ms"] = (time.monotonic() - wall) * 1e3, (time.process_time() - cpu) * 1e3

    took["rss_kib"] = harness.peak_over(call) // 1024
    print(json.dumps(took))


def theirs(context, path, threads):
    return json.loads(harness.in_fresh_process(context, "optimize", path))


# A process counts the memory of the one that starts it until then, so that one has to be small.
LAUNCH = """
import json, os, subprocess, sys, time
start = time.monotonic()
program = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(program.pid, 0)
print(json.dumps({"wall_ms": (time.monotonic() - start) * 1e3, "cpu_ms": (usage.ru_utime + usage.ru_stime) * 1e3,
                  "rss_kib": usage.ru_maxrss}))
sys.exit(status != 0)
"""


def ours(context, path, threads):
    command = [context.build / "cli" / "deltawrite", "optimize", path, "--threads", threads, "--json"]
    return json.loads(subprocess.run([sys.executable, "-I", "-c", LAUNCH, *map(str, command)], check=True,
                                     stdout=subprocess.PIPE, text=True).stdout)


def rows_of(path):
    from deltalake import DeltaTable
    table = DeltaTable(path)
    return len(table.file_uris()), table.count()


def compare(context, files, rows, rounds, threads):
    source = context.cache / f"optimize-{files}-{rows}"
    if not source.exists():
        fresh = pathlib.Path(f"{source}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        make(fresh, files, rows)
        fresh.rename(source)
    copy = context.cache / "optimize-copy"
    measured = {ours: [], theirs: []}
    for _ in range(rounds):
        for side, all_of in measured.items():
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(source, copy)
            os.sync()
            all_of.append(side(context, copy, threads))
            assert rows_of(copy) == (1, files * rows), rows_of(copy)
    shutil.rmtree(copy)
    lines = []
    for key, unit, scale in (("wall_ms", "wall ms", 1), ("cpu_ms", "CPU ms", 1), ("rss_kib", "MiB", 1024)):
        a, b = (statistics.median(m[key] for m in measured[side]) / scale for side in (ours, theirs))
        lines.append([unit, f"{a:.0f}", f"{b:.0f}", f"{b / a:.2f}"])
    harness.table([f"{files} files of {rows} rows", "ours", "delta-rs", "ratio"], lines)


def run(context, arguments):
    parser = argparse.ArgumentParser(prog="dev bench optimize --")
    parser.add_argument("--files", type=int, default=100 if context.quick else 1000)
    parser.add_argument("--rows", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--rounds", type=int, default=1 if context.quick else 5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    args = parser.parse_args(arguments)
    for rows in args.rows:
        compare(context, args.files, rows, args.rounds, args.threads)
