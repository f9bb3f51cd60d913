# SPDX-License-Identifier: Apache-2.0
"""Odd events for columns of every type, by the rules of docs/records.md as Python reads them (support/records.py):
numbers as strings, epochs of every unit, duplicate keys, lone surrogates, deep nesting, megabytes of text.

DELTAWRITE_E2E_SEED (default 1) makes other events, DELTAWRITE_ODD_RECORDS (default 6000) more of them.
"""
import base64
import binascii
import json
import os
import random
import re
from decimal import Decimal

import pytest

from support import records
from support.record_decoder import Number, decode, parse
from support.records import Reject

SEED = int(os.environ.get("DELTAWRITE_E2E_SEED", "1"))
COUNT = int(os.environ.get("DELTAWRITE_ODD_RECORDS", "6000"))
ARRAY = {"type": "array", "elementType": "long", "containsNull": True}
MAP = {"type": "map", "keyType": "string", "valueType": "double", "valueContainsNull": True}
STRUCT = {"type": "struct", "fields": [{"name": n, "type": t, "nullable": True, "metadata": {}}
                                       for n, t in (("X", "long"), ("s", "string"), ("l", ARRAY))]}
COLUMNS = {"id": "long", "str": "string", "b": "byte", "h": "short", "i": "integer", "l": "long", "f": "float",
           "d": "double", "dec": "decimal(10,2)", "yes": "boolean", "ts": "timestamp", "ntz": "timestamp_ntz", "day": "date",
           "bin": "binary", "arr": ARRAY, "map": MAP, "st": STRUCT}


def integer(bits):
    def convert(value, column):
        number = records.as_long(value, column)
        if not -2**(bits - 1) <= number < 2**(bits - 1):
            raise Reject(column)
        return Number(number)
    return convert


def double(value, column):
    return records.as_double(value, column)


def decimal_10_2(value, column):
    number = Decimal(records.number_text(value, column))
    if number != number.quantize(Decimal("0.01")) if abs(number) < 10**20 else True:
        raise Reject(column)
    if abs(number) >= 10**8:
        raise Reject(column)
    return Number(f"{number:.2f}".replace("-0.00", "0.00"))


def time_text(value, column):
    return value.held if value.kind == "string" else ""


def timestamp_ntz(value, column):
    found = re.search(r"[+-](\d\d):?(\d\d)?$", time_text(value, column)[10:])
    if found and (found[1], found[2] or "00") != ("00", "00"):
        raise Reject(column)
    return records.as_timestamp(value, column).removesuffix("Z")


def date(value, column):
    if value.kind != "string":
        raise Reject(column)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value.held, re.ASCII):
        return records.as_timestamp(value, column)[:10]
    at = timestamp_ntz(value, column)
    if not at.endswith("T00:00:00.000000"):
        raise Reject(column)
    return at[:10]


def binary(value, column):
    if value.kind != "string" or not re.fullmatch(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?",
                                                  value.held):
        raise Reject(column)
    try:
        data = base64.b64decode(value.held, validate=True)
    except binascii.Error:
        raise Reject(column)
    if base64.b64encode(data).decode() != value.held:  # bits left over
        raise Reject(column)
    return value.held


def array(value, column):
    if value.kind != "array":
        raise Reject(column)
    return [convert("l", v) for _, v in value.held]


def mapping(value, column):
    if value.kind != "object":
        raise Reject(column)
    last = dict(value.held)
    return {k: convert("d", v) for k, v in last.items()}


def struct(value, column):
    if value.kind != "object":
        raise Reject(column)
    last = {records.lower(k): v for k, v in value.held}
    return {"X": convert("l", last.get("x")), "s": convert("str", last.get("s")), "l": convert("arr", last.get("l"))}


CONVERT = {"id": integer(64), "str": lambda v, c: records.as_string(v), "b": integer(8), "h": integer(16), "i": integer(32),
           "l": integer(64), "f": None, "d": double, "dec": decimal_10_2, "yes": records.as_boolean,
           "ts": records.as_timestamp, "ntz": timestamp_ntz, "day": date, "bin": binary, "arr": array, "map": mapping,
           "st": struct}


def single(value, column):
    number = float(records.number_text(value, column))
    if abs(number) >= 3.4028235677973366e38:
        raise Reject(column)
    return ("float", number)


CONVERT["f"] = single


def convert(column, value):
    return None if value is None or value.kind == "null" else CONVERT[column](value, column)


def expected(line):
    """The row as `deltawrite cat` prints it; Reject."""
    last = {records.lower(k): v for k, v in records.parse(line)}
    if any(v.kind != "null" and (not k or records.NO_NAME.search(k)) for k, v in last.items()):
        raise Reject("not a name for a column")
    return {column: convert(column, last.get(column)) for column in COLUMNS}


def scalars(g):
    n = g.choice((0, 1, -1, 5, 127, 128, -128, -129, 32768, 2**31 - 1, 2**31, 2**63 - 1, 2**63, -2**63 - 1, g.getrandbits(40)))
    number = g.choice((str(n), f"{n}.0", f"{n}.50", f"{n}e0", f"{n}E+2", f"{n}0e-1", f"{n}.000000000000000000000001", "-0", "0e99",
                       "1e400", "-1e-400", "123456789012345678901234567890", "0.1", "1.505", "99999999.99", "100000000.00"))
    bad_number = g.choice(("01", "+1", "1.", ".5", "1e", "NaN", "Infinity", "0x1F", "--1", "1_000"))
    seconds = g.randint(-2 * 10**9, 4 * 10**9)
    epoch = str(g.choice((seconds, seconds * 1000 + 7, f"{seconds}.5", f"{seconds * 1000}.0005", f"{seconds}e3")))
    clock = g.choice(("", "T10:20", " 10:20:30", "t10:20:30.1", "T10:20:30.123456789", "T23:59:59.9999999", "T00:00:00", "T00:00",
                      "T24:00:00", "T10:20:60", "T10", "T10:20:30.", "T10:20:30.1234567890", " 10:20:30 "))
    zone = g.choice(("", "Z", "z", "+00:00", "-0000", "+02", "+0200", "-11:30", "+24:00", "+1:00", " Z")) if clock else ""
    day = g.choice(("2026-01-31", "2024-02-29", "2026-02-29", "0001-01-02", "9999-12-30", "2026-13-01", "2026-1-1", "20260131",
                    "1969-12-31", "2026-00-10"))
    time = json.dumps(day + clock + zone)
    raw = g.randbytes(g.randrange(6))
    b64 = base64.b64encode(raw).decode()
    b64 = json.dumps(g.choice((b64, b64, b64.rstrip("="), b64 + "=", b64 + " ", base64.urlsafe_b64encode(b"\xff\xfe\xfd").decode(),
                               "AB==", "AAB=", "A===")))
    text = g.choice(('""', '"a\\u00e9\\n\\/"', '"\\ud83d\\ude00"', '"\\u0000"', '"é东😀"', '"\\ud800"', '"\\udc00x"',
                     '"\\ud800\\u0041"', '"tab\t"', '"\\x41"', '"\\u12"', '"open'))
    return {"number": number, "bad_number": bad_number, "quoted": json.dumps(g.choice((number, number, bad_number, f" {number}", ""))),
            "epoch": epoch, "time": time, "base64": b64, "text": text, "word": g.choice(("true", "false", '"true"', '"False"', "1")),
            "null": "null", "nested": g.choice(("{}", "[]", '[1, "2" ,null]', '{ "k" : [ 1.0 ] }', '[[1]]', '{"a":1,"a":2}'))}


FITTING = {"str": ("text", "number", "nested", "word"), "b": ("number", "quoted"), "h": ("number", "quoted"), "i": ("number", "quoted"),
           "l": ("number", "quoted"), "f": ("number", "quoted"), "d": ("number", "quoted"), "dec": ("number", "quoted"),
           "yes": ("word",), "ts": ("time", "epoch"), "ntz": ("time", "epoch"), "day": ("time",), "bin": ("base64",)}


def value_for(g, column):
    kinds = scalars(g)
    if column in FITTING and g.random() < 0.93:
        return kinds[g.choice(FITTING[column])]
    if column == "arr" and g.random() < 0.9:
        return "[" + ", ".join(value_for(g, "l") for _ in range(g.randrange(4))) + " ]"
    if column == "map" and g.random() < 0.9:
        keys = [g.choice(('"k"', '"K"', '"\\u006b"', '""', '"é"')) for _ in range(g.randrange(4))]
        return "{" + ",".join(f"{k} : {value_for(g, 'd')}" for k in keys) + "}"
    if column == "st" and g.random() < 0.9:
        fields = [(g.choice(('"x"', '"X"')), value_for(g, "l")), ('"s"', value_for(g, "str")), ('"l"', value_for(g, "arr")),
                  ('"unknown"', kinds[g.choice(("nested", "text", "number"))]), ('"S"', value_for(g, "str"))]
        g.shuffle(fields)
        return "{" + ",".join(f"{k}:{v}" for k, v in fields[:g.randrange(6)]) + "}"
    return kinds[g.choice(sorted(kinds))]


def spelt(g, name):
    name = g.choice((name, name, name.upper(), name.capitalize()))
    return json.dumps(name) if g.random() < 0.9 else '"' + "".join(f"\\u{ord(c):04x}" for c in name) + '"'


def odd(g, number):
    columns = [c for c in COLUMNS if c != "id"]
    fields = [('"id"', str(number))]
    for column in g.sample(columns, g.randint(0, 5)):
        fields += [(spelt(g, column), value_for(g, column)) for _ in range(2 if g.random() < 0.15 else 1)]
    if g.random() < 0.1:
        fields.append((json.dumps(g.choice(("unknown", "a b", "", "x" * 300))), value_for(g, g.choice(columns))))
    if g.random() < 0.01:
        depth = g.choice((998, 999, 1000, 1001))
        fields.append((g.choice(('"str"', '"deep"')), "[" * depth + "]" * depth))
    g.shuffle(fields)
    blank = g.choice(("", "", " ", "\t"))
    line = blank + "{" + f"{blank},{blank}".join(f"{k}{blank}:{blank}{v}" for k, v in fields) + "}" + blank
    data = line.encode()
    if g.random() < 0.01:
        data = g.choice((data + b"x", data[:-2], b"\xef\xbb\xbf" + data, data.replace(b'"id"', b'"i\xff"'), b"[" + data + b"]",
                         data.replace(b":", b"", 1), data + b"{}"))
    return data


def events():
    g = random.Random(SEED)
    # Fields that the table gets columns for: as strings, which take any value.
    lines = [b'{"id":-1,"unknown":"","deep":"","%s":""}' % (b"x" * 300)] + [odd(g, i) for i in range(COUNT)]
    big = "é\\n\\ud83d\\ude00" * 60000
    lines.append(b'{"id":%d,"str":"%s"}' % (COUNT, big.encode()))
    lines.append(b'{"id":%d,"st":{"s":"%s","x":"7"}}' % (COUNT + 1, b"y" * 1048576))
    lines.append(b'{"id":%d,"str":[%s0]}' % (COUNT + 2, b"1.50," * 200000))
    lines.append(b'{"id":%d,"str":"%s\\udc00"}' % (COUNT + 3, b"z" * 1048576))
    assert not any(b"\n" in line for line in lines)
    return lines


def same_float(got, want):
    import struct as packing
    return got == want or packing.pack("<f", float(got)) == packing.pack("<f", want)


def check(rows, lines):
    wanted = {}
    for line in lines:
        try:
            row = expected(line)
        except Reject:
            continue
        if row["id"] is not None:
            wanted[row["id"]] = (row, line)
    assert len(wanted) > len(lines) / 4
    for row in rows:
        want, line = wanted.pop(row["id"], (None, None))
        assert want is not None, f"is to be rejected: {row}"
        for column in COLUMNS:
            got, must = row[column], want[column]
            if isinstance(must, tuple):
                assert same_float(got, must[1]), (column, got, must, line[:500])
            else:
                assert compare(got, must), (column, str(got)[:300], str(must)[:300], line[:500])
    assert not wanted, f"are lost: {list(wanted.values())[:3]}"


def compare(got, must):
    if isinstance(must, float):
        return got is not None and float(got) == must
    if isinstance(must, dict):
        return got is not None and got.keys() == must.keys() and all(compare(got[k], must[k]) for k in must)
    if isinstance(must, list):
        return got is not None and len(got) == len(must) and all(map(compare, got, must))
    return got == must


@pytest.fixture
def table(local_tool, tmp_path):
    def make(name, lines):
        path = str(tmp_path / name)
        local_tool.create(path, COLUMNS.items(), folder=tmp_path)
        (tmp_path / f"{name}.ndjson").write_bytes(b"\n".join(lines))
        done = local_tool.run("import", path, tmp_path / f"{name}.ndjson", "--skip-rejected")
        assert done.returncode in (0, 3), done.stderr
        shown = local_tool.run("cat", path)
        assert shown.returncode == 0, shown.stderr
        return [{k: v for k, v in parse(line).items() if k in COLUMNS} for line in shown.stdout.splitlines()]

    return make


def test_odd_records_become_the_rows_that_the_rules_give(table):
    lines = events()
    check(table("plain", lines), lines)


def test_odd_records_are_the_same_after_a_step_that_rewrites_them(table):
    """`drop` makes a tree of each record and writes it again."""
    lines = events()
    results = decode(lines, {"drop": ["no-such-field"]})
    bad = [line for line, result in zip(lines, results) if result.kind != "ROWS"]
    for line in bad:
        with pytest.raises(Reject):
            expected(line)
    rewritten = [result.text[len(b'{"rows":['):].rsplit(b'],"schema":', 1)[0] for result in results if result.kind == "ROWS"]
    # The service takes arrays of records.
    check(table("again", rewritten), [line[1:-1] if line.startswith(b"[") else line for line in lines])
