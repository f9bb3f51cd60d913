#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""deltawrite-kafka --check: a line for each thing that is needed, and what to do where it is not right."""
import http.server
import json
import os
import socket
import subprocess
import threading
import unittest

from kafka_harness import CLEAN, GROUP, KAFKA, TOPIC, KafkaTest


class Check(KafkaTest):
    def check(self, *flags, **variables):
        """Exit code, and {(check, object): (result, text, mend)}."""
        settings = dict(CLEAN, KAFKA_TOPIC=TOPIC, KAFKA_GROUP_ID=GROUP, DELTA_TABLE_PATH=self.table,
                        HTTP_LISTEN="off", HOME=self.folder)
        settings.update(variables)
        done = subprocess.run([KAFKA, "--check", "--json", *flags], env=settings, capture_output=True, text=True,
                              timeout=40)
        self.assertEqual(done.stderr, "")
        found = json.loads(done.stdout)
        return done.returncode, {(f["check"], f["object"]): (f["result"], f["text"], f["mend"]) for f in found}

    def test_all_is_right_before_the_first_start_and_after(self):
        broker = self.broker(3)
        code, found = self.check(KAFKA_BOOTSTRAP_SERVERS=broker.address)
        self.assertEqual(code, 0, found)
        self.assertEqual({f[0] for f in found.values()}, {"ok"})
        self.assertEqual(found["topic", TOPIC][1], "3 partitions")
        self.assertEqual(found["table", self.table][1], "is not there, and will be made")
        self.assertEqual(os.listdir(self.folder), [])
        broker.put_events(30)
        service = self.service(broker, ["--until-end"], HTTP_LISTEN="off")
        self.assertEqual(service.wait(), 0, service.log())
        files = sorted(os.listdir(self.table))
        code, found = self.check(KAFKA_BOOTSTRAP_SERVERS=broker.address)
        self.assertEqual(code, 0, found)
        self.assertRegex(found["table", self.table][1], r"version \d+, knows offsets of 3 of 3 partitions")
        self.assertEqual(found["store", self.table][1], "listed, put if absent, read, removed")
        self.assertEqual(sorted(os.listdir(self.table)), files)

    def test_the_text_form_is_a_line_a_check(self):
        broker = self.broker(1)
        done = subprocess.run([KAFKA, "--check", "--topic-regex", "none.*"],
                              env=dict(CLEAN, KAFKA_BOOTSTRAP_SERVERS=broker.address, DELTA_TABLE_PATH=self.table,
                                       HTTP_LISTEN="off"), capture_output=True, text=True, timeout=40)
        self.assertEqual(done.returncode, 75, done.stdout)
        self.assertIn("later  topics none.*: 0 topics match; see regex, which must match the whole name\n", done.stdout)
        self.assertIn("ok     brokers %s: 1 broker\n" % broker.address, done.stdout)

    def test_a_broker_that_is_not_there_may_come(self):
        code, found = self.check(KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
        self.assertEqual(code, 75)
        result, text, mend = found["brokers", "127.0.0.1:1"]
        self.assertEqual(result, "later")
        self.assertIn("Connection refused", text)
        self.assertIn("kafka.security.protocol", mend)
        self.assertEqual(found["table", self.table][0], "ok")

    def test_tables_that_cannot_be_written(self):
        broker = self.broker(1)
        with open(self.folder + "/file", "w") as f:
            f.write("x")
        path = self.folder + "/file/table"
        code, found = self.check(KAFKA_BOOTSTRAP_SERVERS=broker.address, DELTA_TABLE_PATH=path)
        self.assertEqual((code, found["store", path][0]), (78, "wrong"), found)
        code, found = self.check("--create", "false", KAFKA_BOOTSTRAP_SERVERS=broker.address)
        self.assertEqual((code, found["table", self.table]),
                         (78, ("wrong", "is not there", "make it, or set create: true")))

    def test_a_table_with_a_feature_that_we_cannot_write_is_named(self):
        broker = self.broker(1)
        os.makedirs(self.table + "/_delta_log")
        with open(self.table + "/_delta_log/" + "0" * 20 + ".json", "w") as f:
            f.write('{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["catalogManaged"],'
                    '"writerFeatures":["catalogManaged"]}}\n{"metaData":{"id":"x","format":{"provider":"parquet",'
                    '"options":{}},"schemaString":"{\\"type\\":\\"struct\\",\\"fields\\":[]}","partitionColumns":[],'
                    '"configuration":{}}}\n')
        code, found = self.check(KAFKA_BOOTSTRAP_SERVERS=broker.address)
        self.assertEqual((code, found["table", self.table][0]), (78, "wrong"))
        self.assertIn("catalogManaged", found["table", self.table][1])

    def test_an_address_that_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            listen = "127.0.0.1:%d" % taken.getsockname()[1]
            code, found = self.check(KAFKA_BOOTSTRAP_SERVERS=self.broker(1).address, HTTP_LISTEN=listen)
            self.assertEqual(code, 78)
            self.assertEqual(found["http", listen],
                             ("wrong", "Address already in use", "give another http.listen, or off"))

    def test_a_registry_that_refuses_us(self):
        class Refuse(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                allowed = self.headers.get("Authorization") == "Basic dTpy"
                body = b"[]" if allowed else b'{"error_code": 401}'
                self.send_response(200 if allowed else 401)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuse)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        url = "http://127.0.0.1:%d" % server.server_port
        broker = self.broker(1).address
        for password, want in ("w", "wrong"), ("r", "ok"):
            code, found = self.check("--format", "avro", KAFKA_BOOTSTRAP_SERVERS=broker, SCHEMA_REGISTRY_URL=url,
                                     SCHEMA_REGISTRY_USER="u", SCHEMA_REGISTRY_PASSWORD=password)
            self.assertEqual(found["registry", None][0], want, found)
            self.assertEqual(code, 78 if want == "wrong" else 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
