# SPDX-License-Identifier: Apache-2.0
"""Shapes of Parquet files that hardly any writer makes any more, put together byte by byte: old forms of lists and
maps, deprecated encodings, pages in unusual places. The rows are known; pyarrow has to agree where it reads them."""
import gzip
import json
import os
import struct
import subprocess
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from judges.read_table import dump, json_values
from support.parquet_bytes import *  # noqa: F403: the vocabulary of this file
from support.paths import BUILD, missing

R, O, P = REQUIRED, OPTIONAL, REPEATED
CAT = BUILD / "tests" / "unit" / "parquet" / "parquet_cat"


def cat(path, *arguments):
    if not CAT.exists():
        missing(f"{CAT} (meson compile)")
    return subprocess.run([CAT, *arguments, path], capture_output=True, text=True, timeout=20)


def plain_maps(value):
    if isinstance(value, list):
        return [plain_maps(x) for x in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["__map__"]:
        return sorted((plain_maps(x) for x in value["__map__"]), key=dump)
    return {k: plain_maps(v) for k, v in value.items()}


def rows_of(path, *arguments):
    done = cat(path, *arguments)
    assert done.returncode == 0, done.stderr
    return [plain_maps(json.loads(line)) for line in done.stdout.splitlines()]


def refused(path, *words):
    done = cat(path)
    assert done.returncode == 1, done.stdout
    assert all(word in done.stderr for word in words), done.stderr


def judged(path):
    table = pq.ParquetFile(path).read()
    columns = {name: [v for c in col.chunks for v in json_values(c)] for name, col in zip(table.column_names, table.columns)}
    return [{k: v[i] for k, v in columns.items()} for i in range(table.num_rows)]


def check(path, data, want, pyarrow=True):
    path.write_bytes(data)
    for batch in ("1", "1000"):
        assert rows_of(path, "-b", batch) == want
    if pyarrow:
        assert judged(path) == want


def leaf(name, repetition, physical=INT32, **more):
    return element(name, repetition, physical, **more)


def group(name, repetition, children, **more):
    return element(name, repetition, children=children, **more)


SHAPES = {
    "three levels": (
        [group("l", O, 1, converted=LIST), group("list", P, 1), leaf("element", O)],
        [{"l": {"list": [{"element": 1}, {"element": None}]}}, {"l": {"list": []}}, {"l": None}],
        [{"l": [1, None]}, {"l": []}, {"l": None}]),
    "two levels of a primitive": (
        [group("l", O, 1, converted=LIST), leaf("element", P)],
        [{"l": {"element": [1, 2]}}, {"l": {"element": []}}, {"l": None}],
        [{"l": [1, 2]}, {"l": []}, {"l": None}]),
    "two levels of a group of two fields": (
        [group("l", R, 1, converted=LIST), group("element", P, 2), leaf("a", R), leaf("b", O)],
        [{"l": {"element": [{"a": 1, "b": None}, {"a": 2, "b": 3}]}}, {"l": {"element": []}}],
        [{"l": [{"a": 1, "b": None}, {"a": 2, "b": 3}]}, {"l": []}]),
    "two levels named array": (
        [group("l", O, 1, converted=LIST), group("array", P, 1), leaf("a", O)],
        [{"l": {"array": [{"a": 1}, {"a": None}]}}, {"l": None}],
        [{"l": [{"a": 1}, {"a": None}]}, {"l": None}]),
    "two levels named after the list": (
        [group("l", O, 1, converted=LIST), group("l_tuple", P, 1), leaf("a", R)],
        [{"l": {"l_tuple": [{"a": 1}, {"a": 2}]}}, {"l": None}],
        [{"l": [{"a": 1}, {"a": 2}]}, {"l": None}]),
    "bag and array_element, as Hive has them": (
        [group("l", O, 1, converted=LIST), group("bag", P, 1), leaf("array_element", O)],
        [{"l": {"bag": [{"array_element": 1}, {"array_element": None}]}}, {"l": {"bag": []}}, {"l": None}],
        [{"l": [1, None]}, {"l": []}, {"l": None}]),
    "a list of two-level lists": (
        [group("l", O, 1, converted=LIST), group("array", P, 1, converted=LIST), leaf("array", P)],
        [{"l": {"array": [{"array": [1, 2]}, {"array": []}]}}, {"l": {"array": []}}, {"l": None}],
        [{"l": [[1, 2], []]}, {"l": []}, {"l": None}]),
    "a repeated field of no list": (
        [leaf("n", P), leaf("s", P, BYTE_ARRAY, converted=UTF8), leaf("x", O)],
        [{"n": [1, 2], "s": [b"a"], "x": 1}, {"n": [], "s": [], "x": None}],
        [{"n": [1, 2], "s": ["a"], "x": 1}, {"n": [], "s": [], "x": None}]),
    "a repeated group of no list": (
        [group("g", P, 2), leaf("a", R), group("h", P, 2), leaf("b", O), leaf("c", P)],
        [{"g": [{"a": 1, "h": [{"b": None, "c": [5, 6]}, {"b": 2, "c": []}]}, {"a": 3, "h": []}]}, {"g": []}],
        [{"g": [{"a": 1, "h": [{"b": None, "c": [5, 6]}, {"b": 2, "c": []}]}, {"a": 3, "h": []}]}, {"g": []}]),
    "a repeated group in an optional one": (
        [group("o", O, 1), group("g", P, 1), leaf("a", O)],
        [{"o": {"g": [{"a": None}, {"a": 4}]}}, {"o": {"g": []}}, {"o": None}],
        [{"o": {"g": [{"a": None}, {"a": 4}]}}, {"o": {"g": []}}, {"o": None}]),
    "a map": (
        [group("m", O, 1, converted=MAP), group("key_value", P, 2), leaf("key", R, BYTE_ARRAY, converted=UTF8),
         leaf("value", O)],
        [{"m": {"key_value": [{"key": b"a", "value": 1}, {"key": b"b", "value": None}]}}, {"m": {"key_value": []}},
         {"m": None}],
        [{"m": [["a", 1], ["b", None]]}, {"m": []}, {"m": None}]),
    "a map annotated MAP_KEY_VALUE, of other names": (
        [group("m", O, 1, converted=MAP_KEY_VALUE), group("map", P, 2), leaf("num", R), leaf("name", R)],
        [{"m": {"map": [{"num": 1, "name": 2}]}}, {"m": None}],
        [{"m": [[1, 2]]}, {"m": None}]),
    "a map in a map in a list": (
        [group("l", O, 1, converted=LIST), group("list", P, 1), group("element", O, 1, converted=MAP),
         group("key_value", P, 2), leaf("key", R), group("value", O, 1, converted=MAP), group("key_value", P, 2),
         leaf("key", R), leaf("value", R)],
        [{"l": {"list": [{"element": {"key_value": [{"key": 1, "value": {"key_value": [{"key": 2, "value": 3}]}}]}},
                         {"element": None}]}}, {"l": None}],
        [{"l": [[[1, [[2, 3]]]], None]}, {"l": None}]),
    "structs, required and optional, in each other": (
        [group("a", R, 1), group("b", O, 1), group("c", R, 1), group("d", O, 2), leaf("e", R), leaf("f", O)],
        [{"a": {"b": {"c": {"d": {"e": 1, "f": None}}}}}, {"a": {"b": {"c": {"d": None}}}}, {"a": {"b": None}}],
        [{"a": {"b": {"c": {"d": {"e": 1, "f": None}}}}}, {"a": {"b": {"c": {"d": None}}}}, {"a": {"b": None}}]),
    "a list annotated by its logical type alone": (
        [group("l", O, 1, logical=Struct({3: Struct()})), group("list", P, 1), leaf("element", O)],
        [{"l": {"list": [{"element": 1}]}}, {"l": None}],
        [{"l": [1]}, {"l": None}]),
    "a map annotated by its logical type alone": (
        [group("m", R, 1, logical=Struct({2: Struct()})), group("key_value", P, 2), leaf("key", R), leaf("value", O)],
        [{"m": {"key_value": [{"key": 7, "value": None}]}}, {"m": {"key_value": []}}],
        [{"m": [[7, None]]}, {"m": []}]),
    "a variant": (
        [group("v", O, 2, logical=Struct({16: Struct()})), leaf("metadata", R, BYTE_ARRAY), leaf("value", R, BYTE_ARRAY)],
        [{"v": {"metadata": b"\1\0\0", "value": b"\x0c\5"}}, {"v": None}],
        [{"v": {"metadata": "010000", "value": "0c05"}}, {"v": None}]),
}
# What pyarrow has another opinion of, or none.
NOT_PYARROW = {"a variant"}


@pytest.mark.parametrize("page", [data_page, data_page_v2], ids=["v1", "v2"])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_form_of_lists_and_maps_is_read(tmp_path, shape, page):
    elements, rows, want = SHAPES[shape]
    check(tmp_path / "f.parquet", shredded(elements, rows, page), want, shape not in NOT_PYARROW)


@pytest.mark.parametrize("shape", SHAPES)
def test_levels_may_be_bit_packed_or_in_runs(tmp_path, shape):
    elements, rows, want = SHAPES[shape]
    check(tmp_path / "f.parquet", shredded(elements, rows, runs=True), want, shape not in NOT_PYARROW)
    # With deprecated levels, high bits first, pyarrow's own reader wants the same encoding.
    check(tmp_path / "f.parquet", shredded(elements, rows, level_encoding=BIT_PACKED), want, False)


def test_a_map_whose_entries_have_no_value_is_a_list_of_its_keys(tmp_path):
    elements = [group("m", O, 1, converted=MAP), group("key_value", P, 1), leaf("key", R)]
    rows = [{"m": {"key_value": [{"key": 1}, {"key": 2}]}}, {"m": None}]
    check(tmp_path / "f.parquet", shredded(elements, rows), [{"m": [1, 2]}, {"m": None}], False)


def test_deep_nesting_is_read_and_deeper_is_refused(tmp_path):
    def nested(depth):
        elements, value, want = [], {"x": 5}, {"x": 5}
        for i in range(depth):
            elements.append(group(f"g{i}", O, 1))
        for i in reversed(range(depth)):
            value, want = {f"g{i}": value}, {f"g{i}": want}
        return elements + [leaf("x", O)], value, want

    elements, value, want = nested(50)
    check(tmp_path / "f.parquet", shredded(elements, [value, {"g0": None}]), [want, {"g0": None}])
    elements, value, want = nested(400)
    (tmp_path / "f.parquet").write_bytes(shredded(elements, [value]))
    refused(tmp_path / "f.parquet", "nested deeper than")


# --------------------------------------------------------------------------------------------------- pages, encodings

INTS = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, -8, 2**31 - 1, -2**31]


def one_column(pages, n, physical=INT32, repetition=R, **options):
    return file([leaf("c", repetition, physical, **options.pop("element", {}))],
                [(n, [Column(physical, pages, n, **options)])])


def ints(values):
    return [{"c": v} for v in values]


def test_dictionary_and_plain_pages_are_mixed_and_the_dictionary_comes_late(tmp_path):
    coded = data_page(4, indices([0, 1, 1, 0], 1), encoding=PLAIN_DICTIONARY)
    newer = data_page(2, indices([1, 1], 1), encoding=RLE_DICTIONARY)
    table = dictionary_page(2, plain(INT32, [7, 8]))
    other = data_page(3, plain(INT32, [1, 2, 3]))
    check(tmp_path / "f.parquet", one_column([table, coded, other, newer], 9, dictionary=True),
          ints([7, 8, 8, 7, 1, 2, 3, 8, 8]))
    check(tmp_path / "f.parquet", one_column([other, table, coded, newer], 9), ints([1, 2, 3, 7, 8, 8, 7, 8, 8]), False)
    # The dictionary's place is not told: the first page says what it is.
    check(tmp_path / "f.parquet", one_column([table, coded, newer], 6), ints([7, 8, 8, 7, 8, 8]))
    (tmp_path / "f.parquet").write_bytes(one_column([coded, newer], 6))
    refused(tmp_path / "f.parquet", "row group 0: column c: page 0: dictionary indices without a dictionary")
    (tmp_path / "f.parquet").write_bytes(one_column([table, data_page(2, indices([0, 2], 2), encoding=8)], 2))
    refused(tmp_path / "f.parquet", "row group 0: column c: page 1: index beyond the dictionary")


def test_a_dictionary_of_one_value_needs_no_bits(tmp_path):
    table = dictionary_page(1, plain(INT32, [7]))
    coded = data_page(3, b"\0" + varint(3 << 1), encoding=RLE_DICTIONARY)
    check(tmp_path / "f.parquet", one_column([table, coded], 3, dictionary=True), ints([7, 7, 7]))


def test_empty_pages_and_unknown_pages_are_passed_over(tmp_path):
    index_page = page(1, b"whatever", Struct(), 6)
    future = page(9, b"\1\2\3", Struct({1: 5, 2: [1, 2]}), 11)
    some = data_page(2, plain(INT32, [1, 2]))
    empty = data_page(0, b"")
    empty_v2 = data_page_v2(0, b"")
    check(tmp_path / "f.parquet", one_column([empty, index_page, some, future, empty_v2, some, empty], 4),
          ints([1, 2, 1, 2]), False)


def test_a_v2_page_may_say_that_it_is_not_compressed(tmp_path):
    pages = [data_page_v2(2, plain(INT32, [1, 2]), compressed=False),
             data_page_v2(2, plain(INT32, [3, 4]), compress=gzip.compress, compressed=True),
             data_page_v2(2, plain(INT32, [5, 6]), compress=gzip.compress)]
    check(tmp_path / "f.parquet", one_column(pages, 6, codec=2), ints([1, 2, 3, 4, 5, 6]))


def test_gzip_members_follow_each_other_in_a_page(tmp_path):
    def members(data):
        return gzip.compress(data[:5]) + gzip.compress(data[5:]) + gzip.compress(b"")

    check(tmp_path / "f.parquet", one_column([data_page(14, plain(INT32, INTS), compress=members)], 14, codec=2),
          ints(INTS), False)


def test_v2_pages_of_nulls_have_no_values_at_all(tmp_path):
    pages = [data_page_v2(3, b"", defs=[0, 0, 0], most_def=1, compressed=True),
             data_page_v2(2, plain(INT32, [4]), defs=[0, 1], most_def=1, compressed=False)]
    check(tmp_path / "f.parquet", one_column(pages, 5, repetition=O, codec=2), ints([None, None, None, None, 4]), False)


ENCODED = {
    "PLAIN booleans": (BOOLEAN, PLAIN, plain(BOOLEAN, [True, False, True] * 5), [True, False, True] * 5),
    "RLE booleans": (BOOLEAN, RLE, levels([1, 0, 1] * 5, 1), [True, False, True] * 5),
    "RLE booleans in runs": (BOOLEAN, RLE, levels([1] * 9 + [0] * 5, 1, runs=True), [True] * 9 + [False] * 5),
    "DELTA_BINARY_PACKED": (INT32, DELTA_BINARY, delta(INTS[:12]), INTS[:12]),
    "DELTA_BINARY_PACKED, wide": (INT64, DELTA_BINARY, delta(INTS), INTS),
    "DELTA_BINARY_PACKED of one value": (INT64, DELTA_BINARY, delta([2**62]), [2**62]),
    "DELTA_BINARY_PACKED, large blocks": (INT64, DELTA_BINARY, delta(list(range(0, 7000, 7)), 1024, 8),
                                          list(range(0, 7000, 7))),
    "DELTA_LENGTH_BYTE_ARRAY": (BYTE_ARRAY, DELTA_LENGTH, delta([1, 0, 3]) + b"abcd", ["61", "", "626364"]),
    "BYTE_STREAM_SPLIT of INT32": (INT32, SPLIT, b"\1\2\0\0\0\0\0\1", [1, 0x01000002]),
    "BYTE_STREAM_SPLIT of FLOAT": (FLOAT, SPLIT, bytes(b for k in range(4) for b in struct.pack("<2f", 1.5, -2.0)[k::4]),
                                   [1.5, -2.0]),
    "BYTE_STREAM_SPLIT of INT64": (INT64, SPLIT, bytes(b for k in range(8) for b in struct.pack("<2q", 1, -2)[k::8]),
                                   [1, -2]),
    "BYTE_STREAM_SPLIT of DOUBLE": (DOUBLE, SPLIT, bytes(b for k in range(8) for b in struct.pack("<2d", 1.5, -2)[k::8]),
                                    [1.5, -2.0]),
}


@pytest.mark.parametrize("page", [data_page, data_page_v2], ids=["v1", "v2"])
@pytest.mark.parametrize("name", ENCODED)
def test_every_encoding_is_read_from_literal_bytes(tmp_path, name, page):
    physical, encoding, values, want = ENCODED[name]
    check(tmp_path / "f.parquet", one_column([page(len(want), values, encoding=encoding)], len(want), physical), ints(want))


def test_prefixes_of_delta_byte_arrays_are_taken_from_the_value_before(tmp_path):
    values = delta([0, 2, 0]) + delta([3, 1, 1]) + b"abcde"
    for page in (data_page, data_page_v2):
        data = one_column([page(3, values, encoding=DELTA_BYTES)], 3, BYTE_ARRAY)
        check(tmp_path / "f.parquet", data, ints(["616263", "616264", "65"]))
    values = delta([0, 3]) + delta([2, 0]) + b"ab"
    (tmp_path / "f.parquet").write_bytes(one_column([data_page(2, values, encoding=DELTA_BYTES)], 2, BYTE_ARRAY))
    refused(tmp_path / "f.parquet", "row group 0: column c: page 0")


def test_fixed_length_values_in_every_encoding_they_may_have(tmp_path):
    values = [b"abc", b"abd", b"xyz"]
    for encoding, data in ((PLAIN, b"".join(values)), (SPLIT, bytes(b for k in range(3) for b in b"".join(values)[k::3])),
                           (DELTA_BYTES, delta([0, 2, 0]) + delta([3, 1, 3]) + b"abcdxyz"),
                           (DELTA_LENGTH, delta([3, 3, 3]) + b"".join(values))):
        data = one_column([data_page(3, data, encoding=encoding)], 3, FIXED, element={"length": 3})
        check(tmp_path / "f.parquet", data, ints([v.hex() for v in values]), encoding in (PLAIN, SPLIT, DELTA_BYTES))
    data = one_column([data_page(2, delta([3, 2]) + b"abcde", encoding=DELTA_LENGTH)], 2, FIXED, element={"length": 3})
    (tmp_path / "f.parquet").write_bytes(data)
    refused(tmp_path / "f.parquet", "row group 0: column c: page 0")


def test_page_checksums_are_checked_and_name_the_page(tmp_path):
    good = data_page(2, plain(INT32, [1, 2]), crc=True)
    check(tmp_path / "f.parquet", one_column([good, good], 4), ints([1, 2, 1, 2]))
    bad = good[:-1] + bytes([good[-1] ^ 1])
    (tmp_path / "f.parquet").write_bytes(one_column([good, bad], 4))
    refused(tmp_path / "f.parquet", "row group 0: column c: page 1: checksum differs")
    v2 = data_page_v2(2, plain(INT32, [1, 2]), crc=True)
    check(tmp_path / "f.parquet", one_column([v2, good], 4), ints([1, 2, 1, 2]))
    (tmp_path / "f.parquet").write_bytes(one_column([v2[:-1] + b"\xff"], 2))
    refused(tmp_path / "f.parquet", "column c: page 0: checksum differs")


# ----------------------------------------------------------------------------------------------------- types, footers

def types(physical, values, **options):
    return one_column([data_page(len(values), plain(physical, values))], len(values), physical, element=options)


def be(value, size):
    return value.to_bytes(size, "big", signed=True)


def test_decimals_are_read_from_every_physical_type(tmp_path):
    want = [{"c": v} for v in ("1.23", "-0.05", "0.00")]
    options = {"converted": DECIMAL, "scale": 2, "precision": 5}
    check(tmp_path / "f.parquet", types(INT32, [123, -5, 0], **options), want)
    check(tmp_path / "f.parquet", types(INT64, [123, -5, 0], **options), want)
    check(tmp_path / "f.parquet", types(BYTE_ARRAY, [be(123, 1), be(-5, 9), be(0, 20)], **options), want, False)
    check(tmp_path / "f.parquet", types(BYTE_ARRAY, [be(123, 1), be(-5, 9), be(0, 3)], **options), want)
    check(tmp_path / "f.parquet", types(FIXED, [be(v, 3) for v in (123, -5, 0)], length=3, **options), want)
    check(tmp_path / "f.parquet", types(FIXED, [be(v, 16) for v in (123, -5, 0)], length=16,
                                        logical=Struct({5: Struct({1: 2, 2: 5})})), want)


def test_intervals_and_logical_types_of_the_future_are_their_bytes(tmp_path):
    interval = struct.pack("<3I", 1, 2, 3)
    check(tmp_path / "f.parquet", types(FIXED, [interval], length=12, converted=INTERVAL), [{"c": interval.hex()}], False)
    future = Struct({77: Struct({1: "what", 2: [1, 2, 3]})})
    check(tmp_path / "f.parquet", types(INT32, [5], logical=future), [{"c": 5}], False)
    check(tmp_path / "f.parquet", types(BYTE_ARRAY, [b"hi"], logical=future), [{"c": "6869"}], False)


def test_values_of_a_null_column_do_not_matter(tmp_path):
    data = file([leaf("c", O, INT32, logical=Struct({11: Struct()})), leaf("d", R)],
                [(2, [Column(INT32, [data_page(2, b"", defs=[0, 0], most_def=1)], 2),
                      Column(INT32, [data_page(2, plain(INT32, [1, 2]))], 2, path=("d",))])])
    check(tmp_path / "f.parquet", data, [{"c": None, "d": 1}, {"c": None, "d": 2}])


def test_converted_types_alone_tell_the_type(tmp_path):
    path = tmp_path / "f.parquet"
    check(path, types(INT64, [1500, -1], converted=TIMESTAMP_MILLIS), ints(["1970-01-01T00:00:01.500000Z",
                                                                            "1969-12-31T23:59:59.999000Z"]))
    check(path, types(INT64, [1500], converted=TIMESTAMP_MICROS), ints(["1970-01-01T00:00:00.001500Z"]))
    check(path, types(INT32, [365], converted=DATE), ints(["1971-01-01"]))
    check(path, types(INT32, [3600001], converted=TIME_MILLIS), ints(["01:00:00.001000"]))
    check(path, types(INT64, [3600000001], converted=TIME_MICROS), ints(["01:00:00.000001"]))
    for converted, physical, value, want in ((11, INT32, 255, 255), (12, INT32, 65535, 65535), (13, INT32, -1, 2**32 - 1),
                                             (14, INT64, -1, 2**64 - 1), (15, INT32, -128, -128), (16, INT32, -5, -5),
                                             (17, INT32, -5, -5), (18, INT64, -5, -5)):
        check(path, types(physical, [value], converted=converted), ints([want]))
    for converted, want in ((UTF8, "a"), (ENUM, "a"), (19, "a"), (20, "61")):
        check(path, types(BYTE_ARRAY, [b"a"], converted=converted), ints([want]), converted != ENUM)  # bytes in pyarrow


def int96(ns):
    return struct.pack("<qI", ns % 86400_000000000, 2440588 + ns // 86400_000000000)


def test_int96_beyond_nanoseconds_is_read_in_microseconds(tmp_path):
    year_9999 = 253402300799_000000_000
    check(tmp_path / "f.parquet", types(INT96, [int96(1), int96(-1)]),
          [{"c": "1970-01-01T00:00:00.000000001"}, {"c": "1969-12-31T23:59:59.999999999"}], False)
    check(tmp_path / "f.parquet", types(INT96, [int96(1001), int96(year_9999)]),
          [{"c": "1970-01-01T00:00:00.000001"}, {"c": "9999-12-31T23:59:59.000000"}], False)


def unknown_fields():
    """Fields of every Thrift type under ids that no version of the format has."""
    return {901: True, 902: False, 903: Byte(-1), 904: 1, 905: I64(2**40), 906: Double(1.5), 907: "text", 908: [1, 2],
            909: [Struct({1: [Struct()]})], 910: Set([b"a"]), 911: {1: True, 2: False}, 912: {}, 913: Struct({1: Struct()}),
            914: [True, False], 915: [], 916: {b"k": [Double(2.0)]}}


def test_unknown_fields_of_the_metadata_are_passed_over(tmp_path):
    more = unknown_fields()
    e = leaf("c", R)
    e.update(more)
    body = page(0, plain(INT32, [1, 2]), Struct({1: 2, 2: 0, 3: 3, 4: 3, **more}), 5, extra=more)
    column = Column(INT32, [body], 2, metadata=dict(more), chunk=dict(more), statistics=Struct({3: I64(0), **more}))
    check(tmp_path / "f.parquet", file([e], [(2, [column])], footer=more), ints([1, 2]))


def test_statistics_of_an_unexpected_form_do_not_matter(tmp_path):
    body = data_page(2, plain(INT32, [1, 2]))
    statistics = Struct({1: 5, 2: [1], 3: "none", 5: Struct(), 6: True, 7: 3, 9: [1]})
    check(tmp_path / "f.parquet", file([leaf("c", R)], [(2, [Column(INT32, [body], 2, statistics=statistics)])]),
          ints([1, 2]), False)
    column = Column(INT32, [body], 2, metadata={2: 5, 6: "x", 8: 1, 12: 3, 14: [Struct()], 15: [Struct()]},
                    chunk={4: "there", 5: [1], 6: Struct(), 7: True})
    check(tmp_path / "f.parquet", file([leaf("c", R)], [(2, [column])], footer={1: "one", 6: 5, 7: 5}), ints([1, 2]), False)


BROKEN = {
    "fewer values than rows": (one_column([data_page(2, plain(INT32, [1, 2]))], 3), "fewer rows than its row group"),
    "more values than rows": (one_column([data_page(4, plain(INT32, [1, 2, 3, 4]))], 3),
                              "page 0: more values than its column chunk"),
    "fewer bytes than values": (one_column([data_page(3, plain(INT32, [1, 2]))], 3), "page 0: fewer values"),
    "no levels": (one_column([data_page(3, b"", most_def=0)], 3, repetition=O), "page 0: levels longer"),
    "levels beyond the page": (one_column([data_page(3, b"\xff\xff\xff\x7f\0")], 3, repetition=O), "page 0: levels longer"),
    "too few levels": (one_column([data_page(30, plain(INT32, [1] * 30), defs=[1] * 3, most_def=1)], 30, repetition=O),
                       "page 0: fewer definition levels"),
    "an unknown encoding": (one_column([data_page(1, b"\0" * 4, encoding=77)], 1), "page 0: unknown encoding 77"),
    "an unknown codec": (one_column([data_page(1, b"\0" * 4)], 1, codec=55), "codec"),
    "LZO": (one_column([data_page(1, b"\0" * 4)], 1, codec=3), "LZO"),
    "a bomb": (one_column([page(0, b"\0" * 10, Struct({1: 1, 2: 0, 3: 3, 4: 3}), 5, 2**30)], 1, codec=1),
               "page 0: decompressed size beyond"),
    "a page beyond its chunk": (one_column([page(0, b"\0" * 10, Struct({1: 1, 2: 0, 3: 3, 4: 3}), 5, extra={3: 1 << 20})],
                                           1), "page 0: longer than its column chunk"),
    "a column that another file has": (one_column([data_page(1, b"\0" * 4)], 1, chunk={1: "other.parquet"}),
                                       "its data is in another file"),
    "an encrypted column": (one_column([data_page(1, b"\0" * 4)], 1, chunk={8: Struct({1: Struct()})}), "encrypted"),
    "a text that is not UTF-8": (types(BYTE_ARRAY, [b"\xff\xfe"], converted=UTF8), "a string that is not UTF-8"),
    "a decimal of more digits": (types(INT32, [100000], converted=DECIMAL, scale=0, precision=5), "out of the range"),
    "rows without columns": (file([leaf("c", R)], [(1, [])]), "0 column chunks, the schema has 1 columns"),
    "a schema that ends early": (file([group("g", R, 3), leaf("a", R)], [], columns=1), "fewer elements"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_said_with_its_place(tmp_path, name):
    data, why = BROKEN[name]
    (tmp_path / "f.parquet").write_bytes(data)
    refused(tmp_path / "f.parquet", str(tmp_path / "f.parquet"), why)


def test_lists_of_two_columns_that_disagree_are_refused(tmp_path):
    elements = [group("l", R, 1, converted=LIST), group("list", P, 2), leaf("a", R), leaf("b", R)]
    a = Column(INT32, [data_page(3, plain(INT32, [1, 2, 3]), [0, 1, 0], most_rep=1, defs=[1, 1, 1], most_def=1)], 3)
    b = Column(INT32, [data_page(3, plain(INT32, [1, 2, 3]), [0, 0, 1], most_rep=1, defs=[1, 1, 1], most_def=1)], 3)
    (tmp_path / "f.parquet").write_bytes(file(elements, [(2, [a, b])]))
    done = cat(tmp_path / "f.parquet")
    # The same number of elements in other lists cannot be told apart by counting; other numbers can.
    assert done.returncode in (0, 1)
    c = Column(INT32, [data_page(2, plain(INT32, [1, 2]), [0, 0], most_rep=1, defs=[1, 1], most_def=1)], 2)
    (tmp_path / "f.parquet").write_bytes(file(elements, [(2, [a, c])]))
    refused(tmp_path / "f.parquet", "columns disagree about the lists they share")


def test_columns_that_cannot_be_read_do_not_keep_others_from_it(tmp_path):
    data = file([leaf("c", R), leaf("secret", R)],
                [(1, [Column(INT32, [data_page(1, plain(INT32, [5]))], 1),
                      Column(INT32, [b"nonsense"], 1, path=("secret",), chunk={8: Struct({1: Struct()})})])])
    (tmp_path / "f.parquet").write_bytes(data)
    schema = {"type": "struct", "fields": [{"name": "c", "type": "integer", "nullable": True, "metadata": {}}]}
    assert rows_of(tmp_path / "f.parquet", "-s", json.dumps(schema)) == [{"c": 5}]
    refused(tmp_path / "f.parquet", "column secret: encrypted")


# ------------------------------------------------------------------------------------------------- what may be skipped

ORDERED = {7: [Struct({1: Struct()})]}


def claimed(physical, values, statistics, footer=ORDERED, repetition=R, **options):
    n = len(values)
    pages = [data_page(n, plain(physical, [v for v in values if v is not None]), defs=[int(v is not None) for v in values],
                       most_def=int(repetition == O))]
    return file([leaf("c", repetition, physical, **options)],
                [(n, [Column(physical, pages, n, statistics=Struct(statistics))])], footer=footer)


def i32(v):
    return struct.pack("<i", v)


def f64(v):
    return struct.pack("<d", v)


NINE, TEXT = "c = integer 09000000", "c = binary 6d"
CLAIMS = {  # statistics that exclude the filter, and whether they are to be believed
    "bounds": (claimed(INT32, [5], {5: i32(6), 6: i32(5)}), NINE, True),
    "bounds without a column order": (claimed(INT32, [5], {5: i32(6), 6: i32(5)}, {}), NINE, False),
    "bounds of an unknown column order": (claimed(INT32, [5], {5: i32(6), 6: i32(5)}, {7: [Struct({9: Struct()})]}), NINE,
                                          False),
    "deprecated bounds of signed numbers": (claimed(INT32, [5], {1: i32(6), 2: i32(5)}, {}), NINE, True),
    "deprecated bounds of unsigned numbers": (claimed(INT32, [5], {1: i32(6), 2: i32(5)}, {}, converted=13),
                                              "c = uinteger 09000000", False),
    "bounds of unsigned numbers": (claimed(INT32, [5], {5: i32(-1), 6: i32(-9)}, converted=13), "c = uinteger 09000000",
                                   True),
    "deprecated bounds of bytes": (claimed(BYTE_ARRAY, [b"a"], {1: b"b", 2: b"a"}), TEXT, False),
    "bounds of bytes": (claimed(BYTE_ARRAY, [b"a"], {5: b"b", 6: b"a"}), TEXT, True),
    "bounds of bytes that were cut": (claimed(BYTE_ARRAY, [b"a"], {5: b"l\xff", 6: b"a", 7: False, 8: False}), TEXT, True),
    "bounds of cut decimals": (claimed(FIXED, [b"\0\0\1"], {5: b"\0\0\2", 6: b"\0\0\1", 7: False, 8: False}, length=3,
                                       converted=DECIMAL, scale=0, precision=5),
                               "c = decimal(5,0) " + (9).to_bytes(16, "little").hex(), False),
    "bounds of decimals": (claimed(FIXED, [b"\xff\xff\xff"], {5: b"\0\0\2", 6: b"\xff\xff\xf0"}, length=3,
                                   converted=DECIMAL, scale=0, precision=5),
                           "c = decimal(5,0) " + (9).to_bytes(16, "little").hex(), True),
    "bounds the wrong way round": (claimed(INT32, [9], {5: i32(5), 6: i32(6)}), NINE, False),
    "bounds of another length": (claimed(INT32, [9], {5: b"\6", 6: b"\5"}), NINE, False),
    "bounds with NaN": (claimed(DOUBLE, [9.0], {5: f64(float("nan")), 6: f64(20.0)}), "c = double " + f64(9.0).hex(), False),
    "bounds of floats": (claimed(DOUBLE, [5.0], {5: f64(6.0), 6: f64(5.0)}), "c = double " + f64(9.0).hex(), True),
    "a zero below a minimum of zero": (claimed(DOUBLE, [-0.0], {5: f64(6.0), 6: f64(0.0)}), "c = double " + f64(-0.0).hex(),
                                       False),
    "bounds of an interval": (claimed(FIXED, [b"a" * 12], {5: b"b" * 12, 6: b"a" * 12}, length=12, converted=INTERVAL),
                              "c = fixed(12) " + (b"z" * 12).hex(), False),
    "bounds of a logical type of the future": (claimed(BYTE_ARRAY, [b"a"], {5: b"b", 6: b"a"},
                                                       logical=Struct({77: Struct()})), TEXT, False),
    "bounds of INT96": (claimed(INT96, [int96(5)], {5: int96(6), 6: int96(5)}),
                        "c = timestamp_ntz " + (9).to_bytes(8, "little").hex(), False),
    "a null count of none": (claimed(INT32, [5], {3: I64(0)}, repetition=O), "c is_null", True),
    "no null count": (claimed(INT32, [None], {}, repetition=O), "c is_null", False),
    "a negative null count": (claimed(INT32, [None], {3: I64(-4)}, repetition=O), "c is_null", False),
    "more nulls than values": (claimed(INT32, [5], {3: I64(4)}, repetition=O), "c is_not_null", False),
    "nulls alone": (claimed(INT32, [None], {3: I64(1)}, repetition=O), "c is_not_null", True),
    "nulls alone, compared": (claimed(INT32, [None], {3: I64(1)}, repetition=O), NINE, True),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_only_trustworthy_statistics_leave_rows_out(tmp_path, name):
    data, text, believed = CLAIMS[name]
    (tmp_path / "f.parquet").write_bytes(data)
    assert len(rows_of(tmp_path / "f.parquet")) == 1
    assert len(rows_of(tmp_path / "f.parquet", "-f", text)) == (0 if believed else 1)


def test_statistics_of_repeated_columns_leave_nothing_out(tmp_path):
    column = Column(INT32, [data_page(2, plain(INT32, [1, 2]), [0, 1], most_rep=1, defs=[1, 1], most_def=1)], 2,
                    statistics=Struct({5: i32(2), 6: i32(1), 3: I64(0)}))
    (tmp_path / "f.parquet").write_bytes(file([leaf("c", P)], [(1, [column])], footer=ORDERED))
    done = cat(tmp_path / "f.parquet", "-f", NINE)
    assert done.returncode == 1 and "only columns of plain values are compared" in done.stderr


def test_an_offset_index_that_lies_is_found_out_or_left_alone(tmp_path):
    """Pages of two rows; the index says other rows, other places, or is no index at all."""
    pages = [data_page(2, plain(INT32, [2 * i, 2 * i + 1])) for i in range(5)]
    size = len(pages[0])

    def indexed(locations, **more):
        index = Struct({1: [Struct({1: I64(o), 2: n, 3: I64(r)}) for o, n, r in locations]}).encode()
        index = more.get("index", index)
        body = b"".join(pages)
        # The index stands where a second chunk would: behind the first one.
        column = Column(INT32, [body, index], 10, metadata={7: I64(len(body))},
                        chunk={4: I64(4 + len(body)), 5: len(index)})
        return file([leaf("c", R)], [(10, [column])])

    true = [(4 + i * size, size, 2 * i) for i in range(5)]
    path = tmp_path / "f.parquet"
    path.write_bytes(indexed(true))
    assert rows_of(path, "-r", "7,2") == ints([7, 8])
    for locations in (true[::-1], [(o + 4000, n, r) for o, n, r in true], [(o, n, 9 - r) for o, n, r in true],
                      [(o, -1, r) for o, n, r in true], [(o, n, r + 1) for o, n, r in true], []):
        path.write_bytes(indexed(locations))
        assert rows_of(path, "-r", "7,2") == ints([7, 8])
    path.write_bytes(indexed([], index=b"\xff\xff\xff"))
    assert rows_of(path, "-r", "7,2") == ints([7, 8])
    path.write_bytes(indexed([(o, n, r // 2) for o, n, r in true]))
    done = cat(path, "-r", "3,2")
    assert done.returncode == 1 and "another number of rows than the offset index says" in done.stderr


def test_many_columns_take_no_more_than_their_number(tmp_path):
    (tmp_path / "f.parquet").write_bytes(file([leaf(f"c{i}", O) for i in range(60_000)], []))
    start = time.process_time() + sum(os.times()[2:4])
    assert rows_of(tmp_path / "f.parquet") == []
    assert time.process_time() + sum(os.times()[2:4]) - start < 2


def test_the_memory_budget_is_kept_and_named(tmp_path):
    values = [b"x" * 100000] * 30
    page = data_page(30, plain(BYTE_ARRAY, values), compress=gzip.compress)
    (tmp_path / "f.parquet").write_bytes(one_column([page], 30, BYTE_ARRAY, codec=2))
    assert len(rows_of(tmp_path / "f.parquet", "-b", "5")) == 30
    done = cat(tmp_path / "f.parquet", "-m", "1000000", "-b", "5")
    assert done.returncode == 1
    assert "row group 0: column c: needs more than the reader's memory budget of 1000000 bytes" in done.stderr


def test_an_encrypted_footer_is_refused_clearly(tmp_path):
    (tmp_path / "f.parquet").write_bytes(b"PARE" + b"\0" * 50 + struct.pack("<I", 20) + b"PARE")
    refused(tmp_path / "f.parquet", "encrypted footer")
