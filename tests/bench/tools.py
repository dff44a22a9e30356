# SPDX-License-Identifier: Apache-2.0
"""The programs of the benchmarks as Python sees them: build/bench/*, the tracer, CPU time."""

import itertools
import json
import os
import re
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import tracer  # noqa: E402
from lib.paths import BUILD  # noqa: E402
from lib.process import ProcessError  # noqa: E402

TOOLS = BUILD / "bench"
NUMBERS = itertools.count()
TICKS = os.sysconf("SC_CLK_TCK")


class Asked:
    """A program that answers each line on its input with one line."""

    def __init__(self, *argv):
        words = [str(word) for word in argv]
        self.popen = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.first = self.popen.stdout.readline()
        if not self.first.startswith("ready"):
            raise ProcessError(f"{words[0]} did not start: {self.first!r}")

    def ask(self, line):
        self.popen.stdin.write(f"{line}\n")
        self.popen.stdin.flush()
        answer = self.popen.stdout.readline()
        if not answer:
            raise ProcessError(f"{self.popen.args[0]} ended with {self.popen.wait()}")
        return answer

    def close(self):
        self.popen.stdin.close()
        self.popen.stdout.close()
        self.popen.wait()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


class Calls(Asked):
    """calls.c. .pid: the process that may be traced."""

    def __init__(self, *mode):
        super().__init__(TOOLS / "calls", *mode)
        self.pid = int(self.first.split()[1])

    def operate(self, count):
        """Nanoseconds that @count operations took."""
        return int(self.ask(count))


class Programs(Asked):
    """bpfstats.c: what the kernel counts of BPF programs."""

    EMPTY = "bench_empty"

    def __init__(self):
        super().__init__(TOOLS / "bpfstats", TOOLS / "empty.bpf.o")

    def read(self):
        return {one["id"]: one for one in json.loads(self.ask(""))}

    def during(self, pid, work):
        """Runs work(); returns name -> (runs, nanoseconds) of the programs of process @pid and its
        children, and of the empty one.
        """
        own = set().union(*map(program_ids, tree(pid)))
        if not own:
            raise ProcessError(f"process {pid} and its children hold no BPF program")
        before = self.read()
        work()
        after = self.read()
        found = {}
        for number, program in after.items():
            first = before.get(number, {"runs": 0, "ns": 0})
            if number in own or program["name"] == self.EMPTY:
                runs, ns = program["runs"] - first["runs"], program["ns"] - first["ns"]
                found[program["name"]] = (runs, ns)
        return found


def program_ids(pid):
    """Ids of the BPF programs that process @pid holds."""
    ids = set()
    for info in Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            found = re.search(r"^prog_id:\s+(\d+)", info.read_text(), re.MULTILINE)
        except FileNotFoundError:
            continue  # closed meanwhile: a file of the moment
        if found:
            ids.add(int(found[1]))
    return ids


def load(server, path, connections, rate=0, seconds=1.0):
    """load.c's report: closed loop, or @rate requests a second. Errors beyond 1 % are one."""
    report = offer(server, path, connections, rate, seconds)
    errors = sum(report["errors"].values())
    if not report["requests"] or errors > report["requests"] / 100:
        tail = server.processes[0].log.read_text(errors="replace")[-1500:]
        raise ProcessError(f"the load failed: {report}; the server's last words:\n{tail}")
    return report


def offer(server, path, connections, rate=0, seconds=1.0):
    """The same, whatever came of it: a service that warms up owes no figure yet."""
    words = [TOOLS / "load", server.address[1], path, connections, rate, int(seconds * 1000)]
    words += [] if server.keep_alive else ["close"]
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    report["rate"] = report["requests"] / report["seconds"]
    return report


def children(pid):
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in text.split()]


def tree(pid):
    found = [pid]
    for one in found:
        found += children(one)
    return found


def cpu_seconds(*pids):
    """User and system time of the processes and of their children, ended ones included."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(int(field) for field in fields[11:15])
    return total / TICKS


def service_cpu(pid):
    return cpu_seconds(*tree(pid))


@contextmanager
def discarded():
    """A UDP address where datagrams arrive and nobody reads them."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        yield "%s:%d" % sink.getsockname()


@contextmanager
def traced(processes, pid, daemon=None, options=(), sampling="all"):
    """A tracer on @pid for the block; its counters are in .stats behind it."""
    name = f"bpfxray-{next(NUMBERS)}"
    one = tracer.Tracer(processes, [pid], daemon, options, name=name, sampling=sampling)
    yield one
    one.stop()
    one.stats_path.unlink(missing_ok=True)


@contextmanager
def idle(processes):
    """A process that does nothing, to be traced where only the hooks' presence matters."""
    process = processes.start("idle", ["sleep", "3600"])
    yield process.pid
    processes.stop(process)
