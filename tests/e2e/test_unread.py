#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bytes that are counted and not read: those that io_uring moves, and several messages of one call;
and bytes that only look so, since the kernel writes their TLS records. What is known of a
connection is told, nothing is taken for something that it is not, and the trace says that there is
more than it reads.
"""

import re
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import unittest  # noqa: E402

from lib import certificates, client, mariadb, shapes, suite, traced  # noqa: E402
from lib.fake_mysql import FakeMySQL  # noqa: E402
from lib.pace import SLOW  # noqa: E402
from lib.process import Processes, ProcessError, wait_until  # noqa: E402
from lib.servers import Server  # noqa: E402

KTLS = Path(__file__).with_name("ktls_server.py")
TLS_STAT = Path("/proc/net/tls_stat")
URING = Path(__file__).with_name("uring_server.c")
REQUESTS = 3
ENDS_S = 20 * SLOW
NO_RING = "ended with 77"


def kernel_tls_sockets():
    """Sockets whose records the kernel has written so far; None where it cannot."""
    if not TLS_STAT.exists():
        return None
    return int(re.search(r"TlsTxSw\s+(\d+)", TLS_STAT.read_text()).group(1))


class Unread(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.processes = Processes()
        cls.addClassCleanup(cls.processes.close)
        cls.program = cls.processes.directory / "uring_server"
        subprocess.run(["gcc", "-O2", "-o", cls.program, URING], check=True)

    def uring(self, receive, send):
        """uring_server.c, by these ways."""
        port = mariadb.free_port()
        name = f"uring-{receive}-{send}"
        process = self.processes.start(name, [self.program, port, receive, send])
        try:
            process.wait_ready(lambda: "READY" in process.log.read_text())
        except ProcessError as error:
            if NO_RING not in str(error):
                raise
            self.skipTest("this kernel lets nobody use io_uring")
        return Server(name, ("127.0.0.1", port), [process])

    def ask(self, address):
        """Some requests over one connection."""
        asks = [shapes.Ask("GET", f"/uring?{i}") for i in range(REQUESTS)]
        with client.Connection(address) as connection:
            for ask in asks:
                connection.send(ask.head())
                ask.read(connection)
        self.assertEqual([200] * REQUESTS, [ask.response.status for ask in asks])
        return asks

    def trace(self, receive, send):
        """(the requests, the session, its counters)"""
        server = self.uring(receive, send)
        with traced.session(self.processes, [server.pid], name=server.name) as one:
            asks = self.ask(server.address)
            stats = one.finish()
        self.assertEqual([], traced.unbalanced(stats), one.story())
        return asks, one, stats["kernel"]

    def test_nothing_is_read(self):
        """Every call is counted, and no request is made up."""
        for way in ("ring", "worker"):
            with self.subTest(way):
                _, one, kernel = self.trace(way, way)
                self.assertEqual([], one.documents)
                self.assertEqual({}, traced.losses(one.stats))
                self.assertGreaterEqual(kernel["unreadable_calls"], 2 * REQUESTS)

    def test_what_the_thread_does_besides(self):
        """The bytes of the call that it is in meanwhile are nobody's request."""
        _, one, kernel = self.trace("aside", "ring")
        self.assertEqual([], one.documents)
        self.assertEqual({}, traced.losses(one.stats))
        self.assertGreaterEqual(kernel["unreadable_calls"], 2 * REQUESTS)

    @suite.full
    def test_it_is_said(self):
        server = self.uring("ring", "ring")
        with traced.session(self.processes, [server.pid], name="silent") as one:
            self.ask(server.address)
            wait_until(lambda: "30 s without" in one.tracer.messages(), 60, "the warning")
            self.assertIn("io_uring", one.tracer.messages())

    def test_end_of_a_process_with_workers(self):
        """They end with it, some of them behind its own threads: then it has ended all the same."""
        for _ in range(REQUESTS):
            server = self.uring("worker", "worker")
            with traced.session(self.processes, [server.pid], name=server.name) as one:
                self.ask(server.address)
                self.processes.stop(server.process, number=signal.SIGKILL)
                self.assertEqual(0, one.tracer.process.popen.wait(ENDS_S), one.tracer.messages())
                one.finish()

    def test_requests_are_read(self):
        """Their answers are not: the segments say so."""
        for way in ("ring", "worker"):
            with self.subTest(way):
                asks, one, kernel = self.trace("call", way)
                for ask in asks:
                    (segment,) = shapes.found(one, ask)
                    self.assertEqual(ask.url, segment.request["url"])
                    self.assertNotIn("status", segment.response)
                self.assertEqual(REQUESTS, kernel["unreadable_calls"])

    def test_answers_are_read(self):
        """An answer alone is nobody's request."""
        for way in ("ring", "worker"):
            with self.subTest(way):
                _, one, kernel = self.trace(way, "call")
                self.assertEqual([], one.documents)
                self.assertGreaterEqual(kernel["unreadable_calls"], REQUESTS)

    def test_tls_in_the_kernel(self):
        """Where the library leaves the records to the kernel, the socket's bytes are plain text:
        each request is told once, as what it is.
        """
        before = kernel_tls_sockets()
        if before is None:
            self.skipTest("this kernel has no TLS of its own")
        tls = certificates.make(self.processes.directory)
        address = client.TlsAddress("127.0.0.1", mariadb.free_port(), tls.authority)
        command = [sys.executable, KTLS, address[1], tls.certificate, tls.key]
        process = self.processes.start("ktls", command)
        process.wait_ready(lambda: "READY" in process.log.read_text())
        with traced.session(self.processes, [process.pid]) as one:
            asks = [shapes.Ask("GET", f"/ktls?{i}").send(address) for i in range(REQUESTS)]
            stats = one.finish()
        if kernel_tls_sockets() == before:
            self.skipTest("this OpenSSL leaves no records to the kernel")
        for ask in asks:
            (segment,) = shapes.found(one, ask)
            self.assertEqual(f"https://{ask.host}{ask.target}", segment.request["url"])
            self.assertEqual(200, segment.response["status"])
        self.assertEqual(REQUESTS, len(one.documents))
        self.assertEqual(([], {}), (traced.unbalanced(stats), traced.losses(stats)))

    def test_login_that_is_not_read(self):
        """The commands behind it are not taken for it, nor for anything that it may have changed:
        what it agreed to is not known.
        """
        server = shapes.shape_server(self.processes)
        with FakeMySQL(("127.0.0.1", 0)) as fake:
            with traced.session(self.processes, [server.pid]) as one:
                ask = shapes.Ask("GET", f"/unread-login?port={fake.address[1]}")
                ask.send(server.address)
                segment = shapes.segment_of(one, ask)
                stats = one.finish()
            self.assertEqual(3, len(fake.commands))
        told = [(s.command, s.fault) for s in segment.statements]
        self.assertEqual([("connect", False)], told, one.story())
        self.assertEqual(3, stats["trace"]["compressed"], one.story())
        self.assertEqual(([], {}), (traced.unbalanced(stats), traced.losses(stats)))


if __name__ == "__main__":
    suite.main()
