# SPDX-License-Identifier: Apache-2.0
"""deltawrite-kafka with the default batch of 100 rows and maintenance on: the table stays one of few files.

DELTAWRITE_MAINTENANCE_EVENTS=1000000 is the long form: 10,000 commits, without maintenance too, and its times told."""
import importlib.util
import json
import os
import pathlib
import time

import duckdb
from deltalake import DeltaTable, write_deltalake

from support import judges
from support.programs import Service, until

EVENTS = int(os.environ.get("DELTAWRITE_MAINTENANCE_EVENTS", "20000"))
LONG = EVENTS >= 1000000


def events(count):
    return [(i % 4, None, json.dumps({
        "timestamp": f"2026-01-01T00:{i // 60 % 60:02}:{i % 60:02}Z", "channel": "web", "platform": f"p{i % 3}",
        "event_type": f"type-{i % 12}", "resource_id": f"resource-{i * 7919 % 5000}", "device_id": f"device-{i * 31 % 9973}",
        "session_id": f"{i * 2654435761 % 2**32:08x}", "interaction_value": i,
        "metadata": {"n": i % 5}}).encode()) for i in range(count)]


def consume(kafka, name, path, log, tool, **more):
    """The service, still running, and the seconds from its first commit to its last."""
    service = Service({"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap, "KAFKA_TOPIC": name, "KAFKA_GROUP_ID": path.name,
                       "DELTA_TABLE_PATH": str(path), "BATCH_SIZE": "100", "BATCH_TIMEOUT_SECONDS": "10"} | more, log)
    service.start()
    until("the table", 60, lambda: (path / "_delta_log/00000000000000000001.json").exists() or not service.alive())
    start = time.monotonic()
    while service.alive() and consumed(tool, path) < EVENTS:
        assert time.monotonic() - start < (3600 if LONG else 120), service.log_end()
        time.sleep(1)
    return service, time.monotonic() - start


def consumed(tool, path):
    """By the offsets in the table: nobody else reads it while it is measured."""
    return sum(t["version"] for t in tool.json("txns", path) if not t["appId"].startswith("deltawrite-"))


def reading_seconds(path):
    """What DuckDB finds, and the median of its CPU seconds."""
    wheel = pathlib.Path(importlib.util.find_spec("duckdb_extension_delta").origin).parent
    con = duckdb.connect()
    con.execute(f"LOAD '{wheel}/extensions/v{duckdb.__version__}/delta.duckdb_extension'")
    seconds = []
    for _ in range(5):
        start = time.process_time()
        found = con.execute(f"SELECT count(*), sum(interaction_value), min(device_id) FROM delta_scan('{path}')").fetchone()
        seconds.append(time.process_time() - start)
    return found, sorted(seconds)[2]


def test_a_stream_of_small_batches_leaves_few_files(kafka, topic, name, tmp_path, local_tool):
    made = topic(4)
    kafka.produce(made, events(EVENTS))
    path = tmp_path / "kept"
    service, kept_seconds = consume(kafka, made, path, tmp_path / "kept.log", local_tool)
    try:
        until("few files", 90, lambda: len(local_tool.json("files", path)) < 20)
        time.sleep(2 if not LONG else 20)
    finally:
        code, _ = service.terminate()
    assert code == 0, service.log_end()
    history = local_tool.json("history", path)
    info = local_tool.json("info", path)
    assert info["numRecords"] == EVENTS and info["numFiles"] < 20, info
    assert any(h["operation"] == "OPTIMIZE" for h in history)
    leases = sum(h["operation"] == "MAINTENANCE LEASE" for h in history)
    assert 1 <= leases <= 3, leases
    log = list((path / "_delta_log").iterdir())
    checkpoints = [f for f in log if ".checkpoint." in f.name]
    assert checkpoints and len(checkpoints) <= len(history) / 10 + 1
    found, seconds = reading_seconds(path)
    assert found[0] == EVENTS
    judges.agree(path, judges.ALL if LONG else judges.QUICK)
    if not LONG:
        return
    fresh = tmp_path / "fresh"
    write_deltalake(fresh, DeltaTable(path).to_pyarrow_table())
    fresh_found, fresh_seconds = reading_seconds(fresh)
    plain, plain_seconds = consume(kafka, made, tmp_path / "plain", tmp_path / "plain.log", local_tool, DELTA_MAINTENANCE="false")
    plain.terminate()
    moved = sum(int(h["operationMetrics"].get("numRemovedBytes", 0)) for h in history if h["operation"] == "OPTIMIZE")
    print(json.dumps({
        "events": EVENTS, "versions": info["version"], "files": info["numFiles"], "bytes": info["sizeBytes"],
        "bytes_moved": moved, "optimizes": sum(h["operation"] == "OPTIMIZE" for h in history),
        "log_files": len(log), "log_bytes": sum(f.stat().st_size for f in log), "checkpoints": len(checkpoints),
        "seconds": round(kept_seconds, 1), "seconds_without_maintenance": round(plain_seconds, 1),
        "read_ms": round(seconds * 1e3), "read_fresh_ms": round(fresh_seconds * 1e3)}))
    assert fresh_found == found
    assert seconds < 1.5 * fresh_seconds
    assert kept_seconds < 1.1 * plain_seconds
