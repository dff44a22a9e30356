#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a person sees of a trace without a console: `trace --report`, the page of a run, beside
todobackend under uWSGI.
"""

import json
import re
import subprocess
import sys
import time
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import client, paths, services, suite  # noqa: E402
from lib.tracer import Tracer  # noqa: E402

HOST = "todobackend.example.com"
# What a worker has under way when its last answer has arrived.
SETTLE_S = 0.5


class Live(unittest.TestCase):
    """One service for all tests."""

    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(
            services.running("uwsgi", truth=False, test_routes=False))

    def setUp(self):
        self.directory = self.stack.processes.directory / self._testMethodName
        self.directory.mkdir()
        self.started = 0

    def start(self, *options):
        self.started += 1
        tracer = Tracer(
            self.stack.processes, [self.stack.server.pid], options=options,
            name=f"{self._testMethodName}-{self.started}")
        self.addCleanup(self.end, tracer)
        return tracer

    def end(self, tracer):
        if tracer.process in self.stack.processes.started:
            tracer.kill()

    def ask(self, target, method="GET"):
        with client.Connection(self.stack.server.address) as connection:
            head = f"{method} {target} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"
            connection.send(head.encode())
            return connection.read_response(method).status

    def aggregates(self, page):
        found = re.search(r'id="data">(.*?)</script', page.read_text(), re.S)
        return json.loads(found.group(1))["aggregates"]

    def assert_page(self, page, targets):
        shown = self.aggregates(page)
        urls = {g["key"]: g["count"] for g in shown["groups"]["url"]["items"]}
        self.assertEqual({f"http://{HOST}{t}": n for t, n in Counter(targets).items()}, urls)
        self.assertEqual(0, page.stat().st_mode & 0o077)
        return shown


class RunReport(Live):
    def test_without_output(self):
        page = self.directory / "out.html"
        page.write_text("an older page " * 100_000)
        page.chmod(0o600)
        tracer = self.start("--report", page)
        targets = ["/todos", "/todos", "/todos/4711"]
        for target in targets:
            self.ask(target)
        time.sleep(SETTLE_S)
        tracer.stop()
        shown = self.assert_page(page, targets)
        self.assertEqual([page], list(self.directory.iterdir()))
        self.assertTrue(any("todo_item" in s["text"] for s in shown["statements"]), shown)
        self.assertIn(f"report: {page}", tracer.messages())

    def test_from_output_what_this_run_wrote(self):
        page, output = self.directory / "out.html", self.directory / "out.jsonl"
        for target in ("/todos/1", "/todos/2"):
            tracer = self.start("--report", page, "--output", output)
            self.ask(target)
            time.sleep(SETTLE_S)
            tracer.stop()
        self.assertEqual(2, len(output.read_text().splitlines()))
        self.assert_page(page, ["/todos/2"])

    def test_duration_and_output_to_a_pipe(self):
        page = self.directory / "out.html"
        command = [
            paths.BPFXRAY, "trace", "--pid", str(self.stack.server.pid), "--no-daemon",
            "--duration", "3", "--output", "-", "--report", page]
        with subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
            while "ready" not in run.stderr.readline():
                self.assertIsNone(run.poll())
            self.ask("/todos")
            documents, _ = run.communicate(timeout=60)
        self.assertEqual(0, run.returncode)
        self.assertEqual(1, len(documents.splitlines()))
        self.assert_page(page, ["/todos"])

    def test_pages_that_cannot_be_written(self):
        for path, what in ((self.directory / "no" / "x.html", "No such file"),
                           (self.directory, "Is a directory"),
                           (Path("/dev/full"), "No space left")):
            with self.subTest(path.name):
                command = [
                    paths.BPFXRAY, "trace", "--pid", str(self.stack.server.pid), "--no-daemon",
                    "--duration", "1", "--report", path]
                done = subprocess.run(command, capture_output=True, text=True, timeout=60)
                self.assertEqual(6, done.returncode, done.stderr)
                self.assertIn(what, done.stderr)

    def test_start_that_fails_leaves_no_page(self):
        page = self.directory / "out.html"
        command = [paths.BPFXRAY, "trace", "--pid", "4194303", "--no-daemon", "--report", page]
        done = subprocess.run(command, capture_output=True, timeout=60)
        self.assertEqual(4, done.returncode)
        self.assertFalse(page.exists())


if __name__ == "__main__":
    suite.main()
