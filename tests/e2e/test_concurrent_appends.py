# SPDX-License-Identifier: Apache-2.0
"""Two processes append to one table at the same time: every commit becomes a version, no row is lost or doubled."""
import json
import subprocess

import pytest

from support import judges
from support.paths import clean_environment

COMMITS = 200


@pytest.mark.parametrize("where", ["local", "s3"])
def test_two_processes_with_200_commits_each(where, minio, bucket, tool, tmp_path):
    uri = f"s3://{bucket}/table" if where == "s3" else str(tmp_path / "table")
    tool.create(uri, [("writer", "string"), ("number", "long")], folder=tmp_path)
    # A shell loop of one import a row: each is a process, opens the table, appends and commits.
    loop = ('n=0; while [ $n -lt $2 ]; do printf \'{"writer":"%s","number":%d}\\n\' "$1" $n | "$3" import "$4" - '
            '|| exit 1; n=$((n+1)); done')
    writers = [subprocess.Popen(["sh", "-c", loop, "sh", who, str(COMMITS), tool.command()[0], uri],
                                env=clean_environment(**tool.environment), stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True) for who in "ab"]
    for writer in writers:
        _, said = writer.communicate(timeout=300)
        assert writer.returncode == 0, said

    history = tool.json("history", uri)
    assert [h["version"] for h in history] == list(range(2 * COMMITS, -1, -1))
    summary, rows = judges.read("deltalake", uri, minio.environment, rows=True)
    assert summary["version"] == 2 * COMMITS
    expected = [{"writer": who, "number": n} for who in "ab" for n in range(COMMITS)]
    assert sorted(rows, key=lambda r: (r["writer"], r["number"])) == expected
    judges.agree(uri, environment=minio.environment)
    ours = [json.loads(line) for line in tool("cat", uri).splitlines()]
    assert sorted(ours, key=lambda r: (r["writer"], r["number"])) == expected
