# SPDX-License-Identifier: Apache-2.0
"""A server that speaks as much of MySQL's protocol as drivers need, for what MariaDB does not do:
caching_sha2_password, query attributes, and answers that no honest server gives.
"""

import socket
import ssl
import struct
import threading

from .mutate import mutant

CAP_PROTOCOL_41 = 1 << 9
CAP_SSL = 1 << 11
SSL_REQUEST_LEN = 32
CAP_SECURE = 1 << 15
CAP_PLUGIN_AUTH = 1 << 19
CAP_CONNECT_ATTRS = 1 << 20
CAP_LENENC_AUTH = 1 << 21
CAP_DEPRECATE_EOF = 1 << 24
CAP_QUERY_ATTRIBUTES = 1 << 27
BASE_CAPS = (
    0x8 | CAP_PROTOCOL_41 | CAP_SECURE | CAP_PLUGIN_AUTH | CAP_CONNECT_ATTRS | CAP_LENENC_AUTH
    | (1 << 13) | (1 << 16) | (1 << 17) | (1 << 18)
)  # fmt: skip
UTF8MB4 = 255
AUTOCOMMIT = 2
OK = b"\0\0\0" + struct.pack("<HH", AUTOCOMMIT, 0)
# caching_sha2_password does not know the password yet; use another plugin.
FULL_AUTH = b"\x01\x04"
SWITCH = b"\xfemysql_clear_password\0"
EOF = b"\xfe" + struct.pack("<HH", 0, AUTOCOMMIT)
OK_AS_EOF = b"\xfe\0\0" + struct.pack("<HH", AUTOCOMMIT, 0)


def packet(seq, payload):
    return len(payload).to_bytes(3, "little") + bytes([seq & 255]) + payload


def packets(first_seq, payloads):
    return b"".join(packet(first_seq + i, payload) for i, payload in enumerate(payloads))


def lenenc(data):
    return bytes([len(data)]) + data


def column(name):
    texts = (b"def", b"", b"", b"", name, name)
    fixed = b"\x0c" + struct.pack("<HIBHBH", UTF8MB4, 1020, 0xFD, 0, 0, 0)
    return b"".join(map(lenenc, texts)) + fixed


def login(user=b"raw", database=b"todobackend"):
    caps = (BASE_CAPS | CAP_DEPRECATE_EOF) & ~CAP_CONNECT_ATTRS
    fixed = struct.pack("<IIB", caps, 1 << 24, UTF8MB4) + bytes(23)
    return fixed + user + b"\0" + lenenc(b"h" * 32) + database + b"\0caching_sha2_password\0"


QUERIES = (b"SELECT 'a raw query'", b"INSERT INTO raw VALUES (1)", b"CALL raw(2)")
# What a client sends that does not look at the answers.
CLIENT = (
    packet(1, login()),
    *(packet(0, b"\x03" + sql) for sql in QUERIES),
    packet(0, b"\x16SELECT ?"),
    packet(0, b"\x17" + struct.pack("<IBI", 1, 0, 1) + b"\0\x01\x03\0\x07\0\0\0"),
    packet(0, b"\x0e"),
)


class Peer:
    """One client of it."""

    def __init__(self, sock):
        self.sock = sock
        self.caps = 0

    def exactly(self, n):
        data = b""
        while len(data) < n:
            piece = self.sock.recv(n - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def read(self):
        head = self.exactly(4)
        return head[3], self.exactly(int.from_bytes(head[:3], "little"))

    def send(self, data):
        self.sock.sendall(data)


class FakeMySQL:
    """Listens on @address, a pair or the path of a unix socket. .commands: payloads received.

    @ask: what it sends to a login, and to which the client answers with its password in the clear
    (over a unix socket, or over TLS): FULL_AUTH or SWITCH. .auth: these answers. @tls:
    Certificates, for clients that ask for it; .secured: how many did.
    """

    def __init__(self, address, caps=0, version=b"8.4.0", ask=None, tls=None):
        self.caps = BASE_CAPS | caps | (CAP_SSL if tls else 0)
        self.tls = None
        if tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(tls.certificate, tls.key)
        self.secured = 0
        self.version = version
        self.ask = ask
        self.commands, self.auth = [], []
        if isinstance(address, str):
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(address)
        else:
            self.listener = socket.create_server(address)
        self.listener.listen(16)
        self.address = self.listener.getsockname()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(Peer(sock),), daemon=True).start()

    def serve(self, peer):
        try:
            self.log_in(peer)
            while True:
                self.command(peer, *peer.read())
        except (EOFError, OSError):
            pass
        finally:
            peer.sock.close()

    def greeting(self):
        salt = bytes(range(1, 21))
        low, high = self.caps & 0xFFFF, self.caps >> 16
        return (
            b"\x0a" + self.version + b"\0" + struct.pack("<I", 7) + salt[:8] + b"\0"
            + struct.pack("<HBHHB", low, UTF8MB4, AUTOCOMMIT, high, 21) + bytes(10)
            + salt[8:] + b"\0caching_sha2_password\0"
        )  # fmt: skip

    def log_in(self, peer):
        peer.send(packet(0, self.greeting()))
        seq, login = peer.read()
        if self.tls and len(login) == SSL_REQUEST_LEN:
            peer.sock = self.tls.wrap_socket(peer.sock, server_side=True)
            self.secured += 1
            seq, login = peer.read()
        peer.caps = struct.unpack("<I", login[:4])[0] & self.caps
        if self.ask:
            peer.send(packet(seq + 1, self.ask))
            seq, password = peer.read()
            self.auth.append(password)
        else:
            peer.send(packet(seq + 1, b"\x01\x03"))
            seq += 1
        peer.send(packet(seq + 1, OK))

    def command(self, peer, seq, payload):
        if payload[:1] == b"\x01":
            raise EOFError
        self.commands.append(payload)
        if payload[:1] == b"\x03" and b"SELECT" in payload.upper():
            peer.send(self.result(peer))
        else:
            peer.send(packet(1, OK))

    def result(self, peer):
        """One column, one row."""
        if peer.caps & CAP_DEPRECATE_EOF:
            return packets(1, [b"\x01", column(b"c"), lenenc(b"value"), OK_AS_EOF])
        return packets(1, [b"\x01", column(b"c"), EOF, lenenc(b"value"), EOF])

    def broken(self, peer, n):
        """The n-th thing that HostileMySQL sends, before anything is done to it."""
        if n == 0:
            return [packet(0, self.greeting())]
        if n == 1:
            return [packet(2, OK), packet(2, b"\x01\x03") + packet(3, OK), packet(2, SWITCH)]
        error = b"\xff" + struct.pack("<H", 1146) + b"#42S02no such table"
        prepared = b"\0" + struct.pack("<IHHBH", 1, 1, 1, 0, 0)
        infile = b"\xfb/etc/hostname"
        many = packets(1, [b"\x01", column(b"c"), *[lenenc(b"row")] * 300, OK_AS_EOF])
        answers = [packet(1, one) for one in (OK, error, prepared, infile)]
        return [*answers, self.result(peer), many]

    def close(self):
        # Wakes accept() too.
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


class HostileMySQL(FakeMySQL):
    """Sends what .seed makes of honest answers, and closes after a few. It listens to nothing."""

    seed = 0

    def serve(self, peer):
        peer.caps = self.caps
        honest = self.seed % 3
        with peer.sock:
            peer.sock.settimeout(0.1)
            try:
                for n in range(6):
                    choice = self.broken(peer, n)
                    data = choice[self.seed % len(choice)]
                    # The first ones as they should be, so that what is hostile comes later.
                    peer.send(data if n < honest else mutant(self.seed * 10 + n, choice))
                    if not peer.sock.recv(1 << 16):
                        return
            except OSError:
                pass
