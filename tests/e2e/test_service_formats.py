# SPDX-License-Identifier: Apache-2.0
"""Records of every format from Kafka into tables, by deltawrite-kafka and a real broker."""
import base64
import datetime
import gzip
import json
import math

import pytest
from deltalake import DeltaTable

from servers.registry_stub import Stub
from support import judges
from support.programs import Service
from test_record_formats import cases
from test_schema_registry import framed, indexed


@pytest.fixture
def run(kafka, name, tmp_path):
    """Writes the messages of a topic by a source's settings; the table's rows, in order of `_o`."""

    def write(messages, source, exit_code=0, table="table", **settings):
        topic, path = f"{name}-{table}", tmp_path / table
        kafka.topic(topic, 1)
        kafka.produce(topic, [(0, key, value) for key, value in messages])
        config = tmp_path / "config.yaml"
        source = {"topics": [topic], "table": "t", "metadata": {"offset": "_o"}} | source
        config.write_text(json.dumps({
            "kafka": {"brokers": kafka.bootstrap, "group": topic}, "sources": [source], "run": {"until_end": True},
            "tables": [{"name": "t", "uri": str(path), "on_error": {"policy": "fail"}} | settings]}))
        one = Service({}, tmp_path / "log", ("--config", str(config))).start()
        assert one.wait_exit(60) == exit_code, one.log_end()
        found = judges.agree(str(path), judges.QUICK)
        rows = DeltaTable(str(path)).to_pyarrow_table().sort_by("_o").to_pylist()
        return {c["name"]: c["type"] for c in found["schema"]}, rows

    return write


def test_avro_of_a_registry_becomes_a_table_of_its_types(run):
    made = [c for c in cases("avro.jsonl") if c["name"] in ("primitives", "largest", "not finite")]
    with Stub() as stub:
        number = stub.register("x-value", json.dumps(made[0]["schema"]))
        schema, rows = run([(None, framed(number, bytes.fromhex(c["hex"]))) for c in made],
                           {"format": "avro", "registry": {"url": stub.url}})
    assert schema == {"b": "boolean", "i": "integer", "l": "long", "f": "float", "d": "double", "y": "binary", "s": "string",
                      "_o": "long"}
    assert [row["l"] for row in rows] == [-2**63, 2**63 - 1, 0]
    assert rows[0]["y"] == b"\x00\xff\x01" and rows[0]["s"] == "a\"\\\n\0é\U0001f600"
    assert math.isnan(rows[2]["f"]) and rows[2]["d"] == -math.inf


def test_protobuf_of_a_registry_becomes_nested_columns(run):
    head, *made = cases("protobuf.jsonl")
    made = [c for c in made if c["message"] == "test.three.All"][:40]
    with Stub() as stub:
        stub.register("common", head["files"]["common.proto"], "PROTOBUF")
        number = stub.register("x-value", head["files"]["three.proto"], "PROTOBUF",
                               [{"name": "common.proto", "subject": "common", "version": 1}])
        schema, rows = run([(None, indexed(number, c["indexes"], bytes.fromhex(c["hex"]))) for c in made],
                           {"format": "protobuf", "registry": {"url": stub.url}})
    assert len(rows) == len(made) and schema["u64"] == "decimal(20,0)"
    for case, row in zip(made, rows):
        want = json.loads(case["row"])
        assert (row["i64"], row["s"], row["color"]) == (want["i64"], want["s"], want["color"])
        assert int(row["u64"]) == want["u64"] and row["ps"] == want["ps"]
        assert dict(row["m"] or []) == want["m"]
        assert base64.b64encode(row["y"]).decode() == want["y"]


def test_fields_within_structs_come_to_the_table(run):
    messages = [(None, b'{"a":1,"s":{"x":1},"l":[{"p":1}]}'), (None, b'{"a":2,"s":{"x":2,"y":{"z":"t"}},"l":[{"p":2,"q":true}]}'),
                (None, b'{"a":3,"s":{"Y":{"z":"u","w":0.5}},"new":{"n":null}}'), (None, b'{"a":4,"new":{"n":[1]}}')]
    _, rows = run(messages, {}, evolution="add_nested", create=True)
    for row in rows:
        del row["_o"]
    assert rows == [
        {"a": 1, "s": {"x": 1, "y": None}, "l": [{"p": 1, "q": None}], "new": None},
        {"a": 2, "s": {"x": 2, "y": {"z": "t", "w": None}}, "l": [{"p": 2, "q": True}], "new": None},
        {"a": 3, "s": {"x": None, "y": {"z": "u", "w": 0.5}}, "l": None, "new": "{\"n\":null}"},
        {"a": 4, "s": None, "l": None, "new": "{\"n\":[1]}"}]


def test_several_objects_of_one_record_are_written_together_or_not_at_all(run, tmp_path):
    messages = [(b"k", gzip.compress(b'[{"a":1},{"a":2}]')), (b"k", b'{"a":3}\n{"a":"x"}\n'), (b"k", None), (b"k", b'{"a":4}')]
    _, rows = run(messages, {"metadata": {"offset": "_o", "key": "_k"}}, 3, schema={"a": "long"},
                  on_error={"policy": "skip", "stop_percent": 100})
    assert [(row["a"], row["_k"]) for row in rows] == [(1, "k"), (2, "k"), (4, "k")]


def test_what_has_no_column_is_rescued(run):
    _, rows = run([(None, b'{"a":1,"b":{"c":2}}'), (None, b'{"A":3}')], {"rescue_column": "rest"}, schema={"a": "long"})
    assert [(row["a"], row["rest"]) for row in rows] == [(1, '{"b":{"c":2}}'), (3, None)]


def test_times_without_a_zone_come_to_a_table(run):
    schema = {"type": "record", "name": "r", "fields": [
        {"name": "a", "type": {"type": "long", "logicalType": "local-timestamp-micros"}}, {"name": "b", "type": "int"}]}
    with Stub() as stub:
        number = stub.register("x-value", json.dumps(schema))
        columns, rows = run([(None, framed(number, b"\x02\x04"))], {"format": "avro", "registry": {"url": stub.url}})
        kept, as_local = run([(None, framed(number, b"\x02\x04"))], {"format": "avro", "registry": {"url": stub.url}},
                             schema={"x": "timestamp_ntz"}, table="other")
    assert columns == {"a": "timestamp", "b": "integer", "_o": "long"}  # the table has no timestampNtz
    assert kept == {"x": "timestamp_ntz", "a": "timestamp_ntz", "b": "integer", "_o": "long"}
    for row in rows + as_local:
        assert row["b"] == 2 and row["a"].replace(tzinfo=None) == datetime.datetime(1970, 1, 1, 0, 0, 0, 1)
