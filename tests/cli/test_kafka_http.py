#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""deltawrite-kafka over HTTP: health, metrics, status, and what an operator may tell it."""
import json
import re
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


if __name__ == "__main__":
    unittest.main()
