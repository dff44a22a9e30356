#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many connections: more that are kept alive than the kernel side has room for open exchanges,
hundreds of new ones a second, and thousands that say too little to be told apart.

A connection keeps its last exchange until the direction turns again. When that is answered and
quiet its place is given back, so that silent clients do not take it from those that speak.
"""

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import unittest  # noqa: E402

from lib import shapes, suite, traced  # noqa: E402
from lib.mariadb import free_port  # noqa: E402
from lib.paths import TESTS  # noqa: E402
from lib.process import Processes, wait_until  # noqa: E402

# Of BX_POOL_MAX 4096 (include/bpfxray/limits.h): two batches are more, one is less.
BATCH = 3000
ANSWER_S = 30
NEW_A_SECOND = 500
SECONDS = 5
# Of a batch that is answered and quiet, places that are not given back yet.
FEW = 100
# Both ends of a loop's socket pair take a place: together more than there are.
LOOPS, LOOPING_REQUESTS = 500, 6
WAKING_SERVER = TESTS / "e2e" / "waking_server.py"
ANSWER = "location /idle/ { return 200 answered; }"


def connect(address):
    return socket.create_connection(address, timeout=ANSWER_S)


def ask(connections, path):
    """One request on each, a few at a time; every answer must have come."""
    for i, connection in enumerate(connections):
        connection.sendall(f"GET /idle/{path}/{i} HTTP/1.1\r\nHost: idle\r\n\r\n".encode())
        data = b""
        while b"answered" not in data:
            data += connection.recv(4096)


def ask_once(address, i):
    with connect(address) as connection:
        ask([connection], f"new/{i}")


class Idle(unittest.TestCase):
    def setUp(self):
        self.processes = self.enterContext(Processes())
        self.server = shapes.nginx(self.processes, ANSWER)
        self.connections = []
        self.addCleanup(lambda: [connection.close() for connection in self.connections])

    def open_now(self, tracer):
        """Places taken, by the tracer's own counters of now."""
        tracer.stats_path.unlink(missing_ok=True)
        os.kill(tracer.pid, signal.SIGUSR1)
        wait_until(tracer.stats_path.exists, ANSWER_S, "SIGUSR1 writes no counters")
        return json.loads(tracer.stats_path.read_text())["kernel"]["open"]

    def wait_idle(self, one):
        """Until the places of what is answered are given back, however busy this machine is."""
        wait_until(lambda: self.open_now(one.tracer) < FEW, ANSWER_S, "the places stay taken",
                   interval_s=0.2)

    def finish(self, one, requests):
        stats = one.finish()
        self.assertEqual({}, traced.losses(stats), one.story())
        self.assertEqual(requests, stats["trace"]["requests"], one.story())
        self.assertEqual(requests, len(one.documents), one.story())

    def keep_alive(self, batches):
        """Batches of connections, each asked once; then those of all batches but one again."""
        with traced.session(self.processes, [self.server.pid]) as one:
            for batch in range(batches):
                new = [connect(self.server.address) for _ in range(BATCH)]
                self.connections += new
                ask(new, f"first/{batch}")
                self.wait_idle(one)
            for batch in range(batches - 1):
                ask(self.connections[batch * BATCH:(batch + 1) * BATCH], f"second/{batch}")
                self.wait_idle(one)
            self.finish(one, (2 * batches - 1) * BATCH)

    def test_more_than_the_pool_holds(self):
        self.keep_alive(2)

    @suite.full
    def test_ten_thousand_connections(self):
        self.keep_alive(4)

    def test_new_connections(self):
        """As many a second as are wanted, or as this machine makes."""
        count = NEW_A_SECOND * SECONDS
        with traced.session(self.processes, [self.server.pid]) as one:
            began = time.monotonic()
            for i in range(count):
                time.sleep(max(0, began + i / NEW_A_SECOND - time.monotonic()))
                ask_once(self.server.address, i)
            took = time.monotonic() - began
            self.finish(one, count)
        print(f"     {count} connections, {count / took:.0f} a second")

    def test_event_loops_that_wake_themselves(self):
        port = free_port()
        server = self.processes.start("waking", [sys.executable, WAKING_SERVER, port, LOOPS])
        server.wait_ready(lambda: "READY" in server.log.read_text())
        with traced.session(self.processes, [server.pid]) as one:
            for _ in range(LOOPING_REQUESTS):
                ask = shapes.Ask("GET", "/").send(("127.0.0.1", port))
                self.assertEqual(204, ask.response.status)
                self.wait_idle(one)
            self.finish(one, LOOPING_REQUESTS)


if __name__ == "__main__":
    suite.main()
