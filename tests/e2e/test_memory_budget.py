# SPDX-License-Identifier: Apache-2.0
"""The budget of memory holds, however much waits in Kafka, and each record is there once.

The short form is for each run. DELTAWRITE_MEMORY_TOPICS, _PARTITIONS (of each topic), _MB (of events, all in all),
_COLUMNS and _LIMIT_MB make others; the one that counts: 50 topics of 2 partitions, 10,000 MB, 300 columns, 256 MB."""
import os
import random
import time

from confluent_kafka import Producer
from deltalake import DeltaTable

SLACK_MB = 64


def setting(name, default):
    return int(os.environ.get(f"DELTAWRITE_MEMORY_{name}", default))


TOPICS, PARTITIONS, COLUMNS = setting("TOPICS", 20), setting("PARTITIONS", 3), setting("COLUMNS", 300)
MEGABYTES, LIMIT_MB = setting("MB", 150), setting("LIMIT_MB", 64)


def bodies(rng, count=300):
    """The fields of events but their id: texts that repeat and ones that do not, numbers, flags, nulls."""
    def value(i):
        kind = i % 6
        if kind == 0:
            return '"%032x"' % rng.getrandbits(128)
        if kind == 1:
            return '"value %d"' % rng.randrange(20)
        if kind == 2:
            return str(rng.randrange(10**9))
        if kind == 3:
            return "%.6f" % rng.uniform(-1000, 1000)
        return rng.choice(["true", "false"]) if kind == 4 else rng.choice(["null", '"x"'])

    return [",".join(f'"column_{i}":{value(i)}' for i in range(COLUMNS)) + "}" for _ in range(count)]


def produce(kafka, topics, rng):
    """Events of about so many megabytes, round and round; their number in each topic."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 50, "compression.type": "zstd",
                         "queue.buffering.max.messages": 20000})
    texts = bodies(rng)
    counts, sent, i = dict.fromkeys(topics, 0), 0, 0
    while sent < MEGABYTES * 1000000:
        topic = topics[i % len(topics)]
        event = f'{{"id":{counts[topic]},' + texts[i % len(texts)]
        try:
            producer.produce(topic, event, partition=counts[topic] % PARTITIONS)
        except BufferError:
            producer.poll(0.1)
            continue
        counts[topic] += 1
        sent += len(event)
        i += 1
    producer.flush(120)
    return counts


def test_many_wide_tables_with_a_backlog_keep_to_the_budget(kafka, name, tmp_path, service):
    topics = [kafka.topic(f"{name}-{i}", PARTITIONS) for i in range(TOPICS)]
    counts = produce(kafka, topics, random.Random(1))
    one = service(flags=["--until-end"], KAFKA_TOPIC=",".join(topics), DELTA_TABLE_PATH=f"{tmp_path}/lake/${{topic}}",
                  BATCH_SIZE="100000000", BATCH_TIMEOUT_SECONDS="600", MEMORY_LIMIT=f"{LIMIT_MB}MiB").start()
    start = time.monotonic()
    assert one.wait_exit(60 + MEGABYTES // 2) == 0, one.log_end()
    seconds = time.monotonic() - start
    peak_mb = one.peak_rss_kb // 1024
    reasons = [r for r in ("memory", "bytes", "drain", "time") if f'"reason":"{r}"' in one.log()]
    print(f"{MEGABYTES} MB, {TOPICS} tables, {TOPICS * PARTITIONS} partitions, {COLUMNS} columns: peak RSS {peak_mb} MB "
          f"with a limit of {LIMIT_MB} MiB, {seconds:.0f} s; batches closed by {reasons}")
    for topic, count in counts.items():
        ids = DeltaTable(f"{tmp_path}/lake/{topic}").to_pyarrow_table(columns=["id"]).column("id").to_pylist()
        assert sorted(ids) == list(range(count)), topic
    assert "memory" in reasons, "the budget was never reached: the test shows nothing"
    assert peak_mb <= LIMIT_MB + SLACK_MB
