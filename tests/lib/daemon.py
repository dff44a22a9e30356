# SPDX-License-Identifier: Apache-2.0
"""A UDP receiver in the X-Ray daemon's place: checks each datagram as the daemon does and keeps the
documents.
"""

import fcntl
import json
import socket
import struct
import sys
import termios
import threading
import time

BODY_MAX = 65477
SO_RCVBUFFORCE = 33
SO_MEMINFO = 55
MEMINFO_DROPS = 8  # linux/sock_diag.h
RECEIVE_BUFFER = 32 << 20


class DatagramError(ValueError):
    """The datagram is not a header line with one JSON document behind it."""


def parse_datagram(data):
    """The document of one datagram: `{"format":"json","version":1}`, a line feed, a JSON object of
    limited size.
    """
    head, feed, body = data.partition(b"\n")
    try:
        header = json.loads(head)
        if not feed or header != {"format": "json", "version": 1}:
            raise DatagramError(f"header {head[:80]!r}")
        document = json.loads(body.decode("utf-8"))
    except ValueError as error:
        raise DatagramError(f"{error}: {data[:200]!r}") from None
    if not isinstance(document, dict) or len(body) > BODY_MAX:
        raise DatagramError(f"{type(document).__name__} of {len(body)} bytes")
    return document


class Daemon:
    """Receives in a thread of its own until closed. .documents in order of arrival, .bad: what was
    not one.

    @path: a file that gets one document a line, byte for byte as received.
    """

    def __init__(self, path=None, address="127.0.0.1", port=0):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        except PermissionError:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self.socket.bind((address, port))
        self.socket.settimeout(0.1)
        self.documents = []
        self.bad = []
        self.last_at = time.monotonic()
        self.file = open(path, "wb") if path else None
        self.closing = False
        self.thread = threading.Thread(target=self.receive, daemon=True)
        self.thread.start()

    @property
    def address(self):
        return "%s:%d" % self.socket.getsockname()

    def receive(self):
        while True:
            try:
                data = self.socket.recv(1 << 16)
            except socket.timeout:
                if self.closing:
                    return
                continue
            self.take(data)
            self.last_at = time.monotonic()

    def take(self, data):
        try:
            document = parse_datagram(data)
        except DatagramError as error:
            self.bad.append(str(error))
            return
        if self.file:
            self.file.write(data.partition(b"\n")[2].rstrip(b"\n") + b"\n")
        self.documents.append(document)

    def wait_quiet(self, quiet_s=1.0, timeout_s=30):
        """Waits until nothing has come for @quiet_s and nothing waits to be read: on a busy machine
        this receiver may get no time for longer than that.
        """
        deadline = time.monotonic() + timeout_s
        while not self.closing and time.monotonic() < deadline:
            if time.monotonic() - self.last_at >= quiet_s and not self.waits():
                return
            time.sleep(0.05)

    def waits(self):
        """A datagram has arrived and was not read."""
        length = fcntl.ioctl(self.socket, termios.FIONREAD, bytes(4))
        return int.from_bytes(length, sys.byteorder) > 0

    def dropped(self):
        """Datagrams that the kernel threw away because this receiver was too slow: must be 0 for
        any verdict.
        """
        words = self.socket.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 4 * (MEMINFO_DROPS + 1))
        return struct.unpack("=9I", words)[MEMINFO_DROPS]

    def refuse(self):
        """From here on the port answers as a closed one does, and what has arrived can be read: a
        connected socket takes its peer's datagrams only, and nobody sends from the port of discard.
        """
        self.socket.connect((self.socket.getsockname()[0], 9))

    def close(self):
        """Takes in what has arrived, then ends; nothing is lost between the last read and that."""
        if self.closing:
            return
        self.refuse()
        self.closing = True
        self.thread.join()
        self.lost = self.dropped()
        self.socket.close()
        if self.file:
            self.file.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
