# SPDX-License-Identifier: Apache-2.0
"""Each mistake gets one clear line, which names the object and the reason, and the right exit code."""
import json
import os
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from pyarrow import fs

RUNTIME, USAGE, CONFIGURATION = 1, 2, 78


def one_line(done, code, *words):
    """The tool failed with one line that has all the words."""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("deltawrite: ")
    for word in words:
        assert word.lower() in lines[0].lower(), f"no {word!r} in: {lines[0]}"
    assert "minioadmin" not in lines[0], "a secret in a message"
    assert done.returncode == code, f"exit {done.returncode}: {lines[0]}"
    assert done.stdout == ""


@pytest.fixture
def table(tmp_path):
    """A small table of delta-rs's with a checkpoint at version 3."""
    path = str(tmp_path / "table")
    for i in range(4):
        write_deltalake(path, pa.table({"a": [i], "b": [f"row {i}"]}), mode="append")
    DeltaTable(path).create_checkpoint()
    return path


def log_file(table, version, suffix="json"):
    return f"{table}/_delta_log/{version:020}.{suffix}"


# ------------------------------------------------------------------------------------------------- the table tool

def test_wrong_credentials(tool, bucket):
    done = tool.run("info", f"s3://{bucket}/table", AWS_SECRET_ACCESS_KEY="wrong")
    one_line(done, CONFIGURATION, f"s3://{bucket}/table", "SignatureDoesNotMatch")


def test_no_bucket(tool):
    one_line(tool.run("info", "s3://no-such-bucket-here/table"), RUNTIME, "no-such-bucket-here", "bucket")


def test_no_server(tool):
    done = tool.run("info", "s3://some-bucket/table", AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert done.returncode in (RUNTIME, 75)
    # Its attempts are told, as it takes half a minute until it gives up.
    last = done.stderr.splitlines()[-1]
    assert last.startswith("deltawrite: s3://some-bucket/table: ") and "127.0.0.1:1" in last and "connect" in last


def test_a_path_without_a_table(local_tool, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/some.txt").write_text("not a table")
    one_line(local_tool.run("info", tmp_path / "folder"), RUNTIME, str(tmp_path / "folder"), "not a Delta table")
    one_line(local_tool.run("cat", tmp_path / "missing"), RUNTIME, str(tmp_path / "missing"))
    (tmp_path / "folder/_delta_log").mkdir()
    one_line(local_tool.run("info", tmp_path / "folder"), RUNTIME, str(tmp_path / "folder"), "not a Delta table")


@pytest.mark.parametrize("protocol,named", [
    ({"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["timeTravelling"],
      "writerFeatures": ["timeTravelling"]}, "timeTravelling"),
    ({"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["ownInventions"]}, "ownInventions"),
    ({"minReaderVersion": 9, "minWriterVersion": 9}, "9"),
])
def test_an_unsupported_protocol_feature_is_named_before_anything_is_written(local_tool, table, protocol, named):
    with open(log_file(table, 4), "w") as f:
        f.write(json.dumps({"protocol": protocol}) + "\n")
    done = local_tool.run("import", table, "-", stdin='{"a":1}\n')
    one_line(done, RUNTIME, "table", named)
    assert DeltaTable.is_deltatable(table)
    assert not os.path.exists(log_file(table, 5))


@pytest.mark.parametrize("how", ["cut", "garbage", "empty", "not a checkpoint"])
def test_a_broken_checkpoint(local_tool, table, how):
    path = log_file(table, 3, "checkpoint.parquet")
    with open(path, "rb") as f:
        whole = f.read()
    for version in range(3):  # so that the checkpoint is the only way
        os.remove(log_file(table, version))
    if how == "not a checkpoint":
        pq.write_table(pa.table({"x": [1]}), path)
    else:
        with open(path, "wb") as f:
            f.write({"cut": whole[:len(whole) // 2], "garbage": whole[:200] + bytes(range(256)) + whole[456:],
                     "empty": b""}[how])
    for verb in ("info", "cat"):
        one_line(local_tool.run(verb, table), RUNTIME, "00000000000000000003.checkpoint.parquet")


def test_a_broken_commit(local_tool, table):
    with open(log_file(table, 4), "w") as f:
        f.write('{"add":{"path":"x.parquet",\n')
    one_line(local_tool.run("info", table), RUNTIME, "00000000000000000004.json")


def test_a_missing_data_file(local_tool, table):
    path = DeltaTable(table).file_uris()[0].removeprefix("file://")
    shutil.move(path, path + ".gone")
    done = local_tool.run("cat", table)
    assert done.returncode == RUNTIME
    assert path.rsplit("/", 1)[-1] in done.stderr.splitlines()[-1]
    assert len(done.stderr.splitlines()) == 1


def test_bad_rows_of_an_import_change_nothing(local_tool, table):
    done = local_tool.run("import", table, "-", stdin='{"a":1}\n{"a":"x"}\n')
    one_line(done, RUNTIME, "a", "number")
    assert DeltaTable(table).version() == 3


@pytest.mark.parametrize("args", [["no-such-verb"], ["cat"], ["info", "a", "b", "c"], ["cat", "t", "--no-such-flag"],
                                  ["cat", "t", "--version", "x"]])
def test_usage(local_tool, args):
    done = local_tool.run(*args)
    assert done.returncode == USAGE
    assert done.stderr.startswith("deltawrite")
    assert len(done.stderr.splitlines()) == 1


# ---------------------------------------------------------------------------------------------------- the service

def ended(service, code, *words, seconds=30):
    assert service.wait_exit(seconds) == code, service.log_end()
    errors = [line for line in service.log().splitlines()
              if line.startswith("deltawrite-kafka: ") or '"level":"error"' in line]
    assert len(errors) == 1, service.log_end()
    for word in words:
        assert word.lower() in errors[0].lower(), f"no {word!r} in: {errors[0]}"


@pytest.mark.parametrize("variable,value", [
    ("BATCH_SIZE", "many"), ("BATCH_SIZE", "0"), ("BATCH_SIZE", "-5"), ("BATCH_SIZE", "10k"), ("BATCH_SIZE", "1" * 30),
    ("BATCH_TIMEOUT_SECONDS", "soon"), ("BATCH_TIMEOUT_SECONDS", "-1"), ("AWS_ALLOW_HTTP", "perhaps"),
    ("AWS_ENDPOINT_URL", "minio:9000"), ("DELTA_TABLE_PATH", "gopher://x/y"), ("DELTA_TABLE_PATH", "s3://"),
    ("KAFKA_TOPIC", ""), ("KAFKA_BOOTSTRAP_SERVERS", ""), ("KAFKA_GROUP_ID", ""),
])
def test_a_malformed_environment_value(service, variable, value):
    one = service(**{variable: value}).start()
    ended(one, CONFIGURATION, variable)
    assert len(one.log().splitlines()) == 1


def test_http_without_permission_is_refused(service):
    one = service(AWS_ALLOW_HTTP="false").start()
    ended(one, CONFIGURATION, "AWS_ALLOW_HTTP")


def test_the_service_names_wrong_credentials(service, bucket, topic, name):
    topic(1)
    one = service(AWS_SECRET_ACCESS_KEY="wrong").start()
    ended(one, CONFIGURATION, name, "SignatureDoesNotMatch")


def test_the_service_refuses_a_table_of_an_unsupported_protocol(service, minio, bucket, topic, name):
    topic(1)
    uri = f"s3://{name}/delta/events"
    write_deltalake(uri, pa.table({"device_id": ["x"]}), storage_options=minio.environment,
                    configuration={"delta.enableChangeDataFeed": "true"})
    store = fs.S3FileSystem(access_key="minioadmin", secret_key="minioadmin", scheme="http",
                            endpoint_override=minio.url.removeprefix("http://"))
    with store.open_output_stream(f"{name}/delta/events/_delta_log/{1:020}.json") as f:
        f.write(b'{"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["ownInventions"]}}\n')
    one = service().start()
    ended(one, CONFIGURATION, "ownInventions", "delta/events")
