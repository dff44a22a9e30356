#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which processes are followed: descendants however they are made, from their first request on; and
processes that end before, while and after they are attached to.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import unittest  # noqa: E402

from lib import client, documents, shapes, suite, traced  # noqa: E402
from lib.mariadb import free_port  # noqa: E402
from lib.paths import BPFXRAY, TESTS, venv_program  # noqa: E402
from lib.process import Processes, tail, wait_until  # noqa: E402
from lib.shapes import Ask  # noqa: E402
from lib.tracer import Tracer  # noqa: E402

SPAWNING = TESTS / "e2e" / "spawning_server.py"
ENDS_S = 20
NO_PROCESS = 4
RACE_STEP_S = 0.1


class Case(unittest.TestCase):
    def setUp(self):
        self.processes = Processes()
        self.addCleanup(self.processes.close)

    def accepts(self, address):
        try:
            client.connect(address, timeout_s=2).close()
        except OSError:
            return False
        return True


class Descendants(Case):
    def spawning(self, way):
        """The process, the FIFO that it waits at, and where its server will be."""
        fifo = self.processes.directory / f"go-{way}"
        os.mkfifo(fifo)
        address = ("127.0.0.1", free_port())
        words = [venv_program("python"), SPAWNING, fifo, address[0], str(address[1]), way]
        process = self.processes.start(f"spawning-{way}", words)
        process.wait_ready(lambda: "WAITING" in process.log.read_text())
        return process, fifo, address

    def check(self, way):
        process, fifo, address = self.spawning(way)
        with traced.session(self.processes, [process.pid]) as one:
            # Nobody reads any more when it has become another program: no waiting for it here.
            with open(os.open(fifo, os.O_RDWR), "w") as go:
                go.write("go\n")
                go.flush()
                wait_until(lambda: "READY" in process.log.read_text(), ENDS_S, "no server")
            asks = [Ask("GET", "/plain").send(address) for _ in range(3)]
            segments = [shapes.segment_of(one, ask) for ask in asks]
            os.killpg(process.pid, signal.SIGKILL)
            # All of them have ended.
            self.assertEqual(0, one.tracer.process.popen.wait(ENDS_S), tail(process.log))
            stats = one.finish()
        self.assertEqual(([], {}), (traced.unbalanced(stats), traced.losses(stats)))
        self.assertEqual(3, stats["trace"]["requests"])
        pids = {segment.own["pid"] for segment in segments}
        self.assertEqual(1, len(pids))
        return process, segments, pids.pop()

    def test_child_with_a_program_of_its_own(self):
        process, _, pid = self.check("exec")
        self.assertNotEqual(process.pid, pid)

    def test_child_by_fork(self):
        process, _, pid = self.check("fork")
        self.assertNotEqual(process.pid, pid)

    def test_child_of_a_thread(self):
        process, _, pid = self.check("fork-thread")
        self.assertNotEqual(process.pid, pid)

    def test_grandchild_whose_parents_have_ended(self):
        process, _, pid = self.check("daemon")
        self.assertNotEqual(process.pid, pid)

    def test_namespaces_of_its_own(self):
        """As a container's: known by the number that it has here, whatever it calls itself."""
        own = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc")
        if subprocess.run([*own, "true"], capture_output=True).returncode:
            self.skipTest("this machine makes no user namespaces")
        server = shapes.shape_server(self.processes, before=own)
        outer = server.pid
        (pid,) = Path(f"/proc/{outer}/task/{outer}/children").read_text().split()
        with traced.session(self.processes, [pid]) as one:
            ask = Ask("GET", "/plain").send(server.address)
            segment = shapes.segment_of(one, ask)
            stats = one.finish()
        # a first process of its namespace takes no SIGTERM
        self.processes.stop(server.process, number=signal.SIGKILL)
        self.assertEqual((int(pid), 200), (segment.own["pid"], segment.response["status"]))
        self.assertEqual(([], {}), (traced.unbalanced(stats), traced.losses(stats)))

    def test_program_replaced(self):
        """The same process is another service now."""
        process, segments, pid = self.check("replace")
        self.assertEqual(process.pid, pid)
        self.assertEqual({"shape_server"}, {s.document["name"] for s in segments})

    def test_two_services_of_which_one_ends(self):
        servers = [shapes.shape_server(self.processes) for _ in range(2)]
        with traced.session(self.processes, [server.pid for server in servers]) as one:
            for server in servers:
                shapes.segment_of(one, Ask("GET", "/plain").send(server.address))
            self.processes.stop(servers[0].process, number=signal.SIGKILL)
            time.sleep(0.5)
            ask = Ask("GET", "/plain").send(servers[1].address)
            shapes.segment_of(one, ask)
            self.assertEqual(3, one.finish()["trace"]["requests"])

    def test_killed_in_a_request(self):
        """Its client got nothing; the segment says so, and its statements' connection too."""
        server = shapes.shape_server(self.processes)
        with traced.session(self.processes, [server.pid]) as one:
            with client.Connection(server.address) as connection:
                ask = Ask("GET", "/slow")
                ask.sent_ns = time.time_ns()
                connection.send(ask.head())
                time.sleep(0.1)
                self.processes.stop(server.process, number=signal.SIGKILL)
                ask.read(connection)
            self.assertIsNone(ask.response)
            self.assertEqual(0, one.tracer.process.popen.wait(ENDS_S))
            stats = one.finish()
        self.assertEqual([], traced.unbalanced(stats))
        found, _ = documents.segments(one.documents)
        self.assertEqual([ask.agent], [segment.user_agent for segment in found])
        self.assertTrue(found[0].document.get("fault"), found[0].document)


class Ending(Case):
    def trace(self, pid, *options):
        words = [BPFXRAY, "trace", "--pid", pid, "--no-daemon", *options]
        return subprocess.run(
            [str(word) for word in words], capture_output=True, text=True, timeout=60
        )

    def refused(self, done):
        self.assertEqual(NO_PROCESS, done.returncode, done.stderr)
        errors = [line for line in done.stderr.splitlines() if "error" in line]
        self.assertEqual(1, len(errors), done.stderr)

    def test_ended_before(self):
        ended = subprocess.Popen(["true"])
        ended.wait()
        self.refused(self.trace(ended.pid))

    def test_zombie(self):
        """It has ended, and its parent has not asked yet."""
        zombie = subprocess.Popen(["true"])
        self.addCleanup(zombie.wait)
        stat = Path(f"/proc/{zombie.pid}/stat")
        wait_until(lambda: stat.read_text().split(") ")[1][0] == "Z", 5, "no zombie")
        done = self.trace(zombie.pid)
        self.assertIn(done.returncode, (0, NO_PROCESS), done.stderr)

    def start_race(self, seconds):
        target = subprocess.Popen(["sleep", f"{seconds:.2f}"])
        # Asked for at once, so that it leaves /proc when it ends.
        threading.Thread(target=target.wait, daemon=True).start()
        words = [BPFXRAY, "trace", "--pid", str(target.pid), "--no-daemon"]
        return subprocess.Popen([str(w) for w in words], stderr=subprocess.PIPE, text=True)

    def test_ends_at_any_moment(self):
        """Refused in a line, or followed to its end: nothing else. It lives a little longer each
        time, until it has lived long enough to be attached to."""
        codes, seconds = [], 0.0
        while codes.count(0) < 2 and seconds < ENDS_S:
            tracer = self.start_race(seconds)
            errors = tracer.communicate(timeout=2 * ENDS_S)[1]
            with self.subTest(f"{seconds:.2f} s"):
                self.assertIn(tracer.returncode, (0, NO_PROCESS), errors)
                lines = [line for line in errors.splitlines() if "error" in line]
                self.assertEqual(bool(tracer.returncode), len(lines), errors)
                if not tracer.returncode:
                    self.assertIn("every traced process has ended", errors)
            codes.append(tracer.returncode)
            seconds += RACE_STEP_S
        self.assertEqual({0, NO_PROCESS}, set(codes), "none was refused, or none attached to")

    def test_thread_and_kernel_thread(self):
        server = shapes.shape_server(self.processes)
        with client.Connection(server.address):
            tasks = Path(f"/proc/{server.pid}/task")
            threads = wait_until(
                lambda: [t.name for t in tasks.iterdir() if t.name != str(server.pid)], 5, "thread"
            )
            done = self.trace(threads[0])
        self.refused(done)
        self.assertIn(f"--pid {server.pid}", done.stderr)
        self.refused(self.trace(2))

    def test_end_of_the_last_process_ends_the_trace(self):
        server = shapes.shape_server(self.processes)
        output = self.processes.directory / "out.jsonl"
        tracer = Tracer(self.processes, [server.pid], None, ("--output", output))
        for _ in range(3):
            Ask("GET", "/plain").send(server.address)
        self.processes.stop(server.process)
        self.assertEqual(0, tracer.process.popen.wait(ENDS_S))
        self.assertEqual(3, len(output.read_text().splitlines()))
        self.assertEqual(3, json.loads(tracer.stats_path.read_text())["trace"]["requests"])


if __name__ == "__main__":
    suite.main()
