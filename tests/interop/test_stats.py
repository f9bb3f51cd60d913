# SPDX-License-Identifier: Apache-2.0
"""add.stats of the files we write: exactly by the rules, and so that engines that skip by them lose no row."""
import datetime as dt
import decimal
import importlib.util
import json
import math
import pathlib

import deltalake
import duckdb
import pyarrow as pa
import pytest

from support.library import Library

UTC = dt.timezone.utc
D = decimal.Decimal
US = pa.timestamp("us", tz="UTC")
NTZ = pa.timestamp("us")
HIGHEST = "\U0010ffff"

# type, values, minimum, maximum as JSON text (None: left out), nulls
CASES = {
    "bool": (pa.bool_(), [True, False, None], None, None, 1),
    "i8": (pa.int8(), [-128, 127, None], "-128", "127", 1),
    "i16": (pa.int16(), [-32768, 32767, 0], "-32768", "32767", 0),
    "i32": (pa.int32(), [None, -2**31, 2**31 - 1], str(-2**31), str(2**31 - 1), 1),
    "i64": (pa.int64(), [-2**63, 2**63 - 1, 2**53 + 1], str(-2**63), str(2**63 - 1), 0),
    "f32": (pa.float32(), [1.5, -2.25, None], "-2.25", "1.5", 1),
    "f64": (pa.float64(), [0.1, -1e300, 1e-320], "-1e+300", "0.1", 0),
    "nan": (pa.float64(), [math.nan, 1.0, 2.0], "1.0", None, 0),
    "only_nan": (pa.float64(), [math.nan, None, math.nan], None, None, 1),
    "inf": (pa.float64(), [math.inf, 1.0, 2.0], "1.0", None, 0),
    "minus_inf": (pa.float64(), [-math.inf, 1.0, 2.0], None, "2.0", 0),
    "zero": (pa.float64(), [0.0, None, 0.0], "-0.0", "0.0", 1),
    "minus_zero": (pa.float64(), [-0.0, -0.0, None], "-0.0", "0.0", 1),
    "dec": (pa.decimal128(10, 2), [D("-1.50"), D("3.00"), None], "-1.50", "3.00", 1),
    "dec38": (pa.decimal128(38, 0), [D("9" * 38), D("-" + "9" * 38), D(0)], "-" + "9" * 38, "9" * 38, 0),
    "text": (pa.string(), ["b", "", None], '""', '"b"', 1),
    "long_text": (pa.string(), ["a" * 33, "z" * 40, None], json.dumps("a" * 32), json.dumps("z" * 32 + "\x7f"), 1),
    "wide_text": (pa.string(), ["é" * 33, "€" * 40, "𝄞" * 32 + "é"], json.dumps("é" * 32),
                  json.dumps("𝄞" * 32 + HIGHEST), 0),
    "high_text": (pa.string(), [HIGHEST * 65, "a", None], '"a"', None, 1),
    "escapes": (pa.string(), ['"\\\n', "\u0001", None], json.dumps("\u0001"), json.dumps('"\\\n'), 1),
    "bin": (pa.binary(), [b"a", b"\xff", None], None, None, 1),
    "day": (pa.date32(), [dt.date(1969, 12, 31), dt.date(9999, 12, 31), None], '"1969-12-31"', '"9999-12-31"', 1),
    "ts": (US, [dt.datetime(1969, 12, 31, 23, 59, 59, 999999, UTC), dt.datetime(2026, 1, 1, 0, 0, 0, 123999, UTC), None],
           '"1969-12-31T23:59:59.999Z"', '"2026-01-01T00:00:00.123Z"', 1),
    "ntz": (NTZ, [dt.datetime(1900, 1, 1, 0, 0, 0, 1), dt.datetime(2026, 1, 1, 0, 0, 0, 123999), None],
            '"1900-01-01T00:00:00.000"', '"2026-01-01T00:00:00.123"', 1),
    "empty": (pa.int64(), [None, None, None], None, None, 3),
    "list": (pa.list_(pa.int64()), [[1, None], None, []], None, None, 1),
    "map": (pa.map_(pa.string(), pa.int64()), [[("a", 1)], [], None], None, None, 1),
}


@pytest.fixture(scope="module")
def library():
    return Library()


def stats_of(folder):
    """The statistics of a table's files, their numbers as text."""
    found = []
    for commit in sorted(pathlib.Path(folder, "_delta_log").glob("*.json")):
        for line in commit.read_text(encoding="utf-8").splitlines():
            if "add" in (action := json.loads(line)):
                found.append(json.loads(action["add"]["stats"], parse_float=str, parse_int=str))
    return found


def check(stats, name, minimum, maximum, nulls):
    def number(text):
        return json.loads(text, parse_float=str, parse_int=str)

    for key, want in (("minValues", minimum), ("maxValues", maximum)):
        got = stats.get(key, {}).get(name)
        assert got == (None if want is None else number(want)), f"{name}: {key} {got!r}, want {want}"
        assert want is not None or name not in stats.get(key, {}), f"{name}: {key} must be left out"
    assert stats["nullCount"][name] == str(nulls), name


def test_every_type_by_the_rules(library, tmp_path):
    columns = {name: pa.array(case[1], case[0]) for name, case in CASES.items()}
    library.append(tmp_path, [[pa.RecordBatch.from_pydict(columns)]], {"delta.dataSkippingNumIndexedCols": "-1"})
    [stats] = stats_of(tmp_path)
    assert stats["numRecords"] == "3"
    for name, (_, _, minimum, maximum, nulls) in CASES.items():
        check(stats, name, minimum, maximum, nulls)
    assert deltalake.DeltaTable(tmp_path).to_pyarrow_table().num_rows == 3


def test_what_delta_rs_makes_of_them(library, tmp_path):
    """Its parsed statistics are the typed values that we meant."""
    columns = {name: pa.array(case[1], case[0]) for name, case in CASES.items() if name not in ("list", "map")}
    library.append(tmp_path, [[pa.RecordBatch.from_pydict(columns)]], {"delta.dataSkippingNumIndexedCols": "-1"})
    actions = pa.table(deltalake.DeltaTable(tmp_path).get_add_actions(flatten=True)).to_pylist()[0]
    assert actions["num_records"] == 3
    for name in columns:
        assert actions[f"null_count.{name}"] == CASES[name][4], name
    assert (actions["min.i64"], actions["max.i64"]) == (-2**63, 2**63 - 1)
    assert (actions["min.dec38"], actions["max.dec38"]) == (D("-" + "9" * 38), D("9" * 38))
    assert (actions["min.dec"], actions["max.dec"]) == (D("-1.50"), D("3.00"))
    assert actions["max.long_text"] == "z" * 32 + "\x7f"
    assert actions["min.ts"] == dt.datetime(1969, 12, 31, 23, 59, 59, 999000, UTC)
    assert actions["min.day"] == dt.date(1969, 12, 31)
    assert actions["max.nan"] is None and actions["min.nan"] == 1.0


def test_our_statistics_are_delta_rs_own(library, tmp_path):
    """Where both follow the same rules, both say the same of the same rows."""
    agreed = ("i8", "i16", "i32", "i64", "f32", "f64", "text", "day", "empty", "dec")
    columns = {name: pa.array(CASES[name][1], CASES[name][0]) for name in agreed}
    batch = pa.RecordBatch.from_pydict(columns)
    library.append(tmp_path / "ours", [[batch]])
    deltalake.write_deltalake(tmp_path / "theirs", pa.Table.from_batches([batch]))
    ours, theirs = (pa.table(deltalake.DeltaTable(tmp_path / which).get_add_actions(flatten=True)).to_pylist()[0]
                    for which in ("ours", "theirs"))
    for name in agreed:
        for key in (f"min.{name}", f"max.{name}", f"null_count.{name}"):
            assert ours.get(key) == theirs.get(key), key


def test_nested_leaves_and_the_budget(library, tmp_path):
    leaf = pa.struct([("x", pa.int64()), ("y", pa.string())])
    rows = [{"x": 1, "y": "a"}, None, {"x": None, "y": "b"}]
    columns = {f"c{i}": pa.array([i, i + 1, None], pa.int64()) for i in range(30)}
    columns |= {"s": pa.array(rows, leaf), "after": pa.array([1, 2, 3], pa.int64())}
    library.append(tmp_path, [[pa.RecordBatch.from_pydict(columns)]])
    [stats] = stats_of(tmp_path)
    assert stats["minValues"]["s"] == {"x": "1", "y": "a"}
    assert stats["maxValues"]["s"] == {"x": "1", "y": "b"}
    assert stats["nullCount"]["s"] == {"x": "2", "y": "1"}  # a null struct is a null in each of its leaves
    assert "after" not in stats["nullCount"] and "c29" in stats["nullCount"]  # 32 leaves


def engines(folder):
    """Functions that count the rows for which a condition holds."""
    con = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    wheel = pathlib.Path(importlib.util.find_spec("duckdb_extension_delta").origin).parent
    con.execute(f"LOAD '{wheel}/extensions/v{duckdb.__version__}/delta.duckdb_extension'")
    con.execute("SET TimeZone = 'UTC'")
    table = deltalake.DeltaTable(folder)

    def by_duckdb(condition):
        return con.execute(f"SELECT count(*) FROM delta_scan('{folder}') WHERE {condition}").fetchone()[0]

    def by_delta_rs(condition):
        found = deltalake.QueryBuilder().register("t", table).execute(f"SELECT count(*) AS n FROM t WHERE {condition}")
        return pa.RecordBatchReader.from_stream(found).read_all()["n"][0].as_py()

    return {"duckdb": by_duckdb, "delta-rs": by_delta_rs}


def test_engines_that_skip_files_lose_no_row(library, tmp_path):
    """One file for each value: whoever asks for a value, a bound or less than one must find its rows."""
    stamps = [dt.datetime(1969, 12, 31, 23, 59, 59, 999999), dt.datetime(1970, 1, 1), dt.datetime(2026, 5, 1, 1, 2, 3, 456789)]
    texts = ["a" * 32 + "b", "a" * 32 + "é", "z" * 31 + HIGHEST * 40, "", "é" * 50]
    commits = []
    for i in range(5):
        stamp, text = stamps[i % 3] + dt.timedelta(days=i // 3), texts[i]
        commits.append([pa.RecordBatch.from_pydict({
            "n": pa.array([2**53 + i, None], pa.int64()), "t": pa.array([text, None], pa.string()),
            "ts": pa.array([stamp.replace(tzinfo=UTC), None], US), "d": pa.array([D(i) / 100, None], pa.decimal128(38, 2)),
            "f": pa.array([[0.0, -0.0, math.nan, math.inf, 1e-300][i], None], pa.float64())})])
    library.append(tmp_path, commits)
    for engine, count in engines(tmp_path).items():
        for i in range(5):
            stamp = stamps[i % 3] + dt.timedelta(days=i // 3)
            assert count(f"n = {2**53 + i}") == 1, (engine, i)
            assert count(f"n >= {2**53 + i}") == 5 - i, (engine, i)
            assert count(f"t = '{texts[i]}'") == 1, (engine, i)
            assert count(f"t >= '{texts[i]}'") == sum(t >= texts[i] for t in texts), (engine, i)
            assert count(f"d = {D(i) / 100}") == 1, (engine, i)
            assert count(f"ts = '{stamp}+00:00'") == 1, (engine, stamp)
            assert count(f"ts >= '{stamp}+00:00'") > 0, (engine, stamp)
        assert count("f = 0") == 2, engine
        assert count("f > 1e299") in (1, 2), engine  # NaN is above all to some
        assert count("n IS NULL") == 5, engine
