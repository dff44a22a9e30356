# SPDX-License-Identifier: Apache-2.0
"""A DNS server of the tests, on port 53 of a loopback address that nobody else uses, and how a
program comes to ask it.

    with Dns(processes, {"xray.test": ["127.0.7.1", "127.0.7.2"]}, ttl=1) as dns:
        program = dns.launcher(BPFXRAY)     # starts it with a resolv.conf that names this server
        dns.names["xray.test"] = []         # NXDOMAIN from now on
        dns.names["alias.test"] = "xray.test"
"""

import os
import random
import socket
import struct
import threading

TYPE_A, TYPE_CNAME, TYPE_AAAA = 1, 5, 28
NXDOMAIN = 3
CUT = 0x0200


def question_of(message):
    """The name, its type, and where the question ends."""
    labels, at = [], 12
    while length := message[at]:
        labels.append(message[at + 1 : at + 1 + length].decode())
        at += length + 1
    kind = struct.unpack_from(">H", message, at + 1)[0]
    return ".".join(labels).lower(), kind, at + 5


def wire_name(name):
    return b"".join(bytes([len(one)]) + one.encode() for one in name.split(".")) + b"\0"


def ask_unconnected(name, server):
    """The one IPv4 address of @name, asked for without connecting the socket to @server."""
    question = struct.pack(">HHHHHH", 0x1234, 0x0100, 1, 0, 0, 0) + wire_name(name)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver:
        resolver.settimeout(5)
        resolver.sendto(question + struct.pack(">HH", TYPE_A, 1), (server, 53))
        answer, _ = resolver.recvfrom(512)
    return socket.inet_ntoa(answer[-4:])


def record(owner, kind, ttl, data):
    return wire_name(owner) + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data


class Dns:
    """Answers questions for addresses from .names, where a string is the name that another one
    stands for; what is not there does not exist. .silent: no answer. .cut: names that are answered
    over TCP alone.
    """

    def __init__(self, processes, names, ttl=1, cut=()):
        self.directory = processes.directory
        self.names = dict(names)
        self.ttl = ttl
        self.cut = set(cut)
        self.silent = False
        self.questions = 0
        self.address = f"127.{random.randint(60, 250)}.{random.randint(0, 255)}.53"
        self.closing = False
        self.socket = None
        self.start()

    def start(self):
        self.closing = False
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.address, 53))
        self.socket.settimeout(0.05)
        self.listener = socket.create_server((self.address, 53))
        self.listener.settimeout(0.05)
        self.threads = [
            threading.Thread(target=self.serve, args=(turn,), daemon=True)
            for turn in (self.answer_datagram, self.answer_connection)
        ]
        for thread in self.threads:
            thread.start()

    def fall_silent(self):
        self.silent = True

    def speak(self):
        self.silent = False

    def serve(self, turn):
        while not self.closing:
            try:
                turn()
            except TimeoutError:
                continue

    def answer_datagram(self):
        message, peer = self.socket.recvfrom(4096)
        self.questions += 1
        if not self.silent:
            self.socket.sendto(self.answer(message, cut=self.cut), peer)

    def answer_connection(self):
        connection, _ = self.listener.accept()
        with connection:
            connection.settimeout(2)
            stream = connection.makefile("rb")
            while length := stream.read(2):
                answer = self.answer(stream.read(int.from_bytes(length)))
                # In two pieces, as a slow network would.
                connection.sendall(len(answer).to_bytes(2))
                connection.sendall(answer)

    def records(self, name, kind):
        """The records that answer for @name, aliases first; None: there is no such name."""
        known = self.names.get(name)
        if isinstance(known, str):
            rest = self.records(known, kind)
            return rest and [record(name, TYPE_CNAME, self.ttl, wire_name(known)), *rest]
        family = {TYPE_A: socket.AF_INET, TYPE_AAAA: socket.AF_INET6}.get(kind)
        return known and [
            record(name, kind, self.ttl, socket.inet_pton(family, one))
            for one in known
            if family == (socket.AF_INET6 if ":" in one else socket.AF_INET)
        ]

    def answer(self, message, cut=()):
        name, kind, end = question_of(message)
        found = self.records(name, kind)
        flags = 0x8580 | (NXDOMAIN if found is None or found == [] and not self.names[name] else 0)
        if name in cut:
            found, flags = [], flags | CUT
        found = found or []
        head = message[:2] + struct.pack(">HHHHH", flags, 1, len(found), 0, 0)
        return head + message[12:end] + b"".join(found)

    def launcher(self, program, hosts=None):
        """A script that runs @program where /etc/resolv.conf names this server, /etc/hosts is the
        text @hosts if there is one, and nothing else differs."""
        conf = self.directory / "resolv.conf"
        conf.write_text(f"nameserver {self.address}\noptions timeout:1\n")
        mounts = f"mount --bind {conf} {os.path.realpath('/etc/resolv.conf')}"
        if hosts is not None:
            own = self.directory / "hosts"
            own.write_text(hosts)
            mounts += f" && mount --bind {own} {os.path.realpath('/etc/hosts')}"
        script = self.directory / "with-dns"
        script.write_text(
            "#!/bin/sh\n"
            f"exec unshare --mount sh -c '{mounts} && exec \"$0\" \"$@\"' "
            f'{program} "$@"\n')
        script.chmod(0o755)
        return script

    def close(self):
        if not self.closing:
            self.closing = True
            for thread in self.threads:
                thread.join()
            self.socket.close()
            self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
