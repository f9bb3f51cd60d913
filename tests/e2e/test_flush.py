# SPDX-License-Identifier: Apache-2.0
"""What closes a batch, and records routed by a header."""
import json

from confluent_kafka import Producer

from support import lake
from support.programs import Tool
from test_many_tables import exactly, ids

SLOW = {"BATCH_SIZE": "1000000", "BATCH_TIMEOUT_SECONDS": "600"}  # nothing else closes it


def records(names, **fields):
    return [(0, None, json.dumps({"id": n} | fields).encode()) for n in names]


def reasons(one):
    return [event["reason"] for event in one.events("committed")]


def test_a_batch_ends_when_nothing_more_comes(kafka, name, topic, tmp_path, service):
    topic(1)
    table = f"{tmp_path}/table"
    one = service(DELTA_TABLE_PATH=table, BATCH_IDLE_SECONDS="1", **SLOW).start()
    kafka.produce(name, records("abc"))
    lake.wait_rows(table, 3, 30, None, one.alive)
    kafka.produce(name, records("de"))
    lake.wait_rows(table, 5, 30, None, one.alive)
    assert reasons(one) == ["idle", "idle"]


def test_a_batch_ends_at_so_many_bytes_of_parquet(kafka, name, topic, tmp_path, service):
    topic(1)
    table = f"{tmp_path}/table"
    rows = 20000
    kafka.produce(name, [(0, None, b'{"id":"%d","text":"%s"}' % (i, (b"%032x" % (i * 2654435761 ** 3 % 2 ** 127)) * 4))
                         for i in range(rows)])
    one = service(flags=["--until-end"], DELTA_TABLE_PATH=table, BATCH_BYTES="256KiB", **SLOW).start()
    assert one.wait_exit(60) == 0, one.log_end()
    exactly(ids(table), map(str, range(rows)))
    sizes = [f["size"] for f in Tool().json("files", table)]
    assert reasons(one).count("bytes") >= 2 and len(sizes) >= 3
    assert max(sizes) < 4 * 256 * 1024, "a batch ends soon after its limit"


def test_a_batch_ends_before_another_partition_value(kafka, name, topic, tmp_path, service):
    topic(1)
    table = f"{tmp_path}/table"
    Tool()("create", table, "--columns", "id STRING, day DATE", "--partition-by", "day")
    for day, names in (("2026-01-01", "abc"), ("2026-01-02", "de"), ("2026-01-03", "f")):
        kafka.produce(name, records(names, day=day))
    one = service(flags=["--until-end"], DELTA_TABLE_PATH=table, FLUSH_ON_PARTITION_CHANGE="true", DELTA_CREATE="false",
                  **SLOW).start()
    assert one.wait_exit(60) == 0, one.log_end()
    exactly(ids(table), "abcdef")
    assert reasons(one)[:2] == ["partition", "partition"] and [e["rows"] for e in one.events("committed")] == [3, 2, 1]


def test_a_header_names_the_table(kafka, name, topic, tmp_path, service):
    topic(1)
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    for i in range(60):
        headers = [("kind", b"x"), ("kind", b"ab"[i % 2 : i % 2 + 1])] if i % 10 else []
        producer.produce(name, json.dumps({"id": str(i)}), partition=0, headers=headers)
    assert producer.flush(30) == 0
    one = service(flags=["--until-end"], DELTA_TABLE_PATH=f"{tmp_path}/lake/${{header:kind}}", BATCH_SIZE="7").start()
    assert one.wait_exit(60) == 3, one.log_end()
    for part, kind in enumerate("ab"):
        exactly(ids(tmp_path / "lake" / kind), [str(i) for i in range(60) if i % 10 and i % 2 == part])
    letters = Tool().rows(tmp_path / "lake" / "_unrouted_rejected")
    assert sorted(r["offset"] for r in letters) == list(range(0, 60, 10))
