#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An HTTP server whose requests use MySQL in the ways in which applications rarely do.

    mysql_server.py PORT

GET /ACTION?driver=NAME, the action being one of mysql_actions.py, mysql_prepared_actions.py or
mysql_library_actions.py. What it needs to know comes in TODO_DB_*. The answer is JSON: the
connections it opened, its calls of the driver with their times, and how each failed. A thread for
each connection. Prints READY once it listens.
"""

import json
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import mysql_actions  # noqa: E402
import mysql_library_actions  # noqa: E402
import mysql_prepared_actions  # noqa: E402

ACTIONS = mysql_actions.ACTIONS | mysql_prepared_actions.ACTIONS | mysql_library_actions.ACTIONS


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        where = urlsplit(self.path)
        parameters = dict(parse_qsl(where.query))
        run = mysql_actions.Run(parameters.pop("driver", "pymysql"), parameters)
        try:
            ACTIONS[where.path.strip("/")](run)
        finally:
            run.close()
        body = json.dumps(run.told()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


class Server(ThreadingHTTPServer):
    # A name look-up would delay the first answer.
    def server_bind(self):
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]


def main():
    threading.stack_size(16 << 20)
    server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
    print("READY", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
