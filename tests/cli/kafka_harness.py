# SPDX-License-Identifier: Apache-2.0
"""The service's binary with a mock Kafka broker and local tables, for tests that need nothing installed.

The programs come by the environment: DELTAWRITE_KAFKA, DELTAWRITE and MOCK_BROKER."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

KAFKA = os.environ["DELTAWRITE_KAFKA"]
TOOL = os.environ["DELTAWRITE"]
BROKER = os.environ["MOCK_BROKER"]
TOPIC, GROUP = "events", "group"
# What a developer's shell may have set must not reach the programs.
CLEAN = {k: v for k, v in os.environ.items()
         if not k.startswith(("AWS_", "KAFKA_", "DELTA_", "BATCH_", "LOG_", "HTTP_", "STATSD_"))} | {
    "HTTP_LISTEN": "off"}  # several run at a time


class Broker:
    """tests/cli/mock_broker.c with the topic `events`."""

    def __init__(self, partitions):
        self.partitions = partitions
        self.process = subprocess.Popen([BROKER, TOPIC, str(partitions)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = self.process.stdout.readline().strip()
        self.made = [[] for _ in range(partitions)]  # values by offset

    def command(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "ok\n", "the mock broker ended"

    def put(self, records):
        """`records`: (partition, key, value) with bytes or None."""
        lines = []
        for partition, key, value in records:
            lines.append("put %d %s %s\n" % (partition, "-" if key is None else key.hex() or "-",
                                             "-" if value is None else value.hex()))
            self.made[partition].append(value)
        self.process.stdin.write("".join(lines))
        self.command("flush")

    def put_events(self, count, bad_each=0):
        start = sum(map(len, self.made))
        self.put([(i % self.partitions, b"key %d" % i,
                   b'{"device_id": \xff' if bad_each and i % bad_each == bad_each - 1 else
                   json.dumps({"device_id": str(i), "interaction_value": i}).encode())
                  for i in range(start, start + count)])

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


class Service:
    """One deltawrite-kafka process; its log is a file of JSON lines."""

    def __init__(self, folder, broker, flags=(), **environment):
        self.log_path = tempfile.mkstemp(dir=folder, suffix=".log")[1]
        # Mock groups wait 3 s for members to join, in which these must not time out.
        settings = dict(CLEAN, KAFKA_BOOTSTRAP_SERVERS=broker, KAFKA_TOPIC=TOPIC, KAFKA_GROUP_ID=GROUP,
                        DELTA_TABLE_PATH=folder + "/table", KAFKA_CONF_SESSION_TIMEOUT_MS="4500",
                        KAFKA_CONF_HEARTBEAT_INTERVAL_MS="200", HOME=folder)
        settings.update(environment)
        with open(self.log_path, "w") as log:
            self.process = subprocess.Popen([KAFKA, *flags], env=settings, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)

    def log(self):
        with open(self.log_path) as f:
            return f.read()

    def events(self, message=None):
        """The log's JSON lines, or those with that msg."""
        lines = [json.loads(line) for line in self.log().splitlines() if line.startswith("{") and line.endswith("}")]
        return [line for line in lines if message is None or line["msg"] == message]

    def wait(self, seconds=30):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError("still running; its log:\n" + self.log()[-4000:]) from None

    def wait_for(self, what, seconds=30):
        deadline = time.monotonic() + seconds
        while not what():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("waited in vain; the log:\n" + self.log()[-4000:])
            time.sleep(0.05)

    def rows(self):
        return sum(e["rows"] for e in self.events("committed"))

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def tool(*args):
    done = subprocess.run([TOOL, *args], capture_output=True, env=CLEAN, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def cat(path):
    return [json.loads(line) for line in tool("cat", path).splitlines()]


def txns(path):
    """Of the consumers: who maintains the table has an id, too."""
    found = json.loads(tool("txns", path, "--json"))
    return {t["appId"]: t["version"] for t in found if not t["appId"].startswith("deltawrite-maintainer")}


class KafkaTest(unittest.TestCase):
    """A folder, and whatever was started ends with the test."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="deltawrite-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.table = self.folder + "/table"
        self.letters = self.table + "_rejected"

    def broker(self, partitions):
        broker = Broker(partitions)
        self.addCleanup(broker.close)
        return broker

    def service(self, broker, flags=(), **environment):
        address = broker if isinstance(broker, str) else broker.address
        service = Service(self.folder, address, flags, **environment)
        self.addCleanup(service.kill)
        return service

    def terminate(self, service, seconds=25):
        service.signal(signal.SIGTERM)
        return service.wait(seconds)

    def check_once(self, broker):
        """Each record of the broker is in one of the tables, once, and the dead letters are whole."""
        good, bad = [], []
        for partition, values in enumerate(broker.made):
            for offset, value in enumerate(values):
                try:
                    good.append(json.loads(value.decode())["device_id"]) if value else None
                except ValueError:
                    bad.append((partition, offset, value))
        self.assertEqual(sorted(r["device_id"] for r in cat(self.table)), sorted(good))
        if bad:
            import base64
            found = [(r["partition"], r["offset"], base64.b64decode(r["value"])) for r in cat(self.letters)]
            self.assertEqual(sorted(found), sorted(bad))
