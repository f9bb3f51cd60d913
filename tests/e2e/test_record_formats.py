# SPDX-License-Identifier: Apache-2.0
"""Formats other than JSON, as independent encoders write them, become the rows that docs/records.md gives them."""
import json

from support import record_decoder
from support.paths import TESTS
from support.record_decoder import decode, parse, same

DATA = TESTS / "data" / "records"


def cases(name):
    return [json.loads(line) for line in (DATA / name).read_text().splitlines()]


def check(case, result):
    assert result.kind == "ROWS", (case["name"], result.text)
    assert len(result.rows) == 1 and same(result.rows[0], parse(case["row"])), (case["name"], result.text, case["row"])
    if case["columns"] is not None:
        assert result.schema == case["columns"], case["name"]


def test_plain_avro_of_a_schema_file_is_read_as_fastavro_wrote_it(tmp_path):
    for case in cases("avro.jsonl")[:25]:
        schema = tmp_path / "schema.avsc"
        schema.write_text(json.dumps(case["schema"]))
        data = bytes.fromhex(case["hex"])
        single = b"\xc3\x01" + bytes.fromhex(case["fingerprint"]) + data
        results = decode([data, single, data + b"\0", data[:-1]], {"format": "avro", "schema_file": str(schema)})
        if data:
            check(case, results[0])
            assert results[3].kind == ("BAD" if data[:-1] else "TOMBSTONE"), case["name"]
            assert same(results[1].rows, results[0].rows) and results[1].schema is None, case["name"]
        else:  # no bytes at all are a tombstone
            assert results[0].kind == "TOMBSTONE"
            check(case, results[1])
        assert results[2].kind == "BAD" and results[2].code == "AVRO_TRAILING", (case["name"], results[2].text)


def test_times_of_debezium_are_known_by_their_own_names(tmp_path):
    kinds = {"Date": "int", "Time": "int", "MicroTime": "long", "Timestamp": "long", "MicroTimestamp": "long",
             "NanoTimestamp": "long"}
    fields = [{"name": n, "type": {"type": t, "connect.version": 1, "connect.name": f"io.debezium.time.{n}"}}
              for n, t in kinds.items()]
    schema = tmp_path / "schema.avsc"
    schema.write_text(json.dumps({"type": "record", "name": "r", "fields": fields}))
    (row,) = decode([b"\x02" * 6], {"format": "avro", "schema_file": str(schema)})
    assert row.rows == [{"Date": "1970-01-02", "Time": "00:00:00.001", "MicroTime": "00:00:00.000001",
                         "Timestamp": "1970-01-01T00:00:00.001", "MicroTimestamp": "1970-01-01T00:00:00.000001",
                         "NanoTimestamp": "1970-01-01T00:00:00.000000001"}]
    assert [f["type"] for f in row.schema["fields"]] == ["date", "string", "string"] + 3 * ["timestamp_ntz"]


def test_plain_protobuf_of_a_descriptor_file_is_read_as_googles_library_wrote_it():
    made = [case for case in cases("protobuf.jsonl")[1:] if case["hex"]]
    for message in sorted({case["message"] for case in made}):
        of_it = [case for case in made if case["message"] == message]
        settings = {"format": "protobuf", "descriptor_file": str(DATA / "protobuf.desc"), "message": message}
        results = decode([bytes.fromhex(case["hex"]) for case in of_it], settings)
        for case, result in zip(of_it, results):
            check(case | {"columns": None}, result)
        assert results[0].schema and not any(result.schema for result in results[1:])
    settings["message"] = "test.three.Nothing"
    assert record_decoder.refusal(settings).endswith("protobuf.desc: it has no message test.three.Nothing")
    settings["descriptor_file"] = str(DATA / "avro.jsonl")
    assert "not a FileDescriptorSet" in record_decoder.refusal(settings)


def field(name, kind):
    return {"name": name, "type": kind, "nullable": True, "metadata": {}}


def test_csv_has_names_in_its_header_and_json_in_nested_columns():
    payload = b'\xef\xbb\xbfid,"a ""b""",s\r\n1,x,"{""k"":[1]}"\n\n2,"two\nlines",{bad\n'
    nested = {"type": "map", "keyType": "string", "valueType": "string", "valueContainsNull": True}
    table = {"type": "struct", "fields": [field("S", nested)]}
    settings = {"format": "csv", "csv": {"header": True}}
    (rows,) = decode([payload], settings, table=table)
    assert rows.rows == [{"id": "1", 'a "b"': "x", "s": {"k": ["1"]}},
                         {"id": "2", 'a "b"': "two\nlines", "s": "{bad"}]
    assert rows.schema is None
    (plain, empty, invalid, unclosed) = decode([payload, b"a,b\n", b"a\n\xff", b'a\n"x'], settings)
    assert plain.rows[0]["s"] == '{"k":[1]}'
    assert empty.kind == "ROWS" and empty.rows == []
    assert (invalid.code, unclosed.code, unclosed.reason) == ("CSV_NOT_UTF8", "CSV_QUOTE", "line 2: a quote is not closed")
    assert record_decoder.refusal({"format": "csv"}).endswith("csv needs csv.columns or csv.header: true")


def test_raw_records_are_key_and_value():
    binary = {"type": "struct", "fields": [field("key", "binary"), field("value", "binary")]}
    rows, empty, null = decode([b"\x1f\x8b\x08", b"", None], {"format": "raw"}, key="k")
    assert rows.rows == [{"key": "aw==", "value": "H4sI"}] and rows.schema == binary
    assert empty.rows == [{"key": "aw==", "value": ""}] and empty.schema is None
    assert null.kind == "ROWS" and null.rows == [{"key": "aw==", "value": None}]
    bad, text = decode([b"\xff", b"x"], {"format": "raw", "raw_as_text": True})
    assert bad.code == "RAW_NOT_UTF8" and {f["type"] for f in text.schema["fields"]} == {"string"}
