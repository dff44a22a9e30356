# SPDX-License-Identifier: Apache-2.0
"""The smallest service that can be traced: Python's file server, and one request to it."""

import sys
import urllib.request

from .mariadb import free_port
from .process import wait_until


class Plain:
    """A file server on a free loopback port, under a test's Processes."""

    def __init__(self, processes, name="plain"):
        self.url = f"http://127.0.0.1:{free_port()}/"
        served = processes.directory / f"{name}-served"
        served.mkdir()
        port = self.url.rstrip("/").rpartition(":")[2]
        command = [sys.executable, "-m", "http.server", port, "--bind", "127.0.0.1"]
        self.process = processes.start(name, command, cwd=served)
        wait_until(self.answers, 30, "the file server is not ready")

    @property
    def pid(self):
        return self.process.pid

    def ask(self, path="", timeout_s=10):
        """The answer's body; any failure is an exception."""
        return urllib.request.urlopen(self.url + path, timeout=timeout_s).read()

    def answers(self):
        try:
            return self.ask() is not None
        except OSError:
            return False
