#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does reading /metrics slow down deltawrite-kafka? Pairs of runs over the same topic, one of each pair with requests.

    $(tests/fetch venv)/bin/python tests/bench/scrape_load.py [--records N] [--rate REQUESTS/S] [--pairs N]

Prints for each run its time, the CPU time of the service, and what the requests met with; then the ratio of each pair."""
import argparse
import json
import pathlib
import re
import statistics
import sys
import tempfile
import threading
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support.programs import Service, until  # noqa: E402
from support.servers import Kafka  # noqa: E402


class Load(threading.Thread):
    """So many requests a second, each on a connection of its own, as several Prometheus servers do."""

    def __init__(self, url, rate):
        super().__init__(daemon=True)
        self.url, self.rate, self.times, self.errors, self.bytes, self.stop = url, rate, [], 0, 0, False

    def run(self):
        due = time.monotonic()
        while not self.stop:
            due += 1 / self.rate
            time.sleep(max(0, due - time.monotonic()))
            begin = time.monotonic()
            try:
                with urllib.request.urlopen(self.url, timeout=5) as reply:
                    self.bytes += len(reply.read())
                self.times.append(time.monotonic() - begin)
            except OSError:
                self.errors += 1


def cpu_seconds(address):
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as reply:
        return float(re.search(r"^process_cpu_seconds_total (\S+)$", reply.read().decode(), re.M)[1])


def one_run(kafka, topic, count, rate, folder, number):
    """The service reads the whole topic into a new table; (seconds, its CPU seconds)."""
    service = Service({"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap, "KAFKA_TOPIC": topic, "KAFKA_GROUP_ID": f"run-{number}",
                       "DELTA_TABLE_PATH": f"{folder}/table-{number}", "BATCH_SIZE": "100000",
                       "BATCH_TIMEOUT_SECONDS": "5", "HTTP_LISTEN": "127.0.0.1:0"}, f"{folder}/log-{number}").start()
    until("HTTP is served", 20, lambda: service.events("HTTP is served"))
    address = service.events("HTTP is served")[0]["address"]
    load = Load(f"http://{address}/metrics", rate) if rate else None
    if load:
        load.start()
    until("the group is joined", 30, lambda: service.events("partitions assigned"))
    begin, cpu = time.monotonic(), cpu_seconds(address)
    until("all is committed", 600, lambda: sum(e["rows"] for e in service.events("committed")) >= count)
    seconds, cpu = time.monotonic() - begin, cpu_seconds(address) - cpu
    told = ""
    if load:
        load.stop = True
        load.join(10)
        times = sorted(load.times)
        told = (f"  {len(times)} requests, {load.errors} failed, {load.bytes // max(1, len(times))} bytes each, "
                f"median {times[len(times) // 2] * 1000:.1f} ms, 99 % {times[len(times) * 99 // 100] * 1000:.1f} ms")
    service.terminate()
    print(f"{'with' if rate else 'without':8} {seconds:6.2f} s  {cpu:6.2f} s CPU{told}", flush=True)
    return seconds, cpu


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=2_000_000)
    parser.add_argument("--rate", type=int, default=100)
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="deltawrite-load-") as folder:
        kafka = Kafka(pathlib.Path(folder) / "kafka").start()
        topic = kafka.topic("load", 4)
        event = {"event_type": "click", "timestamp": "2026-01-01T00:00:00Z", "interaction_value": 1.5, "channel": "web",
                 "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}
        kafka.produce(topic, ((i % 4, None, json.dumps(event | {"device_id": f"d-{i}"}).encode())
                              for i in range(options.records)))
        ratios = []
        for pair in range(options.pairs):
            rates = (0, options.rate) if pair % 2 == 0 else (options.rate, 0)
            found = {rate: one_run(kafka, topic, options.records, rate, folder, 2 * pair + i)
                     for i, rate in enumerate(rates)}
            ratios.append([a / b for a, b in zip(found[options.rate], found[0])])
        kafka.stop()
    for what, values in zip(("time", "CPU time"), zip(*ratios)):
        print(f"{what} with requests / without: " + " ".join(f"{v:.3f}" for v in sorted(values))
              + f"; median {statistics.median(values):.3f}")


if __name__ == "__main__":
    main()
