#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bpfxray report: the numbers against those computed here, hostile documents, size. Its page in a
browser is test_report_page.py.
"""

import json
import re
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import paths, suite, traffic  # noqa: E402
from lib.report_case import (  # noqa: E402
    Case, aggregates, data_of, hostile_documents, lines_of, run)

SIZE_MAX = 20_000_000
CAPTURED = paths.TESTS / "fixtures" / "sdk" / "captured.jsonl"


def subsegments(documents):
    """Inside of their segments or alone, at whatever depth."""
    for document in documents:
        if document.get("type") == "subsegment":
            yield document
        yield from subsegments(document.get("subsegments", []))


def text_of(call):
    return call.get("sql", {}).get("sanitized_query")


class Numbers(Case):
    def assert_times(self, shown, times_us):
        for percent in (50, 90, 95, 99):
            wanted = traffic.percentile(times_us, percent) / 1000
            self.assertAlmostEqual(shown[f"p{percent}_ms"], wanted, 3)
        self.assertAlmostEqual(shown["average_ms"], sum(times_us) / len(times_us) / 1000, 2)
        self.assertAlmostEqual(shown["total_ms"], sum(times_us) / 1000, 3)

    def test_traces_groups_and_histogram(self):
        made = traffic.Traffic().add_many(2000, health_share=0.5)
        shown = aggregates(self.write(made.documents))
        self.assertEqual(shown["traces"]["count"], 2000)
        self.assert_times(shown["traces"], [r.us for r in made.requests])
        outcomes = Counter(traffic.OUTCOMES[r.status] for r in made.requests)
        for outcome, count in outcomes.items():
            self.assertEqual(shown["traces"][outcome], count)
        self.assertEqual(shown["traces"]["health_checks"], sum(r.health for r in made.requests))
        self.assertEqual(sum(bar["count"] for bar in shown["histogram"]), 2000)
        urls = Counter(r.url for r in made.requests)
        groups = {g["key"]: g for g in shown["groups"]["url"]["items"]}
        self.assertEqual({url: g["count"] for url, g in groups.items()}, dict(urls))
        for url, group in groups.items():
            self.assert_times(group, [r.us for r in made.requests if r.url == url])
        statuses = {g["key"]: g["count"] for g in shown["groups"]["status"]["items"]}
        self.assertEqual(statuses, dict(Counter(r.status for r in made.requests)))

    def test_map_and_statements(self):
        made = traffic.Traffic(2).add_many(500, health_share=0.2)
        shown = aggregates(self.write(made.documents))
        names = [(n["kind"], n["name"]) for n in shown["nodes"]]
        wanted = [("client", "shop"), ("database", traffic.DATABASE), ("service", "shop")]
        self.assertEqual(sorted(names), wanted)
        calls = [us for r in made.requests for us in r.statements_us]
        edges = {(names[e["from"]][0], names[e["to"]][0]): e for e in shown["edges"]}
        self.assertEqual(set(edges), {("client", "service"), ("service", "database")})
        self.assert_times(edges["service", "database"], calls)
        self.assertEqual(sum(s["count"] for s in shown["statements"]), len(calls))
        self.assertEqual(shown["documents"]["orphans"], 0)

    def test_repeated_statement_is_told(self):
        made = traffic.Traffic()
        made.add(0, 90_000, "http://shop.example/slow", statements=60)
        shown = aggregates(self.write(made.documents))
        self.assertEqual([s["most_in_one_request"] for s in shown["statements"]], [15] * 4)
        self.assertEqual([s["requests_with_repetition"] for s in shown["statements"]], [1] * 4)
        self.assertIn(b"N+1?", run("--text", self.write(made.documents)).stdout)

    def test_many_files_stdin_and_what_is_no_document(self):
        made = traffic.Traffic().add_many(50)
        half = len(made.documents) // 2
        first = self.write(made.documents[:half], "a")
        rest = lines_of(made.documents[half:])
        header = b'{"format":"json","version":1}\n'
        shown = aggregates(first, "-", stdin=header + rest + b"\n{not json}\n")
        self.assertEqual(shown["traces"]["count"], 50)
        self.assertEqual(shown["documents"]["invalid"], 1)
        whole = aggregates(self.write(made.documents, "b"))
        whole["documents"]["invalid"] = 1
        self.assertEqual(shown, whole)

    def test_documents_of_the_sdk(self):
        """What the X-Ray SDK for Python told of six requests to todobackend, as it was received:
        a statement inside of another's (Django's and the driver's), and subsegments alone.
        """
        documents = [json.loads(line) for line in CAPTURED.read_text().splitlines()]
        segments = [one for one in documents if "type" not in one]
        shown = aggregates(CAPTURED)
        self.assertEqual({"invalid": 0, "orphans": 0, "pending": 0},
                         {k: shown["documents"][k] for k in ("invalid", "orphans", "pending")})
        outcomes = Counter(
            next((word for word in ("fault", "throttle", "error") if one.get(word)), "ok")
            for one in segments)
        self.assertEqual(outcomes, Counter({k: shown["traces"][k] for k in outcomes}))
        self.assertEqual((6, 1), (shown["traces"]["count"], shown["traces"]["health_checks"]))
        urls = Counter(one["http"]["request"]["url"] for one in segments)
        self.assertEqual(urls, {g["key"]: g["count"] for g in shown["groups"]["url"]["items"]})
        calls = list(subsegments(documents))
        self.assertEqual(Counter(text_of(call) for call in calls if text_of(call)),
                         {s["text"]: s["count"] for s in shown["statements"]})
        names = [(node["kind"], node["name"]) for node in shown["nodes"]]
        database = ("database", "127.0.0.1")
        self.assertEqual(
            [("client", "todobackend"), database, ("service", "todobackend")], sorted(names))
        counts = {names[edge["to"]]: edge["count"] for edge in shown["edges"]}
        self.assertEqual(len(calls), counts[database])
        many = next(one for one in segments if "/test/many" in one["http"]["request"]["url"])
        text = run("--text", "--trace", many["trace_id"], CAPTURED).stdout.decode()
        self.assertEqual(16, text.partition("TIMELINE")[2].count("SELECT %s AS number"))

    def test_text_has_every_view(self):
        made = traffic.Traffic().add_many(50, health_share=0.3)
        path = self.write(made.documents)
        text = run("--text", path).stdout.decode()
        for view in ("SERVICE MAP", "RESPONSE TIME", "URL", "METHOD", "STATUS", "USER AGENT",
                     "CLIENT", "STATEMENT", "TIMELINE"):
            self.assertRegex(text, rf"(?m)^{view} ")
        health = sum(request.health for request in made.requests)
        self.assertRegex(text, rf"(?m)^ELB-HealthChecker/2.0 +{health} +{2 * health}.0% ")
        for status, count in Counter(request.status for request in made.requests).items():
            self.assertRegex(text, rf"(?m)^{status} +{count} ")
        chosen = made.requests[7].trace
        self.assertIn(f"trace {chosen}", run("--text", "--trace", chosen, path).stdout.decode())


class Usage(Case):
    def test_exit_codes(self):
        good = self.write(traffic.Traffic().add_many(3).documents)
        bad = self.directory / "bad"
        bad.write_text("{}\n")
        table = [
            ([good, "--text"], 0),
            (["--help"], 0),
            ([], 2),
            ([good], 2),
            ([good, "--text", "--json"], 2),
            ([good, "--json", "--trace", "x"], 2),
            ([good, "--text", "--trace", "1-none"], 2),
            ([good, "--colour"], 2),
            ([good, "-o"], 2),
            ([self.directory / "absent", "--text"], 2),
            ([self.directory, "--text"], 2),
            ([bad, "--text"], 2),
            ([good, "-o", self.directory / "no" / "dir.html"], 6),
            ([good, "-o", "/dev/full"], 6),
        ]
        for arguments, code in table:
            with self.subTest(arguments=[str(a) for a in arguments]):
                done = run(*arguments, check=False)
                self.assertEqual(done.returncode, code, done.stderr.decode())
                self.assertEqual(bool(done.stderr), code != 0)

    def test_empty_input_is_an_empty_report(self):
        path = self.directory / "empty"
        path.touch()
        self.assertEqual(aggregates(path)["traces"]["count"], 0)


class Page(Case):
    def test_hostile_documents_stay_data(self):
        page = self.page(hostile_documents().documents).read_text()
        empty = self.directory / "empty.html"
        run("-", "-o", empty, stdin=b"")
        for tag in ("<script", "</script", "<img", "<!--"):
            self.assertEqual(page.count(tag), empty.read_text().count(tag), tag)
        data = data_of(page)
        self.assertIn("onerror", json.dumps(data["data"]["aggregates"]["groups"]["url"]))
        self.assertEqual(len(data["documents"]["0"]), 4)

    def test_a_line_that_only_some_parsers_take(self):
        """cJSON is lenient; the page must be JSON to a browser, whatever a line was."""
        good = lines_of(traffic.Traffic().add_many(2).documents)
        odd = lines_of(traffic.Traffic(9).add_many(1).documents)
        odd = odd.replace(b'"metadata"', b'"x":01,"y":"\t\xff","metadata"')
        path = self.directory / "odd.html"
        run("-", "-o", path, stdin=good + odd)
        self.assertEqual(len(data_of(path.read_text())["documents"]), 3)

    def test_policy_and_no_address(self):
        page = self.page(traffic.Traffic().add_many(20).documents).read_text()
        head = page.split("</head>")[0]
        policy = re.search(r'Content-Security-Policy" content="([^"]+)"', head).group(1)
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        tags = r"<(link|iframe|img|object|embed)\b"
        self.assertIsNone(re.search(rf"(?i){tags}|\bsrc=|@import|url\((?!#)", page))

    def test_a_hundred_thousand_traces(self):
        made = traffic.Traffic(3).add_many(100_000, urls=20_000)
        source = self.write(made.documents)
        path = self.directory / "report.html"
        began = time.monotonic()
        run(source, "-o", path)
        took = time.monotonic() - began
        self.assertLess(path.stat().st_size, SIZE_MAX)
        data = data_of(path.read_text())
        rows = data["data"]["rows"]
        self.assertEqual(data["data"]["aggregates"]["traces"]["count"], 100_000)
        self.assertEqual(Counter(rows["us"]), Counter(r.us for r in made.requests))
        self.assertGreater(len(data["documents"]), 1000)
        slowest = max(range(len(rows["us"])), key=lambda row: rows["us"][row])
        self.assertTrue(str(slowest) in data["documents"])
        size = path.stat().st_size / 1e6
        whole = len(data["documents"])
        print(f"     100,000 traces: {took:.1f} s, {size:.1f} MB, {whole} with documents")

    @suite.full
    def test_large_texts_stay_below_the_size(self):
        """Every URL, agent and statement is new and full of what needs an escape."""
        made = traffic.Traffic(4)
        for i in range(30_000):
            made.add(i, 1000, f"http://x/{i}/" + "<" * 900, agent=f"{i}" + '"\x01' * 400)
        path = self.page(made.documents)
        self.assertLess(path.stat().st_size, SIZE_MAX)
        data = data_of(path.read_text())["data"]
        self.assertLess(len(data["rows"]["us"]), 30_000)
        self.assertEqual(data["aggregates"]["traces"]["count"], 30_000)


if __name__ == "__main__":
    suite.main()
