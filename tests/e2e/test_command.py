#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command line with a real process: each wrong use gets one line and its documented exit code,
a second tracer refuses, and a killed one leaves nothing behind."""
import json
import os
import shutil
import re
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import suite  # noqa: E402
from lib.mariadb import free_port  # noqa: E402
from lib.paths import BPFXRAY  # noqa: E402

READY_S = 30
SECRETS = ("sentinel-cookie", "sentinel-token")


class Command(unittest.TestCase):
    def setUp(self):
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        served = self.enterContext(tempfile.TemporaryDirectory())
        self.port = free_port()
        serve = [sys.executable, "-m", "http.server", str(self.port), "--bind", "127.0.0.1"]
        self.server = subprocess.Popen(
            serve, cwd=served, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self.end, self.server)
        self.wait(self.answers, "the server")

    def end(self, process):
        process.kill()
        process.wait()

    def wait(self, condition, what):
        deadline = time.monotonic() + READY_S
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"{what} is not ready")
            time.sleep(0.05)

    def ask(self):
        headers = {"Cookie": SECRETS[0], "Authorization": f"Bearer {SECRETS[1]}"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/", headers=headers)
        return urllib.request.urlopen(request, timeout=10).read()

    def answers(self):
        try:
            return self.ask() is not None
        except OSError:
            return False

    def start(self, name, *options):
        log = self.directory / f"{name}.log"
        command = [BPFXRAY, "trace", "--pid", str(self.server.pid), "--no-daemon"]
        command += ["--sampling", "all", *options]
        with log.open("wb") as out:
            tracer = subprocess.Popen(command, stderr=out)
        self.addCleanup(self.end, tracer)
        self.wait(lambda: "ready" in log.read_text(), name)
        return tracer, log

    def refused(self, code, *arguments, before=()):
        done = subprocess.run(
            [*before, BPFXRAY, *arguments], capture_output=True, text=True, timeout=60)
        self.assertEqual(code, done.returncode, done.stderr)
        self.assertEqual(1, len(done.stderr.strip().splitlines()), done.stderr)
        self.assertTrue(done.stderr.startswith("bpfxray: "), done.stderr)
        return done.stderr

    def test_wrong_uses(self):
        pid = str(self.server.pid)
        self.refused(2, "trace", "--no-such-flag")
        self.refused(2, "trace")
        self.refused(2, "trace", "--pid", "many")
        self.refused(2, "trace", "--pid", pid, "--sampling", "some")
        self.refused(4, "trace", "--pid", "4194303", "--no-daemon")
        self.refused(6, "trace", "--pid", pid, "--no-daemon", "--output", "/no/such/folder/x")
        self.refused(7, "trace", "--pid", pid, "--daemon", "a:b:c:d")

    def test_without_rights(self):
        nobody = ["setpriv", "--reuid", "65534", "--clear-groups"]
        self.refused(3, "trace", "--pid", str(self.server.pid), "--no-daemon", before=nobody)

    def doctor_with(self, *capabilities):
        """Its rows by name, and its exit code."""
        bounds = "-all," + ",".join(f"+{name}" for name in capabilities)
        command = ["setpriv", "--bounding-set", bounds, BPFXRAY, "doctor"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        rows = re.findall(r"^  (\S.*?)  +(yes|no|\?)\b(?:.*\n +-> (.*))?", done.stdout, re.M)
        return {name: (verdict, advice) for name, verdict, advice in rows}, done.returncode

    def test_doctor_tells_what_missing_rights_break(self):
        rows, code = self.doctor_with("bpf", "perfmon", "sys_ptrace")
        self.assertEqual(("yes", ""), rows["rights to load BPF"])
        self.assertEqual("no", rows["right to read any file"][0])
        self.assertIn("not named by their environment", rows["right to read any file"][1])
        verdict, advice = rows["probes of libraries"]
        self.assertTrue(verdict == "yes" or "CAP_SYS_ADMIN" in advice, advice)
        self.assertEqual(0, code)
        for missing, row in (
            ("sys_ptrace", "right to look into processes"),
            ("perfmon", "rights to load BPF"),
            ("bpf", "rights to load BPF"),
        ):
            with self.subTest(missing):
                rows, code = self.doctor_with(*{"bpf", "perfmon", "sys_ptrace"} - {missing})
                self.assertEqual(("no", 3), (rows[row][0], code))

    def test_functions_that_are_not_traced(self):
        """Probes of functions would attach and never be hit: they are not even tried."""
        off = self.directory / "ftrace_enabled"
        off.write_text("0\n")
        mounted = f'mount --bind {off} /proc/sys/kernel/ftrace_enabled && exec "$0" "$@"'
        before = ("unshare", "--mount", "sh", "-c", mounted)
        done = subprocess.run([*before, BPFXRAY, "doctor"], capture_output=True, text=True)
        for backend in ("fentry", "kprobe"):
            self.assertRegex(done.stdout, f"not {backend}: .*kernel.ftrace_enabled is 0")
            self.refused(5, "trace", "--pid", str(self.server.pid), "--no-daemon",
                         "--backend", backend, before=before)  # fmt: skip

    def test_as_the_root_of_a_user_namespace(self):
        other = ["unshare", "--user", "--map-root-user"]
        if subprocess.run([*other, "true"], capture_output=True).returncode:
            self.skipTest("this machine makes no user namespaces")
        said = self.refused(3, "trace", "--pid", str(self.server.pid), "--no-daemon", before=other)
        self.assertIn("the host's user namespace: missing", said)

    def test_second_tracer_refuses_and_a_killed_one_leaves_nothing(self):
        first, _ = self.start("first")
        self.refused(8, "trace", "--pid", str(self.server.pid), "--no-daemon")
        first.kill()
        first.wait()
        before = self.ask()
        second, _ = self.start("second")
        self.assertEqual(before, self.ask())
        second.send_signal(signal.SIGTERM)
        self.assertEqual(0, second.wait(READY_S))

    def test_counters_that_cannot_be_written(self):
        """Said, and the exit code; what was traced is there all the same."""
        for flag in ("--stats", "--metrics"):
            with self.subTest(flag):
                gone, documents = self.directory / flag[2:], self.directory / f"{flag[2:]}.jsonl"
                gone.mkdir()
                tracer, log = self.start(
                    f"gone{flag}", "--output", str(documents), flag, str(gone / "file")
                )
                self.ask()
                shutil.rmtree(gone)
                tracer.send_signal(signal.SIGTERM)
                self.assertEqual(6, tracer.wait(READY_S))
                self.assertIn(str(gone / "file"), log.read_text())
                self.assertEqual(1, len(documents.read_text().splitlines()))

    def test_counters_take_the_place_of_no_device(self):
        full, file, link = (self.directory / name for name in ("full", "file", "link"))
        try:
            os.mknod(full, stat.S_IFCHR | 0o600, os.makedev(1, 7))  # /dev/full
        except PermissionError as error:
            self.skipTest(f"no device can be made here: {error}")
        file.touch()
        link.symlink_to(file)
        tracer, _ = self.start("into", "--stats", str(full), "--metrics", str(link))
        tracer.send_signal(signal.SIGTERM)
        self.assertEqual(6, tracer.wait(READY_S))
        self.assertTrue(full.is_char_device())
        self.assertTrue(link.is_symlink())
        self.assertIn("bpfxray", file.read_text())

    def test_documents_hold_no_secrets_and_the_end_of_the_target_ends_it(self):
        documents, stats = self.directory / "out.jsonl", self.directory / "stats.json"
        tracer, log = self.start("tracer", "--output", str(documents), "--stats", str(stats))
        for _ in range(5):
            self.ask()
        self.server.terminate()
        self.server.wait()
        self.assertEqual(0, tracer.wait(READY_S))
        lines = documents.read_text().splitlines()
        self.assertEqual(5, len(lines))
        self.assertEqual(5, json.loads(stats.read_text())["trace"]["requests"])
        for text in (documents.read_text(), stats.read_text(), log.read_text()):
            for secret in SECRETS:
                self.assertNotIn(secret, text)


if __name__ == "__main__":
    suite.main()
