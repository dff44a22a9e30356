#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tracer on other kernels, each booted in an emulator: what the verifier walks, that the hooks
are hit, HTTP in every shape, and the ground truth of a load: on x86-64 to todobackend under uWSGI
with MariaDB, on arm64 to a small HTTP server.

test_kernels.py [--fast|--all] [-k LINE-ARCHITECTURE]

Prints a table, a case for each kernel and backend. With --fast one kernel and few requests. A
kernel that cannot be had is a skip, with its reason.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import guest  # noqa: E402
import packages  # noqa: E402
import userland  # noqa: E402

from lib import mariadb  # noqa: E402
from lib.paths import ROOT, venv_program  # noqa: E402

INSIDE = Path(__file__).with_name("inside.py")
LOGS = ROOT / "build" / "test"


@dataclass(frozen=True)
class Case:
    """@works: the backends that must work there, best first. @refused: those that must say what the
    kernel lacks.
    """

    line: str
    works: tuple
    refused: tuple = ()
    requests: int = 200
    arch: str = "amd64"
    shapes: bool = True
    timeout_s: int = 3000

    @property
    def name(self):
        return f"{self.line}-{self.arch}"


EVERY = ("sock", "fentry", "kprobe", "syscall")
FAST = [Case("6.1", ("fentry",), ("sock",), requests=40, shapes=False, timeout_s=1080)]
ALL = [
    Case("6.1", EVERY[1:], ("sock",)),
    Case("6.12", EVERY),
    # fentry and syscall lose runs where programs are preempted, and count them: see README
    Case("newest", ("sock", "kprobe")),
    Case("5.10", EVERY[1:], ("sock",)),
    Case("6.1", ("kprobe", "syscall"), ("sock", "fentry"), arch="arm64"),
    Case("6.12", EVERY, arch="arm64"),
    Case("5.10", ("kprobe", "syscall"), ("sock", "fentry"), arch="arm64"),
]


class Table:
    """A line for each case, printed when it is known; counts them for the closing line."""

    ROW = "%-4s  %-24s  %-9s  %8s  %6s  %8s  %6s  %6s  %s"

    COLUMNS = ("verified", "shapes", "requests", "hits", "missed")

    def __init__(self):
        self.counts = {"ok": 0, "FAIL": 0, "SKIP": 0}
        print(self.ROW % ("", "kernel", "backend", *self.COLUMNS, ""))

    def row(self, word, kernel, backend, found, text=""):
        self.counts[word] += 1
        numbers = ["-" if found.get(key) is None else found[key] for key in self.COLUMNS]
        print(self.ROW % (word, kernel, backend, *numbers, text), flush=True)

    def close(self):
        passed, failed, skipped = self.counts.values()
        print(f"{passed} passed, {failed} failed, {skipped} skipped")
        return 1 if failed or not passed + skipped else 0


def check_auto(table, kernel, case, found):
    """Asked for nothing, the tracer takes the first backend that works."""
    best = case.works[0]
    ready = found.get("ready") or "no line `ready`"
    word = "ok" if found["ok"] and f"backend {best}," in ready else "FAIL"
    table.row(word, kernel.release, "auto", found, ready.removeprefix("bpfxray: "))


def tell(table, kernel, case, results, outcome):
    """The rows of @case. A backend that the guest never came to has failed."""
    hardened = ["hardened"] if case.shapes and case.arch == guest.HOST_ARCH else []
    for backend in ("bpf suite", *case.works, "auto", *case.refused, *hardened, "kernel log"):
        if backend == "auto" and not case.works:
            continue
        found = results.get(backend, {"ok": False, "story": "the guest did not come to it"})
        if backend == "auto":
            check_auto(table, kernel, case, found)
        else:
            word = "ok" if found["ok"] else "FAIL"
            text = found.get("refused") or found.get("tests", "")
            table.row(word, kernel.release, backend, found, text)
        if not found["ok"]:
            print("    " + found["story"].replace("\n", "\n    "))
    if outcome.status not in (0, 1):
        print(f"    the guest's status is {outcome.status}; its console ends with:")
        print("    | " + outcome.console[-1500:].replace("\n", "\n    | "))


def results_of(output):
    lines = [line for line in output.splitlines() if line.startswith("result ")]
    results = [json.loads(line.removeprefix("result ")) for line in lines]
    return {result["backend"]: result for result in results}


def command_of(case):
    works = [*case.works, "auto"] if case.works else []
    command = [INSIDE, case.requests, "shapes" if case.shapes else "plain"]
    command += [",".join(works), ",".join(case.refused)]
    if case.arch == guest.HOST_ARCH:
        return [venv_program("python"), *command]
    return ["env", f"BPFXRAY_BUILD={ROOT / 'build' / case.arch}", "python3", *command]


def build(case):
    arch = []
    if case.arch != guest.HOST_ARCH:
        userland.get(case.arch)
        arch = [f"ARCH={case.arch}"]
    subprocess.run(["make", "-s", *arch, "test-bpf-programs"], cwd=ROOT, check=True)


def run(table, case):
    try:
        guest.check(case.arch)
        build(case)
        kernel = packages.get(case.line, case.arch)
        outcome = guest.run(kernel, command_of(case), case.timeout_s)
    except (packages.KernelMissing, guest.GuestMissing) as error:
        table.row("SKIP", case.name, "all", {}, str(error))
        return
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"kernel-{case.name}.log"
    log.write_text(outcome.console + "\n--- output\n" + outcome.output)
    tell(table, kernel, case, results_of(outcome.output), outcome)
    print(f"      {kernel.release}: {outcome.took_s:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fast", action="store_true", help="one kernel, few requests (default)")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("-k", default="", help="this kernel only, as 6.1-arm64")
    args = parser.parse_args()
    mariadb.template()  # made here, not in a guest
    table = Table()
    for case in ALL if args.all else FAST:
        if args.k in ("", case.name):
            run(table, case)
    sys.exit(table.close())


if __name__ == "__main__":
    main()
