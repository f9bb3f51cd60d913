# SPDX-License-Identifier: Apache-2.0
"""Random conditions on the rows of one kind of table, and that table, with nulls, NaN and edges of every type."""
import random

COLUMNS = ("id BIGINT, i INT, t TINYINT, x DOUBLE, f FLOAT, s STRING, d DATE, ts TIMESTAMP, ntz TIMESTAMP_NTZ, "
           "amount DECIMAL(12,3), wide DECIMAL(38,10), ok BOOLEAN, raw BINARY, n STRUCT<a: BIGINT, b: STRUCT<c: STRING>>, "
           "p STRING, day DATE")
VALUES = {
    "i": ["NULL", "0", "-1", "7", "2147483647", "-2147483648"],
    "t": ["NULL", "0", "127", "-128"],
    "x": ["NULL", "double('NaN')", "0D", "-0.0D", "1.5D", "1e300", "double('Infinity')", "-0.1D", "3D"],
    "f": ["NULL", "float('NaN')", "0.1F", "-2.5F", "float('-Infinity')", "16777216F"],
    "s": ["NULL", "''", "'a'", "'abc'", "'ABC'", "'a%c'", "'a_c'", "'Gr\u00fc\u00dfe'", "'\U0001F600'", "'b\\\\c'",
          "'" + "long" * 20 + "'"],
    "d": ["NULL", "DATE'1969-12-31'", "DATE'2024-02-29'", "DATE'0001-01-01'", "DATE'9999-12-31'"],
    "ts": ["NULL", "TIMESTAMP'1969-12-31 23:59:59.999999'", "TIMESTAMP'2024-02-29 12:00:00.000500'",
           "TIMESTAMP'2024-02-29 12:00:00'"],
    "ntz": ["NULL", "TIMESTAMP_NTZ'2024-02-29 00:00:00'", "TIMESTAMP_NTZ'1900-01-01 00:00:00.5'"],
    "amount": ["NULL", "0.000", "1.500", "-1.500", "999999999.999", "0.001"],
    "wide": ["NULL", "1234567890123456789012345678.0123456789", "-0.0000000001", "7"],
    "ok": ["NULL", "true", "false"],
    "raw": ["NULL", "X''", "X'00FF'", "X'616263'"],
    "n.a": ["NULL", "1", "9223372036854775807"],
    "n.b.c": ["NULL", "'x'", "'y'"],
    "p": ["NULL", "'de'", "'f r'", "'a=b/c'", "'\u00fc'"],
    "day": ["NULL", "DATE'2024-02-29'", "DATE'1969-12-31'"],
}
# Literals that are no value of the rows, and those of other types that the column goes with.
MORE = {
    "id": ["3", "50", "'17'", "12.5", "1e1"], "i": ["1.5", "'7'", "2147483648", "-3e0", "7L"], "t": ["5Y", "128"],
    "x": ["0.1", "'NaN'", "'1.5'", "2"], "f": ["0.1", "-2.5", "'-inf'", "16777217"],
    "s": ["'a\\\\\\\\c'", "\"abc\"", "'b'", "'Gr'"], "d": ["'2024-02-29'", "'2024'", "TIMESTAMP'2024-02-29 00:00:01'"],
    "ts": ["'2024-02-29 12:00:00.0005'", "DATE'2024-02-29'", "'2024-02-29T13:00:00+01:00'", "'2024-2'"],
    "ntz": ["'2024-02-29'", "DATE'1900-01-01'", "TIMESTAMP_NTZ'2000-01-01 00:00:00'"],
    "amount": ["1.5", "1.49999", "-2", "1e0", "'1.5'", "123456789012345.6"], "wide": ["7.0", "-1e-10", "'7'"],
    "ok": ["'yes'"], "raw": ["X'6162'"], "n.a": ["1.0", "5"], "n.b.c": ["'xx'"], "p": ["'zz'", "''"],
    "day": ["'2024-02-29'", "TIMESTAMP'1969-12-31 00:00:00'"],
}
PATTERNS = ["'a%'", "'%c'", "'a_c'", "'a\\\\_c'", "'a!%c' ESCAPE '!'", "'Gr__e'", "'_'", "'%'", "''", "'a%b%'", "'long%'"]
COMPARED = [("id", "i"), ("i", "x"), ("x", "f"), ("amount", "wide"), ("d", "ts"), ("ts", "ntz"), ("d", "day"), ("s", "p"),
            ("amount", "id"), ("n.a", "id"), ("n.b.c", "s")]


def row(rng, id):
    """The values of a row, as SQL."""
    pick = {name: rng.choice(values) for name, values in VALUES.items()}
    inner = "NULL" if rng.random() < 0.2 else f"named_struct('c', {pick['n.b.c']})"
    struct = "NULL" if rng.random() < 0.2 else f"named_struct('a', {pick['n.a']}, 'b', {inner})"
    names = [c.split()[0] for c in COLUMNS.split(", ") if not c.startswith("b:")]
    return "(" + ", ".join(str(id) if n == "id" else struct if n == "n" else pick[n] for n in names) + ")"


def leaf(rng, columns):
    column = rng.choice(columns)
    literals = VALUES.get(column, []) + MORE[column]
    kind = rng.random()
    if column == "ok" and kind < 0.3:
        return "ok"
    if column in ("s", "p", "n.b.c") and kind < 0.25:
        return f"{column} {rng.choice(['', 'NOT '])}LIKE {rng.choice(PATTERNS)}"
    if kind < 0.35:
        return f"{column} IS {rng.choice(['', 'NOT '])}NULL"
    if kind < 0.5:
        return f"{column} {rng.choice(['', 'NOT '])}IN ({', '.join(rng.sample(literals, min(len(literals), 3)))})"
    if kind < 0.6:
        return f"{column} {rng.choice(['', 'NOT '])}BETWEEN {rng.choice(literals)} AND {rng.choice(literals)}"
    op = rng.choice(["=", "==", "<>", "!=", "<", "<=", ">", ">=", "<=>"])
    pairs = [pair for pair in COMPARED if set(pair) <= set(columns)]
    if kind < 0.68 and pairs:
        a, b = rng.choice(pairs)
        return f"{a} {op} {b}"
    literal = rng.choice(literals)
    return f"{literal} {op} {column}" if rng.random() < 0.2 else f"{column} {op} {literal}"


def condition(rng, columns=tuple(MORE), depth=2):
    """One, as SQL that Spark and we take."""
    if depth == 0 or rng.random() < 0.4:
        return leaf(rng, list(columns))
    if rng.random() < 0.2:
        return f"NOT ({condition(rng, columns, depth - 1)})"
    if rng.random() < 0.1:
        return f"({condition(rng, columns, depth - 1)}) IS {rng.choice(['', 'NOT '])}{rng.choice(['TRUE', 'FALSE', 'UNKNOWN'])}"
    word = rng.choice([" AND ", " OR "])
    return word.join(f"({condition(rng, columns, depth - 1)})" for _ in range(rng.randint(2, 3)))


def statements(path, rng, properties="", files=6, rows=25, partitioned=True):
    """SQL for Spark that makes a table there, in several files of which many have narrow bounds."""
    made = [f"CREATE TABLE delta.`{path}` ({COLUMNS}) USING delta "
            + ("PARTITIONED BY (p, day) " if partitioned else "") + (f"TBLPROPERTIES ({properties})" if properties else "")]
    for k in range(files):
        rows_of_file = ", ".join(row(rng, k * rows + j) for j in range(rows))
        made.append(f"INSERT INTO delta.`{path}` VALUES {rows_of_file}")
    return made


def seeded(seed):
    return random.Random(seed)
