#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""More keep-alive connections than the kernel side has room for open exchanges.

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
# Longer than an exchange has to be quiet, and a tick.
QUIET_S = 2.0
ANSWER = "location /idle/ { return 200 answered; }"


def ask(connections, path):
    """One request on each, a few at a time; every answer must have come."""
    for i, connection in enumerate(connections):
        connection.sendall(f"GET /idle/{path}/{i} HTTP/1.1\r\nHost: idle\r\n\r\n".encode())
        data = b""
        while b"answered" not in data:
            data += connection.recv(4096)


class Idle(unittest.TestCase):
    def test_more_than_the_pool_holds(self):
        with Processes() as processes:
            server = shapes.nginx(processes, ANSWER)
            connections = []
            self.addCleanup(lambda: [connection.close() for connection in connections])
            with traced.session(processes, [server.pid]) as one:
                for batch in range(2):
                    new = [socket.create_connection(server.address) for _ in range(BATCH)]
                    connections += new
                    ask(new, f"first/{batch}")
                    time.sleep(QUIET_S)
                ask(connections[:BATCH], "second")
                stats = one.finish()
        self.assertEqual({}, traced.losses(stats), one.story())
        self.assertEqual([], traced.unbalanced(stats), one.story())
        self.assertEqual(3 * BATCH, stats["trace"]["requests"], one.story())
        self.assertEqual(3 * BATCH, len(one.documents), one.story())


if __name__ == "__main__":
    suite.main()
