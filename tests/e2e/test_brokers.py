# SPDX-License-Identifier: Apache-2.0
"""deltawrite-kafka and what brokers do: secure listeners, groups, restarts, transactions, compaction, large records.

One broker for the module, tables on the local disk. DELTAWRITE_LONG=1: more rounds of what is left to chance."""
import base64
import http.server
import json
import os
import random
import signal
import subprocess
import threading
import time
import urllib.parse

import pytest
from confluent_kafka import Producer

from support.paths import ROOT
from support.programs import Service, Tool, until
from support.servers import Kafka

LONG = os.environ.get("DELTAWRITE_LONG") == "1"
ENCODE = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    server = Kafka(tmp_path_factory.mktemp("brokers"))
    yield server.start("--secure", "log.cleaner.backoff.ms=200", "log.cleaner.min.compaction.lag.ms=0")
    server.stop()


@pytest.fixture
def table(tmp_path):
    return str(tmp_path / "table")


@pytest.fixture
def make(broker, name, table, tmp_path):
    """A function that makes a service on the topic `name`."""
    made = []

    def one(**more):
        environment = {"KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap, "KAFKA_TOPIC": name, "KAFKA_GROUP_ID": name,
                       "DELTA_TABLE_PATH": table, "BATCH_SIZE": "1000", "BATCH_TIMEOUT_SECONDS": "1",
                       "KAFKA_CONF_SESSION_TIMEOUT_MS": "4000", "KAFKA_CONF_HEARTBEAT_INTERVAL_MS": "300"}
        made.append(Service(environment | more, tmp_path / f"service-{len(made) + 1}.log"))
        return made[-1]

    yield one
    for service in made:
        service.kill()


def events(count, start=0, partitions=1):
    return [(i % partitions, b"k%d" % i, ENCODE({"device_id": str(i), "interaction_value": i}).encode())
            for i in range(start, start + count)]


def ids(table):
    return sorted((int(r["device_id"]) for r in Tool().rows(table)))


def wait_ids(table, want, services, seconds=40):
    """Waits till so many rows are there, then compares them all: each once."""
    def there():
        for one in services:
            one.alive()
        return committed_rows(table) >= len(want)

    until(lambda: f"{len(want)} rows in {table}:\n" + services[0].log_end(), seconds, there)
    assert ids(table) == sorted(want)


def committed_rows(table):
    done = Tool().run("files", table, "--json")
    if done.returncode != 0:
        return -1
    return sum(f["numRecords"] for f in json.loads(done.stdout))


def at_end(broker, group, topic, partitions):
    """Lag tools show 0."""
    return broker.group_offsets(group, topic, partitions) == broker.end_offsets(topic)


def run_to_end(service, want_code=0, **more):
    service.start("--until-end", **more)
    assert service.wait_exit(40) == want_code, service.log_end()


# ------------------------------------------------------------------------------------------------ secure listeners

def sasl(broker, mechanism, **more):
    return {"KAFKA_BOOTSTRAP_SERVERS": broker.sasl, "KAFKA_CONF_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_CONF_SASL_MECHANISM": mechanism, "KAFKA_CONF_SASL_USERNAME": "writer",
            "KAFKA_CONF_SASL_PASSWORD": "secret", "KAFKA_CONF_SSL_CA_LOCATION": broker.tls("ca.pem")} | more


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_sasl_ssl_with_an_authority_of_one_s_own(broker, name, make, table, mechanism):
    broker.produce(broker.topic(name, 2), events(50, partitions=2))
    run_to_end(make(**sasl(broker, mechanism)))
    assert ids(table) == list(range(50))


def test_oauthbearer(broker, name, make, table):
    broker.produce(broker.topic(name, 1), events(10))
    settings = sasl(broker, "OAUTHBEARER", KAFKA_CONF_ENABLE_SASL_OAUTHBEARER_UNSECURE_JWT="true",
                    KAFKA_CONF_SASL_OAUTHBEARER_CONFIG="principal=writer")
    del settings["KAFKA_CONF_SASL_USERNAME"], settings["KAFKA_CONF_SASL_PASSWORD"]
    run_to_end(make(**settings))
    assert ids(table) == list(range(10))


class Provider(http.server.ThreadingHTTPServer):
    """An OpenID provider's token endpoint: tokens without a signature, of `life` seconds, after `failures`."""

    def __init__(self, life=300, failures=()):
        super().__init__(("127.0.0.1", 0), ProviderAnswer)
        self.life, self.failures, self.asked = life, list(failures), []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/token"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class ProviderAnswer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.asked.append((self.headers["Authorization"], form))
        status, answer = 200, {}
        if self.server.failures:
            status, answer = self.server.failures.pop(0)
        else:
            now = time.time()
            parts = [{"alg": "none"}, {"sub": "writer", "iat": now - 1, "exp": now + self.server.life}]
            token = ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts) + "."
            answer = {"access_token": token, "token_type": "bearer", "expires_in": self.server.life}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def provider():
    made = []
    yield lambda **more: made.append(Provider(**more)) or made[-1]
    for one in made:
        one.shutdown()


def oidc(broker, provider, tmp_path):
    """A configuration file, as such settings mostly come by one."""
    path = tmp_path / "config.yaml"
    path.write_text(f"""
kafka:
  brokers: {broker.sasl}
  security:
    protocol: SASL_SSL
    mechanism: OAUTHBEARER
    ca_file: {broker.tls("ca.pem")}
    oauth: {{token_url: "{provider.url}", client_id: "our name", client_secret: "s:e/c&r=et", scope: "kafka write"}}
""")
    return {"DELTAWRITE_CONFIG": path}


def test_tokens_of_an_openid_provider(broker, name, make, table, provider, tmp_path):
    topic = broker.topic(name, 1)
    one_provider = provider(life=3, failures=[(503, {})])
    settings = oidc(broker, one_provider, tmp_path)
    one = make(**settings)
    del one.environment["KAFKA_BOOTSTRAP_SERVERS"]
    one.start()
    broker.produce(topic, events(10))
    wait_ids(table, range(10), [one])
    until("tokens are renewed before their end", 20, lambda: len(one_provider.asked) >= 3)
    broker.produce(topic, events(10, 10))
    wait_ids(table, range(20), [one])
    authorization, form = one_provider.asked[0]
    assert base64.b64decode(authorization.removeprefix("Basic ")) == b"our%20name:s%3Ae%2Fc%26r%3Det"
    assert form == {"grant_type": ["client_credentials"], "scope": ["kafka write"]}
    assert one.terminate()[0] == 0, one.log_end()
    assert "s:e/c&r=et" not in one.log()


def test_what_a_provider_refuses_ends_the_start(broker, name, make, provider, tmp_path):
    broker.topic(name, 1)
    refusal = (401, {"error": "invalid_client", "error_description": "who is that?"})
    one = make(**oidc(broker, provider(failures=[refusal] * 50), tmp_path))
    del one.environment["KAFKA_BOOTSTRAP_SERVERS"]
    assert one.start().wait_exit(30) == 78, one.log_end()
    assert "invalid_client: who is that?" in one.log().splitlines()[-1]


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_a_wrong_password_ends_the_start(broker, name, make, mechanism):
    broker.topic(name, 1)
    one = make(**sasl(broker, mechanism, KAFKA_CONF_SASL_PASSWORD="wrong")).start()
    assert one.wait_exit(30) == 78, one.log_end()
    last = one.log().splitlines()[-1]
    assert broker.sasl in last and "uthentication" in last and "wrong" not in last


@pytest.mark.parametrize("key,password", [("client.key", None), ("client-encrypted.key", "secret")])
def test_a_client_certificate_is_enough(broker, name, make, table, key, password):
    broker.produce(broker.topic(name, 1), events(10))
    settings = {"KAFKA_BOOTSTRAP_SERVERS": broker.mtls, "KAFKA_CONF_SECURITY_PROTOCOL": "SSL",
                "KAFKA_CONF_SSL_CA_LOCATION": broker.tls("ca.pem"), "KAFKA_CONF_SSL_KEY_LOCATION": broker.tls(key),
                "KAFKA_CONF_SSL_CERTIFICATE_LOCATION": broker.tls("client.pem")}
    if password:
        settings["KAFKA_CONF_SSL_KEY_PASSWORD"] = password
    run_to_end(make(**settings))
    assert ids(table) == list(range(10))


def test_a_broker_that_no_trusted_authority_vouches_for_is_told(broker, name, make):
    broker.topic(name, 1)
    one = make(**sasl(broker, "PLAIN", KAFKA_CONF_SSL_CA_LOCATION=broker.tls("other-ca.pem"))).start()
    one.wait_log("certificate", 20)


# ------------------------------------------------------------------------------------------------ groups, restarts

def members(services):
    """Partitions that each instance has, by its own log."""
    found = []
    for one in services:
        held = set()
        for event in one.events():
            offsets = set(event.get("offsets") or {})
            if event["msg"] == "partitions assigned":
                held |= offsets
            elif event["msg"] in ("partitions revoked", "partitions lost"):
                held -= offsets
        found.append(held)
    return found


def test_a_group_grows_to_four_and_shrinks_and_each_record_is_there_once(broker, name, make, table):
    topic, made, services = broker.topic(name, 8), 0, []

    def produce(count):
        nonlocal made
        broker.produce(topic, events(count, made, 8))
        made += count

    for number in range(1, 5):
        services.append(make().start())
        produce(200)
        until(lambda: f"8 partitions among {number}: {members(services)}\n" + services[-1].log_end(), 30,
              lambda: all(m for m in members(services)) and sum(map(len, members(services))) == 8)
        produce(200)
    wait_ids(table, range(made), services)
    services[1].kill()  # its partitions are taken over when its session has timed out
    produce(400)
    code, _ = services[0].terminate(25)
    assert code == 0, services[0].log_end()
    produce(400)
    wait_ids(table, range(made), services[2:])
    until(lambda: f"offsets {broker.group_offsets(name, topic, 8)} at {broker.end_offsets(topic)}", 10,
          lambda: at_end(broker, name, topic, 8))


def test_a_broker_that_is_restarted_is_waited_for(broker, name, make, table):
    topic = broker.topic(name, 2)
    one = make().start()
    broker.produce(topic, events(100, 0, 2))
    wait_ids(table, range(100), [one])
    broker.kill()
    time.sleep(3)
    one.alive()
    assert len([e for e in one.events() if e["level"] in ("warn", "error")]) < 15, "told, not flooded"
    broker.start("--secure")
    broker.produce(topic, events(100, 100, 2))
    wait_ids(table, range(200), [one], 60)


def test_partitions_that_a_topic_gets_are_read_from_their_beginning(broker, name, make, table):
    topic = broker.topic(name, 1)
    one = make(KAFKA_CONF_TOPIC_METADATA_REFRESH_INTERVAL_MS=1000).start()
    broker.produce(topic, events(10))
    wait_ids(table, range(10), [one])
    broker.grow(topic, 3)
    broker.produce(topic, events(30, 10, 3))
    wait_ids(table, range(40), [one])


# ------------------------------------------------------------------------------------------------ topics and records

def test_a_record_of_20_mb(broker, name, make, table):
    topic = broker.topic(name, 1, max_message_bytes=30000000)
    text = "".join(random.Random(7).choices("abcdefghijklmnopqrstuvwxyz äöü€", k=1 << 20)) * 18
    large = ENCODE({"device_id": "0", "metadata": text}).encode()
    assert len(large) > 20_000_000
    broker.produce(topic, [(0, None, large)] + events(10, 1))
    one = make()
    run_to_end(one)
    rows = {int(r["device_id"]): r for r in Tool().rows(table)}
    assert sorted(rows) == list(range(11))
    assert rows[0]["metadata"] == text
    assert one.peak_rss_kb < 400_000, one.peak_rss_kb


def test_empty_topics_are_done_at_once_and_waited_on(broker, name, make, table):
    topic = broker.topic(name, 3)
    one = make()
    run_to_end(one)
    assert ids(table) == []
    one.start()
    broker.produce(topic, [(2, None, b'{"device_id":"7"}')])
    wait_ids(table, [7], [one])


def test_a_compacted_topic_has_gaps_that_are_no_losses(broker, name, make, table):
    topic = broker.topic(name, 1, cleanup_policy="compact", segment_ms=100, min_cleanable_dirty_ratio=0.01,
                         segment_bytes=20000)
    records = [(0, b"key %d" % (i % 5), ENCODE({"device_id": str(i)}).encode()) for i in range(400)]
    broker.produce(topic, records[:200])
    one = make(BATCH_SIZE=7)
    run_to_end(one)  # it stands somewhere in what is compacted afterwards
    time.sleep(0.3)  # another segment begins
    broker.produce(topic, records[200:])
    before = ids(table)
    assert before == list(range(200))
    time.sleep(3)
    run_to_end(one)
    found = ids(table)
    assert found[:200] == before and set(found) >= set(range(395, 400)) and len(set(found)) == len(found)
    assert at_end(broker, name, topic, 1)


def transactions(broker, topic, partitions, parts):
    """`parts`: (ids, commit?); each a transaction over all partitions."""
    producer = Producer({"bootstrap.servers": broker.bootstrap, "transactional.id": topic, "linger.ms": 5})
    producer.init_transactions(30)
    for numbers, commit in parts:
        producer.begin_transaction()
        for i in numbers:
            producer.produce(topic, ENCODE({"device_id": str(i)}).encode(), partition=i % partitions)
        producer.flush(30)
        producer.commit_transaction(30) if commit else producer.abort_transaction(30)


def test_aborted_records_are_not_seen_and_lag_is_0_behind_control_records(broker, name, make, table):
    topic = broker.topic(name, 2)
    transactions(broker, topic, 2, [(range(0, 50), True), (range(50, 100), False), (range(100, 150), True),
                                    (range(150, 200), False)])
    wanted = list(range(50)) + list(range(100, 150))
    one = make(BATCH_SIZE=30)
    run_to_end(one)
    assert ids(table) == wanted
    assert at_end(broker, name, topic, 2), (broker.group_offsets(name, topic, 2), broker.end_offsets(topic))
    one.start()  # goes on over the control records, without taking their offsets for lost records
    transactions(broker, topic, 2, [(range(200, 230), True), (range(230, 260), False)])
    wait_ids(table, wanted + list(range(200, 230)), [one])
    until("lag is 0", 10, lambda: at_end(broker, name, topic, 2))
    assert one.terminate()[0] == 0, one.log_end()


def test_an_open_transaction_is_waited_for(broker, name, make, table):
    topic = broker.topic(name, 1)
    broker.produce(topic, events(5))
    producer = Producer({"bootstrap.servers": broker.bootstrap, "transactional.id": topic, "linger.ms": 5})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topic, b'{"device_id":"5"}', partition=0)
    producer.flush(30)
    broker.produce(topic, events(5, 6))
    one = make().start()
    wait_ids(table, range(5), [one])
    time.sleep(1)
    assert ids(table) == list(range(5)), "records behind the open transaction are not to be read"
    producer.commit_transaction(30)
    wait_ids(table, range(11), [one])


# ------------------------------------------------------------------------------------------------ chance

@pytest.mark.skipif(not LONG, reason="long: DELTAWRITE_LONG=1")
def test_instances_and_the_broker_come_and_go_at_random(broker, name, make, table):
    seed = int(os.environ.get("DELTAWRITE_SEED", time.time()))
    print("seed", seed)
    chance, topic, made = random.Random(seed), broker.topic(name, 8), 0
    services = [make() for _ in range(4)]
    services[0].start()
    for _ in range(60):
        broker.produce(topic, events(chance.randrange(300), made, 8))
        made = max(made, sum(broker.end_offsets(topic).values()))
        one = chance.choice(services)
        if not one.running():
            one.start()
        elif chance.random() < 0.4:
            one.kill()
        elif chance.random() < 0.3:
            one.process.send_signal(signal.SIGSTOP)
            time.sleep(chance.random() * 12)
            one.process.send_signal(signal.SIGCONT)
        elif chance.random() < 0.2:
            broker.kill()
            time.sleep(chance.random() * 5)
            broker.start("--secure")
        time.sleep(chance.random() * 3)
    for one in services:
        if not one.running():
            one.start()
    wait_ids(table, range(made), services, 120)


@pytest.mark.skipif(not LONG, reason="long: DELTAWRITE_LONG=1")
def test_one_of_three_brokers_goes_and_comes_back(name, make, table, tmp_path):
    """The one that goes leads partitions, and may be the group's coordinator."""
    three = Kafka(tmp_path / "three").start("--brokers", 3)
    try:
        topic = three.topic(name, 6)
        services = [make(KAFKA_BOOTSTRAP_SERVERS=three.bootstrap).start() for _ in range(2)]
        three.produce(topic, events(300, 0, 6))
        wait_ids(table, range(300), services)
        for start, number in ((300, 2), (900, 3)):
            subprocess.run([ROOT / "tests/servers/kafka", "kill-one", three.folder, str(number)], check=True)
            three.produce(topic, events(300, start, 6))
            wait_ids(table, range(start + 300), services, 60)
            three.start("--brokers", 3)
            three.produce(topic, events(300, start + 300, 6))
            wait_ids(table, range(start + 600), services, 60)
        until("lag is 0", 30, lambda: at_end(three, name, topic, 6))
    finally:
        three.stop()
