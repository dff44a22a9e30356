#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one command under another kernel and ends with its status.

run.py [--arch arm64] [--append PARAMETERS] [--timeout SECONDS] LINE COMMAND [ARGUMENT...]
"""

import argparse
import sys

import guest
import packages


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", choices=guest.MACHINES, default="amd64")
    parser.add_argument("--append", default="", help="more kernel parameters")
    parser.add_argument("--timeout", type=float, default=600)
    parser.add_argument("line", choices=packages.LINES)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    kernel = packages.get(args.line, args.arch)
    outcome = guest.run(kernel, args.command, args.timeout, args.append)
    print(outcome.output, end="")
    if outcome.status in (guest.TIMED_OUT, guest.DIED):
        print(outcome.console[-4000:], file=sys.stderr)
    print(f"{kernel.release}: status {outcome.status}, {outcome.took_s:.1f} s", file=sys.stderr)
    sys.exit(outcome.status)


if __name__ == "__main__":
    main()
