# SPDX-License-Identifier: Apache-2.0
"""What packaging/ and the documentation say of the metrics, against the metrics there are."""
import json
import re
import subprocess
import sys

from support.paths import ROOT, fetched
from test_metrics import TEXT, go_series, sample

OBSERVE = ROOT / "packaging/observe"
OTHERS = {"up": {"job", "instance"}}  # Prometheus' own
TARGET = {"job", "instance"}  # labels that a scrape adds


def known():
    """{metric: its labels}, with those of histograms' parts"""
    found = {name: set(labels) for name, labels in OTHERS.items()}
    for one in go_series(sample("text").replace('=""', '="x"'), TEXT):
        name = one["labels"].pop("__name__")
        found[name] = set(one["labels"]) | TARGET
    return found


def check(selectors):
    metrics, used = known(), set()
    for one in map(json.loads, selectors.splitlines()):
        assert one["name"] in metrics, f"there is no metric {one['name']}"
        unknown = (set(one["labels"]) | set(one["by"])) - metrics[one["name"]]
        assert not unknown, f"{one['name']} has no label {unknown}"
        used.add(one["name"])
    return used


def promcheck(*args, **more):
    done = subprocess.run([fetched("promcheck"), *args], capture_output=True, text=True, **more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_alert_rules_are_valid_and_use_metrics_there_are():
    assert len(check(promcheck("rules", OBSERVE / "alerts.yml"))) > 10


def test_each_alert_is_documented_and_no_other():
    alerts = set(re.findall(r"alert: (\w+)", (OBSERVE / "alerts.yml").read_text()))
    assert alerts == set(re.findall(r"`(Deltawrite\w+)`", (ROOT / "docs/operations.md").read_text()))


def test_the_dashboard_uses_metrics_there_are():
    with open(OBSERVE / "grafana/dashboards/deltawrite.json", encoding="utf-8") as f:
        panels = json.load(f)["panels"]
    expressions = [t["expr"].replace("$__rate_interval", "1m") for p in panels for t in p.get("targets", [])]
    used = check(promcheck("expr", input="\n".join(expressions)))
    assert len(used) > 30
    assert len({p["id"] for p in panels}) == len(panels)


def test_the_dashboard_is_what_its_program_makes():
    made = subprocess.run([sys.executable, OBSERVE / "make_dashboard.py"], capture_output=True, check=True).stdout
    assert made == (OBSERVE / "grafana/dashboards/deltawrite.json").read_bytes(), "run packaging/observe/make_dashboard.py"


def test_the_documented_metrics_are_those_there_are():
    assert sample("markdown") in (ROOT / "docs/operations.md").read_text(), \
        "replace the table by what build/tests/cli/metrics_sample markdown prints"
