#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An HTTPS server whose OpenSSL leaves the records to the kernel, where that can do it.

    ktls_server.py PORT CERTIFICATE KEY

Prints READY once it listens.
"""

import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OP_ENABLE_KTLS = 1 << 3  # ssl.OP_ENABLE_KTLS, from Python 3.12 on


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = b"k" * 20000
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


def main():
    port, certificate, key = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.options |= OP_ENABLE_KTLS
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print("READY", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
