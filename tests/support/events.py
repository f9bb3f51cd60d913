# SPDX-License-Identifier: Apache-2.0
"""Makes Kafka messages for end-to-end tests: plausible analytics events, and every kind of odd or bad one.

The same seed gives the same bytes. Each event names its own (partition, offset) in device_id, so that a
table's row can be matched with its message.
"""
import json
import random
from datetime import datetime, timedelta, timezone

WORDS = ["order", "cart", "délta", "東京", "🙂", 'a "quoted" word', "back\\slash", "tab\there", "line\nbreak", "nul\0byte",
         "<tag>", "", " ", "/", "\u2028", "ﬁ", "e\u0301"]
TYPES = ["page_view", "click", "form_submit", "search", "purchase", "error"]


def dumps(value, rng):
    """JSON in one of the ways in which producers write it."""
    style = rng.randrange(4)
    if style == 0:
        return json.dumps(value, ensure_ascii=False)
    if style == 1:
        return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    if style == 2:
        return json.dumps(value, ensure_ascii=False, indent=rng.choice([1, "\t"]))
    return json.dumps(value, ensure_ascii=False, separators=(" ,\r\n", "\t: "))


class Raw(str):
    """JSON text to be put into an event as it is."""


def timestamp(rng):
    at = datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=rng.randrange(86400 * 365 * 1000000))
    day, clock = at.strftime("%Y-%m-%d"), at.strftime("%H:%M:%S")
    digits = "".join(rng.choice("0123456789") for _ in range(rng.randrange(1, 10)))
    zone = rng.choice(["Z", "Z", "+02:00", "-11:30", "+00:00", ""])
    return rng.choice([
        f"{day}T{clock}.{digits}{zone}", f"{day}T{clock}{zone}", f"{day} {clock}.{digits}{zone}", day,
        int(at.timestamp() * 1000), f"{day}T{clock}Z", f"{rng.randrange(1970, 2300)}-02-28T23:59:59.999999{zone}",
        f"{rng.randrange(1600, 1970)}-12-31T00:00:00.000001Z", -rng.randrange(10**12)])


def text(rng, longest=8):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randrange(longest)))


def tree(rng, depth=3):
    kind = rng.randrange(8 if depth else 5)
    if kind == 0:
        return rng.randrange(-10**6, 10**18)
    if kind == 1:
        return Raw(rng.choice(["1.50", "-0.0", "1e5", "1E+2", "12345678901234567890.123", "0"]))
    if kind == 2:
        return text(rng, 4)
    if kind in (3, 4):
        return rng.choice([None, True, False])
    if kind == 5:
        return [tree(rng, depth - 1) for _ in range(rng.randrange(4))]
    return {rng.choice(WORDS) + str(i): tree(rng, depth - 1) for i in range(rng.randrange(4))}


def good(rng, mark):
    event = {
        "timestamp": timestamp(rng), "channel": rng.choice(["web", "mobile", "chat"]),
        "platform": rng.choice(["chrome", "ios", "android"]), "event_type": rng.choice(TYPES),
        "event_category": rng.choice(["navigation", "commerce"]), "resource_id": f"/item/{rng.randrange(5000)}",
        "resource_title": text(rng), "interaction_target": f"button-{rng.randrange(40)}",
        "session_id": f"{rng.getrandbits(128):032x}", "user_id": f"user-{rng.randrange(200000):06d}",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) %d" % rng.randrange(40), "client_version": "5.%d" % rng.randrange(9),
        "interaction_value": round(rng.random() * 1000, 2), "interaction_text": text(rng),
        "metadata": {"experiment": f"exp-{rng.randrange(12)}", "viewport": [1280, 720], "flags": {"beta": rng.random() < 0.1}},
    }
    for field in list(event):
        roll = rng.random()
        if roll < 0.08:
            del event[field]
        elif roll < 0.12:
            event[field] = None
    if rng.random() < 0.3:  # odd but good
        odd = rng.randrange(8)
        if odd == 0:
            event["interaction_value"] = rng.choice(["12.5", "-3", "1e3", "0", 7, -0.0, 5e-324, 1.7976931348623157e308,
                                                     Raw("0.1000000000000000055511151231257827"), Raw("123456789012345678901234567890")])
        elif odd == 1:
            event["resource_id"] = rng.choice([12, Raw("1.50"), Raw("1E2"), True, False, tree(rng),
                                                Raw("[" * 999 + "]" * 999)])
        elif odd == 2:
            event["metadata"] = tree(rng)
        elif odd == 3:
            event["resource_title"] = text(rng, 200)
        elif odd == 4:
            event["client_version"] = Raw(json.dumps(rng.choice(["🙂\u0000x", "\x7f\x1f", "/"])).replace("/", "\\/"))
        elif odd == 5:
            event["timestamp"] = rng.choice(["2026-03-01T10:20Z", "2026-03-01t10:20:30z", "2026-03-01T10:20:30+0530",
                                             "2026-03-01 10:20:30.5-08", "0001-01-01", "9999-12-31T23:59:59.999999999Z",
                                             Raw("1767225600000.5"), Raw("-0.0001"), Raw("1.7672256e12"), 0, 253402300799999])
        elif odd == 6 and "user_id" in event:
            event["User_ID"] = event.pop("user_id")
        else:
            event["interaction_text"] = {"a": Raw('  [ 1 , {"b" : "c d"} ,\n\t[ ] ]')}
    for name, value in (("x_text", text(rng, 3)), ("x_count", rng.randrange(-2**63, 2**63)), ("x_flag", rng.random() < 0.5),
                        ("x_ratio", rng.randrange(1000) + 0.25), ("x_tree", {"k": tree(rng, 2)}), ("x_never", None),
                        ("x no name", None)):
        if rng.random() < 0.05:
            event[name] = value
    event["device_id"] = mark
    items = list(event.items())
    rng.shuffle(items)
    return items


def encode(items, rng):
    """An object from (name, value) pairs, duplicates and raw JSON as they are."""
    raw = []

    def hide(value):
        if isinstance(value, Raw):
            raw.append(value)
            return f"\ue000{len(raw) - 1}\ue000"
        if isinstance(value, dict):
            return {k: hide(v) for k, v in value.items()}
        if isinstance(value, list):
            return [hide(v) for v in value]
        return value

    between = rng.choice([",", ", ", " ,\n"])
    out = "{" + between.join(f"{json.dumps(k)}:{dumps(hide(v), rng)}" for k, v in items) + "}"
    for i, value in enumerate(raw):
        for mark in (f'"\ue000{i}\ue000"', f'"\\ue000{i}\\ue000"'):
            out = out.replace(mark, value)
    return out.encode()


def bad(rng, mark):
    """A message that must be rejected; whole objects still carry their mark."""
    items = [("device_id", mark), ("event_type", rng.choice(TYPES)), ("y_never", "a rejected record makes no column")]
    whole = encode(items, rng)
    return rng.choice([
        b"not json at all", b"{", whole[:-1], whole + b"}", whole + b"\0", b"[" + whole + b"]", b'"text"', b"17", b"null",
        whole.replace(b'"event_type"', b"'event_type'"), whole[:-1] + b",}", whole[:-1] + b',"z":NaN}',
        whole[:-1] + b',"z":01}', whole[:-1] + b',"z":"\x01"}', whole[:-1] + b',"channel":"\xff\xfe"}',
        whole[:-1] + b',"channel":"\xed\xa0\x80"}', whole[:-1] + b',"channel":"\xc0\xaf"}',
        whole[:-1] + b',"channel":"\\ud83d"}', whole[:-1] + b',"channel":"\\ude00\\ud83d"}',
        whole[:-1] + b',"channel":"\\x41"}', b" ", b"\n", b"\xef\xbb\xbf" + whole,
        whole[:-1] + b',"x no name":1}', whole[:-1] + b',"":1}', whole[:-1] + b',"deep":' + b"[" * 1000 + b"]" * 1000 + b"}",
        encode(items + [("interaction_value", rng.choice(["abc", "", " 1", "1 ", "0x10", "nan", "NaN", "Infinity", "-Infinity", True, [], {}, "1,5", Raw("1e999"), "+1"]))], rng),
        encode(items + [("timestamp", rng.choice(["yesterday", "", "2026-13-01", "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z",
                                                  "2026-01-01T00:00:00+", "1767225600000", "2026-01-01T23:59:60Z", "2026-01-01T24:00:00Z", "01/02/2026", True, {}, [], "2026-01-01T00:00:00.0000000000Z"]))], rng),
    ])


def messages(count, partitions, seed, bad_share=0.01, tombstone_share=0.01, duplicate_share=0.02):
    """Yields (partition, key, value) with offsets from 0 in each partition."""
    rng = random.Random(seed)
    offsets = [0] * partitions
    for _ in range(count):
        partition = rng.randrange(partitions)
        mark = f"{partition}:{offsets[partition]}"
        offsets[partition] += 1
        key = rng.choice([None, b"", b"key-%d" % rng.randrange(100), b"\xff\x00"])
        roll = rng.random()
        if roll < bad_share:
            yield partition, key, bad(rng, mark)
        elif roll < bad_share + tombstone_share:
            yield partition, key, rng.choice([None, b""])
        else:
            items = good(rng, mark)
            if roll < bad_share + tombstone_share + duplicate_share:
                items.insert(0, ("device_id", "the first of two"))
                items.insert(0, ("channel", "the first of two"))
            yield partition, key, encode(items, rng)
