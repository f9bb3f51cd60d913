#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where the values of deltawrite-kafka's settings come from, as --print-config tells it."""
import json
import os
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KAFKA = os.environ["DELTAWRITE_KAFKA"]
CLEAN = {k: v for k, v in os.environ.items()
         if not k.startswith(("AWS_", "KAFKA_", "DELTA", "BATCH_", "LOG_", "HTTP_"))}
LAKE = """\
kafka: {brokers: 'a:1,b:2', group: lake, conf: {fetch.wait.max.ms: 200}}
sources: [{topics: [t, u]}]
tables: [{uri: /data/t, flush: {rows: 7}}]
"""


class Values(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="deltawrite-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name, text):
        with open(self.folder + "/" + name, "w") as f:
            f.write(text)
        return self.folder + "/" + name

    def printed(self, *flags, **variables):
        done = subprocess.run([KAFKA, "--print-config", *flags], env=dict(CLEAN, HOME=self.folder, **variables),
                              capture_output=True, text=True, timeout=20)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def values(self, *flags, **variables):
        """{setting: (value, source, where)}"""
        found = json.loads(self.printed("--json", *flags, **variables))
        self.assertEqual(len({v["setting"] for v in found}), len(found))
        return {v["setting"]: (v["value"], v["source"], v["where"]) for v in found}

    def test_a_flag_goes_before_the_environment_that_before_the_file_and_that_before_the_default(self):
        lake = self.file("lake.yaml", LAKE)
        rows = "tables[0].flush.rows"
        self.assertEqual(self.values()[rows], ("100", "default", None))
        self.assertEqual(self.values(DELTAWRITE_CONFIG=lake)[rows], ("7", "file", lake + ":3"))
        self.assertEqual(self.values(DELTAWRITE_CONFIG=lake, BATCH_SIZE="8")[rows], ("8", "environment", "BATCH_SIZE"))
        self.assertEqual(self.values("--batch-size", "9", DELTAWRITE_CONFIG=lake, BATCH_SIZE="8")[rows],
                         ("9", "flag", "--batch-size"))
        self.assertEqual(self.values("--config=" + lake, DELTAWRITE_CONFIG="/none")[rows], ("7", "file", lake + ":3"))

    def test_the_seed_s_defaults_hold_without_a_file_and_in_one_without_tables(self):
        http = self.file("http.yaml", "http: {listen: '127.0.0.1:8081'}\n")
        for values in self.values(), self.values("--config", http):
            self.assertEqual({k: values[k][0] for k in (
                "kafka.brokers", "kafka.group", "sources[0].topics", "tables[0].uri", "storage.endpoint",
                "tables[0].flush.rows", "tables[0].flush.age")}, {
                "kafka.brokers": "kafka:29092", "kafka.group": "delta-writer-consumer",
                "sources[0].topics": "analytics-events", "tables[0].uri": "s3://analytics/delta/analytics-events",
                "storage.endpoint": "http://minio:9000", "tables[0].flush.rows": "100", "tables[0].flush.age": "10"})
        values = self.values("--config", self.file("lake.yaml", LAKE))
        self.assertNotIn("storage.endpoint", values)
        self.assertEqual(values["tables[0].flush.age"][0], "60s")
        self.assertEqual(values["tables[0].flush.bytes"][0], "128MiB")

    def test_the_variables_of_kafka_delta_ingest_are_taken(self):
        values = self.values(
            KAFKA_BROKERS="k:1", KAFKA_CONSUMER_GROUP="kdi", KAFKA_TOPIC="web", TABLE_LOCATION="/data/web",
            DLQ_TABLE_LOCATION="/data/dead", ALLOWED_LATENCY="300", MAX_MESSAGES_PER_BATCH="5000",
            MIN_BYTES_PER_FILE="1048576", KAFKA_AUTO_OFFSET_RESET="latest", ENDS_AT_LATEST_OFFSETS="true",
            APP_ID="web-ingest", STATSD_ENDPOINT="localhost:8125", AVRO_REGISTRY="https://registry")
        self.assertEqual({k: values[k][0] for k in values if values[k][1] == "environment"}, {
            "kafka.brokers": "k:1", "kafka.group": "kdi", "sources[0].topics": "web", "tables[0].uri": "/data/web",
            "tables[0].on_error.table": "/data/dead", "tables[0].flush.age": "300", "tables[0].flush.rows": "5000",
            "tables[0].flush.bytes": "1048576", "run.from": "latest", "run.until_end": "true",
            "run.kdi_app_id": "web-ingest", "http.statsd": "localhost:8125", "sources[0].format": "avro",
            "sources[0].registry.url": "https://registry"})

    def test_a_name_and_its_alias_may_agree(self):
        self.assertEqual(self.values(KAFKA_BROKERS="k:1", KAFKA_BOOTSTRAP_SERVERS="k:1")["kafka.brokers"],
                         ("k:1", "environment", "KAFKA_BOOTSTRAP_SERVERS"))

    def test_secrets_come_from_files_and_are_not_shown(self):
        secret = self.file("secret", "hush-hush\n")
        lake = self.file("lake.yaml", LAKE.replace("group: lake", """group: lake, security: {protocol: SASL_SSL,
          mechanism: PLAIN, username: u, password_file: '%s'}""" % secret).replace(
            "topics:", "registry: {url: 'https://me:other@r', user: me, password: '${PASS}'}, topics:"))
        shown = self.printed("--config", lake, "--secret-access-key-file", secret, "--access-key-id", "A",
                             HTTP_ADMIN_TOKEN_FILE=secret, KAFKA_CONF_SSL_KEY_PASSWORD_FILE=secret,
                             PASS="secret of a variable")
        for text in ("hush", "other", "secret of"):
            self.assertNotIn(text, shown)
        values = self.values("--config", lake, PASS="x", AWS_SESSION_TOKEN="t", HTTP_ADMIN_TOKEN_FILE=secret)
        self.assertEqual(values["kafka.conf.sasl.password"], ("(secret)", "file", lake + ":2"))
        self.assertEqual(values["http.admin_token"], ("(secret)", "environment", "HTTP_ADMIN_TOKEN_FILE"))
        self.assertEqual(values["sources[0].registry.url"][0], "https://me:(secret)@r")

    def test_librdkafka_s_properties_are_layered_too(self):
        lake = self.file("lake.yaml", LAKE)
        conf = self.file("kafka.conf", "# ours\n\nfetch.min.bytes = 5\nsasl.mechanisms=PLAIN\nsasl.username=u\n"
                                       "sasl.password=p\nsecurity.protocol=sasl_ssl\n")
        values = self.values("--config", lake, "--kafka-conf", conf, "--instance-id", "one",
                             KAFKA_CONF_FETCH_WAIT_MAX_MS="300", KAFKA_CONF_FETCH_MIN_BYTES="6")
        conf_of = lambda name: values["kafka.conf." + name]
        self.assertEqual(conf_of("fetch.wait.max.ms"), ("300", "environment", "KAFKA_CONF_FETCH_WAIT_MAX_MS"))
        self.assertEqual(conf_of("fetch.min.bytes"), ("6", "environment", "KAFKA_CONF_FETCH_MIN_BYTES"))
        self.assertEqual(conf_of("sasl.mechanism"), ("PLAIN", "file", conf + ":4"))
        self.assertEqual(conf_of("group.instance.id"), ("one", "flag", "--instance-id"))
        self.assertEqual(conf_of("isolation.level"), ("read_committed", "default", None))

    def test_defaults_reach_every_source_and_table_that_does_not_say_otherwise(self):
        lake = self.file("lake.yaml", """\
kafka: {brokers: k, group: g}
defaults: {flush: {rows: 5, idle: 1s}, format: csv, csv: {columns: a b}, properties: {x: 1, y: 2}}
dlq: {policy: skip}
sources: [{topics: t, table: a}, {regex: 'u(.*)', table: b, format: json, csv: {}}]
tables:
- {name: a, uri: /a}
- {name: b, uri: '/b/${1}', flush: {rows: 6}, on_error: fail, properties: {y: 3}}
""".replace(", csv: {}", "").replace("format: csv, csv: {columns: a b}", "payload: gzip"))
        values = self.values("--config", lake)
        get = lambda path: values[path][0]
        self.assertEqual([get("tables[%d].flush.rows" % i) for i in (0, 1)], ["5", "6"])
        self.assertEqual([get("tables[%d].flush.idle" % i) for i in (0, 1)], ["1s", "1s"])
        self.assertEqual([get("tables[%d].on_error.policy" % i) for i in (0, 1)], ["skip", "fail"])
        self.assertEqual([get("sources[%d].payload" % i) for i in (0, 1)], ["gzip", "gzip"])
        self.assertEqual([get("tables[%d].properties.y" % i) for i in (0, 1)], ["2", "3"])
        self.assertEqual([get("tables[%d].properties.x" % i) for i in (0, 1)], ["1", "1"])
        self.assertEqual(get("tables[1].uri"), "/b/${1}")

    def test_a_topic_of_the_environment_goes_before_a_pattern_of_the_file(self):
        lake = self.file("lake.yaml", LAKE.replace("topics: [t, u]", "regex: 'x.*'"))
        self.assertEqual(self.values("--config", lake)["sources[0].regex"][1], "file")
        self.assertEqual(self.values("--config", lake, KAFKA_TOPIC="t")["sources[0].topics"][0], "t")
        self.assertEqual(self.values("--topic-regex", "y.*")["sources[0].regex"][0], "y.*")

    def test_schemas_are_taken_in_all_forms(self):
        delta = self.file("schema.json", '{"type":"struct","fields":[{"name":"id","type":"long","nullable":true,'
                                         '"metadata":{}},{"name":"a","type":"date","nullable":true,"metadata":{}}]}')
        for form in (delta, "id BIGINT, tags ARRAY<STRING>", "{id: long, tags: array<string>, at: 'struct<x:int>'}",
                     "{type: struct, fields: [{name: id, type: long, nullable: true, metadata: {}}, "
                     "{name: a, type: date, nullable: true, metadata: {}}]}"):
            lake = self.file("lake.yaml", LAKE.replace("flush: {rows: 7}", "schema: " + (
                form if form[0] in "{/" else "'" + form + "'") + ", partition_by: id"))
            with self.subTest(form):
                self.assertEqual(self.values("--config", lake)["tables[0].partition_by"][0], "id")

    def test_the_examples_of_the_documentation_are_taken(self):
        with open(ROOT + "/docs/configuration.md", encoding="utf-8") as f:
            example = f.read().split("```yaml\n")[1].split("```")[0]
        lake = self.file("lake.yaml", example.replace("/run/secrets/kafka", self.file("secret", "x\n")))
        keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
        values = self.values("--config", lake, **keys)
        self.assertEqual(values["tables[1].uri"][0], "s3://lake/clicks/${1}")
        self.assertEqual(values["tables[1].on_error.table"][0], "s3://lake/rejected/${topic}")
        values = self.values("--config", ROOT + "/packaging/lake.yaml")
        self.assertEqual(values["tables[1].on_error.table"][0], "s3://analytics/delta/clicks/${1}_rejected")

    def test_the_text_form_is_a_line_a_value(self):
        lines = self.printed("--from", "2026-01-01").splitlines()
        self.assertIn("run.from: 2026-01-01  # --from", lines)
        self.assertIn("kafka.brokers: kafka:29092  # default", lines)
        self.assertEqual(len(lines), len(self.values("--from", "2026-01-01")))


if __name__ == "__main__":
    unittest.main(verbosity=2)
