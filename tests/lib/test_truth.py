# SPDX-License-Identifier: Apache-2.0
"""Does truth.compare() find what is wrong? Each case spoils one thing in right documents."""

import copy
import unittest

from lib import general_log, truth
from lib.load import Sent
from lib.mariadb import LogLine

T = 1_700_000_000_000_000_000
MS = 1_000_000


def request(number, begin_ms):
    """A request of 10 ms with one tagged statement, as witnesses and tracer tell it."""
    name, at = f"r{number}", T + begin_ms * MS
    sent = Sent(name, "get", "GET", "/todos", "h", "127.0.0.9", status=200, content_length=2)
    sent.sent_epoch_ns, sent.done_epoch_ns = at, at + 10 * MS
    call = {"sql": f"/* {name} */ SELECT 1", "many": False, "failed": False, "connection": number}
    call.update(start_epoch_ns=at + 3 * MS, end_epoch_ns=at + 6 * MS)
    line = {
        "request_id": name,
        "pid": 7,
        "tid": 8,
        "start_epoch_ns": at + 2 * MS,
        "end_epoch_ns": at + 8 * MS,
    }
    line.update(closed_epoch_ns=at + 9 * MS, connections=[number], statements=[call])
    log = [
        LogLine(at + 2 * MS + 500_000, number, "Query", "SET NAMES utf8"),
        LogLine(at + 4 * MS, number, "Query", call["sql"]),
    ]
    return sent, line, log, document(sent, at, [(log[0], 2.2, 2.8), (log[1], 3.5, 5)])


def document(sent, at, statements):
    children = [
        {
            "id": f"{sent.id}-{i}",
            "start_time": at / 1e9 + begin / 1e3,
            "end_time": at / 1e9 + end / 1e3,
            "sql": {"sanitized_query": log.text},
            "metadata": {"bpfxray": {"command": "query"}},
        }
        for i, (log, begin, end) in enumerate(statements)
    ]
    return {
        "id": sent.id,
        "trace_id": "1-00000000-000000000000000000000000",
        "start_time": at / 1e9 + 0.001,
        "end_time": at / 1e9 + 0.009,
        "in_progress": False,
        "http": {
            "request": {
                "method": "GET",
                "url": sent.url,
                "user_agent": sent.user_agent,
                "client_ip": "127.0.0.9",
            },
            "response": {"status": 200, "content_length": 2},
        },
        "metadata": {"bpfxray": {"pid": 7, "tid": 8}},
        "subsegments": children,
    }


class Compare(unittest.TestCase):
    def setUp(self):
        requests = [request(1, 0), request(2, 4)]
        self.sent = [r[0] for r in requests]
        self.lines = [r[1] for r in requests]
        self.log = [line for r in requests for line in r[2]]
        self.documents = copy.deepcopy([r[3] for r in requests])

    def compare(self, **options):
        return truth.compare(self.sent, self.lines, self.log, self.documents, **options)

    def assert_problems(self, *kinds, **options):
        report = self.compare(**options)
        self.assertEqual(sorted(kinds), sorted(report.problems), str(report))

    def test_right_documents(self):
        report = self.compare()
        self.assertTrue(report.ok, str(report))
        self.assertEqual(
            (2, 4, 2),
            tuple(
                report.counts[k]
                for k in ("requests_matched", "statements_matched", "calls_checked")
            ),
        )

    def test_request_missing(self):
        del self.documents[0]
        self.assert_problems("request missing", "statement missing")

    def test_request_twice(self):
        self.documents.append({**self.documents[0], "id": "other", "subsegments": []})
        self.assert_problems("request twice")

    def test_segment_of_no_request(self):
        self.documents[0]["http"]["request"]["user_agent"] = "somebody"
        self.assert_problems("request missing", "segment of no request", "statement missing")

    def test_wrong_fields(self):
        self.documents[0]["http"]["request"].update(
            method="PUT", url="http://h/", client_ip="127.0.0.1"
        )
        self.documents[0]["http"]["response"].update(status=500, content_length=3)
        self.documents[0]["metadata"]["bpfxray"]["tid"] = 9
        self.documents[0]["fault"] = True
        names = ("method", "url", "client_ip", "status", "content_length", "tid", "fault")
        self.assert_problems(*(f"wrong {name}" for name in names))

    def test_statement_missing(self):
        self.documents[0]["subsegments"].pop()
        self.assert_problems("statement missing")

    def test_statement_twice(self):
        self.documents[0]["subsegments"].append(
            {**self.documents[0]["subsegments"][0], "id": "again"}
        )
        self.assert_problems("statement too many")

    def test_tagged_statement_on_a_wrong_request(self):
        self.documents[1]["subsegments"].append(self.documents[0]["subsegments"].pop())
        self.assert_problems("statement missing", "statement on a wrong request")

    def test_untagged_statement_on_a_wrong_request(self):
        self.documents[1]["subsegments"].append(self.documents[0]["subsegments"].pop(0))
        self.assert_problems(
            "statement missing", "statement on a wrong request", "statement outside its segment"
        )

    def test_wrong_request_is_seen_outside_the_window_too(self):
        self.documents[0]["subsegments"].append(self.documents[1]["subsegments"].pop())
        self.assert_problems(
            "statement missing", "statement on a wrong request", window=(T + 2 * MS, None)
        )

    def test_window_excuses_what_lies_outside(self):
        del self.documents[0]
        self.assert_problems(window=(T + 2 * MS, None))
        self.assert_problems("request missing", "statement missing", window=(0, T + 12 * MS))

    def test_truncated_text_agrees_as_far_as_it_goes(self):
        statement = self.documents[0]["subsegments"][1]
        statement["sql"]["sanitized_query"] = "/* r1 */ SEL"
        self.assert_problems("statement missing", "statement too many")
        statement["metadata"]["bpfxray"]["truncated"] = True
        self.assert_problems()

    def test_times_of_the_segment(self):
        self.documents[0].update(start_time=T / 1e9 + 0.0040, end_time=T / 1e9 + 0.0065)
        self.assert_problems(
            "segment begins after the application",
            "segment ends before the application",
            "statement outside its segment",
        )
        self.documents[0].update(start_time=T / 1e9 - 0.002, end_time=T / 1e9 + 0.200)
        self.assert_problems(
            "segment begins before the request was sent", "segment ends after the answer was read"
        )

    def test_statement_outside_the_call(self):
        self.documents[0]["subsegments"][1]["end_time"] += 0.003
        self.assert_problems("statement outside the driver's call")

    def test_fault_of_a_statement(self):
        self.documents[0]["subsegments"][1]["fault"] = True
        self.assert_problems("wrong fault of a statement")

    def test_split_and_unfinished_documents(self):
        child = self.documents[0]["subsegments"].pop()
        self.documents.insert(0, {**child, "type": "subsegment", "parent_id": "r1"})
        self.documents.insert(0, {**self.documents[1], "in_progress": True, "subsegments": []})
        self.assert_problems()
        self.documents[1]["parent_id"] = "nobody"
        self.assert_problems("subsegment without segment", "statement missing")

    def test_truth_that_contradicts_itself(self):
        self.log[1] = LogLine(self.log[1].epoch_ns, 2, "Query", self.log[1].text)
        report = self.compare()
        self.assertIn("truth contradicts itself", report.problems)

    def test_statement_of_no_request(self):
        self.log.append(LogLine(T + 5 * MS, 99, "Query", "SELECT 2"))
        self.assert_problems("statement of no request")


class WireLines(unittest.TestCase):
    def wire(self, *pairs):
        return [
            (line.command, line.text)
            for line in general_log.wire_lines([LogLine(T, 1, c, t) for c, t in pairs])
        ]

    def test_execute_has_the_text_of_its_prepare(self):
        got = self.wire(
            ("Prepare", "SELECT ? , ?"),
            ("Reset stmt", ""),
            ("Execute", "SELECT 'a\n?' , 2"),
            ("Quit", ""),
        )
        self.assertEqual([("prepare", "SELECT ? , ?"), ("execute", "SELECT ? , ?")], got)

    def test_sql_level_prepare_is_one_packet(self):
        got = self.wire(
            ("Query", "/* r1 */ PREPARE a FROM 'SELECT ?'"),
            ("Prepare", "SELECT ?"),
            ("Query", "execute a using 1"),
            ("Execute", "SELECT 1"),
        )
        self.assertEqual(
            [("query", "/* r1 */ PREPARE a FROM 'SELECT ?'"), ("query", "execute a using 1")], got
        )

    def test_what_ends_a_statement_is_not_logged(self):
        self.assertEqual([("query", "SELECT ';'")], self.wire(("Query", "\n SELECT ';' ; ")))


if __name__ == "__main__":
    unittest.main()
