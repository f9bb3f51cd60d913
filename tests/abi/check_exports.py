#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The shared library exports what exports.txt says, and every function that a public header declares.
Usage: check_exports.py LIBRARY EXPORTS_TXT INCLUDE_FOLDER"""
import pathlib
import re
import subprocess
import sys

DECLARED = re.compile(r"\bDW_API\s+[^;(]*?\b(dw_\w+)\s*\(")


def main():
    library, expected, include = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    listing = subprocess.run(["nm", "-D", "--defined-only", library], text=True, capture_output=True, check=True)
    exported = {line.split()[-1].split("@")[0] for line in listing.stdout.splitlines()}
    exported -= {"_init", "_fini", "_edata", "_end", "__bss_start"}
    wanted = set(expected.read_text().split())
    declared = set()
    for header in include.glob("deltawrite/*.h"):
        declared |= set(DECLARED.findall(header.read_text()))
    problems = [f"{name}: exported, but not in {expected.name}" for name in exported - wanted]
    problems += [f"{name}: in {expected.name}, but not exported" for name in wanted - exported]
    problems += [f"{name}: declared in a public header, but not exported" for name in declared - exported]
    problems += [f"{name}: exported, but no public header declares it" for name in exported - declared]
    print("\n".join(sorted(problems)) or f"{len(exported)} functions")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
