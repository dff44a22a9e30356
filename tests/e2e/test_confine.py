#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a running trace has given up, and that it still follows processes that begin later."""
import subprocess
import sys
import time
import unittest
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import suite  # noqa: E402
from lib.daemon import Daemon  # noqa: E402
from lib.mariadb import free_port  # noqa: E402
from lib.paths import BPFXRAY  # noqa: E402
from lib.process import Processes, wait_until  # noqa: E402
from lib.tracer import Tracer  # noqa: E402

# Each request is served by a process of its own, forked for it.
FORKING = """
import http.server, socketserver, sys
class Server(socketserver.ForkingMixIn, http.server.HTTPServer):
    pass
Server(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
CAPABILITIES = {
    "SYS_ADMIN": 21, "BPF": 39, "PERFMON": 38, "SYS_PTRACE": 19, "SYS_RESOURCE": 24,
    "DAC_READ_SEARCH": 2, "DAC_OVERRIDE": 1, "SYSLOG": 34}
REQUESTS = 20


class Confine(unittest.TestCase):
    def setUp(self):
        self.processes = self.enterContext(Processes())
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/"
        self.server = self.processes.start(
            "forking", [sys.executable, "-c", FORKING, str(port)], cwd=self.processes.directory)
        wait_until(self.answers, 30, "the server is not ready")

    def answers(self):
        try:
            return urllib.request.urlopen(self.url, timeout=10).status == 200
        except OSError:
            return False

    def status(self, pid):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return {name: value.strip() for name, _, value in (l.partition(":") for l in lines)}

    def test_what_remains_follows_forks(self):
        daemon = self.enterContext(Daemon())
        tracer = Tracer(self.processes, [self.server.pid], daemon.address)
        wait_until(lambda: self.status(tracer.pid)["Seccomp"] == "2", 10, "no filter")
        status = self.status(tracer.pid)
        self.assertEqual("1", status["NoNewPrivs"])
        allowed = sum(1 << number for number in CAPABILITIES.values())
        for kind in ("CapEff", "CapPrm", "CapInh"):
            self.assertEqual(0, int(status[kind], 16) & ~allowed, kind)
        for _ in range(REQUESTS):
            self.assertTrue(self.answers())
        time.sleep(0.5)
        stats = tracer.stop()
        daemon.wait_quiet(0.3)
        pids = {d["metadata"]["bpfxray"]["pid"] for d in daemon.documents}
        self.assertEqual(REQUESTS, len(daemon.documents), stats)
        self.assertEqual(REQUESTS, len(pids - {self.server.pid}), "not each in its own process")
        self.assertNotIn("could not be given up", tracer.messages())

    def test_doctor_tells_what_remains(self):
        text = subprocess.run(
            [BPFXRAY, "doctor"], capture_output=True, text=True, timeout=60).stdout
        line = next(l for l in text.splitlines() if l.startswith("once attached"))
        self.assertEqual(list(CAPABILITIES), line.partition(": ")[2].split())


if __name__ == "__main__":
    suite.main()
