# SPDX-License-Identifier: Apache-2.0
"""What /metrics says, as Prometheus' own parsers read it, in Go and in Python."""
import json
import math
import subprocess

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families as text_families

from support.paths import BUILD, fetched, missing

TEXT, OPEN = "text/plain; version=0.0.4; charset=utf-8", "application/openmetrics-text; version=1.0.0; charset=utf-8"
LABELS = ['s3://lake/"a\\b"\n\ufffd{}=,', "ä # EOF", ""]  # as tests/cli/metrics_sample.c gives them


def sample(form):
    program = BUILD / "tests/cli/metrics_sample"
    if not program.exists():
        missing(f"{program} (./dev build)")
    return subprocess.run([program, form], capture_output=True, check=True).stdout.decode()


def go_series(text, content_type):
    """[{labels, value, type, unit, help}] by the parser of Prometheus' scrapes; promlint finds no fault."""
    done = subprocess.run([fetched("promcheck"), "scrape", content_type], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def python_series(families):
    return sorted(((s.name, tuple(sorted(s.labels.items())), float(s.value)) for f in families for s in f.samples),
                  key=repr)


@pytest.mark.parametrize("form,content_type,families", [("text", TEXT, text_families),
                                                        ("openmetrics", OPEN, open_families)])
def test_both_parsers_accept_the_text_and_read_the_same(form, content_type, families):
    text = sample(form)
    found = []
    for one in go_series(text, content_type):
        name = one["labels"].pop("__name__")
        found.append((name, tuple(sorted(one["labels"].items())), float(one["value"])))
        assert one["help"] or name.endswith(("_sum", "_count", "_bucket", "_total", "_info"))
    read = python_series(families(text))
    moving = ("process_", "deltawrite_data_delay")  # they are no two times the same

    def still(series):
        # A label without text is one that is not there; bounds are numbers.
        return sorted(((n, tuple((k, float(v) if k == "le" else v) for k, v in labels if v != ""), value)
                       for n, labels, value in series if not n.startswith(moving)), key=repr)

    assert still(found) == still(read)
    assert len(found) > 100 and not any(math.isnan(value) for _, _, value in found)


def test_labels_come_out_as_they_went_in():
    for content_type, form in (TEXT, "text"), (OPEN, "openmetrics"):
        by_name = {one["labels"]["__name__"]: one["labels"] for one in go_series(sample(form), content_type)}
        assert by_name["deltawrite_records_written_total"]["table"] == LABELS[0]
        assert by_name["deltawrite_flush_total"]["reason"] == LABELS[1]


def test_openmetrics_has_units_types_and_an_end():
    text = sample("openmetrics")
    assert text.endswith("\n# EOF\n") and text.count("\n# EOF\n") == 1
    families = {f.name: f for f in open_families(text)}
    assert families["deltawrite_commit_duration_seconds"].type == "histogram"
    assert families["deltawrite_commit_duration_seconds"].unit == "seconds"
    assert families["deltawrite_memory_limit_bytes"].unit == "bytes"
    assert families["deltawrite_records_consumed"].type == "counter"
    assert families["deltawrite_build"].type == "info"
    assert families["process_cpu_seconds"].type == "counter"


def test_the_process_is_told_as_everywhere():
    found = {one["labels"]["__name__"]: float(one["value"]) for one in go_series(sample("text"), TEXT)}
    assert found["process_resident_memory_bytes"] > 500_000
    assert found["process_open_fds"] >= 3
    assert found["process_start_time_seconds"] > 1_700_000_000
    assert found["process_cpu_seconds_total"] >= 0
