#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A server that runs event loops for its requests, as synchronous frameworks do for asynchronous
views: each loop wakes itself up over a socket pair of its own, with a byte.

    waking_server.py PORT LOOPS

Prints READY once it listens.
"""

import asyncio
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def run_loop():
    loop = asyncio.new_event_loop()
    other = threading.Thread(target=loop.call_soon_threadsafe, args=(loop.stop,))
    other.start()
    loop.run_forever()
    other.join()
    loop.close()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        for _ in range(int(sys.argv[2])):
            run_loop()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    print("READY", flush=True)
    server.serve_forever()
