# SPDX-License-Identifier: Apache-2.0
"""What the rows of a table must be, by its log and nothing but the meaning of each commit.

Our batches are known by their application version; Spark's operations say in userMetadata what they are
(tests/judges/dml_loop.py). An operation of Spark's sees the rows that were there at its readVersion: those that our
blind appends added between that and its own version were not its business (WriteSerializable).
"""
import json


class Model:
    def __init__(self):
        self.rows = []  # [version it came with, row]

    def _seen(self, read_version, matches):
        return [r for r in self.rows if r[0] <= read_version and matches(r[1]["id"])]

    def append(self, version, rows):
        self.rows += [[version, dict(row)] for row in rows]

    def change(self, version, read_version, s):
        """One operation of Spark's."""
        op = s["op"]
        if op == "delete":
            gone = {id(r) for r in self._seen(read_version, lambda i: i % s["mod"] == s["rest"] and i % 2 == 0)}
            self.rows = [r for r in self.rows if id(r) not in gone]
        elif op == "update":
            for r in self._seen(read_version, lambda i: i % s["mod"] == s["rest"]):
                r[0], r[1]["v"] = version, r[1]["v"] + s["by"]
        elif op == "merge":
            found = self._seen(read_version, set(s["ids"]).__contains__)
            for r in found:
                r[0], r[1]["v"] = version, s["v"]
            there = {r[1]["id"] for r in found}
            self.append(version, [{"id": i, "v": s["v"]} for i in s["ids"] if i not in there])
        elif op == "insert":
            self.append(version, [{"id": i, "v": s["v"]} for i in s["ids"]])

    def sorted(self, columns):
        return as_tuples((row for _, row in self.rows), columns)


def as_tuples(rows, columns):
    """Rows in an order of their own: an id can be there twice, when a MERGE did not see one that we added."""
    return sorted((tuple(row.get(c) for c in columns) for row in rows), key=repr)


def replay(commits, batches):
    """The model of a log: commits are lists of actions by version, batches rows by application version."""
    model = Model()
    for version, actions in enumerate(commits):
        info = next(a["commitInfo"] for a in actions if "commitInfo" in a)
        txn = next((a["txn"] for a in actions if "txn" in a), None)
        if txn is not None:
            model.append(version, batches[txn["version"]])
        elif info.get("userMetadata"):
            model.change(version, info["readVersion"], json.loads(info["userMetadata"]))
    return model
