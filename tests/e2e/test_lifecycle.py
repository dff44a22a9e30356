#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A trace under a service manager: its configuration file, SIGHUP, readiness and watchdog, and the
stop."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import suite  # noqa: E402
from lib.daemon import Daemon  # noqa: E402
from lib.paths import BPFXRAY  # noqa: E402
from lib.plain import Plain  # noqa: E402
from lib.process import Processes, wait_until  # noqa: E402

WAIT_S = 20


class Lifecycle(unittest.TestCase):
    def setUp(self):
        self.processes = self.enterContext(Processes())
        self.plain = Plain(self.processes)
        self.config = self.processes.directory / "bpfxray.conf"
        self.stats = self.processes.directory / "stats.json"

    def write(self, **flags):
        flags = {"sampling": "all", **flags}
        lines = [f"{name.replace('_', '-')} = {value}" for name, value in flags.items()]
        self.config.write_text("# written by the test\n" + "\n".join(lines) + "\n")

    def start(self, env=None, options=()):
        command = [BPFXRAY, "trace", "--config", self.config, *options]
        process = self.processes.start("bpfxray", command, env=env)
        process.wait_ready(lambda: "ready:" in self.said(process))
        return process

    def said(self, process):
        return process.log.read_text()

    def stop(self, process):
        self.assertEqual(0, self.processes.stop(process, number=signal.SIGTERM))
        return json.loads(self.stats.read_text())

    def test_reload_moves_to_another_daemon_and_loses_nothing(self):
        first, second = self.enterContext(Daemon()), self.enterContext(Daemon())
        self.write(pid=self.plain.pid, daemon=first.address, stats=self.stats)
        process = self.start()
        self.plain.ask("?first")
        wait_until(lambda: first.documents, WAIT_S, "the first daemon gets nothing")
        self.write(pid=self.plain.pid, daemon=second.address, stats=self.stats,
                   db_spans="sdk", sql="off",
                   name_pattern="*.example.com", sampling="auto")
        os.kill(process.pid, signal.SIGHUP)
        wait_until(lambda: "is in force" in self.said(process), WAIT_S, "no reload")
        for flag in ("db-spans", "name-pattern", "sampling"):
            self.assertIn(f"{flag} has changed, which needs another start", self.said(process))
        self.assertNotIn("sql has changed", self.said(process))
        for i in range(5):
            self.plain.ask(f"?second{i}")
        wait_until(lambda: len(second.documents) == 5, WAIT_S, "the second daemon gets nothing")
        stats = self.stop(process)
        self.assertEqual((6, 1), (stats["udp"]["sent"], len(first.documents)))

    def test_reload_to_a_name_that_does_not_resolve_keeps_what_comes(self):
        first, second = self.enterContext(Daemon()), self.enterContext(Daemon())
        self.write(pid=self.plain.pid, daemon=first.address, stats=self.stats)
        process = self.start()
        self.plain.ask("?first")
        wait_until(lambda: first.documents, WAIT_S, "the first daemon gets nothing")

        def move(address, times):
            self.write(pid=self.plain.pid, daemon=address, stats=self.stats)
            os.kill(process.pid, signal.SIGHUP)
            wait_until(lambda: self.said(process).count("is in force") == times, WAIT_S, "no word")

        move("nowhere.invalid:2000", 1)
        for i in range(5):
            self.plain.ask(f"?kept{i}")
        time.sleep(1)
        self.assertEqual(1, len(first.documents), "the old daemon still gets documents")
        move(second.address, 2)
        wait_until(lambda: len(second.documents) == 5, WAIT_S, "what was kept does not arrive")
        self.assertEqual(6, self.stop(process)["udp"]["sent"])

    def test_reload_of_a_wrong_file_changes_nothing(self):
        daemon = self.enterContext(Daemon())
        self.write(pid=self.plain.pid, daemon=daemon.address, stats=self.stats)
        process = self.start()
        self.config.write_text(f"pid = {self.plain.pid}\ncolour = green\n")
        os.kill(process.pid, signal.SIGHUP)
        wait_until(lambda: "nothing changes" in self.said(process), WAIT_S, "no word")
        self.assertIn(f'{self.config}:2: unknown key "colour"', self.said(process))
        self.plain.ask()
        wait_until(lambda: daemon.documents, WAIT_S, "nothing arrives")
        self.stop(process)

    def test_wrong_files_at_the_start(self):
        for text in ("colour = green\n", None):
            self.config.write_text(text) if text else self.config.unlink()
            done = subprocess.run(
                [BPFXRAY, "trace", "--config", self.config, "--pid", str(self.plain.pid)],
                capture_output=True, text=True, timeout=WAIT_S)
            self.assertEqual(2, done.returncode)
            self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)

    def receive(self, manager, wanted):
        """Messages up to the one that contains @wanted."""
        got = []
        while not got or wanted not in got[-1]:
            got.append(manager.recv(4096).decode())
        return got

    def test_counters_do_not_go_through_a_link_of_somebody_else(self):
        victim = self.processes.directory / "victim"
        victim.write_text("untouched")
        Path(f"{self.stats}.new").symlink_to(victim)
        self.write(pid=self.plain.pid, no_daemon="true", stats=self.stats)
        process = self.start()
        self.plain.ask()
        self.assertEqual(1, self.stop(process)["trace"]["requests"])
        self.assertEqual("untouched", victim.read_text())

    def test_counters_do_not_follow_a_link_of_somebody_else(self):
        if os.geteuid():
            self.skipTest("another user's link can only be made as root")
        victim, folder = self.processes.directory / "victim", self.processes.directory / "all"
        victim.write_text("untouched")
        folder.mkdir()
        folder.chmod(0o1777)
        planted, own, on = folder / "planted", folder / "own", folder / "on"
        planted.symlink_to(victim)
        os.lchown(planted, 65534, 65534)
        on.symlink_to(planted)  # root's, and leads to the other one
        own.symlink_to(self.stats)
        for stats, metrics in ((planted, own), (own, on)):
            self.write(pid=self.plain.pid, no_daemon="true", stats=stats, metrics=metrics)
            process = self.start()
            self.assertEqual(6, self.processes.stop(process, number=signal.SIGTERM))
            self.assertIn("a symbolic link of another user", self.said(process))
            self.assertEqual("untouched", victim.read_text())
            self.assertTrue(planted.is_symlink() and own.is_symlink())
            self.assertIn("exchanges", self.stats.read_text())
            self.stats.unlink()
            process.log.unlink()  # the next start is to say that it is ready itself

    def test_a_line_of_counts_now_and_then(self):
        daemon = self.enterContext(Daemon())
        self.write(pid=self.plain.pid, daemon=daemon.address, stats=self.stats, log_interval=1)
        process = self.start()
        self.plain.ask()
        line = re.compile(r"1 requests and 0 statements so far; 1 documents sent, 0 queued; lost")
        wait_until(lambda: line.search(self.said(process)), WAIT_S, "no line of counts")
        self.stop(process)

    def test_a_service_manager_is_told(self):
        path = str(self.processes.directory / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(WAIT_S)
            self.write(pid=self.plain.pid, no_daemon="true", stats=self.stats)
            process = self.start({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "200000"})
            self.assertIn("READY=1", self.receive(manager, "READY=1")[0])
            self.receive(manager, "WATCHDOG=1")
            os.kill(process.pid, signal.SIGHUP)
            self.assertIn("MONOTONIC_USEC=", self.receive(manager, "RELOADING=1")[-1])
            self.receive(manager, "READY=1")
            self.stop(process)
            self.receive(manager, "STOPPING=1")

    def test_a_stop_waits_for_nobody_and_tells_its_time(self):
        # A daemon that is not there is the slowest case. stop() waits a minute.
        self.write(pid=self.plain.pid, daemon="127.0.0.1:9", stats=self.stats)
        process = self.start()
        for _ in range(5):
            self.plain.ask()
        stats = self.stop(process)
        self.assertRegex(self.said(process), r"stopped after \d+ ms")
        udp = stats["udp"]
        self.assertEqual(5, udp["sent"] + udp["dropped_unsent"], udp)

    def test_unit_file(self):
        unit = (Path(__file__).parents[2] / "userspace/cli/bpfxray.service").read_text()
        known = subprocess.run([BPFXRAY, "--help"], capture_output=True, text=True).stdout
        for flag in re.findall(r"--[a-z-]+", unit):
            self.assertIn(flag, known)
        self.assertIn("Type=notify", unit)


if __name__ == "__main__":
    suite.main()
