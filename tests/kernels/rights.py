#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs in the guest, whose root is a real one: which capabilities a trace needs on this kernel.

rights.py [BACKEND]

Starts a server of another user, then the tracer again and again: with the capabilities of each set
below, and with each of them left out. Prints a table: what ended the trace, or what of the service
it saw; the last lines are those of the tracer.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))

from lib.paths import BPFXRAY  # noqa: E402

READY_S = 200
NOBODY = 65534
NAME = "named-by-its-environment"
SERVER = """
import http.server, ssl
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""
SETS = (
    ("bpf", "perfmon", "sys_ptrace", "sys_resource", "dac_read_search"),
    ("sys_admin", "sys_ptrace", "sys_resource", "dac_read_search"),
)


def start_server():
    server = subprocess.Popen(
        ["setpriv", "--reuid", str(NOBODY), "--clear-groups", sys.executable, "-c", SERVER],
        env={**os.environ, "AWS_XRAY_TRACING_NAME": NAME},
        stdout=subprocess.PIPE,
        text=True,
    )
    return server, int(server.stdout.readline())


def wait_for(condition):
    deadline = time.monotonic() + READY_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)


def trace(pid, port, capabilities, backend, directory):
    """(documents, counters, what it said, its exit code)"""
    documents, stats, log = (directory / name for name in ("documents", "stats", "log"))
    for path in (documents, stats):
        path.unlink(missing_ok=True)
    bounds = "-all," + ",".join(f"+{name}" for name in capabilities)
    command = ["setpriv", "--bounding-set", bounds, BPFXRAY, "trace", "--pid", str(pid)]
    command += ["--no-daemon", "--sampling", "all", "--output", documents, "--stats", stats]
    with open(log, "wb") as out:
        tracer = subprocess.Popen(
            [str(word) for word in (*command, "--backend", backend)], stderr=out
        )
    wait_for(lambda: tracer.poll() is not None or b": ready" in log.read_bytes())
    if tracer.poll() is None:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/seen", timeout=60).read()
        tracer.send_signal(signal.SIGTERM)
    code = tracer.wait(READY_S)
    seen = documents.read_text().splitlines() if documents.exists() else []
    counters = json.loads(stats.read_text()) if stats.exists() else {}
    return [json.loads(line) for line in seen], counters, log.read_text(), code


def told(documents, counters, said, code):
    if ": ready" not in said:
        lines = said.strip().splitlines()
        return f"exit {code}: {lines[-1] if lines else 'nothing said'}"
    names = {document["name"] for document in documents}
    libraries = counters.get("libraries", {}).get("attached", 0)
    backend = re.search(r"backend (\w+)", said).group(1)
    text = f"ready, {backend}; {len(documents)} requests; {libraries} libraries"
    text += "" if NAME in names else "; not named by its environment"
    warnings = [line for line in said.splitlines() if "warning" in line]
    return "; ".join([text, *warnings])


def main():
    backend = sys.argv[1] if len(sys.argv) > 1 else "auto"
    server, port = start_server()
    directory = Path(tempfile.mkdtemp(prefix="bpfxray-rights-"))
    for whole in SETS:
        for left_out in (None, *whole):
            some = [name for name in whole if name != left_out]
            result = told(*trace(server.pid, port, some, backend, directory))
            print(f"{'+'.join(whole) if not left_out else '  without ' + left_out}: {result}")
            sys.stdout.flush()
    server.kill()
    shutil.rmtree(directory)


if __name__ == "__main__":
    main()
