# SPDX-License-Identifier: Apache-2.0
"""Two maintainers and three appenders on one table at once: no conflict reaches an appender, and no row is lost.

DELTAWRITE_MAINTAINERS_SECONDS=600 is the long form."""
import json
import os
import subprocess
import threading
import time

from support import judges
from support.paths import clean_environment

SECONDS = float(os.environ.get("DELTAWRITE_MAINTAINERS_SECONDS", "15"))
# 18 s: longer than any import takes, so that what is under way is not taken for a leftover.
ROUNDS = (("optimize",), ("vacuum", "--retain-hours", "0.005", "--unsafe-retention"), ("checkpoint",), ("optimize",),
          ("compact-log",), ("clean",), ("verify", "--full"))


class Worker(threading.Thread):
    """Runs the tool over and over until it is time."""

    def __init__(self, tool, deadline):
        super().__init__()
        self.tool, self.deadline = tool, deadline
        self.done, self.failures = 0, []

    def call(self, arguments, stdin=None):
        ran = subprocess.run(self.tool.command(*arguments), input=stdin, capture_output=True, text=True, timeout=300,
                             env=clean_environment())
        self.done += 1
        if ran.returncode:
            self.failures.append((arguments[0], ran.returncode, ran.stderr.strip(), ran.stdout[-2000:]))
        return ran.returncode == 0


class Appender(Worker):
    def __init__(self, tool, deadline, path, number):
        super().__init__(tool, deadline)
        self.path, self.number, self.rows = path, number, []

    def run(self):
        while time.monotonic() < self.deadline and not self.failures:
            n = len(self.rows)
            made = [{"writer": self.number, "n": n + i, "p": (n + i) % 2} for i in range(5)]
            text = "".join(json.dumps(row) + "\n" for row in made)
            if self.call(["import", self.path, "-", "--app-id", f"w{self.number}", "--app-version", n], text):
                self.rows += made


class Maintainer(Worker):
    def __init__(self, tool, deadline, path):
        super().__init__(tool, deadline)
        self.path = path

    def run(self):
        while time.monotonic() < self.deadline:
            for arguments in ROUNDS:
                self.call([arguments[0], self.path, *arguments[1:]])


def test_no_conflict_reaches_an_appender(local_tool, tmp_path):
    path = tmp_path / "table"
    local_tool.create(path, [("writer", "long"), ("n", "long"), ("p", "long")], "--partition-by", "p",
                      folder=tmp_path)
    deadline = time.monotonic() + SECONDS
    appenders = [Appender(local_tool, deadline, path, i) for i in range(3)]
    maintainers = [Maintainer(local_tool, deadline, path) for _ in range(2)]
    for worker in appenders + maintainers:
        worker.start()
    for worker in appenders + maintainers:
        worker.join()

    assert [a.failures for a in appenders] == [[], [], []]
    assert all(a.done > 3 for a in appenders) and all(m.done > 3 for m in maintainers)
    for m in maintainers:  # of each other: both write the same files anew
        odd = [f for f in m.failures if f[0] != "optimize" or "another commit" not in f[2]]
        assert odd == [], odd
    proof = local_tool.json("verify", path, "--full")
    assert proof["errors"] == 0, proof["findings"]
    want = sorted(json.dumps(row, sort_keys=True) for a in appenders for row in a.rows)
    assert sorted(json.dumps(row, sort_keys=True) for row in local_tool.rows(path)) == want
    judges.agree(path, judges.ALL if SECONDS > 60 else judges.QUICK)
    print(f"{sum(a.done for a in appenders)} appends, {sum(m.done for m in maintainers)} runs of maintenance, "
          f"{sum(len(m.failures) for m in maintainers)} conflicts among these, {proof['files']} files at the end")
