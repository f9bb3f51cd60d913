# SPDX-License-Identifier: Apache-2.0
"""Each message once, whatever happens to the service: SIGKILL at random moments, two instances, rebalances.

DELTAWRITE_E2E_EVENTS (default 20000) and DELTAWRITE_E2E_SEED (default 1) make other runs.
"""
import collections
import os
import random
import signal
import threading
import time

import pytest

from support import events, judges, lake
from support.lossy import LossyProxy
from support.records import Decoder

EVENTS = int(os.environ.get("DELTAWRITE_E2E_EVENTS", "20000"))
SEED = int(os.environ.get("DELTAWRITE_E2E_SEED", "1"))
PARTITIONS = 4
RSS_LIMIT_KB = 150 * 1024
# So that the broker soon gives a killed instance's partitions to another.
SHORT_SESSION = {"KAFKA_CONF_SESSION_TIMEOUT_MS": "2000", "KAFKA_CONF_HEARTBEAT_INTERVAL_MS": "400"}


def trickle(kafka, topic, messages, pieces, seconds):
    """Writes the messages in so many pieces over so many seconds; returns a function that waits and gives them."""
    written = {}

    def run():
        size = len(messages) // pieces + 1
        for start in range(0, len(messages), size):
            written.update(kafka.produce(topic, messages[start:start + size]))
            time.sleep(seconds / pieces)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def done():
        thread.join()
        assert len(written) == len(messages)
        return written

    return done


def first_difference(got, expected):
    for row, wanted in zip(got, expected):
        if row != wanted:
            return {k: (row.get(k), wanted.get(k)) for k in row.keys() | wanted.keys() if row.get(k) != wanted.get(k)}
    return None


def check(uri, environment, written, engines=("duckdb",)):
    """The table and its dead letters hold each message as the independent decoder reads it, exactly once."""
    decoder = Decoder()
    expected, rejected, tombstones = decoder.table({key: value for key, (_, value) in sorted(written.items())})
    assert len(expected) + len(rejected) + len(tombstones) == len(written)

    summary, rows = judges.read("deltalake", uri, environment, rows=True)
    times = collections.Counter(row["device_id"] for row in rows)
    wanted = {f"{p}:{o}" for p, o in expected}
    assert not wanted - times.keys(), f"lost: {sorted(wanted - times.keys())[:10]}"
    assert not times.keys() - wanted, f"not to be there: {sorted(map(str, times.keys() - wanted))[:10]}"
    assert max(times.values()) == 1, f"more than once: {times.most_common(10)}"
    assert {c["name"]: c["type"] for c in summary["schema"]} == decoder.schema

    rows.sort(key=lambda row: row["device_id"])
    ordered = sorted(expected.values(), key=lambda row: row["device_id"])
    assert rows == ordered, f"(table, expected): {first_difference(rows, ordered)}"

    letters, bad = judges.read("deltalake", uri + "_rejected", environment, rows=True)
    assert {c["name"]: c["type"] for c in letters["schema"]} == lake.REJECTED
    assert sorted((r["partition"], r["offset"]) for r in bad) == sorted(rejected)
    for r in bad:
        key, value = written[r["partition"], r["offset"]]
        assert (r["key"], r["value"]) == (key if key is None else key.hex(), value.hex()), r
        assert r["error_code"] and r["error"] and "\n" not in r["error"], r
        assert r["timestamp"].startswith("20")

    for engine in engines:
        for ours, theirs in zip((summary, letters), judges.read(engine, [uri, uri + "_rejected"], environment)):
            assert not judges.differences(ours, theirs)


def ends(kafka, group, topic):
    return {f"{group}-{topic}-{p}": end for p, end in kafka.end_offsets(topic).items()}


@pytest.mark.parametrize("instances", [1, 2])
def test_sigkill_at_random_moments_loses_and_doubles_nothing(
        kafka, minio, bucket, topic, name, service, instances):
    rng = random.Random(SEED * 100 + instances)
    messages = list(events.messages(EVENTS, PARTITIONS, SEED * 1000 + instances))
    made, uri = topic(PARTITIONS), f"s3://{name}/delta/events"
    settings = dict(BATCH_SIZE=EVENTS // 50, **SHORT_SESSION)
    services = [service(**settings).start() for _ in range(instances)]
    written = trickle(kafka, made, messages, pieces=20, seconds=20)

    kills = 0
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        time.sleep(rng.uniform(0.3, 4))
        victim = rng.choice(services)
        victim.alive()
        victim.kill()
        kills += 1
        if instances == 2:  # sometimes the other one has to take over
            time.sleep(rng.choice([0, 0, 4]))
        victim.start()
    written = written()
    assert kills > 8

    lake.wait_offsets(uri, ends(kafka, name, made), 120, minio.environment, lambda: [s.alive() for s in services])
    for one in services:
        code, _ = one.terminate(25)
        assert code == 0, one.log_end()
    check(uri, minio.environment, written, ("duckdb", "spark"))
    peak = max(one.peak_rss_kb for one in services)
    print(f"{kills} kills, {instances} instances, peak RSS {peak // 1024} MB")
    assert peak < RSS_LIMIT_KB


def test_instances_that_come_and_go_hand_over_without_loss(kafka, minio, bucket, topic, name, service):
    messages = list(events.messages(EVENTS // 4, PARTITIONS, SEED * 1000 + 7))
    made, uri = topic(PARTITIONS), f"s3://{name}/delta/events"
    services = [service(BATCH_SIZE=200, BATCH_TIMEOUT_SECONDS=2) for _ in range(3)]
    services[0].start()
    written = trickle(kafka, made, messages, pieces=20, seconds=20)
    time.sleep(4)
    services[1].start()
    time.sleep(5)
    services[2].start()
    time.sleep(5)
    for one in services[:2]:
        code, _ = one.terminate(25)
        assert code == 0, one.log_end()
    written = written()
    lake.wait_offsets(uri, ends(kafka, name, made), 60, minio.environment, services[2].alive)
    check(uri, minio.environment, written)


def test_an_instance_frozen_in_the_middle_of_its_work_wakes_up_and_doubles_nothing(
        kafka, minio, bucket, topic, name, service):
    rng = random.Random(SEED)
    messages = list(events.messages(EVENTS // 2, PARTITIONS, SEED * 1000 + 10))
    made, uri = topic(PARTITIONS), f"s3://{name}/delta/events"
    proxy = LossyProxy(minio.url, delay=0.05)
    session = {"KAFKA_CONF_SESSION_TIMEOUT_MS": "6000", "KAFKA_CONF_HEARTBEAT_INTERVAL_MS": "500"}
    services = [service(BATCH_SIZE=150, AWS_ENDPOINT_URL=proxy.url, **session).start() for _ in range(2)]
    written = trickle(kafka, made, messages, pieces=40, seconds=30)
    try:
        for i in range(3):
            time.sleep(rng.uniform(2, 4))
            services[i % 2].process.send_signal(signal.SIGSTOP)
            time.sleep(9)
            services[i % 2].process.send_signal(signal.SIGCONT)
        written = written()
        lake.wait_offsets(uri, ends(kafka, name, made), 60, minio.environment, services[0].alive)
        for one in services:
            code, _ = one.terminate(25)
            assert code == 0, one.log_end()
    finally:
        proxy.close()
    check(uri, minio.environment, written)


def test_lost_replies_of_the_store_lose_and_double_nothing(kafka, minio, bucket, topic, name, service):
    messages = list(events.messages(EVENTS // 4, PARTITIONS, SEED * 1000 + 8))
    made, uri = topic(PARTITIONS), f"s3://{name}/delta/events"
    proxy = LossyProxy(minio.url, 0.05, SEED)
    try:
        one = service(BATCH_SIZE=100, AWS_ENDPOINT_URL=proxy.url).start()
        written = kafka.produce(made, messages)
        lake.wait_offsets(uri, ends(kafka, name, made), 120, minio.environment, one.alive)
    finally:
        proxy.close()
    assert proxy.lost > 10
    one.kill()
    check(uri, minio.environment, written)


def test_dead_letters_alone_move_the_offsets_too(kafka, minio, bucket, topic, name, service):
    made, uri = topic(1), f"s3://{name}/delta/events"
    written = kafka.produce(made, [(0, b"k", b"not json"), (0, None, b"[1]"), (0, None, None), (0, None, b"")])
    one = service(**SHORT_SESSION).start()
    lake.wait_offsets(uri, ends(kafka, name, made), 30, minio.environment, one.alive)
    lake.wait_rows(uri + "_rejected", 2, 10, minio.environment, one.alive)
    one.kill()
    written |= kafka.produce(made, [(0, None, b'{"device_id":"0:4"}')])
    one.start()
    lake.wait_rows(uri, 1, 30, minio.environment, one.alive)
    one.terminate()
    check(uri, minio.environment, written)
