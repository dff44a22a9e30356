# SPDX-License-Identifier: Apache-2.0
"""A service with the tracer attached to it, and the check that its counters tell the truth."""

import os
import time
from contextlib import contextmanager

from .books import losses, unbalanced
from .daemon import Daemon
from .pace import SLOW
from .tracer import Tracer

# Every statement with its whole text: what truth.compare() needs.
COMPLETE = ("--db-spans", "all", "--sql", "raw")
# The tests on other kernels ask for each backend in turn.
BACKEND = os.environ.get("BPFXRAY_TEST_BACKEND")
# What the traced programs have in flight when the last answer has arrived: truth lines, COM_QUIT,
# closing.
SETTLE_S = 0.5 * SLOW


class Session:
    """A tracer and the receiver of its documents, under a test's Processes. @rules_at: where
    sampling is asked for, HOST:PORT; else at the receiver's port, where nobody answers.
    """

    def __init__(self, processes, pids, daemon, options=(), rules_at=None, **how):
        self.daemon = daemon
        if BACKEND and "--backend" not in options:
            options = ("--backend", BACKEND, *options)
        address = f"udp:{daemon.address} tcp:{rules_at}" if rules_at else daemon.address
        self.tracer = Tracer(processes, pids, address, options, **how)
        # Read behind the line `ready`, hence not before it.
        self.ready_ns = time.time_ns()
        self.stats = None
        self.messages = ""
        self.finished = False

    @property
    def documents(self):
        return self.daemon.documents

    def finish(self):
        """Stops the tracer, takes in its last documents; returns its counters."""
        self.finished = True  # also when it fails
        time.sleep(SETTLE_S)
        self.stats = self.tracer.stop()
        self.messages = self.tracer.messages()
        self.daemon.wait_quiet(0.3)
        self.daemon.close()
        return self.stats

    def story(self):
        """What it said and counted, for a failed test."""
        counters = {k: {n: v for n, v in g.items() if v} for k, g in (self.stats or {}).items()}
        return f"{self.messages}\n{counters}"


@contextmanager
def session(processes, pids, options=COMPLETE, **how):
    """Attached to @pids for the block, or until finish()."""
    with Daemon() as daemon:
        one = Session(processes, pids, daemon, options, **how)
        yield one
        if not one.finished:
            one.finish()


def check_books(report, one):
    """Adds to a truth.Report what the counters of @one say that is not so."""
    stats = one.stats
    for line in unbalanced(stats):
        report.problem("the books do not balance", line)
    if losses(stats):
        report.problem("something was lost", str(losses(stats)))
    if stats["udp"]["sent"] != len(one.documents) + len(one.daemon.bad):
        got = len(one.documents) + len(one.daemon.bad)
        report.problem("the receiver differs", f"{stats['udp']['sent']} sent, {got} received")
    return report
