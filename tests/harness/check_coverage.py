#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every test that docs/protocol-coverage.md and docs/properties.md name is there, every row of their tables names one or
says why not, and every property that we know is told of.

Use: check_coverage.py SOURCE-ROOT
"""
import pathlib
import re
import sys


def tests_of(root):
    names = set()
    for path in sorted((root / "tests").rglob("*.[cp]*")):
        if path.suffix in (".c", ".py"):
            text = path.read_text(errors="replace")
            names.update(re.findall(r"^static void (\w+)\(void \*\*", text, re.M))
            names.update(re.findall(r"^def (test_\w+)\(", text, re.M))
    return names


def rows_of(path):
    """Line number and cells of each row of a page's tables that have a column for tests."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        cells = [c.strip() for c in line.strip("|").split("|")] if line.startswith("|") else []
        if len(cells) > 1 and cells[-1] not in ("tests", "---"):
            yield f"{path.name}: line {number}", cells


def main():
    root = pathlib.Path(sys.argv[1])
    known, problems, rows, told = tests_of(root), [], 0, set()
    for page in ("protocol-coverage.md", "properties.md"):
        for where, cells in rows_of(root / "docs" / page):
            rows += 1
            named = re.findall(r"`(\w+)`", cells[-1])
            told.update(re.findall(r"`(delta\.[\w.]+)`", " ".join(cells[:-1])))
            problems += [f"{where}: no test {name}" for name in named if name not in known]
            if not named and not re.search(r"refused|not done|nothing to do", cells[-1]):
                problems.append(f"{where}: no test, and no reason: {cells[0]}")
    text = (root / "docs/properties.md").read_text()
    for key in re.findall(r'^    \{"(delta\.[\w.]+)"', (root / "lib/delta/property_table.c").read_text(), re.M):
        if key not in told and f"`{key}`" not in text:
            problems.append(f"properties.md: nothing of {key}")
    print("\n".join(problems) or f"{rows} rows, every test is there")
    return 1 if problems or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
