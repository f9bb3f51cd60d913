#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""deltawrite-kafka on a mock broker and local tables: each record once, whatever happens to it."""
import base64
import os
import pty
import random
import re
import shutil
import signal
import subprocess
import time
import unittest

from kafka_harness import CLEAN, GROUP, KAFKA, TOPIC, KafkaTest, cat, tool, txns


def offsets(*ends):
    return {f"{GROUP}-{TOPIC}-{p}": end for p, end in enumerate(ends)}


class UntilEnd(KafkaTest):
    def test_it_stops_by_itself_with_all_that_was_there(self):
        broker = self.broker(3)
        broker.put_events(1000)
        service = self.service(broker, ["--until-end"], BATCH_SIZE="150")
        self.assertEqual(service.wait(), 0, service.log())
        self.check_once(broker)
        self.assertEqual(txns(self.table), offsets(334, 333, 333))
        self.assertTrue(all(e["rows"] <= 150 for e in service.events("committed")))

    def test_nothing_to_do_is_done_at_once(self):
        service = self.service(self.broker(2), ["--until-end"])
        self.assertEqual(service.wait(), 0, service.log())
        self.assertEqual(cat(self.table), [])

    def test_rejected_records_are_kept_whole_and_told_by_the_exit_code(self):
        broker = self.broker(2)
        every_byte = bytes(range(256))
        broker.put([(0, None, b'{"device_id":"a"}'), (0, every_byte, every_byte),
                    (1, b"", b'{"interaction_value":"much"}'), (1, None, b"[1]"), (1, None, b'{"device_id":"b"}')])
        service = self.service(broker, ["--until-end"])
        self.assertEqual(service.wait(), 3, service.log())
        self.assertEqual(sorted(r["device_id"] for r in cat(self.table)), ["a", "b"])
        letters = sorted(cat(self.letters), key=lambda r: (r["partition"], r["offset"]))
        self.assertEqual([(r["topic"], r["partition"], r["offset"]) for r in letters],
                         [(TOPIC, 0, 1), (TOPIC, 1, 0), (TOPIC, 1, 1)])
        self.assertEqual(base64.b64decode(letters[0]["key"]), every_byte)
        self.assertEqual(base64.b64decode(letters[0]["value"]), every_byte)
        self.assertIsNone(letters[2]["key"])
        self.assertTrue(all(r["error"] and r["error_code"] and r["timestamp"].startswith("20") for r in letters))
        self.assertEqual(txns(self.letters), offsets(2, 3))

    def test_tombstones_are_skipped_and_move_the_offset(self):
        broker = self.broker(1)
        broker.put([(0, b"k", None), (0, None, b'{"device_id":"a"}'), (0, b"k", None)])
        service = self.service(broker, ["--until-end"], BATCH_SIZE="1")
        self.assertEqual(service.wait(), 0, service.log())
        self.assertEqual([r["device_id"] for r in cat(self.table)], ["a"])
        self.assertEqual(txns(self.table), offsets(3))

    def test_a_terminal_sees_how_far_it_is(self):
        broker = self.broker(1)
        broker.put_events(20000)
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [KAFKA, "--until-end"], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
            env=dict(CLEAN, KAFKA_BOOTSTRAP_SERVERS=broker.address, KAFKA_TOPIC=TOPIC, KAFKA_GROUP_ID=GROUP,
                     DELTA_TABLE_PATH=self.table, BATCH_SIZE="8"))
        self.addCleanup(process.kill)
        os.close(theirs)
        text = b""
        try:
            while part := os.read(ours, 65536):
                text += part
        except OSError:  # the other end was closed
            pass
        os.close(ours)
        self.assertEqual(process.wait(10), 0, text[-2000:])
        shown = re.findall(rb"\r\x1b\[Kcommitted  \[[=> ]{30}\] +(\d+) %  ([0-9,]+) rows of ([0-9,]+) rows  [0-9,]+ rows/s"
                           rb"(?:  \d+:\d\d left)?  lag ([0-9,]+) rows", text)
        self.assertTrue(shown, text[-2000:])
        done, total, lag = (int(number.replace(b",", b"")) for number in shown[-1][1:])
        self.assertEqual(done + lag, total)
        self.assertLessEqual(total, 20000)
        lines = re.sub(rb"\r\x1b\[Kcommitted[^\r]*", b"", text).replace(b"\r\x1b[K", b"").decode().splitlines()
        self.assertTrue(all(re.match(r"\d{4}-\d\d-\d\dT\S+Z (INFO |WARN )", line) for line in lines), lines[:5])

    def test_a_second_run_goes_on_where_the_table_stands(self):
        broker = self.broker(2)
        broker.put_events(100, bad_each=10)
        self.assertEqual(self.service(broker, ["--until-end"]).wait(), 3)
        self.assertEqual(self.service(broker, ["--until-end"]).wait(), 0)
        broker.put_events(50)
        self.assertEqual(self.service(broker, ["--until-end"]).wait(), 0)
        self.check_once(broker)


class Running(KafkaTest):
    def test_a_batch_closes_by_rows_and_by_the_clock(self):
        broker = self.broker(1)
        service = self.service(broker, BATCH_SIZE="10", BATCH_TIMEOUT_SECONDS="6")
        service.wait_for(lambda: service.events("partitions assigned"))
        broker.put_events(25)
        service.wait_for(lambda: service.rows() == 20, 5)
        service.wait_for(lambda: service.rows() == 25)
        self.assertEqual([(e["rows"], e["reason"]) for e in service.events("committed")],
                         [(10, "rows"), (10, "rows"), (5, "time")])
        self.assertEqual(self.terminate(service), 0, service.log())

    def test_sigterm_commits_what_was_read_and_is_quick(self):
        broker = self.broker(2)
        broker.put_events(75)
        service = self.service(broker, BATCH_SIZE="100000", BATCH_TIMEOUT_SECONDS="600")
        service.wait_for(lambda: service.events("partitions assigned"))
        time.sleep(1)
        start = time.monotonic()
        self.assertEqual(self.terminate(service), 0, service.log())
        self.assertLess(time.monotonic() - start, 10)
        self.check_once(broker)

    def test_a_second_signal_ends_it_at_once(self):
        service = self.service(self.broker(1))
        service.wait_for(lambda: service.events("partitions assigned"))
        service.signal(signal.SIGSTOP)  # both signals are there when it goes on
        service.signal(signal.SIGTERM)
        service.signal(signal.SIGINT)
        service.signal(signal.SIGCONT)
        self.assertIn(service.wait(10), (0, 1))

    def test_a_stale_owner_is_refused_and_reads_again_from_the_table(self):
        broker = self.broker(1)
        broker.put_events(10)
        service = self.service(broker, BATCH_SIZE="10", BATCH_TIMEOUT_SECONDS="600")
        service.wait_for(lambda: service.rows() == 10)
        with open(self.folder + "/other.json", "w") as f:
            f.write('{"device_id":"of another writer"}\n')
        tool("import", self.table, f.name, "--app-id", f"{GROUP}-{TOPIC}-0", "--app-version", "15")
        broker.put_events(15)
        service.wait_for(lambda: service.rows() == 20)
        self.assertEqual(self.terminate(service), 0, service.log())
        self.assertTrue(service.events("another writer was ahead: its offsets are read, the batch is dropped"))
        self.assertEqual(sorted(r["device_id"] for r in cat(self.table)),
                         sorted([str(i) for i in range(25) if not 10 <= i < 15] + ["of another writer"]))


class Long(KafkaTest):
    """What takes a while: run with `meson test --setup full`."""

    def test_kafka_away_for_a_while_loses_nothing(self):
        broker = self.broker(2)
        broker.put_events(40)
        service = self.service(broker, BATCH_SIZE="10", BATCH_TIMEOUT_SECONDS="1")
        service.wait_for(lambda: service.rows() == 40)
        broker.command("down")
        time.sleep(3)
        broker.command("up")
        broker.put_events(40)
        service.wait_for(lambda: service.rows() == 80, 60)
        self.assertEqual(self.terminate(service), 0, service.log())
        self.check_once(broker)

    def test_sigkill_at_random_moments_loses_and_doubles_nothing(self):
        rng = random.Random(3)
        broker = self.broker(3)
        broker.put_events(3000, bad_each=97)
        for _ in range(5):
            service = self.service(broker, BATCH_SIZE="20", BATCH_TIMEOUT_SECONDS="0.2")
            service.wait_for(lambda: service.events("partitions assigned"))
            time.sleep(rng.uniform(0, 0.3))
            service.kill()
            broker.put_events(300, bad_each=31)
        service = self.service(broker, ["--until-end"], BATCH_SIZE="500")
        service.wait(60)
        self.check_once(broker)

    def test_two_processes_share_the_partitions_and_hand_over(self):
        broker = self.broker(4)
        broker.put_events(400, bad_each=50)
        one = self.service(broker, BATCH_SIZE="30", BATCH_TIMEOUT_SECONDS="0.5")
        one.wait_for(lambda: one.rows() > 100)
        two = self.service(broker, BATCH_SIZE="30", BATCH_TIMEOUT_SECONDS="0.5")
        for _ in range(8):
            broker.put_events(200, bad_each=50)
            time.sleep(1)
        two.wait_for(lambda: two.rows() > 0)
        self.assertEqual(self.terminate(one), 0, one.log())
        broker.put_events(200)
        end = offsets(*(len(made) for made in broker.made))
        two.wait_for(lambda: txns(self.table) == end, 40)
        self.assertEqual(self.terminate(two), 0, two.log())
        self.check_once(broker)

    def test_one_that_slept_through_its_session_doubles_nothing(self):
        broker = self.broker(2)
        broker.put_events(100, bad_each=9)
        one = self.service(broker, BATCH_SIZE="1000", BATCH_TIMEOUT_SECONDS="2")
        one.wait_for(lambda: one.events("partitions assigned"))
        time.sleep(0.5)  # it holds an unfinished batch
        one.signal(signal.SIGSTOP)
        two = self.service(broker, BATCH_SIZE="1000", BATCH_TIMEOUT_SECONDS="1")
        two.wait_for(lambda: two.rows() > 0, 40)
        one.signal(signal.SIGCONT)
        for _ in range(6):
            broker.put_events(50, bad_each=9)
            time.sleep(1)
        end = offsets(*(len(made) for made in broker.made))
        two.wait_for(lambda: txns(self.table) == end, 40)
        self.assertEqual(self.terminate(two), 0, two.log())
        self.assertEqual(self.terminate(one), 0, one.log())
        self.check_once(broker)


class AfterTrouble(KafkaTest):
    def test_records_of_a_dropped_first_batch_are_read_again_from_where_latest_began(self):
        broker = self.broker(1)
        broker.put_events(10)
        service = self.service(broker, BATCH_SIZE="1000", BATCH_TIMEOUT_SECONDS="4",
                               KAFKA_CONF_AUTO_OFFSET_RESET="latest")
        service.wait_for(lambda: service.events("partitions assigned"))
        broker.put([(0, None, b'{"device_id":"%d","n":1}' % i) for i in range(5)])
        time.sleep(1.5)
        with open(self.folder + "/other.json", "w") as f:
            f.write('{"n":"text"}\n')
        tool("import", self.table, f.name)
        service.wait_for(lambda: service.events("another commit came between: the batch is decoded again"))
        service.wait_for(lambda: txns(self.table) == offsets(15))
        self.assertEqual(self.terminate(service), 0, service.log())
        self.assertEqual(sorted(r["device_id"] or "" for r in cat(self.table)), ["", "0", "1", "2", "3", "4"])

    def test_dead_letters_ahead_of_the_table_are_not_written_twice(self):
        """As after a crash between the two commits: the table knows nothing of what the letters have."""
        broker = self.broker(2)
        broker.put_events(60, bad_each=5)
        self.assertEqual(self.service(broker, ["--until-end"]).wait(), 3)
        shutil.rmtree(self.table)
        broker.put_events(40, bad_each=4)
        service = self.service(broker, ["--until-end"], BATCH_SIZE="7")
        self.assertEqual(service.wait(), 3, service.log())
        self.check_once(broker)

    def test_a_table_that_forgets_offsets_does_not_make_it_start_from_the_beginning(self):
        broker = self.broker(1)
        broker.put_events(20)
        self.assertEqual(self.service(broker, ["--until-end"]).wait(), 0)
        tool("set", self.table, "delta.setTransactionRetentionDuration=interval 1 second")
        tool("checkpoint", self.table)
        time.sleep(1.5)
        other = {"KAFKA_GROUP_ID": "new-group"}
        service = self.service(broker, ["--until-end"], **other)
        self.assertEqual(service.wait(), 4, service.log())
        self.assertIn("it is not known whether it ever committed", service.log())
        self.assertIn("DELTA_FORGOTTEN_OFFSETS=new", service.log())
        self.assertEqual(len(cat(self.table)), 20)
        service = self.service(broker, ["--until-end"], DELTA_FORGOTTEN_OFFSETS="new", **other)
        self.assertEqual(service.wait(), 0, service.log())
        self.assertEqual(len(cat(self.table)), 40)

    def test_an_offset_that_kafka_has_not_is_an_error_of_its_own(self):
        first = self.broker(1)
        first.put_events(30)
        self.assertEqual(self.service(first, ["--until-end"]).wait(), 0)
        second = self.broker(1)  # as if the topic were made anew
        second.put_events(5)
        service = self.service(second)
        self.assertEqual(service.wait(), 4, service.log())
        last = service.log().splitlines()[-1]
        self.assertTrue(last.startswith("deltawrite-kafka: topic events partition 0: offset 30 "), last)

    def test_a_store_that_cannot_be_written_is_waited_for_and_told_at_the_end(self):
        broker = self.broker(1)
        broker.put_events(10)
        service = self.service(broker, BATCH_SIZE="10")
        service.wait_for(lambda: service.rows() == 10)
        shutil.rmtree(self.table)
        with open(self.table, "w") as f:
            f.write("in the way")
        broker.put_events(10)
        code = None
        for _ in range(100):
            code = service.process.poll()
            time.sleep(0.1)
        if code is None:
            code = self.terminate(service, 27)
        self.assertEqual(code, 1, service.log())
        self.assertEqual(service.rows(), 10)


if __name__ == "__main__":
    unittest.main(verbosity=2)
