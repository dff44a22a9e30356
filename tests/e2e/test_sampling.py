#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--sampling with the real program: the daemon's rules, quotas and reports, rules from a file, the
caller's decision, and a daemon that does not answer. The sampling service is a stand-in
(lib/sampling_service.py); every branch with injected time is in tests/unit/test_sampl*.c.
"""

import http.client
import json
import subprocess
import sys
import time
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import suite, traced  # noqa: E402
from lib.daemon import Daemon  # noqa: E402
from lib.paths import BPFXRAY  # noqa: E402
from lib.plain import Plain  # noqa: E402
from lib.process import Processes, wait_until  # noqa: E402
from lib.sampling_service import SamplingService, rule  # noqa: E402

WAIT_S = 30
ROOT = "1-5759e988-bd862e3fe1be46a994272793"
PARENT = "53995c3f42cd8ad8"


class Sampling(unittest.TestCase):
    """Each test has a file server of its own; each tracer on it a receiver of its segments."""

    def setUp(self):
        self.processes = self.enterContext(Processes())
        self.plain = Plain(self.processes)
        self.started = 0

    def trace(self, sampling, options=(), **how):
        self.started += 1
        self.asked, self.asked_of = 0, Counter()
        self.daemon = Daemon()
        self.addCleanup(self.daemon.close)
        self.session = traced.Session(
            self.processes, [self.plain.pid], self.daemon, options, sampling=sampling,
            name=f"bpfxray-{self.started}", **how)
        return self.session

    def ask(self, path="/", header=None, count=1):
        host, _, port = self.plain.url.removeprefix("http://").rstrip("/").partition(":")
        for _ in range(count):
            connection = http.client.HTTPConnection(host, int(port), timeout=10)
            connection.request("GET", path, headers={"X-Amzn-Trace-Id": header} if header else {})
            connection.getresponse().read()
            connection.close()
            self.asked += 1
            self.asked_of[path] += 1

    def wait_called(self, call, times):
        """Until the tracer has taken in so many answers of the sampling service."""
        self.wait_counted(
            f"{call}: no answer", lambda now: now["sampling_calls"][call] >= times)

    def wait_counted(self, what, condition):
        """Until @condition is true of the tracer's counters."""
        tell = self.session.tracer.counters
        wait_until(lambda: condition(tell()), WAIT_S, what, interval_s=0.1)

    def settle(self):
        """Until every request is decided upon, and what was sent of them has arrived."""
        self.wait_counted(
            "requests are missing",
            lambda now: now["trace"]["requests"] == self.asked
            and now["udp"]["sent"] == len(self.daemon.documents))

    def ask_within_one_second(self, path, count):
        """Until all were asked in one second of the clock: what a reservoir gives is known then."""
        while True:
            self.settle()
            time.sleep(1.05 - time.time() % 1)
            before = len(self.segments(path))
            second = int(time.time())
            self.ask(path, count=count)
            if int(time.time()) == second:
                self.settle()
                return len(self.segments(path)) - before

    def segments(self, path=""):
        urls = [(one, one["http"]["request"]["url"]) for one in self.daemon.documents]
        return [one for one, url in urls if url.endswith(path)]

    def rule_names(self, path):
        return {one["aws"]["xray"].get("sampling_rule_name") for one in self.segments(path)}

    def finish(self):
        stats = self.session.finish()
        self.assertEqual([], traced.unbalanced(stats))
        return stats

    def test_rules_reports_and_quota_of_the_daemon(self):
        rules = [
            rule("health", 1, rate=0, URLPath="/healthz"),
            rule("borrowing", 2, rate=0, reservoir=50, URLPath="/borrowing"),
            rule("limited", 3, rate=0, reservoir=50, URLPath="/limited"),
            rule("Default", 10000, rate=1),
        ]
        limited = {"FixedRate": 0.0, "ReservoirQuota": 3, "Interval": 10}
        limited["ReservoirQuotaTTL"] = int(time.time()) + 600
        with SamplingService(rules, [{"RuleName": "limited", **limited}]) as service:
            service.page_size = 2
            session = self.trace("auto", rules_at=service.address)
            self.wait_called("rules_fetched", 1)
            self.ask("/healthz", count=8)
            self.ask("/x", count=8)
            self.ask("/limited")
            self.assertEqual(1, self.ask_within_one_second("/borrowing", 8))
            wait_until(lambda: "limited" in self.totals(service), WAIT_S, "nothing is reported")
            told = len({one["Timestamp"] for one in service.reported})
            self.wait_called("targets_fetched", told)
            self.assertEqual(3, self.ask_within_one_second("/limited", 8), "of the quota")
            self.check_reports(service)
            stats = self.finish()
        self.assertEqual(8, len(self.segments("/x")))
        self.assertEqual({"Default"}, self.rule_names("/x"))
        self.assertEqual({"limited"}, self.rule_names("/limited"))
        self.assertEqual([], self.segments("/healthz"))
        self.assertEqual([{}, {"NextToken": "2"}], service.asked[:2])
        self.assertEqual(0, stats["sampling"]["local_decisions"])
        self.assertNotIn("does not answer", session.messages)

    def totals(self, service):
        """Of each rule what its reports say in all: requests, sampled, borrowed."""
        sums = {}
        for one in list(service.reported):
            counts = [one[f"{what}Count"] for what in ("Request", "Sampled", "Borrow")]
            known = sums.get(one["RuleName"], [0, 0, 0])
            sums[one["RuleName"]] = [a + b for a, b in zip(known, counts)]
        return sums

    def check_reports(self, service):
        """Each request is reported once, and what was borrowed is counted as that alone."""
        def borrowing_is_whole():
            return self.totals(service).get("borrowing", [0])[0] >= self.asked_of["/borrowing"]

        wait_until(borrowing_is_whole, WAIT_S, "requests are not reported")
        totals = self.totals(service)
        self.assertEqual([8, 0, 0], totals["health"])
        self.assertEqual([8, 8, 0], totals["Default"])
        borrowed = len(self.segments("/borrowing"))
        self.assertEqual([self.asked_of["/borrowing"], 0, borrowed], totals["borrowing"])
        self.assertEqual(1, len({one["ClientID"] for one in service.reported}))
        self.assertRegex(service.reported[0]["ClientID"], "^[0-9a-f]{24}$")

    def test_daemon_that_nobody_hears(self):
        self.trace("auto")
        wait_until(lambda: "does not answer" in self.session.tracer.messages(), WAIT_S, "no line")
        self.assertGreaterEqual(self.ask_within_one_second("/x", 10), 1)
        stats = self.finish()
        self.assertEqual({None}, self.rule_names("/x"))
        self.assertEqual(0, stats["sampling"]["central_decisions"])
        self.assertGreaterEqual(stats["sampling"]["sampled_by_reservoir"], 1)
        self.assertEqual(1, self.session.messages.count("does not answer"))

    def test_daemon_that_takes_a_call_and_is_silent(self):
        """What the caller wants sampled arrives while the question is under way."""
        with SamplingService([rule("Default", 10000, rate=1)]) as service:
            service.answering.clear()
            self.trace("auto", rules_at=service.address)
            wait_until(lambda: service.silent, WAIT_S, "nothing is asked")
            self.ask("/x", header=f"Root={ROOT};Parent={PARENT};Sampled=1", count=5)
            wait_until(lambda: len(self.segments("/x")) == 5, WAIT_S, "segments wait")
            self.assertNotIn("does not answer", self.session.tracer.messages())
            self.finish()

    @suite.full
    def test_daemon_that_answers_again(self):
        with SamplingService([rule("Default", 10000, rate=1)]) as service:
            service.status = 503
            self.trace("auto", rules_at=service.address)
            told = self.session.tracer.messages
            wait_until(lambda: "(status 503)" in told(), WAIT_S, "no line")
            service.status = 200
            wait_until(lambda: "answers for sampling again" in told(), WAIT_S, "not asked again")
            self.wait_called("rules_fetched", 1)
            self.ask("/x", count=5)
            self.finish()
        self.assertEqual(["Default"] * 5, [
            one["aws"]["xray"]["sampling_rule_name"] for one in self.segments("/x")])

    def rules_file(self, document):
        path = self.processes.directory / "rules.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    def test_rules_of_a_file(self):
        for version, host in ((2, "host"), (1, "service_name")):
            never = {host: "*", "http_method": "GET", "url_path": "/never*"}
            always = {**never, "url_path": "/always"}
            path = self.rules_file({
                "version": version,
                "default": {"fixed_target": 0, "rate": 0.0},
                "rules": [
                    {**never, "fixed_target": 0, "rate": 0},
                    {**always, "fixed_target": 0, "rate": 1},
                ],
            })
            with self.subTest(version=version):
                self.trace(path)
                for target in ("/never", "/always", "/other"):
                    self.ask(target, count=5)
                stats = self.finish()
                urls = Counter(one["http"]["request"]["url"] for one in self.daemon.documents)
                self.assertEqual({self.plain.url + "always": 5}, dict(urls))
                self.assertEqual({None}, self.rule_names("/always"))
                self.assertEqual(10, stats["sampling"]["left_out_by_rate"])

    def test_files_that_are_refused(self):
        for text, says in (
            ("{", "line 1: this is not JSON"),
            ('{"version": 3, "default": {}}', '"version" must be 1 or 2'),
            ('{"version": 2}', '"default" is missing'),
            ('{"version": 2, "default": {"fixed_target": 1, "rate": 2}}', "from 0 to 1"),
        ):
            command = [BPFXRAY, "trace", "--pid", str(self.plain.pid), "--no-daemon",
                       "--sampling", self.rules_file(text)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            self.assertEqual(2, done.returncode, done.stderr)
            self.assertIn(says, done.stderr)
            self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)

    def test_the_callers_decision(self):
        known = f"Root={ROOT};Parent={PARENT}"
        self.trace("all")
        for path, header in (
            ("/no", f"{known};Sampled=0"),
            ("/yes", f"Sampled=1; Parent={PARENT} ;Root={ROOT};Lineage=a:1|b:2"),
            ("/ask", f"{known};Sampled=?"),
            ("/self", f"Self=1-67891234-12456789abcdef012345678;Root={ROOT}"),
            ("/bad", "Root=1-5759e988-bd86;Parent=oops"),
            ("/none", None),
        ):
            self.ask(path, header)
        stats = self.finish()
        traces = {one["http"]["request"]["url"].rpartition("/")[2]: one for one in self.segments()}
        self.assertEqual({"yes", "ask", "self", "bad", "none"}, set(traces))
        for name in ("yes", "ask", "self"):
            self.assertEqual(ROOT, traces[name]["trace_id"])
        self.assertEqual(PARENT, traces["yes"]["parent_id"])
        self.assertNotIn("parent_id", traces["self"])
        self.assertNotEqual(ROOT, traces["bad"]["trace_id"])
        counted = stats["session"]
        self.assertEqual((4, 1), (counted["traces_joined"], counted["trace_headers_malformed"]))
        self.assertEqual(1, stats["sampling"]["left_out_by_header"])

    def test_nothing_at_all(self):
        for sampling, env in (("none", None), ("all", {"AWS_XRAY_SDK_ENABLED": "False"})):
            with self.subTest(sampling=sampling):
                self.trace(sampling, env=env)
                self.ask("/x", header=f"Root={ROOT};Sampled=1", count=3)
                stats = self.finish()
                self.assertEqual([], self.daemon.documents)
                self.assertEqual(3, stats["sampling"]["left_out_by_mode"])
                self.assertEqual(3, stats["trace"]["requests"])

    def test_names_by_pattern(self):
        self.trace("all", options=("--name", "shop", "--name-pattern", "127.0.*"))
        self.ask("/x")
        self.finish()
        host = self.plain.url.removeprefix("http://").rstrip("/")
        self.assertEqual([host], [one["name"] for one in self.segments("/x")])


if __name__ == "__main__":
    suite.main()
