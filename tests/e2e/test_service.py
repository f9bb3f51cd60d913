# SPDX-License-Identifier: Apache-2.0
"""deltawrite-kafka against a real broker and MinIO, as its users run it."""
import json
import subprocess
import sys
import time

import pytest

from support import judges, lake
from support.paths import ROOT, clean_environment
from support.programs import until
from support.records import SERVICE_SCHEMA
from support.servers import Kafka, Minio


def events(count, start=0, partitions=1):
    return [(i % partitions, None, json.dumps({"event_type": "click" if i % 3 else "search", "device_id": f"d-{i}",
                                               "timestamp": "2026-01-01T00:00:00Z", "interaction_value": i}).encode())
            for i in range(start, start + count)]


@pytest.fixture
def uri(name):
    return f"s3://{name}/delta/events"


def test_a_full_batch_is_committed_at_once(kafka, minio, bucket, topic, service, uri):
    made = topic(1)
    kafka.produce(made, events(120))
    one = service(BATCH_SIZE=50, BATCH_TIMEOUT_SECONDS=600).start()
    lake.wait_rows(uri, 100, 20, minio.environment, one.alive)
    time.sleep(1)
    assert lake.row_count(uri, minio.environment) == 100, "the 20 rows of an unfinished batch must wait"
    kafka.produce(made, events(30, 120))
    lake.wait_rows(uri, 150, 10, minio.environment, one.alive)


def test_an_unfinished_batch_is_committed_by_the_clock_without_a_further_message(
        kafka, minio, bucket, topic, service, uri):
    made = topic(1)
    one = service(BATCH_SIZE=1000000, BATCH_TIMEOUT_SECONDS=4).start()
    kafka.produce(made, events(1))
    lake.wait_rows(uri, 1, 30, minio.environment, one.alive)
    kafka.produce(made, events(6, 1))
    start = time.monotonic()
    lake.wait_rows(uri, 7, 10, minio.environment, one.alive)
    assert 2 < time.monotonic() - start < 7


def test_the_table_has_the_documented_schema_and_every_engine_reads_it(kafka, minio, bucket, topic, service, uri):
    kafka.produce(topic(4), events(400, partitions=4))
    one = service().start()
    lake.wait_rows(uri, 400, 30, minio.environment, one.alive)
    found = judges.agree(uri, environment=minio.environment)
    assert {c["name"]: c["type"] for c in found["schema"]} == SERVICE_SCHEMA
    assert found["num_rows"] == 400


def test_the_users_query_works(kafka, minio, bucket, topic, service, uri):
    kafka.produce(topic(1), events(100))
    one = service().start()
    lake.wait_rows(uri, 100, 30, minio.environment, one.alive)
    done = subprocess.run([sys.executable, ROOT / "packaging/query.py"], capture_output=True, text=True,
                          env=clean_environment(**minio.environment, DELTA_TABLE_PATH=uri))
    assert done.returncode == 0, done.stderr
    assert "click     66" in done.stdout and "search    34" in done.stdout


def test_sigterm_flushes_commits_and_leaves_in_time(kafka, minio, bucket, topic, service, uri):
    kafka.produce(topic(2), events(75, partitions=2))
    one = service(BATCH_SIZE=10000, BATCH_TIMEOUT_SECONDS=600).start()
    group, made = one.environment["KAFKA_GROUP_ID"], one.environment["KAFKA_TOPIC"]
    one.wait_log("assign", 30)
    time.sleep(3)
    assert lake.row_count(uri, minio.environment) == 0
    code, _ = one.terminate(25)
    assert code == 0, one.log_end()
    assert lake.row_count(uri, minio.environment) == 75
    assert kafka.group_offsets(group, made, 2) == {0: 38, 1: 37}, "lag tools must read 0"
    kafka.produce(made, events(10, 75, 2))
    one.start(BATCH_TIMEOUT_SECONDS="1")
    lake.wait_rows(uri, 85, 30, minio.environment, one.alive)


def test_group_offsets_follow_the_commits(kafka, minio, bucket, topic, service, uri):
    made = topic(2)
    kafka.produce(made, events(200, partitions=2))
    one = service().start()
    lake.wait_rows(uri, 200, 30, minio.environment, one.alive)
    until("group offsets at the end", 10,
          lambda: kafka.group_offsets(one.environment["KAFKA_GROUP_ID"], made, 2) == {0: 100, 1: 100})


def test_a_missing_bucket_is_waited_for(kafka, minio, topic, name, service, uri):
    kafka.produce(topic(1), events(100))
    one = service().start()
    one.wait_log(rf"bucket.*{name}|{name}.*bucket", 20)
    time.sleep(5)
    one.alive()
    assert len(one.log().splitlines()) < 40, "a telling line now and then, not a flood"
    minio.bucket(name)
    try:
        lake.wait_rows(uri, 100, 45, minio.environment, one.alive)
    finally:
        one.kill()
        minio.drop(name)


def test_minio_down_at_the_start_is_waited_for(kafka, topic, name, service, tmp_path):
    kafka.produce(topic(1), events(100))
    server = Minio(tmp_path / "minio").start()
    server.bucket(name)
    server.stop()
    try:
        one = service(AWS_ENDPOINT_URL=server.url).start()
        one.wait_log(server.url.removeprefix("http://"), 30)
        time.sleep(5)
        one.alive()
        assert len(one.log().splitlines()) < 40
        server.start()
        lake.wait_rows(f"s3://{name}/delta/events", 100, 60, server.environment, one.alive)
    finally:
        server.stop()


def test_minio_away_for_a_while_loses_and_doubles_nothing(kafka, topic, name, service, tmp_path):
    made = topic(2)
    server = Minio(tmp_path / "minio").start()
    server.bucket(name)
    uri = f"s3://{name}/delta/events"
    try:
        one = service(AWS_ENDPOINT_URL=server.url).start()
        kafka.produce(made, events(200, partitions=2))
        lake.wait_rows(uri, 200, 30, server.environment, one.alive)
        server.kill()
        kafka.produce(made, events(300, 200, 2))
        time.sleep(5)
        one.alive()
        server.start()
        lake.wait_rows(uri, 500, 60, server.environment, one.alive)
        _, rows = judges.read("deltalake", uri, server.environment, rows=True)
        assert sorted(r["device_id"] for r in rows) == sorted(f"d-{i}" for i in range(500))
    finally:
        server.stop()


def test_kafka_down_at_the_start_is_waited_for(minio, bucket, name, service, uri, tmp_path):
    broker = Kafka(tmp_path / "kafka").start()
    made = broker.topic(name, 1)
    broker.produce(made, events(100))
    broker.stop()
    try:
        one = service(KAFKA_BOOTSTRAP_SERVERS=broker.bootstrap).start()
        one.wait_log(broker.bootstrap, 30)
        time.sleep(5)
        one.alive()
        assert len(one.log().splitlines()) < 60
        broker.start()
        lake.wait_rows(uri, 100, 60, minio.environment, one.alive)
    finally:
        broker.stop()


def test_a_missing_topic_is_waited_for(kafka, minio, bucket, name, service, uri):
    one = service().start()
    one.wait_log(name, 30)
    time.sleep(3)
    one.alive()
    kafka.produce(kafka.topic(name, 1), events(100))
    lake.wait_rows(uri, 100, 60, minio.environment, one.alive)


def test_new_fields_become_columns_typed_by_first_sight(kafka, minio, bucket, topic, service, uri):
    made = topic(1)
    kafka.produce(made, [(0, None, b'{"device_id":"0"}')])
    one = service(BATCH_SIZE=1).start()
    lake.wait_rows(uri, 1, 30, minio.environment, one.alive)
    kafka.produce(made, [(0, None, m) for m in (
        b'{"device_id":"1","n_null":null}',
        b'{"device_id":"2","n_long":7,"n_double":7.0,"n_bool":false,"n_text":"7","n_tree":{"a": [1, 2]}}',
        b'{"device_id":"3","n_long":"8","n_double":"1e2","n_bool":"true","n_text":8.50,"n_tree":[ true ]}',
        b'{"device_id":"4","n_long":9.5,"n_other":1}',
        b'{"device_id":"5","n_text":true,"n_tree":"plain"}')])
    lake.wait_rows(uri, 5, 30, minio.environment, one.alive)
    lake.wait_rows(uri + "_rejected", 1, 30, minio.environment, one.alive)
    found, rows = judges.read("deltalake", uri, minio.environment, rows=True)
    types = {c["name"]: c["type"] for c in found["schema"] if c["name"] not in SERVICE_SCHEMA}
    assert types == {"n_long": "long", "n_double": "double", "n_bool": "boolean", "n_text": "string", "n_tree": "string"}
    assert list(types) == ["n_long", "n_double", "n_bool", "n_text", "n_tree"]
    by_id = {r["device_id"]: [r[n] for n in types] for r in rows}
    assert by_id == {"0": [None] * 5, "1": [None] * 5, "2": [7, 7.0, False, "7", '{"a":[1,2]}'],
                     "3": [8, 100.0, True, "8.50", "[true]"], "5": [None, None, None, "true", "plain"]}
    judges.agree(uri, judges.QUICK, minio.environment)


def test_librdkafka_properties_come_by_the_environment(kafka, minio, bucket, topic, service, uri):
    kafka.produce(topic(1), events(100))
    one = service(KAFKA_CONF_CLIENT_ID="from-the-environment", KAFKA_CONF_FETCH_WAIT_MAX_MS="50").start()
    lake.wait_rows(uri, 100, 30, minio.environment, one.alive)
    one.kill()
    other = service(KAFKA_CONF_NO_SUCH_PROPERTY="1").start()
    assert other.wait_exit(20) == 78
    assert "no.such.property" in other.log()
