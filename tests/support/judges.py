# SPDX-License-Identifier: Apache-2.0
"""What independent engines read from a table: tests/judges/read_table.py behind functions."""
import json
import os
import subprocess
import sys
import tempfile

from support.paths import TESTS, clean_environment, fetched, missing

QUICK = ("deltalake", "duckdb", "polars")
ALL = QUICK + ("spark",)


def read(engine, tables, environment=None, version=None, rows=False):
    """The summaries of one or many tables as one engine reads them; with rows=True one table's rows too."""
    one = isinstance(tables, (str, os.PathLike))
    env = clean_environment(**(environment or {}))
    if engine == "spark":
        env["JUDGE_JARS"] = fetched("spark")
        if subprocess.run(["java", "-version"], capture_output=True).returncode:
            missing("Java, for Spark")
    with tempfile.TemporaryDirectory() as folder:
        out, lines = f"{folder}/summary", f"{folder}/rows"
        command = [sys.executable, TESTS / "judges/read_table.py", "--engine", engine, "--out", out]
        command += ["--version", str(version)] if version is not None else []
        command += ["--rows", lines] if rows else []
        command += [str(tables)] if one else [str(t) for t in tables]
        done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=600)
        if not os.path.exists(out):
            raise AssertionError(f"{engine} did not start: {done.stderr[-2000:]}")
        with open(out) as f:
            found = [json.loads(line) for line in f]
        for summary in found:
            assert "error" not in summary, f"{engine} does not read {summary['table']}: {summary['error']}"
        if rows:
            with open(lines) as f:
                return found[0], [json.loads(line) for line in f]
        return found[0] if one else found


def differences(a, b):
    """How two engines' summaries of one table differ: [] when they read the same rows."""
    out = [f"{key}: {a['engine']} {a[key]}, {b['engine']} {b[key]}" for key in ("num_rows", "rows_hash")
           if a[key] != b[key]]
    for name in sorted(a["columns"].keys() | b["columns"].keys()):
        x, y = a["columns"].get(name), b["columns"].get(name)
        if x != y:
            out.append(f"column {name}: {a['engine']} {x}, {b['engine']} {y}")
    return out


def agree(tables, engines=ALL, environment=None, version=None):
    """All engines read the same rows from each table; returns the first engine's summaries."""
    one = isinstance(tables, (str, os.PathLike))
    tables = [tables] if one else list(tables)
    first = read(engines[0], tables, environment, version)
    for engine in engines[1:]:
        for a, b in zip(first, read(engine, tables, environment, version)):
            found = differences(a, b)
            assert not found, f"{a['table']}: " + "; ".join(found)
    return first[0] if one else first
