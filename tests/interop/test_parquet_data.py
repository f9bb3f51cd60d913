# SPDX-License-Identifier: Apache-2.0
"""Parquet files that other projects' writers made (tests/data/parquet/make.py), read by our reader and by pyarrow."""
import pyarrow.parquet as pq
import pytest

from interop.test_parquet_reader import numbered, ours, same, theirs
from support.paths import TESTS

FILES = sorted((TESTS / "data" / "parquet").glob("*.parquet"))


def test_files_of_every_writer_are_there():
    assert {f.name.split("_")[0].removesuffix(".parquet") for f in FILES} == {
        "deltalake", "duckdb", "fastparquet", "polars", "pyarrow", "spark"}


@pytest.mark.parametrize("path", FILES, ids=lambda f: f.stem)
def test_files_of_other_writers_are_read_as_pyarrow_reads_them(path):
    want = theirs(pq.ParquetFile(path).read())
    same(ours(path, "-b", "7"), want)
    assert numbered(path, "-r", "13,31") == list(enumerate(want))[13:44]
