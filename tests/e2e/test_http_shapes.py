#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""HTTP in every shape, a request at a time: how a message may be cut, framed, broken off, and by
which system calls it may be moved.

Each test sends its own requests and looks for their segments while one tracer follows all servers.
"""

import socket
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import unittest  # noqa: E402

from lib import client, shapes, suite, traced  # noqa: E402
from lib.pace import SLOW  # noqa: E402
from lib.process import Processes, ProcessError  # noqa: E402
from lib.shapes import Ask  # noqa: E402

MS = 1_000_000
# How much later than the client a server on a busy machine may look at its socket.
LATE_NS = 1000 * MS * SLOW
FAMILIES = ("recv", "read", "v", "msg", "mmsg", "peek")
# Between pieces: a busy server may see the first ones late.
PAUSE_S = 0.15
CAP = 16384  # of a head, see include/bpfxray/limits.h


class Shapes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.processes = Processes()
        cls.addClassCleanup(cls.processes.close)
        start = shapes.shape_server
        cls.by_family = {family: start(cls.processes, family) for family in FAMILIES}
        cls.plain = cls.by_family["recv"].address
        cls.v6 = start(cls.processes, host="::1")
        cls.unix = start(cls.processes, unix=True)
        cls.servers = [*cls.by_family.values(), cls.v6, cls.unix]
        cls.pid_of = {s.address: s.pid for s in cls.servers}
        opened = traced.session(cls.processes, [s.pid for s in cls.servers])
        cls.one = cls.enterClassContext(opened)

    @classmethod
    def tearDownClass(cls):
        """After all of it nothing may be lost, and nothing may have come twice or from nowhere."""
        stats = cls.one.finish()
        told = traced.unbalanced(stats), traced.losses(stats)
        if told != ([], {}):
            raise AssertionError(f"{told}\n{cls.one.story()}")

    def segment(self, ask, address, status=200, **expected):
        """The segment of @ask, with what every one must have."""
        segment = shapes.segment_of(self.one, ask)
        got = {**segment.document, **segment.request, **segment.response, **segment.own}
        expected = {"method": ask.method, "url": ask.url, "status": status, **expected}
        expected.setdefault("fault", True if status is None or status >= 500 else None)
        expected.setdefault("pid", self.pid_of.get(address))
        differing = {k: (got.get(k), v) for k, v in expected.items() if got.get(k) != v}
        self.assertEqual({}, differing, f"(got, expected) in {segment.document}")
        self.assertIsNone(shapes.outside(segment, ask), segment.document)
        self.assertEqual(1, len(shapes.found(self.one, ask)))
        return segment

    def check(self, target, address=None, *fields, method="GET", body=b"", status=200, **expected):
        address = address or self.plain
        ask = Ask(method, target).send(address, *fields, body=body)
        self.assertEqual(status, ask.response.status)
        return self.segment(ask, address, status, bytes_in=len(ask.raw), **expected)

    # --- how a message is cut

    def check_apart(self, method, cut, least_ms, pause_s=PAUSE_S, target="/plain"):
        """@cut(ask) in pieces; the segment begins with the first, and so takes @least_ms at least.

        A server that is given no time looks only when more pieces have come, and then nothing is
        to be seen of their distance: it is asked again, a few times. All else holds each time.
        """
        for _ in range(5):
            ask = Ask(method, target)
            ask.send_pieces(self.plain, cut(ask), pause_s)
            segment = self.segment(ask, self.plain, bytes_in=len(ask.raw))
            took_ns = segment.end_ns - segment.start_ns
            if took_ns > least_ms * MS:
                return
        self.fail(f"{took_ns} ns from the first piece to the end, five times")

    def test_head_a_byte_at_a_time(self):
        length = len(Ask("GET", "/plain").head())
        self.check_apart("GET", lambda ask: [bytes([b]) for b in ask.head()], length, 0.001)

    def test_first_byte_alone(self):
        self.check_apart("GET", lambda ask: [ask.head()[:1], ask.head()[1:]], 50, 0.1)

    def test_head_and_body_apart(self):
        self.check_apart(
            "POST", lambda ask: [ask.head("Content-Length: 5"), b"12", b"345"], 40)

    def test_answer_in_pieces(self):
        self.check("/apart", content_length=5)
        self.check("/bytewise", content_length=12)

    def test_large_body(self):
        self.check("/plain", method="POST", body=b"b" * 300000)

    # --- framing

    def test_chunked_both_ways(self):
        body = b"3\r\nabc\r\n1388;x=y\r\n%s\r\n0\r\nT: t\r\n\r\n" % (b"z" * 5000)

        def cut(ask):
            raw = ask.head("Transfer-Encoding: chunked") + body
            return [raw[:200], raw[200:3000], raw[3000:]]

        for target in ("/chunked", "/plain"):
            with self.subTest(target):
                self.check_apart("POST", cut, 20, target=target)

    def test_head_request(self):
        """Names a length that no byte follows; the connection goes on."""
        with client.Connection(self.plain) as connection:
            for method, target in (("HEAD", "/head"), ("GET", "/plain"), ("HEAD", "/head")):
                ask = Ask(method, target)
                ask.sent_ns = time.time_ns()
                connection.send(ask.head())
                ask.read(connection)
                length = ask.response.content_length
                self.segment(ask, self.plain, content_length=length)

    def test_answers_without_body(self):
        with client.Connection(self.plain) as connection:
            for status in (204, 304, 204):
                ask = Ask("GET", f"/{status}")
                ask.sent_ns = time.time_ns()
                connection.send(ask.head())
                ask.read(connection)
                self.segment(ask, self.plain, status)

    def test_answer_without_length(self):
        segment = self.check("/until-close", content_length=None)
        self.assertGreater(segment.end_ns - segment.start_ns, 55 * MS)
        self.assertIsNone(segment.own.get("aborted"))
        self.check("/until-close", self.unix.address, content_length=None)

    def test_100_continue(self):
        ask = Ask("POST", "/continue")
        with client.Connection(self.plain) as connection:
            ask.sent_ns = time.time_ns()
            connection.send(ask.head("Content-Length: 6", "Expect: 100-continue"))
            self.assertEqual(100, connection.read_head().status)
            time.sleep(0.03)
            connection.send(b"a body")
            ask.read(connection)
        segment = self.segment(ask, self.plain, 201, content_length=1)
        self.assertGreater(segment.end_ns - segment.start_ns, 30 * MS)

    def test_answer_before_the_end_of_the_body(self):
        ask, after = Ask("POST", "/early"), Ask("GET", "/plain")
        with client.Connection(self.plain) as connection:
            ask.sent_ns = time.time_ns()
            connection.send(ask.head("Content-Length: 9") + b"begun")
            ask.read(connection)
            time.sleep(0.05)
            connection.send(b" end")
            time.sleep(0.05)
            after.sent_ns = time.time_ns()
            connection.send(after.head())
            after.read(connection)
        self.segment(ask, self.plain, 413, error=True)
        self.segment(after, self.plain)

    def pipeline(self, asks):
        """All heads in one piece, then the answers in turn."""
        with client.Connection(self.plain) as connection:
            sent_ns = time.time_ns()
            connection.send(b"".join(ask.head() for ask in asks))
            for ask in asks:
                ask.sent_ns = sent_ns
                ask.read(connection)

    def test_pipelining(self):
        targets = ("/plain", "/chunked", "/204", "/head", "/apart", "/plain")
        asks = [Ask("HEAD" if t == "/head" else "GET", t) for t in targets]
        self.pipeline(asks)
        ends = []
        for ask in asks:
            segment = self.segment(ask, self.plain, ask.response.status)
            self.assertEqual(ask.response.content_length, segment.response.get("content_length"))
            ends.append(segment.end_ns)
        self.assertEqual(sorted(ends), ends)

    def test_pipelining_with_large_answers(self):
        """Heads of answers far behind what is kept of a turn."""
        asks = [Ask("GET", target) for target in ("/sendfile", "/plain", "/sendfile", "/204")]
        self.pipeline(asks)
        for ask in asks:
            self.segment(ask, self.plain, ask.response.status)

    def test_upgrade(self):
        """The segment ends at the switch; what follows is nobody's request."""
        ask, inner = Ask("GET", "/upgrade"), Ask("GET", "/plain")
        with client.Connection(self.plain) as connection:
            ask.sent_ns = time.time_ns()
            connection.send(ask.head("Connection: Upgrade", "Upgrade: echo"))
            ask.read(connection)
            self.assertEqual(101, ask.response.status)
            switched_ns = time.time_ns()
            time.sleep(0.1)
            connection.send(inner.head())
            time.sleep(0.1)
        segment = self.segment(ask, self.plain, 101, upgraded=True)
        self.assertLess(segment.end_ns, switched_ns + MS)
        time.sleep(0.5)
        self.assertEqual([], shapes.found(self.one, inner))

    def test_http_1_0(self):
        ask = Ask("GET", "/plain")
        ask.send_pieces(self.plain, [ask.head(version="1.0")])
        self.segment(ask, self.plain)

    # --- targets and fields

    def test_absolute_form(self):
        self.check("http://other.example.com:8080/plain?a=b%20c")

    def test_odd_targets(self):
        for target in ("/a/b/plain?q=caf%C3%A9&x='\"<>", "/plain?" + "q" * 700):
            with self.subTest(target[:20]):
                ask = Ask("GET", target).send(self.plain)
                segment = shapes.segment_of(self.one, ask)
                self.assertIn(target[:20].split("?")[0], segment.request["url"])

    def test_fields(self):
        trace = "1-5759e988-bd862e3fe1be46a994272793"
        field = f"X-Amzn-Trace-Id: Self=1-a;Root={trace};Parent=53995c3f42cd8ad8;Sampled=1"
        forwarded = "203.0.113.7, 10.1.2.3"
        self.check(
            "/plain",
            None,
            field,
            f"X-Forwarded-For: {forwarded}",
            client_ip=forwarded,
            x_forwarded_for=True,
            trace_id=trace,
            parent_id="53995c3f42cd8ad8",
        )
        self.check("/plain", client_ip="127.0.0.1", x_forwarded_for=None, parent_id=None)

    def test_head_of_8_kb_and_more(self):
        for size in (3000, 8000, 12000):
            with self.subTest(size):
                filler = [f"X-Filler-{i}: {'f' * 90}" for i in range(size // 100)]
                last = "X-Forwarded-For: 203.0.113.99"
                segment = self.check("/plain", None, *filler, last, client_ip="203.0.113.99")
                self.assertIsNone(segment.own.get("head_cut"))

    def test_head_beyond_the_cap(self):
        """Fields behind the cap are absent, and the document says so; the answer is known still."""
        filler = [f"X-Filler-{i}: {'f' * 90}" for i in range(CAP * 2 // 100)]
        last = "X-Forwarded-For: 203.0.113.99"
        ask = Ask("GET", "/plain").send(self.plain, *filler, last)
        self.segment(ask, self.plain, head_cut=True, x_forwarded_for=None, client_ip="127.0.0.1")

    def test_queue_time(self):
        ask = Ask("GET", "/plain")
        with client.Connection(self.plain) as connection:
            time.sleep(0.08)
            ask.sent_ns = time.time_ns()
            connection.send(ask.head())
            ask.read(connection)
        segment = self.segment(ask, self.plain)
        self.assertGreater(segment.own.get("queue_ms", -1), 75, segment.own)
        self.assertLess(segment.own["queue_ms"], 80 + LATE_NS / MS)

    # --- sockets and calls

    def test_ipv6(self):
        self.check("/plain", self.v6.address, client_ip="::1")

    def test_unix_socket(self):
        for target in ("/plain", "/chunked", "/sendfile", "/bytewise"):
            with self.subTest(target):
                self.check(target, self.unix.address, client_ip=None)

    def test_families_of_calls(self):
        for family, server in self.by_family.items():
            for target in ("/plain", "/apart", "/chunked", "/sendfile"):
                with self.subTest(f"{family} {target}"):
                    self.check(target, server.address, method="POST", body=b"y" * 3000)

    def test_answers_that_are_not_copied(self):
        """From a pipe, and out of the server's memory."""
        for target in ("/splice", "/zerocopy"):
            with self.subTest(target):
                self.check(target, content_length=20000)

    def test_keep_alive_over_families(self):
        for family, server in self.by_family.items():
            with self.subTest(family), client.Connection(server.address) as connection:
                for i in range(3):
                    ask = Ask("POST", "/plain")
                    ask.sent_ns = time.time_ns()
                    connection.send(ask.head("Content-Length: 4") + b"four")
                    self.segment(ask.read(connection), server.address)

    # --- broken off

    def test_client_that_goes_away(self):
        """Before the answer, and in the middle of it."""
        for target, status in (("/slow", 200), ("/abort", 200)):
            with self.subTest(target):
                ask = Ask("GET", target)
                with client.Connection(self.plain) as connection:
                    ask.sent_ns = time.time_ns()
                    connection.send(ask.head())
                    if target == "/abort":
                        connection.exactly(5000)
                    time.sleep(0.1)
                    # A reset, at once.
                    linger = struct.pack("ii", 1, 0)
                    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                segment = shapes.segment_of(self.one, ask)
                self.assertTrue(segment.own.get("aborted"), segment.document)
                self.assertGreater(segment.end_ns, ask.sent_ns + 90 * MS)
                self.assertLess(segment.end_ns, ask.sent_ns + 100 * MS + LATE_NS)

    def test_answer_that_never_comes(self):
        ask = Ask("GET", "/silent").send(self.plain)
        self.assertIsNone(ask.response)
        segment = self.segment(ask, self.plain, None)
        self.assertTrue(segment.own.get("no_response"), segment.document)

    def test_answer_that_is_cut(self):
        ask = Ask("GET", "/half").send(self.plain)
        segment = self.segment(ask, self.plain, 200, content_length=1000)
        self.assertTrue(segment.own.get("aborted"), segment.document)

    def test_bytes_that_are_no_http(self):
        """Answered by nobody, told by nobody, and the next connection is fine."""
        hello = b"\x16\x03\x01\x02\x00\x01\x00" + b"t" * 99
        for data in (b"\0\1\2\3" * 100, b"GET\r\n\r\n", hello):
            with client.Connection(self.plain) as connection:
                connection.send(data)
                time.sleep(0.02)
        self.check("/plain")

    def test_nothing_is_invented(self):
        """A connection without a byte makes no segment."""
        before = len(self.one.documents)
        client.connect(self.plain).close()
        time.sleep(0.5)
        self.assertEqual(before, len(self.one.documents))
        with self.assertRaises(ProcessError):
            shapes.segment_of(self.one, Ask("GET", "/nobody"), timeout_s=0.1)


if __name__ == "__main__":
    suite.main()
