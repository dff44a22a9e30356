#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Documents on their way to the daemons while something is wrong with them: absent, late, killed,
one of two, behind a router that refuses; DNS down, silent, without the name, with another answer.
The service is under load throughout, its answers are checked, its requests counted, and the books
balance (Tracer.stop() asks for that)."""
import json
import os
import signal
import sys
import time
import unittest
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import books, icmp, services, suite, traced  # noqa: E402
from lib.daemon import Daemon  # noqa: E402
from lib.dns import Dns  # noqa: E402
from lib.loaded import ids_after, ids_in, prepare, under_load  # noqa: E402
from lib.mariadb import free_port  # noqa: E402
from lib.paths import BPFXRAY  # noqa: E402
from lib.process import Processes, wait_until  # noqa: E402
from lib.tracer import Tracer  # noqa: E402

NAME = "xray.services.test"
# Documents that may be sent before a refusal is known, each time a daemon dies: a batch
# (emit/udp_private.h). On an idle machine the first one's answer comes before the second is sent.
BLIND = 32


class Delivery(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.resources = ExitStack()
        cls.addClassCleanup(cls.resources.close)
        stack = cls.resources.enter_context(services.running("gunicorn-gthread", "pymysql"))
        cls.server = stack.server
        prepare(cls.server)

    def setUp(self):
        self.processes = self.enterContext(Processes())
        self.port = free_port()
        self.kernel = None

    def start(self, daemon=None, program=BPFXRAY, options=()):
        tracer = Tracer(
            self.processes, [self.server.pid], daemon or f"127.0.0.1:{self.port}",
            options, program=program)
        self.ready_ns = time.time_ns()
        return tracer

    def daemon(self, address="127.0.0.1"):
        return self.enterContext(Daemon(address=address, port=self.port))

    def stop(self, tracer, *daemons):
        """Ends the tracer; returns its counters and the documents of @daemons."""
        stats = tracer.stop()
        documents = []
        for daemon in daemons:
            daemon.wait_quiet(0.3)
            daemon.close()
            self.assertEqual(([], 0), (daemon.bad, daemon.lost))
            documents += daemon.documents
        return stats, documents

    def check_all_arrived(self, sent, stats, documents, but=0):
        """Every request since `ready` once, but for @but that nobody can know of."""
        found = ids_in(documents)
        missing = ids_after(sent, self.ready_ns) - set(found)
        self.assertEqual(len(found), len(set(found)), "a request came twice")
        self.assertLessEqual(len(missing), but, sorted(missing)[:5])
        self.assertGreaterEqual(len(documents), stats["udp"]["sent"] - but)
        self.assertLessEqual(len(documents), stats["udp"]["sent"])
        self.assertEqual({}, traced.losses(stats))

    def test_daemon_that_starts_later(self):
        with under_load(self.server) as sent:
            tracer = self.start()
            wait_until(lambda: tracer.counters()["udp"]["refused"], 30, "nobody refuses")
            daemon = self.daemon()
            wait_until(lambda: len(daemon.documents) > 100, 30, "nothing arrives")
        time.sleep(0.5)
        stats, documents = self.stop(tracer, daemon)
        self.assertGreater(stats["udp"]["refused"], 0)
        self.check_all_arrived(sent, stats, documents, BLIND)

    def test_daemon_killed_and_restarted(self):
        first = self.daemon()
        with under_load(self.server) as sent:
            tracer = self.start()
            wait_until(lambda: len(first.documents) > 20, 30, "nothing arrives")
            first.close()
            sent.wait_more()
            second = self.daemon()
            wait_until(lambda: len(second.documents) > 100, 30, "nothing arrives any more")
        time.sleep(0.5)
        stats, documents = self.stop(tracer, first, second)
        self.check_all_arrived(sent, stats, documents, BLIND)

    def test_daemon_that_never_comes(self):
        with under_load(self.server) as sent:
            tracer = self.start(options=("--queue-documents", "50"))
            sent.wait_more(200)
        stats, _ = self.stop(tracer)
        self.assertGreater(stats["udp"]["dropped_full"], 0)
        self.assertGreater(stats["udp"]["dropped_unsent"], 0)
        self.assertLessEqual(stats["udp"]["dropped_unsent"], 50)

    def test_two_daemons_of_which_one_dies(self):
        stays, dies = self.daemon("127.0.71.1"), self.daemon("127.0.71.2")
        with Dns(self.processes, {NAME: ["127.0.71.2", "127.0.71.1"]}, ttl=60) as dns:
            with under_load(self.server) as sent:
                tracer = self.start(f"{NAME}:{self.port}", dns.launcher(BPFXRAY))
                wait_until(lambda: len(dies.documents) > 20, 20, "nothing goes to the second")
                dies.close()
                count = len(stays.documents)
                wait_until(lambda: len(stays.documents) > count + 50, 20, "the first one idles")
                wait_until(lambda: dns.questions > 3, 20, "a refusal asks again before the TTL")
            time.sleep(0.5)
            stats, documents = self.stop(tracer, stays, dies)
        traces = [{d["trace_id"] for d in one.documents} for one in (stays, dies)]
        self.assertEqual(set(), traces[0] & traces[1], "a trace went to both")
        self.check_all_arrived(sent, stats, documents, BLIND)

    def test_daemon_that_a_router_calls_unreachable(self):
        daemon = self.daemon("127.0.74.1")
        with Dns(self.processes, {NAME: ["127.0.74.1"]}, ttl=3600) as dns:
            with under_load(self.server) as sent:
                tracer = self.start(f"{NAME}:{self.port}", dns.launcher(BPFXRAY))
                wait_until(lambda: daemon.documents, 20, "nothing arrives")
                asked = dns.questions
                icmp.host_unreachable(tracer.pid, "127.0.74.1", self.port)
                wait_until(lambda: dns.questions > asked, 20, "the name is not asked for again")
                count = len(daemon.documents)
                wait_until(lambda: len(daemon.documents) > count + 20, 20, "it is left alone")
            time.sleep(0.5)
            stats, documents = self.stop(tracer, daemon)
        self.assertEqual(1, stats["udp"]["refused"])
        self.check_all_arrived(sent, stats, documents)

    def test_name_that_comes_into_being(self):
        daemon = self.daemon("127.0.72.1")
        with Dns(self.processes, {}) as dns:
            with under_load(self.server) as sent:
                tracer = self.start(f"{NAME}:{self.port}", dns.launcher(BPFXRAY))
                time.sleep(1)
                self.assertIn("cannot be resolved", tracer.messages())
                dns.names[NAME] = ["127.0.72.1"]
                wait_until(lambda: daemon.documents, 15, "nothing arrives")
            time.sleep(0.5)
            stats, documents = self.stop(tracer, daemon)
        self.check_all_arrived(sent, stats, documents)

    def test_dns_that_fails_and_answers_that_change(self):
        """While nothing can be asked the last set is kept; each failure is told once."""
        old, new = self.daemon("127.0.73.1"), self.daemon("127.0.73.2")
        with Dns(self.processes, {NAME: ["127.0.73.1"]}) as dns:
            with under_load(self.server) as sent:
                tracer = self.start(f"{NAME}:{self.port}", dns.launcher(BPFXRAY))
                wait_until(lambda: old.documents, 10, "nothing arrives")

                def told(what, times):
                    wait_until(lambda: tracer.messages().count(what) == times, 30,
                               f"{what}: not told")

                ways = ((dns.close, dns.start), (dns.fall_silent, dns.speak),
                        (dns.names.clear, lambda: dns.names.update({NAME: ["127.0.73.1"]})))
                for times, (fail, repair) in enumerate(ways, 1):
                    fail()
                    told("cannot be resolved", times)
                    count = len(old.documents)
                    wait_until(lambda n=count: len(old.documents) > n + 20, 10, "not kept")
                    repair()
                    told("the name resolves again", times)
                dns.names[NAME] = ["127.0.73.2"]
                wait_until(lambda: len(new.documents) > 20, 20, "the new address gets nothing")
            time.sleep(0.5)
            stats, documents = self.stop(tracer, old, new)
        self.assertEqual(len(ways), tracer.messages().count("cannot be resolved"), "told once")
        self.check_all_arrived(sent, stats, documents)

    def at_rest(self, tracer):
        """Its counters of now, when nothing is under way in it nor was in the kernel."""
        tracer.stats_path.unlink(missing_ok=True)
        os.kill(tracer.pid, signal.SIGUSR1)
        wait_until(tracer.stats_path.exists, 30, "SIGUSR1 writes no statistics")
        stats = json.loads(tracer.stats_path.read_text())
        before, self.kernel = self.kernel, stats["kernel"]
        return stats if before == stats["kernel"] and not books.unfinished(stats) else None

    def test_books_balance_at_rest_and_metrics_tell_the_same(self):
        daemon = self.daemon()
        metrics = self.processes.directory / "metrics.prom"
        tracer = self.start(options=("--metrics", metrics))
        with under_load(self.server) as sent:
            sent.wait_more()
            os.kill(tracer.pid, signal.SIGSTOP)
            time.sleep(2)
            os.kill(tracer.pid, signal.SIGCONT)
            sent.wait_more()
        at_rest = wait_until(lambda: self.at_rest(tracer), 30, "something waits for ever")
        self.assertEqual([], traced.unbalanced(at_rest))
        lines = dict(
            line.rsplit(" ", 1) for line in metrics.read_text().splitlines()
            if line and not line.startswith("#"))
        self.assertEqual(at_rest["udp"]["sent"], int(lines["bpfxray_udp_sent_total"]))
        for cause, count in at_rest["losses"].items():
            group = next(g for g in at_rest if g != "losses" and cause in at_rest[g])
            name = f'bpfxray_{group}_{cause}_total'
            self.assertEqual(count, int(lines[name]))
            lost = f'bpfxray_lost_total{{group="{group}",cause="{cause}"}}'
            self.assertEqual(count, int(lines[lost]))
        stats, documents = self.stop(tracer, daemon)
        self.assertEqual(len(documents), stats["udp"]["sent"])


if __name__ == "__main__":
    suite.main()
