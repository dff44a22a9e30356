#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What tracing costs, measured side by side: a table, build/bench/bench.json and
build/bench/bench.svg.

    bench.py [--smoke] [ROW ...]

ROW is a name of ROWS below; all when absent. --smoke takes sizes so small that the figures mean
nothing, to see that every row can still be measured; it ends with a line `N passed, N failed, N
skipped` and asserts nothing about time.
"""

import argparse
import json
import os
import platform
import sys
import time
import traceback

from tools import BUILD

import chart
from measure import short
from rows_agent import agent_rows
from rows_http import nginx_rows
from rows_kernel import bystander_rows, kernel_rows
from rows_mysql import mysql_rows
from rows_scale import scale_rows
from rows_service import service_rows

from lib.process import Processes

ROWS = {
    "service": service_rows,
    "http": nginx_rows,
    "kernel": kernel_rows,
    "bystander": bystander_rows,
    "mysql": mysql_rows,
    "agent": agent_rows,
    "scale": scale_rows,
}
WIDTH = 62


class Bench:
    """What the rows share."""

    def __init__(self, processes, smoke):
        self.processes = processes
        self.smoke = smoke

    def scaled(self, full, small):
        return small if self.smoke else full


def table_line(row):
    goal = f"{row.goal[0]} {short(row.goal[1])}" if row.goal else ""
    same = str(row.same) if row.same else ""
    return f"{row.number:3} {row.what:{WIDTH}} {str(row.value):>26} {row.unit:13} {goal:>9} " \
           f"{row.verdict:19} {same}"


def heading():
    return f"{'':3} {'':{WIDTH}} {'median [95 % interval]':>26} {'':13} {'goal':>9} {'':19} A/A"


def measure(names, smoke):
    """The rows, and how many groups failed."""
    found, failed = [], 0
    print(heading())
    for name in names:
        with Processes() as processes:
            try:
                for row in ROWS[name](Bench(processes, smoke)):
                    found.append(row)
                    print(table_line(row), flush=True)
            except Exception:
                failed += 1
                print(f"FAIL {name}\n{traceback.format_exc()}", flush=True)
    return found, failed


def write(rows, took_s):
    directory = BUILD / "bench"
    machine = {"cpus": os.cpu_count(), "kernel": platform.release(), "machine": platform.machine()}
    machine["load"] = os.getloadavg()[0]
    report = {"machine": machine, "seconds": round(took_s), "rows": [r.as_dict() for r in rows]}
    (directory / "bench.json").write_text(json.dumps(report, indent=1) + "\n")
    (directory / "bench.svg").write_text(chart.svg(rows))
    print(f"{took_s:.0f} s; build/bench/bench.json, build/bench/bench.svg")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []], help="all when absent")
    args = parser.parse_args()
    began = time.monotonic()
    rows, failed = measure(args.rows or list(ROWS), args.smoke)
    write(rows, time.monotonic() - began)
    if args.smoke:
        print(f"{len(rows)} passed, {failed} failed, 0 skipped")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
