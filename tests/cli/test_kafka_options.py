#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""deltawrite-kafka's settings: where they come from, and what each mistake gets."""
import os
import subprocess
import time
import unittest

from kafka_harness import CLEAN, KAFKA, KafkaTest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NOWHERE = "127.0.0.1:1"


def run(*flags, **environment):
    return subprocess.run([KAFKA, *flags], env=dict(CLEAN, **environment), capture_output=True, text=True, timeout=20)


class Mistakes(KafkaTest):
    def one_line(self, done, code, start):
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("deltawrite-kafka: " + start), done.stderr)
        self.assertEqual(done.stdout, "")

    def test_malformed_values(self):
        for name, values in {
                "BATCH_SIZE": ["", "abc", "0", "-5", "10k", "1" * 30, " 7", "0x10"],
                "BATCH_TIMEOUT_SECONDS": ["", "soon", "-1", "0", "1e3", "1" * 30, "1."  "x"],
                "AWS_ALLOW_HTTP": ["perhaps", ""],
                "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": ["2"],
                "AWS_ENDPOINT_URL": ["minio:9000", "http://", "ftp://x"],
                "DELTA_TABLE_PATH": ["", "s3://", "gopher://x/y"],
                "DELTA_DLQ_TABLE_PATH": ["", "gopher://x/y"],
                "KAFKA_TOPIC": [""], "KAFKA_BOOTSTRAP_SERVERS": [""], "KAFKA_GROUP_ID": [""],
                "LOG_LEVEL": ["loud"], "LOG_FORMAT": ["xml"],
                "KAFKA_CONF_NO_SUCH_PROPERTY": ["1"], "KAFKA_CONF_SESSION_TIMEOUT_MS": ["long"],
                "KAFKA_CONF_ENABLE_AUTO_COMMIT": ["true"], "KAFKA_CONF_GROUP_ID": ["x"],
                "KAFKA_CONF_BOOTSTRAP_SERVERS": ["x"], "KAFKA_CONF_AUTO_OFFSET_RESET": ["sometimes"]}.items():
            for value in values:
                with self.subTest(name=name, value=value):
                    self.one_line(run(**{name: value}), 78, name + ": ")

    def test_a_flag_is_named_where_the_value_came_from_it(self):
        self.one_line(run("--batch-size", "x", BATCH_SIZE="5"), 78, '--batch-size: "x" is not a whole number')

    def test_usage(self):
        for flags in (["--no-such-flag"], ["what"], ["--topic"], ["--until-end=yes"]):
            with self.subTest(flags=flags):
                self.one_line(run(*flags), 2, flags[0].split("=")[0] + ": ")

    def test_http_must_be_permitted(self):
        done = run(AWS_ALLOW_HTTP="false")
        self.one_line(done, 78, "AWS_ENDPOINT_URL: ")
        self.assertIn("AWS_ALLOW_HTTP", done.stderr)

    def test_credentials(self):
        self.one_line(run(AWS_ENDPOINT_URL="", HOME=self.folder), 78, "AWS_ACCESS_KEY_ID: ")
        self.one_line(run(AWS_ACCESS_KEY_ID="id"), 78, "AWS_SECRET_ACCESS_KEY: ")
        self.one_line(run(AWS_PROFILE="nobody", HOME=self.folder), 78, "AWS_PROFILE: ")
        self.one_line(run(AWS_SHARED_CREDENTIALS_FILE="/no/file"), 78, "/no/file: ")

    def test_a_path_that_is_no_folder(self):
        path = self.folder + "/file"
        with open(path, "w") as f:
            f.write("x")
        done = run("--brokers", NOWHERE, "--table", path + "/table", "--log-level", "error")
        self.assertEqual(done.returncode, 78, done.stderr)
        self.assertIn(path, done.stderr.splitlines()[-1])


class Sources(KafkaTest):
    def starting(self, *flags, **environment):
        """The start-up line; also that a wait for Kafka ends with SIGTERM, quickly."""
        environment.setdefault("KAFKA_CONF_SESSION_TIMEOUT_MS", "6000")
        service = self.service(NOWHERE, flags, **environment)
        service.wait_for(lambda: service.events("waiting for the topic"))
        line = service.events("starting")[0]
        start = time.monotonic()
        self.assertEqual(self.terminate(service), 0, service.log())
        self.assertLess(time.monotonic() - start, 5)
        self.assertIn(NOWHERE, service.log())
        self.log = service.log()
        return line

    def test_a_flag_goes_before_the_environment_and_that_before_the_default(self):
        line = self.starting("--batch-size=7", BATCH_SIZE="8", BATCH_TIMEOUT_SECONDS="2.5")
        self.assertEqual((line["batch_size"], line["batch_timeout_ms"]), (7, 2500))
        self.assertEqual(line["dead_letters"], line["table"] + "_rejected")

    def test_the_seed_defaults(self):
        done = run("--help")
        for text in ("kafka:29092", "analytics-events", "delta-writer-consumer", "[100]", "[10]",
                     "s3://analytics/delta/analytics-events", "http://minio:9000", "minioadmin", "us-east-1"):
            self.assertIn(text, done.stdout)

    def test_secrets_stay_out_of_the_log(self):
        line = self.starting("--table", "s3://bucket/table", AWS_ACCESS_KEY_ID="AKIDFORTEST",
                             AWS_SECRET_ACCESS_KEY="very-secret", AWS_SESSION_TOKEN="token-secret",
                             AWS_ENDPOINT_URL="http://127.0.0.1:1", LOG_LEVEL="debug")
        self.assertEqual((line["keys_from"], line["endpoint"]), ("environment", "http://127.0.0.1:1"))
        self.assertNotIn("very-secret", self.log)
        self.assertNotIn("token-secret", self.log)

    def test_an_empty_endpoint_is_aws_and_keys_come_from_a_profile(self):
        os.mkdir(self.folder + "/.aws")
        with open(self.folder + "/.aws/credentials", "w") as f:
            f.write("[default]\naws_access_key_id = A\naws_secret_access_key = B\n\n"
                    "[other]\naws_access_key_id=C\naws_secret_access_key=D\n")
        with open(self.folder + "/.aws/config", "w") as f:
            f.write("[default]\nregion = eu-west-1\n[profile other]\nregion = eu-north-1\n")
        for profile, region in ({}, "eu-west-1"), ({"AWS_PROFILE": "other"}, "eu-north-1"), \
                ({"AWS_REGION": "us-west-2"}, "us-west-2"):
            line = self.starting("--table", "s3://bucket/table", AWS_ENDPOINT_URL="", **profile)
            self.assertEqual((line["keys_from"], line["endpoint"], line["region"]), ("profile", "AWS", region))

    def test_minio_keys_are_defaults_only_with_an_endpoint(self):
        line = self.starting("--table", "s3://bucket/table", AWS_ENDPOINT_URL="http://127.0.0.1:1",
                             AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
        self.assertEqual((line["keys_from"], line["region"]), ("default", "us-east-1"))


class Documentation(KafkaTest):
    def test_the_table_of_settings_is_the_program_s_own(self):
        with open(ROOT + "/docs/configuration.md", encoding="utf-8") as f:
            text = f.read()
        self.assertIn(run("--help-markdown").stdout, text,
                      "replace the table by what deltawrite-kafka --help-markdown prints")

    def test_every_flag_and_its_variable_is_in_the_help(self):
        shown = run("--help").stdout
        rows = [row.split(" | ") for row in run("--help-markdown").stdout.splitlines() if row.startswith("| ")]
        flags = [(row[2].strip("` |"), row[1].strip("` |")) for row in rows if "--" in row[2]]
        self.assertGreater(len(flags), 60)
        for flag, variable in flags:
            line = next(line for line in shown.splitlines() if line.split()[:1] in ([flag], [flag + ","]))
            self.assertTrue(line.endswith(variable), line)


    def test_shells_complete_flags_and_choices(self):
        def offered(*words):
            done = run("--complete", *words)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            return [line.split("\t")[0] for line in done.stdout.splitlines()]

        rows = [row for row in run("--help-markdown").stdout.splitlines() if "| `--" in row]
        flags = [row.split(" | ")[2].strip("` |") for row in rows]
        self.assertEqual(offered("--"), flags)
        self.assertEqual(offered("--topic", "x", "--log-l"), ["--log-level"])
        self.assertEqual(offered("--log-level", ""), ["error", "warn", "info", "debug"])
        self.assertEqual(offered("--format", "js"), ["json", "json_schema"])
        self.assertEqual(offered("--config", ""), [])
        for shell in "bash", "zsh", "fish":
            self.assertIn("deltawrite-kafka --complete", run("completion", shell).stdout)
        self.assertEqual(run("completion", "tcsh").returncode, 2)

    def test_the_manual_page_has_every_flag(self):
        page = run("--help-man").stdout.replace("\\-", "-")
        for row in run("--help-markdown").stdout.splitlines():
            if "| `--" in row:
                self.assertIn(".B " + row.split(" | ")[2].strip("` |"), page)


if __name__ == "__main__":
    unittest.main(verbosity=2)
