# SPDX-License-Identifier: Apache-2.0
"""Where a run begins and ends, what happens to offsets that Kafka has no more, and tables that
kafka-delta-ingest wrote before."""
import json
import random
import signal
import time

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from support import lake
from support.programs import Tool
from test_many_tables import exactly, ids

END = ["--until-end"]


def records(*names, partition=0):
    return [(partition, None, json.dumps({"id": n}).encode()) for n in names]


def run(service, flags, code=0, **more):
    one = service(flags=flags, **more).start()
    assert one.wait_exit(60) == code, one.log_end()
    return one


@pytest.fixture
def table(tmp_path):
    return f"{tmp_path}/table"


@pytest.fixture
def local(service, table):
    return lambda flags=(), **more: service(flags=flags, **({"DELTA_TABLE_PATH": table} | more))


def offsets_file(tmp_path, offsets):
    path = tmp_path / "offsets.json"
    path.write_text(json.dumps(offsets))
    return str(path)


def test_a_run_from_a_file_of_offsets_to_a_file_of_offsets(kafka, name, topic, tmp_path, local, table):
    topic(2)
    kafka.produce(name, records(*"abcdef") + records(*"uvwxyz", partition=1))
    run(local, ["--from", offsets_file(tmp_path, {name: {"0": 2, "1": 0}}), *END])
    exactly(ids(table), "cdefuvwxyz")
    kafka.produce(name, records(*"ghi") + records("!", partition=1))
    run(local, ["--until-offsets", offsets_file(tmp_path, {name: {"0": 8}})])
    exactly(ids(table), "cdefuvwxyzgh")
    run(local, END)
    exactly(ids(table), "cdefuvwxyzghi!")


def test_a_run_between_two_times(kafka, name, topic, local, table):
    topic(1)
    kafka.produce(name, records("a", "b"))
    time.sleep(1.1)
    start = int(time.time() * 1000)
    kafka.produce(name, records("c", "d"))
    time.sleep(1.1)
    end = int(time.time() * 1000)
    kafka.produce(name, records("e"))
    run(local, ["--from", str(start), "--until-timestamp", str(end)])
    exactly(ids(table), "cd")


def test_a_run_of_so_many_records_takes_no_more(kafka, name, topic, local, table):
    topic(1)
    kafka.produce(name, records(*map(str, range(500))))
    run(local, ["--max-records", "123"])
    exactly(ids(table), map(str, range(123)))
    run(local, ["--max-records", "7"])
    exactly(ids(table), map(str, range(130)))


def test_latest_means_what_comes_after_the_start(kafka, name, topic, local, table):
    topic(1)
    kafka.produce(name, records("a", "b"))
    one = local(["--from", "latest"], BATCH_TIMEOUT_SECONDS="0.3").start()
    one.wait_log('"partitions assigned"', 30)
    time.sleep(1)
    kafka.produce(name, records("c"))
    lake.wait_rows(table, 1, 30, None, one.alive)
    assert one.terminate()[0] == 0
    exactly(ids(table), "c")


def test_records_that_are_gone_are_refused_unless_that_is_allowed(kafka, name, topic, local, table):
    topic(1)
    kafka.produce(name, records("a", "b"))
    run(local, END)
    kafka.produce(name, records("c", "d", "e"))
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for done in admin.delete_records([TopicPartition(name, 0, 4)]).values():
        done.result(timeout=20)
    one = run(local, END, code=4)
    assert "offset 2 is wanted next, but Kafka has 4 to 5" in one.log_end()
    one = run(local, ["--allow-gap", *END])
    assert '"lost":2' in one.log()
    exactly(ids(table), "abe")


def test_sigusr1_commits_what_was_read(kafka, name, topic, local, table):
    topic(1)
    one = local(BATCH_SIZE=100000, BATCH_TIMEOUT_SECONDS=600).start()
    one.wait_log('"partitions assigned"', 30)
    kafka.produce(name, records("a", "b"))
    time.sleep(1.5)
    one.process.send_signal(signal.SIGUSR1)
    lake.wait_rows(table, 2, 15, None, one.alive)
    assert '"reason":"flush"' in one.log()
    assert one.terminate()[0] == 0


def test_a_table_of_kafka_delta_ingest_goes_on_with_each_offset_once(kafka, name, topic, tmp_path, local, table):
    topic(2)
    kafka.produce(name, records(*"abcdef") + records(*"uvwxyz", partition=1))
    tool = Tool()
    tool.create(table, [("id", "string")], folder=str(tmp_path))
    for partition, half in enumerate(("abc", "uvwx")):  # the half that it wrote, with its last offset
        tool("import", table, "-", "--app-id", f"ingest-{partition}", "--app-version", str(len(half) - 1),
             stdin="".join(json.dumps({"id": c}) + "\n" for c in half))
    run(local, ["--adopt-kdi", "--kdi-app-id", "ingest", *END])
    exactly(ids(table), "abcdefuvwxyz")
    txns = {t["appId"]: t["version"] for t in tool.json("txns", table)}
    assert txns == {f"{name}-{name}-0": 6, f"{name}-{name}-1": 6, "ingest-0": 5, "ingest-1": 5}
    kafka.produce(name, records("g"))
    run(local, ["--adopt-kdi", "--kdi-app-id", "ingest", *END])  # ours counts from now on
    exactly(ids(table), "abcdefuvwxyzg")


def test_sighup_takes_what_may_change_and_goes_on(kafka, name, topic, tmp_path, service, table):
    topic(1)
    config = tmp_path / "service.yaml"

    def write(age, condition):
        config.write_text(f"kafka: {{brokers: '{kafka.bootstrap}', group: {name}}}\n"
                          f"sources: [{{topics: [{name}], filter: \"{condition}\"}}]\n"
                          f"tables: [{{uri: '{table}', flush: {{age: {age}}}}}]\nhttp: {{listen: 'off'}}\n")

    write("10m", "id != 'b'")
    one = service(flags=["--config", str(config)])
    for variable in list(one.environment):
        if variable.startswith(("KAFKA_", "DELTA_", "BATCH_", "HTTP_")):
            del one.environment[variable]
    one.start()
    one.wait_log('"partitions assigned"', 30)
    kafka.produce(name, records("a", "b"))
    time.sleep(1.5)
    write("200ms", "id != 'c'")
    one.process.send_signal(signal.SIGHUP)
    one.wait_log('"configuration reloaded"', 10)
    kafka.produce(name, records("b", "c", "d"))
    one.wait_log('"committed"', 30)  # before it the table has no column, and delta-rs cannot read it
    lake.wait_rows(table, 3, 30, None, one.alive)
    assert one.terminate()[0] == 0
    exactly(ids(table), "abd")


def test_a_bad_record_is_counted_only_where_that_is_wanted(kafka, name, topic, tmp_path, local, table):
    topic(1)
    kafka.produce(name, records("a") + [(0, None, b"{")] + records("b"))
    run(local, END, code=3, DELTA_ON_ERROR="skip")
    exactly(ids(table), "ab")
    assert not (tmp_path / "table_rejected").exists()


def test_a_bad_record_ends_the_service_where_that_is_wanted_and_is_named(kafka, name, topic, local):
    topic(1)
    kafka.produce(name, records("a") + [(0, None, b"{")])
    one = run(local, END, code=3, DELTA_ON_ERROR="fail")
    assert f"topic {name} partition 0 offset 1: " in one.log().splitlines()[-1]


def test_bad_records_go_to_a_topic_with_what_was_wrong_in_their_headers(kafka, name, topic, local, table):
    topic(1)
    letters = kafka.topic(f"{name}-letters", 1)
    kafka.produce(name, records("a") + [(0, b"the key", b"{")] + records("b"))
    run(local, END, code=3, DELTA_ON_ERROR="topic", KAFKA_DLQ_TOPIC=f"{name}-letters")
    exactly(ids(table), "ab")
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": f"{name}-reader"})
    consumer.assign([TopicPartition(letters, 0, 0)])
    message = consumer.poll(20)
    consumer.close()
    assert (message.key(), message.value()) == (b"the key", b"{")
    headers = {k: v.decode() for k, v in message.headers()}
    assert (headers["deltawrite.topic"], headers["deltawrite.partition"], headers["deltawrite.offset"]) == (name, "0", "1")
    assert headers["deltawrite.table"] == table and headers["deltawrite.error"]


def test_too_many_bad_records_end_the_service_with_all_of_them_kept(kafka, name, topic, local, table):
    topic(1)
    kafka.produce(name, [(0, None, b"{" if i % 5 == 0 else b'{"id":"%d"}' % i) for i in range(3000)])
    one = run(local, END, code=3, BATCH_SIZE="500")
    assert "% or more" in one.log().splitlines()[-1]
    done = lake.open_table(table).transaction_version(f"{name}-{name}-0")
    assert 1000 <= done < 3000
    assert lake.row_count(table) + lake.row_count(table + "_rejected") == done


def letters_of(table):
    rows = lake.open_table(table + "_rejected").to_pyarrow_table().to_pylist()
    return sorted((r["offset"], r["error_code"]) for r in rows)


def test_replay_writes_what_can_be_decoded_now_once_and_leaves_the_rest(kafka, name, topic, local, table):
    topic(1)
    kafka.produce(name, [(0, None, b'{"id":"a","n":1}'), (0, b"k", b'{"id":"b","n":"many"}'), (0, None, b"{"),
                         (0, None, b'{"id":"c","n":2}'), (0, None, b'{"id":"d","n":"a few"}')])
    run(local, END, code=3)
    assert [offset for offset, _ in letters_of(table)] == [1, 2, 4]
    run(local, ["replay"], code=3)  # nothing has changed
    exactly(ids(table), "ac")
    one = run(local, ["replay"], code=3, DROP_FIELDS="n")
    assert '"replayed":2,"left":1' in one.log()
    exactly(ids(table), "abcd")
    assert [offset for offset, _ in letters_of(table)] == [2]
    run(local, ["replay"], code=3, DROP_FIELDS="n")
    exactly(ids(table), "abcd")
    run(local, END)
    assert {t["version"] for t in Tool().json("txns", table) if t["appId"] == f"{name}-{name}-0"} == {5}


def test_replay_killed_at_any_moment_writes_each_record_once(kafka, name, topic, local, table):
    rng = random.Random(5)
    topic(1)
    wrong = lambda i: b'{"id":"%d","n":"%d of them"}' % (i, i)
    kafka.produce(name, [(0, None, b'{"id":"first","n":1}')] + [(0, None, wrong(i)) for i in range(5000)])
    run(local, END, code=3, DELTA_ON_ERROR_STOP_PERCENT="100", BATCH_SIZE="1000")
    one = local(["replay"], DROP_FIELDS="n")
    for _ in range(12):
        one.start()
        time.sleep(rng.uniform(0.02, 0.4))
        one.kill()
    one.start()
    assert one.wait_exit(60) == 0, one.log_end()
    exactly(ids(table), ["first", *map(str, range(5000))])
    assert letters_of(table) == []
