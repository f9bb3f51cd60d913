#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""deltawrite-kafka over HTTP: health, metrics, status, and what an operator may tell it."""
import json
import re
import shutil
import socket
import subprocess
import time
import unittest
import urllib.error
import urllib.request

from kafka_harness import CLEAN, KAFKA, KafkaTest

NOWHERE = "127.0.0.1:1"


class Http(KafkaTest):
    def serve(self, broker, **environment):
        service = self.service(broker, HTTP_LISTEN="127.0.0.1:0", HTTP_ADMIN_TOKEN="sesame", **environment)
        service.wait_for(lambda: service.events("HTTP is served"))
        service.address = service.events("HTTP is served")[0]["address"]
        return service

    def ask(self, service, path, method="GET", body=None, token=None, **headers):
        """(status, text)"""
        if token:
            headers["Authorization"] = "Bearer " + token
        request = urllib.request.Request(f"http://{service.address}{path}", body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def raw(self, service, data):
        host, port = service.address.split(":")
        with socket.create_connection((host, int(port)), 20) as s:
            s.sendall(data)
            s.settimeout(20)
            return s.recv(65536).decode()


class Answers(Http):
    def test_without_a_broker_it_is_live_and_not_ready_and_says_why(self):
        service = self.serve(NOWHERE)
        self.assertEqual(self.ask(service, "/livez"), (200, "live\n"))
        status, text = self.ask(service, "/readyz")
        self.assertEqual((status, text.splitlines()[0]), (503, "not ready"))
        self.assertGreater(len(text.splitlines()), 1)
        status, text = self.ask(service, "/readyz", Accept="application/json")
        self.assertFalse(json.loads(text)["ready"])
        self.assertTrue(json.loads(text)["reasons"])

    def test_status_and_version_are_json(self):
        service = self.serve(NOWHERE)
        status = json.loads(self.ask(service, "/status")[1])
        self.assertEqual((status["state"], status["group"], status["ready"]), ("starting", "group", False))
        version = json.loads(self.ask(service, "/version")[1])
        self.assertEqual(version["version"], status["version"])
        self.assertTrue(version["commit"])

    def test_requests_are_bounded(self):
        service = self.serve(NOWHERE)
        self.assertEqual(self.ask(service, "/admin/log-level", "POST", b"x" * 5000, "sesame")[0], 413)
        chunks = b"POST /admin/log-level HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" \
                 b"Authorization: Bearer sesame\r\n\r\n" + b"400\r\n" + b"y" * 1024 + b"\r\n"
        chunks += (b"400\r\n" + b"y" * 1024 + b"\r\n") * 9 + b"0\r\n\r\n"
        self.assertRegex(self.raw(service, chunks), "^HTTP/1.1 413 ")
        self.assertRegex(self.raw(service, b"GET /livez HTTP/1.1\r\nHost: x\r\nX: " + b"z" * 40000 + b"\r\n\r\n"),
                         "^HTTP/1.1 4")
        self.assertRegex(self.raw(service, b"what is this\r\n\r\n"), "^HTTP/1.[01] 4")
        self.assertEqual(self.ask(service, "/livez")[0], 200)

    def test_who_sends_nothing_does_not_keep_others_waiting(self):
        service = self.serve(NOWHERE)
        host, port = service.address.split(":")
        silent = [socket.create_connection((host, int(port))) for _ in range(50)]
        start = time.monotonic()
        self.assertEqual(self.ask(service, "/livez")[0], 200)
        self.assertLess(time.monotonic() - start, 5)
        for s in silent:
            s.close()

    def test_a_taken_port_ends_the_start_with_its_name(self):
        service = self.serve(NOWHERE)
        done = subprocess.run([KAFKA], env=dict(CLEAN, HTTP_LISTEN=service.address, KAFKA_BOOTSTRAP_SERVERS=NOWHERE),
                              capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 78)
        lines = [line for line in done.stderr.splitlines() if not line.startswith("{")]
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertRegex(lines[0], "^deltawrite-kafka: HTTP_LISTEN: " + re.escape(service.address) +
                         ": Address already in use, .* or off for none$")

    def test_an_address_that_is_none_ends_the_start(self):
        for address in ("8080", "localhost", "x:99999", "no.such.host.invalid:80", "1::2:80", ":"):
            with self.subTest(address=address):
                done = subprocess.run([KAFKA], env=dict(CLEAN, HTTP_LISTEN=address, KAFKA_BOOTSTRAP_SERVERS=NOWHERE),
                                      capture_output=True, text=True, timeout=20)
                self.assertEqual(done.returncode, 78)
                self.assertRegex(done.stderr, f'HTTP_LISTEN: "?{re.escape(address)}"?(:| is) ')

    def test_the_health_check_asks_an_instance(self):
        def check(listen, *words):
            return subprocess.run([KAFKA, "healthcheck", *words], env=dict(CLEAN, HTTP_LISTEN=listen),
                                  capture_output=True, text=True, timeout=20)

        service = self.serve(NOWHERE)
        done = check(service.address, "live")
        self.assertEqual((done.returncode, done.stdout), (0, "live\n"))
        done = check(service.address)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("not ready\n- ", done.stderr)
        self.assertEqual(check("0.0.0.0:" + service.address.split(":")[1], "live").returncode, 0)
        self.assertEqual(check("off").returncode, 0)
        service.kill()
        done = check(service.address, "live")
        self.assertEqual(done.returncode, 1)
        self.assertIn("Connection refused", done.stderr)

    def test_the_log_level_changes_while_it_runs(self):
        service = self.serve(NOWHERE)
        self.assertEqual(self.ask(service, "/admin/log-level?level=error", "POST", b"", "sesame"),
                         (200, "log level: error\n"))
        before = len(service.events())
        self.assertEqual(self.ask(service, "/admin/pause", "POST", b"", "wrong")[0], 401)
        self.assertEqual(len(service.events()), before, "a warning is below the level")
        self.assertEqual(self.ask(service, "/admin/log-level", "POST", b"info", "sesame")[0], 200)
        self.assertTrue(service.events("log level changed by an admin request"))


class Running(Http):
    """With a broker and a table on the local disk."""

    def metrics(self, service):
        """{'name{labels}': value}"""
        lines = self.ask(service, "/metrics")[1].splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}

    def rows(self, service):
        return self.metrics(service).get('deltawrite_records_written_total{table="%s"}' % self.table, 0)

    def admin(self, service, what):
        return self.ask(service, "/admin/" + what, "POST", b"", "sesame")

    def test_metrics_and_status_tell_what_was_done(self):
        broker = self.broker(2)
        broker.put_events(100, bad_each=10)
        service = self.serve(broker, BATCH_SIZE="50", BATCH_TIMEOUT_SECONDS="1")
        service.wait_for(lambda: self.rows(service) == 90)
        service.wait_for(lambda: self.ask(service, "/readyz") == (200, "ready\n"))
        of_table, found = 'table="%s"' % self.table, None

        def settled():
            nonlocal found
            found = self.metrics(service)
            return all(found.get('deltawrite_%s{topic="events",partition="%d"}' % (name, p)) == value
                       for name, value in (("committed_lag", 0), ("consumer_lag", 0), ("records_consumed_total", 50))
                       for p in (0, 1))

        service.wait_for(settled)
        self.assertGreater(found['deltawrite_bytes_consumed_total{topic="events",partition="0"}'], 1000)
        rejected = {k: v for k, v in found.items() if k.startswith("deltawrite_records_rejected_total{" + of_table)}
        self.assertEqual(sum(rejected.values()), 10, rejected)
        self.assertEqual(found['deltawrite_dlq_records_total{sink="table"}'], 10)
        commits = found['deltawrite_commits_total{%s,result="ok"}' % of_table]
        self.assertGreaterEqual(commits, 2)
        self.assertEqual(found["deltawrite_commit_duration_seconds_count{%s}" % of_table], commits)
        self.assertEqual(found["deltawrite_batch_rows_sum{%s}" % of_table], 90)
        self.assertEqual(found["deltawrite_table_version{%s}" % of_table], commits)
        self.assertGreaterEqual(found["deltawrite_files_written_total{%s}" % of_table], 1)
        flushes = {k: v for k, v in found.items() if k.startswith("deltawrite_flush_total{" + of_table)}
        self.assertEqual(sum(flushes.values()), commits, flushes)
        self.assertAlmostEqual(found["deltawrite_last_commit_timestamp_seconds{%s}" % of_table], time.time(), delta=30)
        self.assertLess(found["deltawrite_data_delay_seconds{%s}" % of_table], 30)
        self.assertEqual(found['deltawrite_partitions_assigned{topic="events"}'], 2)
        self.assertEqual(found["deltawrite_memory_limit_bytes"], 256 << 20)
        self.assertGreaterEqual(found['deltawrite_rebalances_total{type="assign"}'], 1)
        self.assertGreaterEqual(found['deltawrite_storage_requests_total{op="put-if-absent",code="ok"}'], commits)
        status = json.loads(self.ask(service, "/status")[1])
        self.assertEqual((status["state"], status["ready"], status["joined"], status["lag"]), ("running", True, True, 0))
        self.assertEqual([(p["topic"], p["partition"], p["committed"], p["end"]) for p in status["partitions"]],
                         [("events", 0, 50, 50), ("events", 1, 50, 50)])
        (table,) = status["tables"]
        self.assertEqual((table["table"], table["version"], table["rows_written"], table["rejected"]),
                         (self.table, commits, 90, 10))
        self.assertEqual(self.terminate(service), 0)

    def test_pause_resume_and_flush(self):
        broker = self.broker(1)
        service = self.serve(broker, BATCH_SIZE="1000000", BATCH_TIMEOUT_SECONDS="600")
        service.wait_for(lambda: self.ask(service, "/readyz")[0] == 200)
        broker.put_events(10)
        service.wait_for(lambda: self.metrics(service)['deltawrite_buffer_rows{table="%s"}' % self.table] == 10)
        self.assertEqual(self.rows(service), 0)
        self.assertEqual(self.admin(service, "flush?wait=20"), (200, "flushed: all that was read is committed\n"))
        self.assertEqual(self.rows(service), 10)
        self.assertEqual(self.admin(service, "pause")[0], 200)
        service.wait_for(lambda: json.loads(self.ask(service, "/status")[1])["state"] == "paused")
        time.sleep(0.5)
        broker.put_events(10)
        self.assertEqual(self.admin(service, "flush?wait=20")[0], 200)
        self.assertEqual(self.rows(service), 10, "what came after the pause is not read")
        self.assertEqual(self.admin(service, "resume")[0], 200)
        service.wait_for(lambda: self.admin(service, "flush?wait=5")[0] == 200 and self.rows(service) == 20)
        self.assertEqual(self.terminate(service), 0)

    def test_a_reload_takes_another_admin_token(self):
        path = self.folder + "/token"

        def write(token):
            with open(path, "w", encoding="utf-8") as f:
                f.write(token + "\n")

        write("first")
        service = self.service(self.broker(1), HTTP_LISTEN="127.0.0.1:0", HTTP_ADMIN_TOKEN_FILE=path)
        service.wait_for(lambda: service.events("HTTP is served"))
        service.address = service.events("HTTP is served")[0]["address"]
        service.wait_for(lambda: self.ask(service, "/readyz")[0] == 200)
        write("second")
        self.assertEqual(self.ask(service, "/admin/reload", "POST", b"", "second")[0], 401)
        self.assertEqual(self.ask(service, "/admin/reload", "POST", b"", "first")[0], 202)
        service.wait_for(lambda: service.events("configuration reloaded"))
        self.assertEqual(self.ask(service, "/admin/pause", "POST", b"", "first")[0], 401)
        self.assertEqual(self.ask(service, "/admin/pause", "POST", b"", "second")[0], 200)
        self.assertNotIn("second", service.log())

    def test_it_stays_alive_when_the_broker_goes(self):
        broker = self.broker(1)
        service = self.serve(broker)
        service.wait_for(lambda: self.ask(service, "/readyz")[0] == 200)
        broker.close()
        time.sleep(3)
        self.assertEqual(self.ask(service, "/livez"), (200, "live\n"))

    def test_it_tells_when_the_store_s_keys_end(self):
        keys = {"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c",
                "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(2000000000))}
        for name, text in ("keys.json", json.dumps(keys)), ("config", "[default]\ncredential_process = cat %s/keys.json\n"
                                                           % self.folder):
            with open(f"{self.folder}/{name}", "w", encoding="utf-8") as f:
                f.write(text)
        service = self.serve(self.broker(1), DELTA_TABLE_PATH="s3://bucket/table", AWS_ENDPOINT_URL="http://" + NOWHERE,
                             AWS_CONFIG_FILE=self.folder + "/config")
        service.wait_for(lambda: self.metrics(service).get(
            "deltawrite_credentials_expiry_timestamp_seconds") == 2000000000)
        status, text = self.ask(service, "/readyz")
        self.assertEqual(status, 503)
        self.assertRegex(text, r"not ready\n- s3://bucket/table: .*Failed to connect to 127.0.0.1")

    def test_a_table_that_fails_makes_it_not_ready(self):
        broker = self.broker(1)
        service = self.serve(broker, BATCH_TIMEOUT_SECONDS="1")
        service.wait_for(lambda: self.ask(service, "/readyz")[0] == 200)
        shutil.rmtree(self.table)
        with open(self.table, "w", encoding="utf-8") as f:
            f.write("a file is in the way")
        broker.put_events(5)
        service.wait_for(lambda: self.ask(service, "/readyz")[0] == 503)
        self.assertIn(self.table, self.ask(service, "/readyz")[1])
        self.assertEqual(self.ask(service, "/livez")[0], 200)
        table = json.loads(self.ask(service, "/status")[1])["tables"][0]
        self.assertTrue(table["last_error"] and table["last_error_time"])


if __name__ == "__main__":
    unittest.main()
