#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tracer on other kernels, each booted in an emulator: what the verifier walks, that the hooks
are hit, and the ground truth of a load on todobackend under uWSGI with MariaDB.

test_kernels.py [--fast|--all] [-k LINE]

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
    timeout_s: int = 1500


FAST = [Case("6.1", ("fentry",), ("sock",), requests=40, timeout_s=600)]
ALL = [
    Case("6.1", ("fentry", "kprobe", "syscall"), ("sock",)),
    Case("6.12", ("sock", "syscall"), ("fentry", "kprobe")),
    Case("newest", ("sock", "syscall"), ("fentry", "kprobe")),
    Case("5.10", (), ("sock", "fentry", "kprobe", "syscall")),
]


class Table:
    """A line for each case, printed when it is known; counts them for the closing line."""

    ROW = "%-4s  %-24s  %-8s  %-10s  %8s  %8s  %6s  %s"

    def __init__(self):
        self.counts = {"ok": 0, "FAIL": 0, "SKIP": 0}
        print(self.ROW % ("", "kernel", "backend", "verified", "requests", "hits", "missed", ""))

    def row(self, word, kernel, backend, found, text=""):
        self.counts[word] += 1
        numbers = [found.get(key, "-") for key in ("verified", "requests", "hits", "missed")]
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
    for backend in (*case.works, "auto", *case.refused):
        if backend == "auto" and not case.works:
            continue
        found = results.get(backend, {"ok": False, "story": "the guest did not come to it"})
        if backend == "auto":
            check_auto(table, kernel, case, found)
        else:
            word = "ok" if found["ok"] else "FAIL"
            table.row(word, kernel.release, backend, found, found.get("refused", ""))
        if not found["ok"]:
            print("    " + found["story"].replace("\n", "\n    "))
    if outcome.status not in (0, 1):
        print(f"    the guest's status is {outcome.status}; its console ends with:")
        print("    | " + outcome.console[-1500:].replace("\n", "\n    | "))


def results_of(output):
    lines = [line for line in output.splitlines() if line.startswith("result ")]
    results = [json.loads(line.removeprefix("result ")) for line in lines]
    return {result["backend"]: result for result in results}


def run(table, case):
    try:
        kernel = packages.get(case.line)
        works = [*case.works, "auto"] if case.works else []
        command = [venv_program("python"), INSIDE, case.requests]
        command += [",".join(works), ",".join(case.refused)]
        outcome = guest.run(kernel, command, case.timeout_s)
    except (packages.KernelMissing, guest.GuestMissing) as error:
        table.row("SKIP", case.line, "all", {}, str(error))
        return
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"kernel-{case.line}.log"
    log.write_text(outcome.console + "\n--- output\n" + outcome.output)
    tell(table, kernel, case, results_of(outcome.output), outcome)
    print(f"      {kernel.release}: {outcome.took_s:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fast", action="store_true", help="one kernel, few requests (default)")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("-k", default="", help="this kernel line only")
    args = parser.parse_args()
    subprocess.run(["make", "-s", "build/test-bpf/test_load"], cwd=ROOT, check=True)
    mariadb.template()  # made here, not in a guest
    table = Table()
    for case in ALL if args.all else FAST:
        if args.k in ("", case.line):
            run(table, case)
    sys.exit(table.close())


if __name__ == "__main__":
    main()
