# SPDX-License-Identifier: Apache-2.0
"""Parquet files made by hand, for shapes that no writer at hand makes any more, and for broken ones.

A file is a schema (elements in depth-first order), and row groups of columns, each of pages. Nothing is checked:
what is asked for is written."""
import struct
import zlib

BOOLEAN, INT32, INT64, INT96, FLOAT, DOUBLE, BYTE_ARRAY, FIXED = range(8)
REQUIRED, OPTIONAL, REPEATED = range(3)
UTF8, MAP, MAP_KEY_VALUE, LIST, ENUM, DECIMAL, DATE, TIME_MILLIS, TIME_MICROS, TIMESTAMP_MILLIS, TIMESTAMP_MICROS = (
    range(11))
INTERVAL = 21
PLAIN, PLAIN_DICTIONARY, RLE, BIT_PACKED, DELTA_BINARY, DELTA_LENGTH, DELTA_BYTES, RLE_DICTIONARY, SPLIT = (
    0, 2, 3, 4, 5, 6, 7, 8, 9)


# ------------------------------------------------------------------------------------------ Thrift compact protocol

def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out + bytes([n]))


def zigzag(n):
    return varint(n << 1 if n >= 0 else (-n << 1) - 1)


class Double(float):
    pass


class Byte(int):
    pass


class I64(int):
    """Plain integers are i32."""


class Set(list):
    pass


class Struct(dict):
    """Field id to value; None is left out."""

    def encode(self):
        out, last = b"", 0
        for field, value in sorted(self.items()):
            if value is None:
                continue
            kind = kind_of(value)
            if value is False:
                kind = 2
            head = bytes([(field - last) << 4 | kind]) if 0 < field - last < 16 else bytes([kind]) + zigzag(field)
            out += head + (b"" if isinstance(value, bool) else encode(value))
            last = field
        return out + b"\0"


def kind_of(value):
    for types, kind in ((bool, 1), (Byte, 3), (I64, 6), (int, 5), (Double, 7), ((bytes, str), 8), (Set, 10), (list, 9),
                        (Struct, 12), (dict, 11)):
        if isinstance(value, types):
            return kind
    raise TypeError(value)


def encode(value):
    if isinstance(value, bool):
        return bytes([1 if value else 2])
    if isinstance(value, Byte):
        return bytes([value & 255])
    if isinstance(value, Double):
        return struct.pack("<d", value)
    if isinstance(value, int):
        return zigzag(value)
    if isinstance(value, (bytes, str)):
        data = value.encode() if isinstance(value, str) else value
        return varint(len(data)) + data
    if isinstance(value, Struct):
        return value.encode()
    if isinstance(value, dict):
        if not value:
            return b"\0"
        (k, v), = list(value.items())[:1]
        return (varint(len(value)) + bytes([kind_of(k) << 4 | kind_of(v)]) +
                b"".join(encode(a) + encode(b) for a, b in value.items()))
    kind = kind_of(value[0]) if value else 5
    head = bytes([len(value) << 4 | kind]) if len(value) < 15 else bytes([0xF0 | kind]) + varint(len(value))
    return head + b"".join(encode(v) for v in value)


# ----------------------------------------------------------------------------------------------- encodings of values

def width_of(level):
    return level.bit_length()


def packed(values, width):
    """Bits of each value, low bits first."""
    bits = sum(v << i * width for i, v in enumerate(values))
    return bits.to_bytes((len(values) * width + 7) // 8, "little")


def packed_msb(values, width):
    """BIT_PACKED levels: high bits first."""
    text = "".join(f"{v:0{width}b}" for v in values)
    text += "0" * (-len(text) % 8)
    return bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8))


def hybrid(values, width, runs=False):
    """RLE / bit-packed hybrid: one bit-packed run, or runs of equal values."""
    if not runs:
        padded = values + [0] * (-len(values) % 8)
        return varint(len(padded) // 8 << 1 | 1) + packed(padded, width) if values else b""
    out, i = b"", 0
    while i < len(values):
        n = next((k for k in range(i, len(values)) if values[k] != values[i]), len(values)) - i
        out += varint(n << 1) + values[i].to_bytes((width + 7) // 8, "little")
        i += n
    return out


def plain(physical, values):
    if physical == BOOLEAN:
        return packed([int(v) for v in values], 1)
    if physical == BYTE_ARRAY:
        return b"".join(struct.pack("<I", len(v)) + v for v in values)
    if physical in (FIXED, INT96):
        return b"".join(values)
    return struct.pack("<" + {INT32: "i", INT64: "q", FLOAT: "f", DOUBLE: "d"}[physical] * len(values), *values)


def delta(values, block=128, mini=4):
    """DELTA_BINARY_PACKED of 64-bit integers."""
    out = varint(block) + varint(mini) + varint(len(values)) + zigzag(values[0] if values else 0)
    deltas = [b - a for a, b in zip(values, values[1:])]
    for i in range(0, len(deltas), block):
        part = deltas[i:i + block]
        least = min(part)
        part = [d - least for d in part]
        widths, bodies = [], b""
        for k in range(0, block, block // mini):
            one = part[k:k + block // mini]
            widths.append(max((d.bit_length() for d in one), default=0))
            if one:
                bodies += packed(one + [0] * (block // mini - len(one)), widths[-1])
        out += zigzag(least) + bytes(widths) + bodies
    return out


# ------------------------------------------------------------------------------------------------------------- files

def element(name, repetition=None, physical=None, children=None, converted=None, length=None, logical=None, scale=None,
            precision=None):
    return Struct({1: physical, 2: length, 3: repetition, 4: name, 5: children, 6: converted, 7: scale, 8: precision,
                   10: logical})


def levels(values, most, encoding=RLE, runs=False):
    if most == 0:
        return b""
    if encoding == BIT_PACKED:
        return packed_msb(values, width_of(most))
    data = hybrid(values, width_of(most), runs)
    return struct.pack("<I", len(data)) + data


def page(kind, body, header, field, uncompressed=None, crc=None, extra=None):
    fields = Struct({1: kind, 2: len(body) if uncompressed is None else uncompressed, 3: len(body),
                     4: zlib_crc(body) if crc else None, field: header})
    fields.update(extra or {})
    return fields.encode() + body


def zlib_crc(body):
    crc = zlib.crc32(body)
    return crc - 2**32 if crc >= 2**31 else crc


def data_page(n, values, rep=(), *, most_rep=0, defs=(), most_def=0, encoding=PLAIN, level_encoding=RLE, runs=False,
              compress=None, **options):
    """A v1 data page; `values` are bytes already."""
    body = levels(list(rep), most_rep, level_encoding, runs) + levels(list(defs), most_def, level_encoding, runs) + values
    size = len(body)
    body = compress(body) if compress else body
    header = Struct({1: n, 2: encoding, 3: level_encoding, 4: level_encoding})
    return page(0, body, header, 5, size, **options)


def data_page_v2(n, values, rep=(), *, rows=None, most_rep=0, defs=(), most_def=0, encoding=PLAIN, compress=None,
                 compressed=None, **options):
    r = hybrid(list(rep), width_of(most_rep)) if most_rep else b""
    d = hybrid(list(defs), width_of(most_def)) if most_def else b""
    size = len(r + d + values)
    nulls = sum(1 for v in defs if v < most_def)
    body = r + d + (compress(values) if compress else values)
    header = Struct({1: n, 2: nulls, 3: n if rows is None else rows, 4: encoding, 5: len(d), 6: len(r), 7: compressed})
    return page(3, body, header, 8, size, **options)


def dictionary_page(n, values, encoding=PLAIN, compress=None, **options):
    return page(2, compress(values) if compress else values, Struct({1: n, 2: encoding}), 7, len(values), **options)


def indices(values, width):
    return bytes([width]) + hybrid(values, width)


class Column:
    def __init__(self, physical, pages, n_values, codec=0, path=("c",), dictionary=False, statistics=None, metadata=None,
                 chunk=None):
        self.physical, self.pages, self.n_values, self.codec, self.path = physical, pages, n_values, codec, path
        self.dictionary, self.statistics, self.metadata, self.chunk = dictionary, statistics, metadata, chunk


def file(elements, row_groups, rows=None, footer=None, columns=None):
    """`row_groups`: a list of (rows, [Column, ...]). `elements` without the root."""
    out, groups = b"PAR1", []
    for n, group in row_groups:
        chunks = []
        for column in group:
            start = len(out)
            out += b"".join(column.pages)
            first = start + (len(column.pages[0]) if column.dictionary else 0)
            metadata = Struct({1: column.physical, 2: [PLAIN], 3: list(column.path), 4: column.codec,
                               5: I64(column.n_values), 6: I64(len(out) - start), 7: I64(len(out) - start),
                               9: I64(first), 11: I64(start) if column.dictionary else None, 12: column.statistics})
            metadata.update(column.metadata or {})
            chunk = Struct({2: I64(start), 3: metadata})
            chunk.update(column.chunk or {})
            chunks.append(chunk)
        groups.append(Struct({1: chunks, 2: I64(len(out)), 3: I64(n)}))
    root = element("schema", children=columns if columns is not None else sum(1 for _ in top_level(elements)))
    body = Struct({1: 1, 2: [root, *elements], 3: I64(sum(n for n, _ in row_groups) if rows is None else rows),
                   4: groups})
    body.update(footer or {})
    data = body.encode()
    return out + data + struct.pack("<I", len(data)) + b"PAR1"


def top_level(elements):
    i = 0
    while i < len(elements):
        yield elements[i]
        i = end_of(elements, i)


def end_of(elements, i):
    end = i + 1
    for _ in range(elements[i].get(5) or 0):
        end = end_of(elements, end)
    return end


# ------------------------------------------------------------------------------------------------------------- rows

class Shredder:
    """Rows as the schema nests them (groups as dicts, repeated fields as lists) to each leaf's levels and values."""

    def __init__(self, elements):
        self.elements, self.leaves = elements, {}
        for i in self.children(None):
            self.prepare(i, (), 0, 0)

    def children(self, i):
        at, n = (0, sum(1 for _ in top_level(self.elements))) if i is None else (i + 1, self.elements[i].get(5) or 0)
        for _ in range(n):
            yield at
            at = end_of(self.elements, at)

    def prepare(self, i, path, rep, most):
        e = self.elements[i]
        rep, most = rep + (e[3] == REPEATED), most + (e[3] != REQUIRED)
        if e.get(1) is not None:
            self.leaves[i] = {"path": path + (e[4],), "rep": rep, "def": most, "levels": [], "values": []}
        for child in self.children(i):
            self.prepare(child, path + (e[4],), rep, most)

    def add(self, i, value, r, d, rep):
        e = self.elements[i]
        if e[3] == REPEATED:
            for k, one in enumerate(value or []):
                self.put(i, one, r if k == 0 else rep + 1, d + 1, rep + 1)
            if not value:
                self.null(i, r, d)
        elif e[3] == OPTIONAL and value is None:
            self.null(i, r, d)
        else:
            self.put(i, value, r, d + (e[3] == OPTIONAL), rep)

    def put(self, i, value, r, d, rep):
        if i in self.leaves:
            self.leaves[i]["levels"].append((r, d))
            self.leaves[i]["values"].append(value)
        for child in self.children(i):
            self.add(child, value.get(self.elements[child][4]), r, d, rep)

    def null(self, i, r, d):
        if i in self.leaves:
            self.leaves[i]["levels"].append((r, d))
        for child in self.children(i):
            self.null(child, r, d)

    def row(self, row):
        for i in self.children(None):
            self.add(i, row.get(self.elements[i][4]), 0, 0, 0)


def shredded(elements, rows, make_page=data_page, **options):
    """A file of one row group with one page for each column, its values PLAIN."""
    shredder = Shredder(elements)
    for row in rows:
        shredder.row(row)
    columns = []
    for i, leaf in shredder.leaves.items():
        physical = elements[i][1]
        reps, defs = [r for r, _ in leaf["levels"]], [d for _, d in leaf["levels"]]
        v2 = {"rows": len(rows)} if make_page is data_page_v2 else {}
        columns.append(Column(physical, [make_page(len(defs), plain(physical, leaf["values"]), reps, most_rep=leaf["rep"],
                                                   defs=defs, most_def=leaf["def"], **v2, **options)],
                              len(defs), path=leaf["path"]))
    return file(elements, [(len(rows), columns)])
