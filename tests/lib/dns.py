# SPDX-License-Identifier: Apache-2.0
"""A DNS server of the tests, on port 53 of a loopback address that nobody else uses, and how a
program comes to ask it.

    with Dns(processes, {"xray.test": ["127.0.7.1", "127.0.7.2"]}, ttl=1) as dns:
        program = dns.launcher(BPFXRAY)     # starts it with a resolv.conf that names this server
        dns.names["xray.test"] = []         # NXDOMAIN from now on
"""

import os
import random
import socket
import struct
import threading

TYPE_A = 1
NXDOMAIN = 3


def question_of(message):
    """The name, its type, and where the question ends."""
    labels, at = [], 12
    while length := message[at]:
        labels.append(message[at + 1 : at + 1 + length].decode())
        at += length + 1
    kind = struct.unpack_from(">H", message, at + 1)[0]
    return ".".join(labels).lower(), kind, at + 5


class Dns:
    """Answers A questions from .names; what is not there does not exist. .silent: no answer."""

    def __init__(self, processes, names, ttl=1):
        self.directory = processes.directory
        self.names = dict(names)
        self.ttl = ttl
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
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while not self.closing:
            try:
                message, peer = self.socket.recvfrom(4096)
            except socket.timeout:
                continue
            self.questions += 1
            if not self.silent:
                self.socket.sendto(self.answer(message), peer)

    def answer(self, message):
        name, kind, end = question_of(message)
        known = self.names.get(name) or []
        found = known if kind == TYPE_A else []
        head = message[:2] + struct.pack(
            ">HHHHH", 0x8580 | (0 if known else NXDOMAIN), 1, len(found), 0, 0)
        records = b"".join(
            struct.pack(">HHHIH", 0xC00C, TYPE_A, 1, self.ttl, 4) + socket.inet_aton(one)
            for one in found)
        return head + message[12:end] + records

    def launcher(self, program):
        """A script that runs @program where /etc/resolv.conf names this server, and nothing else
        differs."""
        conf = self.directory / "resolv.conf"
        conf.write_text(f"nameserver {self.address}\noptions timeout:1\n")
        script = self.directory / "with-dns"
        real = os.path.realpath("/etc/resolv.conf")
        script.write_text(
            "#!/bin/sh\n"
            f"exec unshare --mount sh -c 'mount --bind {conf} {real} && exec \"$0\" \"$@\"' "
            f'{program} "$@"\n')
        script.chmod(0o755)
        return script

    def close(self):
        if not self.closing:
            self.closing = True
            self.thread.join()
            self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
