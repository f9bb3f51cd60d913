# SPDX-License-Identifier: Apache-2.0
"""The tables that the benchmarks write and read, as pyarrow tables of one chunk. Made once, kept in the cache."""
import hashlib
import importlib.util
import inspect
import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

ALL = ("events", "lineitem")
TEXTS = ("channel platform event_type event_category resource_id resource_title interaction_target session_id user_id "
         "device_id user_agent client_version interaction_text").split()


def load(context, name, rows):
    """(table, where it is from). Events are those of ../shared/peers/gen_events.py where that is."""
    source = context.shared / "peers" / "gen_events.py"
    make, origin = {"events": events, "lineitem": lineitem}[name], "made by tests/bench/workloads.py"
    text = inspect.getsource(sys.modules[__name__])
    if name == "events" and source.exists():
        make, origin = (lambda n: events_of(source, n)), "of shared/peers/gen_events.py"
        text += source.read_text()
    key = hashlib.sha256(text.encode()).hexdigest()[:12]
    path = context.cache / f"{name}-{rows}-{key}.arrow"
    if not path.exists():
        scratch = path.with_suffix(".new")
        made = make(rows).combine_chunks()
        with pa.ipc.new_file(scratch, made.schema) as out:
            out.write_table(made)
        scratch.rename(path)
    with pa.OSFile(str(path)) as file:  # read, not mapped: it is in memory before anything is timed
        return pa.ipc.open_file(file).read_all(), origin


def events_of(source, rows):
    """The generator's events in the schema of the service: an object in a text column is its JSON text."""
    spec = importlib.util.spec_from_file_location("gen_events", source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    columns = {name: [] for name in ("timestamp", *TEXTS, "metadata", "interaction_value")}
    for event in module.events(rows, 7):
        event["metadata"] = json.dumps(event["metadata"], separators=(",", ":"))
        for name, values in columns.items():
            values.append(event.get(name))
    table = pa.table({name: pa.array(values, pa.string() if name != "interaction_value" else pa.float64())
                      for name, values in columns.items()})
    stamps = table["timestamp"].cast(pa.timestamp("us", "UTC"))
    return table.set_column(0, "timestamp", stamps)


# ---- made here ----

def integers(rng, low, high, rows):
    """In [low, high)."""
    return pa.array(rng.integers(low, high, rows))


def pick(rng, choices, rows):
    return pa.array(choices).take(integers(rng, 0, len(choices), rows))


def joined(*parts):
    """Texts of parts: fixed ones, columns of texts or of numbers."""
    texts = [part if isinstance(part, str) else pc.cast(part, pa.string()) for part in parts]
    return pc.binary_join_element_wise(*texts, "")


def padded(numbers, width):
    return pc.utf8_lpad(pc.cast(numbers, pa.string()), width, "0")


def hexadecimal(*words):
    """16 digits for each 64-bit word of a row."""
    shifts = np.arange(60, -4, -4, dtype=np.uint64)
    nibbles = np.concatenate([word[:, None] >> shifts & np.uint64(15) for word in words], axis=1)
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)[nibbles.astype(np.uint8)]
    offsets = np.arange(len(digits) + 1, dtype=np.int32) * digits.shape[1]
    return pa.StringArray.from_buffers(len(digits), pa.py_buffer(offsets), pa.py_buffer(digits.tobytes()))


def with_nulls(rng, column, share):
    return pc.if_else(pa.array(rng.random(len(column)) < share), pa.scalar(None, column.type), column)


def sentences(rng, words, rows, least, most):
    """From `least` to `most` words, a space between."""
    offsets = np.concatenate([[0], np.cumsum(rng.integers(least, most + 1, rows))]).astype(np.int32)
    chosen = pick(rng, words, int(offsets[-1]))
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), chosen), " ")


def events(rows):
    """Analytics events, distributed like the service's: few channels, thousands of pages, ids that hardly repeat."""
    rng = np.random.default_rng(7)
    words = ["red", "green", "größe", "piñata", "日本", "cart", "help", '"so"', "a\\b", "in\ttab", "☂", "pay", "leave", "x"]
    agents = [f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36"
              for v in range(90, 130)]
    agents += [f"ShopApp/{a}.{b} (iPhone; iOS 17.{c})" for a in range(3, 6) for b in range(4) for c in range(5)]
    page = rng.integers(0, 5000, rows)
    row = np.arange(rows)
    random = rng.integers(0, 2**64, (3, rows), dtype=np.uint64)
    high = np.where(row % 20 == 0, random[0], np.uint64(0))
    low = np.where(row % 20 == 0, random[1], (page * 7919 + row // 20).astype(np.uint64))
    titles = pa.array([f"Item {p} – {words[p % len(words)]}" for p in range(5000)])
    amounts = pa.array(rng.integers(0, 100000, rows) / 100)
    return pa.table({
        "timestamp": pa.array(1767225600000000 + np.cumsum(rng.integers(0, 2000, rows)), pa.timestamp("us", "UTC")),
        "channel": pick(rng, ["web", "mobile", "chat", "speech", "agent"], rows),
        "platform": pick(rng, ["chrome", "safari", "firefox", "ios", "android", "kiosk"], rows),
        "event_type": pick(rng, ["page_view", "click", "form_submit", "search", "purchase", "session_start", "error",
                                 "voice_intent"], rows),
        "event_category": pick(rng, ["navigation", "engagement", "commerce", "system"], rows),
        "resource_id": joined("/catalog/item/", pa.array(page)),
        "resource_title": titles.take(pa.array(page)),
        "interaction_target": joined("button-", integers(rng, 0, 40, rows)),
        "session_id": hexadecimal(high, low),
        "user_id": with_nulls(rng, joined("user-", padded(integers(rng, 0, 200000, rows), 6)), 0.3),
        "device_id": with_nulls(rng, hexadecimal(random[2]), 0.2),
        "user_agent": pick(rng, agents, rows),
        "client_version": joined("5.", integers(rng, 0, 9, rows), ".", integers(rng, 0, 20, rows)),
        "interaction_text": sentences(rng, words, rows, 0, 7),
        "metadata": joined('{"experiment":"exp-', integers(rng, 0, 12, rows), '","viewport":[',
                           integers(rng, 1280, 1920, rows), ',720],"flags":{"beta":',
                           pick(rng, ["true"] + ["false"] * 9, rows), "}}"),
        "interaction_value": with_nulls(rng, amounts, 0.6),
    })


def lineitem(rows):
    """Like TPC-H's lineitem: integers, decimals(15,2), dates, short strings."""
    rng = np.random.default_rng(8)
    lines = rng.integers(1, 8, rows)  # more orders than needed
    order = np.repeat(np.arange(rows), lines)[:rows]
    number = np.arange(rows) - np.repeat(np.cumsum(lines) - lines, lines)[:rows] + 1
    part = rng.integers(1, 200001, rows)
    quantity = rng.integers(1, 51, rows)
    price = quantity * (90000 + part // 10 % 20001 + 100 * (part % 1000))
    ordered = np.repeat(rng.integers(8035, 10441, rows), lines)[:rows]
    shipped = ordered + rng.integers(1, 122, rows)
    received = shipped + rng.integers(1, 31, rows)
    today = 9298
    flag = np.where(received > today, 2, rng.integers(0, 2, rows))
    nouns = ["accounts", "deposits", "requests", "packages", "theodolites", "foxes", "ideas", "pinto beans", "instructions",
             "furiously", "quickly", "carefully", "slyly", "blithely", "final", "ironic", "regular", "express", "special",
             "sleep", "haggle", "nag", "wake", "cajole", "along the", "among the", "according to the", "above"]

    def money(cents):
        wide = np.zeros((rows, 2), np.int64)
        wide[:, 0] = cents
        return pa.Array.from_buffers(pa.decimal128(15, 2), rows, [None, pa.py_buffer(wide.tobytes())])

    def date(days):
        return pa.array(days.astype(np.int32), pa.date32())

    return pa.table({
        "l_orderkey": pa.array(order // 8 * 32 + order % 8 + 1),
        "l_partkey": pa.array(part),
        "l_suppkey": integers(rng, 1, 10001, rows),
        "l_linenumber": pa.array(number.astype(np.int32)),
        "l_quantity": money(quantity * 100),
        "l_extendedprice": money(price),
        "l_discount": money(rng.integers(0, 11, rows)),
        "l_tax": money(rng.integers(0, 9, rows)),
        "l_returnflag": pa.array(["R", "A", "N"]).take(pa.array(flag)),
        "l_linestatus": pa.array(["F", "O"]).take(pa.array((shipped > today).astype(np.int8))),
        "l_shipdate": date(shipped),
        "l_commitdate": date(ordered + rng.integers(30, 91, rows)),
        "l_receiptdate": date(received),
        "l_shipinstruct": pick(rng, ["DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"], rows),
        "l_shipmode": pick(rng, ["REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"], rows),
        "l_comment": sentences(rng, nouns, rows, 2, 5),
    })
