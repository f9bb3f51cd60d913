# SPDX-License-Identifier: Apache-2.0
"""Columns that are renamed, dropped and added are what Spark then finds, and it goes on with them."""
import pytest

from support import judges
from support.programs import Tool


@pytest.mark.parametrize("mode", ["name", "id"])
def test_spark_goes_on_after_columns_were_renamed_dropped_and_added(mode, tmp_path):
    tool, table = Tool(), tmp_path / "table"
    judges.spark_sql(
        f"CREATE TABLE delta.`{table}` (id BIGINT, old STRING, gone INT, s STRUCT<x: INT, y: STRING>, p STRING) USING delta "
        f"PARTITIONED BY (p) TBLPROPERTIES ('delta.columnMapping.mode'='{mode}')",
        f"INSERT INTO delta.`{table}` VALUES (1, 'a', 7, named_struct('x', 1, 'y', 'u'), 'k')")
    tool("alter", table, "rename-column", "old", "new name")
    tool("alter", table, "rename-column", "s.x", "z")
    tool("alter", table, "rename-column", "p", "part")
    tool("alter", table, "drop-column", "gone")
    tool("alter", table, "drop-column", "s.y")
    tool("alter", table, "add-column", "gone", "STRING", "--comment", "not the old one")
    tool("alter", table, "comment", "of all sorts")
    tool("import", table, "-", stdin='{"id":2,"new name":"b","gone":"here","s":{"z":5},"part":"l"}\n')
    rows = judges.spark_sql(
        f"INSERT INTO delta.`{table}` (id, `new name`, s, part, gone) VALUES (3, 'c', named_struct('z', 9), 'k', 'there')",
        f"SELECT id, `new name` AS name, gone, s.z AS z, part FROM delta.`{table}` ORDER BY id")
    assert rows == [{"id": 1, "name": "a", "gone": None, "z": 1, "part": "k"},
                    {"id": 2, "name": "b", "gone": "here", "z": 5, "part": "l"},
                    {"id": 3, "name": "c", "gone": "there", "z": 9, "part": "k"}]
    told = judges.spark_sql(f"DESCRIBE DETAIL delta.`{table}`")[0]
    assert told["description"] == "of all sorts" and told["partitionColumns"] == ["part"]
    judges.agree(table, ("spark", "deltalake"))
    ours = tool.rows(table, "--where", "part = 'k' AND s.z >= 1")
    assert sorted(r["id"] for r in ours) == [1, 3]
