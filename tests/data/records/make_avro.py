#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes avro.jsonl beside itself: Avro data as fastavro encodes it, and the rows that docs/records.md gives it.
Needs fastavro 1.12 or later (pip install fastavro); the tests need only what it wrote."""
import base64
import datetime
import decimal
import io
import json
import pathlib
import random
import struct
import uuid

import fastavro
from fastavro.schema import fingerprint, parse_schema, to_parsing_canonical_form

decimal.getcontext().prec = 500
EPOCH = datetime.date(1970, 1, 1)


def date_text(days):
    return (EPOCH + datetime.timedelta(days=days)).isoformat()


def time_text(value, digits):
    seconds, fraction = divmod(value, 10**digits)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:0{digits}}"


def timestamp_text(value, digits, zone):
    days, rest = divmod(value, 86400 * 10**digits)
    return f"{date_text(days)}T{time_text(rest, digits)}{'Z' if zone else ''}"


class Number(str):
    """A number whose digits count."""


def plain(schema, value, names):
    """The value of a row, as parsed JSON, but for decimals, which are Number."""
    if isinstance(schema, str):
        if schema in names:
            return plain(names[schema], value, names)
        schema = {"type": schema}
    if isinstance(schema, list):
        others = [b for b in schema if b != "null"]
        return None if value is None else plain(others[0], value, names)
    kind, logical = schema["type"], schema.get("logicalType")
    if "name" in schema:
        names[schema["name"]] = schema
    if not isinstance(kind, str):
        return plain(kind, value, names)
    if kind == "record":
        return {f["name"]: plain(f["type"], value[f["name"]], names) for f in schema["fields"]}
    if kind == "array":
        return [plain(schema["items"], v, names) for v in value]
    if kind == "map":
        return {k: plain(schema["values"], v, names) for k, v in value.items()}
    if logical == "decimal":
        return Number(f"{value:f}")
    if logical == "uuid":
        return str(value)
    if logical == "date":
        return date_text(value)
    if logical and logical.startswith("time-"):
        return time_text(value, 3 if logical.endswith("millis") else 6)
    if logical and "timestamp" in logical:
        digits = {"millis": 3, "micros": 6, "nanos": 9}[logical.split("-")[-1]]
        return timestamp_text(value, digits, not logical.startswith("local"))
    if logical == "duration":
        months, days, millis = struct.unpack("<III", value)
        return f"P{months}M{days}DT{millis // 1000}.{millis % 1000:03}S"
    if kind in ("bytes", "fixed"):
        return base64.b64encode(value).decode()
    if kind in ("float", "double") and (value != value or value in (float("inf"), float("-inf"))):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if kind == "float":  # the fewest digits that give it again
        return next(f for f in (float(f"{value:.{n}g}") for n in range(1, 10)) if small(f) == value)
    return value


def encode(schema, value):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, parse_schema(json.loads(json.dumps(schema))), value)
    return out.getvalue()


def dumps(value):
    """JSON with the digits of Number as they are."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(json.dumps(k) + ":" + dumps(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dumps, value)) + "]"
    return json.dumps(value)


def case(name, schema, value, columns=None, row=None):
    """`row` only where fastavro's value does not tell the branch of a union."""
    parsed = parse_schema(json.loads(json.dumps(schema)))
    row = row or plain(schema, value, {})
    if not isinstance(row, dict) or not isinstance(schema, dict) or schema["type"] != "record":
        row = {"value": row}
    return {"name": name, "schema": schema, "hex": encode(schema, value).hex(), "row": dumps(row), "columns": columns,
            "canonical": to_parsing_canonical_form(parsed),
            "fingerprint": fingerprint(to_parsing_canonical_form(parsed), "CRC-64-AVRO")}


def record(name, **fields):
    return {"type": "record", "name": name, "fields": [{"name": k, "type": t} for k, t in fields.items()]}


def logical(kind, name, **more):
    return {"type": kind, "logicalType": name, **more}


def fixed(name, size, **more):
    return {"type": "fixed", "name": name, "size": size, **more}


def field(name, kind):
    return {"name": name, "type": kind, "nullable": True, "metadata": {}}


def struct_of(**fields):
    return {"type": "struct", "fields": [field(k, t) for k, t in fields.items()]}


def array_of(kind):
    return {"type": "array", "elementType": kind, "containsNull": True}


def map_of(kind):
    return {"type": "map", "keyType": "string", "valueType": kind, "valueContainsNull": True}


def small(value):
    return struct.unpack("<f", struct.pack("<f", value))[0] if abs(value) < 3.4028235e38 else value


def fixed_cases():
    d = decimal.Decimal
    primitives = record("p", n="null", b="boolean", i="int", l="long", f="float", d="double", y="bytes", s="string")
    yield case("primitives", primitives, {"n": None, "b": True, "i": -2**31, "l": -2**63, "f": small(0.1), "d": 0.1,
                                          "y": b"\x00\xff\x01", "s": "a\"\\\n\u0000é\U0001f600"},
               struct_of(b="boolean", i="integer", l="long", f="float", d="double", y="binary", s="string"))
    yield case("largest", primitives, {"n": None, "b": False, "i": 2**31 - 1, "l": 2**63 - 1, "f": small(3.4028235e38),
                                       "d": 1.7976931348623157e308, "y": b"", "s": ""})
    yield case("not finite", primitives, {"n": None, "b": False, "i": 0, "l": 0, "f": float("nan"),
                                          "d": float("-inf"), "y": b"x", "s": "x"})
    times = record("t", da=logical("int", "date"), tm=logical("int", "time-millis"), tu=logical("long", "time-micros"),
                   sm=logical("long", "timestamp-millis"), su=logical("long", "timestamp-micros"),
                   sn=logical("long", "timestamp-nanos"), lm=logical("long", "local-timestamp-millis"),
                   lu=logical("long", "local-timestamp-micros"), ln=logical("long", "local-timestamp-nanos"))
    columns = struct_of(da="date", tm="string", tu="string", sm="timestamp", su="timestamp", sn="timestamp",
                        lm="timestamp_ntz", lu="timestamp_ntz", ln="timestamp_ntz")
    yield case("times", times, {"da": 20454, "tm": 86399999, "tu": 86399999999, "sm": 1767225600001,
                                "su": 1767225600000001, "sn": 1767225600000000001, "lm": 0, "lu": 1, "ln": 999}, columns)
    yield case("times before 1970", times, {"da": -1, "tm": 0, "tu": 0, "sm": -1, "su": -1, "sn": -1,
                                            "lm": -62135596800000, "lu": -86400000001, "ln": -1}, columns)
    decimals = record("d", b=logical("bytes", "decimal", precision=10, scale=2),
                      f=fixed("f16", 16, logicalType="decimal", precision=38, scale=10),
                      z=logical("bytes", "decimal", precision=38),
                      w=logical("bytes", "decimal", precision=60, scale=30))
    yield case("decimals", decimals, {"b": d("-1.50"), "f": d("1234567890123456789012345678.0123456789"), "z": d(0),
                                      "w": -d(10)**59 / d(10)**30 + d("1e-30")},
               struct_of(b="decimal(10,2)", f="decimal(38,10)", z="decimal(38,0)", w="string"))
    yield case("small decimals", decimals, {"b": d("0.01"), "f": d("-0.0000000001"), "z": -d(10)**38 + 1,
                                            "w": d("-1e-30")})
    uuids = record("u", s=logical("string", "uuid"), f=fixed("f16", 16), du=fixed("d12", 12, logicalType="duration"))
    yield case("uuid, fixed, duration", uuids, {"s": uuid.UUID(int=1), "f": bytes(range(16)),
                                                "du": struct.pack("<III", 14, 40, 3004)},
               struct_of(s="string", f="binary", du="string"))
    nested = record("a.b.n", e={"type": "enum", "name": "e", "symbols": ["X", "Y"]}, e2="a.b.e",
                    a={"type": "array", "items": ["null", "long"]},
                    m={"type": "map", "values": {"type": "array", "items": "a.b.e"}},
                    r=record("c.r", x="int", y=["string", "null"]), u=["null", "c.r"], one=["long"])
    yield case("nested", nested, {"e": "Y", "e2": "X", "a": [None, 5, -6], "m": {"k": ["X"], "": []},
                                  "r": {"x": 1, "y": None}, "u": {"x": 2, "y": "z"}, "one": 7},
               struct_of(e="string", e2="string", a=array_of("long"), m=map_of(array_of("string")),
                         r=struct_of(x="integer", y="string"), u=struct_of(x="integer", y="string"), one="long"))
    unions = record("v", u=["null", "int", "string", record("q.rec", x="long"), {"type": "array", "items": "int"}])
    columns = struct_of(u=struct_of(int="integer", string="string", rec=struct_of(x="long"), array=array_of("integer")))
    for value in (None, ("int", 5), ("string", "five"), ("q.rec", {"x": 5}), ("array", [5, 5])):
        yield case(f"union of several: {value}", unions, {"u": value[1] if value else None}, columns,
                   {"u": {value[0].split(".")[-1]: value[1]} if value else None})
    node = record("node", v="int", next=["null", "node"])
    yield case("recursive", node, {"v": 1, "next": {"v": 2, "next": {"v": 3, "next": None}}},
               struct_of(v="integer", next="string"))
    yield case("not a record", {"type": "array", "items": "int"}, [1, 2], struct_of(value=array_of("integer")))
    yield case("a top-level string", "string", "x", struct_of(value="string"))
    yield case("no fields", record("empty"), {}, struct_of())


def random_value(g, schema, depth=0):
    if isinstance(schema, list):
        return random_value(g, g.choice(schema), depth)
    if isinstance(schema, str):
        schema = {"type": schema}
    kind, log = schema["type"], schema.get("logicalType")
    if kind == "record":
        return {f["name"]: random_value(g, f["type"], depth + 1) for f in schema["fields"]}
    if kind == "array":
        return [random_value(g, schema["items"], depth + 1) for _ in range(g.choice((0, 1, 3)))]
    if kind == "map":
        return {f"k{i}\"": random_value(g, schema["values"], depth + 1) for i in range(g.choice((0, 1, 3)))}
    if log == "decimal":
        return decimal.Decimal(g.randint(-10**schema["precision"] + 1, 10**schema["precision"] - 1)).scaleb(
            -schema.get("scale", 0))
    if log == "time-millis":
        return g.randrange(86400000)
    if log == "time-micros":
        return g.randrange(86400000000)
    if log == "date":
        return g.randint(-700000, 2900000)
    if log and "timestamp" in log:
        return g.randint(-6 * 10**10, 25 * 10**10) * {"millis": 10**3, "micros": 10**6, "nanos": 10**7}[
            log.split("-")[-1]] + g.randrange(10**6)
    return {"null": lambda: None, "boolean": lambda: g.random() < 0.5, "int": lambda: g.getrandbits(32) - 2**31,
            "long": lambda: g.getrandbits(64) - 2**63, "float": lambda: small(g.uniform(-1e6, 1e6)),
            "double": lambda: struct.unpack("<d", struct.pack("<q", g.getrandbits(62)))[0],
            "bytes": lambda: g.randbytes(g.randrange(20)), "fixed": lambda: g.randbytes(schema.get("size", 0)),
            "string": lambda: "".join(chr(g.choice((g.randrange(1, 128), g.randrange(0xA0, 0xD000),
                                                    g.randrange(0x10000, 0x10FFFF)))) for _ in range(g.randrange(12))),
            "enum": lambda: g.choice(schema["symbols"])}[kind]()


def random_schema(g, depth, count):
    roll = g.random()
    count[0] += 1
    if depth < 4 and roll < 0.2:
        fields = {f"f{i}": random_schema(g, depth + 1, count) for i in range(g.randint(1, 5))}
        return record(f"r{count[0]}", **fields)
    if depth < 4 and roll < 0.3:
        return {"type": "array", "items": random_schema(g, depth + 1, count)}
    if depth < 4 and roll < 0.4:
        return {"type": "map", "values": random_schema(g, depth + 1, count)}
    if 0.4 < roll < 0.55:
        inner = random_schema(g, 4, count)
        return inner if isinstance(inner, list) else ["null", inner] if g.random() < 0.5 else [inner, "null"]
    precision = g.randint(1, 38)
    return g.choice(["boolean", "int", "long", "float", "double", "bytes", "string",
                     logical("bytes", "decimal", precision=precision, scale=g.randint(0, precision)),
                     {"type": "enum", "name": f"e{count[0]}", "symbols": ["A", "B", "C"]}, fixed(f"x{count[0]}", 5),
                     logical("int", "date"), logical("int", "time-millis"), logical("long", "time-micros"),
                     logical("long", "timestamp-millis"), logical("long", "timestamp-micros"),
                     logical("long", "timestamp-nanos"), logical("long", "local-timestamp-micros")])


def random_cases(count):
    g = random.Random(6)
    made = 0
    while made < count:
        fields = {f"c{i}": random_schema(g, 1, [1000 * made + 10 * i]) for i in range(g.randint(1, 8))}
        schema = record(f"top{made}", **fields)
        try:
            yield case(f"random {made}", schema, random_value(g, schema))
            made += 1
        except fastavro.schema.SchemaParseException:
            pass


def main():
    cases = [*fixed_cases(), *random_cases(150)]
    with (pathlib.Path(__file__).parent / "avro.jsonl").open("w") as out:
        for made in cases:
            out.write(json.dumps(made, separators=(",", ":")) + "\n")


main()
