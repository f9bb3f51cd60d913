# SPDX-License-Identifier: Apache-2.0
"""Formats other than JSON, as independent encoders write them, become the rows that docs/records.md gives them."""
import json

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
