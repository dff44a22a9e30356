# SPDX-License-Identifier: Apache-2.0
"""What mysql_server.py does through the functions of the client libraries themselves, as
mysql_actions.py does through the drivers.
"""

import time

from lib.mysql_drivers import MariaDBLibrary, MySQLLibrary
from mysql_actions import account


def library(run):
    """libmariadb's own ways of executing."""
    made = run.call(MariaDBLibrary, account())
    run.connections.append(made.thread_id())
    run.open.append(made)
    run.call(made.execute_direct, "INSERT INTO shape_number (n) VALUES (?)", 41)
    run.call(made.execute_bulk, "INSERT INTO shape_number (n) VALUES (?)", [1, 2, 3])


def with_library(run, library, count=1, **how):
    """@count connections through the functions of a client library."""
    compress = run.parameters.get("compress") == "1"
    for _ in range(count):
        made = run.call(library, account(), compress=compress, **how)
        run.connections.append(made.thread_id())
        run.open.append(made)
    return run.open


def polled(run):
    """Two connections at once, each polled until it is done."""
    one, two = with_library(run, MySQLLibrary, 2)
    run.call(one.both, two, "SELECT 'polled', SLEEP(0.1)", "SELECT 'besides', SLEEP(0.05)")
    run.call(one.poll, "DO 'nothing to fetch'")
    run.call(one.poll, "SELECT broken FROM nowhere")


def started(run):
    """A statement that is gone on with after a whole other one."""
    one, other = with_library(run, MariaDBLibrary, 2)
    waits = run.call(one.start, "SELECT 'started', SLEEP(0.1)")
    run.call(other.query, "SELECT 'between', 4711")
    run.call(one.go_on, waits)
    for sql in ("DO 'nothing to fetch'", "SELECT broken FROM nowhere"):
        run.call(one.go_on, one.start(sql))


def sent(run):
    """Sent by one function, its answer read by another."""
    (one,) = with_library(run, MySQLLibrary)
    for sql in ("SELECT 'sent', 1", "DO 'nothing to fetch'", "SELECT broken FROM nowhere"):
        run.call(one.send_and_read, sql)


def reconnecting(run):
    """The library makes another connection by itself, within a statement's call."""
    library = {"mysql": MySQLLibrary, "mariadb": MariaDBLibrary}[run.parameters["library"]]
    one, other = with_library(run, library, 2, reconnect=True)
    run.call(one.query, "SELECT 'before'")
    run.call(other.query, f"KILL {one.thread_id()}")
    time.sleep(0.1)
    for sql in ("SELECT 'first behind'", "SELECT 'second behind'"):
        run.call(one.query, sql)
    run.connections.append(one.thread_id())


ACTIONS = {action.__name__: action for action in (library, polled, started, sent,
                                                          reconnecting)}  # fmt: skip
