# SPDX-License-Identifier: Apache-2.0
"""What the other tests rely on: the servers behave as object stores and brokers of production do."""
import hashlib
import subprocess

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pyarrow import fs

from support import judges
from support.servers import Minio


def test_minio_refuses_a_second_put_if_absent(minio, bucket):
    body = "once"
    command = ["curl", "-s", "--noproxy", "*", "-o", "/dev/null", "-w", "%{http_code}", "-X", "PUT",
               "-H", "If-None-Match: *", "-H", "content-type: text/plain", "--data-binary", body,
               "-H", f"x-amz-content-sha256: {hashlib.sha256(body.encode()).hexdigest()}",
               "--user", "minioadmin:minioadmin", "--aws-sigv4", "aws:amz:us-east-1:s3", f"{minio.url}/{bucket}/key"]
    answers = [subprocess.run(command, capture_output=True, text=True).stdout for _ in range(2)]
    assert answers == ["200", "412"]


def test_minio_keeps_its_data_over_a_kill(tmp_path, name):
    server = Minio(tmp_path).start()
    server.bucket(name)
    url = server.url
    server.kill()
    server.start()
    try:
        assert server.url == url
        store = fs.S3FileSystem(access_key="minioadmin", secret_key="minioadmin", scheme="http",
                                endpoint_override=server.url.removeprefix("http://"))
        assert store.get_file_info(name).type == fs.FileType.Directory
    finally:
        server.stop()


def test_kafka_gives_each_partition_consecutive_offsets(kafka, topic):
    made = topic(2)
    written = kafka.produce(made, [(i % 2, None, b"%d" % i) for i in range(100)])
    assert sorted(written) == [(p, o) for p in range(2) for o in range(50)]
    assert all(int(value) == 2 * offset + partition for (partition, offset), (_, value) in written.items())
    assert kafka.end_offsets(made) == {0: 50, 1: 50}


@pytest.mark.parametrize("where", ["local", "s3"])
def test_judges_agree_on_a_table_of_delta_rs_and_see_a_difference(where, minio, bucket, tmp_path):
    uris = [f"s3://{bucket}/{n}" if where == "s3" else str(tmp_path / n) for n in "ab"]
    for uri, last in zip(uris, (3, 4)):
        write_deltalake(uri, pa.table({"a": [1, 2, last], "b": ["x", None, "z"]}), storage_options=minio.environment)
    found = judges.agree(uris, judges.QUICK, minio.environment)
    assert [s["num_rows"] for s in found] == [3, 3]
    assert "column a" in "".join(judges.differences(*found))
