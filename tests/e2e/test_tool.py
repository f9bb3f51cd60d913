# SPDX-License-Identifier: Apache-2.0
"""deltawrite, the table tool: each verb on a local table, as a user would call it, and with mistakes."""
import base64
import json
import os
import pathlib
import re
import subprocess

import pytest

from support.paths import program

FIELDS = [("flag", "boolean"), ("tiny", "byte"), ("small", "short"), ("int", "integer"), ("big", "long"),
          ("single", "float"), ("real", "double"), ("price", "decimal(38,3)"), ("text", "string"),
          ("blob", "binary"), ("day", "date"), ("at", "timestamp"), ("local", "timestamp_ntz")]

ROWS = [
    {"flag": True, "tiny": -128, "small": 32767, "int": -2147483648, "big": 9223372036854775807, "single": 0.1,
     "real": 1e300, "price": "exact", "text": "ü \"quoted\"\n\u0000 🙂",
     "blob": base64.b64encode(bytes(range(256))).decode(), "day": "0001-01-01",
     "at": "1969-12-31T23:59:59.999999Z", "local": "9999-12-31T23:59:59.999999"},
    {},
    {"flag": False, "big": -9223372036854775808, "single": -0.5, "real": 5e-324, "price": 0.001, "text": "",
     "blob": "", "day": "2026-02-28", "at": "2026-01-01T00:00:00.000000Z", "local": "2026-01-01T00:00:00.000000"},
]


@pytest.fixture
def table(local_tool, tmp_path):
    path = tmp_path / "table"
    local_tool.create(path, FIELDS, folder=tmp_path)
    return path


def ndjson(rows):
    """Rows as lines; Python's own decimals would be rounded."""
    return "".join(json.dumps(row).replace('"exact"', "-12345678901234567890123456789012345.678") + "\n" for row in rows)


def test_every_type_goes_in_and_comes_out(local_tool, table):
    printed = local_tool("import", table, "-", stdin=ndjson(ROWS))
    assert "3 rows" in printed and "version 1" in printed
    out = local_tool("cat", table)
    got = [json.loads(line) for line in out.splitlines()]
    assert len(got) == 3 and all(list(row) == [name for name, _ in FIELDS] for row in got)
    assert got[0] == ROWS[0] | {"price": -12345678901234567890123456789012345.678}
    assert '"price":-12345678901234567890123456789012345.678' in out, "decimals keep all of their digits"
    assert got[1] == {name: None for name, _ in FIELDS}
    assert got[2] == {name: ROWS[2].get(name) for name, _ in FIELDS}
    assert '"price":0.001' in out


def test_an_older_version_is_seen_by_number_and_time(local_tool, table):
    for i in range(3):
        local_tool("import", table, "-", stdin=f'{{"int":{i}}}\n')
    assert sorted(row["int"] for row in local_tool.rows(table, "--version", 2)) == [0, 1]
    assert local_tool.rows(table, "--version", 0) == []
    history = local_tool.json("history", table)
    assert [e["version"] for e in history] == [3, 2, 1, 0]
    assert history[0]["operation"] == "WRITE" and history[-1]["operation"] == "CREATE TABLE"
    assert history[0]["isBlindAppend"] is True and history[0]["operationMetrics"]["numOutputRows"] == "1"
    assert local_tool.json("info", table, "--timestamp", "2100-01-01")["version"] == 3
    early = local_tool.run("info", table, "--timestamp", "2000-01-01T00:00:00Z")
    assert early.returncode == 1 and early.stderr.count("\n") == 1
    late = local_tool.run("cat", table, "--version", 9)
    assert late.returncode == 1 and "9" in late.stderr and late.stderr.count("\n") == 1


def at_mtime(table, version, seconds):
    """Moves a commit to a time, given as text so that nothing is rounded."""
    whole, _, fraction = seconds.partition(".")
    ns = int(whole) * 10**9 + int(fraction.ljust(9, "0"))
    os.utime(table / f"_delta_log/{version:020}.json", ns=(ns, ns))


def test_a_time_is_exact_to_the_millisecond_and_may_be_written_in_many_ways(local_tool, table):
    local_tool("import", table, "-", stdin='{"int":1}\n')
    at_mtime(table, 0, "1767225600.0")  # 2026-01-01T00:00:00Z

    def version(time):
        return local_tool.json("info", table, "--timestamp", time)["version"]

    for ms in range(17, 1000, 89):
        at_mtime(table, 1, f"1785589932.{ms:03}9")  # 2026-08-01T13:12:12Z
        assert version(f"2026-08-01T13:12:12.{ms:03}Z") == 1
        assert version(f"2026-08-01T13:12:12.{ms - 1:03}Z") == 0
    at_mtime(table, 1, "1785589932.984")
    for time in ("2026-08-01T15:12:12.984+02:00", "2026-08-01 07:42:12.984999-05:30", "2026-08-01T13:12:12.984",
                 "2026-08-01 13:13", "2026-08-02"):
        assert version(time) == 1, time
    for time in ("2026-08-01T15:12:12.983+02:00", "2026-08-01T13:12", "2026-08-01", "2026-02-28T23:59:59Z"):
        assert version(time) == 0, time
    for wrong in ("2026-02-30", "2026-13-01", "2026-8-1", "2026-08-01T24:00", "2026-08-01T13:12:60Z", "2026-08-01T",
                  "2026-08-01T13:12:12.Z", "2026-08-01T13:12:12Zx", "2026-08-01T13:12+2", " 2026-08-01", "+202-08-01"):
        done = local_tool.run("info", table, "--timestamp", wrong)
        assert done.returncode == 2 and wrong in done.stderr and done.stderr.count("\n") == 1, wrong


def test_info_says_it_all(local_tool, table):
    local_tool("import", table, "-", "--app-id", "loader", "--app-version", 7, stdin=ndjson(ROWS))
    info = local_tool.json("info", table)
    assert info["version"] == 1 and info["numFiles"] == 1 and info["numRecords"] == 3 and info["sizeBytes"] > 0
    info["protocol"]["writerFeatures"].sort()
    assert info["protocol"] == {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["timestampNtz"],
                                "writerFeatures": ["appendOnly", "invariants", "timestampNtz"]}
    assert [f["name"] for f in info["schema"]["fields"]] == [name for name, _ in FIELDS]
    assert info["partitionColumns"] == [] and info["txns"] == {"loader": 7}
    assert info["appendable"] is True and info["refusal"] is None
    files = local_tool.json("files", table)
    assert len(files) == 1 and files[0]["numRecords"] == 3 and files[0]["size"] == info["sizeBytes"]
    assert local_tool.json("txns", table)[0]["appId"] == "loader"
    assert json.loads(local_tool("schema", table, "--json")) == info["schema"]
    for verb in ("info", "files", "txns", "schema", "history"):
        assert len(local_tool(verb, table).splitlines()) >= 2, f"{verb} has a form for people"


def test_import_makes_a_table_from_what_it_sees(local_tool, tmp_path):
    path = tmp_path / "new"
    local_tool("import", path, "-", "--create",
               stdin='{"name":"a","n":1,"x":1.5,"ok":true,"deep":{"k":[1, 2]},"none":null}\n{"later":"b"}\n')
    schema = {f["name"]: f["type"] for f in local_tool.json("info", path)["schema"]["fields"]}
    assert schema == {"name": "string", "n": "long", "x": "double", "ok": "boolean", "deep": "string",
                      "later": "string"}
    assert local_tool.rows(path)[0]["deep"] == '{"k":[1,2]}'
    local_tool("import", path, "-", stdin='{"n":2,"fresh":false}\n')
    rows = local_tool.rows(path)
    assert sorted(row["n"] is not None and row["n"] for row in rows) == [False, 1, 2]
    assert {row["fresh"] for row in rows} == {None, False}


def test_an_import_with_an_app_id_is_done_once(local_tool, table):
    for _ in range(2):
        local_tool("import", table, "-", "--app-id", "daily", "--app-version", 20260101, stdin='{"int":1}\n')
    assert len(local_tool.rows(table)) == 1
    local_tool("import", table, "-", "--app-id", "daily", "--app-version", 20260102, stdin='{"int":2}\n')
    assert len(local_tool.rows(table)) == 2
    assert local_tool.json("txns", table)[0]["version"] == 20260102


def test_a_bad_record_stops_the_import_or_is_told(local_tool, table, tmp_path):
    file = tmp_path / "events.ndjson"
    file.write_text('{"int":1}\n\n{"int":"many"}\n{"int":2}\n')
    strict = local_tool.run("import", table, file)
    assert strict.returncode == 1 and f"{file}:3: " in strict.stderr and "int" in strict.stderr
    assert local_tool.rows(table) == []
    lenient = local_tool.run("import", table, file, "--skip-rejected")
    assert lenient.returncode == 3 and f"{file}:3: " in lenient.stderr
    assert [row["int"] for row in local_tool.rows(table)] == [1, 2]


def test_many_files_become_one_commit(local_tool, table, tmp_path):
    files = []
    for i in range(5):
        files.append(tmp_path / f"{i}.ndjson")
        files[-1].write_text("".join(f'{{"int":{i * 1000 + j},"text":"{"x" * 3000}"}}\n' for j in range(1000)))
    local_tool("import", table, *files)
    assert local_tool.json("info", table)["version"] == 1
    assert sorted(json.loads(line)["int"] for line in local_tool("cat", table, "--columns", "int").splitlines()) \
        == [i * 1000 + j for i in range(5) for j in range(1000)]
    assert len(local_tool.rows(table, "--limit", 7)) == 7
    assert local_tool.rows(table, "--limit", 1, "--columns", "text,int")[0].keys() == {"text", "int"}


def test_a_checkpoint_changes_nothing_but_the_log(local_tool, table):
    for i in range(4):
        local_tool("import", table, "-", "--app-id", f"a{i}", "--app-version", i, stdin=f'{{"int":{i}}}\n')
    before = local_tool.json("info", table)
    local_tool("checkpoint", table)
    assert (table / "_delta_log" / f"{4:020d}.checkpoint.parquet").exists()
    for version in range(4):
        (table / "_delta_log" / f"{version:020d}.json").unlink()
    assert local_tool.json("info", table) == before
    assert sorted(row["int"] for row in local_tool.rows(table)) == [0, 1, 2, 3]


@pytest.mark.parametrize("args, code, says", [
    (["frobnicate"], 2, "frobnicate: no such verb"),
    (["cat"], 2, "TABLE: missing"),
    (["cat", "{table}", "extra"], 2, "extra: one argument too many"),
    (["cat", "{table}", "--limit", "-1"], 2, "--limit: wants a whole number"),
    (["cat", "{table}", "--limit"], 2, "--limit: wants a value"),
    (["cat", "{table}", "--colour"], 2, "--colour: no such option"),
    (["cat", "{table}", "--columns", "int,nope"], 1, "nope"),
    (["cat", "{table}", "--timestamp", "yesterday"], 2, "yesterday"),
    (["info", "{folder}"], 1, "{folder}: "),
    (["info", "gs://bucket/table"], 1, "gs"),
    (["create", "{table}"], 2, "one of --schema and --columns"),
    (["create", "{table}", "--schema", "{folder}/schema.json"], 1, "{table}"),
    (["create", "{folder}/x", "--schema", "{folder}/nothing.json"], 1, "nothing.json: No such file"),
    (["create", "{folder}/x", "--schema", "{folder}/schema.json", "--property", "novalue"], 2, "not KEY=VALUE"),
    (["create", "{folder}/x", "--schema", "{folder}/schema.json", "--property", "delta.noSuch=1"], 1, "delta.noSuch"),
    (["import", "{folder}/x", "{folder}/schema.json"], 1, "{folder}/x"),
    (["import", "{table}", "{folder}/absent.ndjson"], 1, "absent.ndjson: No such file"),
    (["import", "{table}", "-", "--app-id", "a"], 2, "--app-id: goes together"),
    (["import", "{table}", "-", "--format", "xml"], 2, "xml"),
])
def test_a_mistake_gets_one_line_and_its_exit_code(local_tool, table, tmp_path, args, code, says):
    fill = {"table": str(table), "folder": str(tmp_path)}
    done = local_tool.run(*[a.format(**fill) for a in args], stdin="")
    assert done.returncode == code, done.stderr
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("deltawrite") and done.stdout == ""
    assert says.format(**fill) in done.stderr


def verbs_of(overview):
    return re.findall(r"^  ([a-z][a-z-]*) +[A-Z]", overview, re.M)


def test_each_verb_explains_itself(local_tool):
    overview = local_tool("--help")
    verbs = verbs_of(overview)
    assert {"create", "info", "cat", "import", "parquet", "checkpoint"} <= set(verbs)
    groups = [verb for verb in verbs if "\nVerbs:\n" in local_tool(verb, "--help")]
    assert "parquet" in groups
    for verb in [v for v in verbs if v not in groups] + [
            f"{group} {verb}" for group in groups for verb in verbs_of(local_tool(group, "--help"))]:
        text = local_tool(*verb.split(), "--help")
        assert text.startswith(f"Usage: deltawrite {verb} ")
        assert re.search(r"^Examples?:\n  .*deltawrite ", text, re.M)
        assert f'.SS {verb} [OPTION]'.replace("-", "\\-") in local_tool("--help-man")
    assert local_tool("--version").startswith("deltawrite 0.")


@pytest.mark.parametrize("words, found", [
    (["his"], ["history"]),
    (["parquet", "me"], ["meta"]),
    (["cat", "t", "--col"], ["--columns"]),
    (["parquet", "cat", "f", "--limit", ""], []),
    (["completion", ""], ["bash", "zsh", "fish"]),
    (["nothing", ""], []),
])
def test_a_shell_is_told_how_a_word_may_go_on(local_tool, words, found):
    lines = local_tool("--complete", *words).splitlines()
    assert [line.split("\t")[0] for line in lines] == found


def test_bash_completes_verbs_and_options(local_tool, tmp_path):
    script = tmp_path / "deltawrite.bash"
    script.write_text(local_tool("completion", "bash"))
    asked = 'source "$1"; COMP_WORDS=(deltawrite import t --part); COMP_CWORD=3; _deltawrite; echo "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", asked, "bash", str(script)], capture_output=True, text=True, check=True,
                          env={**os.environ, "PATH": f"{pathlib.Path(program('deltawrite')).parent}:{os.environ['PATH']}"})
    assert done.stdout == "--partition-by\n"


@pytest.mark.parametrize("args, meant", [(["hisotry", "t"], "history"), (["cat", "t", "--colums", "a"], "--columns"),
                                         (["parquet", "pagse", "f"], "pages")])
def test_a_name_that_is_nearly_right_is_recognized(local_tool, args, meant):
    done = local_tool.run(*args)
    assert done.returncode == 2 and f"did you mean {meant}?" in done.stderr


def test_no_colours_go_where_there_is_no_terminal(local_tool):
    assert "\033" not in local_tool("--help") + local_tool("cat", "--help")


CSV = 'id,name,price,on,note\n1,"a, ""b""",2.50,true,\n-2,007,3,false,""\n3,"x\ny",,,z\n'


def test_csv_is_imported_with_the_types_that_its_values_show(local_tool, tmp_path):
    file = tmp_path / "events.csv"
    file.write_bytes(b"\xef\xbb\xbf" + CSV.encode())
    table = tmp_path / "csv"
    assert "3 rows" in local_tool("import", table, file, "--create")
    types = {f["name"]: f["type"] for f in local_tool.json("schema", table)["fields"]}
    assert types == {"id": "long", "name": "string", "price": "double", "on": "boolean", "note": "string"}
    assert local_tool.rows(table) == [
        {"id": 1, "name": 'a, "b"', "price": 2.5, "on": True, "note": None},
        {"id": -2, "name": "007", "price": 3.0, "on": False, "note": ""},
        {"id": 3, "name": "x\ny", "price": None, "on": None, "note": "z"}]


def test_csv_becomes_the_types_of_a_table_that_is_there(local_tool, table, tmp_path):
    text = "day;price;at;text;big\r\n2026-02-28;12.5;2026-01-01T00:00:00Z;1.0;-9223372036854775808\r\n"
    local_tool("import", table, "-", "--format", "csv", "--delimiter", ";", stdin=text)
    assert local_tool.rows(table)[0] == dict.fromkeys([name for name, _ in FIELDS]) | {
        "day": "2026-02-28", "price": 12.5, "at": "2026-01-01T00:00:00.000000Z", "text": "1.0",
        "big": -9223372036854775808}


def test_csv_without_a_line_of_names_gets_them_as_an_option(local_tool, table, tmp_path):
    file = tmp_path / "numbers.tsv"
    file.write_text("1\ta\n2\tb\n")
    local_tool("import", table, file, "--csv-columns", "int,text")
    assert [(r["int"], r["text"]) for r in local_tool.rows(table)] == [(1, "a"), (2, "b")]


@pytest.mark.parametrize("text, line, reason", [
    ("int,text\n1,a\n\n2\n", 4, "1 fields, but there are 2 columns"),
    ("int,text\n1,a\nx,b\n", 3, "is not"),
    ('int,text\n1,"a\nb"\n2,"b"c\n', 4, "text after a closing quote"),
    ('int,text\n1,"a\n', 2, "a quote is not closed"),
])
def test_a_bad_csv_record_is_told_with_its_line(local_tool, table, text, line, reason):
    done = local_tool.run("import", table, "-", "--format", "csv", stdin=text)
    assert done.returncode == 1 and f"standard input:{line}: " in done.stderr and reason in done.stderr
    assert local_tool.rows(table) == []


def test_good_csv_records_are_imported_when_bad_ones_may_be_left_out(local_tool, table):
    text = "int\n" + "".join("x\n" if i % 1000 == 7 else f"{i}\n" for i in range(5000))
    done = local_tool.run("import", table, "-", "--format", "csv", "--skip-rejected", stdin=text)
    assert done.returncode == 3 and "standard input:4009: " in done.stderr
    assert len(local_tool.rows(table)) == 4995


def test_a_csv_file_with_names_alone_makes_columns(local_tool, tmp_path):
    assert "0 rows" in local_tool("import", tmp_path / "new", "-", "--format", "csv", "--create", stdin="a,b\n")
    assert [f["name"] for f in local_tool.json("schema", tmp_path / "new")["fields"]] == ["a", "b"]


def test_head_shows_some_rows_in_columns(local_tool, table):
    local_tool("import", table, "-", stdin=ndjson(ROWS) + '{"text":"' + "x" * 60 + '"}\n')
    lines = local_tool("head", table, "--columns", "big,text,at,flag").splitlines()
    assert lines[0].split() == ["big", "text", "at", "flag"] and len(lines) == 5
    assert lines[1].startswith(" 9223372036854775807  ü \"quoted\"\\n\\x00 🙂")
    assert lines[2].split() == ["-", "-", "-", "-"] and "1969-12-31T23:59:59.999999Z  true" in lines[1]
    assert "…" in lines[4] and "x" * 60 not in lines[4]
    assert "x" * 60 in local_tool("head", table, "--wide")
    assert len(local_tool("head", table, "--limit", 2).splitlines()) == 3
    assert len(local_tool("head", table, "--limit", 2, "--json").splitlines()) == 2
    assert local_tool("head", table, "--version", 0, "--columns", "big") == "big\n"


def test_log_lists_the_log_and_tells_what_a_commit_says(local_tool, table):
    for i in range(10):
        local_tool("import", table, "-", "--app-id", "a", "--app-version", i, stdin=f'{{"int":{i}}}\n')
    files = local_tool.json("log", table)
    assert [f["version"] for f in files if f["kind"] == "commit"] == list(range(11))
    assert [f["version"] for f in files if f["kind"] == "checkpoint"] == [10]
    assert {"kind": "other", "name": "_last_checkpoint", "version": None}.items() <= files[-1].items()
    path = os.path.join(table, "_delta_log", files[0]["name"])
    assert files[0]["size"] == os.path.getsize(path)
    assert " checkpoint " in local_tool("log", table)
    text = local_tool("log", table, "--version", 3)
    assert "WRITE by " in text and "a at 2" in text and "  1 rows" in text
    commit = pathlib.Path(table, "_delta_log", f"{3:020}.json").read_text()
    assert local_tool("log", table, "--version", 3, "--json") == commit
    done = local_tool.run("log", table, "--version", 99)
    assert done.returncode == 1 and "no commit of version 99" in done.stderr


@pytest.mark.parametrize("name", ["rows.ndjson", "rows.csv", "rows.tsv", "rows.parquet"])
def test_what_is_exported_comes_back_by_import(local_tool, table, tmp_path, name):
    local_tool("import", table, "-", stdin=ndjson(ROWS))
    assert "3 rows" in local_tool("export", table, tmp_path / name)
    local_tool.create(tmp_path / "again", FIELDS, folder=tmp_path)
    local_tool("import", tmp_path / "again", tmp_path / name)
    assert local_tool("cat", tmp_path / "again") == local_tool("cat", table)
    assert [p.name for p in tmp_path.iterdir() if ".part" in p.name] == []


def test_an_export_takes_columns_a_limit_and_a_version(local_tool, table, tmp_path):
    for i in range(3):
        local_tool("import", table, "-", stdin="".join(f'{{"int":{i},"text":"a,{j}"}}\n' for j in range(5)))
    assert local_tool("export", table, "-", "--columns", "text", "--limit", 2, "--format", "csv").count('"a,') == 2
    for name in ("a.parquet", "a.csv"):
        done = local_tool.json("export", table, tmp_path / name, "--version", 2, "--limit", 7)
        assert done == {"rows": 7, "file": str(tmp_path / name)}
    rows = local_tool("parquet", "cat", tmp_path / "a.parquet").splitlines()
    assert len(rows) == 7 and local_tool("export", table, "-", "--version", 0) == ""


def test_an_export_that_fails_leaves_nothing(local_tool, table, tmp_path):
    for args, says in (((tmp_path / "no" / "a.csv",), "No such file"), (("s3://b/a.csv",), "only local files"),
                       ((tmp_path / "a.csv", "--columns", "nothing"), "nothing"),
                       ((tmp_path / "a.xml", "--format", "xml"), "xml")):
        done = local_tool.run("export", table, *args)
        assert done.returncode in (1, 2) and says in done.stderr and done.stderr.count("\n") == 1
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith("a.")) == []


def test_history_tells_files_and_rows_that_went(local_tool, table):
    for i in range(3):
        local_tool("import", table, "-", stdin=f'{{"int":{i}}}\n')
    local_tool("restore", table, "--version", 1)
    assert re.search(r" RESTORE +- +-2 +libdeltawrite", local_tool("history", table).splitlines()[1])
