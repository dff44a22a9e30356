# SPDX-License-Identifier: Apache-2.0
"""Hostile bytes: random ones, and valid messages with something done to them. The same for the same
seed.
"""

import random

HUGE = (b"\xff\xff\xff\xff", b"\xff\xff\xff", b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff", b"\0\0\0\0")
TEXTS = (
    b"99999999999999999999",
    b"-1",
    b"\r\n\r\n",
    b"\r\nTransfer-Encoding: chunked\r\n",
    b"\r\nContent-Length: 18446744073709551615\r\n",
    b"\0",
    b"\xff\xfe\xc0\x80",
    b"A" * 3000,
    b"\n " * 500,
    b"%s%n%00",
    b'","id":"0"},{"',
)


def flip(rng, data, at):
    return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]


def noise(rng, data, at):
    return data[:at] + rng.randbytes(rng.randrange(1, 40)) + data[at:]


def cut(rng, data, at):
    return data[:at] + data[at + rng.randrange(1, 20) :]


def end(rng, data, at):
    return data[:at]


def again(rng, data, at):
    return data[:at] + data[at : at + 30] * rng.randrange(2, 50) + data[at:]


def huge(rng, data, at):
    value = rng.choice(HUGE)
    return data[:at] + value + data[at + len(value) :]


def text(rng, data, at):
    return data[:at] + rng.choice(TEXTS) + data[at:]


WAYS = (flip, noise, cut, end, again, huge, text)


def mutant(seed, originals):
    """One of @originals with one to four things done to it; every eighth is random altogether."""
    rng = random.Random(f"mutant-{seed}")
    if seed % 8 == 7:
        return rng.randbytes(rng.choice((1, 5, 40, 700, 5000)))
    data = rng.choice(originals)
    for _ in range(rng.randrange(1, 5)):
        if not data:
            break
        # Heads and length fields are at the beginning.
        at = rng.randrange(min(len(data), rng.choice((8, 60, 100000))))
        data = rng.choice(WAYS)(rng, data, at)
    return data
