# SPDX-License-Identifier: Apache-2.0
"""Cleans up after a test that died: kills the process groups and removes the directories named on
standard input.

Lines: `+group PGID`, `-group PGID`, `+directory PATH`, `-directory PATH`. The end of input means
that the test is gone, however it ended (also by SIGKILL), for nobody else holds the other end of
the pipe. Runs alone, on the standard library.
"""

import os
import shutil
import signal
import sys
import time


def kill_group(group, number):
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


def main():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    kept = {"group": [], "directory": []}
    for line in sys.stdin:
        verb, value = line.rstrip("\n").split(" ", 1)
        values = kept[verb[1:]]
        if verb[0] == "+":
            values.append(value)
        elif value in values:
            values.remove(value)
    alive = [int(group) for group in kept["group"] if kill_group(int(group), signal.SIGTERM)]
    if alive:
        time.sleep(2)
    for group in alive:
        kill_group(group, signal.SIGKILL)
    for directory in kept["directory"]:
        shutil.rmtree(directory, ignore_errors=True)


main()
