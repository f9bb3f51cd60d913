#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A fuzz target for a moment: mutations of its corpus, and of bytes by chance of many lengths.
Usage: short.py PROGRAM CORPUS-FOLDER..."""
import pathlib
import random
import subprocess
import sys
import tempfile


def main():
    program, folders = sys.argv[1], [pathlib.Path(name) for name in sys.argv[2:]]
    files = [f for folder in folders if folder.is_dir() for f in sorted(folder.iterdir()) if f.suffix != ".py"]
    with tempfile.TemporaryDirectory() as folder:
        generator = random.Random(1)
        for i in range(60):
            path = pathlib.Path(folder) / f"chance-{i}"
            path.write_bytes(generator.randbytes(1 + generator.randrange(4 * (i + 1))))
            files.append(path)
        for mutations, some in ((40, files[-60:]), (200, files[:-60])):
            if some:
                done = subprocess.run([program, "1", str(mutations), *map(str, some)])
                if done.returncode:
                    sys.exit(f"{program} 1 {mutations} FILE...: exit status {done.returncode}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
