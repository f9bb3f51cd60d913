# SPDX-License-Identifier: Apache-2.0
"""An independent reading of docs/records.md: what row, if any, a Kafka message must become.

Shares no code with the library: a small strict JSON reader that keeps the text of each value. Rows are as
tests/judges/read_table.py prints them: timestamps as text in UTC with microseconds, null spelt out.
"""
import re
import sys
from datetime import datetime, timedelta, timezone
from decimal import ROUND_FLOOR, Decimal

SERVICE_SCHEMA = {"timestamp": "timestamp"} | dict.fromkeys(
    "channel platform event_type event_category resource_id resource_title interaction_target session_id user_id "
    "device_id user_agent client_version interaction_text metadata".split(), "string") | {"interaction_value": "double"}

DEEPEST = 1000  # levels of objects and arrays, the record itself counted
sys.setrecursionlimit(max(sys.getrecursionlimit(), 10 * DEEPEST))

SPACE = re.compile(r"[ \t\n\r]*")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
WORD = re.compile("true|false|null")
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?"
                  r"(?:([Zz])|([+-])(\d\d)(?::?(\d\d))?)?)?", re.ASCII)
NO_NAME = re.compile(r"[ \t\n\0,;{}()=]")
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Reject(Exception):
    """The message cannot become a row."""


class Value:
    """One JSON value: its kind, its compact text, and for strings and objects what they hold."""
    __slots__ = ("kind", "text", "held")

    def __init__(self, kind, text, held=None):
        self.kind, self.text, self.held = kind, text, held


def unescape(token):
    """The characters of a string token; lone surrogates are refused."""
    body = token[1:-1]
    if "\\" not in body:
        return body
    units = ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else SHORT.get(m[2], m[2]), body)
    try:  # pairs of surrogate escapes become one character, lone ones an error
        return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        raise Reject("lone surrogate")


class Reader:
    def __init__(self, text):
        self.text, self.at, self.depth = text, 0, 0

    def token(self, pattern):
        found = pattern.match(self.text, self.at)
        if not found:
            raise Reject(f"malformed at {self.at}")
        self.at = found.end()
        return found[0]

    def peek(self):
        self.token(SPACE)
        return self.text[self.at:self.at + 1]

    def take(self, char):
        if self.peek() != char:
            raise Reject(f"malformed at {self.at}")
        self.at += 1

    def value(self):
        first = self.peek()
        if first == '"':
            token = self.token(STRING)
            return Value("string", token, unescape(token))
        if first == "{":
            return self.collection("object", "{", "}", self.member)
        if first == "[":
            return self.collection("array", "[", "]", lambda: (None, self.value()))
        if first in ("t", "f", "n"):
            word = self.token(WORD)
            return Value("null" if word == "null" else "boolean", word)
        return Value("number", self.token(NUMBER))

    def member(self):
        self.peek()
        token = self.token(STRING)
        key = unescape(token)
        self.take(":")
        value = self.value()
        return key, Value(value.kind, value.text, (token, value))

    def collection(self, kind, opening, closing, item):
        self.take(opening)
        self.depth += 1
        if self.depth > DEEPEST:
            raise Reject("nested too deep")
        items, texts = [], []
        if self.peek() == closing:
            self.at += 1
        else:
            while True:
                key, value = item()
                if kind == "object":
                    token, value = value.held
                    texts.append(f"{token}:{value.text}")
                else:
                    texts.append(value.text)
                items.append((key, value))
                if self.peek() == closing:
                    self.at += 1
                    break
                self.take(",")
        self.depth -= 1
        return Value(kind, opening + ",".join(texts) + closing, items)


def parse(message):
    """The top-level fields of a message as (name, Value), duplicates too."""
    try:
        text = message.decode("utf-8")
    except UnicodeDecodeError:
        raise Reject("invalid UTF-8")
    reader = Reader(text)
    value = reader.value()
    if reader.peek():
        raise Reject(f"more after the value at {reader.at}")
    if value.kind != "object":
        raise Reject(f"top level is not an object but {value.kind}")
    return value.held


def lower(name):
    """Names are the same when they differ by the case of ASCII letters alone."""
    return "".join(c.lower() if c.isascii() else c for c in name)


def as_string(value):
    return value.held if value.kind == "string" else value.text


def number_text(value, column):
    text = value.held if value.kind == "string" else value.text if value.kind == "number" else None
    if text is None or not NUMBER.fullmatch(text):
        raise Reject(f"{column}: not a number")
    return text


def as_double(value, column):
    out = float(number_text(value, column))
    if out in (float("inf"), float("-inf")):
        raise Reject(f"{column}: out of range")
    return out


def as_long(value, column):
    number = Decimal(number_text(value, column))
    if number != number.to_integral_value() or not -2**63 <= number < 2**63:
        raise Reject(f"{column}: not a long")
    return int(number)


def as_boolean(value, column):
    text = value.held if value.kind == "string" else value.text
    if value.kind not in ("string", "boolean") or text not in ("true", "false"):
        raise Reject(f"{column}: not a boolean")
    return text == "true"


def printed(microseconds):
    """A timestamp as the judges print it."""
    try:
        at = EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return microseconds
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def as_timestamp(value, column):
    if value.kind == "number":
        micros = (Decimal(value.text) * 1000).to_integral_value(ROUND_FLOOR)
        if not -2**63 <= micros < 2**63:
            raise Reject(f"{column}: not a timestamp")
        return printed(int(micros))
    found = TIME.fullmatch(value.held) if value.kind == "string" else None
    if not found:
        raise Reject(f"{column}: not a timestamp")
    year, month, day, hour, minute, second, fraction, _, sign, off_hours, off_minutes = found.groups()
    try:
        at = datetime(*(int(x or 0) for x in (year, month, day, hour, minute, second)), tzinfo=timezone.utc)
    except ValueError:
        raise Reject(f"{column}: not a timestamp")
    micros = (at - EPOCH) // timedelta(microseconds=1) + int(((fraction or "") + "000000")[:6])
    if sign:
        off_minutes = int(off_minutes or 0)
        if int(off_hours) > 23 or off_minutes > 59:
            raise Reject(f"{column}: not a timestamp")
        shift = (int(off_hours) * 3600 + off_minutes * 60) * 1000000
        micros += -shift if sign == "+" else shift
    return printed(micros)


CASTS = {"string": lambda value, _: as_string(value), "double": as_double, "long": as_long, "boolean": as_boolean,
         "timestamp": as_timestamp}


def type_by_first_sight(value):
    if value.kind == "number":
        whole = re.fullmatch("-?[0-9]+", value.text)
        return "long" if whole and -2**63 <= int(value.text) < 2**63 else "double"
    return {"boolean": "boolean"}.get(value.kind, "string")


class Decoder:
    """Turns messages into rows, in the order in which the service saw them as far as new columns go."""

    def __init__(self, schema=SERVICE_SCHEMA, arrays=True):
        """`arrays`: a message may be an array of records, as for the service."""
        self.schema, self.arrays = dict(schema), arrays

    def row(self, message):
        """The row of a message as {column: value} without nulls; Reject, or None for a tombstone."""
        if not message:
            return None
        if self.arrays and message.startswith(b"[{") and message.endswith(b"}]"):
            message = message[1:-1]
        out, new = {}, {}
        columns = {lower(name): name for name in self.schema}
        fields = {}
        for name, value in parse(message):  # the last of equal names counts, by the spelling that came first
            fields[lower(name)] = (fields.get(lower(name), (name,))[0], value)
        for folded, (name, value) in fields.items():
            if value.kind == "null":
                continue
            name = columns.get(folded, name)
            kind = self.schema.get(name)
            if kind is None:
                if not name or NO_NAME.search(name):
                    raise Reject(f"{name!r} is no name for a column")
                kind = new[name] = type_by_first_sight(value)
            out[name] = CASTS[kind](value, name)
        self.schema |= new
        return out

    def table(self, messages):
        """(rows, rejected, tombstones) of {id: bytes}: complete rows by id, and lists of ids."""
        rows, rejected, tombstones = {}, [], []
        for key, message in messages.items():
            try:
                row = self.row(message)
            except Reject:
                rejected.append(key)
                continue
            if row is None:
                tombstones.append(key)
            else:
                rows[key] = row
        empty = dict.fromkeys(self.schema)
        return {key: empty | row for key, row in rows.items()}, rejected, tombstones
