# SPDX-License-Identifier: Apache-2.0
"""The table as delta-rs sees it while a test waits for it."""
from deltalake import DeltaTable

from support.programs import until

REJECTED = {"topic": "string", "partition": "integer", "offset": "long", "timestamp": "timestamp", "key": "binary",
            "value": "binary", "error_code": "string", "error": "string"}


def open_table(uri, environment=None):
    """The table, or None while there is none."""
    options = dict(environment or {})
    return DeltaTable(uri, storage_options=options) if DeltaTable.is_deltatable(uri, options) else None


def row_count(uri, environment=None):
    table = open_table(uri, environment)
    return sum(table.get_add_actions(flatten=True)["num_records"].to_pylist()) if table else 0


def app_versions(uri, app_ids, environment=None):
    table = open_table(uri, environment)
    return {app: table.transaction_version(app) if table else None for app in app_ids}


def wait_rows(uri, count, seconds, environment=None, alive=lambda: True):
    """Waits till the table has so many rows; more are an error."""
    seen = 0

    def enough():
        nonlocal seen
        alive()
        seen = row_count(uri, environment)
        return seen >= count

    until(lambda: f"{count} rows in {uri}, which has {seen}", seconds, enough)
    assert seen == count


def wait_offsets(uri, ends, seconds, environment=None, alive=lambda: True):
    """Waits till the table's txn versions have reached {app id: next offset}."""
    seen = {}

    def reached():
        nonlocal seen
        alive()
        seen = app_versions(uri, ends, environment)
        return all((seen[app] or 0) >= end for app, end in ends.items())

    until(lambda: f"txn versions {ends} in {uri}, which has {seen}", seconds, reached)
    assert seen == ends
