# SPDX-License-Identifier: Apache-2.0
"""deltawrite on an S3 store: a table's whole life, with another engine looking on."""
import json

import pytest

from support import judges


@pytest.fixture
def uri(bucket):
    return f"s3://{bucket}/lake/events"


def rows(numbers):
    return "".join(json.dumps({"id": i, "day": f"2026-01-0{1 + i % 3}", "text": "x" * (i % 10)}) + "\n" for i in numbers)


def test_a_table_lives_on_s3(tool, minio, uri, tmp_path):
    tool("create", uri, "--columns", "id BIGINT, day DATE, text STRING", "--partition-by", "day")
    for i in range(12):
        tool("import", uri, "-", stdin=rows(range(i * 100, i * 100 + 100)))
    assert tool.json("info", uri)["numFiles"] == 36
    assert len(tool("head", uri, "--where", "day = '2026-01-02' and id < 50").splitlines()) == 11
    tool("optimize", uri)
    assert tool.json("info", uri)["numFiles"] == 3
    found = judges.read("deltalake", uri, environment=minio.environment, rows=True)[1]
    assert sorted(r["id"] for r in found) == list(range(1200))
    gone = tool.json("vacuum", uri, "--retain-hours", 0, "--unsafe-retention")
    assert gone["numDeletedFiles"] == 36
    assert sorted(r["id"] for r in tool.rows(uri, "--where", "id between 10 and 13")) == [10, 11, 12, 13]
    tool("import", uri, "-", stdin=rows(range(2000, 2010)))
    tool("restore", uri, "--version", 13)
    assert tool.json("info", uri)["numRecords"] == 1200
    tool("export", uri, tmp_path / "all.parquet")
    assert len(tool("parquet", "cat", tmp_path / "all.parquet").splitlines()) == 1200
    kinds = [f["kind"] for f in tool.json("log", uri)]
    assert kinds.count("commit") == tool.json("info", uri)["version"] + 1 and "checkpoint" in kinds
    for engine in ("deltalake", "duckdb"):
        assert len(judges.read(engine, uri, environment=minio.environment, rows=True)[1]) == 1200
