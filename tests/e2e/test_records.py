# SPDX-License-Identifier: Apache-2.0
"""The record rules, by the table tool alone: odd and bad records as an independent decoder reads them."""
import os

from support import events, judges
from support.records import SERVICE_SCHEMA, Decoder

SEED = int(os.environ.get("DELTAWRITE_E2E_SEED", "1"))


def test_import_reads_records_as_the_independent_decoder_does(local_tool, tmp_path):
    lines = {}
    for partition, _, value in events.messages(20000, 1, SEED * 1000 + 500, bad_share=0.1):
        if value and value.strip() and not set(value) & set(b"\r\n"):
            lines[len(lines)] = value
    assert len(lines) > 5000
    decoder = Decoder(arrays=False)
    expected, rejected, _ = decoder.table(lines)
    assert len(rejected) > 500

    table = str(tmp_path / "table")
    local_tool.create(table, SERVICE_SCHEMA.items(), folder=tmp_path)
    (tmp_path / "events.ndjson").write_bytes(b"\n".join(lines.values()))
    done = local_tool.run("import", table, tmp_path / "events.ndjson", "--skip-rejected")
    assert done.returncode == 3, done.stderr
    summary, rows = judges.read("deltalake", table, rows=True)
    assert {c["name"]: c["type"] for c in summary["schema"]} == decoder.schema
    by_mark = {row["device_id"]: row for row in rows}
    assert len(by_mark) == len(rows)
    for row in expected.values():
        assert by_mark.pop(row["device_id"], None) == row
    assert not by_mark, "rows that should have been rejected"
    judges.agree(table, judges.QUICK)
