#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compile each public header alone, and twice in a row, as C99, C11 and C++11 without a warning.
Usage: check_headers.py INCLUDE_FOLDER CC [CXX]"""
import pathlib
import shlex
import subprocess
import sys

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wundef", "-Werror"]


def main():
    include = pathlib.Path(sys.argv[1])
    compilers = [(shlex.split(sys.argv[2]), "c", standard) for standard in ("c99", "c11")]
    if len(sys.argv) > 3:
        compilers += [(shlex.split(sys.argv[3]), "c++", standard) for standard in ("c++11", "c++17")]
    headers = sorted(include.glob("deltawrite/*.h"))
    failed = 0 if headers else 1
    for header in headers:
        source = f"#include <deltawrite/{header.name}>\n" * 2 + "int main(void);\nint main(void) { return 0; }\n"
        for compiler, language, standard in compilers:
            if language == "c++":
                source = source.replace("int main(void);\n", "")
            done = subprocess.run([*compiler, "-x", language, f"-std={standard}", *WARNINGS, "-fsyntax-only",
                                   f"-I{include}", "-"], input=source, text=True, capture_output=True)
            if done.returncode != 0:
                failed += 1
                print(f"{header.name} as {standard}:\n{done.stderr}")
    print(f"{len(headers)} headers, {len(compilers)} standards, {failed} failures")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
