#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every test that docs/protocol-coverage.md names is there, and every row of its tables names one or says why not.

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


def main():
    root = pathlib.Path(sys.argv[1])
    known = tests_of(root)
    problems, rows = [], 0
    for number, line in enumerate((root / "docs/protocol-coverage.md").read_text().splitlines(), 1):
        cells = [c.strip() for c in line.strip("|").split("|")] if line.startswith("|") else []
        if len(cells) != 2 or cells[1] in ("tests", "---"):
            continue
        rows += 1
        named = re.findall(r"`(\w+)`", cells[1])
        problems += [f"line {number}: no test {name}" for name in named if name not in known]
        if not named and not re.search(r"refused|not done|nothing to do", cells[1]):
            problems.append(f"line {number}: no test, and no reason: {cells[0]}")
    print("\n".join(problems) or f"{rows} rows, every test is there")
    return 1 if problems or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
