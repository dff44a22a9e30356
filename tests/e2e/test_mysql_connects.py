#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Connects that fail, with every driver: each is told once, by the socket that failed or by the
client library that knew of it.
"""

import contextlib
import os
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import mariadb, mysql_shapes, mysql_uses, suite, traced  # noqa: E402
from lib.fake_mysql import FakeMySQL  # noqa: E402
from lib.mysql_shapes import NAMES, faults  # noqa: E402

# Over a client library, whose calls are seen; and what it says of a port where nobody listens.
REFUSED = {"mysqlclient": 2002, "connector-c": 2003}
BY_LIBRARY = tuple(REFUSED)
# Nobody listens there; MySQL's own port is known for what it is.
NOBODY = {"host": "127.0.0.77", "port": 3306}


class Connects(mysql_uses.Uses):
    def failed_connect(self, action, driver, message, **parameters):
        use, segment = self.use(action, driver, **parameters)
        self.assertEqual(1, len(use.errors), use.told)
        self.assertEqual([("connect", message)], faults(segment))
        self.assertEqual(["connect"], [s.command for s in segment.statements])
        return use, segment.statements[0]

    def test_wrong_password_and_database(self):
        for driver in NAMES:
            with self.subTest(driver):
                use, _ = self.failed_connect("wrong_password", driver, "1045 (28000)")
                self.assertEqual([1045], use.errors)
                use, _ = self.failed_connect("wrong_database", driver, "1044 (42000)")
                self.assertEqual([1044], use.errors)

    def fill(self, stack):
        """Connections until the server answers one with ERR instead of greeting it."""
        while True:
            one = stack.enter_context(socket.create_connection(("127.0.0.1", self.database.port)))
            one.settimeout(10)
            if one.recv(5)[4] == 0xFF:
                return

    def test_refused_before_the_greeting(self):
        self.database.query("SET GLOBAL max_connections = 10")
        self.addCleanup(self.database.query, "SET GLOBAL max_connections = 500")
        there = {"host": "127.0.0.1", "port": self.database.port}
        with contextlib.ExitStack() as stack:
            self.fill(stack)
            for driver in NAMES:
                with self.subTest(driver):
                    use, span = self.failed_connect("refused", driver, "1040", **there)
                    self.assertEqual([1040], use.errors)
                    self.assertIn("Too many connections", str(span.document["cause"]))

    def test_connect_refused(self):
        for driver in NAMES:
            with self.subTest(driver):
                _, span = self.failed_connect("refused", driver, "2003", **NOBODY)
                self.assertEqual(NOBODY["host"], span.document["name"])

    def test_connect_refused_by_a_server_that_was_there(self):
        """On a port that is not MySQL's by itself."""
        with FakeMySQL(("127.0.0.1", 0)) as fake:
            port = fake.address[1]
            self.use("attributes", "connector-pure", port=port)
        self.failed_connect("refused", "pymysql", "2003", host="127.0.0.1", port=port)

    def test_connect_timed_out(self):
        """A listener whose queue is full lets nobody in. Its address is this run's own."""
        host = f"127.78.{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 1}"
        with socket.create_server((host, 3306), backlog=0) as full:
            waiting = [socket.socket() for _ in range(4)]
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(full.getsockname())
            time.sleep(0.1)
            for driver in NAMES:
                with self.subTest(driver):
                    _, span = self.failed_connect(
                        "refused", driver, "2003", host=host, port=3306
                    )
                    self.assertGreater(span.end_ns - span.start_ns, 900_000_000)
            for one in waiting:
                one.close()

    def assert_known_to_the_library(self, action, code, name, **parameters):
        """A connect that no TCP socket tells of: the client libraries' call does. A driver in pure
        Python makes none, and nothing is invented.
        """
        for driver in NAMES:
            with self.subTest(driver):
                use, segment = self.use(action, driver, **parameters)
                self.assertEqual(1, len(use.errors), use.told)
                if driver not in BY_LIBRARY:
                    self.assertEqual([], segment.statements)
                    continue
                self.assertEqual([code], use.errors)
                self.assertEqual([("connect", f"{code} (HY000)")], faults(segment))
                span = segment.statements[0].document
                self.assertEqual((name, "todo"), (span["name"], span["sql"]["user"]))
                self.assertTrue(mysql_shapes.calls_around(use, segment.statements[0]))
                self.assertNotIn(mariadb.PASSWORD, str(segment.document))

    def test_unknown_host(self):
        self.assert_known_to_the_library(
            "refused", 2005, "no-such.invalid", host="no-such.invalid", port=3306
        )

    def test_unix_socket_that_is_not_there(self):
        path = self.processes.directory / "no-such.sock"
        self.assert_known_to_the_library("unix_only", 2002, "localhost", path=path)

    def test_connect_refused_by_nobody_known(self):
        """On a port of which nothing says that it is MySQL's."""
        port = mariadb.free_port()
        for driver in BY_LIBRARY:
            with self.subTest(driver):
                span = self.failed_connect(
                    "refused", driver, f"{REFUSED[driver]} (HY000)", host="127.0.0.79", port=port
                )[1]
                self.assertEqual("127.0.0.79", span.document["name"])


class ConnectsBySyscall(Connects):
    full = True
    options = (*traced.COMPLETE, "--backend", "syscall")


if __name__ == "__main__":
    suite.main()
