# SPDX-License-Identifier: Apache-2.0
"""Segment documents that nobody traced: made traffic for the report's tests, with the numbers that
the report must show kept apart.
"""

import random
from dataclasses import dataclass, field

EPOCH_S = 1795352788
DATABASE = "db.example"
HEALTH_URL = "http://10.0.0.7:8000/todos"
FLAGS = {
    200: {},
    404: {"error": True},
    429: {"error": True, "throttle": True},
    500: {"fault": True},
}
OUTCOMES = {200: "ok", 404: "error", 429: "throttle", 500: "fault"}


@dataclass
class Request:
    """What the report has to tell of a trace. Times are whole microseconds."""

    trace: str
    url: str
    status: int
    us: int
    health: bool
    statements_us: list = field(default_factory=list)


def percentile(values, percent):
    """By nearest rank."""
    ordered = sorted(values)
    return ordered[max(1, -(-len(ordered) * percent // 100)) - 1]


class Traffic:
    """The same for the same seed."""

    def __init__(self, seed=1):
        self.random = random.Random(seed)
        self.requests, self.documents = [], []

    def new_id(self):
        return f"{self.random.getrandbits(64) | 1:016x}"

    def seconds(self, us):
        return EPOCH_S + us / 1e6

    def call(self, parent, start_us, us, text):
        return {
            "id": self.new_id(),
            "name": DATABASE,
            "start_time": self.seconds(start_us),
            "end_time": self.seconds(start_us + us),
            "parent_id": parent["id"],
            "trace_id": parent["trace_id"],
            "type": "subsegment",
            "namespace": "remote",
            "sql": {"sanitized_query": text, "database_type": "mysql"},
        }

    def segment(self, start_us, us, url, status, agent):
        trace = f"1-{EPOCH_S + start_us // 1000000:08x}-{self.random.getrandbits(96):024x}"
        request = {"method": "GET", "url": url, "user_agent": agent, "client_ip": "192.0.2.1"}
        return {
            "id": self.new_id(),
            "name": "shop",
            "start_time": self.seconds(start_us),
            "end_time": self.seconds(start_us + us),
            "trace_id": trace,
            "in_progress": False,
            "http": {"request": request, "response": {"status": status}},
            "metadata": {"bpfxray": {"queue_ms": 0.1, "first_byte_ms": us / 2000}},
            **FLAGS[status],
        }

    def add(self, start_us, us, url, status=200, statements=0, agent="Mozilla/5.0", health=False):
        """One request; its statements are nested, or, every third time, documents of their own."""
        segment = self.segment(start_us, us, url, status, agent)
        times = [self.random.randrange(50, 400) for _ in range(statements)]
        calls = [
            self.call(segment, start_us + i * 500, time, f"SELECT ? FROM t{i % 4}")
            for i, time in enumerate(times)
        ]
        alone = len(self.requests) % 3 == 0
        if calls and not alone:
            segment["subsegments"] = calls
        self.documents += [*calls, segment] if alone else [segment]
        self.requests.append(Request(segment["trace_id"], url, status, us, health, times))
        return segment

    def add_many(self, count, urls=20, health_share=0.85):
        for i in range(count):
            us = min(900_000, int(self.random.lognormvariate(8.5, 1)) + 1)
            if self.random.random() < health_share:
                self.add(i * 1000, us, HEALTH_URL, agent="ELB-HealthChecker/2.0", health=True)
                continue
            status = self.random.choices([200, 404, 429, 500], [90, 5, 2, 3])[0]
            url = f"http://shop.example/todos/{self.random.randrange(urls)}"
            self.add(i * 1000, us, url, status, self.random.randrange(6))
        return self
