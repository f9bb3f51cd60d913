# SPDX-License-Identifier: Apache-2.0
"""Tables that Spark, delta-rs and others wrote, as we read them: version, files and rows must be those that
independent engines agree on; what we cannot read has to be refused, and by name."""
import json
import os
import pathlib
import subprocess

import pytest
from deltalake import DeltaTable

from judges.read_table import dump
from support.paths import BUILD, ROOT, missing
from support.programs import Tool

SHARED = pathlib.Path(os.environ.get("DELTAWRITE_SHARED") or ROOT.parent / "shared")
TABLES = SHARED / "tables"
ENTRIES = json.loads((TABLES / "manifest.json").read_text()) if (TABLES / "manifest.json").exists() else []

# Readable tables that we refuse, and what we must say. Nothing else may be refused.
REFUSED = {
    "delta-golden/canonicalized-paths-normal-a": "metaData.schemaString is missing",
    "delta-golden/canonicalized-paths-special-a": "metaData.schemaString is missing",
    "delta-golden/corrupted-last-checkpoint": "metaData.schemaString is missing",
}

# Tables that no engine gives rows of, and what is wrong with them.
REJECTED = {
    "delta-golden/data-reader-absolute-paths-escaped-chars": "version 1 has no metaData action",
    "delta-golden/deltalog-state-reconstruction-from-checkpoint-missing-metadata": "no metaData action in a checkpoint",
    "delta-golden/deltalog-state-reconstruction-from-checkpoint-missing-protocol": "no protocol action in a checkpoint",
    "delta-golden/deltalog-state-reconstruction-without-protocol": "has no protocol action",
    "delta-golden/versions-not-contiguous": "version 1 is missing, the next one is 2",
    "delta-kernel/bench_basic_catalog_managed": "feature catalogManaged is not supported",
    "delta-kernel/catalog-owned-preview": "feature catalogManaged is not supported",
    "delta-rs/err_log_table_f": "feature catalogOwned is not supported",
    "kernel-rs/catalog_managed_0": "feature catalogManaged is not supported",
    "kernel-rs/crc-malformed": "not a Delta table",
    "kernel-rs/table-with-geo": "unknown type geometry",
}


def run(path, *arguments):
    program = BUILD / "tests" / "unit" / "delta" / "table_dump"
    if not program.exists():
        missing(f"{program} (meson compile)")
    return subprocess.run([program, *arguments, path], capture_output=True, text=True, timeout=300)


def plain(value):
    """Our output as the judges print it: a map as a sorted list of pairs."""
    if isinstance(value, list):
        return [plain(x) for x in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["__map__"]:
        return sorted((plain(x) for x in value["__map__"]), key=dump)
    return {k: plain(v) for k, v in value.items()}


def of_kind(*kinds):
    chosen = [pytest.param(e, id=e["path"]) for e in ENTRIES if e["kind"] in kinds]
    return chosen or [pytest.param(None, id="no-tables")]


def needed(entry):
    if entry is None:
        pytest.skip(f"MISSING: {TABLES} (tables that others wrote; DELTAWRITE_SHARED names the folder above)")


@pytest.mark.parametrize("entry", of_kind("read", "log"))
def test_version_and_number_of_files_are_those_of_other_engines(entry):
    needed(entry)
    done = run(TABLES / entry["path"])
    if entry["path"] in REFUSED and done.returncode == 1:
        assert REFUSED[entry["path"]] in done.stderr
        return
    assert done.returncode == 0, done.stderr
    info = json.loads(done.stdout)
    assert (info["version"], info["num_files"]) == (entry["version"], entry["num_files"])


@pytest.mark.parametrize("entry", of_kind("read"))
def test_rows_are_those_of_other_engines(entry):
    needed(entry)
    done = run(TABLES / entry["path"], "-r")
    if entry["path"] in REFUSED:
        assert done.returncode == 1
        assert REFUSED[entry["path"]] in done.stderr
        return
    assert done.returncode == 0, done.stderr
    rows = done.stdout.splitlines()[1:]
    assert len(rows) == entry["num_rows"]
    if entry.get("rows"):
        want = (TABLES / entry["rows"]).read_text().splitlines()
        assert sorted(dump(plain(json.loads(row))) for row in rows) == sorted(want)


@pytest.mark.parametrize("entry", of_kind("read"))
def test_older_versions_have_their_own_files_and_rows(entry):
    needed(entry)
    if entry["path"] in REFUSED:
        pytest.skip("refused as a whole")
    for version, want in entry.get("versions", {}).items():
        done = run(TABLES / entry["path"], "-r", "-v", version)
        assert done.returncode == 0, f"version {version}: {done.stderr}"
        info, *rows = done.stdout.splitlines()
        assert json.loads(info)["num_files"] == want["num_files"], f"version {version}"
        assert len(rows) == want["num_rows"], f"version {version}"


@pytest.mark.parametrize("entry", of_kind("reject"))
def test_tables_that_no_engine_reads_give_an_error_and_no_rows(entry):
    needed(entry)
    done = run(TABLES / entry["path"], "-r")
    assert done.returncode == 1, done.stdout
    assert len(done.stdout.splitlines()) <= 1  # the line of information, no row
    assert len([line for line in done.stderr.splitlines() if not line.startswith("warning: ")]) == 1
    assert REJECTED[entry["path"]] in done.stderr


@pytest.mark.parametrize("entry", of_kind("read", "log"))
def test_info_of_each_version_is_what_delta_rs_says(entry):
    needed(entry)
    if entry["path"] in REFUSED:
        pytest.skip("refused as a whole")
    tool, path = Tool(), str(TABLES / entry["path"])
    for version in sorted({int(v) for v in entry.get("versions", {})} | {entry["version"]}):
        try:
            table = DeltaTable(path, version=version)
            metadata, protocol = table.metadata(), table.protocol()
        except Exception:  # some of them delta-rs cannot read; the manifest has what others say
            continue
        info = tool.json("info", path, "--version", str(version))
        assert (info["version"], info["id"], info["name"]) == (version, str(metadata.id), metadata.name)
        assert info["partitionColumns"] == metadata.partition_columns
        assert info["properties"] == metadata.configuration
        ours = info["protocol"]
        assert (ours["minReaderVersion"], ours["minWriterVersion"]) == (
            protocol.min_reader_version, protocol.min_writer_version)
        assert set(ours.get("writerFeatures") or []) == set(protocol.writer_features or [])
        for app, txn in info["txns"].items():
            assert table.transaction_version(app) == txn
