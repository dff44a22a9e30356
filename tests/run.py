#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the test suites that `make test` and `make test-all` name, one after the other.

Each suite is a command that ends with a line `N passed, N failed, N skipped` and exits non-zero on
a failure. Its output goes to build/test/<suite>.log; of a suite that failed it is shown. The last
line is the sum of the suites'. A suite without a closing line, or that ran no test, has failed.
"""
import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
LOGS = TOP / "build" / "test"
PYTHON = str(TOP / "build" / "venv" / "bin" / "python")
CLOSING = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.MULTILINE)

MAKE = ["make", "-s", f"-j{os.cpu_count()}"]
# name, command, in the fast tier
SUITES = [
    ("unit", [*MAKE, "test-unit"], True),
    ("bpf", [*MAKE, "test-bpf"], True),
    ("lint", ["make", "-s", "lint"], True),
    ("tools", [PYTHON, str(TOP / "tests" / "tools.py")], True),
    ("bench-smoke", ["make", "-s", "bench-smoke"], True),
]
E2E = TOP / "tests" / "e2e"
KERNELS = TOP / "tests" / "kernels" / "test_kernels.py"


def suites(everything):
    for name, command, fast in SUITES:
        if fast or everything:
            yield name, command
    for path in sorted(E2E.glob("test_*.py")):
        tier = "--all" if everything else "--fast"
        yield path.stem.removeprefix("test_"), [PYTHON, str(path), tier]
    yield "kernels", [PYTHON, str(KERNELS), "--all" if everything else "--fast"]


def limit_s(name, everything):
    """Of the full tier the emulated kernels take longest: seven, with up to four backends each."""
    if not everything:
        return 1200
    return 4 * 3600 if name == "kernels" else 3600


def run(name, command, timeout_s):
    """The suite's counts, and what to say of it."""
    log = LOGS / f"{name}.log"
    started = time.monotonic()
    with log.open("wb") as out:
        try:
            done = subprocess.run(
                command, cwd=TOP, stdout=out, stderr=subprocess.STDOUT, timeout=timeout_s)
            code = done.returncode
        except subprocess.TimeoutExpired:
            code = "timeout"
    text = log.read_text(errors="replace")
    closing = CLOSING.findall(text)
    counts = [int(n or 0) for n in closing[-1]] if closing else [0, 1, 0]
    if code != 0 and not counts[1] or not counts[0] + counts[2]:
        counts[1] += 1
    took = time.monotonic() - started
    summary = "%d passed, %d failed, %d skipped" % tuple(counts)
    print(f"{name:16} {took:7.1f} s  {summary}", flush=True)
    for reason in re.findall(r"^.*\bSKIP\b.*$", text, re.MULTILINE)[:5]:
        print("    " + reason.strip())
    if counts[1]:
        print(f"    exit {code}; the end of {log.relative_to(TOP)}:")
        print("\n".join("    | " + line for line in text.splitlines()[-40:]), flush=True)
    return counts, failures(name, code, text) if counts[1] else []


def failures(name, code, text):
    """What failed, each with its first lines: said again at the end, where nobody overlooks it."""
    lines = r"^FAIL\b.*(?:\n(?!ok\b|FAIL\b|SKIP\b|\d+ passed).*){0,12}"
    found = re.findall(lines, text, re.MULTILINE)
    return [f"{name}: {one}" for one in found] or [f"{name}: exit {code}, no line begins with FAIL"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="the full matrices too")
    parser.add_argument("only", nargs="*", help="names of suites; all when absent")
    args = parser.parse_args()
    LOGS.mkdir(parents=True, exist_ok=True)
    total, failed = [0, 0, 0], []
    for name, command in suites(args.all):
        if args.only and name not in args.only:
            continue
        counts, found = run(name, command, limit_s(name, args.all))
        failed += found
        total = [a + b for a, b in zip(total, counts)]
    if failed:
        print("\n".join(failed)[-8000:])
    print("%d passed, %d failed, %d skipped" % tuple(total))
    sys.exit(1 if total[1] or not total[0] else 0)


if __name__ == "__main__":
    main()
