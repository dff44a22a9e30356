# SPDX-License-Identifier: Apache-2.0
"""The load in front of a traced service, and what is required of the tracer then: the checks of
test_truth.py, for every suite that holds other services to the same.
"""

import time
import unittest

from . import load, services, traced, truth
from .pace import SLOW
from .process import wait_until

REQUESTS = 2000
FEWER = 500
CLIENTS = 8
# Under load: before the attach, and how much of the load must then be in the tracer's window.
WARM_S = 1.0
SLOW_LOAD_S = 120 * SLOW  # on a crowded machine
WINDOW_MIN = 300


def source(one):
    return one.client_ip


def unix_peer(one):
    """Behind a unix socket the client's address is known from its forwarder alone."""
    return one.forwarded_for


class GroundTruth(unittest.TestCase):
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
        self.said = stack.said()
        return traced.check_books(report, one)

    def assert_true(self, report, one, requests):
        text = f"{report}\n{one.story()}\n{self.said}"
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

    def check_attach_under_load(
        self, shape, options=(), seconds=5, window_min=WINDOW_MIN, **how
    ):
        plan = {k: how.pop(k) for k in ("keep_alive", "pipeline") if k in how}
        client_ip = how.pop("client_ip", source)
        with services.running(shape, **how) as stack:
            running = load.Load(self.plan(stack.server, **plan), 100000, CLIENTS).start()
            time.sleep(WARM_S)
            options = (*traced.COMPLETE, *options)
            with traced.session(stack.processes, [stack.server.pid], options) as one:
                enough = running.count() + window_min + 4 * CLIENTS
                time.sleep(seconds)
                wait_until(lambda: running.count() >= enough, SLOW_LOAD_S, "requests")
                sent = running.stop()
                one.finish()
            report = self.judge(stack, one, sent, client_ip, (one.ready_ns, None))
        self.assertGreater(report.counts["not_required"], CLIENTS, "the load was not running")
        self.assert_true(report, one, window_min)

    def check_pooled(self, shape, driver, **how):
        with services.running(shape, driver, env={"TODO_CONN_MAX_AGE": "600"}, **how) as stack:
            load.run(self.plan(stack.server, prefix="w"), 200, CLIENTS)
            before = {line.connection for line in stack.database.log_lines()}
            with traced.session(stack.processes, [stack.server.pid]) as one:
                sent = load.run(self.plan(stack.server), FEWER, CLIENTS)
                one.finish()
            report = self.judge(stack, one, sent)
            used = {c for line in stack.truth_lines() for c in line["connections"]}
        self.assertTrue(used & before, "no connection is older than the trace")
        self.assert_true(report, one, FEWER)
