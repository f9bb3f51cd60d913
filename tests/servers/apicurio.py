# SPDX-License-Identifier: Apache-2.0
"""Apicurio Registry, a real one, by its Confluent-compatible interface; everything in memory."""
import json
import os
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.request

from support import paths


class Apicurio:
    """With register() and url as registry_stub.Stub has them."""

    def __init__(self, folder):
        jar = next(pathlib.Path(paths.fetched("apicurio")).glob("*-runner.jar"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/apis/ccompat/v7"
        self.log = open(os.path.join(folder, "apicurio.log"), "wb")
        self.process = subprocess.Popen(
            ["java", "-Xmx400m", f"-Dquarkus.http.port={port}", "-Dquarkus.http.host=127.0.0.1", "-jar", jar],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def __enter__(self):
        deadline = time.monotonic() + 180
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/subjects", timeout=5)
                return self
            except OSError:
                assert self.process.poll() is None and time.monotonic() < deadline, "Apicurio does not answer"
                time.sleep(0.5)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def register(self, subject, schema, kind="AVRO", references=()):
        body = {"schema": schema, "schemaType": kind, "references": list(references)}
        request = urllib.request.Request(f"{self.url}/subjects/{urllib.request.quote(subject, safe='')}/versions",
                                         json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            return json.load(urllib.request.urlopen(request, timeout=60))["id"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{subject}: {error.code} {error.read()[:500]}") from None
