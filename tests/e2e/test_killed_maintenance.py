# SPDX-License-Identifier: Apache-2.0
"""The table tool is killed (SIGKILL) at random points of its maintenance: each time the table is valid, has the rows that
it should have, and the next vacuum leaves nothing of what broke off.

DELTAWRITE_KILLS=500 is the long form, DELTAWRITE_KILLS_SEED=N where its choices come from."""
import json
import os
import random
import subprocess
import time

from support import judges
from support.paths import clean_environment

KILLS = int(os.environ.get("DELTAWRITE_KILLS", "20"))
SEED = int(os.environ.get("DELTAWRITE_KILLS_SEED", "1"))
OPERATIONS = ("optimize", "vacuum", "restore", "clean", "checkpoint", "compact-log", "delete")
NOTHING_KEPT = ("--retain-hours", 0, "--unsafe-retention")


class Victim:
    """A table, and what must be in it by version."""

    def __init__(self, tool, path):
        self.tool, self.path, self.random = tool, path, random.Random(SEED)
        self.number, self.rows = 0, {}
        self.seconds = {}  # what an operation takes when nobody kills it
        self.killed = {}
        self.story = []

    def version(self):
        return self.tool.json("info", self.path)["version"]

    def now(self):
        return self.rows[max(self.rows)]

    def append(self):
        made = []
        for _ in range(3):
            self.number += 1
            made.append({"n": self.number, "p": self.number % 3, "text": "x" * 200})
        self.tool("import", self.path, "-", stdin="".join(json.dumps(row) + "\n" for row in made))
        self.rows[self.version()] = self.now() + made

    def make_log_old(self):
        for each in sorted((self.path / "_delta_log").iterdir()):
            if each.name[0].isdigit():
                os.utime(each, (time.time() - 90 * 86400 + int(each.name[:20]),) * 2)

    def prepare(self, operation):
        """The command's arguments, and the rows that it would leave."""
        reachable = [max(self.rows)]  # a vacuum leaves the files of the newest version alone
        self.append()
        reachable.append(max(self.rows))
        self.append()
        rows = self.now()
        if operation == "vacuum":
            self.tool("optimize", self.path)
            return NOTHING_KEPT, rows
        if operation == "restore":
            target = self.random.choice(reachable)
            self.tool("optimize", self.path)
            self.rows[self.version()] = rows
            return ("--version", target), self.rows[target]
        if operation == "clean":
            self.tool("checkpoint", self.path)
            self.make_log_old()
        if operation == "delete":
            p = self.random.randint(0, 2)
            return ("--where", f"p = {p} and n > {self.number - 4}"), [
                r for r in rows if not (r["p"] == p and r["n"] > self.number - 4)]
        return (), rows

    def strike(self, operation):
        arguments, after = self.prepare(operation)
        before, version = self.now(), self.version()
        wait = self.random.uniform(0, 1.1) * self.seconds.get(operation, 0)
        start = time.monotonic()
        process = subprocess.Popen(self.tool.command(operation, self.path, *arguments), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, env=clean_environment())
        if operation in self.seconds:
            time.sleep(wait)
            process.kill()
        _, said = process.communicate()
        assert process.returncode in (0, -9), f"{operation}: {said.decode()}"
        if process.returncode == 0 and said == b"":
            took = time.monotonic() - start
            self.seconds[operation] = min(took, self.seconds.get(operation, took))
        self.killed[operation] = self.killed.get(operation, 0) + (process.returncode == -9)
        self.story.append(f"{operation} {arguments} at {wait:.4f} s: {process.returncode}")
        now = self.version()
        self.rows[now] = before if now == version else after
        self.rows = dict(sorted(self.rows.items())[-8:])

    def check(self):
        story = f"seed {SEED}: " + "; ".join(self.story[-5:])
        proof = json.loads(self.tool.run("verify", self.path, "--json").stdout)
        assert proof["errors"] == 0, f"{story}: {proof['findings']}"
        want = sorted(json.dumps(row, sort_keys=True) for row in self.now())
        assert sorted(json.dumps(row, sort_keys=True) for row in self.tool.rows(self.path)) == want, story
        _, rows = judges.read("deltalake", self.path, rows=True)
        assert sorted(json.dumps(row, sort_keys=True) for row in rows) == want, story

    def check_nothing_is_left(self):
        self.tool("vacuum", self.path, *NOTHING_KEPT)
        files = self.tool.json("files", self.path)
        live = {str(self.path / f["path"]) for f in files}
        there = {str(f) for f in self.path.rglob("*") if f.is_file() and "_delta_log" not in f.parts}
        vectors = {f for f in there if f.endswith(".bin")}
        assert there - vectors == live, f"seed {SEED}: " + "; ".join(self.story[-5:])
        assert len(vectors) <= sum(f["deletedRows"] > 0 for f in files), "; ".join(self.story[-5:])
        assert not list(self.path.rglob(".dw-*")), "; ".join(self.story[-5:])


def test_a_killed_operation_leaves_a_valid_table_and_nothing_that_stays(local_tool, tmp_path):
    path = tmp_path / "table"
    local_tool.create(path, [("n", "long"), ("p", "long"), ("text", "string")], "--partition-by", "p",
                      "--property", "delta.enableDeletionVectors=true", folder=tmp_path)
    victim = Victim(local_tool, path)
    victim.rows[0] = []
    for operation in OPERATIONS:  # as fast as it is
        victim.strike(operation)
    for i in range(KILLS):
        victim.strike(OPERATIONS[i % len(OPERATIONS)])
        victim.check()
        if victim.random.random() < 0.5:
            victim.check_nothing_is_left()
            victim.check()
    victim.check_nothing_is_left()
    victim.check()
    # Some end before they are hit, the more the busier the machine is.
    assert sum(victim.killed.values()) > (KILLS / 4 if KILLS >= 100 else 0), victim.killed
    judges.agree(path, ("deltalake", "duckdb", "spark") if KILLS >= 100 else ("deltalake", "duckdb"))
    print(f"killed: {victim.killed}")

