# SPDX-License-Identifier: Apache-2.0
"""Runs our programs: the service in the background, the table tool in the foreground."""
import json
import os
import re
import signal
import subprocess
import threading
import time

from support.paths import clean_environment, program


def until(what, seconds, condition):
    """Polls `condition` till it gives something true, which is returned."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.2)


class Service:
    """One run of deltawrite-kafka after the other with the same environment, their output in one log."""

    def __init__(self, environment, log, flags=()):
        self.flags = flags
        self.environment, self.log_path = {"HTTP_LISTEN": "off"} | environment, log
        self.process, self.peak_rss_kb = None, 0

    def start(self, *flags, **more):
        assert not self.running()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([program("deltawrite-kafka"), *self.flags, *flags],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=clean_environment(**(self.environment | more)))
        threading.Thread(target=self._sample, args=(self.process,), daemon=True).start()
        return self

    def _sample(self, process):
        while process.poll() is None:
            try:
                with open(f"/proc/{process.pid}/status") as f:
                    found = re.search(r"VmHWM:\s+(\d+)", f.read())
            except OSError:
                return
            if found:
                self.peak_rss_kb = max(self.peak_rss_kb, int(found[1]))
            time.sleep(0.1)

    def running(self):
        return self.process is not None and self.process.poll() is None

    def alive(self):
        assert self.running(), f"the service ended with exit code {self.process.returncode}:\n{self.log_end()}"
        return True

    def kill(self):
        if self.running():
            self.process.kill()
            self.process.wait()

    def terminate(self, seconds=25):
        """SIGTERM; returns the exit code and how long it took."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still there {seconds} s after SIGTERM:\n{self.log_end()}")
        return code, time.monotonic() - start

    def wait_exit(self, seconds):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds} s:\n{self.log_end()}")

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def events(self, message=None):
        """The log's JSON lines, or those with that msg."""
        lines = [json.loads(line) for line in self.log().splitlines() if line.startswith("{") and line.endswith("}")]
        return [line for line in lines if message is None or line["msg"] == message]

    def log_end(self, lines=25):
        return "\n".join(self.log().splitlines()[-lines:])

    def wait_log(self, pattern, seconds):
        return until(lambda: f"/{pattern}/ in the log:\n{self.log_end()}", seconds,
                     lambda: self.alive() and re.search(pattern, self.log(), re.I | re.M))


class Tool:
    """deltawrite, the table tool, in one environment."""

    def __init__(self, environment=None):
        self.environment = environment or {}

    def command(self, *args):
        return [program("deltawrite"), *map(str, args)]

    def run(self, *args, stdin=None, **more):
        return subprocess.run(self.command(*args), capture_output=True, text=True, input=stdin, timeout=120,
                              env=clean_environment(**(self.environment | more)))

    def __call__(self, *args, stdin=None):
        """Runs it, expects success, and returns standard output."""
        done = self.run(*args, stdin=stdin)
        assert done.returncode == 0, f"deltawrite {' '.join(map(str, args))}: exit {done.returncode}: {done.stderr}"
        return done.stdout

    def json(self, *args):
        return json.loads(self(*args, "--json"))

    def rows(self, table, *args):
        return [json.loads(line) for line in self("cat", table, *args).splitlines()]

    def create(self, table, fields, *args, folder):
        """Makes a table with (name, type) columns, all nullable."""
        path = os.path.join(folder, "schema.json")
        with open(path, "w") as f:
            json.dump({"type": "struct", "fields": [
                {"name": n, "type": t, "nullable": True, "metadata": {}} for n, t in fields]}, f)
        return self("create", table, "--schema", path, *args)
