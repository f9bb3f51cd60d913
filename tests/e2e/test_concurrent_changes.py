# SPDX-License-Identifier: Apache-2.0
"""Deletes, overwrites of partitions, appends and optimize by processes that know nothing of each other: no row is lost, none
comes back. DELTAWRITE_ROUNDS=N makes each process go round N times."""
import json
import os
import threading

import pytest

from support import judges
from support.programs import Tool

ROUNDS = int(os.environ.get("DELTAWRITE_ROUNDS", "6"))
APPENDERS, OLD = 2, 400


def rows(ids, part):
    return "".join(json.dumps({"id": i, "p": part, "v": f"value {i}"}) + "\n" for i in ids)


@pytest.mark.parametrize("vectors", [False, True])
def test_what_is_deleted_stays_deleted_and_all_else_stays(vectors, tmp_path):
    tool, table, failed = Tool(), str(tmp_path / "table"), []
    tool.create(table, [("id", "long"), ("p", "string"), ("v", "string")], "--partition-by", "p",
                *(["--property", "delta.enableDeletionVectors=true"] if vectors else []), folder=tmp_path)
    for k in range(4):
        tool("import", table, "-", stdin=rows(range(k * OLD // 4, (k + 1) * OLD // 4), f"old{k % 2}"))

    def each(body):
        def run():
            try:
                for n in range(ROUNDS):
                    body(n)
            except AssertionError as error:
                failed.append(str(error))
        return threading.Thread(target=run)

    def append(who):
        return lambda n: tool("import", table, "-", stdin=rows(range(10000 * (who + 1) + n * 10, 10000 * (who + 1) + n * 10 + 10),
                                                               f"new{who}"))

    def delete(rest):
        return lambda n: changed("delete", table, "--threads", 3, "--where", f"id < {OLD} AND id IN "
                                 f"({', '.join(str(i) for i in range(rest, OLD, 7) if i // 7 % ROUNDS == n)})")

    def changed(*args, stdin=None):
        for _ in range(20):  # beyond the attempts of one call
            done = tool.run(*args, stdin=stdin)
            if done.returncode == 0:
                return
            assert "version" in done.stderr and "another commit" in done.stderr, done.stderr
        raise AssertionError(done.stderr)

    workers = [each(append(who)) for who in range(APPENDERS)] + [each(delete(0)), each(delete(3))]
    workers.append(each(lambda n: changed("optimize", table)))
    workers.append(each(lambda n: changed("import", table, "-", "--mode", "overwrite", "--dynamic-partitions",
                                          stdin=rows([90000 + n], "over"))))
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failed, failed
    want = {i for i in range(OLD) if i % 7 not in (0, 3)}
    want |= {10000 * (who + 1) + i for who in range(APPENDERS) for i in range(ROUNDS * 10)} | {90000 + ROUNDS - 1}
    found = [r["id"] for r in tool.rows(table)]
    assert sorted(found) == sorted(want)
    judges.agree(table, ("deltalake", "duckdb"))
