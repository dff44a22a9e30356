#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A process that serves nothing itself: after a line on the FIFO it makes the one that does.

    spawning_server.py FIFO HOST PORT (exec|fork|fork-thread|daemon|replace)

The server is shape_server.py, by what the last argument says: as a child's new program, in a child
without one, in a child of a thread, in a grandchild that outlives this process, or in its place.
"""

import os
import subprocess
import sys
import threading

import shape_server

PROGRAM = [sys.executable, shape_server.__file__]


def serve(where):
    sys.argv = [shape_server.__file__, *where, "recv"]
    shape_server.main()


def by_exec(where):
    subprocess.run([*PROGRAM, *where, "recv"])


def by_fork(where):
    if os.fork() == 0:
        serve(where)
    os.wait()


def by_fork_of_a_thread(where):
    thread = threading.Thread(target=by_fork, args=(where,))
    thread.start()
    thread.join()


def by_daemon(where):
    """Its process group stays, so that the test finds it."""
    if os.fork() == 0:
        if os.fork() == 0:
            serve(where)
        os._exit(0)
    os.wait()


def by_replacing(where):
    os.execv(PROGRAM[0], [*PROGRAM, *where, "recv"])


WAYS = {
    "exec": by_exec,
    "fork": by_fork,
    "fork-thread": by_fork_of_a_thread,
    "daemon": by_daemon,
    "replace": by_replacing,
}


def main():
    fifo, *where, way = sys.argv[1:]
    print("WAITING", flush=True)
    with open(fifo) as go:
        go.readline()
    WAYS[way](where)


if __name__ == "__main__":
    main()
