#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TLS sessions that do not stay with who began them, or whose first bytes came with the handshake;
over the system's OpenSSL, and in a program with musl over OpenSSL for musl.
"""

import json
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import unittest  # noqa: E402

from lib import certificates, client, kernel_objects, shapes, suite, traced  # noqa: E402
from lib.mariadb import free_port  # noqa: E402
from lib.paths import MUSL  # noqa: E402
from lib.process import Processes  # noqa: E402
from lib.shapes import Ask  # noqa: E402

SOURCE = Path(__file__).with_name("tls_server.c")
LIBRARIES = ("system", "musl")
HANDED = ("/stays", "/thread", "/fork")
NGINX = """listen 127.0.0.1:{port} ssl;
        ssl_certificate {tls.certificate};
        ssl_certificate_key {tls.key};
        ssl_protocols TLSv1.3;"""
# Behind this, what is known of processes that have ended is dropped (LIBRARY_SWEEP_US).
SWEPT_S = 65


def linked(library):
    if library == "system":
        return ["gcc", "-lssl", "-lcrypto"]
    where = MUSL / "psycopg2_binary.libs"
    found = [next(where.glob(f"{name}-*.so.*")) for name in ("libssl", "libcrypto")]
    return ["musl-gcc", *found, f"-Wl,-rpath,{where}", "-Wl,--allow-shlib-undefined"]


def ask_with_the_handshake(address, data):
    """The client's last words of the handshake and @data in one send; returns the answer."""
    context = ssl.create_default_context(cafile=address.authority)
    came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
    end = context.wrap_bio(came, goes, server_hostname=address[0])
    with socket.create_connection(address, 30) as sock:

        def step(what):
            while True:
                try:
                    return what()
                except ssl.SSLWantReadError:
                    sock.sendall(goes.read())
                    came.write(sock.recv(1 << 16))

        step(end.do_handshake)
        end.write(data)
        return step(lambda: end.read(1 << 16))


class Sessions(unittest.TestCase):
    def setUp(self):
        self.processes = self.enterContext(Processes())
        self.tls = certificates.make(self.processes.directory)

    def start(self, library):
        program = self.processes.directory / f"tls_server_{library}"
        compiler, *libraries = linked(library)
        words = [compiler, "-O2", "-o", program, SOURCE, *libraries, "-lpthread"]
        subprocess.run([str(word) for word in words], check=True)
        address = client.TlsAddress("127.0.0.1", free_port(), self.tls.authority)
        command = [program, address[1], self.tls.certificate, self.tls.key]
        process = self.processes.start(f"tls-{library}", command)
        process.wait_ready(lambda: client.connect(address).close() or True)
        return process.pid, address

    def converse(self, address, *targets):
        """Requests of one connection."""
        with client.Connection(address) as connection:
            for target in targets:
                ask = Ask("GET", target)
                ask.sent_ns = time.time_ns()
                connection.send(ask.head())
                yield ask.read(connection)

    def check(self, one, ask):
        self.assertEqual(200, ask.response and ask.response.status, ask.target)
        segment = shapes.segment_of(one, ask)
        self.assertEqual(1, len(shapes.found(one, ask)))
        self.assertEqual(f"https://{ask.host}{ask.target}", segment.request["url"])
        self.assertEqual(200, segment.response["status"])
        self.assertIsNone(shapes.outside(segment, ask), segment.document)

    def check_end(self, one, sessions):
        stats = one.finish()
        self.assertEqual(([], {}), (traced.unbalanced(stats), traced.losses(stats)), one.story())
        kernel = stats["kernel"]
        self.assertEqual(0, kernel["tls_calls_without_socket"], one.story())
        self.assertEqual(sessions, kernel["tls_sessions_read"], one.story())

    def test_sessions_that_change_hands(self):
        """Another thread goes on, or a child; and each address is a later session's again."""
        for library in LIBRARIES:
            with self.subTest(library):
                pid, address = self.start(library)
                with traced.session(self.processes, [pid], name=library) as one:
                    for _ in range(2):
                        for how in HANDED:
                            targets = ("/before", how, "/behind", "/at-last")
                            for ask in list(self.converse(address, *targets)):
                                self.check(one, ask)
                    # the child's is another one, on the same connection
                    self.check_end(one, 2 * len(HANDED) + 2)

    def test_a_request_that_comes_with_the_handshake(self):
        """nginx lets OpenSSL read ahead: the first read of the session makes no socket call."""
        address = client.TlsAddress("127.0.0.1", free_port(), self.tls.authority)
        listen = NGINX.format(port=address[1], tls=self.tls)
        front = shapes.nginx(self.processes, "location /first { return 200; }", listen)
        with traced.session(self.processes, [front.pid]) as one:
            for _ in range(5):
                ask = Ask("GET", "/first")
                ask.sent_ns = time.time_ns()
                answer = ask_with_the_handshake(address, ask.head())
                ask.done_ns = time.time_ns()
                ask.response = client.Response(int(answer.split()[1]), "")
                self.check(one, ask)
            self.check_end(one, 5)

    @suite.full
    def test_what_ended_processes_leave_is_dropped(self):
        pid, address = self.start("system")
        with traced.session(self.processes, [pid]) as one:
            for _ in range(20):
                for ask in list(self.converse(address, "/fork", "/behind")):
                    self.check(one, ask)
            self.assertGreaterEqual(self.sessions_known(one), 20)
            time.sleep(SWEPT_S)
            self.assertEqual(0, self.sessions_known(one))
            self.check_end(one, 40)

    def sessions_known(self, one):
        """Elements of this tracer's map."""

        def told(*words):
            done = subprocess.run(["bpftool", "-j", "map", *words], check=True, capture_output=True)
            return json.loads(done.stdout)

        for kind, number in kernel_objects.held(one.tracer.attacher):
            if kind == "map" and told("show", "id", number)["name"] == "tls_sessions":
                return len(told("dump", "id", number))
        self.fail("the tracer has no map tls_sessions")


if __name__ == "__main__":
    suite.main()
