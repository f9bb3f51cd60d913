#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run an example twice on one new table. Usage: run_twice.py PROGRAM"""
import pathlib
import subprocess
import sys
import tempfile

with tempfile.TemporaryDirectory() as folder:
    table = pathlib.Path(folder) / "table"
    for version in (1, 2):
        done = subprocess.run([sys.argv[1], str(table)], input='{"event":"a","n":1}\n', text=True,
                              capture_output=True)
        print(done.stdout, done.stderr, sep="", end="")
        if done.returncode != 0 or not done.stdout.startswith(f"version {version}: "):
            sys.exit(f"run {version}: exit status {done.returncode}")
    if len(list(table.glob("*.parquet"))) != 2 or len(list(table.glob("_delta_log/*.json"))) != 3:
        sys.exit("the table does not have what was appended")
