# SPDX-License-Identifier: Apache-2.0
"""Programs started for a test, each a process group of its own; none outlives the test.

`with Processes() as processes:` stops all of them, last started first, when the block ends in any
way that Python sees. For the others (SIGKILL, a crash of the interpreter) guard.py waits at the end
of a pipe.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .pace import SLOW
from .paths import BUILD

GUARD = Path(__file__).with_name("guard.py")
READY_TIMEOUT_S = 30 * SLOW
# To take a probe off, the tracer waits for the kernel: some 10 ms, 200 ms on a crowded machine; of
# client libraries there are a hundred.
STOP_TIMEOUT_S = 60 * SLOW


# A unix socket's path has at most 107 characters, its own name and mkdtemp()'s among them.
RUN_DIRECTORY_MAX = 70


class ProcessError(Exception):
    """A program did not start, did not become ready, or did not stop as it should."""


def run_directory():
    """Under the build directory, unless that path is too long for sockets."""
    directory = BUILD / "run"
    if len(str(directory)) > RUN_DIRECTORY_MAX:
        return None
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def tail(path, lines=15):
    try:
        return "\n".join(Path(path).read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""


def wait_until(condition, timeout_s, what, interval_s=0.02):
    """Calls @condition until it returns something true, which is returned; ProcessError after
    @timeout_s.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise ProcessError(f"timed out after {timeout_s} s: {what}")
        time.sleep(interval_s)


class Process:
    """One running program. Its output is in the file .log."""

    def __init__(self, name, popen, log):
        self.name = name
        self.popen = popen
        self.log = log

    @property
    def pid(self):
        return self.popen.pid

    def check_running(self):
        code = self.popen.poll()
        if code is not None:
            raise ProcessError(f"{self.name} ended with {code}:\n{tail(self.log)}")

    def wait_ready(self, condition, timeout_s=None):
        def ready():
            self.check_running()
            try:
                return condition()
            except ConnectionError:  # it does not listen yet
                return False

        try:
            return wait_until(ready, timeout_s or READY_TIMEOUT_S, f"{self.name} is not ready")
        except ProcessError as error:
            raise ProcessError(f"{error}\n{tail(self.log)}") from None

    def signal_group(self, number):
        try:
            os.killpg(self.popen.pid, number)
        except ProcessLookupError:
            pass

    def stop(self, number=signal.SIGTERM, timeout_s=None):
        """Signals the leader, waits, then kills what is left of the group. Returns the leader's
        exit code.
        """
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        try:
            return self.popen.wait(timeout_s or STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return None
        finally:
            self.signal_group(signal.SIGKILL)
            self.popen.wait()


class Processes:
    """All programs of one test, and its directory for logs, sockets and data (.directory)."""

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="bpfxray-", dir=run_directory()))
        self.started = []
        self.guard = subprocess.Popen(
            [sys.executable, "-S", str(GUARD)],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.tell("+directory", self.directory)

    def tell(self, verb, value):
        self.guard.stdin.write(f"{verb} {value}\n")
        self.guard.stdin.flush()

    def start(self, name, argv, env=None, cwd=None, stdout=None):
        """Starts @argv with @env added to the environment, output to <name>.log (or stdout to the
        file @stdout).
        """
        log = self.directory / f"{name}.log"
        with open(log, "ab") as errors, open(stdout or log, "ab") as output:
            popen = self.spawn(
                argv, env={**os.environ, **(env or {})}, cwd=cwd, stdout=output, stderr=errors
            )
        self.tell("+group", popen.pid)
        process = Process(name, popen, log)
        self.started.append(process)
        return process

    def spawn(self, argv, **how):
        words = [str(word) for word in argv]
        try:
            return subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True, **how)
        except OSError as error:
            raise ProcessError(f"cannot start {words[0]}: {error.strerror}") from None

    def stop(self, process, **how):
        """Stops one of them before the others."""
        code = process.stop(**how)
        self.started.remove(process)
        self.tell("-group", process.pid)
        return code

    def close(self):
        for process in reversed(list(self.started)):
            self.stop(process)
        shutil.rmtree(self.directory, ignore_errors=True)
        self.tell("-directory", self.directory)
        self.guard.stdin.close()
        self.guard.wait()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
