# SPDX-License-Identifier: Apache-2.0
"""Where things are, and what to do when one is not there."""
import os
import pathlib
import subprocess

import pytest

TESTS = pathlib.Path(__file__).resolve().parent.parent
ROOT = TESTS.parent
BUILD = pathlib.Path(os.environ.get("DELTAWRITE_BUILD") or ROOT / "build")
CI = os.environ.get("CI") == "true"


def missing(what):
    """A server, judge or program cannot be had: the test is skipped, or fails when CI=true."""
    if CI:
        pytest.fail(f"with CI=true this must be there: {what}", pytrace=False)
    pytest.skip(f"MISSING: {what}")


def program(name):
    path = BUILD / "cli" / name
    if not path.exists():
        missing(f"{path} (./dev build)")
    return str(path)


def fetched(what):
    """The path of a download (tests/fetch)."""
    done = subprocess.run([TESTS / "fetch", what], capture_output=True, text=True)
    if done.returncode:
        missing(f"tests/fetch {what}: {done.stderr.strip()[-500:]}")
    return done.stdout.strip()


def clean_environment(**more):
    """No variable of the caller's that our programs read: no AWS_*, no proxies."""
    kept = {k: v for k, v in os.environ.items()
            if k in ("PATH", "HOME", "TMPDIR", "LANG", "JAVA_HOME", "XDG_CACHE_HOME", "DELTAWRITE_CACHE")
            or k.endswith("SAN_OPTIONS")}
    return kept | {k: str(v) for k, v in more.items()}
