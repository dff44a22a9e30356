#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs in the guest: the BPF suite; then for each backend asked for what the verifier walked, the
tests of HTTP in every shape if wanted, and the ground truth of some requests: to todobackend under
uWSGI with MariaDB, or where there is none to a small HTTP server; with the shapes also the machine
as it is hardened in the field; at last the kernel's log. One line `result {JSON}` for each.

inside.py REQUESTS shapes|plain BACKEND[,BACKEND...] [REFUSED[,REFUSED...]]

A backend that is REFUSED must say so and end: this kernel does not have it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import traceback
from pathlib import Path

# Emulated, everything takes 13 to 40 times as long; before lib is imported, which reads it.
os.environ.setdefault("BPFXRAY_TEST_SLOW", "12")
TESTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))

import hardened  # noqa: E402

from lib import load, services, shapes, traced, truth  # noqa: E402
from lib.paths import BPFXRAY, BUILD  # noqa: E402
from lib.process import Processes  # noqa: E402

CLIENTS = 4
WARM = 40
REFUSED_TIMEOUT_S = 200
EXIT_KERNEL = 5
PROGRAM = re.compile(r"^(tp__sock_|fexit__|kprobe__|tp__sys_exit_)\w+ +\d+ +\d+ +(\d+)$", re.M)
CLOSING = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.M)
TEST_BPF = BUILD / "test-bpf"
SHAPES = TESTS / "e2e" / "test_http_shapes.py"


def said(argv, **how):
    done = subprocess.run(argv, capture_output=True, text=True, **how)
    return done.returncode, done.stdout + done.stderr


def suite(argv, **how):
    """(tests that passed or None, what went wrong)"""
    code, text = said(argv, **how)
    closing = CLOSING.findall(text)
    if code or not closing or closing[-1][1] != "0":
        return None, "\n".join(line for line in text.splitlines() if line[:3] != "ok ")[-3000:]
    return int(closing[-1][0]), ""


def check_bpf(_):
    """The classifier run by the kernel, and the kernel's types against vmlinux.h."""
    classify, story = suite([TEST_BPF / "test_classify", TEST_BPF / "classify_run.bpf.o"])
    layouts = [BUILD / "bpf" / "bpfxray.o", TEST_BPF / "layouts.bpf.o"]
    types, more = suite([TEST_BPF / "check_vmlinux", *layouts])
    return {"ok": bool(classify and types), "tests": f"{classify}+{types}", "story": story + more}


def verified(backend):
    """(instructions walked for all of the backend's own programs, or None; what went wrong)"""
    done = subprocess.run([TEST_BPF / "test_load", backend], capture_output=True, text=True)
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


def end_to_end(requests):
    """todobackend: every request and statement against the other witnesses."""
    with services.running("uwsgi", workers=2) as stack:
        # What the application loads at its first requests takes longer than a client waits.
        load.run(plan_of(stack, prefix="w"), WARM, CLIENTS)
        with traced.session(stack.processes, [stack.server.pid]) as one:
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
    return {
        "ok": bool(report.ok and whole),
        "requests": counts["requests_matched"],
        "missed": missed,
        "hits": one.stats["kernel"]["socket_calls"],
        "story": "" if report.ok and whole else f"{report}\n{one.story()}"[-6000:],
    }


def end_to_end_small(requests):
    """A small HTTP server: every request once, with its address and status, in the right time."""
    with Processes() as processes:
        server = shapes.shape_server(processes)
        with traced.session(processes, [server.pid]) as one:
            asks = [shapes.Ask("GET", f"/plain?n={i}") for i in range(requests)]
            for ask in asks:
                ask.send(server.address)
            missed = recursion_misses()
            one.finish()
    segments = [shapes.found(one, ask) for ask in asks]
    right = [
        ask
        for ask, found in zip(asks, segments)
        if len(found) == 1
        and (found[0].request["url"], found[0].response["status"]) == (ask.url, 200)
        and not shapes.outside(found[0], ask)
    ]
    report = traced.check_books(truth.Report(), one)
    ok = report.ok and len(right) == requests == len(one.documents)
    return {
        "ok": ok,
        "requests": len(right),
        "missed": missed,
        "hits": one.stats["kernel"]["socket_calls"],
        "story": "" if ok else f"{report}\n{one.story()}\n{one.documents[:3]}"[-6000:],
    }


def check_auto():
    """What the tracer takes when it is not told: its line `ready`."""
    command = [BPFXRAY, "trace", "--pid", str(os.getpid()), "--no-daemon", "--duration", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=REFUSED_TIMEOUT_S)
    ready = next((line for line in done.stderr.splitlines() if "ready" in line), "")
    ok = bool(ready) and not done.returncode
    return {"ok": ok, "ready": ready, "story": "" if ok else done.stderr[-3000:]}


def check(backend, requests, with_shapes):
    if backend == "auto":
        return check_auto()
    os.environ["BPFXRAY_TEST_BACKEND"] = traced.BACKEND = backend
    walked, story = verified(backend)
    if walked is None:
        return {"ok": False, "story": story}
    shaped = None
    if with_shapes:
        shaped, story = suite([sys.executable, SHAPES, "--fast"])
    truth_of = end_to_end if shutil.which("mariadbd") else end_to_end_small
    found = {"verified": walked, "shapes": shaped, **truth_of(requests)}
    found["ok"] = bool(found["ok"] and found["hits"] and not story)
    return {**found, "story": story + found["story"]}


def check_refused(backend):
    """The tracer says what is missing, in one line, with the exit code for that."""
    command = [BPFXRAY, "trace", "--pid", "1", "--no-daemon", "--backend", backend]
    done = subprocess.run(command, capture_output=True, text=True, timeout=REFUSED_TIMEOUT_S)
    said = done.stderr.strip()
    ok = done.returncode == EXIT_KERNEL and len(said.splitlines()) == 1
    return {"ok": ok, "refused": said, "story": "" if ok else f"exit {done.returncode}: {said}"}


def check_log(_):
    """After all the others: no tracer makes a kernel warn, which ends some of them."""
    warned = hardened.kernel_warning()
    return {"ok": not warned, "tests": "no warning" if not warned else "", "story": warned}


def tell(backend, function, *args):
    try:
        found = function(backend, *args)
    except Exception:  # the next backend is tried all the same
        found = {"ok": False, "story": traceback.format_exc()[-3000:]}
    print("result " + json.dumps({"backend": backend, **found}), flush=True)
    return found["ok"]


def main():
    requests, with_shapes = int(sys.argv[1]), sys.argv[2] == "shapes"
    backends, refused = (
        list(filter(None, argument.split(","))) for argument in (*sys.argv[3:], "")[:2]
    )
    results = [tell("bpf suite", check_bpf)]
    results += [tell(backend, check, requests, with_shapes) for backend in backends]
    results += [tell(backend, check_refused) for backend in refused]
    if with_shapes and shutil.which("unshare"):
        results.append(tell("hardened", hardened.check))
    results.append(tell("kernel log", check_log))
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
