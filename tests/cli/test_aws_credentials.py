#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where deltawrite finds keys for S3, against a server that is instance, container agent, STS and S3 in one."""
import http.server
import json
import os
import re
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

TOOL = os.environ["DELTAWRITE"]
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
FAR = "2099-01-01T00:00:00Z"


class Aws(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body, status=200, kind="application/json"):
        body = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def keys(self, name):
        self.answer(json.dumps({"Code": "Success", "AccessKeyId": name, "SecretAccessKey": "s/" + name,
                                "Token": "token-" + name, "Expiration": FAR}))

    def serve(self):
        seen = self.server.seen
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        path = self.path
        if path == "/latest/api/token":
            return self.answer("session")
        if path.startswith("/latest/meta-data/iam/security-credentials/"):
            assert self.headers["X-aws-ec2-metadata-token"] == "session"
            return self.answer("role") if path.endswith("/") else self.keys("INSTANCE")
        if path == "/container":
            seen.append(("container", self.headers.get("Authorization")))
            return self.keys("CONTAINER")
        if path == "/" and self.command == "POST":
            form = dict(urllib.parse.parse_qsl(body))
            seen.append(("sts", form, self.credential()))
            action = form["Action"]
            return self.answer("<{0}Response><{0}Result><Credentials><AccessKeyId>ROLE</AccessKeyId><SecretAccessKey>s"
                               "</SecretAccessKey><SessionToken>token-ROLE</SessionToken><Expiration>{1}</Expiration>"
                               "</Credentials></{0}Result></{0}Response>".format(action, FAR), kind="text/xml")
        seen.append(("s3", self.credential(), self.headers.get("X-Amz-Security-Token")))
        if "list-type=2" in path:
            return self.answer("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>", kind="text/xml")
        return self.answer("<Error><Code>NoSuchKey</Code></Error>", 404, "application/xml")

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = serve

    def credential(self):
        found = re.search(r"Credential=([^/]+)/", self.headers.get("Authorization") or "")
        return found and found[1]

    def log_message(self, *args):
        pass


class Credentials(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="deltawrite-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Aws)
        self.server.seen = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.url = "http://127.0.0.1:%d" % self.server.server_port

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def info(self, **variables):
        settings = dict(CLEAN, HOME=self.folder, AWS_ENDPOINT_URL=self.url, AWS_ALLOW_HTTP="true",
                        AWS_ENDPOINT_URL_STS=self.url, AWS_EC2_METADATA_SERVICE_ENDPOINT=self.url)
        settings.update(variables)
        return subprocess.run([TOOL, "info", "s3://bucket/table"], env=settings, capture_output=True, text=True,
                              timeout=30)

    def used(self, **variables):
        """The keys that the store was asked with."""
        done = self.info(**variables)
        self.assertIn("s3://bucket/table", done.stderr)
        asked = {entry[1:] for entry in self.server.seen if entry[0] == "s3"}
        self.assertEqual(len(asked), 1, (asked, done.stderr))
        return asked.pop()

    def test_a_container(self):
        token = self.file("token", "Bearer abc\n")
        self.assertEqual(self.used(AWS_CONTAINER_CREDENTIALS_FULL_URI=self.url + "/container",
                                   AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=token), ("CONTAINER", "token-CONTAINER"))
        self.assertEqual(self.server.seen[0], ("container", "Bearer abc"))

    def test_a_web_identity(self):
        token = self.file("token", "eyJ.a.b\n")
        self.assertEqual(self.used(AWS_ROLE_ARN="arn:aws:iam::1:role/x", AWS_WEB_IDENTITY_TOKEN_FILE=token,
                                   AWS_ROLE_SESSION_NAME="pod-1"), ("ROLE", "token-ROLE"))
        self.assertEqual(self.server.seen[0], ("sts", {
            "Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": "arn:aws:iam::1:role/x",
            "RoleSessionName": "pod-1", "WebIdentityToken": "eyJ.a.b"}, None))

    def test_a_role_of_a_profile(self):
        config = self.file("config", "[profile lake]\nrole_arn = arn:lake\nsource_profile = base\nexternal_id = e 1\n"
                                     "[profile base]\naws_access_key_id = BASE\naws_secret_access_key = b\n")
        self.assertEqual(self.used(AWS_CONFIG_FILE=config, AWS_PROFILE="lake"), ("ROLE", "token-ROLE"))
        kind, form, signed_by = self.server.seen[0]
        self.assertEqual((kind, form["Action"], form["RoleArn"], form["ExternalId"], signed_by),
                         ("sts", "AssumeRole", "arn:lake", "e 1", "BASE"))

    def test_a_role_taken_on_by_an_instance(self):
        config = self.file("config", "[profile lake]\nrole_arn=arn:lake\ncredential_source=Ec2InstanceMetadata\n")
        self.assertEqual(self.used(AWS_CONFIG_FILE=config, AWS_PROFILE="lake"), ("ROLE", "token-ROLE"))
        self.assertEqual(self.server.seen[0][2], "INSTANCE")

    def test_a_program_that_prints_keys(self):
        keys = self.file("keys", json.dumps({"Version": 1, "AccessKeyId": "PROCESS", "SecretAccessKey": "s",
                                             "SessionToken": "t", "Expiration": FAR}))
        config = self.file("config", "[default]\ncredential_process = cat '%s'\n" % keys)
        self.assertEqual(self.used(AWS_CONFIG_FILE=config), ("PROCESS", "t"))

    def test_no_signature(self):
        self.assertEqual(self.used(AWS_SKIP_SIGNATURE="true"), (None, None))

    def test_keys_in_variables_go_before_all(self):
        config = self.file("config", "[default]\naws_access_key_id = FILE\naws_secret_access_key = b\n")
        self.assertEqual(self.used(AWS_ACCESS_KEY_ID="HERE", AWS_SECRET_ACCESS_KEY="s", AWS_CONFIG_FILE=config,
                                   AWS_CONTAINER_CREDENTIALS_FULL_URI=self.url + "/container"), ("HERE", None))

    def test_mistakes_are_told_before_a_store_is_asked(self):
        for text, line in {
                "[profile p]\nsso_session = x\n": "p: single sign-on is not supported; ",
                "[profile p]\nrole_arn = a\n": "p: role_arn needs source_profile or credential_source",
                "[profile p]\nrole_arn = a\ncredential_source = Else\n": "p: credential_source is not one of ",
                "[profile p]\nrole_arn = a\nsource_profile = q\n": "AWS_PROFILE: there is no profile \"q\"",
                "[profile p]\nrole_arn = a\nsource_profile = q\n[profile q]\nrole_arn = b\nsource_profile = p\n":
                    "q: source_profile leads from profile to profile without end",
                "[profile p]\nrole_arn = a\nsource_profile = q\n[profile q]\nregion = x\n": "q: has no keys",
                }.items():
            with self.subTest(text):
                done = self.info(AWS_CONFIG_FILE=self.file("config", text), AWS_PROFILE="p")
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                self.assertTrue(done.stderr.startswith("deltawrite: " + line), done.stderr)
                self.assertEqual(done.returncode, 78)
        self.assertEqual(self.server.seen, [])

    def test_a_program_that_fails_is_told(self):
        for command, reason in {"exit 3": "the program failed", "echo '{}'": "not of Version 1",
                                "echo no": "no JSON object"}.items():
            config = self.file("config", "[default]\ncredential_process = %s\n" % command)
            done = self.info(AWS_CONFIG_FILE=config)
            self.assertIn("credential_process: ", done.stderr)
            self.assertIn(reason, done.stderr)
        self.assertEqual(self.server.seen, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
