# SPDX-License-Identifier: Apache-2.0
"""What independent engines read from a table: tests/judges/read_table.py behind functions."""
import atexit
import json
import os
import subprocess
import sys
import tempfile

from support.paths import TESTS, clean_environment, fetched, missing

QUICK = ("deltalake", "duckdb", "polars")
ALL = QUICK + ("spark",)


class Server:
    """One engine that stays: starting some of them takes longer than all that they are asked."""

    def __init__(self, engine, env):
        command = [sys.executable, TESTS / "judges/read_table.py", "--engine", engine, "--serve"]
        self.said = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.said,
                                        text=True, env=env)

    def ask(self, **request):
        """True once it has answered, False when it ended."""
        try:
            print(json.dumps(request), file=self.process.stdin, flush=True)
            return self.process.stdout.readline() == "done\n"
        except BrokenPipeError:
            return False

    def stop(self):
        self.process.stdin.close()
        self.process.wait()

    def last_words(self):
        self.process.wait()
        self.said.seek(0)
        return self.said.read()[-2000:]


servers = {}


@atexit.register
def stop_servers():
    for server in servers.values():
        server.stop()


def server_of(engine, environment):
    env = clean_environment(**(environment or {}))
    if engine == "spark":
        env["JUDGE_JARS"] = fetched("spark")
        if subprocess.run(["java", "-version"], capture_output=True).returncode:
            missing("Java, for Spark")
    key = (engine, *sorted(env.items()))
    if key not in servers:
        servers[key] = Server(engine, env)
    return key


def read(engine, tables, environment=None, version=None, rows=False):
    """The summaries of one or many tables as one engine reads them; with rows=True one table's rows too."""
    one = isinstance(tables, (str, os.PathLike))
    key = server_of(engine, environment)
    with tempfile.TemporaryDirectory() as folder:
        out, lines = f"{folder}/summary", f"{folder}/rows"
        if not servers[key].ask(tables=[str(tables)] if one else [str(t) for t in tables], version=version, out=out,
                                rows=lines if rows else None):
            raise AssertionError(f"{engine} ended: {servers.pop(key).last_words()}")
        with open(out) as f:
            found = [json.loads(line) for line in f]
        for summary in found:
            assert "error" not in summary, f"{engine} does not read {summary['table']}: {summary['error']}"
        if rows:
            with open(lines) as f:
                return found[0], [json.loads(line) for line in f]
        return found[0] if one else found


def spark_sql(*statements, environment=None):
    """Runs SQL statements in the one Spark that all tests share; the last one's rows as dicts. Tables by their path:
    delta.`/a/b`, delta.`s3a://bucket/a`. A statement that fails raises RuntimeError with Spark's reason."""
    key = server_of("spark", environment)
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/rows"
        if not servers[key].ask(sql=statements, out=out):
            raise AssertionError(f"spark ended: {servers.pop(key).last_words()}")
        with open(out) as f:
            answer = json.load(f)
    if "error" in answer:
        raise RuntimeError(answer["error"])
    return answer["rows"]


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
