#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The ground truth when the wire is ciphertext: MariaDB takes nothing but TLS, servers speak HTTPS.

What is required is what test_truth.py requires of plain connections, with the same witnesses; and
that a driver's statements are the same ones, TLS or not.
"""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import unittest  # noqa: E402

from lib import certificates, client, mariadb, suite, traced  # noqa: E402
from lib.ground_truth import CLIENTS, FEWER, REQUESTS, GroundTruth  # noqa: E402
from lib.process import Processes, wait_until  # noqa: E402

DRIVERS = ("connector-c", "connector-pure", "mysqlclient", "pymysql")
FEW = 120
LATE = Path(__file__).with_name("late_driver.py")
PROBED = re.compile(r"/libssl[^/]*: \d+ probes")
SECRETS = (mariadb.PASSWORD,)


class Tls(GroundTruth):
    # Sessions without a read or a write: at the attach, those that only say goodbye.
    unread_max = 0

    def assert_true(self, report, one, requests):
        super().assert_true(report, one, requests)
        kernel = one.stats["kernel"]
        self.assertGreater(kernel["tls_connections"], 0, "nothing spoke TLS")
        unread = kernel["tls_connections"] - kernel["tls_sessions_read"]
        self.assertLessEqual(unread, self.unread_max, one.story())
        if not self.unread_max:
            self.assertEqual(0, kernel["tls_commands_unread"], one.story())

    def assert_no_secrets(self, one):
        text = one.story() + "".join(map(str, one.documents))
        for secret in SECRETS:
            self.assertNotIn(secret, text)

    def test_every_driver(self):
        for driver in DRIVERS:
            with self.subTest(driver):
                one = self.check("uwsgi", driver, FEW, ("-v", "-v"), tls_database=True)
                self.assert_no_secrets(one)

    def test_https(self):
        for shape in ("uwsgi", "gunicorn-gthread"):
            with self.subTest(shape):
                self.check(shape, "pymysql", count=FEW, https=True)

    def test_https_and_database_attached_under_load(self):
        self.unread_max = 2 * CLIENTS
        # a handshake for each request leaves fewer of them
        self.check_attach_under_load("uwsgi", https=True, tls_database=True, window_min=FEW)

    @suite.full
    def test_the_whole_load(self):
        for driver in DRIVERS:
            with self.subTest(driver):
                self.check("uwsgi", driver, REQUESTS, tls_database=True, https=True)

    @suite.full
    def test_gunicorn(self):
        for driver in DRIVERS:
            with self.subTest(driver):
                self.check(
                    "gunicorn-gthread", driver, FEWER, tls_database=True, https=True, pipeline=4
                )

    @suite.full
    def test_backend_syscall(self):
        self.check("uwsgi", "connector-c", FEWER, ("--backend", "syscall"), tls_database=True)

    @suite.full
    def test_connections_opened_before_the_attach(self):
        for driver in DRIVERS:
            with self.subTest(driver):
                self.check_pooled("gunicorn-gthread", driver, tls_database=True)

    def test_pooled_connections_opened_before_the_attach(self):
        self.check_pooled("gunicorn-gthread", "pymysql", tls_database=True)


class LateLibraries(unittest.TestCase):
    def test_a_driver_that_is_loaded_by_the_first_request(self):
        """What of its first connection is missed is counted; behind the probes nothing is."""
        with Processes() as processes:
            tls = certificates.make(processes.directory)
            database = mariadb.start(processes, tls=tls)
            server = self.start(processes, database, tls)
            with traced.session(processes, [server.pid], (*traced.COMPLETE, "-v")) as one:
                self.ask(server.address, "/first")
                # how long that takes is the machine's matter; what is missed until then is counted
                wait_until(lambda: PROBED.search(one.tracer.messages()), 30, "libssl is probed")
                for path in ("/second", "/third"):
                    self.ask(server.address, path)
                one.finish()
        statements = {
            segment["http"]["request"]["url"].rpartition("/")[2]: [
                one.get("sql", {}).get("sanitized_query") for one in segment.get("subsegments", ())
            ]
            for segment in one.documents
        }
        for path in ("second", "third"):
            self.assertIn("SELECT 'late', 4711", statements[path], one.story())
        first, all_of_it = statements["first"], statements["second"]
        self.assertGreater(len(all_of_it), 2)
        kernel, libraries = one.stats["kernel"], one.stats["libraries"]
        # the first one's: told, or counted, the login and COM_QUIT at its end among them
        missing = len(all_of_it) - len(first)
        missed = kernel["tls_commands_unread"]
        self.assertGreaterEqual(missed, missing, one.story())
        self.assertLessEqual(missed, missing + 1, one.story())
        self.assertGreaterEqual(libraries["late"], 1)
        self.assertEqual(0, libraries["late_unmeasured"])
        self.assertGreater(libraries["late_max_us"], 0)

    def start(self, processes, database, tls):
        address = ("127.0.0.1", mariadb.free_port())
        words = [address[1], database.port, mariadb.USER, mariadb.PASSWORD, mariadb.DATABASE]
        server = processes.start("late", [sys.executable, LATE, *words, tls.authority])
        server.wait_ready(lambda: self.answers(address))
        server.address = address
        return server

    def answers(self, address):
        try:
            return self.ask(address, "/ready") == 200
        except OSError:
            return False

    def ask(self, address, path):
        with client.Connection(address) as connection:
            connection.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            return connection.read_response("GET").status


if __name__ == "__main__":
    suite.main()
