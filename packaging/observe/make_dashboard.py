#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints grafana/dashboards/deltawrite.json, the dashboard: make_dashboard.py > grafana/dashboards/deltawrite.json"""
import json

IN = '{job=~"$job", instance=~"$instance"}'


def within(more):
    return IN[:-1] + ", " + more + "}"


# (row, [(title, unit, [(expression, legend)])]); three panels beside each other.
ROWS = [
    ("Lag and delay", [
        ("Records not committed", "short", [(f"sum by (topic) (deltawrite_committed_lag{IN})", "{{topic}}")]),
        ("Records not read", "short", [(f"sum by (topic) (deltawrite_consumer_lag{IN})", "{{topic}}")]),
        ("Age of the newest committed record", "s", [(f"max by (table) (deltawrite_data_delay_seconds{IN})", "{{table}}")]),
    ]),
    ("Throughput", [
        ("Records", "cps", [(f"sum by (topic) (rate(deltawrite_records_consumed_total{IN}[$__rate_interval]))", "read {{topic}}"),
                            (f"sum by (table) (rate(deltawrite_records_written_total{IN}[$__rate_interval]))", "written {{table}}")]),
        ("Bytes read", "Bps", [(f"sum by (topic) (rate(deltawrite_bytes_consumed_total{IN}[$__rate_interval]))", "{{topic}}")]),
        ("Partitions", "short", [(f"sum by (instance) (deltawrite_partitions_assigned{IN})", "{{instance}}"),
                                 (f"sum by (instance) (deltawrite_partitions_paused{IN})", "paused {{instance}}")]),
    ]),
    ("Commits", [
        ("Time of a commit", "s", [
            (f"histogram_quantile({q}, sum by (le) (rate(deltawrite_commit_duration_seconds_bucket{IN}[$__rate_interval])))", name)
            for q, name in ((0.5, "median"), (0.95, "95 %"), (0.99, "99 %"))]),
        ("Commits by result", "cps", [(f"sum by (result) (rate(deltawrite_commits_total{IN}[$__rate_interval]))", "{{result}}"),
                                      (f"sum(rate(deltawrite_commit_conflicts_total{IN}[$__rate_interval]))", "others came before"),
                                      (f"sum(rate(deltawrite_commit_retries_total{IN}[$__rate_interval]))", "tried again")]),
        ("Since the last commit", "s", [(f"time() - max by (table) (deltawrite_last_commit_timestamp_seconds{IN})", "{{table}}")]),
    ]),
    ("Batches and files", [
        ("What closed batches", "cps", [(f"sum by (reason) (rate(deltawrite_flush_total{IN}[$__rate_interval]))", "{{reason}}")]),
        ("Rows of a commit", "short", [
            (f"histogram_quantile(0.5, sum by (le) (rate(deltawrite_batch_rows_bucket{IN}[$__rate_interval])))", "median"),
            (f"sum(rate(deltawrite_batch_rows_sum{IN}[$__rate_interval])) / sum(rate(deltawrite_batch_rows_count{IN}[$__rate_interval]))", "mean")]),
        ("Size of a file", "bytes", [
            (f"histogram_quantile(0.5, sum by (le) (rate(deltawrite_file_size_bytes_bucket{IN}[$__rate_interval])))", "median"),
            (f"sum(rate(deltawrite_file_size_bytes_sum{IN}[$__rate_interval])) / sum(rate(deltawrite_file_size_bytes_count{IN}[$__rate_interval]))", "mean")]),
    ]),
    ("Rejected records", [
        ("By reason", "cps", [(f"sum by (table, stage, reason) (rate(deltawrite_records_rejected_total{IN}[$__rate_interval]))",
                               "{{table}} {{stage}} {{reason}}"),
                              (f"sum by (topic) (rate(deltawrite_records_lost_total{IN}[$__rate_interval]))", "lost {{topic}}")]),
        ("Kept as dead letters", "cps", [(f"sum by (sink) (rate(deltawrite_dlq_records_total{IN}[$__rate_interval]))", "{{sink}}")]),
        ("Changes of schemas", "short", [(f"sum by (table, kind) (increase(deltawrite_schema_changes_total{IN}[$__rate_interval]))",
                                          "{{table}} {{kind}}")]),
    ]),
    ("Memory and process", [
        ("Buffers", "bytes", [(f"sum by (instance) (deltawrite_buffer_bytes{IN})", "{{instance}}"),
                              (f"sum by (instance) (deltawrite_memory_limit_bytes{IN})", "budget {{instance}}")]),
        ("Resident memory", "bytes", [(f"process_resident_memory_bytes{IN}", "{{instance}}")]),
        ("CPU", "percentunit", [(f"rate(process_cpu_seconds_total{IN}[$__rate_interval])", "{{instance}}")]),
    ]),
    ("Object store", [
        ("Requests", "reqps", [(f"sum by (op) (rate(deltawrite_storage_requests_total{IN}[$__rate_interval]))", "{{op}}")]),
        ("Errors", "reqps", [
            ("sum by (op, code) (rate(deltawrite_storage_requests_total"
             + within('code!~"ok|not_found|exists"') + "[$__rate_interval]))", "{{op}} {{code}}")]),
        ("Time of a request, 95 %", "s", [
            (f"histogram_quantile(0.95, sum by (le, op) (rate(deltawrite_storage_request_duration_seconds_bucket{IN}[$__rate_interval])))", "{{op}}")]),
    ]),
    ("Tables", [
        ("Version", "short", [(f"max by (table) (deltawrite_table_version{IN})", "{{table}}")]),
        ("Versions since the checkpoint", "short", [(f"max by (table) (deltawrite_log_entries_since_checkpoint{IN})", "{{table}}")]),
        ("Maintenance", "short", [
            (f"sum by (table, result) (increase(deltawrite_compaction_runs_total{IN}[$__rate_interval]))", "compaction {{table}} {{result}}"),
            (f"sum by (table, kind) (increase(deltawrite_compaction_files_total{IN}[$__rate_interval]))", "files {{table}} {{kind}}"),
            (f"sum by (table) (increase(deltawrite_vacuum_files_total{IN}[$__rate_interval]))", "vacuum {{table}}")]),
    ]),
    ("Group and registry", [
        ("Rebalances", "short", [(f"sum by (type) (increase(deltawrite_rebalances_total{IN}[$__rate_interval]))", "{{type}}")]),
        ("Schema registry", "reqps", [(f"sum by (result) (rate(deltawrite_registry_requests_total{IN}[$__rate_interval]))", "{{result}}")]),
        ("Versions that run", "short", [(f"count by (version, commit) (deltawrite_build_info{IN})", "{{version}} {{commit}}")]),
    ]),
]


def panel(number, title, unit, targets, x, y):
    return {"id": number, "type": "timeseries", "title": title,
            "datasource": {"type": "prometheus", "uid": "${datasource}"},
            "gridPos": {"h": 8, "w": 8, "x": x, "y": y},
            "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
            "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
            "targets": [{"refId": chr(65 + i), "expr": expression, "legendFormat": legend}
                        for i, (expression, legend) in enumerate(targets)]}


def variable(name, query):
    return {"name": name, "type": "query", "datasource": {"type": "prometheus", "uid": "${datasource}"}, "query": query,
            "refresh": 2, "multi": True, "includeAll": True, "current": {"text": "All", "value": "$__all"}}


def dashboard():
    panels, number, y = [], 1, 0
    for row, members in ROWS:
        panels.append({"id": number, "type": "row", "title": row, "collapsed": False, "panels": [],
                       "gridPos": {"h": 1, "w": 24, "x": 0, "y": y}})
        number, y = number + 1, y + 1
        for i, (title, unit, targets) in enumerate(members):
            panels.append(panel(number, title, unit, targets, 8 * i, y))
            number += 1
        y += 8
    return {"title": "deltawrite-kafka", "uid": "deltawrite-kafka", "schemaVersion": 39, "editable": True,
            "tags": ["deltawrite", "kafka", "delta"], "time": {"from": "now-3h", "to": "now"}, "refresh": "30s",
            "templating": {"list": [
                {"name": "datasource", "type": "datasource", "query": "prometheus"},
                variable("job", "label_values(deltawrite_build_info, job)"),
                variable("instance", 'label_values(deltawrite_build_info{job=~"$job"}, instance)')]},
            "panels": panels}


if __name__ == "__main__":
    print(json.dumps(dashboard(), indent=1))
