# SPDX-License-Identifier: Apache-2.0
"""One append to a copy of each table that others wrote: other engines then read the old rows and ours, or we refuse
the table by name before anything is written."""
import collections
import json
import os
import pathlib
import shutil

import pytest

from judges.read_table import dump
from support import judges
from support.paths import ROOT
from support.programs import Tool

SHARED = pathlib.Path(os.environ.get("DELTAWRITE_SHARED") or ROOT.parent / "shared")
TABLES = SHARED / "tables"
ENTRIES = json.loads((TABLES / "manifest.json").read_text()) if (TABLES / "manifest.json").exists() else []

# Readable tables that we do not append to, and what we must say.
REFUSED = {
    "dat/iceberg_compat_v1": "feature icebergCompatV1",
    "delta-golden/collations-table": "writer feature collations",
    "delta-golden/table-with-icebegCompatV2Enabled": "feature icebergCompatV2",
    "delta-rs/checkpoint-v2-table": "feature identityColumns",
    "delta-rs/issue-2152": "feature identityColumns",
    "delta-rs/table_with_liquid_clustering": "writer feature liquid",
    "delta-spark/dbr_8_0_non_generated_columns": "feature generatedColumns",
    "delta-spark/variant-stats-nested-no-checkpoint": "feature variantShredding",
    "delta-spark/variant-stats-state-reconstruction": "feature variantShredding",
    "delta-spark/variant-stats-with-struct-no-checkpoint": "feature variantShredding",
}
ROWS = 3


def entries():
    found = [pytest.param(e, id=e["path"]) for e in ENTRIES if e["kind"] == "read" and e.get("rows")]
    return found or [pytest.param(None, id="no-tables")]


def acceptable(value):
    """A value as `cat` prints it, as `import` takes it: a map is an object, and what JSON has no number or name for is
    null."""
    if isinstance(value, list):
        if value and all(isinstance(v, dict) and list(v) == ["key", "value"] for v in value):
            if isinstance(value[0]["key"], (list, dict)):
                return None
            return {v["key"] if isinstance(v["key"], str) else json.dumps(v["key"]): acceptable(v["value"]) for v in value}
        return [acceptable(v) for v in value]
    if isinstance(value, dict):
        return {k: acceptable(v) for k, v in value.items()}
    return None if value in ("NaN", "Infinity", "-Infinity") else value


@pytest.mark.parametrize("entry", entries())
def test_an_append_adds_its_rows_and_no_more(entry, tmp_path):
    if entry is None:
        pytest.skip(f"MISSING: {TABLES} (tables that others wrote; DELTAWRITE_SHARED names the folder above)")
    table, tool = tmp_path / "t", Tool()
    shutil.copytree(TABLES / entry["path"], table)
    before = sorted(os.listdir(table))
    done = tool.run("cat", table, "--limit", ROWS)
    info = tool.run("info", table, "--json")
    refusal = done.stderr if done.returncode else json.loads(info.stdout).get("refusal")
    if refusal:
        assert REFUSED.get(entry["path"], "nothing") in refusal
        if done.returncode == 0:
            refused = tool.run("import", table, "-", stdin="{}\n")
            assert refused.returncode == 1 and REFUSED[entry["path"]] in refused.stderr
        assert sorted(os.listdir(table)) == before
        return
    assert entry["path"] not in REFUSED
    picked = [json.loads(line) for line in done.stdout.splitlines()]
    as_told = all(acceptable(row) == row for row in picked)
    text = done.stdout if as_told else "".join(json.dumps(acceptable(row)) + "\n" for row in picked)
    tool("import", table, "-", stdin=text)
    with open(TABLES / entry["rows"]) as f:
        old = collections.Counter(line.rstrip("\n") for line in f)
    engines = [e for e in ("spark", "deltalake", "duckdb") if entry["judges"].get(e) == "same"]
    assert engines
    for engine in engines[:2]:
        _, rows = judges.read(engine, table, rows=True)
        added = collections.Counter(map(dump, rows)) - old
        assert sum(added.values()) == len(picked), engine
        assert len(rows) == entry["num_rows"] + len(picked), engine
        if as_told:
            assert set(added) <= set(old), engine
