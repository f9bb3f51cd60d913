# SPDX-License-Identifier: Apache-2.0
"""Checksum files of ours as Spark verifies them, and logs that were cleaned up by us or by Spark as others read them."""
import json
import os
import shutil
import subprocess
import sys
import time

import pytest
from pyarrow import fs

from support import judges
from support.paths import TESTS, clean_environment, fetched
from support.programs import Tool

V2_READERS = "deltalake", "duckdb", "spark"
DAY = 86400


class Spark:
    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, TESTS / "judges/spark_log.py", "--jars", fetched("spark")], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=clean_environment())

    def __call__(self, **order):
        print(json.dumps(order), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer

    def sql(self, text):
        return self(do="sql", text=text)["rows"]

    def verify(self, table):
        return self(do="verify", table=str(table))


@pytest.fixture(scope="module")
def spark():
    one = Spark()
    yield one
    one.process.stdin.close()
    one.process.wait()


@pytest.mark.parametrize("properties", [
    {}, {"delta.checkpointPolicy": "v2", "delta.enableInCommitTimestamps": "true", "delta.enableRowTracking": "true",
         "delta.enableDeletionVectors": "true"},
], ids=lambda p: "features" if p else "plain")
def test_spark_verifies_our_checksum_files_and_goes_on_from_them(spark, tmp_path, properties):
    table, tool = tmp_path / "table", Tool()
    given = ", ".join(f"'{k}' = '{v}'" for k, v in properties.items())
    spark.sql(f"CREATE TABLE delta.`{table}` (id BIGINT, name STRING) USING delta"
              + (f" TBLPROPERTIES ({given})" if given else ""))
    spark.sql(f"INSERT INTO delta.`{table}` SELECT id, CAST(id AS STRING) FROM range(100)")
    spark.sql(f"DELETE FROM delta.`{table}` WHERE id = 7")
    for n in range(2):
        tool("import", table, "-", "--app-id", "app", "--app-version", str(n), stdin='{"id":1000}\n{"id":1001}\n')
        found = spark.verify(table)
        assert found["checksum"] and found["right"], found
    spark.sql(f"INSERT INTO delta.`{table}` VALUES (1, 'x')")
    tool("import", table, "-", stdin='{"id":1002}\n')
    found = spark.verify(table)
    assert found["checksum"] and found["right"], found
    for f in (table / "_delta_log").glob("*.checkpoint*"):
        f.unlink()
    assert tool.json("info", table)["txns"] == {"app": 1}
    assert tool.json("info", table)["numFiles"] == found["files"]


def age(table, days):
    """Version n of the log was made `days` - n days ago."""
    for file in (table / "_delta_log").rglob("*"):
        if file.is_file():
            version = int(file.name[:20]) if file.name[:20].isdigit() else 0
            at = time.time() - (days - version) * DAY
            os.utime(file, (at, at))


def our_table(path, tool, tmp_path, **properties):
    properties |= {"delta.checkpointInterval": "5", "delta.logRetentionDuration": "interval 10 days"}
    tool.create(path, [("id", "long")], *(a for k, v in properties.items() for a in ("--property", f"{k}={v}")),
                folder=tmp_path)
    for n in range(24):
        tool("import", path, "-", stdin=f'{{"id":{n}}}\n')


@pytest.mark.parametrize("policy", ["classic", "v2"])
def test_a_log_that_we_cleaned_is_read_and_continued_by_others(spark, tmp_path, policy):
    table, tool = tmp_path / "table", Tool()
    our_table(table, tool, tmp_path, **{"delta.checkpointPolicy": policy})
    log = table / "_delta_log"
    age(table, 25)
    before = judges.read("deltalake", table)
    would = tool.json("clean", table, "--dry-run")
    assert would["beforeVersion"] == 10 and would["commits"] == 10 and would["checkpoints"] == 1
    assert sorted(f.name for f in log.glob("*.json"))[0] == f"{0:020}.json"
    done = tool.json("clean", table)
    assert done | {"dryRun": True} == would
    assert not [f.name for f in log.iterdir() if f.name[:20].isdigit() and int(f.name[:20]) < 10]
    assert judges.agree(table, V2_READERS)["rows_hash"] == before["rows_hash"]
    spark.sql(f"INSERT INTO delta.`{table}` VALUES (100)")
    tool("import", table, "-", stdin='{"id":101}\n')
    assert judges.agree(table, V2_READERS)["num_rows"] == 26
    assert judges.read("deltalake", table, version=16)["num_rows"] == 16


def test_sparks_clean_up_keeps_the_sidecars_that_our_checkpoints_share(spark, tmp_path):
    table, tool = tmp_path / "table", Tool()
    our_table(table, tool, tmp_path, **{"delta.checkpointPolicy": "v2"})
    age(table, 25)
    tool("import", table, "-", stdin='{"id":24}\n')  # the 25th: a checkpoint that names older sidecars again
    sidecars = set((table / "_delta_log/_sidecars").iterdir())
    assert len(sidecars) > 1
    shutil.copytree(table, tmp_path / "copy")
    spark.sql(f"INSERT INTO delta.`{table}` VALUES (100)")
    spark(do="checkpoint", table=str(table))
    assert not (table / "_delta_log" / f"{3:020}.json").exists(), "Spark did not clean up"
    for version in (16, 20, 25):
        assert judges.read("deltalake", table, version=version)["num_rows"] == version
    assert judges.agree(table, V2_READERS)["num_rows"] == 26


def test_a_log_on_s3_is_cleaned_by_the_times_within_its_commits(minio, bucket, name, tool, tmp_path):
    """All objects are new there; what the commits say of their time counts."""
    table, local = tmp_path / "table", Tool()
    our_table(table, local, tmp_path, **{"delta.enableInCommitTimestamps": "true", "delta.checkpointPolicy": "v2"})
    for file in (table / "_delta_log").glob("?" * 20 + ".json"):
        lines = file.read_text().splitlines()
        info = json.loads(lines[0])
        info["commitInfo"]["inCommitTimestamp"] -= (25 - int(file.name[:20])) * DAY * 1000
        file.write_text("\n".join([json.dumps(info)] + lines[1:]) + "\n")
    s3 = fs.S3FileSystem(access_key=minio.environment["AWS_ACCESS_KEY_ID"], region="us-east-1",
                         secret_key=minio.environment["AWS_SECRET_ACCESS_KEY"],
                         endpoint_override=minio.environment["AWS_ENDPOINT_URL"])
    fs.copy_files(str(table), f"{name}/table", destination_filesystem=s3)
    uri = f"s3://{name}/table"
    before = judges.read("deltalake", uri, minio.environment)
    done = tool.json("clean", uri)
    assert (done["beforeVersion"], done["commits"]) == (10, 10)
    left = {f.base_name for f in s3.get_file_info(fs.FileSelector(f"{name}/table/_delta_log"))}
    assert f"{9:020}.json" not in left and f"{10:020}.json" in left
    assert judges.read("deltalake", uri, minio.environment)["rows_hash"] == before["rows_hash"]
    tool("import", uri, "-", stdin='{"id":100}\n')
    assert judges.read("deltalake", uri, minio.environment)["num_rows"] == 25
