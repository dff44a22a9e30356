#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a person sees of a trace without a console, beside todobackend under uWSGI: `trace --top`
on a terminal and in a pipe, and `trace --report`, the page of a run.
"""

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import client, paths, services, suite, terminal  # noqa: E402
from lib.process import wait_until  # noqa: E402
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

    def ask(self, target):
        with client.Connection(self.stack.server.address) as connection:
            head = f"GET {target} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"
            connection.send(head.encode("latin-1"))
            return connection.read_response("GET").status

    def command(self, *options):
        return [
            paths.BPFXRAY, "trace", "--pid", str(self.stack.server.pid), "--no-daemon",
            "--sampling", "all", *options]

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
        command = self.command("--duration", "8", "--output", "-", "--report", page)
        with subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
            while "ready:" not in run.stderr.readline():
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
                command = self.command("--duration", "1", "--report", path)
                done = subprocess.run(command, capture_output=True, text=True, timeout=60)
                self.assertEqual(6, done.returncode, done.stderr)
                self.assertIn(what, done.stderr)

    def test_start_that_fails_leaves_no_page(self):
        page = self.directory / "out.html"
        command = [paths.BPFXRAY, "trace", "--pid", "4194303", "--no-daemon", "--report", page]
        done = subprocess.run(command, capture_output=True, timeout=60)
        self.assertEqual(4, done.returncode)
        self.assertFalse(page.exists())


# A frame's or a line's numbers in front of a text: how many times.
TIMES = r"(?m)^ *[\d.]+[ >] *(\d+) .*  {}"
ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# These leave no summary, only the terminal as it was.
CRASHES = (signal.SIGQUIT, signal.SIGABRT, signal.SIGSEGV, signal.SIGUSR2)


class Top(Live):
    def open(self, *options, **how):
        """On a terminal, with the log in a file."""
        log = self.directory / "log"
        with log.open("wb") as stderr:
            shown = terminal.Terminal(self.command("--top", *options), stderr=stderr, **how)
        self.addCleanup(shown.close)

        def ready():
            self.assertIsNone(shown.process.poll(), log.read_text())
            return "ready:" in log.read_text()

        wait_until(ready, 60, "bpfxray is not ready")
        return shown

    def wait_times(self, shown, times, text):
        """Until a frame tells that @text was there so many times."""
        pattern = TIMES.format(text)
        shown.wait_for(
            lambda: (found := re.search(pattern, shown.text())) and int(found[1]) == times, text)

    def assert_left(self, shown):
        """Nothing is drawn behind the last frame, and no sequence of another's is sent."""
        tail = shown.output.rpartition(terminal.FRAME.findall(shown.output)[-1])[2]
        self.assertIn(b"\x1b[?7h\x1b[?25h" + terminal.LEAVE, tail)
        self.assertNotIn(terminal.ENTER, tail)
        text = terminal.SEQUENCES.sub(b"", shown.output).decode()
        odd = {c for c in text if not c.isprintable()} - {"\r", "\n"}
        self.assertEqual(set(), odd)

    def test_view(self):
        shown = self.open()
        for target in ("/todos", "/todos", "/todos", "/todos/4711"):
            self.ask(target)
        self.wait_times(shown, 3, f"GET http://{HOST}/todos$")
        self.wait_times(shown, 1, f"GET http://{HOST}/todos/4711$")
        text = shown.text()
        self.assertRegex(text, r"todobackend \(pid \d+\)  \d+ processes  backend \w+  0:00:\d\d")
        self.assertRegex(text, r"requests +\d\.\d/s  median +[\d.]+ ms .* 0 fault, 1 error, 0")
        self.assertRegex(text, r"in all 4 requests, 4 documents, 0 sent; nothing lost")
        self.assertRegex(text, TIMES.format(r"SELECT .*todo_item"))
        self.assertTrue(shown.output.startswith(terminal.ENTER))
        shown.process.terminate()
        self.assertEqual(0, shown.wait_end())
        self.assert_left(shown)

    def test_frame_fits_and_follows_the_size(self):
        shown = self.open(lines=20)
        for number in range(40):
            self.ask(f"/todos/{number}00")
        shown.wait_for(lambda: len(shown.frames() or [[]]) and "/todos/" in shown.text(), "URLs")
        shown.wait_for(lambda: len(shown.frames()[-1]) == 20, "a full frame")
        shown.resize(60, 8)
        shown.wait_for(lambda: len(shown.frames()[-1]) == 8, "a small frame")
        shown.process.terminate()
        self.assertEqual(0, shown.wait_end())
        self.assert_left(shown)

    def test_hostile_url_moves_no_cursor(self):
        shown = self.open()
        self.ask("/todos?\x1b[2J\x07\x9b31m</td>")
        self.wait_times(shown, 1, rf"GET http://{HOST}/todos")
        shown.process.terminate()
        shown.wait_end()
        self.assert_left(shown)

    def test_every_end_restores_the_terminal(self):
        for number in (*ENDS, *CRASHES):
            with self.subTest(number.name):
                shown = self.open()
                shown.wait_for(lambda: shown.frames(), "a frame")
                shown.process.send_signal(number)
                code = shown.wait_end()
                self.assertEqual(0 if number in ENDS else -number, code)
                self.assert_left(shown)

    def test_stop_and_continue(self):
        """A shell's job control, which it has when its standard error is the terminal: Ctrl-Z,
        another program, fg.
        """
        script = 'set -m; "$@"; echo between; fg >/dev/null; echo shell: over'
        shown = terminal.Terminal(["bash", "-c", script, "bash", *self.command("--top")])
        self.addCleanup(shown.close)
        shown.wait_for(lambda: shown.frames(), "a frame")
        os.write(shown.master, b"\x1a")
        shown.wait_for(lambda: b"between" in shown.output, "the shell")
        before, _, after = shown.output.partition(b"between")
        self.assertTrue(before.rpartition(terminal.FRAME.findall(before)[-1])[2].count(
            terminal.LEAVE), before[-200:])
        shown.wait_for(
            lambda: terminal.ENTER in shown.output.partition(b"between")[2]
            and terminal.FRAME.search(shown.output.partition(b"between")[2]), "the view again")
        os.write(shown.master, b"\x03")
        # The tracer's summary comes before: it has ended when its shell says this.
        shown.wait_for(lambda: b"shell: over" in shown.output, "the end")

    def test_log_stays_out_of_the_view(self):
        shown = terminal.Terminal(self.command("--top"))
        self.addCleanup(shown.close)
        shown.wait_for(lambda: shown.frames(), "a frame")
        shown.process.send_signal(signal.SIGUSR1)
        shown.wait_for(lambda: "nothing lost: every" in shown.text(), "the log's last line")
        shown.process.terminate()
        self.assertEqual(0, shown.wait_end())
        front, _, behind = shown.output.rpartition(terminal.LEAVE)
        self.assertEqual(2, behind.count(b"nothing lost: every"))
        outside = terminal.FRAME.sub(b"", front.partition(terminal.ENTER)[2])
        self.assertNotIn(b"bpfxray:", outside)

    def test_held_terminal_does_not_hold_the_tracer(self):
        stats = self.directory / "stats.json"
        shown = self.open("--stats", stats)
        shown.wait_for(lambda: shown.frames(), "a frame")
        shown.hold(True)
        time.sleep(2)
        for _ in range(50):
            self.ask("/todos")
        time.sleep(2)
        shown.hold(False)
        shown.wait_for(lambda: "in all 50 requests" in shown.text(), "a frame behind the others")
        shown.process.terminate()
        self.assertEqual(0, shown.wait_end())
        self.assertEqual(50, json.loads(stats.read_text())["trace"]["requests"])

    def lines(self, options=(), **how):
        run = subprocess.Popen(
            self.command("--top", *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, **how)
        self.addCleanup(run.stdout.close)
        self.addCleanup(run.stderr.close)
        self.addCleanup(run.wait)
        self.addCleanup(run.kill)
        while "ready" not in run.stderr.readline():
            self.assertIsNone(run.poll())
        return run

    def test_plain_lines(self):
        run = self.lines()
        for _ in range(3):
            self.ask("/todos")
        time.sleep(SETTLE_S)
        run.terminate()
        out, _ = run.communicate(timeout=30)
        self.assertEqual(0, run.returncode)
        self.assertNotIn("\x1b", out)
        kinds = [re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d (all|url|sql) ", line)[1]
                 for line in out.splitlines()]
        self.assertLessEqual({"all", "url", "sql"}, set(kinds))
        self.assertRegex(out, rf"url [\d.]+/s median .* failed 0 GET http://{HOST}/todos\n")
        self.assertRegex(out, r"sql .* SELECT .*todo_item")

    def test_plain_lines_on_a_dumb_terminal(self):
        shown = self.open("--duration", "1", env={"TERM": "dumb"})
        self.assertEqual(0, shown.wait_end())
        self.assertIn(b" all 0.0/s ", shown.output)
        self.assertNotIn(b"\x1b", shown.output)

    def test_full_pipe_does_not_hold_the_tracer(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        os.set_blocking(writer, False)
        filled = 0
        while True:
            try:
                filled += os.write(writer, b"x" * 4096)
            except BlockingIOError:
                break
        os.set_blocking(writer, True)
        self.assertEqual(filled, fcntl.fcntl(writer, fcntl.F_GETPIPE_SZ))
        done = subprocess.run(
            self.command("--top", "--duration", "7"), stdout=writer, stderr=subprocess.PIPE,
            timeout=30)
        os.close(writer)
        self.assertEqual(0, done.returncode, done.stderr)


if __name__ == "__main__":
    suite.main()
