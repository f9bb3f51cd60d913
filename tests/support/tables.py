# SPDX-License-Identifier: Apache-2.0
"""Tables that others wrote (../shared/tables), and one row for any schema."""
import json
import os
import pathlib
import shutil

import pytest

from judges.read_table import dump
from support.paths import ROOT

SHARED = pathlib.Path(os.environ.get("DELTAWRITE_SHARED") or ROOT.parent / "shared")
TABLES = SHARED / "tables"
ENTRIES = json.loads((TABLES / "manifest.json").read_text()) if (TABLES / "manifest.json").exists() else []

SIMPLE = {  # type: what goes into a record, what judges print
    "string": ("new", "new"), "long": (7, 7), "integer": (7, 7), "short": (7, 7), "byte": (7, 7),
    "float": (1.5, 1.5), "double": (1.5, 1.5), "boolean": (True, True), "date": ("2026-01-31", "2026-01-31"),
    "timestamp": ("2026-01-31T01:02:03.123456Z", "2026-01-31T01:02:03.123456Z"),
    "timestamp_ntz": ("2026-01-31T01:02:03.123456", "2026-01-31T01:02:03.123456"),
    "binary": ("AQID", "010203"), "void": (None, None),
    "variant": ({"metadata": "AQAA", "value": "DAE="}, {"metadata": "010000", "value": "0c01"}),
}


def of_kind(*kinds):
    """The entries of the manifest as parameters of a test."""
    chosen = [pytest.param(e, id=e["path"]) for e in ENTRIES if e["kind"] in kinds]
    return chosen or [pytest.param(None, id="no-tables")]


def needed(entry):
    if entry is None:
        pytest.skip(f"MISSING: {TABLES} (tables that others wrote; DELTAWRITE_SHARED names the folder above)")


def copy(entry, folder):
    """A copy to write to."""
    path = pathlib.Path(folder) / "table"
    shutil.copytree(TABLES / entry["path"], path, symlinks=True)
    for each in [path, *path.rglob("*")]:
        each.chmod(each.stat().st_mode | 0o200)
    return path


def value(type):
    """A value of a Delta type: as a record has it, and as judges print it."""
    if isinstance(type, dict) and type["type"] == "struct":
        both = {f["name"]: value(f["type"]) for f in type["fields"]}
        return {k: v[0] for k, v in both.items()}, {k: v[1] for k, v in both.items()}
    if isinstance(type, dict) and type["type"] == "array":
        one = value(type["elementType"])
        return [one[0]], [one[1]]
    if isinstance(type, dict) and type["type"] == "map":
        if isinstance(type["keyType"], dict):
            return {}, []  # records have no form for such keys
        key, one = value(type["keyType"]), value(type["valueType"])
        text = key[0] if isinstance(key[0], str) else json.dumps(key[0])
        return {text: one[0]}, [[key[1], one[1]]]
    if type.startswith("decimal"):
        precision, scale = map(int, type.removeprefix("decimal(").rstrip(")").split(",")) if "(" in type else (10, 0)
        text = ("0" if precision == scale else "1") + ("." + "0" * scale if scale else "")
        return text, text
    return SIMPLE[type]


def row(schema):
    """One row of a Delta schema: the record, and what judges print."""
    return value({"type": "struct", "fields": schema["fields"]})


def lines(rows):
    return sorted(dump(r) for r in rows)
