#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bpfxray report: the numbers against those computed here, hostile documents, size, and every view
in a real browser when there is one. Screenshots stay in build/report/.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import browser, paths, suite, traffic  # noqa: E402

SIZE_MAX = 20_000_000
READY = "document.documentElement?.dataset.ready === 'true'"
PICTURES = paths.BUILD / "report"
EVIL = "\"'`</script><script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31m‮ \ud83d\ude00"


def run(*arguments, stdin=None, check=True):
    command = [paths.BPFXRAY, "report", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=120)
    if check and done.returncode:
        raise AssertionError(f"exit {done.returncode}: {done.stderr.decode()}")
    return done


def lines_of(documents):
    return "".join(json.dumps(document) + "\n" for document in documents).encode()


def aggregates(*arguments, **options):
    return json.loads(run("--json", *arguments, **options).stdout)


def data_of(page):
    """The two JSON elements of the page, as a browser finds them."""
    found = re.findall(r'<script type="application/json" id="(\w+)">(.*?)</script', page, re.S)
    return {name: json.loads(text) for name, text in found}


class Case(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="bpfxray-report-")
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def write(self, documents, name="segments.jsonl"):
        path = self.directory / name
        path.write_bytes(lines_of(documents))
        return path

    def page(self, documents):
        path = self.directory / "report.html"
        run(self.write(documents), "-o", path)
        return path


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

    def test_text_has_every_view(self):
        made = traffic.Traffic().add_many(50, health_share=0.3)
        path = self.write(made.documents)
        text = run("--text", path).stdout.decode()
        for view in ("SERVICE MAP", "RESPONSE TIME", "URL", "STATEMENT", "TIMELINE"):
            self.assertRegex(text, rf"(?m)^{view}")
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


def hostile_documents():
    """Every text of a document, and some keys, is script in some dress."""
    made = traffic.Traffic()
    segment = made.add(0, 5000, EVIL, 500, 3, agent=EVIL)
    segment["name"] = segment["origin"] = EVIL
    segment["http"]["request"].update({"method": EVIL, "client_ip": EVIL})
    segment["cause"] = {"exceptions": [{"id": segment["id"], "type": EVIL, "message": EVIL}]}
    segment["metadata"][EVIL] = {EVIL: EVIL}
    segment["__proto__"] = {"fault": EVIL}
    for call in made.documents[:-1]:
        call["name"] = call["sql"]["sanitized_query"] = call["sql"]["url"] = EVIL
        call["metadata"] = {"bpfxray": {"command": EVIL, "rows": EVIL, "first_byte_ms": EVIL}}
    return made


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


@unittest.skipIf(browser.missing(), browser.missing())
class Browser(Case):
    def setUp(self):
        super().setUp()
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.browser = browser.Browser()
        self.addCleanup(self.browser.__exit__)

    def open(self, documents):
        self.path = self.page(documents)
        return self.browser.open(self.path, READY)

    def js(self, expression):
        return self.browser.evaluate(expression)

    def count(self, selector):
        return self.js(f"document.querySelectorAll({selector!r}).length")

    def click(self, selector):
        self.browser.click(selector)
        # What a filter changes is drawn with the next frame.
        self.js("new Promise((done) => setTimeout(done, 100))")

    def tab_to(self, selector):
        """The way of who has no mouse."""
        for _ in range(100):
            self.browser.press("Tab")
            if self.js(f"document.activeElement.matches({selector!r})"):
                return
        self.fail(f"Tab does not get to {selector}")

    def shown(self):
        """The count in front of `of N traces`."""
        text = self.js("document.querySelector('#filter-text').textContent")
        return int(text.split(" of ")[0].replace(",", ""))

    def assert_quiet(self):
        self.assertEqual(self.browser.complaints, [])
        self.assertEqual(set(self.browser.requests), {self.path.resolve().as_uri()})

    def test_views_and_filters(self):
        made = traffic.Traffic(5).add_many(800, health_share=0.6)
        self.open(made.documents)
        self.assertEqual(self.count("#map-drawing .disc"), 3)
        self.assertEqual(self.count("#map-drawing .edge"), 2)
        self.assertEqual(self.count("#histogram .hist-bar"), 60)
        self.assertEqual(self.count("#statement-table tbody tr"), 4)
        self.assertEqual(self.shown(), 800)
        self.click("#health")
        users = [r for r in made.requests if not r.health]
        self.assertEqual(self.shown(), len(users))
        self.click("#groups tbody button")
        url, count = Counter(r.url for r in users).most_common(1)[0]
        self.assertEqual(self.shown(), count)
        self.click("#group-reset")
        self.browser.drag("#histogram", 0.1, 0.5)
        self.click("#traces-title")
        low, high = self.js("[histogramBounds[brush.from], histogramBounds[brush.to + 1]]")
        brushed = sum(low <= r.us < high for r in users)
        self.assertTrue(0 < brushed < len(users) and self.shown() == brushed, brushed)
        self.click("#brush-reset")
        self.assertEqual(self.shown(), len(users))
        self.assert_quiet()

    def test_numbers_shown_are_the_aggregates(self):
        made = traffic.Traffic(6).add_many(500, health_share=0.4)
        self.open(made.documents)
        for key in ("url", "method", "status", "user_agent", "client"):
            self.js(f"filter.key = {key!r}")
            groups = self.js(
                "groupRows(chosenRows()).map(({key, count, fault, error, throttle, times}) =>"
                " [key, count, fault, error, throttle, percentile(times, 95)])"
            )
            wanted = aggregates(self.directory / "segments.jsonl")["groups"][key]["items"]
            wanted = [
                [str(g["key"]), g["count"], g["fault"], g["error"], g["throttle"], g["p95_ms"]]
                for g in wanted
            ]
            shown = [[*group[:5], group[5] / 1000] for group in groups]
            self.assertEqual(sorted(shown), sorted(wanted), key)

    def test_timeline_by_keyboard(self):
        made = traffic.Traffic(7)
        made.add(0, 90_000, "http://shop.example/a", 500, 5)
        failed = {"id": "1" * 16, "type": "MySQLError", "message": "1146 (42S02): no table"}
        made.documents[0].update({"fault": True, "cause": {"exceptions": [failed]}})
        self.open(made.documents)
        self.tab_to("#list tbody button")
        self.browser.press("Enter")
        self.assertTrue(self.js("document.querySelector('#timeline').open"))
        self.assertEqual(self.count(".parts > details"), 6)
        self.assertEqual(self.count(".parts .phase"), 2)
        text = self.js("document.querySelector('#timeline-body').textContent")
        for what in ("SELECT ? FROM t3", "SQLSTATE42S02", "queue time", "time to first byte"):
            self.assertIn(what, text)
        self.browser.screenshot(PICTURES / "timeline.png", whole=False)
        self.browser.press("Escape")
        self.assertFalse(self.js("document.querySelector('#timeline').open"))
        self.assertIn("Timeline of trace", self.js("document.activeElement.ariaLabel"))
        self.js("document.activeElement.blur()")
        self.tab_to("#map-drawing g[role=button]")
        self.browser.press("Enter")
        self.assertTrue(self.js("document.querySelector('#map-drawing .chosen') !== null"))
        self.assert_quiet()

    def test_hostile_documents_are_inert(self):
        self.open(hostile_documents().documents)
        self.click("#list tbody button")
        self.js("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        self.click("#timeline-close")
        self.assertEqual(self.count("img, iframe, a[href^=j]"), 0)
        self.assertEqual(self.js("document.scripts.length"), 3)
        self.assertIn("onerror", self.js("document.querySelector('#groups').textContent"))
        self.assertIn("onerror", self.js("document.querySelector('#timeline pre').textContent"))
        self.assert_quiet()

    def test_the_policy_stops_scripts(self):
        """The last line of defence: what the template did not bring cannot even be written."""
        self.open(hostile_documents().documents)
        attempts = (
            "document.body.innerHTML = '<img src=x onerror=\"window.ran = 1\">'",
            "document.body.setAttribute('onclick', 'window.ran = 1')",
            "document.createElement('script').textContent = 'window.ran = 1'",
            "fetch('http://127.0.0.1:9/').then(() => { window.ran = 1; })",
        )
        for attempt in attempts:
            with self.subTest(attempt):
                self.assertRaises(browser.BrowserError, self.js, attempt)
        self.assertIsNone(self.js("window.ran"))

    def test_phone_and_dark(self):
        made = traffic.Traffic(8).add_many(60, health_share=0.3)
        self.open(made.documents)
        self.browser.screenshot(PICTURES / "light.png")
        self.browser.resize(1280, 900, "dark")
        self.browser.screenshot(PICTURES / "dark.png")
        colour = self.js("getComputedStyle(document.body).backgroundColor")
        self.assertEqual(colour, "rgb(18, 22, 28)")
        self.browser.resize(390, 800)
        self.browser.screenshot(PICTURES / "phone.png")
        self.assertLessEqual(self.js("document.documentElement.scrollWidth"), 390)

    def test_a_hundred_thousand_traces_open(self):
        took = self.open(traffic.Traffic(3).add_many(100_000, urls=20_000).documents)
        began = time.monotonic()
        self.click("#health")
        filtered = time.monotonic() - began
        self.assertLess(took, 30)
        notes = self.js("document.querySelector('#notes').textContent")
        self.assertIn("Raw documents are in this file for as many traces as fit", notes)
        print(f"     100,000 traces: open in {took:.1f} s, filtered in {filtered:.1f} s")
        self.assert_quiet()


if __name__ == "__main__":
    suite.main()
