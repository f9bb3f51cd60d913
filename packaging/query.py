#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Count the events of the table that the service writes, by type. Needs: pip install deltalake pandas

The defaults fit docker-compose.yml seen from the host; DELTA_TABLE_PATH and AWS_* change them.
"""
import os

from deltalake import DeltaTable

path = os.environ.get("DELTA_TABLE_PATH", "s3://analytics/delta/analytics-events")
storage_options = {
    "AWS_ENDPOINT_URL": os.environ.get("AWS_ENDPOINT_URL", "http://localhost:9000"),
    "AWS_ACCESS_KEY_ID": os.environ.get("AWS_ACCESS_KEY_ID", "minioadmin"),
    "AWS_SECRET_ACCESS_KEY": os.environ.get("AWS_SECRET_ACCESS_KEY", "minioadmin"),
    "AWS_REGION": os.environ.get("AWS_REGION", "us-east-1"),
    "AWS_ALLOW_HTTP": os.environ.get("AWS_ALLOW_HTTP", "true"),
}

table = DeltaTable(path, storage_options=storage_options)
frame = table.to_pandas()
print(f"{path}: version {table.version()}, {len(frame)} events")
print(frame.groupby("event_type").size())
