# SPDX-License-Identifier: Apache-2.0
"""One append to a copy of each table that others wrote: then other engines must read the old rows and the new one, or
the append was refused by the name of the feature that it would have needed."""
import json

import pytest

from support import judges, tables
from support.programs import Tool

# What we may refuse, each for a reason: the feature or whatever else it is, as our message has it.
REFUSED = {
    "dat/iceberg_compat_v1": "feature icebergCompatV1 is not supported, and the table uses it",
    "delta-golden/canonicalized-paths-normal-a": "metaData.schemaString is missing",
    "delta-golden/canonicalized-paths-special-a": "metaData.schemaString is missing",
    "delta-golden/collations-table": "writer feature collations is not supported",
    "delta-golden/corrupted-last-checkpoint": "metaData.schemaString is missing",
    "delta-golden/table-with-icebegCompatV2Enabled": "feature icebergCompatV2 is not supported",
    "delta-rs/checkpoint-v2-table": "feature identityColumns is not supported, and the table uses it (id)",
    "delta-rs/issue-2152": "feature identityColumns is not supported, and the table uses it (ID_D_DATE)",
    "delta-rs/table_with_liquid_clustering": "writer feature liquid is not supported",
    "delta-spark/dbr_8_0_non_generated_columns": "feature generatedColumns is not supported, and the table uses it (c2)",
}

# Engines that read a table, but not what an append of anybody makes of it.
NOT_ASKED = {  # Polars takes the form of all timestamp partitions from the first that it sees
    "delta-golden/data-reader-partition-values": ("polars",),
    "delta-golden/kernel-timestamp-TIMESTAMP_MILLIS": ("polars",),
    "delta-golden/kernel-timestamp-partition-col-ISO8601": ("polars",),
}


def expected(entry):
    with open(tables.TABLES / entry["rows"]) as f:
        return [json.loads(line) for line in f]


def import_row(tool, path, record):
    return tool.run("import", path, "-", stdin=json.dumps(record) + "\n")


def check_readers(entry, path, before, new):
    """Every engine that read the table before reads the new row too."""
    want = tables.lines([*before, new])
    asked = [e for e, said in entry["judges"].items() if said == "same" and e not in NOT_ASKED.get(entry["path"], ())]
    for engine in asked:
        summary, rows = judges.read(engine, path, rows=True)
        assert tables.lines(rows) == want, engine
    return asked


@pytest.mark.parametrize("entry", tables.of_kind("read"))
def test_a_row_is_appended_to_each_table_or_refused_by_name(entry, tmp_path):
    tables.needed(entry)
    tool, path = Tool(), tables.copy(entry, tmp_path)
    if "rows" not in entry:
        pytest.skip("too large to compare row by row")
    if entry["path"] in REFUSED:
        files = sorted(path.rglob("*"))
        done = tool.run("info", path, "--json")
        assert done.returncode or json.loads(done.stdout)["appendable"] is False
        done = import_row(tool, path, {})
        assert done.returncode == 1 and REFUSED[entry["path"]] in done.stderr, done.stderr
        assert sorted(path.rglob("*")) == files
        return
    info = tool.json("info", path)
    assert (info["appendable"], info["refusal"]) == (True, None)
    record, new = tables.row(info["schema"])
    done = import_row(tool, path, record)
    assert done.returncode == 0, done.stderr
    assert tool.json("info", path)["version"] == entry["version"] + 1
    assert check_readers(entry, path, expected(entry), new)
