#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Statements that no socket shows, told from the client library's calls: over TLS that no probe
reads (a program with OpenSSL inside, without a name of it), and through functions that return
before they are done: mysql_send_query(), libmariadb's *_start() and *_cont(), MySQL's
*_nonblocking().
"""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import unittest  # noqa: E402

from lib import certificates, connectors, mariadb, mysql_shapes, mysql_uses, servers  # noqa: E402
from lib import shapes, suite, traced  # noqa: E402
from lib.general_log import wire_lines  # noqa: E402
from lib.mysql_shapes import faults  # noqa: E402
from lib.process import Processes  # noqa: E402
from lib.servers import Server  # noqa: E402

CLIENT = Path(__file__).with_name("static_client.c")
HIDDEN = "libssl.a:libcrypto.a"
INSIDE = ("-Wl,-Bstatic", "-lmariadb", "-lssl", "-lcrypto", "-lz", "-Wl,-Bdynamic", "-ldl", "-lm")
# What each way of static_client.c sends, in the order of its beginning: command, text, error.
SENT = {
    "blocking": [
        ("query", "SELECT 'blocking', 1", None),
        ("query", "DO 'nothing to fetch'", None),
        ("query", "SELECT broken FROM nowhere", "1146 (42S02)"),
    ],
    "left_open": [("query", "DO 'the last'", None)],
    "sent": [("query", "SELECT 'sent', 2", None)],
    "prepared": [("prepare", "SELECT 'prepared', 3", None), ("execute", "", None)],
    "started": [("query", "SELECT 'started', SLEEP(0.1)", None)],
}


def told(segment):
    failed = dict(zip((s.document["id"] for s in segment.statements if s.fault), faults(segment)))
    return [
        (s.command, s.text, failed.get(s.document["id"], (None, None))[1])
        for s in segment.statements
    ]


class Unread(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.processes = self.enterContext(Processes())
        self.tls = certificates.make(self.processes.directory)
        self.database = mariadb.start(self.processes, tls=self.tls)

    def serve(self, *options):
        """static_client.c, built with @options; what it defines for others."""
        program = self.processes.directory / "static_client"
        words = ["gcc", "-O2", "-s", "-o", program, CLIENT, "-I/usr/include/mariadb", *options,
                 f"-Wl,--exclude-libs,{HIDDEN}", *INSIDE]  # fmt: skip
        subprocess.run([str(word) for word in words], check=True)
        listed = ["nm", "-D", "--defined-only", program]
        names = subprocess.run(listed, check=True, capture_output=True, text=True).stdout
        port = mariadb.free_port()
        account = (self.database.port, mariadb.USER, mariadb.PASSWORD, mariadb.DATABASE)
        process = self.processes.start("static", [program, port, *account, self.tls.authority])
        self.server = Server("static", ("127.0.0.1", port), [process])
        process.wait_ready(lambda: servers.answers(self.server.address))
        return names

    def test_nothing_to_probe(self):
        """No function has a name: each login and command is counted, and none is made up."""
        self.assertNotIn("mysql_", self.serve())
        with traced.session(self.processes, [self.server.pid]) as one:
            for way in SENT:
                ask = shapes.Ask("GET", f"/{way}").send(self.server.address)
                self.assertEqual(200, ask.response.status)
                self.assertEqual([], told(shapes.segment_of(one, ask)))
            stats = one.finish()
        self.assertEqual(([], {}), (traced.unbalanced(stats), traced.losses(stats)))
        kernel = stats["kernel"]
        self.assertEqual(len(SENT), kernel["tls_connections"])
        self.assertEqual(0, kernel["tls_sessions_read"] + kernel["client_calls"])
        logged = self.database.log_lines()
        self.assertEqual(len(SENT) + len(logged), kernel["tls_commands_unread"], logged)

    def test_every_way(self):
        """All of them, each once, with its error; the program lives through it."""
        names = self.serve("-rdynamic")
        self.assertNotIn("SSL_", names)
        self.assertIn("mysql_real_query_start", names)
        with traced.session(self.processes, [self.server.pid]) as one:
            for way, wanted in SENT.items():
                with self.subTest(way):
                    ask = shapes.Ask("GET", f"/{way}").send(self.server.address)
                    self.assertEqual(200, ask.response.status)
                    segment = shapes.segment_of(one, ask)
                    self.assertEqual(wanted, told(segment))
                    self.check_times(segment)
            self.server.process.check_running()
            stats = one.finish()
        self.assertEqual(([], {}), (traced.unbalanced(stats), traced.losses(stats)))
        kernel = stats["kernel"]
        self.assertEqual(len(SENT), kernel["tls_connections"])
        self.assertEqual(0, kernel["tls_sessions_read"])
        logged = [line.text for line in wire_lines(self.database.log_lines())]
        self.assertEqual(sum(map(len, SENT.values())), kernel["client_calls"], logged)
        self.assertEqual(sum(map(len, SENT.values())), len(logged), logged)
        self.assertNotIn(mariadb.PASSWORD, one.story() + str(one.documents))

    def check_times(self, segment):
        for statement in segment.statements:
            self.assertGreaterEqual(statement.start_ns, segment.start_ns)
            self.assertLessEqual(statement.end_ns, segment.end_ns)
            if "SLEEP(0.1)" in statement.text:
                self.assertGreater(statement.end_ns - statement.start_ns, 99_000_000)


class Nonblocking(mysql_uses.Uses):
    """Through the functions of MySQL's own library, which is in mysql-connector's extension."""

    def assert_told(self, action, **parameters):
        use, segment = self.use(action, "connector-c", **parameters)
        self.assertEqual([], use.errors, use.told)
        logged = wire_lines(mysql_shapes.log_of(self.database, use))
        # two connections at once may be logged in either order
        self.assertEqual(
            sorted((line.command, line.text) for line in logged),
            sorted((s.command, s.text) for s in segment.sql_statements()),
        )
        return use, segment

    def test_polled(self):
        """Read on the socket, and told from the calls where it is compressed: once each."""
        for compress in (0, 1):
            with self.subTest(compress=compress):
                _, segment = self.assert_told("polled", compress=compress)
                queries = [s for s in segment.statements if s.command == "query"]
                self.assertEqual(4, len(queries))
                self.assertGreater(queries[0].end_ns - queries[0].start_ns, 99_000_000)
                self.assertEqual(["1146 (42S02)"], [message for _, message in faults(segment)])

    def test_started(self):
        """libmariadb leaves a stack in the middle of a call, and goes on after another call's end.
        """
        for compress in (0, 1):
            with self.subTest(compress=compress):
                _, segment = self.assert_told("started", compress=compress)
                first, second = (s for s in segment.statements if "SELECT '" in s.text)
                self.assertGreater(first.end_ns - first.start_ns, 99_000_000)
                if not self.tls:  # over TLS libmariadb waits for the first
                    self.assertLess(second.end_ns, first.end_ns)
                self.assertEqual(["1146 (42S02)"], [message for _, message in faults(segment)])

    def test_sent(self):
        for compress in (0, 1):
            with self.subTest(compress=compress):
                _, segment = self.assert_told("sent", compress=compress)
                self.assertEqual(["1146 (42S02)"], [message for _, message in faults(segment)])


class NonblockingOverTls(Nonblocking):
    """OpenSSL's calls on libmariadb's stacks: their returns are probed, and come in order."""

    tls = True


class Reconnecting(mysql_uses.Uses):
    """A library that makes another connection within a statement's call, greeting and login and
    all: the statement is told once.
    """

    libraries = ("mysql", "mariadb")

    def check_statements(self, library):
        use, segment = self.use("reconnecting", "connector-c", library=library)
        told = [s.text for s in segment.sql_statements()]
        self.assertEqual(["before", "first behind", "second behind"],
                         [text.split("'")[1] for text in told if "'" in text])  # fmt: skip
        logged = wire_lines(mysql_shapes.log_of(self.database, use))
        self.assertEqual(sorted(line.text for line in logged), sorted(told))
        self.assertEqual([], use.errors + faults(segment))

    def test_libraries(self):
        for library in self.libraries:
            with self.subTest(library):
                self.check_statements(library)


class ReconnectingOverTls(Reconnecting):
    tls = True


class ReconnectingConnector80(ReconnectingOverTls):
    full = True
    libraries = ("mysql",)

    @classmethod
    def environment(cls):
        return connectors.environment("8.0.33")


if __name__ == "__main__":
    suite.main()
