#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A driver's statements are the same ones, TLS or not: one fixed conversation of each kind, over a
plain connection and over TLS, compared statement by statement, with errors, in order.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import unittest  # noqa: E402

from lib import certificates, mariadb, mysql_shapes, suite, traced  # noqa: E402
from lib.mysql_shapes import NAMES, Use, exceptions, segment_of  # noqa: E402
from lib.mysql_uses import PREPARING  # noqa: E402
from lib.process import Processes  # noqa: E402

# reconnect and killed connections end by a race of theirs: not here.
ACTIONS = ("conversation", "errors", "several", "procedure", "many", "rows", "unbuffered", "locked")


def actions(driver):
    return ACTIONS + (("prepared",) if driver in PREPARING else ())


def told(segment):
    """What is the same whenever it is run."""
    return [
        (s.command, s.text, s.own.get("rows"), [e.get("message") for e in exceptions(s)])
        for s in segment.statements
    ]


class Same(unittest.TestCase):
    maxDiff = None

    def talk(self, tls):
        """(driver, action) -> what was told, over connections of one kind; and the counters."""
        with Processes() as processes:
            keys = certificates.make(processes.directory) if tls else None
            server = mysql_shapes.server(processes, mysql_shapes.database(processes, keys))
            for driver in NAMES:
                Use("query", driver).send(server.address)
            found = {}
            with traced.session(processes, [server.pid], ("--db-spans", "all")) as one:
                for driver in NAMES:
                    for action in actions(driver):
                        use = Use(action, driver).send(server.address)
                        self.assertEqual(200, use.response and use.response.status, action)
                        found[driver, action] = told(segment_of(one, use))
                stats = one.finish()
            self.assertEqual(([], {}), (traced.unbalanced(stats), traced.losses(stats)))
            self.assertNotIn(mariadb.PASSWORD, one.messages + str(one.documents))
        return found, stats["kernel"]

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


if __name__ == "__main__":
    suite.main()
