#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What happens to the tracer and to its target: killed and restarted, the kernel side's memory too
small, descriptors and memory short, a clock that steps, a worker killed in a request, documents of
many sizes. The service is under load throughout, its answers are checked, its requests counted, and
the books balance (Tracer.stop() asks for that). What happens to the daemons: test_delivery.py; to
the output: test_robust.py.
"""
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import unittest
import urllib.request
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import load, services, suite, traced  # noqa: E402
from lib.client import ProtocolError  # noqa: E402
from lib.daemon import Daemon  # noqa: E402
from lib.loaded import CLIENTS, agent_of, ids_after, ids_in, prepare, under_load  # noqa: E402
from lib.netns import Namespace  # noqa: E402
from lib.paths import BPFXRAY, TESTS  # noqa: E402
from lib.process import Processes, wait_until  # noqa: E402
from lib.tracer import Tracer  # noqa: E402

HOUR_S = 3600
MEMORY_CGROUPS = Path("/sys/fs/cgroup/memory")
MEMORY_LIMIT = 64 << 20
SMALL_RING = 65536
# Requests whose records, eight or more each, are more than the 8 MiB of the usual ring.
WHOLE_RING = 800
# The least that a request with its statements takes of the ring.
RECORD = 500
# A token bucket on loopback: through the narrow one a few documents pass, the wide one is none.
# Documents of 64 KiB fit its bucket, and the socket's buffer is full before the bucket's queue.
NARROW = ("rate", "64kbit", "burst", "100kb", "latency", "60s")
WIDE = ("rate", "10gbit", "burst", "10mb", "latency", "60s")


def size_of(document):
    return len(json.dumps(document, separators=(",", ":")))


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.resources = ExitStack()
        cls.addClassCleanup(cls.resources.close)
        stack = cls.resources.enter_context(services.running("gunicorn-gthread", "pymysql"))
        cls.server = stack.server
        prepare(cls.server)

    def setUp(self):
        self.processes = self.enterContext(Processes())
        self.daemon = self.enterContext(Daemon())

    def start(self, name="bpfxray", options=(), **how):
        tracer = Tracer(
            self.processes, [self.server.pid], self.daemon.address, options, name=name, **how)
        self.ready_ns = time.time_ns()
        return tracer

    def stop(self, tracer):
        stats = tracer.stop()
        self.daemon.wait_quiet(0.3)
        self.daemon.close()
        self.assertEqual(([], 0), (self.daemon.bad, self.daemon.lost))
        return stats

    def check_all(self, sent, stats):
        """Every request since `ready` is there once, and nothing is counted as lost."""
        found = ids_in(self.daemon.documents)
        self.assertEqual(len(found), len(set(found)), "a request came twice")
        missing = ids_after(sent, self.ready_ns) - set(found)
        self.assertEqual(set(), missing, f"{len(missing)} of {len(sent)} are missing: {stats}")
        self.assertEqual({}, traced.losses(stats))

    def test_killed_and_restarted(self):
        with under_load(self.server) as sent:
            first = self.start("first")
            wait_until(lambda: len(self.daemon.documents) > 20, 30, "nothing arrives")
            first.kill()
            second = self.start("second")
            sent.wait_more()
        time.sleep(0.5)
        stats = self.stop(second)
        self.check_all(sent, stats)

    def ask_and_stay(self):
        """Forty more connections with a request each; while the tracer sleeps nobody gives their
        places back."""
        request = b"GET /todos HTTP/1.1\r\nHost: x\r\n\r\n"
        for _ in range(40):
            one = load.client.Connection(self.server.address)
            self.addCleanup(one.close)
            one.send(request)
            self.assertEqual(200, one.read_response("GET").status)

    def check_losses_are_counted(self, option, causes, meanwhile=lambda: None):
        with under_load(self.server) as sent:
            tracer = self.start(options=option)
            sent.wait_more()
            os.kill(tracer.pid, signal.SIGSTOP)
            meanwhile()
            sent.wait_more(2 * SMALL_RING // RECORD)
            os.kill(tracer.pid, signal.SIGCONT)
            sent.wait_more()
        time.sleep(0.5)
        stats = self.stop(tracer)
        found = ids_in(self.daemon.documents)
        missing = ids_after(sent, self.ready_ns) - set(found)
        lost = sum(stats["kernel"][cause] for cause in causes)
        self.assertGreater(lost, 0, "nothing was lost: the memory was not too small")
        self.assertEqual(len(found), len(set(found)), "a request came twice")
        self.assertLessEqual(len(missing), lost, stats)

    def test_ring_too_small(self):
        self.check_losses_are_counted(
            ("--ring-bytes", str(SMALL_RING)), ("lost_ring_full", "lost_fragments"))

    def test_pool_too_small(self):
        self.check_losses_are_counted(
            ("--open-exchanges", "16"), ("lost_pool_full",), self.ask_and_stay)

    def test_clock_that_steps(self):
        shim, clock = (self.processes.directory / name for name in ("shim.so", "clock"))
        subprocess.run(
            ["gcc", "-shared", "-fPIC", "-o", shim, TESTS / "lib" / "clock_shim.c", "-ldl"],
            check=True)
        clock.write_text("0")
        tracer = self.start(env={"LD_PRELOAD": str(shim), "CLOCK_SHIM": str(clock)})
        with under_load(self.server) as sent:
            for offset in (0, HOUR_S, -HOUR_S):
                clock.write_text(str(offset))
                sent.wait_more(400)  # several of the tracer's ticks long
        time.sleep(0.5)
        stats = self.stop(tracer)
        self.check_all(sent, stats)
        shifts = set()
        for one in self.daemon.documents:
            self.assertLess(0, one["end_time"] - one["start_time"], one)
            self.assertLess(one["end_time"] - one["start_time"], HOUR_S / 2, one)
            for child in one.get("subsegments", ()):
                self.assertGreaterEqual(child["start_time"], one["start_time"])
                self.assertLessEqual(child["end_time"], one["end_time"])
            shifts.add(round((one["start_time"] - time.time()) / HOUR_S))
        self.assertEqual({-1, 0, 1}, shifts)

    def of(self, agent, open_ones):
        return [one for one in self.daemon.documents
                if agent_of(one) == agent and bool(one.get("in_progress")) == open_ones]

    def kill_workers_in_a_request(self, agent):
        """Its client gets no answer."""
        children = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children").read_text()
        with load.client.Connection(self.server.address) as conn:
            conn.send(f"GET /test/slow?ms=60000 HTTP/1.1\r\nHost: x\r\n"
                      f"User-Agent: {agent}\r\n\r\n".encode())
            wait_until(lambda: self.of(agent, True), 30, "the request is not seen")
            for pid in children.split():
                os.kill(int(pid), signal.SIGKILL)
            with self.assertRaises((OSError, ProtocolError)):
                conn.read_response("GET")

    def test_worker_killed_in_a_request(self):
        tracer = self.start(options=("--in-progress", "1"))
        self.kill_workers_in_a_request("killed-meanwhile")
        wait_until(self.serves_again, 30, "the server does not come back")
        self.ready_ns = time.time_ns()
        with under_load(self.server) as sent:
            sent.wait_more()
        time.sleep(0.5)
        self.stop(tracer)
        killed = self.of("killed-meanwhile", False)
        self.assertEqual(1, len(killed))
        self.assertTrue(killed[0]["fault"], killed)
        found = ids_in(self.daemon.documents)
        self.assertEqual(set(), ids_after(sent, self.ready_ns) - set(found))

    def serves_again(self):
        try:
            url = "http://%s:%d/todos" % self.server.address
            return urllib.request.urlopen(url, timeout=5).status == 200
        except OSError:
            return False

    def parts_of(self, agent):
        """The segment of the request of @agent, and its subsegments that came alone."""
        segment = next(d for d in self.daemon.documents if agent_of(d) == agent)
        return segment, [
            d for d in self.daemon.documents
            if d.get("type") == "subsegment" and d["trace_id"] == segment["trace_id"]]

    def check_parts(self, segment, alone, statements):
        """All of it is there, each part a document of its own; how large they are together."""
        for one in alone:
            self.assertEqual(segment["id"], one["parent_id"])
        inside = segment.get("subsegments", [])
        texts = [one["sql"].get("sanitized_query", "") for one in alone + inside]
        self.assertGreaterEqual(sum("SELECT" in text for text in texts), statements)
        return sum(map(size_of, (segment, *alone)))

    def test_documents_of_many_sizes(self):
        """From one of 1 KB to one of 200 KB, which no datagram can hold."""
        counts = (1, 30, 120, 250, 600)
        with under_load(self.server) as sent:
            tracer = self.start()
            for n in counts:
                request = urllib.request.Request(
                    "http://%s:%d/test/many?n=%d" % (*self.server.address, n),
                    headers={"User-Agent": f"many-{n}"})
                urllib.request.urlopen(request, timeout=60).read()
        time.sleep(0.5)
        stats = self.stop(tracer)
        self.check_all(sent, stats)
        self.assertEqual(0, stats["udp"]["too_large"])
        parts = [self.parts_of(f"many-{n}") for n in counts]
        sizes = [self.check_parts(*one, n) for one, n in zip(parts, counts)]
        self.assertLess(min(map(size_of, self.daemon.documents)), 1000)
        self.assertGreater(sizes[-1], 200_000)
        self.assertGreaterEqual(sum(bool(alone) for _, alone in parts), 2, "nothing was split")

    def test_descriptors_run_out(self):
        with under_load(self.server) as sent:
            tracer = self.start()
            sent.wait_more()
            usual = {}
            for pid in (tracer.pid, tracer.attacher):
                used = len(os.listdir(f"/proc/{pid}/fd"))
                usual[pid] = resource.prlimit(pid, resource.RLIMIT_NOFILE)
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, usual[pid][1]))
            time.sleep(2)
            for pid, limits in usual.items():
                resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
            sent.wait_more()
        time.sleep(0.5)
        self.check_all(sent, self.stop(tracer))

    def test_attacher_is_stopped(self):
        with under_load(self.server) as sent:
            tracer = self.start()
            sent.wait_more()
            os.kill(tracer.attacher, signal.SIGSTOP)
            # Of the ring more than there is; what is held beside it has room for twice as much.
            sent.wait_more(WHOLE_RING)
            os.kill(tracer.attacher, signal.SIGCONT)
            sent.wait_more()
        time.sleep(0.5)
        self.check_all(sent, self.stop(tracer))

    def shape(self, *words):
        subprocess.run(["tc", "qdisc", *words], check=True, capture_output=True, text=True)

    def queued(self, tracer):
        """Documents that the socket did not take yet, by the tracer's own counters of now."""
        before = tracer.stats_path.stat().st_mtime_ns if tracer.stats_path.exists() else 0
        os.kill(tracer.pid, signal.SIGUSR1)
        wait_until(lambda: tracer.stats_path.exists() and
                   tracer.stats_path.stat().st_mtime_ns != before, 30, "no counters")
        return json.loads(tracer.stats_path.read_text())["udp"]["queued"]

    def test_socket_buffer_full(self):
        if not shutil.which("tc"):
            self.skipTest("tc (iproute2) is not installed")
        # the load's threads begin outside, where the service is
        with under_load(self.server) as sent, Namespace().entered():
            try:
                self.shape("add", "dev", "lo", "root", "tbf", *NARROW)
            except subprocess.CalledProcessError as error:
                self.skipTest(f"no token bucket in this kernel: {error.stderr.strip()}")
            self.daemon = self.enterContext(Daemon())
            tracer = self.start()
            wait_until(lambda: self.queued(tracer) > 20, 60, "the socket takes everything")
            self.shape("change", "dev", "lo", "root", "tbf", *WIDE)
            wait_until(lambda: not self.queued(tracer), 60, "the queue stays")
        time.sleep(0.5)
        self.check_all(sent, self.stop(tracer))

    def test_memory_limit(self):
        group = MEMORY_CGROUPS / f"bpfxray-test-{os.getpid()}"
        try:
            group.mkdir()
            (group / "memory.limit_in_bytes").write_text(str(MEMORY_LIMIT))
        except OSError as error:
            self.skipTest(f"no control group for memory here: {error}")
        self.addCleanup(lambda: wait_until(lambda: group.rmdir() is None, 10, "the group stays"))
        launcher = self.processes.directory / "limited"
        launcher.write_text(
            f'#!/bin/sh\necho $$ > {group}/cgroup.procs\nexec {BPFXRAY} "$@"\n')
        launcher.chmod(0o755)
        with under_load(self.server) as sent:
            tracer = self.start(program=launcher)
            time.sleep(4)
        time.sleep(0.5)
        stats = self.stop(tracer)
        most = int((group / "memory.max_usage_in_bytes").read_text())
        self.assertGreater(most, 1 << 20, "the limit did not apply to the tracer")
        self.assertLessEqual(most, MEMORY_LIMIT)
        self.check_all(sent, stats)

    def test_new_connection_for_each_request(self):
        plan = load.Plan(self.server.address, kinds={"missing": load.TODO_KINDS["missing"]})
        tracer = self.start()
        sent = load.run(plan, 2000, 2 * CLIENTS)
        time.sleep(0.5)
        stats = self.stop(tracer)
        self.assertEqual([], [one for one in sent if one.status != 404])
        self.check_all(sent, stats)


if __name__ == "__main__":
    suite.main()
