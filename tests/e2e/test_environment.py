#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The SDKs' environment variables, set for the tracer: what they do, and what is said of values
that no SDK would take.
"""

import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import suite, traced  # noqa: E402
from lib.daemon import Daemon  # noqa: E402
from lib.paths import BPFXRAY  # noqa: E402
from lib.plain import Plain  # noqa: E402
from lib.process import Processes, wait_until  # noqa: E402

WAIT_S = 30
MALFORMED = 7  # its exit code
# What the SDK refuses with InvalidDaemonAddressException; behind it why.
REFUSED = {
    "127.0.0.1": "it is not host:port",
    "127.0.0.1:": "the port is missing",
    "127.0.0.1:port": "the port is not a number",
    "127.0.0.1:0": "the port is 0",
    "127.0.0.1:65536": "the port is above 65535",
    ":2000": "the host is missing",
    "udp:127.0.0.1:2000": "pairs",
    "udp:127.0.0.1:2000 udp:127.0.0.1:2001": "one is udp:host:port and one tcp:host:port",
    "udp:127.0.0.1:2000 tcp:127.0.0.1:2001 tcp:127.0.0.1:2002": "more than two items",
}


class Environment(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.processes = cls.enterClassContext(Processes())
        cls.plain = Plain(cls.processes)

    def test_daemon_addresses_that_are_refused(self):
        for address, why in REFUSED.items():
            with self.subTest(address):
                done = subprocess.run(
                    [BPFXRAY, "trace", "--pid", str(self.plain.pid)],
                    env={**os.environ, "AWS_XRAY_DAEMON_ADDRESS": address},
                    capture_output=True, text=True, timeout=60,
                )
                self.assertEqual(MALFORMED, done.returncode, done.stderr)
                self.assertIn(f"daemon address `{address}`", done.stderr)
                self.assertIn(why, done.stderr)

    def test_names_of_daemon_and_service(self):
        """The flag is absent: what the variables say counts."""
        with Daemon() as daemon:
            address = f"tcp:127.0.0.1:9 udp:{daemon.address}"
            command = [BPFXRAY, "trace", "--pid", str(self.plain.pid), "--sampling", "all"]
            tracer = self.processes.start("by-environment", command, env={
                "AWS_XRAY_DAEMON_ADDRESS": address, "AWS_XRAY_TRACING_NAME": "shop"})
            tracer.wait_ready(lambda: "ready: backend" in tracer.log.read_text())
            self.plain.ask()
            wait_until(lambda: daemon.documents, WAIT_S, "no segment")
            tracer.stop()
            self.assertEqual("shop", daemon.documents[-1]["name"])

    def messages(self, **env):
        with traced.session(self.processes, [self.plain.pid], (), env=env) as session:
            self.plain.ask()
            wait_until(lambda: session.documents, WAIT_S, "no segment")
            session.finish()
        return session.messages

    def test_values_that_mean_nothing(self):
        told = self.messages(AWS_XRAY_SDK_ENABLED="maybe", AWS_XRAY_CONTEXT_MISSING="SHOUT")
        self.assertIn("AWS_XRAY_SDK_ENABLED is `maybe`, neither true nor false", told)
        self.assertIn("AWS_XRAY_CONTEXT_MISSING is `SHOUT`, which no SDK knows: ignored", told)

    def test_values_that_are_accepted(self):
        told = self.messages(AWS_XRAY_SDK_ENABLED="Yes", AWS_XRAY_CONTEXT_MISSING="log_error")
        self.assertNotIn("AWS_XRAY", told)


if __name__ == "__main__":
    suite.main()
