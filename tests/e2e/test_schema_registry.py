# SPDX-License-Identifier: Apache-2.0
"""Schemas come from a registry: tests/servers/registry_stub.py speaks Confluent's API. With
DELTAWRITE_REAL_REGISTRY=1, the schemas of all formats also from Apicurio Registry."""
import json
import os
import struct
import subprocess

import pytest

from servers.apicurio import Apicurio
from servers.registry_stub import Stub
from support.record_decoder import decode
from test_record_formats import cases, check


def framed(number, data):
    return b"\0" + struct.pack(">i", number) + data


def ask(stub, *payloads, **more):
    registry = {"url": stub.url, "timeout": "3s", **{name: str(value) for name, value in more.items()}}
    return decode(payloads, {"format": "avro", "registry": registry})


@pytest.fixture
def stub():
    with Stub() as server:
        yield server


def test_framed_avro_is_read_by_the_schema_that_its_id_names(stub):
    made = [(case, stub.register("topic-value", json.dumps(case["schema"]))) for case in cases("avro.jsonl")]
    results = ask(stub, *[framed(number, bytes.fromhex(case["hex"])) for case, number in made * 2])
    told = set()
    for (case, number), result in zip(made * 2, results):
        if number in told:  # columns are told once for each schema
            case = case | {"columns": None}
            assert result.schema is None
        told.add(number)
        check(case, result)
    assert len(stub.requests) == len(set(stub.requests)) == len(told)  # asked for once each


def test_single_objects_find_their_schema_among_those_of_the_topic(stub):
    made = cases("avro.jsonl")[:10]
    for case in made:
        stub.register("topic-value", json.dumps(case["schema"]))
    single = [b"\xc3\x01" + bytes.fromhex(case["fingerprint"]) + bytes.fromhex(case["hex"]) for case in made]
    results = ask(stub, *single, b"\xc3\x01\1\2\3\4\5\6\7\x08")
    for case, result in zip(made, results):
        check(case | {"columns": None}, result)
    assert results[-1].kind == "BAD" and results[-1].code == "AVRO_UNKNOWN_FINGERPRINT"


def test_schemas_are_put_together_from_those_they_refer_to(stub):
    def record(name, **fields):
        return json.dumps({"type": "record", "name": name, "namespace": "n",
                           "fields": [{"name": k, "type": t} for k, t in fields.items()]})

    def reference(name):
        return {"name": f"n.{name}", "subject": f"a/subject {name}", "version": 1}

    stub.register("a/subject c", record("c", z="int"))
    stub.register("a/subject b", record("b", y="n.c"), references=[reference("c")])
    number = stub.register("topic-value", record("a", x="n.b", w={"type": "array", "items": "n.c"}),
                           references=[reference("b"), reference("c")])
    union = stub.register("other", json.dumps(["n.b", "n.c"]), references=[reference("b"), reference("c")])
    plain, first, second, beyond = ask(stub, framed(number, b"\x02\x02\x04\0"), framed(union, b"\0\x06"),
                                       framed(union, b"\2\x08"), framed(union, b"\4\x08"))
    assert plain.rows == [{"x": {"y": {"z": "1"}}, "w": [{"z": "2"}]}]
    assert first.rows == [{"y": {"z": "3"}}] and second.rows == [{"z": "4"}]
    assert [f["name"] for f in second.schema["fields"]] == ["z"]
    assert beyond.code == "AVRO_CORRUPT"


def test_what_a_registry_does_not_have_is_bad_and_what_it_does_not_answer_is_waited_for(stub):
    number = stub.register("topic-value", '"int"')
    good = framed(number, b"\2")
    unknown, again = ask(stub, framed(77, b"\2"), framed(77, b"\2"))
    assert (unknown.kind, unknown.stage, unknown.code) == ("BAD", "registry", "REGISTRY_UNKNOWN_SCHEMA")
    assert "Schema 77 not found" in unknown.reason and again.reason == unknown.reason
    assert len(stub.requests) == 1  # not asked at once again
    for fault in (503, 429, 0):
        stub.faults = [fault]
        assert [r.kind for r in ask(stub, good, good)] == ["LATER", "LATER"]
    for fault in (401, 403):
        stub.faults = [fault]
        (refused,) = ask(stub, good)
        assert refused.kind == "FATAL" and "the credentials were refused" in refused.reason
    stub.faults = [422]
    assert ask(stub, good)[0].code == "REGISTRY_REFUSED"
    stub.server.shutdown()
    stub.server.server_close()
    assert ask(stub, good)[0].kind == "LATER"


def test_what_is_not_framed_or_not_avro_is_bad(stub):
    protobuf = stub.register("p", 'syntax = "proto3"; message M {}', "PROTOBUF")
    broken = stub.register("b", '{"type":"record","name":"r","fields":[{"name":"x","type":"nowhere.T"}]}')
    good = stub.register("g", '"int"')
    assert [(r.stage, r.code) for r in ask(stub, b"\0\0\0\0", b'{"a":1}', framed(protobuf, b""), framed(broken, b"\2"),
                                           framed(good, b"\2\2"), framed(good, b""))] == [
        ("registry", "NOT_FRAMED"), ("registry", "NOT_FRAMED"), ("registry", "AVRO_SCHEMA"),
        ("registry", "AVRO_SCHEMA"), ("decode", "AVRO_TRAILING"), ("decode", "AVRO_TRUNCATED")]


def test_the_next_address_answers_when_one_does_not(stub):
    number = stub.register("topic-value", '"int"')
    (result,) = decode([framed(number, b"\2")], {"format": "avro", "registry": {"url": f"http://localhost:1,{stub.url}/"}})
    assert result.rows == [{"value": "1"}]


def test_credentials_are_given_to_the_registry():
    for right, wrong in (({"user": "u", "password": "s:e c"}, {"user": "u", "password": "x"}),
                         ({"bearer_token": "t"}, {"user": "u", "password": "t"})):
        with Stub(right.get("user"), right.get("password"), right.get("bearer_token")) as stub:
            number = stub.register("topic-value", '"int"')
            assert ask(stub, framed(number, b"\2"), **right)[0].rows == [{"value": "1"}]
            for settings in ({}, wrong):
                assert ask(stub, framed(number, b"\2"), **settings)[0].kind == "FATAL"


def test_the_registry_is_spoken_to_by_tls_with_our_own_certificate(tmp_path):
    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    ca, ca_key = tmp_path / "ca.pem", tmp_path / "ca.key"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", ca_key, "-out",
            ca, "-days", "2", "-subj", "/CN=ca")
    (tmp_path / "names").write_text("subjectAltName=DNS:localhost\n")
    for name in ("server", "client"):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                tmp_path / f"{name}.key", "-out", tmp_path / f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", tmp_path / f"{name}.csr", "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-out",
                tmp_path / f"{name}.pem", "-days", "2", "-extfile", tmp_path / "names")
    with Stub(certificate=tmp_path / "server.pem", key=tmp_path / "server.key", client_ca=ca) as stub:
        number = stub.register("topic-value", '"int"')
        payload = framed(number, b"\2")
        ours = {"cert_file": tmp_path / "client.pem", "key_file": tmp_path / "client.key"}
        assert ask(stub, payload, ca_file=ca, **ours)[0].rows == [{"value": "1"}]
        assert ask(stub, payload, ca_file=ca)[0].kind == "LATER"
        assert ask(stub, payload, **ours)[0].kind == "LATER"
        (tmp_path / "none").write_text("")
        assert ask(stub, payload, ca_file=ca, cert_file=tmp_path / "none", key_file=tmp_path / "none")[0].kind == "FATAL"


def test_json_schemas_tell_columns_and_are_taken_off(stub):
    inner = stub.register("inner", json.dumps({"type": "object", "properties": {"z": {"type": "integer"}}}), "JSON")
    assert inner
    schema = {"$ref": "#/definitions/top", "definitions": {
        "top": {"type": "object", "properties": {
            "i": {"type": "integer"}, "n": {"type": ["null", "number"]}, "s": {"type": "string"},
            "b": {"oneOf": [{"type": "null"}, {"type": "boolean"}]}, "t": {"type": "string", "format": "date-time"},
            "d": {"type": "string", "format": "date"}, "y": {"type": "string", "contentEncoding": "base64"},
            "i32": {"type": "integer", "connect.type": "int32"}, "m": {"type": "object", "additionalProperties": {
                "type": "array", "items": {"type": "string"}}}, "any": {}, "free": {"type": "object"},
            "bad name": {"type": "integer"}, "two": {"type": ["string", "integer"]}, "e": {"enum": ["A"]}, "self": {"$ref": "#/definitions/top"},
            "other": {"$ref": "inner.json"}, "lost": {"$ref": "nowhere.json#/x"}}}}}
    number = stub.register("topic-value", json.dumps(schema), "JSON",
                           [{"name": "inner.json", "subject": "inner", "version": 1}])
    settings = {"format": "json_schema", "registry": {"url": stub.url}}
    first, second, many, unknown, plain = decode(
        [framed(number, b'{"i":1.0}'), framed(number, b'{"x": 2}'), framed(number, b'[{},{}]'), framed(99, b"{}"), b"{}   "],
        settings)
    assert first.rows == [{"i": "1.0"}] and second.rows == [{"x": "2"}] and len(many.rows) == 2
    assert second.schema is None
    types = {f["name"]: f["type"] for f in first.schema["fields"]}
    assert types.pop("other") == {"type": "struct", "fields": [
        {"name": "z", "type": "long", "nullable": True, "metadata": {}}]}
    strings = {"type": "array", "elementType": "string", "containsNull": True}
    assert types == {"i": "long", "n": "double", "s": "string", "b": "boolean", "t": "timestamp", "d": "date",
                     "y": "binary", "i32": "integer", "any": "string", "free": "string", "two": "string", "e": "string",
                     "m": {"type": "map", "keyType": "string", "valueType": strings, "valueContainsNull": True},
                     "lost": "string", "self": "string"}
    assert unknown.code == "REGISTRY_UNKNOWN_SCHEMA" and plain.code == "NOT_FRAMED"


def varint(number):
    return bytes((number,)) if number < 128 else bytes((number & 127 | 128,)) + varint(number >> 7)


def indexed(number, indexes, data):
    """An empty list stands for the first message."""
    path = b"\0" if indexes == [0] else b"".join(varint(2 * n) for n in (len(indexes), *indexes))
    return framed(number, path + data)


@pytest.mark.parametrize("kind", ["files", "descriptors"])
def test_framed_protobuf_is_read_by_the_file_that_its_id_names(stub, kind):
    head, *made = cases("protobuf.jsonl")
    stub.register("common", head[kind]["common.proto"], "PROTOBUF")
    reference = [{"name": "common.proto", "subject": "common", "version": 1}]
    numbers = {name: stub.register(name, head[kind][name], "PROTOBUF", reference) for name in ("three.proto", "two.proto")}
    settings = {"format": "protobuf", "registry": {"url": stub.url}}
    made = [case for case in made if kind == "files" or case["message"] != "test.three.Second.Third"]
    results = decode([indexed(numbers[case["file"]], case["indexes"], bytes.fromhex(case["hex"])) for case in made], settings)
    for case, result in zip(made, results):
        check(case | {"columns": None}, result)
    columns = {f["name"]: f["type"] for f in results[0].schema["fields"]}
    assert [columns[n] for n in ("d", "f", "i32", "u32", "x32", "i64", "u64", "b", "y", "color", "ts", "du", "st", "wi", "wu",
                                 "wy", "e")] == [
        "double", "float", "integer", "long", "long", "long", "decimal(20,0)", "boolean", "binary", "string", "timestamp",
        "string", "string", "long", "decimal(20,0)", "binary", "string"]
    point = {"type": "struct", "fields": [{"name": n, "type": "integer", "nullable": True, "metadata": {}} for n in "xy"]}
    assert columns["p"] == point
    assert columns["ps"] == {"type": "array", "elementType": point, "containsNull": True}
    assert columns["mp"] == {"type": "map", "keyType": "integer", "valueType": point, "valueContainsNull": True}
    inner = {f["name"]: f["type"] for f in columns["inner"]["fields"]}
    assert inner["deep"]["fields"][0]["type"] == "string"  # it contains itself


def test_protobuf_that_cannot_be_read_is_bad(stub):
    head, *_ = cases("protobuf.jsonl")
    stub.register("common", head["files"]["common.proto"], "PROTOBUF")
    reference = [{"name": "common.proto", "subject": "common", "version": 1}]
    three = stub.register("t", head["files"]["three.proto"], "PROTOBUF", reference)
    alone = stub.register("a", head["files"]["three.proto"], "PROTOBUF")
    broken = stub.register("b", "syntax = 'proto3';\nmessage M {\n  int32 a = ;\n}", "PROTOBUF")
    avro = stub.register("v", '"int"')
    bad = [(indexed(three, [9], b""), "PROTOBUF_MESSAGE_INDEX"), (framed(three, b""), "PROTOBUF_MESSAGE_INDEX"),
           (indexed(alone, [1], b""), "PROTOBUF_SCHEMA"), (indexed(broken, [0], b""), "PROTOBUF_SCHEMA"),
           (indexed(avro, [0], b""), "PROTOBUF_SCHEMA"),
           (indexed(three, [1], b"\x08"), "PROTOBUF_CORRUPT"), (indexed(three, [1], b"\0\0"), "PROTOBUF_CORRUPT"),
           (indexed(three, [1], b"\x72\x05abc"), "PROTOBUF_CORRUPT"),
           (indexed(three, [1], b"\x72\x01\xff"), "PROTOBUF_NOT_UTF8"),
           (indexed(three, [1], b"\x0c"), "PROTOBUF_CORRUPT"), (indexed(three, [1], b"\x0b\x14"), "PROTOBUF_CORRUPT"),
           (indexed(three, [1], b"\xc2\x02\x06\x10\x80\x94\xeb\xdc\x03"), "PROTOBUF_RANGE")]
    results = decode([payload for payload, _ in bad], {"format": "protobuf", "registry": {"url": stub.url}})
    assert [(r.kind, r.code) for r in results] == [("BAD", code) for _, code in bad]
    assert results[3].reason == f"schema {broken}: line 3: a number was expected"
    assert results[2].reason == f"schema {alone}: message test.three.All.<entry>: unknown type common.Point"


@pytest.mark.skipif("DELTAWRITE_REAL_REGISTRY" not in os.environ, reason="long: set DELTAWRITE_REAL_REGISTRY=1")
def test_a_real_registry_gives_the_schemas_of_every_format(tmp_path):
    with Apicurio(tmp_path) as registry:
        made = [(c, registry.register(f"avro-{i}", json.dumps(c["schema"]))) for i, c in enumerate(cases("avro.jsonl"))
                if isinstance(c["schema"], dict)]
        results = ask(registry, *[framed(number, bytes.fromhex(c["hex"])) for c, number in made], framed(10**6, b""))
        for (case, _), result in zip(made, results):
            check(case | {"columns": None}, result)
        assert results[-1].code == "REGISTRY_UNKNOWN_SCHEMA"
        head, *made = [c for c in cases("protobuf.jsonl") if c.get("file") != "two.proto"]  # its parser lacks a oneof's groups
        registry.register("a/common", head["files"]["common.proto"], "PROTOBUF")
        reference = [{"name": "common.proto", "subject": "a/common", "version": 1}]
        number = registry.register("three", head["files"]["three.proto"], "PROTOBUF", reference)
        results = decode([indexed(number, c["indexes"], bytes.fromhex(c["hex"])) for c in made],
                         {"format": "protobuf", "registry": {"url": registry.url}})
        for case, result in zip(made, results):
            check(case | {"columns": None}, result)
        number = registry.register("js", json.dumps({"type": "object", "properties": {"a": {"type": "integer"}}}), "JSON")
        (row,) = decode([framed(number, b'{"a":1}')], {"format": "json_schema", "registry": {"url": registry.url}})
        assert row.rows == [{"a": "1"}] and row.schema["fields"][0]["type"] == "long"
