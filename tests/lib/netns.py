# SPDX-License-Identifier: Apache-2.0
"""Network namespaces of the tests: loopback and further addresses on it, nothing else. Whatever
listens in one does not meet what listens on the machine or in another test's.
"""

import ctypes
import fcntl
import os
import socket
import struct
from contextlib import contextmanager

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS, SIOCSIFADDR = 0x8914, 0x8916
IFF_UP, IFF_LOOPBACK, IFF_RUNNING = 0x1, 0x8, 0x40
LIBC = ctypes.CDLL(None, use_errno=True)


def check(result):
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def configure_loopback(addresses):
    """In the calling thread's namespace: loopback up, with @addresses beside 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        up = struct.pack("16sH14x", b"lo", IFF_UP | IFF_LOOPBACK | IFF_RUNNING)
        fcntl.ioctl(control, SIOCSIFFLAGS, up)
        for i, address in enumerate(addresses, 1):
            family = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))
            fcntl.ioctl(control, SIOCSIFADDR, struct.pack("16s16s8x", b"lo:%d" % i, family))


class Namespace:
    """Lives as long as its file is open or something runs in it. .path names it to others."""

    def __init__(self, addresses=()):
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        check(LIBC.unshare(CLONE_NEWNET))
        try:
            configure_loopback(addresses)
            self.fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        finally:
            check(LIBC.setns(home, CLONE_NEWNET))
            os.close(home)

    @property
    def path(self):
        return f"/proc/{os.getpid()}/fd/{self.fd}"

    @contextmanager
    def entered(self):
        """Sockets made and programs started in the block belong to the namespace; so do threads."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        check(LIBC.setns(self.fd, CLONE_NEWNET))
        try:
            yield self
        finally:
            check(LIBC.setns(home, CLONE_NEWNET))
            os.close(home)

    def close(self):
        os.close(self.fd)
