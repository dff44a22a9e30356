#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A request that is open for longer than --in-progress is told before its end, once, and its
finished segment takes the place of that; with a router or nginx before the worker, too.
"""
import os
import signal
import sys
import threading
import unittest
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import documents, services, suite, traced  # noqa: E402
from lib.daemon import Daemon  # noqa: E402
from lib.loaded import agent_of  # noqa: E402
from lib.process import Processes, wait_until  # noqa: E402
from lib.tracer import Tracer  # noqa: E402

WAIT_S = 40
SHORT = ("--in-progress", "1")


class Held(threading.Thread):
    """A request to the view that answers when release() was called."""

    def __init__(self, address, folder, agent):
        super().__init__()
        self.file = folder / f"go-{agent}"
        self.request = urllib.request.Request(
            "http://%s:%d/test/held?until=%s" % (*address, self.file),
            headers={"User-Agent": agent})
        self.status = None
        self.start()

    def run(self):
        try:
            self.status = urllib.request.urlopen(self.request, timeout=WAIT_S).status
        except urllib.error.HTTPError as error:
            self.status = error.code
        except OSError as error:
            self.status = str(error)

    def release(self):
        self.file.touch()
        self.join()
        return self.status


class Service:
    """What runs, and is traced, while requests are held."""

    @classmethod
    def setUpClass(cls):
        cls.resources = ExitStack()
        cls.addClassCleanup(cls.resources.close)
        cls.server = cls.resources.enter_context(services.running(cls.shape, "pymysql")).server

    def setUp(self):
        self.processes = self.enterContext(Processes())
        self.daemon = self.enterContext(Daemon())

    def start(self, options=SHORT, **how):
        return Tracer(self.processes, [self.server.pid], self.daemon.address, options, **how)

    def hold(self, agent):
        return Held(self.server.address, self.processes.directory, agent)

    def of(self, agent, open_ones):
        return [one for one in self.daemon.documents
                if agent_of(one) == agent and bool(one.get("in_progress")) == open_ones]

    def stop(self, tracer):
        stats = tracer.stop()
        self.daemon.wait_quiet(0.3)
        self.assertEqual([], traced.unbalanced(stats), tracer.messages())
        self.assertEqual({}, traced.losses(stats))
        return stats

    def check_told_and_superseded(self):
        tracer = self.start()
        held = [self.hold(f"held-{i}") for i in range(2)]
        for i in range(2):
            wait_until(lambda i=i: self.of(f"held-{i}", True), WAIT_S, "nothing is in progress")
        self.assertEqual([], self.of("held-0", False))
        self.assertEqual([200, 200], [one.release() for one in held])
        for i in range(2):
            wait_until(lambda i=i: self.of(f"held-{i}", False), WAIT_S, "nothing is finished")
        stats = self.stop(tracer)
        self.assertEqual(2, stats["export"]["in_progress"])
        for i in range(2):
            (first,), (last,) = self.of(f"held-{i}", True), self.of(f"held-{i}", False)
            for key in ("id", "trace_id", "name"):
                self.assertEqual(first[key], last[key], key)
            for key in ("end_time", "fault", "subsegments"):
                self.assertNotIn(key, first)
            self.assertEqual(200, last["http"]["response"]["status"])
            self.assertLessEqual(abs(first["start_time"] - last["start_time"]), 1)
            self.assertIn("SELECT", str(last["subsegments"]))
        self.assertEqual([], documents.finished(self.daemon.documents)[1])


class InProgress(Service, unittest.TestCase):
    shape = "uwsgi"

    def test_told_and_superseded(self):
        self.check_told_and_superseded()

    def test_short_requests_and_0_tell_nothing(self):
        tracer = self.start(options=("--in-progress", "0"))
        held = self.hold("never")
        for i in range(20):
            url = "http://%s:%d/test/slow?ms=50&n=%d" % (*self.server.address, i)
            urllib.request.urlopen(url, timeout=WAIT_S).read()
        self.assertEqual(200, held.release())
        wait_until(lambda: self.of("never", False), WAIT_S, "nothing is finished")
        self.assertEqual(0, self.stop(tracer)["export"]["in_progress"])

    def test_what_is_left_out_is_so_twice(self):
        tracer = self.start(sampling="none")
        held = self.hold("left-out")
        left_out = "left_out_open"

        def is_open():
            os.kill(tracer.pid, signal.SIGUSR1)
            path = tracer.stats_path
            return path.exists() and f'"{left_out}":\t1' in path.read_text()

        wait_until(is_open, WAIT_S, "it is not decided on", interval_s=0.3)
        self.assertEqual(200, held.release())
        wait_until(lambda: not is_open(), WAIT_S, "its end is not seen", interval_s=0.3)
        stats = self.stop(tracer)
        self.assertEqual([], self.daemon.documents)
        self.assertEqual(1, stats["sampling"]["left_out_by_mode"])


class InProgressBehindNginx(Service, unittest.TestCase):
    shape = "one-tree"

    def test_told_and_superseded(self):
        self.check_told_and_superseded()


if __name__ == "__main__":
    suite.main()
