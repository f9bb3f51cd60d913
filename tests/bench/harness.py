# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: where things are, fair timing of two sides, tables of ratios, peak memory."""
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time


class Context:
    def __init__(self, root, quick=False):
        self.root = root
        self.build = pathlib.Path(os.environ.get("DELTAWRITE_BUILD", root / "build"))
        self.shared = pathlib.Path(os.environ.get("DELTAWRITE_SHARED", root.parent / "shared"))
        cache = os.environ.get("DELTAWRITE_CACHE") or pathlib.Path(
            os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "deltawrite"
        self.cache = pathlib.Path(cache) / "bench"
        self.cache.mkdir(parents=True, exist_ok=True)
        self.quick = quick

    def machine(self):
        model = platform.machine()
        for line in open("/proc/cpuinfo"):
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        return f"machine: {model}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}"


def alternate(sides, rounds):
    """Calls each of {name: function} in turn, `rounds` times after a first call that does not count; the CPU
    seconds of the whole process in each call, {name: [seconds]}. CPU time: other programs disturb it little."""
    seconds = {name: [] for name in sides}
    for turn in range(rounds + 1):
        for name, call in sides.items():
            start = time.process_time()
            call()
            took = time.process_time() - start
            if turn > 0:
                seconds[name].append(took)
    return {name: statistics.median(all_of) for name, all_of in seconds.items()}


def table(header, rows):
    """Columns as wide as they need be; the first one to the left."""
    texts = [header] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[i]) for line in texts) for i in range(len(header))]
    for line in texts:
        print("  " + "  ".join(cell.ljust(w) if i == 0 else cell.rjust(w)
                               for i, (cell, w) in enumerate(zip(line, widths))), flush=True)


def peak_over(call):
    """Bytes by which the resident memory of this process rises while `call` runs."""
    def status(key):
        for line in open("/proc/self/status"):
            if line.startswith(key):
                return int(line.split()[1]) * 1024
        raise RuntimeError(f"no {key} in /proc/self/status")

    with open("/proc/self/clear_refs", "w") as clear:
        clear.write("5")  # the high-water mark starts from here
    before = status("VmRSS:")
    call()
    return status("VmHWM:") - before


def in_fresh_process(context, entry, *arguments):
    """Output of entries.ENTRY.child(context, arguments) in a process of its own: memory of one side alone."""
    code = ("import sys, pathlib; sys.path.insert(0, sys.argv[1]); import harness, importlib; "
            "importlib.import_module('entries.' + sys.argv[3]).child("
            "harness.Context(pathlib.Path(sys.argv[2])), sys.argv[4:])")
    here = str(pathlib.Path(__file__).resolve().parent)
    done = subprocess.run([sys.executable, "-c", code, here, str(context.root), entry, *map(str, arguments)],
                          check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()
