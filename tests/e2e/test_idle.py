#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many connections: more that are kept alive than the kernel side has room for open exchanges, and
hundreds of new ones a second.

A connection keeps its last exchange until the direction turns again. When that is answered and
quiet its place is given back, so that silent clients do not take it from those that speak.
"""

import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import unittest  # noqa: E402

from lib import shapes, suite, traced  # noqa: E402
from lib.process import Processes  # noqa: E402

# Of BX_POOL_MAX 4096 (include/bpfxray/limits.h): two batches are more, one is less.
BATCH = 3000
ANSWER_S = 30
NEW_A_SECOND = 500
SECONDS = 5
# Longer than an exchange has to be quiet, and a tick.
QUIET_S = 2.0
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

    def finish(self, one, requests):
        stats = one.finish()
        self.assertEqual({}, traced.losses(stats), one.story())
        self.assertEqual([], traced.unbalanced(stats), one.story())
        self.assertEqual(requests, stats["trace"]["requests"], one.story())
        self.assertEqual(requests, len(one.documents), one.story())

    def keep_alive(self, batches):
        """Batches of connections, each asked once; then those of all batches but one again."""
        with traced.session(self.processes, [self.server.pid]) as one:
            for batch in range(batches):
                new = [connect(self.server.address) for _ in range(BATCH)]
                self.connections += new
                ask(new, f"first/{batch}")
                time.sleep(QUIET_S)
            for batch in range(batches - 1):
                ask(self.connections[batch * BATCH:(batch + 1) * BATCH], f"second/{batch}")
                time.sleep(QUIET_S)
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


if __name__ == "__main__":
    suite.main()
