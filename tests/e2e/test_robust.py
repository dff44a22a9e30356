#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What must not go wrong: the traced service answers as it would alone, whatever becomes of the
tracer; and what the tracer says of its losses is true. A load runs throughout, and every answer of
it is checked.
"""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import unittest  # noqa: E402

from lib import answers, kernel_objects, load, services, suite, traced, truth  # noqa: E402
from lib.daemon import Daemon  # noqa: E402
from lib.process import wait_until  # noqa: E402
from lib.tracer import Tracer  # noqa: E402

CLIENTS = 6
WARM_S = 0.5
# What the kernel takes to free what nobody holds any more.
GONE_S = 10
SMALL_DISK = "64k"


class Robust(unittest.TestCase):
    shape = "gunicorn-gthread"

    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(services.running(cls.shape))
        cls.server = cls.stack.server
        cls.loads = 0

    def setUp(self):
        """A load whose answers must all be right at the end, in addCleanup's order: last."""
        Robust.loads += 1
        prefix = f"r{Robust.loads}-"
        plan = load.Plan(self.server.address, keep_alive=True, prefix=prefix)
        plan.kinds = answers.KINDS
        self.addCleanup(self.end_tracers)
        self.daemon = self.enterContext(Daemon())
        self.load = load.Load(plan, 100000, CLIENTS).start()
        self.sent = None
        self.addCleanup(self.end_load)
        time.sleep(WARM_S)

    def end_load(self):
        if self.sent is None:
            self.sent = self.load.stop()
            self.assertGreater(len(self.sent), CLIENTS)
            self.assertEqual([], answers.wrong(self.sent)[:5])
        return self.sent

    def end_tracers(self):
        """Of a test that failed."""
        for process in list(self.stack.processes.started):
            if "trace" in process.popen.args:
                self.stack.processes.stop(process, number=signal.SIGKILL)

    def tracer(self, *options, name="tracer", daemon=None, **how):
        options = (*traced.COMPLETE, *options)
        daemon = daemon or self.daemon.address
        return Tracer(self.stack.processes, [self.server.pid], daemon, options, name=name, **how)

    def session(self, *options, name="session"):
        options = (*traced.COMPLETE, *options)
        return traced.session(self.stack.processes, [self.server.pid], options, name=name)

    def compare(self, one, sent, begin_ns, end_ns=None):
        """The Report of what session @one told of the requests in that time."""
        mine = {s.id for s in sent}
        lines = [line for line in self.stack.truth_lines() if line["request_id"] in mine]
        used = {connection for line in lines for connection in line["connections"]}
        log = self.stack.database.log_lines(connections=used)
        window = (begin_ns, end_ns)
        return truth.compare(sent, lines, log, one.documents, window)

    # --- the tracer is killed, stopped, ended

    def test_killed(self):
        """Nothing stays attached, and the next tracer needs no --force."""
        first = self.tracer(name="killed")
        objects = kernel_objects.held(first.attacher)
        self.assertLessEqual({"prog", "map", "link"}, {kind for kind, _ in objects})
        self.assertEqual(objects, kernel_objects.still_there(objects))
        time.sleep(WARM_S)
        first.kill()
        wait_until(lambda: not kernel_objects.still_there(objects), GONE_S, "objects are left")
        with self.session(name="after") as one:
            time.sleep(2 * WARM_S)
            sent = self.end_load()
            one.finish()
        report = self.compare(one, sent, one.ready_ns)
        self.assertTrue(report.ok, f"{report}\n{one.story()}")
        self.assertGreater(report.counts["requests_matched"], CLIENTS)

    def test_ended_leaves_nothing(self):
        tracer = self.tracer(name="ended")
        objects = kernel_objects.held(tracer.attacher)
        time.sleep(WARM_S)
        tracer.stop()
        wait_until(lambda: not kernel_objects.still_there(objects), GONE_S, "objects are left")

    def stopped_for(self, seconds):
        """Stopped by a debugger or a freezer: what it missed is counted, and nothing is wrong."""
        with self.session(name=f"stopped-{seconds}") as one:
            one.tracer.process.popen.send_signal(signal.SIGSTOP)
            time.sleep(seconds)
            one.tracer.process.popen.send_signal(signal.SIGCONT)
            time.sleep(2 * WARM_S)
            sent = self.end_load()
            stats = one.finish()
        report = self.compare(one, sent, one.ready_ns)
        lost = sum(traced.losses(stats).values())
        missing = {kind: texts for kind, texts in report.problems.items() if "missing" in kind}
        if not lost:
            self.assertTrue(report.ok, f"{report}\n{one.story()}")
        self.assertLessEqual(sum(map(len, missing.values())), lost, f"{report}\n{one.story()}")
        for kind in ("statement on a wrong request", "request twice"):
            self.assertEqual([], report.problems[kind], f"{report}\n{one.story()}")
        # One whose text was lost cannot be told to be the log's; it says that it has none.
        too_many = report.problems["statement too many"]
        textless = [text for text in too_many if text.endswith(": ")]
        self.assertEqual(textless, too_many, f"{report}\n{one.story()}")
        self.assertLessEqual(len(textless), stats["trace"]["statements_no_text"])

    def test_stopped_for_5_seconds(self):
        self.stopped_for(5)

    @suite.full
    def test_stopped_for_20_seconds(self):
        """Long enough for the ring to be full."""
        self.stopped_for(20)

    def test_duration(self):
        """Ends by itself, with its books."""
        tracer = self.tracer("--duration", "2", name="duration")
        began = time.monotonic()
        self.assertEqual(0, tracer.process.popen.wait(30))
        self.assertGreater(time.monotonic() - began, 1)
        stats = json.loads(tracer.stats_path.read_text())
        self.assertGreater(stats["trace"]["requests"], CLIENTS)
        self.assertEqual([], traced.unbalanced(stats))

    def counts(self, tracer):
        """The requests of each answer to SIGUSR1 so far."""
        lines = [line for line in tracer.messages().splitlines() if " requests, " in line]
        return [int(line.split()[1]) for line in lines]

    def ask_counts(self, tracer):
        """One answer more: its requests."""
        times = len(self.counts(tracer)) + 1
        tracer.process.popen.send_signal(signal.SIGUSR1)
        return wait_until(lambda: self.counts(tracer)[times - 1:], 30, "no counters")[0]

    def test_counters_on_request(self):
        """SIGUSR1 prints them and changes nothing."""
        tracer = self.tracer(name="usr1")
        first = wait_until(lambda: self.ask_counts(tracer), 30, "no requests")
        second = wait_until(
            lambda: max(self.ask_counts(tracer), first) - first, 30, "no more requests") + first
        self.assertGreaterEqual(tracer.stop()["trace"]["requests"], second)

    # --- the tracer's surroundings

    def small_disk(self):
        """A file system that is soon full."""
        directory = self.stack.processes.directory / "small"
        directory.mkdir(exist_ok=True)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "none", directory]
        subprocess.run(mount, check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", directory], check=True)
        return directory

    def errors_of(self, tracer):
        return [line for line in tracer.messages().splitlines() if "error" in line]

    def test_full_disk(self):
        """One line; what could not be written is counted; what could, is whole."""
        output = self.small_disk() / "segments.jsonl"
        tracer = self.tracer("--output", output, name="full")
        wait_until(lambda: self.errors_of(tracer), 20, "the disk is not full")
        time.sleep(WARM_S)
        stats = tracer.stop()
        self.daemon.wait_quiet(0.3)
        errors = self.errors_of(tracer)
        self.assertEqual(1, len(errors), errors)
        self.assertIn(f"{output}: No space left on device", errors[0])
        self.assertGreater(stats["file"]["failed"], 0)
        self.assertEqual(stats["file"]["failed"], stats["losses"]["failed"])
        written = [json.loads(line) for line in output.read_text().splitlines()]
        self.assertEqual(stats["file"]["written"], len(written))
        self.assertEqual(stats["export"]["documents"], len(self.daemon.documents))
        whole = {document["id"]: document for document in self.daemon.documents}
        for document in written:
            self.assertEqual(whole[document["id"]], document)

    def test_full_disk_for_the_counters(self):
        """Said in one line; the trace itself went well."""
        directory = self.small_disk()
        (directory / "filler").write_bytes(b"f" * (60 << 10))
        try:
            (directory / "rest").write_bytes(b"f" * (60 << 10))
        except OSError:
            pass
        tracer = self.tracer(name="full-stats", stats_path=directory / "stats.json")
        time.sleep(WARM_S)
        self.stack.processes.stop(tracer.process, number=signal.SIGTERM)
        errors = self.errors_of(tracer)
        self.assertEqual(1, len(errors), tracer.messages())
        self.assertIn("No space left on device", errors[0])
        self.daemon.wait_quiet(0.3)
        self.assertGreater(len(self.daemon.documents), 0)

    def test_no_daemon_there(self):
        """Nobody listens: everything is sent, as far as UDP tells."""
        with Daemon() as gone:
            address = gone.address
        tracer = self.tracer(daemon=address, name="nobody")
        time.sleep(2 * WARM_S)
        stats = tracer.stop()
        self.assertGreater(stats["export"]["documents"], 0)

    def test_attached_and_gone_many_times(self):
        for i in range(5):
            tracer = self.tracer(name=f"again-{i}")
            time.sleep(0.1)
            tracer.stop()


class ByteEqual(unittest.TestCase):
    """The answers to fixed requests from an empty table on, with and without the tracer."""

    def answers(self, stack):
        stack.database.query("TRUNCATE todobackend.todo_item")
        return answers.fixed(stack.server.address, "nginx" in stack.server.name)

    def check(self, shape, *options, **how):
        with services.running(shape, **how) as stack:
            before = self.answers(stack)
            pids = [process.pid for process in stack.server.processes]
            with traced.session(stack.processes, pids, options) as one:
                during = self.answers(stack)
                one.finish()
            after = self.answers(stack)
        self.assertEqual(len(answers.FIXED), sum(bool(answer) for answer in before))
        for data, untraced, traced_, later in zip(answers.FIXED, before, during, after):
            with self.subTest(data.split(b"\r\n")[0]):
                self.assertEqual(untraced, later, "not deterministic: the test is wrong")
                self.assertEqual(untraced, traced_)
        self.assertEqual(len(answers.FIXED), one.stats["export"]["segments"], one.story())

    def test_uwsgi(self):
        self.check("uwsgi")

    def test_nginx_gunicorn(self):
        self.check("nginx+gunicorn")

    @suite.full
    def test_backend_syscall(self):
        self.check("uwsgi", "--backend", "syscall")

    @suite.full
    def test_other_servers(self):
        for shape in ("gunicorn-gthread", "gunicorn-gevent", "runserver", "nginx+uwsgi"):
            with self.subTest(shape):
                self.check(shape)


if __name__ == "__main__":
    suite.main()
