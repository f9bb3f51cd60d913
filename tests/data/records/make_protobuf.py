#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes protobuf.jsonl and protobuf.desc beside itself: messages as Google's library encodes them, and the rows that
docs/records.md gives them. Needs protobuf and grpcio-tools (pip install); the tests need only what it wrote."""
import base64
import importlib
import json
import pathlib
import random
import struct
import sys
import tempfile

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import FieldDescriptor as F
from grpc_tools import protoc

HERE = pathlib.Path(__file__).parent
COMMON = """
syntax = "proto3";
package test.common;
// Referred to by the others.
message Point { sint32 x = 1; sint32 y = 2; }
enum Color { COLOR_NONE = 0; RED = 1; CRIMSON = 1; BLUE = -2; option allow_alias = true; }
"""
THREE = """
/* Everything of proto3. */
syntax = "proto3";
package test.three;
import "common.proto";
import public "google/protobuf/timestamp.proto";
import "google/protobuf/duration.proto"; import "google/protobuf/wrappers.proto";
import "google/protobuf/struct.proto"; import "google/protobuf/any.proto";
import "google/protobuf/empty.proto"; import "google/protobuf/field_mask.proto";
option java_package = "a.b"; option (custom).x = { a: 1 b: "};" };
service S { rpc Get(All) returns (All) { option deprecated = true; } }
message Unused { reserved 1, 5 to max; reserved "a"; }
message All {
  double d = 1; float f = 2; int32 i32 = 3; int64 i64 = 4; uint32 u32 = 5; uint64 u64 = 6; sint32 s32 = 7; sint64 s64 = 8;
  fixed32 x32 = 9; fixed64 x64 = 10; sfixed32 sx32 = 11; sfixed64 sx64 = 12; bool b = 13; string s = 14; bytes y = 15;
  optional int32 oi = 16 [deprecated = true, json_name = "other]"]; optional string os = 17;
  common.Color color = 18; repeated .test.common.Color colors = 19;
  common.Point p = 20; repeated common.Point ps = 21;
  repeated int64 packed = 22; repeated double unpacked = 23 [packed = false]; repeated string texts = 24;
  map<string, int64> m = 25; map<int32, common.Point> mp = 26; map<bool, bytes> mb = 27; map<uint64, Inner.Kind> mk = 28;
  message Inner { enum Kind { A = 0; B = 0x10; } Kind kind = 1; Deep deep = 2; message Deep { All back = 1; } }
  oneof choice { int32 ci = 30; string cs = 31; common.Point cp = 32; Inner.Kind ck = 33; }
  Inner inner = 34;
  google.protobuf.Timestamp ts = 40; google.protobuf.Duration du = 41; google.protobuf.Struct st = 42;
  google.protobuf.Value v = 43; google.protobuf.ListValue lv = 44; google.protobuf.Any any = 45;
  google.protobuf.Empty e = 46; google.protobuf.FieldMask fm = 47;
  google.protobuf.Int64Value wi = 50; google.protobuf.StringValue ws = 51; google.protobuf.BoolValue wb = 52;
  google.protobuf.BytesValue wy = 53; google.protobuf.DoubleValue wd = 54; google.protobuf.UInt64Value wu = 55;
  repeated google.protobuf.Timestamp tss = 56; map<string, google.protobuf.Value> mv = 57;
  string message = 60; int32 map = 61; bool repeated = 62;
}
message Second { message First { int32 a = 1; } map<string, First> before = 1; message Third { int32 c = 1; } First f = 2; }
"""
TWO = """
syntax = "proto2";
package test.two;
import "common.proto";
message Two {
  required int32 r = 1; optional int32 o = 2 [default = 5]; repeated int32 n = 3; repeated int32 k = 4 [packed = true];
  optional group Grp = 5 { optional string g = 1; repeated group Again = 2 { optional int32 z = 1; } }
  extensions 100 to 199; oneof w { int32 a = 6; group Og = 7 { optional int32 q = 1; } }
  optional test.common.Color c = 8;
}
extend Two { optional int32 ext = 100; }
"""
FILES = {"common.proto": COMMON, "three.proto": THREE.replace(' option (custom).x = { a: 1 b: "};" };', ""), "two.proto": TWO}


def compiled(folder):
    for name, text in FILES.items():
        (folder / name).write_text(text)
    include = pathlib.Path(protoc.__file__).parent / "_proto"
    done = protoc.main(["protoc", f"-I{folder}", f"-I{include}", f"--python_out={folder}", "--include_imports",
                        f"--descriptor_set_out={HERE / 'protobuf.desc'}", *FILES])
    assert done == 0
    sys.path.insert(0, str(folder))
    return [importlib.import_module(name.replace(".proto", "_pb2")) for name in FILES]


def real(value, kind):
    if value != value or value in (float("inf"), float("-inf")):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if kind == F.TYPE_FLOAT:  # the fewest digits that give it again
        return next(f for f in (float(f"{value:.{n}g}") for n in range(1, 10))
                    if struct.unpack("<f", struct.pack("<f", f))[0] == value)
    return value


def plain_value(value):
    """google.protobuf.Value and what is in it."""
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return {k: plain_value(v) for k, v in value.struct_value.fields.items()}
    if kind == "list_value":
        return [plain_value(v) for v in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number == int(number) and abs(number) < 1e15 else number
    return None if kind in (None, "null_value") else getattr(value, kind)


def known(message):
    name = message.DESCRIPTOR.full_name
    if name == "google.protobuf.Timestamp" or name == "google.protobuf.Duration":
        return message.ToJsonString()
    if name.endswith("Value") and name not in ("google.protobuf.Value", "google.protobuf.ListValue"):
        return scalar(message.DESCRIPTOR.fields[0], message.value)
    if name == "google.protobuf.Value":
        return plain_value(message)
    if name == "google.protobuf.Struct":
        return {k: plain_value(v) for k, v in message.fields.items()}
    return [plain_value(v) for v in message.values]


KNOWN = {"google.protobuf." + n for n in ("Timestamp", "Duration", "Struct", "Value", "ListValue", "Int64Value", "StringValue",
                                          "BoolValue", "BytesValue", "DoubleValue", "UInt64Value")}


def scalar(field, value):
    if field.type in (F.TYPE_MESSAGE, F.TYPE_GROUP):
        return plain(value)
    if field.type == F.TYPE_ENUM:
        named = [v.name for v in field.enum_type.values if v.number == value]
        return named[0] if named else str(value)
    if field.type == F.TYPE_BYTES:
        return base64.b64encode(value).decode()
    return real(value, field.type) if field.type in (F.TYPE_DOUBLE, F.TYPE_FLOAT) else value


def plain(message):
    if message.DESCRIPTOR.full_name in KNOWN:
        return known(message)
    row = {}
    for f in message.DESCRIPTOR.fields:
        value = getattr(message, f.name)
        repeated = f.is_repeated if hasattr(f, "is_repeated") else f.label == F.LABEL_REPEATED
        if f.message_type and f.message_type.GetOptions().map_entry:
            kind = f.message_type.fields_by_name["value"]
            row[f.name] = {str(k).lower() if isinstance(k, bool) else str(k): scalar(kind, value[k]) for k in value}
        elif repeated:
            row[f.name] = [scalar(f, v) for v in value]
        elif not f.has_presence or message.HasField(f.name):
            row[f.name] = scalar(f, value)
    return row


def fill(g, message, depth=0):
    """Fields by chance."""
    for f in message.DESCRIPTOR.fields:
        repeated = f.is_repeated if hasattr(f, "is_repeated") else f.label == F.LABEL_REPEATED
        if g.random() < (0.4 if depth else 0.2) or (f.message_type and depth > 2):
            continue
        if f.message_type and f.message_type.GetOptions().map_entry:
            fill_map(g, getattr(message, f.name), f.message_type, depth)
        elif f.message_type:
            for _ in range(g.randrange(3) if repeated else 1):
                fill_message(g, getattr(message, f.name).add() if repeated else getattr(message, f.name), depth)
        elif repeated:
            getattr(message, f.name).extend([chance(g, f) for _ in range(g.randrange(4))])
        else:
            setattr(message, f.name, chance(g, f))


def fill_map(g, target, entry, depth):
    key, value = entry.fields_by_name["key"], entry.fields_by_name["value"]
    for _ in range(g.randrange(3)):
        if value.message_type:
            fill_message(g, target[chance(g, key)], depth)
        else:
            target[chance(g, key)] = chance(g, value)


def fill_message(g, message, depth):
    name = message.DESCRIPTOR.full_name
    message.SetInParent()
    if name.endswith("Timestamp"):
        message.seconds, message.nanos = g.randint(-62135596800, 253402300799), g.choice((0, 5, 5000, 5000000, 999999999))
    elif name.endswith("Duration"):
        sign = g.choice((-1, 1))
        message.seconds, message.nanos = sign * g.randrange(10**6), sign * g.choice((0, 1, 1000, 120000000))
    elif name == "google.protobuf.Value":
        kind = g.randrange(5)
        if kind == 0:
            message.null_value = 0
        elif kind == 1:
            message.number_value = g.choice((5, 0.1, -1e300))
        elif kind == 2:
            message.string_value = "a\"\u00e9"
        elif kind == 3:
            message.struct_value.fields["k"].bool_value = True
        else:
            message.list_value.values.add().number_value = 1
    elif name == "google.protobuf.Struct":
        message.fields["a b"].number_value = 1.5
        message.fields["l"].list_value.values.add().null_value = 0
    else:
        fill(g, message, depth + 1)


def chance(g, f):
    bits = {F.TYPE_INT32: 31, F.TYPE_SINT32: 31, F.TYPE_SFIXED32: 31, F.TYPE_INT64: 63, F.TYPE_SINT64: 63,
            F.TYPE_SFIXED64: 63}
    if f.type in bits:
        return g.choice((0, -1, 2**bits[f.type] - 1, -2**bits[f.type], g.randint(-1000, 1000)))
    if f.type in (F.TYPE_UINT32, F.TYPE_FIXED32):
        return g.choice((0, 2**32 - 1, g.randrange(1000)))
    if f.type in (F.TYPE_UINT64, F.TYPE_FIXED64):
        return g.choice((0, 2**64 - 1, g.randrange(1000)))
    if f.type == F.TYPE_ENUM:
        closed = f.enum_type.is_closed
        return g.choice([v.number for v in f.enum_type.values] + ([] if closed else [77]))
    return {F.TYPE_DOUBLE: lambda: g.choice((0.0, 0.1, -1e308, float("nan"), float("inf"))),
            F.TYPE_FLOAT: lambda: struct.unpack("<f", struct.pack("<f", g.choice((0.0, 0.1, 3e38, -1.5))))[0],
            F.TYPE_BOOL: lambda: g.random() < 0.5, F.TYPE_STRING: lambda: g.choice(("", "x", "\u00e9\U0001f600\n\"")),
            F.TYPE_BYTES: lambda: g.randbytes(g.randrange(5))}[f.type]()


def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes((n & 127 | 128,)), n >> 7
    return out + bytes((n,))


def case(name, file, message, indexes, data=None):
    data = message.SerializeToString() if data is None else data
    row = plain(type(message).FromString(data))
    return {"name": name, "file": file, "message": message.DESCRIPTOR.full_name, "indexes": indexes, "hex": data.hex(),
            "row": json.dumps(row)}


def fixed_cases(three, two):
    one = three.All(i32=1, ci=5, p={"x": 1})
    other = three.All(i32=2, cs="later", p={"y": 2}, packed=[1, 2])
    merged = one.SerializeToString() + other.SerializeToString()
    yield case("nothing at all", "three.proto", three.All(), [1])
    yield case("the last scalar counts, messages merge, of a oneof the last stays", "three.proto", one, [1], merged)
    packed = b"\xb0\x01\x05" + b"\xb2\x01\x02\x01\x02" + b"\xb0\x01\x07" + b"\xba\x01\x08" + struct.pack("<d", 0.5)
    yield case("packed and not, each for the other", "three.proto", one, [1], packed)
    unknown = b"\xf8\x3e\x05" + b"\xfa\x3e\x01x" + b"\xfb\x3e\x08\x01\xfc\x3e" + b"\xf9\x3e" + bytes(8) + b"\xfd\x3e" + bytes(4)
    yield case("unknown fields of each wire type", "three.proto", one, [1], unknown + one.SerializeToString())
    yield case("wire types that do not fit", "three.proto", one, [1], b"\x0a\x01x" + b"\x70\x05")
    yield case("nested message", "three.proto", three.Second.Third(c=5), [2, 1])
    yield case("a message within itself", "three.proto",
               three.All(inner={"kind": 16, "deep": {"back": {"i64": -5, "inner": {"deep": {"back": {}}}}}}), [1])
    yield case("proto2", "two.proto", two.Two(r=1, n=[1, 2], k=[3], grp={"g": "x", "again": [{"z": 1}, {}]}, og={"q": 5}), [0])
    yield case("proto2, other member", "two.proto", two.Two(r=0, a=0, c=-2), [0])


def main():
    with tempfile.TemporaryDirectory() as folder:
        common, three, two = compiled(pathlib.Path(folder))
        g = random.Random(7)
        cases = list(fixed_cases(three, two))
        for i in range(120):
            message, file, indexes = (three.All(), "three.proto", [1]) if i % 4 else (two.Two(r=1), "two.proto", [0])
            fill(g, message)
            if file == "two.proto":
                message.r = g.randrange(5)
            cases.append(case(f"random {i}", file, message, indexes))
    descriptors = {f.name: base64.b64encode(f.SerializeToString()).decode() for f in
                   descriptor_pb2.FileDescriptorSet.FromString((HERE / "protobuf.desc").read_bytes()).file}
    head = {"files": {**FILES, "three.proto": THREE}, "descriptors": descriptors}
    with (HERE / "protobuf.jsonl").open("w") as out:
        for made in [head, *cases]:
            out.write(json.dumps(made, separators=(",", ":")) + "\n")


main()
