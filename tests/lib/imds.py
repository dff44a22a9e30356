# SPDX-License-Identifier: Apache-2.0
"""A fake of EC2's instance metadata service, version 2, for tests: a token for who asks with PUT,
the identity document for who shows it. Not EC2's: version 1 is refused, as an instance may be set
to do.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "AQAEAJxDuGx5tMWIqvyz0p2xJgkuoN7EIDlHlHCnYGLiPPUlSkS2Wg=="
DOCUMENT = {
    "accountId": "123456789012",
    "architecture": "x86_64",
    "availabilityZone": "eu-west-1b",
    "imageId": "ami-0abcdef1234567890",
    "instanceId": "i-1234567890abcdef0",
    "instanceType": "m5.large",
    "pendingTime": "2026-11-19T16:32:11Z",
    "privateIp": "10.158.112.84",
    "region": "eu-west-1",
    "version": "2017-09-30",
}


class Imds:
    """.asked: (method, path) in order. .silent: takes questions and answers none. .token: what is
    given out, instead of what is taken.
    """

    def __init__(self):
        self.asked = []
        self.silent = threading.Event()
        self.token = TOKEN
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def environment(self):
        port = self.server.server_address[1]
        return {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{port}/"}

    def handler(self):
        imds = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self, status, text=""):
                imds.asked.append((self.command, self.path))
                if imds.silent.is_set():
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def do_PUT(self):
                lifetime = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
                known = self.path == "/latest/api/token" and lifetime.isdigit()
                self.answer(200 if known else 400, imds.token if known else "")

            def do_GET(self):
                if self.headers.get("X-aws-ec2-metadata-token") != TOKEN:
                    self.answer(401)
                elif self.path != "/latest/dynamic/instance-identity/document":
                    self.answer(404)
                else:
                    self.answer(200, json.dumps(DOCUMENT, indent=2))

            def log_message(self, *words):
                pass

        return Handler

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.server.shutdown()
        self.server.server_close()
