# SPDX-License-Identifier: Apache-2.0
"""The demonstration ends by itself and shows a table that other engines read."""
import re
import subprocess

from support import judges
from support.paths import clean_environment, program


def test_the_demo_writes_and_shows_a_table(tmp_path):
    done = subprocess.run([program("deltawrite-demo")], capture_output=True, text=True, cwd=tmp_path, timeout=120,
                          env=clean_environment())
    assert done.returncode == 0, done.stdout + done.stderr
    rows = int(re.search(r"^  ([0-9,]+) rows in", done.stdout, re.M)[1].replace(",", ""))
    assert rows > 1000
    table = tmp_path / "demo-out/analytics-events"
    summary, found = judges.read("deltalake", table, rows=True)
    assert summary["num_rows"] == rows
    assert judges.agree(table, judges.QUICK)["num_rows"] == rows
    for kind in {row["event_type"] for row in found if row["event_type"]}:
        count = sum(row["event_type"] == kind for row in found)
        assert re.search(rf"^  {kind} +{count:,} ", done.stdout, re.M), f"{kind}: {count} is not shown"
