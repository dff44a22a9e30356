#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A driver's statements are the same ones, TLS or not: one fixed conversation of each kind, over a
plain connection and over TLS, compared statement by statement, with errors, in order.
"""

import sys
import threading
from pathlib import Path
from re import sub

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import unittest  # noqa: E402

from lib import certificates, connectors, mariadb, mysql_shapes, suite, traced  # noqa: E402
from lib.mysql_shapes import NAMES, Use, exceptions, segment_of  # noqa: E402
from lib.mysql_uses import PREPARING  # noqa: E402
from lib.process import Processes  # noqa: E402

ACTIONS = ("conversation", "errors", "several", "procedure", "many", "rows", "unbuffered", "locked",
           "killed", "reconnect")  # fmt: skip
# What a client library sends no byte of: its call alone tells.
UNSENT = {"mysqlclient": ("gone",), "connector-c": ("gone",)}
# When the server has closed for sure: else the next statement and its end race each other.
IDLE_S = 0.5
# Of a connection that is killed the last word may arrive, or only its end.
SLEEPS = "SELECT SLEEP(30)"
LOST = ("1927", "2006", "2013")


def actions(driver):
    prepared = ("prepared",) if driver in PREPARING else ()
    return (*ACTIONS, *prepared, *UNSENT.get(driver, ()))


def message_of(exception):
    message = exception.get("message", "")
    return "lost" if message.startswith(LOST) else message


def told(segment):
    """What is the same whenever it is run."""
    return [
        # a connection is killed by its number
        (s.command, sub(r"KILL \d+", "KILL", s.text), s.own.get("rows"),
         [message_of(e) for e in exceptions(s)])
        for s in segment.statements
    ]  # fmt: skip


class Same(unittest.TestCase):
    maxDiff = None
    drivers = NAMES

    def use(self, action, driver, server, made):
        use = Use(action, driver, idle_s=IDLE_S)
        if action != "killed":
            return use.send(server.address)
        killer = threading.Thread(target=mysql_shapes.kill_when_running, args=(made, SLEEPS))
        killer.start()
        use.send(server.address)
        killer.join()
        return use

    def talk(self, tls):
        """(driver, action) -> what was told, over connections of one kind; and the counters."""
        with Processes() as processes:
            keys = certificates.make(processes.directory) if tls else None
            made = mysql_shapes.database(processes, keys)
            server = mysql_shapes.server(processes, made, **self.environment())
            for driver in self.drivers:
                Use("query", driver).send(server.address)
            self.check_server(server)
            uses = {}
            with traced.session(processes, [server.pid], ("--db-spans", "all")) as one:
                for driver in self.drivers:
                    for action in actions(driver):
                        use = self.use(action, driver, server, made)
                        self.assertEqual(200, use.response and use.response.status, action)
                        uses[driver, action] = use
                found = {key: told(segment_of(one, use)) for key, use in uses.items()}
                stats = one.finish()
            self.assertEqual(([], {}), (traced.unbalanced(stats), traced.losses(stats)))
            self.assertNotIn(mariadb.PASSWORD, one.messages + str(one.documents))
        return found, stats["kernel"]

    def environment(self):
        return {}

    def check_server(self, server):
        pass

    def test_statements_errors_and_order(self):
        plain, counters = self.talk(tls=False)
        self.assertEqual(0, counters["tls_connections"])
        secured, counters = self.talk(tls=True)
        self.assertGreaterEqual(counters["tls_connections"], len(secured))
        self.assertEqual(counters["tls_connections"], counters["tls_sessions_read"])
        self.assertEqual(plain.keys(), secured.keys())
        for key, wanted in plain.items():
            with self.subTest(" ".join(key)):
                self.assertGreater(len(wanted), 3)
                self.assertEqual(wanted, secured[key])


class Connector80(Same):
    """An older release's C extension, which has a libmysqlclient of its own inside."""

    full = True
    version = "8.0.33"
    drivers = ("connector-c", "connector-pure")

    def environment(self):
        return connectors.environment(self.version)

    def check_server(self, server):
        mapped = Path(f"/proc/{server.pid}/maps").read_text()
        self.assertIn(f"/{connectors.directory(self.version).name}/_mysql_connector", mapped)


class Connector84(Connector80):
    version = "8.4.0"


if __name__ == "__main__":
    suite.main()
