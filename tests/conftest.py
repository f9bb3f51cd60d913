# SPDX-License-Identifier: Apache-2.0
"""Fixtures: servers that live as long as the run, and for each test its own bucket, topic and programs."""
import itertools
import re

import pytest

from support.programs import Service, Tool
from support.servers import Kafka, Minio

numbers = itertools.count(1)

collect_ignore_glob = ["cli/test_kafka_*.py"]  # unittest programs, which meson runs


@pytest.fixture
def name(request):
    """A name nobody else uses, fit for a bucket, a topic and a group."""
    plain = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).removeprefix("test-").strip("-")
    return f"{plain[:40].strip('-')}-{next(numbers)}"


@pytest.fixture(scope="session")
def kafka(tmp_path_factory):
    server = Kafka(tmp_path_factory.mktemp("kafka"))
    yield server.start()
    server.stop()


@pytest.fixture(scope="session")
def minio(tmp_path_factory):
    server = Minio(tmp_path_factory.mktemp("minio"))
    yield server.start()
    server.stop()


@pytest.fixture
def bucket(minio, name):
    yield minio.bucket(name)
    minio.drop(name)


@pytest.fixture
def topic(kafka, name):
    """A function that makes this test's topic with so many partitions."""
    return lambda partitions: kafka.topic(name, partitions)


@pytest.fixture
def tool(minio):
    """The table tool with MinIO's keys."""
    return Tool(minio.environment)


@pytest.fixture
def local_tool():
    return Tool()


@pytest.fixture
def service(kafka, minio, name, tmp_path):
    """A function that makes a service on this test's topic and table (names as `name`); all end with the test."""
    made = []

    def make(flags=(), **more):
        environment = minio.environment | {
            "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap, "KAFKA_TOPIC": name, "KAFKA_GROUP_ID": name,
            "DELTA_TABLE_PATH": f"s3://{name}/delta/events", "BATCH_SIZE": "100", "BATCH_TIMEOUT_SECONDS": "1"}
        made.append(Service(environment | more, tmp_path / f"service-{len(made) + 1}.log", flags))
        return made[-1]

    yield make
    for one in made:
        one.kill()
