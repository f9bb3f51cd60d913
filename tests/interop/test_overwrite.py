# SPDX-License-Identifier: Apache-2.0
"""What an import overwrites is what Spark overwrites, and other engines read what is there then."""
import json
import shutil

import pytest

from support import judges
from support.programs import Tool

ROWS = [{"id": 100, "p": "a", "n": 1}, {"id": 101, "p": "b", "n": None}, {"id": 102, "p": "a", "n": 5}]
VALUES = "(100, 'a', 1), (101, 'b', NULL), (102, 'a', 5)"
DYNAMIC = "SET spark.sql.sources.partitionOverwriteMode="
KINDS = {"plain": "", "vectors, changes": "'delta.enableDeletionVectors'='true', 'delta.enableChangeDataFeed'='true'"}
MODES = {
    "all": ([], ["INSERT OVERWRITE delta.`{}` VALUES " + VALUES]),
    "partitions": (["--dynamic-partitions"],
                   [DYNAMIC + "dynamic", "INSERT OVERWRITE delta.`{}` VALUES " + VALUES, DYNAMIC + "static"]),
    "condition": (["--where", "id >= 2 AND (p IN ('a', 'b'))"],
                  ["INSERT INTO delta.`{}` REPLACE WHERE id >= 2 AND (p IN ('a', 'b')) VALUES " + VALUES]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_overwritten_is_what_spark_overwrites(kind, tmp_path):
    tool, made = Tool(), tmp_path / "made"
    properties = f" TBLPROPERTIES ({KINDS[kind]})" if KINDS[kind] else ""
    judges.spark_sql(
        f"CREATE TABLE delta.`{made}` (id BIGINT, p STRING, n INT) USING delta PARTITIONED BY (p)" + properties,
        f"INSERT INTO delta.`{made}` VALUES (1, 'a', 1), (2, 'a', 2), (3, 'b', 3), (4, 'c', 4), (5, NULL, 5), (0, 'b', 0)")
    pairs = []
    for mode, (options, statements) in MODES.items():
        ours, sparks = tmp_path / f"ours {mode}", tmp_path / f"spark {mode}"
        for path in (ours, sparks):
            shutil.copytree(made, path)
        tool("import", ours, "-", "--mode", "overwrite", *options, stdin="\n".join(map(json.dumps, ROWS)))
        judges.spark_sql(*(s.format(sparks) for s in statements))
        pairs.append((ours, sparks))
    judges.agree([ours for ours, _ in pairs], ("spark", "deltalake", "duckdb"))
    for ours, sparks in pairs:
        a, b = (judges.read("spark", path) for path in (ours, sparks))
        assert a["rows_hash"] == b["rows_hash"], (ours, a, b)
        if "changes" in kind:
            changes = [sorted((r["_change_type"], r["id"]) for r in judges.spark_sql(
                f"SELECT id, _change_type FROM table_changes_by_path('{path}', 2)")) for path in (ours, sparks)]
            assert changes[0] == changes[1], ours
