# SPDX-License-Identifier: Apache-2.0
"""What mysql_server.py does with prepared statements, through the drivers that have them."""

import os
import threading

KEPT = {}  # connections that outlive their request, by name


def prepared(run):
    cursor = run.connect().cursor(prepared=True)
    for name in ("one", "two"):
        run.fetch(cursor, "SELECT id FROM shape_item WHERE name = ?", (name,))
    run.execute(cursor, "INSERT INTO shape_item (name) VALUES (?)", ("prepared",))
    run.execute(cursor, "SELECT no_such_column FROM shape_item")


def handed_over(run):
    """Behind a command without an answer a thread that serves nobody takes the connection."""
    connection = run.connect()
    cursor = connection.cursor(prepared=True)
    plain = connection.cursor()
    run.fetch(cursor, "SELECT name FROM shape_item WHERE id = ?", (1,))
    cursor.close()
    other = threading.Thread(target=run.fetch, args=(plain, "SELECT 'elsewhere'"))
    other.start()
    other.join()


def closed_then_another_user(run):
    """The auth field is in the second command of a run, sent by itself."""
    connection = run.connect()
    cursor = connection.cursor(prepared=True)
    run.fetch(cursor, "SELECT name FROM shape_item WHERE id = ?", (1,))
    cursor.close()
    password = os.environ["TODO_DB_PASSWORD"]
    run.call(connection.cmd_change_user, os.environ["TODO_DB_USER"], password, "todobackend")
    run.execute(connection.cursor(), "SELECT 'behind the change'")


def keep_prepared(run):
    """Prepares now; execute_kept() executes later, on the same connection."""
    connection = run.connect()
    cursor = connection.cursor(prepared=True)
    run.fetch(cursor, "SELECT name FROM shape_item WHERE id = ?", (1,))
    KEPT[run.driver.name] = (connection, cursor)
    run.open.clear()


def execute_kept(run):
    connection, cursor = KEPT.pop(run.driver.name)
    run.connections.append(run.driver.thread_id(connection))
    run.open.append(connection)
    run.fetch(cursor, "SELECT name FROM shape_item WHERE id = ?", (1,))
    run.execute(connection.cursor(), "INSERT INTO shape_item (name) VALUES ('text again')")


ACTIONS = {
    action.__name__: action
    for action in (prepared, handed_over, closed_then_another_user, keep_prepared, execute_kept)
}
