# SPDX-License-Identifier: Apache-2.0
"""Where a run begins and ends, what happens to offsets that Kafka has no more, and tables that
kafka-delta-ingest wrote before."""
import json
import signal
import time

import pytest
from confluent_kafka import TopicPartition
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
