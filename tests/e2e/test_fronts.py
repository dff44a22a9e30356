#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fronts and their workers in one traced tree: one request is one segment, with the status and the
end that the client saw, also when the front answered by itself.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import unittest  # noqa: E402

from lib import client, services, shapes, suite, traced  # noqa: E402
from lib.mariadb import free_port  # noqa: E402
from lib.process import Processes  # noqa: E402
from lib.shapes import Ask  # noqa: E402

# Long enough for a second segment of the same request to come.
SECOND_S = 1.5

LOCATIONS = """
        location /dead/ {{ proxy_pass http://127.0.0.1:{dead}; }}
        location /late/ {{ proxy_pass http://{tcp}; proxy_read_timeout 200ms; }}
        location /tcp/ {{ proxy_pass http://{tcp}; {pass_on} }}
        location /unix/ {{ proxy_pass http://unix:{unix}; {pass_on} }}
        location /files/ {{ alias {directory}/; }}
        location /refused {{ return 403; }}
"""
PASS_ON = """proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"""


class Check(unittest.TestCase):
    one = None

    def only_segment(self, ask, status, **expected):
        """The one segment of @ask; its end is the client's."""
        segment = shapes.segment_of(self.one, ask, timeout_s=8)
        time.sleep(SECOND_S)
        self.assertEqual(1, len(shapes.found(self.one, ask)), "segments of one request")
        got = {**segment.document, **segment.request, **segment.response, **segment.own}
        fault = True if status is None or status >= 500 else None
        expected = {"method": ask.method, "status": status, "fault": fault, **expected}
        differing = {k: (got.get(k), v) for k, v in expected.items() if got.get(k) != v}
        self.assertEqual({}, differing, f"(got, expected) in {segment.document}")
        self.assertIsNone(shapes.outside(segment, ask), segment.document)
        return segment


class Nginx(Check):
    """nginx with servers behind it, all traced."""

    @classmethod
    def setUpClass(cls):
        cls.processes = Processes()
        cls.addClassCleanup(cls.processes.close)
        tcp = shapes.shape_server(cls.processes)
        unix = shapes.shape_server(cls.processes, unix=True)
        (cls.processes.directory / "hello.txt").write_text("hello\n" * 20000)
        cls.front = shapes.nginx(
            cls.processes,
            LOCATIONS.format(
                dead=free_port(),
                tcp="%s:%d" % tcp.address,
                unix=unix.address,
                directory=cls.processes.directory,
                pass_on=PASS_ON,
            ),
            "sendfile on;",
        )
        pids = [server.pid for server in (tcp, unix, cls.front)]
        cls.one = cls.enterClassContext(traced.session(cls.processes, pids))
        cls.pids = dict(zip(("tcp", "unix", "front"), pids))
        # Fronts are recognised by what they do.
        for target in ("/tcp/plain", "/unix/plain", "/tcp/plain"):
            Ask("GET", target).send(cls.front.address)
        time.sleep(1)

    def send(self, target, method="GET", **how):
        return Ask(method, target).send(self.front.address, **how)

    def test_worker_behind_tcp(self):
        segment = self.only_segment(self.send("/tcp/apart"), 200, pid=self.pids["tcp"])
        self.assertTrue(segment.own.get("joined_front"), segment.document)
        self.assertIn("queue_ms", segment.own)

    def test_worker_behind_a_unix_socket(self):
        segment = self.only_segment(self.send("/unix/slow"), 200, pid=self.pids["unix"])
        self.assertTrue(segment.own.get("joined_front"), segment.document)

    def test_posted_body(self):
        ask = self.send("/tcp/plain", method="POST", body=b"b" * 100000)
        self.only_segment(ask, 200, pid=self.pids["tcp"], bytes_in=len(ask.raw))

    def test_bad_gateway(self):
        ask = self.send("/dead/plain")
        self.assertEqual(502, ask.response.status)
        self.only_segment(ask, 502)

    def test_gateway_timeout(self):
        """The worker goes on; the client has its answer and the segment its end."""
        ask = self.send("/late/slow")
        self.assertEqual(504, ask.response.status)
        self.only_segment(ask, 504)

    def test_worker_that_closes_without_an_answer(self):
        ask = self.send("/tcp/silent")
        self.assertEqual(502, ask.response.status)
        self.only_segment(ask, 502)

    def test_front_that_answers_itself(self):
        ask = self.send("/files/hello.txt")
        self.assertEqual(120000, len(ask.response.body))
        self.only_segment(ask, 200, content_length=120000, fault=None)
        self.only_segment(self.send("/refused"), 403, error=True)

    def test_client_that_goes_away(self):
        ask = Ask("GET", "/tcp/slow")
        with client.Connection(self.front.address) as connection:
            ask.sent_ns = time.time_ns()
            connection.send(ask.head())
            time.sleep(0.1)
        ask.done_ns = time.time_ns()
        segment = shapes.segment_of(self.one, ask)
        self.assertTrue(segment.own.get("aborted"), segment.document)
        time.sleep(SECOND_S)
        self.assertEqual(1, len(shapes.found(self.one, ask)))


class Router(Check):
    """uWSGI's router in front of its workers."""

    extra = ("--http-timeout=60",)

    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(services.running("uwsgi", extra=cls.extra))
        pids = [cls.stack.server.pid]
        cls.one = cls.enterClassContext(traced.session(cls.stack.processes, pids))

    def send(self, target, *fields):
        ask = Ask("GET", target)
        return ask.send(self.stack.server.address, f"X-Request-Id: {ask.agent}", *fields)


class Uwsgi(Router):
    def application(self, ask):
        return next(x for x in self.stack.truth_lines() if x["request_id"] == ask.agent)

    def test_both_hops_are_one_segment(self):
        """From the very first request on."""
        ask = self.send("/todos")
        segment = self.only_segment(ask, 200, client_ip="127.0.0.1", url=ask.url)
        line = self.application(ask)
        self.assertEqual((line["pid"], line["tid"]), (segment.own["pid"], segment.own["tid"]))
        self.assertTrue(segment.own.get("joined_front"), segment.document)
        self.assertGreaterEqual(segment.own.get("queue_ms", -1), 0)

    def test_static_file(self):
        """A worker serves it without the application."""
        ask = Ask("GET", "/hello.txt").send(self.stack.server.address)
        self.assertEqual(b"hello\n", ask.response.body)
        self.only_segment(ask, 200)

    def test_trace_header_and_forwarded_for(self):
        trace = "1-5759e988-bd862e3fe1be46a994272793"
        fields = (f"X-Amzn-Trace-Id: Root={trace};Parent=53995c3f42cd8ad8;Sampled=1",)
        ask = self.send("/todos", *fields, "X-Forwarded-For: 203.0.113.7, 10.1.2.3")
        self.only_segment(
            ask,
            200,
            trace_id=trace,
            parent_id="53995c3f42cd8ad8",
            client_ip="203.0.113.7, 10.1.2.3",
            x_forwarded_for=True,
        )


class Harakiri(Router):
    """Longer than a worker's first request may take on a crowded machine, which would be killed."""

    extra = ("--harakiri=5", "--http-timeout=60")

    def test_worker_killed_by_harakiri(self):
        """It never answers, and its segment has what the client got, and its statements."""
        with client.Connection(self.stack.server.address) as connection:
            ask = Ask("GET", "/test/stream?n=400&ms=50&sql=1")
            ask.sent_ns = time.time_ns()
            connection.send(ask.head("Connection: close"))
            ask.read(connection)
        segment = self.only_segment(ask, ask.response.status if ask.response else None)
        self.assertGreater(len(segment.sql_statements()), 5)

    def test_worker_killed_before_its_answer(self):
        ask = Ask("GET", "/test/slow?ms=20000")
        ask.send(self.stack.server.address)
        status = ask.response.status if ask.response else None
        self.only_segment(ask, status, fault=True)


if __name__ == "__main__":
    suite.main()
