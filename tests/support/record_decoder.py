# SPDX-License-Identifier: Apache-2.0
"""The service's record decoder alone (tests/unit/records/decode_records.c), and how its rows compare."""
import json
import pathlib
import subprocess
import tempfile
import textwrap

from . import paths


class Number(str):
    """A number as it was written."""


def parse(text):
    """JSON with numbers as they were written, and objects as dicts of the last value of each name."""
    return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=None)


def same(got, want, exact=False):
    """Equal values; numbers by their digits, or, unless `exact`, as doubles when both have a fraction."""
    if isinstance(got, Number) and isinstance(want, Number):
        real = all(set(n) & set(".eE") for n in (got, want))
        return got == want or (real and not exact and float(got) == float(want))
    if isinstance(got, dict) and isinstance(want, dict):
        return got.keys() == want.keys() and all(same(got[k], want[k], exact) for k in got)
    if isinstance(got, list) and isinstance(want, list):
        return len(got) == len(want) and all(map(lambda g, w: same(g, w, exact), got, want))
    return type(got) is type(want) and got == want


class Result:
    def __init__(self, line):
        word, _, body = line.partition(b" ")
        self.kind = word.decode()
        self.text = body
        body = parse(body.decode("utf-8"))
        self.rows, self.schema = body["rows"], body["schema"]
        self.stage, self.code, self.reason = body["stage"], body["code"], body["text"]


def program():
    return paths.BUILD / "tests" / "unit" / "records" / "decode_records"


def run(payloads, settings, record):
    """`settings` are those of a source in the configuration file: a dict, or their YAML."""
    data = b"".join(b"-1\n" if p is None else b"%d\n%s" % (len(p), p) for p in payloads)
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "config.yaml"
        table = {"name": "t", "uri": f"{folder}/t"}
        source = settings if isinstance(settings, str) else "\n".join(
            f"{name}: {json.dumps(value)}" for name, value in settings.items())
        config.write_text("kafka: {brokers: 'localhost:9092', group: g}\n" f"tables: [{json.dumps(table)}]\n"
                          "sources:\n- topics: [topic]\n  table: t\n" + textwrap.indent(source, "  "))
        words = [f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in record.items()]
        return subprocess.run([program(), config, *words], input=data, capture_output=True, timeout=300,
                              env=paths.clean_environment())


def decode(payloads, settings=None, **record):
    """One Result for each payload (bytes, or None)."""
    payloads = list(payloads)
    done = run(payloads, settings or {}, record)
    assert done.returncode == 0, done.stderr.decode()
    lines = done.stdout.split(b"\n")[:-1]
    assert len(lines) == len(payloads), done.stderr.decode()
    return [Result(line) for line in lines]


def refusal(settings):
    """What is wrong with settings that no decoder can be made of."""
    done = run([], settings, {})
    assert done.returncode == 78, done
    return done.stderr.decode().strip()
