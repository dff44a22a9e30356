# SPDX-License-Identifier: Apache-2.0
"""A terminal that a program draws on: a pty, what was written to it, and the frames in that."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from .process import ProcessError

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
FRAME = re.compile(rb"\x1b\[\?2026h\x1b\[H(.*?)\x1b\[K\x1b\[J\x1b\[\?2026l", re.S)
LINE_END = b"\x1b[K\r\n"
# All that a view may send besides text.
SEQUENCES = re.compile(rb"\x1b\[(?:\?(?:1049|25|7|2026)[hl]|[HJK]|2J)")


class Terminal:
    """One program on a terminal of its own, which is its controlling one."""

    def __init__(self, command, columns=120, lines=30, env=None, stderr=None):
        self.master, slave = pty.openpty()
        self.output = b""
        self.resize(columns, lines)
        words = [str(word) for word in command]
        environment = {**os.environ, "TERM": "xterm", **(env or {})}
        try:
            self.process = subprocess.Popen(
                words, stdin=slave, stdout=slave, stderr=stderr or slave, env=environment,
                preexec_fn=lambda: self.take(slave))
        finally:
            os.close(slave)

    @staticmethod
    def take(slave):
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    def resize(self, columns, lines):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def hold(self, held):
        """Ctrl-S and Ctrl-Q."""
        os.write(self.master, b"\x13" if held else b"\x11")

    def read(self, timeout_s=0.1):
        """Takes in what comes within @timeout_s; False at the end."""
        if not select.select([self.master], [], [], timeout_s)[0]:
            return True
        try:
            self.output += os.read(self.master, 65536)
        except OSError:  # EIO: nobody has it open any more
            return False
        return True

    def wait_for(self, condition, what, timeout_s=30):
        """Reads until @condition is true of this terminal."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline or not self.read():
                raise ProcessError(f"{what} did not come:\n{self.output[-3000:]!r}")

    def wait_end(self, timeout_s=30):
        deadline = time.monotonic() + timeout_s
        while self.read() and time.monotonic() < deadline:
            pass
        return self.process.wait(5)

    def frames(self):
        """The frames so far, each a list of lines."""
        # The terminal driver makes a carriage return of its own out of each line feed.
        found = FRAME.findall(self.output.replace(b"\r\r\n", b"\r\n"))
        return [frame.decode("utf-8").split(LINE_END.decode()) for frame in found]

    def text(self):
        """The last frame."""
        return "\n".join((self.frames() or [[]])[-1])

    def close(self):
        """The terminal goes first: whoever is in front there gets a SIGHUP."""
        os.close(self.master)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
