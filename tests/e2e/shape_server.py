#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A server that answers in the ways in which ordinary servers cannot be made to answer.

    shape_server.py (HOST PORT | PATH) [recv|read|v|msg|mmsg|peek]

A thread for each connection. The request's path names what is done (see ACTIONS); the last argument
names the calls by which bytes are read and written. Prints READY once it listens.
"""

import ctypes
import os
import select
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import fake_mysql  # noqa: E402
from lib.mutate import mutant  # noqa: E402

PIECE_PAUSE_S = 0.02
# What lib/fake_mysql.py answers to a login, in two packets.
LOGGED_IN_LEN = 6 + 11
# include/uapi/asm-generic/socket.h, include/linux/socket.h
SO_ZEROCOPY = 60
MSG_ZEROCOPY = 0x4000000


class IoVec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]


class MMsgHdr(ctypes.Structure):
    """struct mmsghdr of x86-64 and arm64."""

    _fields_ = [
        ("name", ctypes.c_void_p),
        ("namelen", ctypes.c_uint),
        ("iov", ctypes.POINTER(IoVec)),
        ("iovlen", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("controllen", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("padding", ctypes.c_uint),
        ("len", ctypes.c_uint),
        ("end", ctypes.c_uint),
    ]


LIBC = ctypes.CDLL(None, use_errno=True)


def one_message(call, sock, buffer, *rest):
    """recvmmsg() or sendmmsg() with a single message; returns its length."""
    iov = IoVec(ctypes.addressof(buffer), len(buffer))
    header = MMsgHdr(iov=ctypes.pointer(iov), iovlen=1)
    if call(sock.fileno(), ctypes.byref(header), 1, 0, *rest) != 1:
        raise OSError(ctypes.get_errno(), "no message")
    return header.len


def two_messages(sock, data):
    """@data, in two messages of one sendmmsg()."""
    buffer = (ctypes.c_char * len(data)).from_buffer_copy(data)
    cut = len(data) // 2
    at = ctypes.addressof(buffer)
    iovs = (IoVec * 2)(IoVec(at, cut), IoVec(at + cut, len(data) - cut))
    headers = (MMsgHdr * 2)(*(MMsgHdr(iov=ctypes.pointer(iov), iovlen=1) for iov in iovs))
    if LIBC.sendmmsg(sock.fileno(), headers, 2, 0) != 2:
        raise OSError(ctypes.get_errno(), "not both messages")


def thirds(data):
    """Several buffers for one call."""
    size = max(1, len(data) // 3)
    return [data[:size], data[size : 2 * size], data[2 * size :]]


class Wire:
    """A connection, read and written by one family of calls."""

    def __init__(self, sock, family):
        self.sock = sock
        self.family = family
        self.buffer = b""

    def receive(self):
        fd = self.sock.fileno()
        if self.family == "read":
            return os.read(fd, 65536)
        if self.family == "peek":
            self.sock.recv(65536, socket.MSG_PEEK)
        if self.family in ("recv", "peek"):
            return self.sock.recv(65536)
        if self.family == "mmsg":
            buffer = ctypes.create_string_buffer(65536)
            n = one_message(LIBC.recvmmsg, self.sock, buffer, None)
            return buffer.raw[:n]
        buffers = [bytearray(10), bytearray(50), bytearray(65536)]
        if self.family == "v":
            n = os.readv(fd, buffers)
        else:
            n = self.sock.recvmsg_into(buffers)[0]
        return b"".join(buffers)[:n]

    def send_some(self, data):
        if self.family == "read":
            return os.write(self.sock.fileno(), data)
        if self.family in ("recv", "peek"):
            return self.sock.send(data)
        if self.family == "mmsg":
            buffer = (ctypes.c_char * len(data)).from_buffer_copy(data)
            return one_message(LIBC.sendmmsg, self.sock, buffer)
        if self.family == "v":
            return os.writev(self.sock.fileno(), thirds(data))
        return self.sock.sendmsg(thirds(data))

    def send(self, data):
        while data:
            data = data[self.send_some(data) :]

    def fill(self):
        data = self.receive()
        if not data:
            raise EOFError
        self.buffer += data

    def until(self, mark):
        while mark not in self.buffer:
            self.fill()
        data, _, self.buffer = self.buffer.partition(mark)
        return data

    def exactly(self, n):
        while len(self.buffer) < n:
            self.fill()
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data


class Request:
    def __init__(self, wire):
        self.wire = wire
        lines = wire.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        self.method, self.target, self.version = lines[0].split(" ")
        self.fields = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}

    @property
    def action(self):
        path = self.target.split("?")[0]
        return path.rsplit("/", 1)[1]

    def read_body(self):
        if "chunked" in self.fields.get("transfer-encoding", ""):
            body = b""
            while size := int(self.wire.until(b"\r\n").split(b";")[0], 16):
                body += self.wire.exactly(size)
                self.wire.exactly(2)
            self.wire.until(b"\r\n")
            return body
        return self.wire.exactly(int(self.fields.get("content-length", 0)))


def message(status, body=b"", *fields):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join([*lines, "", ""]).encode() + body


def plain(wire, request):
    body = request.read_body()
    wire.send(message("200 OK", b"got %d bytes" % len(body)))


def head(wire, request):
    """As to GET, without the body."""
    wire.send(message("200 OK", b"x" * 5000)[: -len(b"x" * 5000)])


def apart(wire, request):
    """Head, pause, body."""
    whole = message("200 OK", b"apart")
    wire.send(whole[:-5])
    time.sleep(PIECE_PAUSE_S)
    wire.send(whole[-5:])


def bytewise(wire, request):
    for byte in message("200 OK", b"byte by byte"):
        wire.send(bytes([byte]))


def chunked(wire, request):
    request.read_body()
    wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for size in (1, 300, 5000):
        time.sleep(PIECE_PAUSE_S)
        wire.send(b"%x;note=1\r\n%s\r\n" % (size, b"c" * size))
    wire.send(b"0\r\nX-Trailer: last\r\n\r\n")


def until_close(wire, request):
    wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    for _ in range(3):
        time.sleep(PIECE_PAUSE_S)
        wire.send(b"a body without a length\n")
    return True


def no_content(wire, request):
    wire.send(b"HTTP/1.1 204 No Content\r\n\r\n")


def not_modified(wire, request):
    """Names the length of the body that it does not have."""
    wire.send(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1234\r\n\r\n")


def cont(wire, request):
    wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = request.read_body()
    wire.send(message("201 Created", b"%d" % len(body)))


def early(wire, request):
    """Answers before the body's end, and reads the rest then."""
    wire.send(message("413 Too Large", b"enough"))
    request.read_body()


def upgrade(wire, request):
    """Speaks another protocol behind the switch."""
    wire.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n")
    while data := wire.buffer or wire.receive():
        wire.buffer = b""
        wire.send(data)
    return True


def sendfile(wire, request):
    with tempfile.TemporaryFile() as file:
        file.write(b"f" * 100000)
        file.flush()
        wire.send(message("200 OK", b"f" * 100000)[:-100000])
        sent = 0
        while sent < 100000:
            sent += os.sendfile(wire.sock.fileno(), file.fileno(), sent, 100000 - sent)


def splice(wire, request):
    """The body by way of a pipe."""
    wire.send(message("200 OK", b"s" * 20000)[:-20000])
    out, into = os.pipe()
    os.write(into, b"s" * 20000)
    left = 20000
    while left:
        left -= os.splice(out, wire.sock.fileno(), left)
    os.close(out)
    os.close(into)


def zerocopy(wire, request):
    """The kernel sends out of this memory, and says when it is done with it."""
    body = b"z" * 20000
    wire.sock.setsockopt(socket.SOL_SOCKET, SO_ZEROCOPY, 1)
    for data in (message("200 OK", body)[: -len(body)], body):
        while data:
            data = data[wire.sock.send(data, MSG_ZEROCOPY) :]
            while not select_error(wire.sock):
                pass
            wire.sock.recvmsg(0, 512, socket.MSG_ERRQUEUE)


def select_error(sock):
    waiting = select.poll()
    waiting.register(sock, 0)
    return waiting.poll(1000)


def unread_login(wire, request):
    """Logs in at a database by a call that is not read, then speaks to it as usual."""
    where = ("127.0.0.1", int(request.target.split("=")[1]))
    login, *commands = fake_mysql.CLIENT[:4]
    with socket.create_connection(where, 30) as database:
        database.recv(1 << 16)
        two_messages(database, login)
        left = LOGGED_IN_LEN
        while left:
            left -= len(database.recv(left)) or left
        for data in commands:
            database.sendall(data)
            database.recv(1 << 16)
    wire.send(message("200 OK", b"unread"))


def slow(wire, request):
    time.sleep(0.3)
    wire.send(message("200 OK", b"at last"))


def silent(wire, request):
    """Closes without an answer."""
    return True


def half(wire, request):
    """Promises more than it sends."""
    wire.send(message("200 OK", b"h" * 1000)[:-900])
    return True


def abort(wire, request):
    """Sends until the client has gone."""
    wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
    try:
        while True:
            wire.send(b"a" * 10000)
    except OSError:
        return True


def broken(wire, request):
    """An answer with something done to it; the query says which."""
    wire.send(mutant(int(request.target.split("=")[1]), ANSWERS))
    return True


ANSWERS = (
    message("200 OK", b"a body", "Server: shape"),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nchunk\r\n0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" + message("404 Not Found", b"n" * 5000),
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nmore",
)
ACTIONS = {
    "plain": plain,
    "head": head,
    "apart": apart,
    "bytewise": bytewise,
    "chunked": chunked,
    "until-close": until_close,
    "204": no_content,
    "304": not_modified,
    "continue": cont,
    "early": early,
    "upgrade": upgrade,
    "sendfile": sendfile,
    "splice": splice,
    "zerocopy": zerocopy,
    "unread-login": unread_login,
    "slow": slow,
    "silent": silent,
    "half": half,
    "abort": abort,
    "broken": broken,
}


def serve(sock, family):
    wire = Wire(sock, family)
    with sock:
        try:
            over = False
            while not over:
                request = Request(wire)
                over = ACTIONS[request.action](wire, request)
        # A request that is none ends the connection.
        except (EOFError, OSError, ValueError, KeyError, IndexError):
            pass


def main():
    *where, family = sys.argv[1:]
    if len(where) == 1:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(where[0])
    else:
        version = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
        listener = socket.create_server((where[0], int(where[1])), family=version)
    listener.listen(64)
    print("READY", flush=True)
    while True:
        sock, _ = listener.accept()
        if listener.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(sock, family), daemon=True).start()


if __name__ == "__main__":
    main()
