#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ground truth: what the tracer tells of many mixed requests, against client, application and
MariaDB.

Required in each shape of service: every request that the application received exactly once with the
right values, every statement once and under its own request, times that contain the application's,
and counters that add up. See lib/truth.py for how the witnesses are compared.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import unittest  # noqa: E402

from lib import load, services, suite, traced, truth  # noqa: E402

REQUESTS = 2000
FEWER = 500
CLIENTS = 8
# uWSGI replaces no worker that is younger than ten seconds unless told so.
REPLACED = ("--max-requests=20", "--min-worker-lifetime=0")
# Under load: before the attach, and how much of the load must then be in the tracer's window.
WARM_S = 1.0
WINDOW_MIN = 300


def source(one):
    return one.client_ip


def unix_peer(one):
    """Behind a unix socket the client's address is known from its forwarder alone."""
    return one.forwarded_for


class Truth(unittest.TestCase):
    def plan(self, server, **how):
        keep_alive = how.pop("keep_alive", server.keep_alive)
        return load.Plan(
            server.address, keep_alive=keep_alive, drop_after_head=server.drop_after_head, **how
        )

    def judge(self, stack, one, sent, client_ip=source, window=(0, None)):
        """The documents of session @one against the witnesses. Returns the Report."""
        report = truth.compare(
            sent,
            stack.truth_lines(),
            stack.database.log_lines(),
            one.documents,
            window,
            client_ip,
        )
        truth.check_daemon(report, one.daemon)
        return traced.check_books(report, one)

    def assert_true(self, report, one, requests):
        text = f"{report}\n{one.story()}"
        self.assertTrue(report.ok, text)
        self.assertGreaterEqual(report.counts["requests"], requests, text)
        self.assertEqual(report.counts["requests"], report.counts["requests_matched"], text)
        self.assertEqual(report.counts["statements"], report.counts["statements_matched"], text)
        self.assertGreater(report.counts["statements"], report.counts["requests"], text)

    def check(self, shape, driver="connector-c", count=REQUESTS, options=(), **how):
        """The whole load behind `ready`. @how: the server's settings; those of the test below."""
        client_ip = how.pop("client_ip", source)
        plan = {k: how.pop(k) for k in ("keep_alive", "pipeline", "kinds") if k in how}
        everything = how.pop("everything", False)
        with services.running(shape, driver, **how) as stack:
            server = stack.server
            pids = [p.pid for p in server.processes] if everything else [server.pid]
            options = (*traced.COMPLETE, *options)
            with traced.session(stack.processes, pids, options) as one:
                sent = load.run(self.plan(server, **plan), count, CLIENTS)
                one.finish()
            unanswered = self.never_received(stack, sent)
            report = self.judge(stack, one, sent, client_ip)
        self.assert_true(report, one, count - len(unanswered))
        return one

    def never_received(self, stack, sent):
        """uWSGI's router sometimes leaves first requests lying, traced or not; it must be few."""
        unanswered = {one.id: one.error for one in sent if one.status is None}
        received = {line["request_id"] for line in stack.truth_lines()}
        self.assertEqual(set(), unanswered.keys() & received, "served, and the client got nothing")
        self.assertLessEqual(len(unanswered), len(sent) // 100, unanswered)
        return unanswered

    def check_attach_under_load(self, shape, options=(), seconds=5, **how):
        plan = {k: how.pop(k) for k in ("keep_alive", "pipeline") if k in how}
        client_ip = how.pop("client_ip", source)
        with services.running(shape, **how) as stack:
            running = load.Load(self.plan(stack.server, **plan), 100000, CLIENTS).start()
            time.sleep(WARM_S)
            options = (*traced.COMPLETE, *options)
            with traced.session(stack.processes, [stack.server.pid], options) as one:
                time.sleep(seconds)
                sent = running.stop()
                one.finish()
            report = self.judge(stack, one, sent, client_ip, (one.ready_ns, None))
        self.assertGreater(report.counts["not_required"], CLIENTS, "the load was not running")
        self.assert_true(report, one, WINDOW_MIN)

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

    def check_pooled(self, shape, driver):
        with services.running(shape, driver, env={"TODO_CONN_MAX_AGE": "600"}) as stack:
            load.run(self.plan(stack.server, prefix="w"), 200, CLIENTS)
            before = {line.connection for line in stack.database.log_lines()}
            with traced.session(stack.processes, [stack.server.pid]) as one:
                sent = load.run(self.plan(stack.server), FEWER, CLIENTS)
                one.finish()
            report = self.judge(stack, one, sent)
            used = {c for line in stack.truth_lines() for c in line["connections"]}
        self.assertTrue(used & before, "no connection is older than the trace")
        self.assert_true(report, one, FEWER)

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
