# SPDX-License-Identifier: Apache-2.0
"""Single requests, each found again in the documents by its user agent: for tests that look at one
shape at a time.
"""

import itertools
import sys
import time

from . import client, documents
from .mariadb import free_port
from .pace import SLOW
from .paths import TESTS
from .process import wait_until
from .servers import NGINX_CONFIG, Server

SHAPE_SERVER = TESTS / "e2e" / "shape_server.py"
NUMBERS = itertools.count(1)
WAIT_S = 4 * SLOW
CLOCK_NS = 1_000_000 * SLOW
LATE_NS = 100_000_000 * SLOW


def shape_server(processes, family="recv", host="127.0.0.1", unix=False, before=()):
    """tests/e2e/shape_server.py, one connection a thread, by one family of calls. @before: the
    command that starts it.
    """
    name = f"shape-{family}-{next(NUMBERS)}"
    address = str(processes.directory / f"{name}.sock") if unix else (host, free_port())
    where = [address] if unix else list(address)
    command = [*before, sys.executable, SHAPE_SERVER, *where, family]
    process = processes.start(name, command)
    process.wait_ready(lambda: "READY" in process.log.read_text())
    return Server(name, address, [process])


def nginx(processes, locations, options=""):
    """An nginx with the @locations (text of its configuration)."""
    port = free_port()
    config = processes.directory / f"nginx-{port}.conf"
    text = NGINX_CONFIG.format(
        workers=1,
        directory=processes.directory,
        upstream="127.0.0.1:9",
        upstream_keepalive="",
        port=port,
        forward="return 404;",
    )
    at = text.index("        location / {")
    config.write_text(f"{text[:at]}{options}\n{locations}\n{text[at:]}")
    process = processes.start("nginx", ["/usr/sbin/nginx", "-c", str(config), "-e", "stderr"])

    def accepts():
        try:
            client.connect(("127.0.0.1", port), timeout_s=2).close()
        except OSError:
            return False
        return True

    process.wait_ready(accepts)
    return Server("nginx", ("127.0.0.1", port), [process])


class Ask:
    """One request: what was sent and answered, and when."""

    def __init__(self, method, target, host="shape.example.com"):
        self.number = next(NUMBERS)
        self.agent = f"shape/{self.number}"
        self.method = method
        self.target = target
        self.host = host
        self.url = target if "://" in target else f"http://{host}{target}"
        self.response = None
        self.raw = b""
        self.sent_ns = self.done_ns = 0

    def head(self, *fields, version="1.1"):
        lines = [f"{self.method} {self.target} HTTP/{version}", f"Host: {self.host}"]
        lines += [f"User-Agent: {self.agent}", *fields]
        return "\r\n".join([*lines, "", ""]).encode()

    def send(self, address, *fields, body=b"", **how):
        """The ordinary way: a connection of its own, head and body in one piece."""
        if body:
            fields = (*fields, f"Content-Length: {len(body)}")
        return self.send_pieces(address, [self.head(*fields) + body], **how)

    def send_pieces(self, address, pieces, pause_s=0.0):
        self.raw = b"".join(pieces)
        with client.Connection(address) as connection:
            self.sent_ns = time.time_ns()
            for piece in pieces:
                connection.send(piece)
                time.sleep(pause_s)
            self.read(connection)
        return self

    def read(self, connection):
        try:
            self.response = connection.read_response(self.method)
        except client.ProtocolError:
            self.response = None
        self.done_ns = time.time_ns()
        return self


def found(one, ask):
    segments, _ = documents.segments(list(one.documents))
    return [segment for segment in segments if segment.user_agent == ask.agent]


def segment_of(one, ask, timeout_s=WAIT_S):
    """The only segment of @ask in session @one. A second one is given the time to come."""
    wait_until(lambda: found(one, ask), timeout_s, f"no segment of {ask.method} {ask.target}")
    return found(one, ask)[0]


def outside(segment, ask):
    """Where the times of @segment leave those of the client, None when they do not. A server may
    look at its socket late, and the client's thread may learn late that its answer has come.
    """
    if segment.start_ns < ask.sent_ns - CLOCK_NS:
        return "begins before the request was sent"
    if segment.end_ns < segment.start_ns:
        return "ends before it begins"
    if segment.end_ns > ask.done_ns + LATE_NS:
        return "ends after the answer was read"
    return None
