#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ground truth: what the tracer tells of many mixed requests, against client, application and
MariaDB.

Required in each shape of service: every request that the application received exactly once with the
right values, every statement once and under its own request, times that contain the application's,
and counters that add up. See lib/truth.py for how the witnesses are compared.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import load, services, suite, traced  # noqa: E402
from lib.ground_truth import CLIENTS, FEWER, REQUESTS, GroundTruth, unix_peer  # noqa: E402

# uWSGI replaces no worker that is younger than ten seconds unless told so.
REPLACED = ("--max-requests=20", "--min-worker-lifetime=0")


class Truth(GroundTruth):
    def test_uwsgi(self):
        self.check("uwsgi")

    def test_attach_under_load(self):
        self.check_attach_under_load("uwsgi")

    def test_workers_that_are_replaced(self):
        one = self.check("uwsgi", count=240, extra=REPLACED)
        workers = {document["metadata"]["bpfxray"]["pid"] for document in one.documents}
        self.assertGreater(len(workers), 6, "no worker was replaced")

    def test_gthread_pipelining(self):
        self.check("gunicorn-gthread", "connector-pure", count=FEWER, pipeline=4)

    def test_nginx_and_uwsgi_over_unix_socket(self):
        self.check("nginx+uwsgi", count=FEWER)

    def test_backend_syscall(self):
        self.check("uwsgi", count=FEWER, options=("--backend", "syscall"))

    @suite.full
    def test_backend_syscall_with_other_shapes(self):
        options = ("--backend", "syscall")
        with self.subTest("gthread"):
            self.check("gunicorn-gthread", "connector-pure", options=options, pipeline=4)
        with self.subTest("nginx"):
            self.check("nginx+uwsgi", "mysqlclient", options=options, unix_database=True)
        with self.subTest("under load"):
            self.check_attach_under_load("uwsgi", options)
        with self.subTest("replaced workers"):
            self.check("uwsgi", options=options, extra=REPLACED)

    @suite.full
    def test_drivers(self):
        for driver in ("connector-pure", "mysqlclient", "pymysql"):
            with self.subTest(driver):
                self.check("uwsgi", driver)

    @suite.full
    def test_database_on_a_unix_socket(self):
        for driver in ("connector-c", "mysqlclient", "pymysql"):
            with self.subTest(driver):
                self.check("uwsgi", driver, count=FEWER, unix_database=True)

    @suite.full
    def test_workers_that_are_replaced_all_along(self):
        self.check("uwsgi", extra=REPLACED)

    @suite.full
    def test_uwsgi_keepalive(self):
        self.check("uwsgi-keepalive")

    @suite.full
    def test_gunicorn(self):
        self.check("gunicorn-sync")
        for driver in ("connector-c", "pymysql"):
            with self.subTest(driver):
                self.check("gunicorn-gthread", driver, pipeline=4)
        with self.subTest("under load"):
            self.check_attach_under_load("gunicorn-gthread", keep_alive=True, pipeline=3)

    @suite.full
    def test_nginx_and_gunicorn(self):
        with self.subTest("the application alone"):
            self.check("nginx+gunicorn", client_ip=unix_peer)
        with self.subTest("keep-alive behind nginx"):
            self.check("nginx+gunicorn", client_ip=unix_peer, upstream_keepalive=4)

    @suite.full
    def test_nginx_and_uwsgi(self):
        with self.subTest("under load"):
            self.check_attach_under_load("nginx+uwsgi")
        with self.subTest("both traced"):
            self.check("nginx+uwsgi", everything=True)

    @suite.full
    def test_runserver(self):
        self.check("runserver", count=FEWER)

    @suite.full
    def test_connections_opened_before_the_attach(self):
        """Pooled database connections whose handshake was not seen."""
        for driver in ("connector-c", "connector-pure", "mysqlclient", "pymysql"):
            with self.subTest(driver):
                self.check_pooled("gunicorn-gthread", driver)

    def test_pooled_connections_opened_before_the_attach(self):
        self.check_pooled("gunicorn-gthread", "connector-c")

    @suite.full
    def test_gevent(self):
        """Threads that serve several requests at once: every request, and no wrong statement."""
        with services.running("gunicorn-gevent", "pymysql") as stack:
            with traced.session(stack.processes, [stack.server.pid]) as one:
                sent = load.run(self.plan(stack.server), REQUESTS, CLIENTS)
                one.finish()
            report = self.judge(stack, one, sent)
        missing = len(report.problems.pop("statement missing", ()))
        self.assertTrue(report.ok, f"{report}\n{one.story()}")
        self.assertEqual(report.counts["requests"], report.counts["requests_matched"])
        self.assertGreaterEqual(one.stats["trace"]["statements_unproven"], missing)

    @suite.full
    def test_one_tree(self):
        """nginx and gunicorn under one process: one segment each, the front's when proven."""
        with services.running("one-tree") as stack:
            with traced.session(stack.processes, [stack.server.pid]) as one:
                sent = load.run(self.plan(stack.server), REQUESTS, CLIENTS)
                one.finish()
            report = self.judge(stack, one, sent)
        for kind in list(report.problems):
            # Not joined: the inner one is told, whose client is a unix socket.
            if kind == "wrong client_ip":
                self.assertLess(len(report.problems.pop(kind)), REQUESTS, "nothing was joined")
        self.assertTrue(report.ok, f"{report}\n{one.story()}")
        self.assertEqual(report.counts["requests"], report.counts["requests_matched"])
        self.assertEqual(report.counts["statements"], report.counts["statements_matched"])


if __name__ == "__main__":
    suite.main()
