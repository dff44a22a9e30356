#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs in the guest: for each backend asked for, what the verifier walked, then the ground truth of
some requests to todobackend under uWSGI with MariaDB. One line `result {JSON}` for each.

inside.py REQUESTS BACKEND[,BACKEND...] [REFUSED[,REFUSED...]]

A backend that is REFUSED must say so and end: this kernel does not have it.
"""

import json
import os
import re
import subprocess
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import load, process, services, traced, tracer, truth  # noqa: E402
from lib.paths import BPFXRAY, BUILD  # noqa: E402

# Emulated, everything takes 13 to 40 times as long; nothing here asserts a duration.
tracer.READY_TIMEOUT_S = 400
traced.SETTLE_S = 6
process.READY_TIMEOUT_S = 300
process.STOP_TIMEOUT_S = 120
# Two clocks are read at different moments, which an emulated CPU may put far apart.
truth.TOLERANCE_NS = 100_000_000
truth.CLIENT_TOLERANCE_NS = 10_000_000_000
CLIENTS = 4
WARM = 40
REFUSED_TIMEOUT_S = 200
EXIT_KERNEL = 5
PROGRAM = re.compile(r"^(tp__sock_|fexit__|kprobe__|tp__sys_exit_)\w+ +\d+ +\d+ +(\d+)$", re.M)
TEST_LOAD = BUILD / "test-bpf" / "test_load"


def verified(backend):
    """(instructions walked for all of the backend's own programs, or None; what went wrong)"""
    done = subprocess.run([TEST_LOAD, backend], capture_output=True, text=True)
    walked = [int(n) for _, n in PROGRAM.findall(done.stdout)]
    if done.returncode or not walked:
        return None, (done.stdout + done.stderr)[-3000:]
    return sum(walked), ""


def recursion_misses():
    """Runs that the kernel left out because the program was running on that CPU already."""
    shown = subprocess.run(["bpftool", "-j", "prog", "show"], capture_output=True, text=True)
    return sum(program.get("recursion_misses", 0) for program in json.loads(shown.stdout))


def judge(stack, one, sent):
    report = truth.compare(
        sent, stack.truth_lines(), stack.database.log_lines(), one.documents
    )
    truth.check_daemon(report, one.daemon)
    traced.check_books(report, one)
    return report


def plan_of(stack, **how):
    return load.Plan(stack.server.address, keep_alive=False, drop_after_head=True, **how)


def end_to_end(backend, requests):
    with services.running("uwsgi", workers=2) as stack:
        # What the application loads at its first requests takes longer than a client waits.
        load.run(plan_of(stack, prefix="w"), WARM, CLIENTS)
        options = (*traced.COMPLETE, "--backend", backend)
        with traced.session(stack.processes, [stack.server.pid], options) as one:
            sent = load.run(plan_of(stack), requests, CLIENTS)
            missed = recursion_misses()
            one.finish()
        report = judge(stack, one, sent)
    for request in sent:
        if request.status is None:
            report.problem("the client got no answer", f"{request.target}: {request.error}")
    counts = report.counts
    whole = counts["requests"] == counts["requests_matched"] >= requests
    whole = whole and counts["statements"] == counts["statements_matched"] > 0
    hits = one.stats["kernel"]["socket_calls"]
    return {
        "ok": bool(report.ok and whole and hits),
        "ready": one.tracer.ready_line,
        "requests": counts["requests_matched"],
        "statements": counts["statements_matched"],
        "hits": hits,
        "missed": missed,
        "story": "" if report.ok and whole else f"{report}\n{one.story()}"[-6000:],
    }


def check_auto():
    """What the tracer takes when it is not told: its line `ready`."""
    command = [BPFXRAY, "trace", "--pid", str(os.getpid()), "--no-daemon", "--duration", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=REFUSED_TIMEOUT_S)
    ready = next((line for line in done.stderr.splitlines() if "ready" in line), "")
    ok = bool(ready) and not done.returncode
    return {"ok": ok, "ready": ready, "story": "" if ok else done.stderr[-3000:]}


def check(backend, requests):
    if backend == "auto":
        return check_auto()
    walked, story = verified(backend)
    if walked is None:
        return {"ok": False, "story": story}
    return {"verified": walked, **end_to_end(backend, requests)}


def check_refused(backend):
    """The tracer says what is missing, in one line, with the exit code for that."""
    command = [BPFXRAY, "trace", "--pid", "1", "--no-daemon", "--backend", backend]
    done = subprocess.run(command, capture_output=True, text=True, timeout=REFUSED_TIMEOUT_S)
    said = done.stderr.strip()
    ok = done.returncode == EXIT_KERNEL and len(said.splitlines()) == 1
    return {"ok": ok, "refused": said, "story": "" if ok else f"exit {done.returncode}: {said}"}


def tell(backend, function, *args):
    try:
        found = function(backend, *args)
    except Exception:  # the next backend is tried all the same
        found = {"ok": False, "story": traceback.format_exc()[-3000:]}
    print("result " + json.dumps({"backend": backend, **found}), flush=True)
    return found["ok"]


def main():
    requests = int(sys.argv[1])
    backends, refused = (
        list(filter(None, argument.split(","))) for argument in (*sys.argv[2:], "")[:2]
    )
    results = [tell(backend, check, requests) for backend in backends]
    results += [tell(backend, check_refused) for backend in refused]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
