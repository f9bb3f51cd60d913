# SPDX-License-Identifier: Apache-2.0
"""Many topics and many tables in one process: each record once, in the table that is its own.

DELTAWRITE_E2E_SEED (default 1) makes other runs.
"""
import collections
import json
import os
import random
import time

import pytest
from deltalake import DeltaTable

from support import lake
from support.programs import until

SEED = int(os.environ.get("DELTAWRITE_E2E_SEED", "1"))
SHORT_SESSION = {"KAFKA_CONF_SESSION_TIMEOUT_MS": "2000", "KAFKA_CONF_HEARTBEAT_INTERVAL_MS": "400"}
PARTITIONS = 3


def ids(path):
    """Every id of a table, as often as it is there; {} where there is no table."""
    if not DeltaTable.is_deltatable(str(path)):
        return collections.Counter()
    table = DeltaTable(str(path))
    if "id" not in {field.name for field in table.schema().fields}:
        return collections.Counter()
    return collections.Counter(table.to_pyarrow_table(columns=["id"]).column("id").to_pylist())


def rows_of(*paths):
    return sum((ids(path) for path in paths), collections.Counter())


def produce(kafka, topic, count, start=0, **fields):
    """`count` records with ids `topic:number`; a function in `fields` is given the number."""
    made = []
    for i in range(start, start + count):
        record = {"id": f"{topic}:{i}"} | {k: f(i) for k, f in fields.items()}
        made.append((i % PARTITIONS, b"k%d" % i, json.dumps({k: v for k, v in record.items() if v is not None}).encode()))
    kafka.produce(topic, made)
    return [f"{topic}:{i}" for i in range(start, start + count)]


def group_reaches_the_end(kafka, group, topic, alive, seconds=90):
    ends = kafka.end_offsets(topic)

    def reached():
        alive()
        seen = kafka.group_offsets(group, topic, len(ends))
        return all(seen.get(p, -1) == end or (end == 0) for p, end in ends.items())

    until(lambda: f"group offsets {ends}, not {kafka.group_offsets(group, topic, len(ends))}", seconds, reached)


def kill_now_and_then(one, rng, times):
    for _ in range(times):
        time.sleep(rng.uniform(0.2, 2.5))
        one.alive()
        one.kill()
        one.start()


def exactly(counter, wanted):
    wanted = set(wanted)
    assert not wanted - counter.keys(), f"lost: {sorted(wanted - counter.keys())[:10]}"
    assert not counter.keys() - wanted, f"not to be there: {sorted(counter.keys() - wanted)[:10]}"
    assert max(counter.values(), default=1) == 1, f"more than once: {counter.most_common(5)}"


def test_each_topic_has_its_table_and_each_record_is_there_once_whenever_it_is_killed(kafka, name, tmp_path, service):
    rng = random.Random(SEED)
    topics = [kafka.topic(f"{name}-{i}", PARTITIONS) for i in range(6)]
    one = service(KAFKA_TOPIC=",".join(topics), DELTA_TABLE_PATH=f"{tmp_path}/lake/${{topic}}", BATCH_SIZE=40,
                  BATCH_TIMEOUT_SECONDS="0.3", **SHORT_SESSION).start()
    wanted = {}
    for part in range(3):
        for topic in topics:
            wanted.setdefault(topic, []).extend(produce(kafka, topic, 400, part * 400))
        kill_now_and_then(one, rng, 2)
    for topic in topics:
        group_reaches_the_end(kafka, name, topic, one.alive)
        lake.wait_offsets(f"{tmp_path}/lake/{topic}", {f"{name}-{topic}-{p}": 400 for p in range(PARTITIONS)}, 30)
        exactly(ids(tmp_path / "lake" / topic), wanted[topic])
    assert one.terminate()[0] == 0, one.log_end()


def test_topics_of_one_table_share_its_commits(kafka, name, tmp_path, service):
    topics = [kafka.topic(f"{name}-{i}", PARTITIONS) for i in range(3)]
    wanted = [id for topic in topics for id in produce(kafka, topic, 200)]
    one = service(flags=["--until-end"], KAFKA_TOPIC=",".join(topics), DELTA_TABLE_PATH=f"{tmp_path}/table",
                  BATCH_SIZE=100000).start()
    assert one.wait_exit(60) == 0, one.log_end()
    exactly(ids(tmp_path / "table"), wanted)
    commits = [json.loads(line) for line in one.log().splitlines() if '"msg":"committed"' in line]
    assert len(commits) < 9, "not a commit a partition"
    assert any(len(c["offsets"]) == 3 for c in commits), "one commit for several topics"


def kind_of(i):
    return None if i % 97 == 5 else ["a", "b", "c", "d", "e"][i % 5] if i % 31 else "rare"


def check_routes(folder, wanted, kinds):
    found = {kind: ids(folder / kind) for kind in kinds}
    for kind, counter in found.items():
        exactly(counter, [id for id, k in wanted.items() if k == kind])
    letters = DeltaTable(str(folder / "_unrouted_rejected")).to_pyarrow_table().to_pylist()
    assert all(r["error_code"] == "ROUTE_VALUE" and r["stage"] == "route" for r in letters)
    unrouted = collections.Counter(json.loads(r["value"])["id"] for r in letters)
    exactly(unrouted, [id for id, k in wanted.items() if k is None])


def test_records_routed_by_a_field_are_each_in_their_table_once_whenever_it_is_killed(kafka, name, tmp_path, service):
    rng = random.Random(SEED + 1)
    topic = kafka.topic(name, PARTITIONS)
    one = service(DELTA_TABLE_PATH=f"{tmp_path}/lake/${{field:kind}}", BATCH_SIZE=50, BATCH_TIMEOUT_SECONDS="0.4",
                  **SHORT_SESSION).start()
    wanted = {}
    for part in range(4):
        numbers = range(part * 600, part * 600 + 600)
        wanted |= dict(zip(produce(kafka, topic, 600, part * 600, kind=kind_of), map(kind_of, numbers)))
        kill_now_and_then(one, rng, 2)
    group_reaches_the_end(kafka, name, topic, one.alive)
    assert one.terminate()[0] == 0, one.log_end()
    check_routes(tmp_path / "lake", wanted, ["a", "b", "c", "d", "e", "rare"])


def test_instances_that_come_and_go_route_each_record_once(kafka, name, tmp_path, service):
    topic = kafka.topic(name, PARTITIONS)
    make = lambda: service(DELTA_TABLE_PATH=f"{tmp_path}/lake/${{field:kind}}", BATCH_SIZE=50,
                           BATCH_TIMEOUT_SECONDS="0.4", **SHORT_SESSION)
    first, second = make().start(), make()
    wanted = {}
    for part, step in enumerate((second.start, lambda: first.terminate(25), first.start, second.kill)):
        numbers = range(part * 500, part * 500 + 500)
        wanted |= dict(zip(produce(kafka, topic, 500, part * 500, kind=kind_of), map(kind_of, numbers)))
        time.sleep(1)
        step()
        time.sleep(3)
    group_reaches_the_end(kafka, name, topic, first.alive)
    assert first.terminate()[0] == 0, first.log_end()
    check_routes(tmp_path / "lake", wanted, ["a", "b", "c", "d", "e", "rare"])


def test_a_topic_that_comes_later_and_fits_the_pattern_is_joined(kafka, name, tmp_path, service):
    kafka.topic(f"{name}.one", 1)
    one = service(KAFKA_TOPIC_REGEX=name.replace(".", "[.]") + "[.](.*)", DELTA_TABLE_PATH=f"{tmp_path}/lake/t_${{1}}",
                  BATCH_TIMEOUT_SECONDS="0.3", KAFKA_CONF_TOPIC_METADATA_REFRESH_INTERVAL_MS="1000", **SHORT_SESSION)
    one.environment.pop("KAFKA_TOPIC")
    one.start()
    kafka.produce(f"{name}.one", [(0, None, b'{"id":"1"}')])
    lake.wait_rows(f"{tmp_path}/lake/t_one", 1, 30, None, one.alive)
    kafka.topic(f"{name}.two", 1)
    kafka.produce(f"{name}.two", [(0, None, b'{"id":"2"}')])
    lake.wait_rows(f"{tmp_path}/lake/t_two", 1, 30, None, one.alive)
    assert one.terminate()[0] == 0, one.log_end()


@pytest.mark.parametrize("value", ["../up", "a/b", "", ".hidden", "x" * 300])
def test_a_field_that_is_no_part_of_a_path_leads_to_no_table(kafka, name, tmp_path, service, value):
    kafka.topic(name, 1)
    kafka.produce(name, [(0, None, json.dumps({"id": "1", "kind": value}).encode()), (0, None, b'{"id":"2","kind":"ok"}')])
    one = service(flags=["--until-end"], DELTA_TABLE_PATH=f"{tmp_path}/lake/${{field:kind}}").start()
    assert one.wait_exit(60) == 3, one.log_end()
    assert sorted(os.listdir(tmp_path / "lake")) == ["_unrouted_rejected", "ok"]


@pytest.mark.parametrize("policy", ["skip", "topic"])
def test_what_has_no_table_goes_where_the_policy_says(kafka, name, tmp_path, service, policy):
    kafka.topic(name, 1)
    letters = kafka.topic(f"{name}-letters", 1)
    kafka.produce(name, [(0, None, b'{"id":"1"}'), (0, None, b"{"), (0, None, b'{"id":"2","kind":"ok"}')])
    one = service(flags=["--until-end"], DELTA_TABLE_PATH=f"{tmp_path}/lake/${{field:kind}}", DELTA_ON_ERROR=policy,
                  KAFKA_DLQ_TOPIC=letters).start()
    assert one.wait_exit(60) == 3, one.log_end()
    assert os.listdir(tmp_path / "lake") == ["ok"]
    assert kafka.end_offsets(letters) == {0: 2 if policy == "topic" else 0}


def test_one_topic_feeds_two_tables_each_with_its_own_records_once_whenever_it_is_killed(kafka, name, tmp_path, service):
    rng = random.Random(SEED + 2)
    topic = kafka.topic(name, PARTITIONS)
    config = tmp_path / "service.yaml"
    config.write_text(json.dumps({
        "kafka": {"brokers": kafka.bootstrap, "group": name, "conf": {"session.timeout.ms": 2000, "heartbeat.interval.ms": 400}},
        "sources": [{"topics": [topic], "table": "all"}, {"topics": [topic], "table": "some", "filter": "kind = 'a'"}],
        "defaults": {"on_error": {"table": f"{tmp_path}/letters"}},
        "tables": [{"name": "all", "uri": f"{tmp_path}/all", "flush": {"rows": 40, "age": "300ms"}},
                   {"name": "some", "uri": f"{tmp_path}/some", "flush": {"rows": 15, "age": "500ms"}}],
        "http": {"listen": "off"}}))
    one = service(flags=["--config", str(config)])
    for variable in list(one.environment):
        if variable.startswith(("KAFKA_", "DELTA_", "BATCH_", "HTTP_")):
            del one.environment[variable]
    one.start()
    wanted = {}
    for part in range(3):
        numbers = range(part * 400, part * 400 + 400)
        wanted |= dict(zip(produce(kafka, topic, 400, part * 400, kind=kind_of), map(kind_of, numbers)))
        kafka.produce(topic, [(1, None, b"{")])
        kill_now_and_then(one, rng, 2)
    ends = {f"{name}-{topic}-{p}": end for p, end in kafka.end_offsets(topic).items()}
    for table in ("all", "some"):
        lake.wait_offsets(f"{tmp_path}/{table}", ends, 60, None, one.alive)
    assert one.terminate()[0] == 0, one.log_end()
    exactly(ids(tmp_path / "all"), wanted)
    exactly(ids(tmp_path / "some"), [id for id, kind in wanted.items() if kind == "a"])
    letters = DeltaTable(f"{tmp_path}/letters").to_pyarrow_table().to_pylist()
    assert collections.Counter(r["table"] for r in letters) == {f"{tmp_path}/all": 3, f"{tmp_path}/some": 3}
