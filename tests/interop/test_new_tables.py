# SPDX-License-Identifier: Apache-2.0
"""A new table of ours and one that Spark makes of the same columns and properties say the same of themselves."""
import json
import pathlib
import re

import pytest

from support import judges
from support.programs import Tool

PLAIN = "id BIGINT, name STRING"

# What a table is made of; what differs from Spark's, and why, is told in DIFFERENT.
CASES = {
    "plain": (PLAIN, {}),
    "not-null": ("id BIGINT NOT NULL, name STRING", {}),
    "nested-not-null": ("id BIGINT, s STRUCT<x: INT NOT NULL, y: STRING>", {}),
    "ntz": ("id BIGINT, at TIMESTAMP_NTZ", {}),
    "ntz-not-null": ("id BIGINT NOT NULL, at TIMESTAMP_NTZ", {}),
    "nested-ntz": ("id BIGINT, s STRUCT<at: ARRAY<TIMESTAMP_NTZ>>", {}),
    "variant": ("id BIGINT, v VARIANT", {}),
    "all-types": ("a BIGINT, b INT, c SMALLINT, d TINYINT, e FLOAT, f DOUBLE, g DECIMAL(20,3), h STRING, i BINARY, j DATE, "
                  "k TIMESTAMP, l BOOLEAN, m MAP<STRING, INT>, n ARRAY<STRUCT<x: INT>>", {}),
    "append-only": (PLAIN, {"delta.appendOnly": "true"}),
    "change-feed": (PLAIN, {"delta.enableChangeDataFeed": "true"}),
    "deletion-vectors": (PLAIN, {"delta.enableDeletionVectors": "true"}),
    "v2-checkpoints": (PLAIN, {"delta.checkpointPolicy": "v2"}),
    "row-tracking": (PLAIN, {"delta.enableRowTracking": "true"}),
    "in-commit-timestamps": (PLAIN, {"delta.enableInCommitTimestamps": "true"}),
    "type-widening": (PLAIN, {"delta.enableTypeWidening": "true"}),
    "name-mapping": (PLAIN, {"delta.columnMapping.mode": "name"}),
    "id-mapping": ("id BIGINT, s STRUCT<x: INT, y: ARRAY<STRUCT<z: INT>>>", {"delta.columnMapping.mode": "id"}),
    "mapping-and-vectors": (PLAIN, {"delta.columnMapping.mode": "name", "delta.enableDeletionVectors": "true"}),
    "feature-by-name": (PLAIN, {"delta.feature.vacuumProtocolCheck": "supported"}),
    "feature-with-needs": (PLAIN, {"delta.feature.rowTracking": "supported"}),
    "writer-4": (PLAIN, {"delta.minReaderVersion": "1", "delta.minWriterVersion": "4"}),
    "writer-6": (PLAIN, {"delta.minReaderVersion": "2", "delta.minWriterVersion": "6"}),
    "writer-7": (PLAIN, {"delta.minReaderVersion": "3", "delta.minWriterVersion": "7"}),
    "several": ("id BIGINT NOT NULL, at TIMESTAMP_NTZ",
                {"delta.enableChangeDataFeed": "true", "delta.enableDeletionVectors": "true", "own.key": "x",
                 "delta.logRetentionDuration": "interval 7 days"}),
    "settings": (PLAIN, {"delta.checkpointInterval": "3", "delta.dataSkippingNumIndexedCols": "5",
                         "delta.dataSkippingStatsColumns": "id",
                         "delta.deletedFileRetentionDuration": "2 weeks", "delta.isolationLevel": "Serializable"}),
}

# Spark takes a request for (3,7) alone to be one for nothing: version (1,1). We give what was asked for.
DIFFERENT = {"writer-7": ("versions", "readerFeatures", "writerFeatures")}
WRITTEN_TO = ("not-null", "variant", "row-tracking", "in-commit-timestamps", "id-mapping", "several")


def actions(path):
    """The protocol and metaData of version 0, and its commitInfo."""
    with open(pathlib.Path(path) / "_delta_log" / f"{0:020}.json") as f:
        found = {}
        for line in f:
            found.update(json.loads(line))
    return found


def plain_fields(type):
    """A schema without the physical names that are made up anew for each table."""
    if isinstance(type, dict):
        return {k: "made-up" if k == "delta.columnMapping.physicalName" else plain_fields(v) for k, v in type.items()}
    return [plain_fields(t) for t in type] if isinstance(type, list) else type


def told(path):
    found = actions(path)
    protocol, metadata = found["protocol"], found["metaData"]
    uuid = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
    return {
        "versions": (protocol["minReaderVersion"], protocol["minWriterVersion"]),
        "readerFeatures": sorted(protocol["readerFeatures"]) if "readerFeatures" in protocol else None,
        "writerFeatures": sorted(protocol["writerFeatures"]) if "writerFeatures" in protocol else None,
        "schema": plain_fields(json.loads(metadata["schemaString"])),
        "configuration": {k: uuid.sub("UUID", v) for k, v in metadata["configuration"].items()},
        "partitionColumns": metadata["partitionColumns"],
        "format": metadata["format"],
        "keeps time": "inCommitTimestamp" in found["commitInfo"],
    }


@pytest.mark.parametrize("case", CASES)
def test_a_new_table_says_of_itself_what_sparks_says(case, tmp_path):
    columns, properties = CASES[case]
    spark, ours, tool = tmp_path / "spark", tmp_path / "ours", Tool()
    with_properties = ", ".join(f"'{k}' = '{v}'" for k, v in properties.items())
    judges.spark_sql(f"CREATE TABLE delta.`{spark}` ({columns}) USING delta"
                     + (f" TBLPROPERTIES ({with_properties})" if properties else ""))
    schema = tmp_path / "schema.json"
    # Without what mapping adds: we are given the columns as the user has them.
    fields = json.loads(actions(spark)["metaData"]["schemaString"])
    schema.write_text(json.dumps(without_mapping(fields)))
    tool("create", ours, "--schema", schema, *(a for k, v in properties.items() for a in ("--property", f"{k}={v}")))
    want, got = told(spark), told(ours)
    for key in DIFFERENT.get(case, ()):
        assert got.pop(key) != want.pop(key), "they are the same by now"
    assert got == want


@pytest.mark.parametrize("case", [case for case, (columns, properties) in CASES.items() if not properties])
def test_columns_in_sql_become_the_schema_that_spark_makes_of_them(case, tmp_path):
    columns = CASES[case][0] + ", w VARCHAR(9) COMMENT 'its words', `odd-name` CHAR(2) NOT NULL"
    spark, ours = tmp_path / "spark", tmp_path / "ours"
    judges.spark_sql(f"CREATE TABLE delta.`{spark}` ({columns}) USING delta")
    Tool()("create", ours, "--columns", columns)
    assert told(ours) == told(spark)


@pytest.mark.parametrize("mapping", ["none", "name"])
def test_a_clustered_table_says_of_itself_what_sparks_says(mapping, tmp_path):
    columns, by = "id BIGINT, s STRUCT<x: DATE, y: STRING>, b STRING", "b, s.x"
    spark, ours = tmp_path / "spark", tmp_path / "ours"
    judges.spark_sql(f"CREATE TABLE delta.`{spark}` ({columns}) USING delta CLUSTER BY ({by})"
                     f" TBLPROPERTIES ('delta.columnMapping.mode' = '{mapping}')")
    Tool()("create", ours, "--columns", columns, "--cluster-by", by.replace(" ", ""),
           "--property", f"delta.columnMapping.mode={mapping}")
    want, got = told(spark), told(ours)
    assert set(got.pop("writerFeatures")) <= set(want.pop("writerFeatures"))
    assert got == want
    domain, theirs = (json.loads(actions(p)["domainMetadata"]["configuration"]) for p in (ours, spark))
    assert domain["domainName"] == theirs["domainName"] and len(domain["clusteringColumns"]) == 2
    assert mapping == "name" or domain == theirs
    Tool()("import", ours, "-", stdin="".join('{"id": %d, "b": "%d", "s": {"x": "2026-01-0%d"}}\n' % (i, i % 7, 1 + i % 9)
                                             for i in range(50)))
    judges.spark_sql(f"INSERT INTO delta.`{ours}` VALUES (50, NULL, 'x')", f"OPTIMIZE delta.`{ours}`")
    rows = judges.spark_sql(f"DESCRIBE DETAIL delta.`{ours}`")
    assert rows[0]["clusteringColumns"] == ["b", "s.x"]
    assert len(Tool().rows(ours)) == 51


def without_mapping(type):
    if isinstance(type, dict):
        return {k: without_mapping(v) for k, v in type.items() if not k.startswith("delta.columnMapping.")}
    return [without_mapping(t) for t in type] if isinstance(type, list) else type


@pytest.mark.parametrize("case", WRITTEN_TO)
def test_spark_writes_to_a_new_table_of_ours_and_reads_our_rows(case, tmp_path):
    columns, properties = CASES[case]
    ours, tool = tmp_path / "ours", Tool()
    spark = tmp_path / "spark"
    judges.spark_sql(f"CREATE TABLE delta.`{spark}` ({columns}) USING delta")
    schema = tmp_path / "schema.json"
    schema.write_text(actions(spark)["metaData"]["schemaString"])
    tool("create", ours, "--schema", schema, *(a for k, v in properties.items() for a in ("--property", f"{k}={v}")))
    names = [f["name"] for f in json.loads(schema.read_text())["fields"]]
    tool("import", ours, "-", stdin='{"%s": 1}\n{"%s": 2}\n' % (names[0], names[0]))
    nulls = ", ".join(["3"] + ["NULL"] * (len(names) - 1))
    judges.spark_sql(f"INSERT INTO delta.`{ours}` VALUES ({nulls})")
    tool("import", ours, "-", stdin='{"%s": 4}\n' % names[0])
    rows = judges.spark_sql(f"SELECT {names[0]} AS id FROM delta.`{ours}` ORDER BY 1")
    assert [r["id"] for r in rows] == [1, 2, 3, 4]
