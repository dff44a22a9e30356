# SPDX-License-Identifier: Apache-2.0
"""bpfxray itself: starts `bpfxray trace`, waits until it is attached, stops it, and reads what it
counted.
"""

import json
import os
import signal
import subprocess
from pathlib import Path

from . import books
from .pace import SLOW
from .paths import BPFXRAY
from .process import ProcessError, wait_until

TRACEFS = Path("/sys/kernel/tracing")


def mount_tracefs():
    """Backend `syscall` finds its hooks there; a bare machine need not have it mounted."""
    if os.geteuid() == 0 and not (TRACEFS / "events").exists():
        subprocess.run(["mount", "-t", "tracefs", "tracefs", TRACEFS], check=True)


class Tracer:
    """A running tracer. .ready_line is what it said when it had attached; .stats its counters,
    after stop().
    """

    def __init__(
        self,
        processes,
        pids,
        daemon=None,
        options=(),
        program=BPFXRAY,
        env=None,
        name="bpfxray",
        stats_path=None,
        sampling="all",
    ):
        if "syscall" in map(str, options):
            mount_tracefs()
        self.processes = processes
        self.stats_path = stats_path or processes.directory / f"{name}-stats.json"
        self.stats = None
        command = [program, "trace"]
        for pid in pids:
            command += ["--pid", str(pid)]
        command += ["--daemon", daemon] if daemon else ["--no-daemon"]
        self.ways = {"daemon": bool(daemon), "output": "--output" in options}
        command += ["--sampling", sampling, "--stats", self.stats_path, *options]
        # Tracers of one name write to one log: what an earlier one said is not this one's.
        log = processes.directory / f"{name}.log"
        self.log_begin = log.stat().st_size if log.exists() else 0
        self.process = processes.start(name, command, env=env)
        self.process.wait_ready(self.find_ready_line)
        self.ready_line = self.find_ready_line()

    @property
    def pid(self):
        return self.process.pid

    @property
    def attacher(self):
        """Its child, which holds what is attached and the capabilities; .pid is the parser."""
        return int(Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text())

    def messages(self):
        """What it wrote on stderr so far."""
        return self.process.log.read_bytes()[self.log_begin :].decode(errors="replace")

    def find_ready_line(self):
        # A line counts when it is complete.
        complete = self.messages().rpartition("\n")[0]
        return next((line for line in complete.splitlines() if "ready" in line), None)

    def counters(self):
        """What it has counted so far. Each time that it tells, the file is another one."""
        before = self.stats_path.stat().st_ino if self.stats_path.exists() else 0
        os.kill(self.pid, signal.SIGUSR1)
        wait_until(
            lambda: self.stats_path.exists() and self.stats_path.stat().st_ino != before,
            30 * SLOW, "bpfxray does not tell its counters")
        return json.loads(self.stats_path.read_text())

    def stop(self, number=signal.SIGTERM, timeout_s=None):
        """Ends it as an operator does; returns its counters. An exit code but 0 is an error, and
        so are books that do not balance.
        """
        code = self.processes.stop(self.process, number=number, timeout_s=timeout_s)
        if code != 0:
            raise ProcessError(f"bpfxray ended with {code}:\n{self.messages()[-2000:]}")
        self.stats = json.loads(self.stats_path.read_text())
        wrong = books.unbalanced(self.stats, **self.ways) + books.unfinished(self.stats)
        if wrong:
            raise ProcessError(f"the books do not balance: {wrong}\n{self.messages()[-2000:]}")
        return self.stats

    def kill(self):
        """The end that it cannot prepare for."""
        return self.processes.stop(self.process, number=signal.SIGKILL)
