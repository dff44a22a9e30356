#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The two processes of a trace: the parser holds no capability and nothing of the kernel side but
the ring buffer, the attacher holds those and reads no traffic; what is left follows processes and
libraries that come later; neither outlives the other.
"""
import os
import shutil
import signal
import subprocess
import sys
import unittest
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import kernel_objects, suite  # noqa: E402
from lib.daemon import Daemon  # noqa: E402
from lib.mariadb import free_port  # noqa: E402
from lib.paths import BPFXRAY  # noqa: E402
from lib.process import Processes, wait_until  # noqa: E402
from lib.tracer import Tracer  # noqa: E402

# Each request is served by a process of its own, forked for it. The file `late` is loaded as a
# library by the parent of them all once it is there.
FORKING = """
import ctypes, http.server, os, socketserver, sys, threading, time
class Server(socketserver.ForkingMixIn, http.server.HTTPServer):
    pass
def load_late():
    while not os.path.exists("late"):
        time.sleep(0.05)
    ctypes.CDLL(os.path.abspath("late"))
threading.Thread(target=load_late, daemon=True).start()
Server(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
CAPABILITIES = {
    "SYS_ADMIN": 21, "BPF": 39, "PERFMON": 38, "SYS_PTRACE": 19, "SYS_RESOURCE": 24,
    "DAC_READ_SEARCH": 2, "DAC_OVERRIDE": 1, "SYSLOG": 34}
SETPCAP = 8
REQUESTS = 20
EXIT_INTERNAL = 1


def status(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (one.partition(":") for one in lines)}


def capabilities(pid, kind):
    return int(status(pid)[kind], 16)


def sockets(pid):
    links = [os.readlink(one) for one in Path(f"/proc/{pid}/fd").iterdir()]
    return [one for one in links if one.startswith("socket:")]


def libssl():
    """The file that this interpreter's own ssl uses, or None."""
    import ssl  # noqa: F401, PLC0415
    words = Path("/proc/self/maps").read_text().split()
    return next((one for one in words if "/libssl" in one), None)


class Confine(unittest.TestCase):
    def setUp(self):
        self.processes = self.enterContext(Processes())
        self.daemon = self.enterContext(Daemon())
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/"
        self.server = self.processes.start(
            "forking", [sys.executable, "-c", FORKING, str(port)], cwd=self.processes.directory)
        wait_until(self.answers, 30, "the server is not ready")
        self.tracer = Tracer(self.processes, [self.server.pid], self.daemon.address)
        wait_until(lambda: status(self.tracer.pid)["Seccomp"] == "2", 10, "no filter")

    def answers(self):
        try:
            return urllib.request.urlopen(self.url, timeout=10).status == 200
        except OSError:
            return False

    def request(self, count=REQUESTS):
        for _ in range(count):
            self.assertTrue(self.answers())

    def traced(self, count=REQUESTS):
        wait_until(lambda: len(self.daemon.documents) >= count, 30, "documents are missing")

    def test_parser_holds_no_capability(self):
        pid = self.tracer.pid
        for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            self.assertEqual(0, capabilities(pid, kind), kind)
        if capabilities("self", "CapEff") >> SETPCAP & 1:
            self.assertEqual(0, capabilities(pid, "CapBnd"))
        self.assertEqual("1", status(pid)["NoNewPrivs"])
        self.assertEqual(["map"], [kind for kind, _ in kernel_objects.held(pid)], "not the ring")
        self.tracer.stop()

    def test_attacher_holds_what_is_attached_and_no_way_to_the_daemon(self):
        pid = self.tracer.attacher
        allowed = sum(1 << number for number in CAPABILITIES.values())
        for kind in ("CapInh", "CapPrm", "CapEff"):
            self.assertEqual(0, capabilities(pid, kind) & ~allowed, kind)
        self.assertEqual(("1", "2"), (status(pid)["NoNewPrivs"], status(pid)["Seccomp"]))
        self.assertLessEqual({"prog", "map", "link"}, {one for one, _ in kernel_objects.held(pid)})
        self.assertEqual(1, len(sockets(pid)), "more than the one to the parser")
        self.tracer.stop()

    def test_what_remains_follows_forks(self):
        self.request()
        self.traced()
        stats = self.tracer.stop()
        pids = {d["metadata"]["bpfxray"]["pid"] for d in self.daemon.documents}
        self.assertEqual(REQUESTS, len(self.daemon.documents), stats)
        self.assertEqual(REQUESTS, len(pids - {self.server.pid}), "not each in its own process")
        self.assertNotIn("could not be given up", self.tracer.messages())

    def test_what_remains_probes_a_library_that_is_loaded_later(self):
        library = libssl()
        if not library:
            self.skipTest("this Python has no libssl as a file of its own")
        before = len(kernel_objects.held(self.tracer.attacher))
        shutil.copy(library, self.processes.directory / "new")
        (self.processes.directory / "new").rename(self.processes.directory / "late")
        wait_until(lambda: len(kernel_objects.held(self.tracer.attacher)) > before, 30,
                   "the library is not probed")
        self.request(1)
        self.traced(1)
        libraries = self.tracer.stop()["libraries"]
        self.assertEqual((1, 0), (libraries["late"], libraries["failed"]))

    def test_attacher_that_is_killed_ends_the_trace(self):
        attacher = self.tracer.attacher
        objects = kernel_objects.held(attacher)
        self.request()
        self.traced()
        os.kill(attacher, signal.SIGKILL)
        self.assertEqual(EXIT_INTERNAL, self.tracer.process.popen.wait(30))
        self.assertIn("ended by signal 9: nothing is attached", self.tracer.messages())
        wait_until(lambda: not kernel_objects.still_there(objects), 30, "objects are left")
        self.assertTrue(self.answers())

    def test_parser_that_is_killed_takes_the_attacher_along(self):
        attacher = self.tracer.attacher
        objects = kernel_objects.held(attacher)
        os.kill(self.tracer.pid, signal.SIGKILL)
        wait_until(lambda: not kernel_objects.still_there(objects), 30, "objects are left")
        self.assertTrue(self.answers())

    def test_signals_to_the_attacher_change_nothing(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            os.kill(self.tracer.attacher, number)
        self.request()
        self.traced()
        self.assertEqual(REQUESTS, self.tracer.stop()["udp"]["sent"])


class Doctor(unittest.TestCase):
    def test_tells_what_remains(self):
        text = subprocess.run(
            [BPFXRAY, "doctor"], capture_output=True, text=True, timeout=60).stdout
        self.assertIn("the parser reads what was traced: no capability", text)
        line = next(one for one in text.splitlines() if "it keeps:" in one)
        self.assertEqual(list(CAPABILITIES), line.partition("keeps: ")[2].split())


if __name__ == "__main__":
    suite.main()
