# SPDX-License-Identifier: Apache-2.0
"""What a router says of a host that it cannot reach, as the sender of a datagram hears it."""

import socket
import struct
from pathlib import Path

UNREACHABLE, HOST = 3, 1


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def wire(address, port):
    """As the kernel's tables write them."""
    word = struct.unpack("=I", socket.inet_aton(address))[0]
    return f"{word:08X}:{port:04X}"


def source_of(pid, address, port):
    """Address and port of the UDP socket that @pid's namespace has connected to @address."""
    for line in Path(f"/proc/{pid}/net/udp").read_text().splitlines()[1:]:
        local, remote = line.split()[1:3]
        if remote == wire(address, port):
            word, local_port = local.split(":")
            return socket.inet_ntoa(struct.pack("=I", int(word, 16))), int(local_port, 16)
    raise LookupError(f"no socket is connected to {address}:{port}")


def host_unreachable(pid, address, port):
    """Tells @pid's socket to @address that no way leads there."""
    source, source_port = source_of(pid, address, port)
    ends = socket.inet_aton(source) + socket.inet_aton(address)
    head = struct.pack(">BBHHHBBH", 0x45, 0, 28, 0, 0, 64, socket.IPPROTO_UDP, 0) + ends
    datagram = head + struct.pack(">HHHH", source_port, port, 8, 0)
    message = struct.pack(">BBHI", UNREACHABLE, HOST, 0, 0) + datagram
    message = message[:2] + struct.pack(">H", checksum(message)) + message[4:]
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as router:
        router.sendto(message, (source, 0))
