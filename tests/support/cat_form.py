# SPDX-License-Identifier: Apache-2.0
"""Arrow values in the form that `deltawrite cat` and `deltawrite parquet cat` print them (docs/cli.md), as what
loads() makes of a line: exact numbers, floats by their value and sign."""
import base64
import datetime
import json
import math
import struct
import uuid

import pyarrow as pa

EPOCH = datetime.date(1970, 1, 1).toordinal()


class Number(str):
    """A JSON number with a point or exponent, as it is written."""


def loads(line):
    return json.loads(line, parse_float=Number)


def date_text(days):
    """Any day of the proleptic Gregorian calendar, also beyond Python's years."""
    shift = (days + EPOCH - 1) // 146097  # 400 years
    day = datetime.date.fromordinal(days + EPOCH - shift * 146097)
    year = day.year + 400 * shift
    return f"{'-' if year < 0 else ''}{abs(year):04}-{day.month:02}-{day.day:02}"


def clock(value, unit):
    per = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    seconds, fraction = divmod(value, per)
    digits = f"{fraction:09}" if unit == "ns" else f"{fraction * (10**6 // per):06}"
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{digits}"


def timestamp_text(value, kind):
    per = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
    days, rest = divmod(value, 86400 * per)
    return f"{date_text(days)}T{clock(rest, kind.unit)}{'Z' if kind.tz else ''}"


def floating(value, kind):
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return struct.pack({16: "e", 32: "f", 64: "d"}[kind.bit_width], value)  # 0.0 is not -0.0


def entries(array):
    """Of a list or map array: its children's slices, row by row."""
    offsets = array.offsets.to_pylist()
    children = [array.keys, array.items] if pa.types.is_map(array.type) else [array.values]
    forms = [form(child) for child in children]
    start = offsets[0] if pa.types.is_map(array.type) and len(children[0]) < offsets[-1] else 0
    for i in range(len(array)):
        first, end = offsets[i] - start, offsets[i + 1] - start
        yield [f[first:end] for f in forms]


def mapping(keys, values, kind):
    if pa.types.is_string(kind.key_type) or pa.types.is_large_string(kind.key_type):
        return dict(zip(keys, values))
    return [{"key": k, "value": v} for k, v in zip(keys, values)]


def flat(array):
    """The values of an array of a type without children, nulls not yet told apart."""
    p, t = pa.types, array.type
    if p.is_date32(t):
        return [v if v is None else date_text(v) for v in array.cast(pa.int32()).to_pylist()]
    if p.is_timestamp(t):
        return [v if v is None else timestamp_text(v, t) for v in array.cast(pa.int64()).to_pylist()]
    if p.is_time(t):
        numbers = array.cast(pa.int32() if t.bit_width == 32 else pa.int64()).to_pylist()
        return [v if v is None else clock(v, t.unit) for v in numbers]
    values = array.to_pylist()
    if p.is_floating(t):
        return [v if v is None else floating(float(v), t) for v in values]
    if p.is_decimal(t):
        return [v if v is None else format(v, f".{t.scale}f") for v in values]
    if p.is_binary(t) or p.is_large_binary(t) or p.is_fixed_size_binary(t) or p.is_binary_view(t):
        return [v if v is None else base64.b64encode(v).decode() for v in values]
    return values


def form(array):
    """One Python value for each value of an array."""
    p, t = pa.types, array.type
    if isinstance(array, pa.ExtensionArray):
        if str(t) == "extension<arrow.uuid>":
            return [v if v is None else str(uuid.UUID(bytes=v)) for v in array.storage.to_pylist()]
        return form(array.storage)
    if p.is_dictionary(t) or p.is_run_end_encoded(t):
        return form(array.cast(t.value_type) if p.is_dictionary(t) else pa.compute.run_end_decode(array))
    if p.is_list_view(t) or p.is_large_list_view(t) or p.is_fixed_size_list(t):
        return form(array.cast(pa.large_list(t.value_field)))
    valid = array.is_valid().to_pylist()
    if p.is_struct(t):
        columns = [(field.name, form(column)) for field, column in zip(t, array.flatten())]
        out = [{name: column[i] for name, column in columns} for i in range(len(array))]
    elif p.is_map(t):
        out = [mapping(k, v, t) for k, v in entries(array)]
    elif p.is_list(t) or p.is_large_list(t):
        out = [v for v, in entries(array)]
    else:
        out = flat(array)
    return [v if ok else None for v, ok in zip(out, valid)]


def as_read(kind, value):
    """A value of loads() in form()'s terms: floats by their bits, decimals with their digits."""
    p = pa.types
    if value is None:
        return None
    if isinstance(kind, pa.BaseExtensionType):
        return value
    if p.is_dictionary(kind) or p.is_run_end_encoded(kind):
        return as_read(kind.value_type, value)
    if p.is_struct(kind):
        return {f.name: as_read(f.type, value[f.name]) for f in kind} if len(value) == kind.num_fields else value
    if p.is_map(kind):
        if isinstance(value, dict):
            return {k: as_read(kind.item_type, v) for k, v in value.items()}
        return [{"key": as_read(kind.key_type, e["key"]), "value": as_read(kind.item_type, e["value"])} for e in value]
    if p.is_nested(kind):
        return [as_read(kind.value_type, v) for v in value]
    if p.is_floating(kind) and not isinstance(value, str):
        return ("not a float", value)
    if p.is_floating(kind) and isinstance(value, Number):
        return floating(float(value), kind)
    return str(value) if p.is_decimal(kind) else value


def rows(table):
    """The rows of a table, as lists of values."""
    columns = [[v for chunk in column.chunks for v in form(chunk)] for column in table.columns]
    return [list(row) for row in zip(*columns)] if columns else [[] for _ in range(table.num_rows)]


def compare(lines, table, where=""):
    """The lines that cat printed are the rows of a table."""
    want = rows(table)
    assert len(lines) == len(want), f"{where}: {len(lines)} rows, {len(want)} are right"
    for i, (line, row) in enumerate(zip(lines, want)):
        read = loads(line)
        assert list(read) == table.column_names, f"{where}: row {i}: columns {list(read)}"
        for field, value in zip(table.schema, row):
            got = as_read(field.type, read[field.name])
            assert got == value, f"{where}: {field.name}[{i}]: {read[field.name]!r}, {value!r} is right"
