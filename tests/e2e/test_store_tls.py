# SPDX-License-Identifier: Apache-2.0
"""MinIO by https with a certificate that signs itself, buckets as folders and as host names; what --check says."""
import json
import subprocess

import pytest

from support.paths import clean_environment, program
from support.servers import KEYS, Minio


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    server = Minio(tmp_path_factory.mktemp("minio-tls"))
    server.start("--tls")
    server.bucket("lake")
    yield server
    server.stop()


def run(server, name, *args, certificate=True, **more):
    environment = {key: text for key, text in KEYS.items() if key != "AWS_ALLOW_HTTP"} | {
        "AWS_ENDPOINT_URL": server.url, "HTTP_LISTEN": "off"} | more
    if certificate:
        environment["AWS_CA_BUNDLE"] = server.folder + "/certs/public.crt"
    return subprocess.run([program(name), *args], env=clean_environment(**environment), capture_output=True, text=True,
                          timeout=60)


@pytest.mark.parametrize("by_host", ["false", "true"])
def test_a_table_is_made_and_read_by_https(secure, tmp_path, by_host):
    rows = tmp_path / "rows.json"
    rows.write_text('{"a":1}\n{"a":2}\n')
    table = f"s3://lake/{by_host}"
    style = {"AWS_VIRTUAL_HOSTED_STYLE_REQUEST": by_host}
    done = run(secure, "deltawrite", "import", table, "--create", rows, **style)
    assert done.returncode == 0, done.stderr
    # The other style sees the same objects.
    for other in "false", "true":
        done = run(secure, "deltawrite", "cat", table, AWS_VIRTUAL_HOSTED_STYLE_REQUEST=other)
        assert [json.loads(line)["a"] for line in done.stdout.splitlines()] == [1, 2], done.stderr


def test_a_certificate_that_nobody_vouches_for_is_refused(secure):
    done = run(secure, "deltawrite", "info", "s3://lake/none", certificate=False)
    assert done.returncode == 1
    assert "certificate" in done.stderr


def checked(secure, *args, **more):
    done = run(secure, "deltawrite-kafka", "--check", "--json", "--brokers", "127.0.0.1:1", *args, **more)
    assert done.stderr == ""
    return done.returncode, {(f["check"], f["object"]): f for f in json.loads(done.stdout)}


def test_check_tries_conditional_puts_and_says_what_is_wrong(secure):
    table = "s3://lake/checked"
    code, found = checked(secure, "--table", table)
    assert code == 75  # no broker is there
    assert found["store", table]["result"] == "ok", found
    assert found["store", table]["text"].startswith("listed, put if absent, read, removed at https://")
    assert found["table", table]["text"] == "is not there, and will be made"

    code, found = checked(secure, "--table", table, AWS_SECRET_ACCESS_KEY="wrong")
    assert code == 78
    assert "SignatureDoesNotMatch" in found["store", table]["text"]
    assert "s3:PutObject" in found["store", table]["mend"]

    code, found = checked(secure, "--table", "s3://nobucket/t")
    assert (code, found["store", "s3://nobucket/t"]["result"]) == (75, "later")
    assert "bucket nobucket does not exist" in found["store", "s3://nobucket/t"]["text"]

    code, found = checked(secure, "--table", table, certificate=False)
    assert "certificate" in found["store", table]["text"]
