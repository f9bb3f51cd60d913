# SPDX-License-Identifier: Apache-2.0
"""What settings make of records beyond the examples of docs/records.md: columns that are told, and what is refused."""
import base64
import json

import pytest

from servers.registry_stub import Stub
from support import record_decoder
from support.record_decoder import decode
from test_schema_registry import framed


def field(name, kind):
    return {"name": name, "type": kind, "nullable": True, "metadata": {}}


def struct(*fields):
    return {"type": "struct", "fields": list(fields)}


METADATA = {"topic": "_t", "partition": "_p", "offset": "_o", "timestamp": "_ts", "timestamp_type": "_tt", "key": "_k",
            "headers": "_h"}


def test_metadata_become_columns():
    settings = {"metadata": METADATA}
    record = {"topic": "a\"b", "partition": 7, "offset": 2**53 + 1, "timestamp": 1767225600001, "timestamp_type": 2,
              "key": "k\n", "header": "x:1"}
    first, second = decode([b'{"a":1,"_o":"theirs"}', b"{}"], settings, **record)
    assert first.rows == [{"a": "1", "_t": "a\"b", "_p": "7", "_o": "9007199254740993",
                           "_ts": "2026-01-01T00:00:00.001Z", "_tt": "LogAppendTime", "_k": "k\n",
                           "_h": [{"key": "x", "value": base64.b64encode(b"1").decode()}]}]
    header = struct(field("key", "string"), field("value", "binary"))
    assert first.schema == struct(
        field("_t", "string"), field("_p", "integer"), field("_o", "long"), field("_ts", "timestamp"),
        field("_tt", "string"), field("_k", "string"),
        field("_h", {"type": "array", "elementType": header, "containsNull": True}))
    assert second.schema is None
    (none,) = decode([b"{}"], settings)
    assert none.rows == [{"_t": "topic", "_p": "0", "_o": "0", "_ts": None, "_tt": None, "_k": None, "_h": []}]


def test_keys_and_headers_take_the_form_of_their_columns():
    maps = {"type": "map", "keyType": "string", "valueType": "string", "valueContainsNull": True}
    table = struct(field("_k", "binary"), field("_h", maps))
    (row,) = decode([b"{}"], {"metadata": {"key": "_k", "headers": "_h"}}, table=table, key="abc", header="x:1")
    assert row.rows == [{"_k": "YWJj", "_h": {"x": "1"}}]
    bad = {"metadata": {"key": "_k"}}
    done = record_decoder.run([b"{}"], bad, {"key": b"\xff".decode("utf-8", "surrogateescape")})
    assert b'"KEY_IS_NOT_TEXT"' in done.stdout


def test_fields_without_a_column_are_rescued():
    table = struct(field("Id", "long"), field("o", struct(field("x", "long"))))
    settings = {"rescue_column": "rest", "transforms": [{"column": "made", "source": "m"}], "metadata": {"topic": "t"}}
    whole, known, before = b'{"id":1,"m":2,"x":1.50,"o":{"y":1},"z":{ "a":[] },"x":2}', b'{"ID":1}', b'{"q":1}'
    rescued, plain = decode([whole, known], settings, table=table)
    assert rescued.rows == [{"id": "1", "o": {"y": "1"}, "made": "2", "t": "topic",
                             "rest": '{"x":1.50,"z":{"a":[]},"x":2}'}]
    assert plain.rows == [{"ID": "1", "t": "topic"}]
    assert rescued.schema == struct(field("rest", "string"), field("t", "string"))
    (unknown,) = decode([before], settings)
    assert unknown.rows == [{"q": "1", "t": "topic"}]


def test_columns_that_settings_type_are_told_with_the_first_record():
    settings = {"flatten": True, "drop": ["gone"], "transforms": [
        {"column": "a", "type": "decimal(5,2)"}, {"column": "b", "constant": 5}, {"column": "c", "function": "year"},
        {"column": "d", "source": "x.y"}, {"column": "e", "epoch_unit": "s"}, {"column": "f", "constant": "x", "type": "int"},
        {"column": "g", "function": "hash"}]}
    settings["transforms"][5]["constant"] = 7
    (row,) = decode([b'{"a":1,"c":"2026-01-01"}'], settings)
    assert row.rows == [{"a": "1", "b": "5", "c": "2026", "f": "7"}]
    assert row.schema == struct(field("a", "decimal(5,2)"), field("b", "long"), field("c", "integer"),
                                field("e", "timestamp"), field("f", "integer"), field("g", "string"))


def avro_record(name, **fields):
    return {"type": "record", "name": name, "fields": [{"name": k, "type": t} for k, t in fields.items()]}


def test_schemas_go_through_the_same_steps_as_rows():
    row = avro_record("row", id="long", s=avro_record("inner", a="int", b="string", c="double"), old="string")
    source = avro_record("source", db="string", ts_ms="long")
    envelope = avro_record("envelope", before=["null", row], after=["null", "row"], source=source, op="string",
                           ts_ms=["null", "long"])
    settings = {"debezium": True, "flatten": True, "drop": ["s.b"], "metadata": {"offset": "_o"},
                "transforms": [{"column": "new", "source": "old"}, {"column": "again", "source": "s.a"}]}
    with Stub() as stub:
        number = stub.register("topic-value", json.dumps(envelope))
        data = (b"\0" + b"\2" + b"\x0a" + b"\4\2b" + b"\0" * 8 + b"\4\xc3\xa9"  # after
                + b"\2d\x10" + b"\2c" + b"\2\x12")
        (result,) = decode([framed(number, data)], {"format": "avro", "registry": {"url": stub.url}, **settings})
    assert result.rows == [{"id": "5", "s_a": "2", "s_c": "0.0", "__op": "c", "__deleted": False, "__ts_ms": "9",
                            "__source_ts_ms": "8", "__source_db": "d", "new": "é", "again": "2", "_o": "0"}]
    assert result.schema == struct(
        field("id", "long"), field("s_a", "integer"), field("s_c", "double"), field("__op", "string"),
        field("__deleted", "boolean"), field("__ts_ms", "long"), field("__source_ts_ms", "long"),
        field("__source_db", "string"), field("new", "string"), field("again", "integer"), field("_o", "long"))


@pytest.mark.parametrize("settings, problem", [
    ({"filter": "a ="}, 'filter: at "": a field or a value was expected'),
    ({"filter": "a = 'x"}, 'filter: at "": a text is not closed'),
    ({"filter": "(a = 1"}, 'filter: at "": ) was expected'),
    ({"filter": "a = 1 b"}, 'filter: at "b": AND or OR was expected'),
    ({"filter": "a in 5"}, 'filter: at "5": ( was expected after IN'),
    ({"filter": "a is 5"}, 'filter: at "5": NULL was expected after IS'),
    ({"filter": "a 5"}, 'filter: at "5": a comparison was expected'),
    ({"filter": "a like 5"}, 'filter: at "": a text was expected after LIKE'),
    ({"filter": "not " * 200 + "a"}, "nested too deeply"),
    ({"transforms": [{"column": "x", "type": "decimal(50,2)"}]}, "decimal(50,2)"),
    ({"transforms": [{"column": "x", "type": "number"}]}, "number"),
    ({"transforms": [{"column": "x", "source": "a..b"}]}, "a..b"),
    ({"drop": ["a."]}, "drop: a. is not a path"),
    ({"jq": ".a["}, "jq: error: syntax error"),
])
def test_settings_that_cannot_be_are_refused(settings, problem):
    assert problem in record_decoder.refusal(settings)


def test_what_compares_in_filters():
    def kept(condition, *values):
        rows = [b'{"f":%s}' % v.encode() for v in values]
        return [v for v, r in zip(values, decode(rows, {"filter": condition})) if r.rows]

    numbers = ["1", "1.0", "10e-1", '"1"', '" 1"', "1.0000000000000000000001", "true", "null", "[1]"]
    assert kept("f = 1", *numbers) == numbers[:4]
    assert kept("f != 1", *numbers) == [numbers[5]]
    assert kept("not f = 1", *numbers) == [numbers[5]]
    assert kept("f >= 9007199254740993", "9007199254740992", "9007199254740993", "1e400") == ["9007199254740993", "1e400"]
    assert kept("f < -0.5", "-1", "-0.5", "-0.51", "0", "-1e-400") == ["-1", "-0.51"]
    assert kept("f = 0", "0", "-0", "0.000", "0e99", "1e-999999999999999999") == ["0", "-0", "0.000", "0e99"]
    assert kept("f > 'b'", '"b"', '"c"', '"\\u0062c"', '"a"') == ['"c"', '"\\u0062c"']
    assert kept("f = true", "true", '"true"', "false", "1") == ["true", '"true"']
    assert kept("f", "true", '"true"', "false", "1") == ["true", '"true"']
    assert kept("f like 'a_\\%%'", '"aé%"', '"ab%c"', '"a%c"', '"xab%"') == ['"aé%"', '"ab%c"']
    assert kept("f not in (1, 'x')", "1", '"x"', '"y"', "2", "null") == ['"y"', "2"]
    assert kept("f is not null", "null", "0", '""') == ["0", '""']
    assert kept("f = 'it''s' or `f` = 5 AND NOT (f < 5)", '"it\'s"', "5", "4") == ['"it\'s"', "5"]
