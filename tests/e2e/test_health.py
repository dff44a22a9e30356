#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`bpfxray health` as a container's health check runs it: 0 while a trace turns, 1 when there is
none, when it hangs, and when the only ones belong to other containers."""
import os
import signal
import socket
import subprocess
import sys
import unittest
from pathlib import Path
from tempfile import mkdtemp

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import suite  # noqa: E402
from lib.paths import BPFXRAY  # noqa: E402
from lib.plain import Plain  # noqa: E402
from lib.process import Processes, wait_until  # noqa: E402
from lib.tracer import Tracer  # noqa: E402

# A mount namespace and a root of its own, as a container has: in the directory $1, of what is here.
# Other traces of this machine are other containers'.
CONTAINER = """#!/bin/sh -e
mount -t tmpfs root "$1"
for one in /*; do
    if [ -L "$one" ]; then
        cp -a "$one" "$1/"
    elif [ -d "$one" ]; then
        mkdir "$1$one"
        mount --rbind "$one" "$1$one"
    fi
done
exec chroot "$@"
"""
UNIT = ("unshare", "--mount")


class Health(unittest.TestCase):
    def setUp(self):
        self.processes = self.enterContext(Processes())
        self.plain = Plain(self.processes)
        self.script = self.write("container", CONTAINER)

    def write(self, name, text):
        path = self.processes.directory / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def container(self):
        """The command in front of a program that runs in a new one."""
        return ["unshare", "--mount", self.script, mkdtemp(dir=self.processes.directory)]

    def health(self, pid=None, unit=()):
        """Exit code and lines, asked within the container of @pid, or in a new one."""
        inside = ["nsenter", "--mount", "--root", "--target", str(pid)] if pid else self.container()
        inside += unit
        done = subprocess.run(
            [*inside, BPFXRAY, "health"], capture_output=True, text=True, timeout=20)
        self.assertEqual("", done.stderr)
        return done.returncode, done.stdout.splitlines()

    def start(self, name="bpfxray", pid=None, daemon=None):
        inside = " ".join(map(str, self.container()))
        launcher = self.write(f"{name}-inside", f'#!/bin/sh\nexec {inside} {BPFXRAY} "$@"\n')
        pids = [pid or self.plain.pid]
        return Tracer(self.processes, pids, daemon, program=launcher, name=name)

    def test_a_trace_is_healthy_until_it_hangs(self):
        tracer = self.start()
        self.plain.ask()
        code, lines = self.health(tracer.pid)
        self.assertEqual((0, 1), (code, len(lines)), lines)
        self.assertIn(f"PID {tracer.pid} is healthy", lines[0])
        os.kill(tracer.pid, signal.SIGSTOP)
        code, lines = self.health(tracer.pid)
        self.assertEqual((1, 1), (code, len(lines)), lines)
        self.assertIn("no answer", lines[0])
        os.kill(tracer.pid, signal.SIGCONT)
        self.assertEqual(0, self.health(tracer.pid)[0])
        tracer.stop()

    def test_no_trace_and_those_of_other_containers(self):
        code, lines = self.health()
        self.assertEqual((1, ["no bpfxray trace is running here"]), (code, lines))
        tracer = self.start()
        self.assertEqual(1, self.health()[0])
        tracer.kill()

    def test_a_unit_with_mounts_of_its_own_is_found(self):
        tracer = self.start()
        code, lines = self.health(tracer.pid, UNIT)
        self.assertEqual((0, 1), (code, len(lines)), lines)
        self.assertIn(f"PID {tracer.pid} is healthy", lines[0])
        tracer.stop()

    def test_one_that_hangs_elsewhere_is_nobody_elses_matter(self):
        hangs, other = self.start("hangs", Plain(self.processes, "other").pid), self.start()
        os.kill(hangs.pid, signal.SIGSTOP)
        code, lines = self.health(other.pid)
        self.assertEqual((0, 1), (code, len(lines)), lines)
        os.kill(hangs.pid, signal.SIGCONT)
        hangs.stop()
        other.stop()

    def test_daemon_that_answers_on_tcp(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            tracer = self.start(daemon="127.0.0.1:%d" % listener.getsockname()[1])
            wait_until(lambda: "1 of 1 answer on TCP" in self.health(tracer.pid)[1][0], 30,
                       "the daemon does not answer")
            tracer.stop()

    def test_a_name_that_somebody_else_took(self):
        tracer = self.start()
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as impostor:
            mounts = os.stat(f"/proc/{tracer.pid}/ns/mnt").st_ino
            impostor.bind(f"\0bpfxray-health-{tracer.pid}-{mounts}-0000000000000000")
            impostor.listen()
            code, lines = self.health(tracer.pid)
        self.assertEqual((0, 1), (code, len(lines)), lines)
        tracer.stop()


if __name__ == "__main__":
    suite.main()
