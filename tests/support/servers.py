# SPDX-License-Identifier: Apache-2.0
"""Real servers for tests: handles on tests/servers/kafka and tests/servers/minio."""
import os
import pathlib
import subprocess

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from support.paths import TESTS, fetched

KEYS = {"AWS_ACCESS_KEY_ID": "minioadmin", "AWS_SECRET_ACCESS_KEY": "minioadmin",
        "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true"}


class Server:
    """One server in a folder of its own; it ends with this process, however that ends."""
    name = None

    def __init__(self, folder):
        fetched(self.name)
        self.folder = str(folder)

    def run(self, verb, *args):
        command = [TESTS / "servers" / self.name, verb, self.folder, *map(str, args)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{self.name} {verb}: {done.stderr.strip()}")
        return done.stdout.strip()

    def stop(self):
        self.run("stop")

    def kill(self):
        self.run("kill")


class Minio(Server):
    name = "minio"

    def start(self, *args):
        self.url = self.run("start", "--owner", os.getpid(), *args)
        return self

    def bucket(self, name):
        self.run("bucket", name)
        return name

    def drop(self, name):
        self.run("drop", name)

    @property
    def environment(self):
        return KEYS | {"AWS_ENDPOINT_URL": self.url}


class Kafka(Server):
    name = "kafka"

    def start(self, *args):
        self.bootstrap = self.run("start", "--owner", os.getpid(), *args)
        return self

    def topic(self, name, partitions, **settings):
        """Settings have underscores for dots."""
        if not settings:
            self.run("topic", name, partitions)
            return name
        config = {key.replace("_", "."): str(value) for key, value in settings.items()}
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        admin.create_topics([NewTopic(name, partitions, 1, config=config)])[name].result(timeout=30)
        return name

    def grow(self, topic, partitions):
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        admin.create_partitions([NewPartitions(topic, partitions)])[topic].result(timeout=30)

    @property
    def sasl(self):
        return (pathlib.Path(self.folder) / "sasl_ssl").read_text().strip()

    @property
    def mtls(self):
        return (pathlib.Path(self.folder) / "mtls").read_text().strip()

    def tls(self, name):
        """A file of an authority, a certificate or a key; see tests/servers/kafka."""
        return f"{self.folder}/tls/{name}"

    def produce(self, topic, messages):
        """Writes (partition, key, value) in order; returns them as {(partition, offset): (key, value)}."""
        producer = Producer({"bootstrap.servers": self.bootstrap, "linger.ms": 20, "enable.idempotence": True,
                             "message.max.bytes": 30000000})
        written, failed = {}, []

        def delivered(error, message, key, value):
            if error:
                failed.append(str(error))
            else:
                written[message.partition(), message.offset()] = (key, value)

        for partition, key, value in messages:
            call = lambda e, m, key=key, value=value: delivered(e, m, key, value)
            while True:
                try:
                    producer.produce(topic, value, key, partition, on_delivery=call)
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
        producer.flush(60)
        assert not failed, failed[:3]
        return written

    def end_offsets(self, topic):
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "end-offsets"})
        try:
            partitions = consumer.list_topics(topic, timeout=20).topics[topic].partitions
            return {p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=20)[1] for p in partitions}
        finally:
            consumer.close()

    def group_offsets(self, group, topic, partitions):
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        asked = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, p) for p in range(partitions)])
        found = admin.list_consumer_group_offsets([asked])[group].result(timeout=20)
        return {p.partition: p.offset for p in found.topic_partitions}
