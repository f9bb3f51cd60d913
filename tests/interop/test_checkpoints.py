# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of ours as the only thing that is left of a log: other engines must find the same files, statistics and
partition values in them as in the log that they were made of."""
import datetime
import decimal
import json
import os
import pathlib
import re
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, PostCommitHookProperties, TableFeatures, write_deltalake

from support import judges
from support.paths import ROOT
from support.programs import Tool

SHARED = pathlib.Path(os.environ.get("DELTAWRITE_SHARED") or ROOT.parent / "shared")
TABLES = SHARED / "tables"
ENTRIES = json.loads((TABLES / "manifest.json").read_text()) if (TABLES / "manifest.json").exists() else []

V2_READERS = "deltalake", "duckdb", "spark"  # Polars refuses such tables

# Tables whose checkpoint we refuse to write, and why.
REFUSED = {
    "delta-golden/canonicalized-paths-normal-a": "metaData.schemaString is missing",
    "delta-golden/canonicalized-paths-special-a": "metaData.schemaString is missing",
    "delta-golden/corrupted-last-checkpoint": "metaData.schemaString is missing",
    "delta-rs/table_with_liquid_clustering": "writer feature liquid",
    "kernel-rs/crc-full": "says 10 files",
}


def files(path):
    """Every live file as delta-rs finds it."""
    actions = pa.table(DeltaTable(str(path)).get_add_actions(flatten=False)).to_pylist()
    return sorted(actions, key=lambda a: a["path"])


def drop_all_but_the_checkpoint(log, version):
    """Leaves the checkpoint of that version, the commit there (delta-rs looks for it) and _last_checkpoint."""
    kept = f"{version:020}.checkpoint", f"{version:020}.json"
    for file in list(log.iterdir()):
        if file.is_file() and not file.name.startswith(kept) and re.match(r"\.?\d{20}\.", file.name):
            file.unlink()


def bounds_agree(got, had):
    """The same values, or one where delta-rs could not make one of the log's text (0E-10 as a decimal)."""
    if isinstance(had, dict) and isinstance(got, dict):
        return got.keys() == had.keys() and all(bounds_agree(got[k], had[k]) for k in had)
    return had is None or got == had


def check(path, tool, version):
    log = path / "_delta_log"
    want = files(path)
    assert tool.json("checkpoint", path)["version"] == version
    drop_all_but_the_checkpoint(log, version)
    [checkpoint] = (f.name for f in log.glob("*.checkpoint*"))
    assert checkpoint.startswith(f"{version:020}.checkpoint.")
    for got, had in zip(files(path), want, strict=True):
        if had["num_records"] is None:  # delta-rs does not find the typed statistics of some old checkpoints; we do
            got, had = ({k: a.get(k) for k in ("path", "size_bytes", "modification_time", "partition")}
                        for a in (got, had))
        for key in "min", "max":
            assert bounds_agree(got.pop(key, None), had.pop(key, None))
        assert got == had
    assert tool.json("info", path)["numFiles"] == len(want)


@pytest.mark.parametrize("entry", [pytest.param(e, id=e["path"]) for e in ENTRIES if e["kind"] != "reject"]
                         or [pytest.param(None, id="no-tables")])
def test_tables_of_others_are_the_same_after_our_checkpoint(entry, tmp_path):
    if entry is None:
        pytest.skip(f"MISSING: {TABLES} (tables that others wrote; DELTAWRITE_SHARED names the folder above)")
    path, version, tool = tmp_path / "table", entry["version"], Tool()
    shutil.copytree(TABLES / entry["path"], path)
    log = path / "_delta_log"
    own = list(log.glob(f"{version:020}.checkpoint*"))
    for file in own:
        file.unlink()
    if own:
        (log / "_last_checkpoint").unlink(missing_ok=True)
    if own and not (log / f"{0:020}.json").exists():
        pytest.skip("nothing is left without its own checkpoint")
    if entry["path"] in REFUSED:
        done = tool.run("checkpoint", path)
        assert done.returncode != 0 and REFUSED[entry["path"]] in done.stderr
        assert not list(log.glob(f"{version:020}.checkpoint*"))
        return
    check(path, tool, version)


def test_a_table_that_delta_rs_keeps_changing(tmp_path):
    path, tool = tmp_path / "table", Tool()

    def rows(first, n):
        return pa.table({"id": pa.array(range(first, first + n), pa.int64()),
                         "part": [f"a/b %{i % 3}" for i in range(n)], "text": [f"text {i}" for i in range(n)]})

    for i in range(4):
        write_deltalake(str(path), rows(10 * i, 10), mode="append", partition_by=["part"])
    DeltaTable(str(path)).delete("id < 5")
    check(path, tool, 4)
    write_deltalake(str(path), rows(100, 10), mode="append")
    DeltaTable(str(path)).delete("id > 105")
    DeltaTable(str(path)).optimize.compact()
    check(path, tool, 7)
    assert DeltaTable(str(path)).to_pyarrow_table().num_rows == 41


def test_statistics_and_partition_values_as_typed_columns(tmp_path):
    path, tool = tmp_path / "table", Tool()
    rows = pa.table({"id": pa.array([1, None, 3], pa.int64()), "day": pa.array([0, 0, 19000], pa.date32()),
                     "money": pa.array([decimal.Decimal("1.50")] * 3, pa.decimal128(10, 2)),
                     "nested": pa.array([{"at": 1, "flag": True}] * 3,
                                        pa.struct([("at", pa.timestamp("us", "UTC")), ("flag", pa.bool_())]))})
    write_deltalake(str(path), rows, partition_by=["day"],
                    configuration={"delta.checkpoint.writeStatsAsStruct": "true",
                                   "delta.checkpoint.writeStatsAsJson": "false"})
    tool("checkpoint", path)
    [checkpoint] = (path / "_delta_log").glob("*.checkpoint.parquet")
    adds = [row["add"] for row in pq.read_table(checkpoint).to_pylist() if row["add"]]
    assert len(adds) == 2
    assert all(add["stats"] is None for add in adds)
    [add] = [add for add in adds if add["partitionValues_parsed"]["day"] == datetime.date(1970, 1, 1)]
    instant = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    bounds = {"id": 1, "money": decimal.Decimal("1.50"), "nested": {"at": instant}}
    assert add["stats_parsed"] | {"tightBounds": None} == {
        "numRecords": 2, "minValues": bounds, "maxValues": bounds,
        "nullCount": {"id": 1, "money": 0, "nested": {"at": 0, "flag": 0}}, "tightBounds": None}


def only_checkpoint_left(path):
    """Nothing but the newest checkpoint (and its commit, which delta-rs looks for) is left of the log."""
    log = path / "_delta_log"
    [*_, newest] = sorted(f.name[:20] for f in log.glob("*.checkpoint*"))
    drop_all_but_the_checkpoint(log, int(newest))


def test_v2_checkpoints_with_old_sidecars_are_read_by_all(tmp_path):
    """Appends and deletions between checkpoints of ours: main files of both formats and names, sidecars of several ages."""
    path, tool, quiet = tmp_path / "table", Tool(), PostCommitHookProperties(create_checkpoint=False)

    def rows(first, n):
        return pa.table({"id": pa.array(range(first, first + n), pa.int64()), "part": [f"p{i % 3}" for i in range(n)]})

    write_deltalake(str(path), rows(0, 30), partition_by=["part"],
                    configuration={"delta.checkpointPolicy": "v2", "delta.checkpointInterval": "2"})
    DeltaTable(str(path)).alter.add_feature(TableFeatures.V2Checkpoint, allow_protocol_versions_increase=True)
    for i in range(1, 12):
        write_deltalake(str(path), rows(100 * i, 30), mode="append", post_commithook_properties=quiet)
        if i == 6:
            DeltaTable(str(path)).delete("id < 5", post_commithook_properties=quiet)
        if i % 2:
            tool("checkpoint", path)
    names = [f.name for f in (path / "_delta_log").glob("*.checkpoint.*")]
    assert {len(n) for n in names} == {len(f"{0:020}.checkpoint.parquet"), len(f"{0:020}.checkpoint..json") + 36}
    assert len(list((path / "_delta_log/_sidecars").iterdir())) > 3
    whole = tmp_path / "whole"
    shutil.copytree(path, whole)
    only_checkpoint_left(path)
    summary = judges.agree(path, V2_READERS)
    assert summary["num_rows"] == 355
    assert summary["rows_hash"] == judges.read("deltalake", whole)["rows_hash"]


def test_v2_checkpoint_of_a_classic_name_is_read_by_all(tmp_path):
    path, tool = tmp_path / "table", Tool()
    write_deltalake(str(path), pa.table({"id": pa.array(range(9), pa.int64())}),
                    configuration={"delta.checkpointPolicy": "v2"})
    DeltaTable(str(path)).alter.add_feature(TableFeatures.V2Checkpoint, allow_protocol_versions_increase=True)
    tool("checkpoint", path)
    assert len(list((path / "_delta_log").glob("*.checkpoint.parquet"))) == 1
    assert len(list((path / "_delta_log/_sidecars").iterdir())) == 1
    only_checkpoint_left(path)
    assert judges.agree(path, V2_READERS)["num_rows"] == 9
