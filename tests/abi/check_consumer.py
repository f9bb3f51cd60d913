#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Install the library into a new folder and build and run the examples there, found by pkg-config alone.
Usage: check_consumer.py BUILD_FOLDER EXAMPLES_FOLDER CC [CXX]"""
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile


def run(command, **more):
    done = subprocess.run([str(part) for part in command], text=True, capture_output=True, **more)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def main():
    build, examples, compilers = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), [shlex.split(c) for c in sys.argv[3:]]
    if shutil.which("pkg-config") is None or shutil.which("meson") is None:
        print("pkg-config and meson are needed")
        return 1 if os.environ.get("CI") == "true" else 77
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder) / "root"
        run(["meson", "install", "-C", build, "--no-rebuild", "--destdir", root])
        found = list(root.rglob("deltawrite.pc"))
        if len(found) != 1:
            sys.exit(f"deltawrite.pc was installed {len(found)} times")
        environment = dict(os.environ, PKG_CONFIG_PATH=str(found[0].parent), PKG_CONFIG_SYSROOT_DIR=str(root))
        flags = run(["pkg-config", "--cflags", "deltawrite"], env=environment).split()
        libs = run(["pkg-config", "--libs", "deltawrite"], env=environment).split()
        if not any(flag.startswith(f"-I{root}") or flag.startswith(f"-L{root}") for flag in flags + libs):
            sys.exit(f"pkg-config points elsewhere: {flags} {libs}")
        loader = dict(environment, LD_LIBRARY_PATH=str(found[0].parent.parent))
        sources = [(compilers[0], "-std=c99", "append.c"), (compilers[0], "-std=c11", "append_json.c")]
        if len(compilers) > 1:
            sources.append((compilers[1], "-std=c++11", "append.cpp"))
        for number, (compiler, standard, source) in enumerate(sources):
            program = pathlib.Path(folder) / f"program{number}"
            run([*compiler, standard, "-Wall", "-Wextra", "-Wpedantic", "-Werror", *flags, examples / source,
                 *libs, "-o", program])
            print(source, run([program, pathlib.Path(folder) / f"table{number}"], env=loader,
                              input='{"event":"a"}\n'), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
