# SPDX-License-Identifier: Apache-2.0
"""A Delta log of 1,000,000 files: opened for append, its files listed, checkpointed, by us and by delta-rs.

    ./dev bench log [-- --files 1000000 --rounds 3]

The log is a checkpoint written by pyarrow (row groups of 100,000 actions, statistics of four columns as JSON) and four
commits after it. Each measurement is a process of its own. CPU: of the whole process for us, of the calls alone for
delta-rs (its import is left out). Memory: the peak of the whole process for us, its rise over that of the imported
package for delta-rs. Medians of the rounds."""
import argparse
import json
import pathlib
import random
import shutil
import statistics
import subprocess
import time
import uuid

import pyarrow as pa
import pyarrow.parquet as pq

import harness

GROUP = 100000
COLUMNS = [("id", "long"), ("ts", "timestamp"), ("name", "string"), ("value", "double")]


def schema():
    texts = pa.map_(pa.string(), pa.string())
    return pa.schema([
        ("txn", pa.struct([("appId", pa.string()), ("version", pa.int64()), ("lastUpdated", pa.int64())])),
        ("add", pa.struct([("path", pa.string()), ("partitionValues", texts), ("size", pa.int64()),
                           ("modificationTime", pa.int64()), ("dataChange", pa.bool_()), ("tags", texts),
                           ("stats", pa.string())])),
        ("remove", pa.struct([("path", pa.string()), ("deletionTimestamp", pa.int64()), ("dataChange", pa.bool_())])),
        ("metaData", pa.struct([("id", pa.string()), ("name", pa.string()), ("description", pa.string()),
                                ("format", pa.struct([("provider", pa.string()), ("options", texts)])),
                                ("schemaString", pa.string()), ("partitionColumns", pa.list_(pa.string())),
                                ("configuration", texts), ("createdTime", pa.int64())])),
        ("protocol", pa.struct([("minReaderVersion", pa.int32()), ("minWriterVersion", pa.int32())])),
    ])


def add(numbers, i):
    low, high = numbers.random(), 1 + numbers.random()
    stats = {"numRecords": 1000 + i % 977,
             "minValues": {"id": i * 1000, "ts": f"2026-01-01T00:{i // 60 % 60:02}:{i % 60:02}.000Z", "name": f"a{i:07}",
                           "value": low},
             "maxValues": {"id": i * 1000 + 999, "ts": f"2026-01-01T01:{i // 60 % 60:02}:{i % 60:02}.000Z",
                           "name": f"z{i:07}", "value": high},
             "nullCount": {"id": 0, "ts": 0, "name": i % 10, "value": 0}}
    return {"path": f"part-00000-{uuid.UUID(int=numbers.getrandbits(128))}-c000.snappy.parquet", "partitionValues": {},
            "size": 100000 + i % 5000, "modificationTime": 1760000000000 + i, "dataChange": False,
            "stats": json.dumps(stats, separators=(",", ":"))}


def make(log, files):
    """Version 10 is the checkpoint, 11 to 14 append a file each."""
    log.mkdir(parents=True)
    numbers = random.Random(1)
    text = json.dumps({"type": "struct", "fields": [
        {"name": n, "type": t, "nullable": True, "metadata": {}} for n, t in COLUMNS]})
    metadata = {"id": str(uuid.UUID(int=1)), "format": {"provider": "parquet", "options": {}}, "schemaString": text,
                "partitionColumns": [], "configuration": {}, "createdTime": 1}
    rows = [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}, {"metaData": metadata}]
    rows += [{"txn": {"appId": f"app-{i}", "version": i, "lastUpdated": 1760000000000}} for i in range(10)]
    rows[1]["metaData"]["configuration"] = metadata["format"]["options"] = []
    done = 0
    with pq.ParquetWriter(log / f"{10:020}.checkpoint.parquet", schema(), compression="snappy") as writer:
        while rows or done < files:
            n = min(GROUP - len(rows), files - done)
            rows += [{"add": add(numbers, done + i) | {"partitionValues": []}} for i in range(n)]
            done += n
            writer.write_table(pa.Table.from_pylist(rows, schema()))
            rows = []
    (log / "_last_checkpoint").write_text(json.dumps({"version": 10, "size": files + 12}))
    info = json.dumps({"commitInfo": {"timestamp": 1760000000000, "operation": "WRITE", "isBlindAppend": True}})
    for v in range(10, 15):
        lines = [info] + ([json.dumps({"add": add(numbers, files + v)})] if v > 10 else [])
        (log / f"{v:020}.json").write_text("\n".join(lines) + "\n")


def child(context, arguments):
    """delta-rs: what a call takes over the imported package."""
    from deltalake import DeltaTable
    what, path = arguments
    took = {}

    def call():
        start = time.process_time()
        table = DeltaTable(path, without_files=what == "open")
        took["result"] = table.version()
        if what == "checkpoint":
            table.create_checkpoint()
        elif what == "files":
            took["result"] = len(table.file_uris())
        took["cpu_ms"] = (time.process_time() - start) * 1e3

    took["rss_kib"] = harness.peak_over(call) // 1024
    print(json.dumps(took))


def ours(context, what, path):
    program = context.build / "tests" / "bench" / "bench_log"
    return json.loads(subprocess.run([program, what, path], check=True, capture_output=True, text=True).stdout)


def theirs(context, what, path):
    return json.loads(harness.in_fresh_process(context, "log", what, path))


def without(path):
    """The checkpoint that was measured is taken away again."""
    for file in (path / "_delta_log").glob(f"{14:020}.checkpoint*"):
        file.unlink()
    (path / "_delta_log" / "_last_checkpoint").write_text(json.dumps({"version": 10, "size": 0}))


def run(context, arguments):
    parser = argparse.ArgumentParser(prog="dev bench log --")
    parser.add_argument("--files", type=int, default=50000 if context.quick else 1000000)
    parser.add_argument("--rounds", type=int, default=1 if context.quick else 3)
    args = parser.parse_args(arguments)
    path = pathlib.Path(context.cache / f"log-{args.files}")
    if not (path / "_delta_log" / f"{14:020}.json").exists():
        shutil.rmtree(path, ignore_errors=True)
        make(path / "_delta_log", args.files)
    rows = []
    for what in "open", "files", "checkpoint":
        measured = {ours: [], theirs: []}
        for _ in range(args.rounds):
            for side, all_of in measured.items():
                all_of.append(side(context, what, str(path)))
                without(path)
        assert what == "open" or measured[ours][0]["result"] == measured[theirs][0]["result"]
        for key, unit, scale in (("cpu_ms", "CPU ms", 1), ("rss_kib", "MiB", 1024)):
            a, b = (statistics.median(m[key] for m in measured[side]) / scale for side in (ours, theirs))
            rows.append([f"{what}, {unit}", f"{a:.1f}", f"{b:.1f}", f"{b / a:.1f}"])
    harness.table([f"{args.files} files", "ours", "delta-rs", "ratio"], rows)
