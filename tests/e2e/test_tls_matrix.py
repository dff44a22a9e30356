#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every driver, over TCP and a unix socket, with TLS and without, under uWSGI and gunicorn: the
ground truth holds in each cell, and one sequence of requests has the same statements with TLS and
without, each with its error, in order.
"""

import sys
from pathlib import Path
from re import sub

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import load, services, suite, traced  # noqa: E402
from lib.documents import segments  # noqa: E402
from lib.ground_truth import FEWER, GroundTruth  # noqa: E402
from lib.mysql_shapes import NAMES, exceptions  # noqa: E402

SHAPES = ("uwsgi", "gunicorn-gthread")
FEW = 40
SAVEPOINT = r"`s\d+_"  # Django names it after its thread
# One thread for one client: each request meets the database as the one before left it.
ALONE = {"workers": 1, "threads": 1}
# They speak no TLS on a unix socket, whatever they are told; the server takes that for secure.
PLAIN_LOCALLY = ("connector-c", "connector-pure")
# With what test_tls.py runs (every driver over TCP under uWSGI), a cell of each kind.
COVERING = (("gunicorn-gthread", "connector-c", False), ("gunicorn-gthread", "mysqlclient", True))


def place(unix):
    return "unix socket" if unix else "TCP"


class Matrix(GroundTruth):
    maxDiff = None

    def sequence(self, shape, driver, unix, tls):
        """Request id -> its statements as (command, text, errors), in order; and the counters."""
        how = {"unix_database": unix, "tls_database": tls, **ALONE}
        with services.running(shape, driver, **how) as stack:
            with traced.session(stack.processes, [stack.server.pid]) as one:
                sent = load.run(self.plan(stack.server), FEW, 1)
                one.finish()
            unanswered = self.never_received(stack, sent)
            self.assert_true(self.judge(stack, one, sent), one, FEW - len(unanswered))
        told = {}
        for segment in segments(one.documents)[0]:
            told[segment.user_agent] = [
                (s.command, sub(SAVEPOINT, "`s_", s.text), [e["message"] for e in exceptions(s)])
                for s in segment.statements
            ]
        return told, one.stats["kernel"]

    def same(self, shape, driver, unix):
        plain, counters = self.sequence(shape, driver, unix, tls=False)
        self.assertEqual(0, counters["tls_connections"])
        secured, counters = self.sequence(shape, driver, unix, tls=True)
        if unix and driver in PLAIN_LOCALLY:
            self.assertEqual(0, counters["tls_connections"])
        else:
            self.assertGreater(counters["tls_connections"], FEW // 2, "nothing spoke TLS")
        self.assertEqual(counters["tls_connections"], counters["tls_sessions_read"])
        self.assertEqual(plain.keys(), secured.keys())
        for request, wanted in plain.items():
            self.assertEqual(wanted, secured[request], request)

    def test_covering(self):
        for shape, driver, unix in COVERING:
            with self.subTest(f"{shape} {driver} {place(unix)}"):
                self.same(shape, driver, unix)

    @suite.full
    def test_same(self):
        for shape in SHAPES:
            for driver in NAMES:
                for unix in (False, True):
                    with self.subTest(f"{shape} {driver} {place(unix)}"):
                        self.same(shape, driver, unix)

    @suite.full
    def test_ground_truth(self):
        for shape in SHAPES:
            for driver in NAMES:
                for unix in (False, True):
                    for tls in (False, True):
                        with self.subTest(f"{shape} {driver} {place(unix)} TLS {tls}"):
                            how = {"unix_database": unix, "tls_database": tls}
                            self.check(shape, driver, FEWER, **how)


if __name__ == "__main__":
    suite.main()
