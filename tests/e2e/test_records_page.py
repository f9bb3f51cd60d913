# SPDX-License-Identifier: Apache-2.0
"""The examples of docs/records.md for deltawrite-kafka are true: settings in YAML, then records and their rows."""
import re

import pytest

from support.paths import ROOT
from support.record_decoder import decode, parse

PAGE = (ROOT / "docs" / "records.md").read_text()
EXAMPLE = re.compile(r"```yaml\n(.*?)```\n\n\| record \| rows \|\n\|---\|---\|\n((?:\|[^\n]*\|\n)+)", re.S)
CODE = re.compile(r"`([^`]+)`")


def examples():
    for match in EXAMPLE.finditer(PAGE):
        lines = [re.fullmatch(r"\| `([^`]+)` \| (.*) \|", line).groups() for line in match[2].splitlines()]
        yield pytest.param(match[1], lines, id=match[1].split("\n")[0])


def test_the_page_has_examples_of_every_step():
    settings = "".join(match[1] for match in EXAMPLE.finditer(PAGE))
    for name in ("format", "debezium", "filter", "transforms", "drop", "flatten", "jq"):
        assert re.search(rf"^{name}:", settings, re.M), name


@pytest.mark.parametrize("settings, lines", list(examples()))
def test_examples_are_true(settings, lines):
    results = decode([record.encode() for record, _ in lines], settings)
    for (record, want), result in zip(lines, results):
        if want.startswith("bad: "):
            code, text = re.fullmatch(r"bad: `(\w+)` (.*)", want).groups()
            assert (result.kind, result.code, result.reason) == ("BAD", code, text), record
        else:
            rows = [] if want == "none" else [parse(row) for row in CODE.findall(want)]
            assert result.kind == "ROWS", (record, result.reason)
            assert [list(r.items()) for r in result.rows] == [list(r.items()) for r in rows], record
