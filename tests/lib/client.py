# SPDX-License-Identifier: Apache-2.0
"""An HTTP/1.1 client over one socket that sends exactly the bytes it is given: for keep-alive and
pipelining, for requests in pieces, and for requests that are not quite right.
"""

import socket
import ssl
from dataclasses import dataclass, field

from .pace import SLOW

TIMEOUT_S = 30 * SLOW


class ProtocolError(Exception):
    """The server's answer is not HTTP, or ended too early."""


class ClosedError(ProtocolError):
    """The server closed before the first byte of an answer."""


@dataclass
class Response:
    status: int
    reason: str
    headers: list = field(default_factory=list)  # pairs, names in lower case
    body: bytes = b""
    close: bool = False  # the connection ends behind it

    def header(self, name):
        return next((value for key, value in self.headers if key == name), None)

    @property
    def content_length(self):
        value = self.header("content-length")
        return None if value is None else int(value)


class TlsAddress(tuple):
    """("127.0.0.1", port) of a server that speaks HTTPS; .authority is who signed for it."""

    def __new__(cls, host, port, authority):
        one = super().__new__(cls, (host, port))
        one.authority = authority
        return one


def under_tls(sock, address):
    context = ssl.create_default_context(cafile=address.authority)
    try:
        return context.wrap_socket(sock, server_hostname=address[0])
    except OSError:
        sock.close()
        raise


def connect(address, source=None, timeout_s=TIMEOUT_S):
    if isinstance(address, str):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(timeout_s)
        try:
            sock.connect(address)
        except OSError:
            sock.close()
            raise
        return sock
    sock = socket.create_connection(address, timeout_s, (source, 0) if source else None)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return under_tls(sock, address) if isinstance(address, TlsAddress) else sock


class Connection:
    """@source: the local IP address to come from (all of 127.0.0.0/8 is ours)."""

    def __init__(self, address, source=None, timeout_s=TIMEOUT_S):
        self.socket = connect(address, source, timeout_s)
        self.reader = self.socket.makefile("rb")
        self.answers = 0

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        line = self.reader.readline(65537)
        if not line.endswith(b"\n"):
            raise ProtocolError("the head of an answer is cut")
        return line.rstrip(b"\r\n").decode("latin-1")

    def exactly(self, n):
        data = self.reader.read(n)
        if len(data) != n:
            raise ProtocolError(f"the body of an answer is cut: {len(data)} of {n} bytes")
        return data

    def read_head(self):
        try:
            first = self.reader.peek(1)
        except ConnectionResetError:
            first = b""
        if not first:
            raise ClosedError("closed without an answer")
        words = self.line().split(" ", 2)
        if not words[0].startswith("HTTP/") or len(words) < 2:
            raise ProtocolError(f"not HTTP: {words}")
        response = Response(int(words[1]), words[2] if len(words) > 2 else "")
        while line := self.line():
            name, value = line.split(":", 1)
            response.headers.append((name.strip().lower(), value.strip()))
        choice = (response.header("connection") or "").lower()
        response.close = choice == "close" or (words[0] == "HTTP/1.0" and choice != "keep-alive")
        return response

    def read_chunks(self):
        pieces = []
        while size := int(self.line().split(";")[0], 16):
            pieces.append(self.exactly(size))
            self.line()
        while self.line():
            pass
        return b"".join(pieces)

    def read_response(self, method):
        """The next final answer; those with status 1xx are passed over (101 is final)."""
        response = self.read_head()
        while 100 <= response.status < 200 and response.status != 101:
            response = self.read_head()
        self.answers += 1
        if method == "HEAD" or response.status in (101, 204, 304):
            return response
        if "chunked" in (response.header("transfer-encoding") or "").lower():
            response.body = self.read_chunks()
        elif response.content_length is not None:
            response.body = self.exactly(response.content_length)
        else:
            response.body = self.reader.read()
            response.close = True
        return response

    def close(self):
        self.reader.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
