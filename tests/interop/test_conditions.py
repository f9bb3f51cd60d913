# SPDX-License-Identifier: Apache-2.0
"""Conditions choose the rows that Spark chooses. DELTAWRITE_CONDITIONS=N asks for N of them."""
import os
import time

import pytest

from support import conditions, judges
from support.programs import Tool

ASKED = int(os.environ.get("DELTAWRITE_CONDITIONS", "150"))
SEED = int(os.environ.get("DELTAWRITE_SEED", "0")) or int(time.time())
KINDS = {
    "plain": dict(partitioned=False),
    "mapped, with deletion vectors": dict(properties="'delta.columnMapping.mode'='id', 'delta.enableDeletionVectors'='true'"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_conditions_choose_the_rows_that_spark_chooses(kind, tmp_path):
    rng = conditions.seeded(f"{SEED} {kind}")
    path, tool = tmp_path / "table", Tool()
    made = conditions.statements(path, rng, files=4, rows=35, **KINDS[kind])
    if "vectors" in kind:
        made.append(f"DELETE FROM delta.`{path}` WHERE id % 5 = 0")
    asked = [conditions.condition(rng) for _ in range(ASKED)]
    rows = judges.spark_sql(*made, "SELECT id, " + ", ".join(f"({c}) IS TRUE AS c{n}" for n, c in enumerate(asked))
                            + f" FROM delta.`{path}`")
    wrong = []
    for n, c in enumerate(asked):
        want = sorted(r["id"] for r in rows if r[f"c{n}"])
        got = sorted(r["id"] for r in tool.rows(path, "--columns", "id", "--where", c))
        if got != want:
            wrong.append((c, sorted(set(got) ^ set(want))))
    assert not wrong, f"seed {SEED}: {wrong}"
