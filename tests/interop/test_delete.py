# SPDX-License-Identifier: Apache-2.0
"""Rows that are deleted are those that Spark deletes, from tables of every kind, and other engines read what is left.
DELTAWRITE_DELETES=N deletes N times from each, and beyond 3 from more of them."""
import os
import shutil
import time

import pytest

from support import conditions, judges
from support.programs import Tool

ASKED = int(os.environ.get("DELTAWRITE_DELETES", "3"))
SEED = int(os.environ.get("DELTAWRITE_SEED", "0")) or int(time.time())
VECTORS, CHANGES = "'delta.enableDeletionVectors'='true'", "'delta.enableChangeDataFeed'='true'"
BY_NAME, TRACKED = "'delta.columnMapping.mode'='name'", "'delta.enableRowTracking'='true'"
KINDS = {
    "plain": dict(partitioned=False),
    "vectors": dict(properties=VECTORS, partitioned=False),
    "vectors, tracked, mapped by name": dict(properties=f"{VECTORS}, {TRACKED}, {BY_NAME}"),
    "changes, mapped by id": dict(properties=f"{CHANGES}, 'delta.columnMapping.mode'='id'"),
}
if ASKED > 3:  # what differs less from these, at length
    KINDS |= {
        "partitioned": {},
        "tracked": dict(properties=TRACKED),
        "vectors, mapped by name": dict(properties=f"{VECTORS}, {BY_NAME}"),
        "changes, vectors": dict(properties=f"{CHANGES}, {VECTORS}"),
    }


def engines_of(kind):
    if "mapped" in kind:  # Polars knows no mapping; DuckDB then gives null for partition columns, in Spark's files too
        return ("spark", "deltalake")
    if "vectors" in kind and kind != "vectors":  # Polars misses vectors of files in folders with odd names, Spark's too
        return ("spark", "deltalake", "duckdb")
    return ("spark", "deltalake", "duckdb", "polars")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_deleted_is_what_spark_deletes(kind, tmp_path):
    rng, tool = conditions.seeded(f"{SEED} {kind}"), Tool()
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    judges.spark_sql(*conditions.statements(ours, rng, files=3, rows=40, **KINDS[kind]))
    shutil.copytree(ours, theirs)
    first = tool.json("info", ours)["version"] + 1
    asked = [conditions.condition(rng, depth=1) for _ in range(ASKED)]
    told = f"seed {SEED}, {kind}: {asked}"
    for n, where in enumerate(asked):
        if n % 3 == 2:  # Spark goes on with what we left
            judges.spark_sql(f"DELETE FROM delta.`{ours}` WHERE {where}")
        else:
            before = tool.json("info", ours)["version"]
            done = tool.json("delete", ours, "--where", where)
            assert (done["version"] or before) == before + (done["numDeletedRows"] != 0), told
    judges.spark_sql(*(f"DELETE FROM delta.`{theirs}` WHERE {where}" for where in asked))
    left = [judges.read("spark", path, rows=True)[1] for path in (ours, theirs)]
    assert sorted(map(str, left[0])) == sorted(map(str, left[1])), told
    judges.agree(ours, engines_of(kind))
    if "tracked" in kind:
        ids = [{r["id"]: r["row_id"] for r in judges.spark_sql(f"SELECT id, _metadata.row_id FROM delta.`{path}`")}
               for path in (ours, theirs)]
        assert ids[0] == ids[1], told
    if "changes" in kind:
        gone = [sorted(r["id"] for r in judges.spark_sql(
            f"SELECT id FROM table_changes_by_path('{path}', {first}) WHERE _change_type = 'delete'"))
            for path in (ours, theirs)]
        assert gone[0] == gone[1], told
