# SPDX-License-Identifier: Apache-2.0
"""What the agent costs in userspace: row 7."""

import json
import re
import socket
import subprocess
import time
from pathlib import Path

from measure import Estimate, Row
from tools import TOOLS, Calls, idle, load, offer, traced, tree

from lib import mariadb, servers
from lib.paths import BPFXRAY

# name -> (server, path, requests): with two statements, then as the first user has it
RECORDED = {
    "gunicorn, two statements": (servers.gunicorn, "/test/many?n=2", 400),
    "uWSGI with its router, the list": (servers.uwsgi, "/todos", 400),
}


def record(processes, pid, path, work):
    """Writes the kernel's records of @pid during work() to @path."""
    process = processes.start("record", [TOOLS / "record", pid, path])
    process.wait_ready(lambda: "ready" in process.log.read_text())
    work()
    time.sleep(0.3)
    processes.stop(process)
    process.log.unlink()


def replay(path, rounds):
    done = subprocess.run([str(TOOLS / "replay"), str(path), str(rounds)], capture_output=True,
                          text=True, check=True)
    return json.loads(done.stdout)


def replay_runs(bench, database, name):
    start, target, requests = RECORDED[name]
    env = {**database.environment(), "TODO_CONN_MAX_AGE": "60", "TODO_TEST_ROUTES": "1"}
    server = start(bench.processes, env)
    recording = bench.processes.directory / "recording"
    seconds = bench.scaled(4, 1)
    offer(server, target, 2, requests / 4, 1)
    record(bench.processes, server.pid, recording,
           lambda: load(server, target, 4, requests / 4, seconds))
    for process in server.processes:
        bench.processes.stop(process)
    return [replay(recording, bench.scaled(10, 2)) for _ in range(bench.scaled(11, 2))]


def replay_row(number, what, runs, key="ns_per_segment", goal=None):
    return Row(number, what, "ns", Estimate.of(run[key] for run in runs), goal, more=runs[-1])


def send_ns(count):
    """Nanoseconds of one UDP send of a usual document's size."""
    payload = b"x" * 1500
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.connect(sink.getsockname())
            began = time.perf_counter_ns()
            for _ in range(count):
                sender.send(payload)
            return (time.perf_counter_ns() - began) / count


def rss_mb(pid):
    """Of the process and its children; what they share counts twice."""
    statuses = [Path(f"/proc/{one}/status").read_text() for one in tree(pid)]
    return sum(int(re.search(r"VmRSS:\s+(\d+) kB", one)[1]) for one in statuses) / 1024


def memory_row(bench):
    connections = bench.scaled(10000, 500)
    with Calls("http", connections, 0) as calls:
        with traced(bench.processes, calls.pid) as tracer:
            calls.operate(2 * connections)
            time.sleep(3)  # at rest, what the burst took is given back
            used = rss_mb(tracer.pid)
    return Row("7d", f"agent's memory at {connections:,} connections", "MB",
               Estimate.of([used]), ("<=", 20))


def attach_row(bench):
    took = []
    with idle(bench.processes) as pid:
        for _ in range(bench.scaled(9, 2)):
            began = time.monotonic()
            with traced(bench.processes, pid):
                took.append((time.monotonic() - began) * 1000)
    return Row("7e", "start to `ready`", "ms", Estimate.of(took), ("<=", 300))


def agent_rows(bench):
    database = mariadb.start(bench.processes, general_log=False)
    first, second = RECORDED
    runs = replay_runs(bench, database, first)
    row = replay_row("7a", f"record to encoded segment: {first}", runs, goal=("<=", 5000))
    yield row
    yield Row("7b", "memory allocations of each segment", "", Estimate.of(
        [row.more["allocations_per_segment"]]), ("<=", 0.5))
    yield replay_row("7c", f"record to encoded segment: {second}",
                     replay_runs(bench, database, second))
    yield replay_row("7h", f"left out by sampling: {first}", runs, "trace_ns_per_segment")
    bench.processes.stop(database.process)
    yield memory_row(bench)
    yield attach_row(bench)
    yield Row("7f", "sending: one UDP send of 1,500 bytes", "ns",
              Estimate.of(send_ns(2000) for _ in range(11)))
    size = BPFXRAY.stat().st_size / 1e6
    yield Row("7g", "size of the program", "MB", Estimate.of([size]))
