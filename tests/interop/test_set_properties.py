# SPDX-License-Identifier: Apache-2.0
"""Properties set on a table that is there: protocol and properties afterwards are those that Spark comes to; and what
info says of any version is what other engines say."""
import json
import shutil

import pytest
from deltalake import DeltaTable

from support import judges, tables
from support.programs import Tool

# How the table is made, and what is set.
CASES = {
    "deletion vectors": ("", {"delta.enableDeletionVectors": "true"}),
    "change feed": ("", {"delta.enableChangeDataFeed": "true"}),
    "v2 checkpoints": ("", {"delta.checkpointPolicy": "v2"}),
    "in-commit timestamps": ("", {"delta.enableInCommitTimestamps": "true"}),
    "type widening": ("", {"delta.enableTypeWidening": "true"}),
    "name mapping": ("", {"delta.columnMapping.mode": "name"}),
    "a feature by name": ("", {"delta.feature.rowTracking": "supported"}),
    "from legacy 4": ("'delta.minReaderVersion'='1', 'delta.minWriterVersion'='4'", {"delta.enableDeletionVectors": "true"}),
    "from legacy 6": ("'delta.minReaderVersion'='2', 'delta.minWriterVersion'='6'", {"delta.checkpointPolicy": "v2"}),
    "to legacy 4": ("", {"delta.minReaderVersion": "1", "delta.minWriterVersion": "4"}),
    "from one feature to two": ("'delta.enableChangeDataFeed'='true'", {"delta.enableDeletionVectors": "true"}),
    "several": ("", {"delta.enableDeletionVectors": "true", "delta.enableChangeDataFeed": "true", "own": "x",
                     "delta.checkpointInterval": "7"}),
}
MADE_UP = ("delta.rowTracking.materializedRowIdColumnName", "delta.rowTracking.materializedRowCommitVersionColumnName",
           "delta.inCommitTimestampEnablementTimestamp")


def told(tool, path):
    info = tool.json("info", path)
    protocol = info["protocol"]
    return {
        "versions": (protocol["minReaderVersion"], protocol["minWriterVersion"]),
        "readers": sorted(protocol.get("readerFeatures") or []),
        "writers": sorted(protocol.get("writerFeatures") or []),
        "properties": {k: "made up" if k in MADE_UP else v for k, v in info["properties"].items()},
        "schema": info["schema"], "version": info["version"],
    }


def test_properties_that_are_set_do_what_spark_does(tmp_path):
    tool, wrong = Tool(), []
    for n, (case, (made_with, properties)) in enumerate(CASES.items()):
        ours, sparks = tmp_path / f"ours{n}", tmp_path / f"spark{n}"
        judges.spark_sql(f"CREATE TABLE delta.`{ours}` (id BIGINT, s STRUCT<x: INT>) USING delta"
                         + (f" TBLPROPERTIES ({made_with})" if made_with else ""))
        shutil.copytree(ours, sparks)
        pairs = ", ".join(f"'{k}'='{v}'" for k, v in properties.items())
        judges.spark_sql(f"ALTER TABLE delta.`{sparks}` SET TBLPROPERTIES ({pairs})")
        tool("set", ours, *(f"{k}={v}" for k, v in properties.items()))
        got, want = told(tool, ours), told(tool, sparks)
        if got != want:
            wrong.append((case, {k: (got[k], want[k]) for k in got if got[k] != want[k]}))
    assert not wrong, json.dumps(wrong, indent=1)


@pytest.mark.parametrize("entry", tables.of_kind("read"))
def test_info_says_what_delta_rs_says_of_each_version(entry):
    tables.needed(entry)
    if entry["judges"].get("deltalake") != "same":
        pytest.skip("delta-rs does not read it")
    tool, path = Tool(), tables.TABLES / entry["path"]
    for version in sorted({int(v) for v in entry.get("versions", {})} | {entry["version"]}):
        info = tool.json("info", path, "--version", version)
        table = DeltaTable(str(path), version=version)
        protocol, metadata = table.protocol(), table.metadata()
        assert info["version"] == table.version() == version
        assert info["protocol"]["minReaderVersion"] == protocol.min_reader_version
        assert info["protocol"]["minWriterVersion"] == protocol.min_writer_version
        assert sorted(info["protocol"].get("readerFeatures") or []) == sorted(protocol.reader_features or [])
        assert sorted(info["protocol"].get("writerFeatures") or []) == sorted(protocol.writer_features or [])
        assert info["partitionColumns"] == metadata.partition_columns
        assert info["properties"] == metadata.configuration
        assert (info["id"], info["name"], info["description"]) == (str(metadata.id), metadata.name, metadata.description)
        assert info["numFiles"] == len(table.file_uris())
        assert plain(info["schema"]) == plain(json.loads(table.schema().to_json()))


def plain(type):
    """delta-rs writes numbers in notes and decimals in its own way."""
    if isinstance(type, dict):
        return {k: plain(v) for k, v in type.items() if k != "metadata"}
    if isinstance(type, list):
        return [plain(t) for t in type]
    return type.replace(" ", "") if isinstance(type, str) else type
