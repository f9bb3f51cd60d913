#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fail on an include between folders of lib/ that the architecture does not allow, and on breaches of those
style rules that need no compiler. Usage: check_layers.py SOURCE_ROOT"""
import pathlib
import re
import sys

ALLOWED = {
    "base": set(),
    "codec": {"base"},
    "json": {"base"},
    "thrift": {"base"},
    "schema": {"base", "json"},
    "columns": {"base", "json", "schema"},
    "parquet": {"base", "codec", "thrift", "schema", "columns"},
    "store": {"base"},
    "delta": {"base", "json", "schema", "columns", "parquet", "codec", "store"},
    "api": {"base", "json", "schema", "columns", "parquet", "codec", "store", "delta"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([a-z_0-9]+)/[^"]+"')
SYSTEM = re.compile(r"^\s*#\s*include\s+<([^>]+)>")

OWN_INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<(deltawrite/[^>]+)>|<)')
LICENCE = "SPDX-License-Identifier: Apache-2.0"
MOST_LINES = {".c": 800, ".h": 400, ".py": 800}


def first_include(path, parts, lines):
    """What is wrong with the first #include of a .c file, or None. It is the header of the file's own name if
    there is one: so each header is seen to need nothing before it. Else, below lib/, it is one of the file's
    module or the public one that it defines."""
    first = next((m for m in map(OWN_INCLUDE.match, lines) if m), None)
    name = first and (first[1] or first[2]) or "a system header"
    if path.with_suffix(".h").exists():
        own = parts[-1][:-2] + ".h"
        if name not in (own, "/".join(parts[1:-1] + (own,))):
            return f"includes {name} before its own header"
    elif parts[0] == "lib" and not name.startswith((parts[1] + "/", "deltawrite/")):
        return f"includes {name} before a header of its module"
    return None


def check_file(path, root):
    """Rules of every source file."""
    parts = path.relative_to(root).parts
    lines = path.read_text().splitlines()
    problems = []
    licence = f"# {LICENCE}" if path.suffix == ".py" else f"/* {LICENCE} */"
    if licence not in lines[: 2 if lines[0].startswith("#!") else 1]:
        problems.append(f"{LICENCE} is not its first line")
    if len(lines) > MOST_LINES[path.suffix]:
        problems.append(f"{len(lines)} lines; split it by {MOST_LINES[path.suffix]}")
    if path.suffix == ".c":
        problem = first_include(path, parts, lines)
        if problem:
            problems.append(problem)
    return ["/".join(parts) + ": " + problem for problem in problems]


def main():
    root = pathlib.Path(sys.argv[1])
    problems = []
    for folder in ("lib", "cli", "include", "examples", "tests"):
        for path in sorted(p for p in (root / folder).rglob("*") if p.suffix in MOST_LINES):
            if path.name != "__init__.py":
                problems += check_file(path, root)
    names = {}
    for path in sorted(p for d in ("lib", "cli", "include") for p in (root / d).rglob("*.[ch]")):
        parts = path.relative_to(root).parts
        where = "/".join(parts)
        names.setdefault(path.name, []).append(where)
        module = parts[1]
        for number, line in enumerate(path.read_text().splitlines(), 1):
            at = f"{where}:{number}"
            m = INCLUDE.match(line)
            if m and parts[0] == "lib" and m[1] != module and m[1] not in ALLOWED[module]:
                problems.append(f"{at}: {module} must not include {m[1]}")
            if m and parts[0] == "cli" and m[1] in ALLOWED:
                problems.append(f"{at}: programs include <deltawrite/...> only")
            s = SYSTEM.match(line)
            if s and s[1].startswith(("curl/", "openssl/")) and parts[0] == "lib":
                if not (module == "store" and path.name.startswith("s3")):
                    problems.append(f"{at}: only lib/store/s3* may see curl and OpenSSL")
            if parts[0] == "lib" and re.search(r"(?<![a-z_>.])(malloc|calloc|realloc|free|strdup)\(", line):
                if where != "lib/base/alloc.c" and not line.lstrip().startswith(("*", "/*")):
                    problems.append(f"{at}: memory goes through base/alloc.h")
            if re.match(r"\s*extern\s+(?!\"C\")", line):
                problems.append(f"{at}: no extern; include the header")
            if "//" in re.sub(r'"[^"]*"|/\*.*?\*/|https?://', "", line) and "/*" not in line \
                    and not line.lstrip().startswith("*"):
                problems.append(f"{at}: comments are /* */")
            if len(line) > 100:
                problems.append(f"{at}: longer than 100 columns")
    for name, where in names.items():
        if len(where) > 1 and name != "main.c":
            problems.append(f"{name} is not unique: {', '.join(where)}")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
