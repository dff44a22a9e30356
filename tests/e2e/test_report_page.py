#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page of bpfxray report in a real browser, when there is one: every view, by mouse and by
keyboard, at a desk and on a phone. Screenshots stay in build/report/.
"""

import sys
import time
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import browser, paths, suite, traffic  # noqa: E402
from lib.report_case import (  # noqa: E402
    Case, aggregates, connected_documents, hostile_documents)

READY = "document.documentElement?.dataset.ready === 'true'"
PICTURES = paths.BUILD / "report"
# What a filter changes is drawn with the next frame.
DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


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
        self.js(DRAWN)

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

    def test_focus_stays_where_it_is_of_use(self):
        """Tables are drawn anew with each filter; whoever has no mouse must not start over."""
        made = traffic.Traffic(9).add_many(300, health_share=0.2)
        self.open(made.documents)
        self.tab_to("#groups tbody tr:nth-child(3) button")
        self.browser.press("Enter")
        self.js(DRAWN)
        chosen = "document.querySelector('#groups tbody tr:nth-child(3) button')"
        self.assertTrue(self.js(f"document.activeElement === {chosen}"))
        self.assertEqual(self.js(f"{chosen}.ariaPressed"), "true")
        self.tab_to("#group-reset")
        self.browser.press("Enter")
        self.assertEqual(self.js("document.activeElement.id"), "group-key")
        self.js(DRAWN)
        self.assertEqual(self.count("#list tbody tr"), 50)
        self.tab_to("#list-more")
        self.browser.press("Enter")
        self.assertEqual(self.count("#list tbody tr"), 100)
        self.assertTrue(self.js(
            "document.activeElement === document.querySelectorAll('#list tbody button')[50]"))
        self.js("byId('brush-from').focus()")
        self.browser.press("ArrowRight")
        self.js(DRAWN)
        self.assertEqual(self.js("document.activeElement.id"), "brush-from")
        self.assertRegex(self.js("document.activeElement.ariaValueText"), r"^[\d.]+ ms$")
        self.assert_quiet()

    def test_calls_to_others(self):
        """What was called, as the console shows it, in the map and in the timeline."""
        self.open(connected_documents().documents)
        nodes = self.js(
            "[...document.querySelectorAll('#map-table td:nth-child(-n + 2)')]"
            ".map((cell) => cell.textContent).join(' | ')")
        for what in ("shop | service", "payments | service", "orders | AWS::DynamoDB::Table",
                     "mail.example | remote", "pay-db.example | Database::SQL",
                     "shop → payments | call", "payments → pay-db.example | call"):
            self.assertIn(what, nodes)
        self.assertEqual(self.count("#map-drawing .ring.fault"), 1)
        self.click("#list tbody button")
        labels = self.js(
            "[...document.querySelectorAll('.parts .label')].map((one) => one.textContent)")
        self.assertEqual(labels, [
            "shop: GET http://shop.example/pay", "payments.example",
            "payments: GET http://payments.example/charge", "pay-db.example: SELECT ?",
            "dynamodb: PutItem", "fault · mail.example", "render"])
        self.browser.screenshot(PICTURES / "calls.png", whole=False)
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
        self.js(DRAWN)
        self.browser.screenshot(PICTURES / "phone.png")
        self.assertLessEqual(self.js("document.documentElement.scrollWidth"), 390)
        wide = "[...document.querySelectorAll('.scroll')].filter((e) => e.scrollWidth > 390)"
        self.assertEqual(self.js(f"{wide}.map((e) => e.id)"), [])
        # what a row loses to the eye it keeps for the ear
        self.assertEqual(self.count("table:not([role=table]), tr:not([role=row])"), 0)
        self.click("#list tbody button")
        self.browser.screenshot(PICTURES / "phone-timeline.png", whole=False)

    def test_a_hundred_thousand_traces_open(self):
        took = self.open(traffic.Traffic(3).add_many(100_000, urls=20_000).documents)
        began = time.monotonic()
        self.click("#health")
        filtered = time.monotonic() - began
        notes = self.js("document.querySelector('#notes').textContent")
        self.assertIn("Raw documents are in this file for as many traces as fit", notes)
        print(f"     100,000 traces: open in {took:.1f} s, filtered in {filtered:.1f} s")
        self.assert_quiet()


if __name__ == "__main__":
    suite.main()
