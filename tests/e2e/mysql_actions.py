# SPDX-License-Identifier: Apache-2.0
"""What mysql_server.py does for its requests: a function for each way of using MySQL, by name in
ACTIONS.
"""

import os
import socket
import time

from lib import dns, fake_mysql
from lib.mysql_drivers import DRIVERS, Account


def account(**changes):
    env = os.environ
    told = Account(
        host=env["TODO_DB_HOST"],
        port=int(env["TODO_DB_PORT"]),
        user=env["TODO_DB_USER"],
        password=env["TODO_DB_PASSWORD"],
        database=env["TODO_DB_NAME"],
        authority=env.get("TODO_DB_CA", ""),
    )
    for name, value in changes.items():
        setattr(told, name, value)
    return told


class Run:
    """One request's use of a driver."""

    def __init__(self, driver, parameters):
        self.driver = DRIVERS[driver]
        self.parameters = parameters
        self.connections, self.calls, self.open = [], [], []

    def call(self, function, *args, **named):
        """Times the call; a failure is noted, and None returned."""
        call = {"begin_ns": time.time_ns(), "error": None}
        self.calls.append(call)
        try:
            return function(*args, **named)
        except Exception as error:
            call["error"] = self.driver.failure(error)
            call["text"] = f"{type(error).__name__}: {error}"
            return None
        finally:
            call["end_ns"] = time.time_ns()

    def connect(self, to=None, **options):
        made = self.call(self.driver.connect, to or account(), **options)
        if made is not None:
            self.connections.append(self.driver.thread_id(made))
            self.open.append(made)
        return made

    def execute(self, cursor, sql, *values):
        return self.call(cursor.execute, sql, *values)

    def fetch(self, cursor, sql, *values):
        """Executes, and reads the rows unless that failed."""
        self.execute(cursor, sql, *values)
        if not self.calls[-1]["error"]:
            self.call(cursor.fetchall)

    def close(self):
        for connection in self.open:
            try:
                connection.close()
            except Exception:
                pass  # some were killed on purpose

    def told(self):
        return {"connections": self.connections, "calls": self.calls}


def query(run):
    """Values of every kind, and an answer with rows."""
    cursor = run.connect().cursor()
    run.fetch(cursor, "SELECT id, name FROM shape_item WHERE name = %s AND id < %s", ("a'b", 9))
    run.fetch(cursor, "SELECT 'caf\u00e9 \u2603', NULL, -1.5e3")


def errors(run):
    cursor = run.connect().cursor()
    for sql in (
        "SELECT * FROM no_such_table",
        "SELEC broken syntax",
        "INSERT INTO shape_item (id, name) VALUES (1, 'again')",
        "SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 31001, MESSAGE_TEXT = 'own'",
    ):
        run.execute(cursor, sql)
    run.fetch(cursor, "SELECT 1")


def several(run):
    """Several statements in one packet, with a result each, which are not there all at once."""
    connection = run.connect(multi=True)
    cursor = connection.cursor()
    item = "SELECT name FROM shape_item WHERE id = 1"
    run.execute(cursor, f"SELECT 1; SELECT SLEEP(0.02); {item}; SET @shape = SLEEP(0.02)")
    while run.call(cursor.fetchall) is not None and run.call(cursor.nextset):
        pass


def several_failing(run):
    connection = run.connect(multi=True)
    cursor = connection.cursor()
    run.fetch(cursor, "SELECT 1; SELECT * FROM no_such_table; SELECT 3")
    run.call(cursor.nextset)


def large(run):
    """More than a packet can hold; then one of an exact packet's length, and a small one."""
    limit = {"max_allowed_packet": 64 << 20} if run.driver.name == "pymysql" else {}
    cursor = run.connect(**limit).cursor()
    for size in ((1 << 24) + 5000, (1 << 24) - 1):
        head, tail = "INSERT INTO shape_blob (b) VALUES ('", "')"
        run.execute(cursor, head + "x" * (size - 1 - len(head) - len(tail)) + tail)
    run.fetch(cursor, "SELECT COUNT(*) FROM shape_blob")


def infile(run):
    cursor = run.connect(infile=True).cursor()
    path = run.parameters["path"]
    run.execute(cursor, f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE shape_item (name)")
    run.execute(cursor, "LOAD DATA LOCAL INFILE '/no/such/file' INTO TABLE shape_item (name)")
    run.execute(cursor, "SELECT 1")


def compressed(run):
    cursor = run.connect(compress=True).cursor()
    for sql in ("SELECT 1", f"SELECT REPEAT('{'compress me ' * 40}', 3)", "SELEC broken"):
        run.fetch(cursor, sql)


def databases(run):
    connection = run.connect()
    cursor = connection.cursor()
    run.call(run.driver.select_db, connection, "mysql")
    run.fetch(cursor, "SELECT COUNT(*) FROM user")
    run.execute(cursor, "USE `todobackend`")
    run.fetch(cursor, "SELECT COUNT(*) FROM shape_item")
    run.call(run.driver.select_db, connection, "no_such_database")
    run.call(run.driver.ping, connection)


def killed(run):
    """The query ends when somebody kills its connection."""
    run.fetch(run.connect().cursor(), "SELECT SLEEP(30)")


def killed_query(run):
    """Of a query that is killed the connection goes on."""
    connection = run.connect()
    run.fetch(connection.cursor(), "SELECT COUNT(*) FROM seq_1_to_100000000 WHERE SLEEP(0.001)")
    run.execute(connection.cursor(), "SELECT 2")


def wrong_password(run):
    run.connect(account(password="wrong-sentinel"))


def clear_password(run):
    """To a server that asks for it."""
    where = {"socket": run.parameters["path"]} if "path" in run.parameters else {
        "port": int(run.parameters["port"]), "authority": run.parameters["authority"]
    }  # fmt: skip
    run.fetch(run.connect(account(**where)).cursor(), "SELECT 'after the password'")


def wrong_database(run):
    run.connect(account(database="no_such_database"))


def refused(run):
    run.connect(account(host=run.parameters["host"], port=int(run.parameters["port"])), timeout_s=1)


def named(run):
    """By a name, with whatever resolver the driver uses."""
    cursor = run.connect(account(host=run.parameters["host"])).cursor()
    run.fetch(cursor, "SELECT 1")


def asked(run):
    """By the address that a resolver on an unconnected socket is told, as some libraries have."""
    address = dns.ask_unconnected(run.parameters["host"], run.parameters["server"])
    cursor = run.connect(account(host=address)).cursor()
    run.fetch(cursor, "SELECT 1")


def unix(run):
    cursor = run.connect(account(socket=run.parameters["path"])).cursor()
    run.fetch(cursor, "SELECT name FROM shape_item WHERE id = 1")
    run.execute(cursor, "SELECT * FROM no_such_table")


def unix_only(run):
    run.connect(account(socket=run.parameters["path"]))


def procedure(run):
    cursor = run.connect().cursor()
    run.call(cursor.callproc, "shape_procedure", (1,))
    if hasattr(cursor, "stored_results"):
        for result in cursor.stored_results():
            run.call(result.fetchall)
        return
    while run.call(cursor.fetchall) is not None and run.call(cursor.nextset):
        pass


def many(run):
    """Rows of an INSERT go in one statement, those of an UPDATE in one each."""
    connection = run.connect()
    cursor = connection.cursor()
    rows = [(f"many {i}",) for i in range(5)]
    run.call(cursor.executemany, "INSERT INTO shape_item (name) VALUES (%s)", rows)
    changes = [(f"changed {i}", i) for i in range(3)]
    run.call(cursor.executemany, "UPDATE shape_item SET name = %s WHERE id = %s", changes)
    run.call(connection.commit)


def rows(run):
    cursor = run.connect().cursor()
    run.fetch(cursor, "SELECT seq, REPEAT('r', 50) FROM seq_1_to_10000")
    run.execute(cursor, "SELECT 1")


def unbuffered(run):
    """Rows one at a time, and not all of them."""
    connection = run.connect()
    for count in (10000, 3):
        cursor = run.driver.unbuffered(connection)
        run.execute(cursor, "SELECT seq, REPEAT('u', 50) FROM seq_1_to_10000")
        for _ in range(count):
            cursor.fetchone()
        if count == 10000:
            run.call(cursor.fetchone)
            run.call(cursor.close)
    time.sleep(0.05)


def locked(run):
    first, second = run.connect(), run.connect()
    one, two = first.cursor(), second.cursor()
    run.execute(one, "UPDATE shape_item SET name = 'held' WHERE id = 1")
    run.execute(two, "SET innodb_lock_wait_timeout = 1")
    run.execute(two, "UPDATE shape_item SET name = 'waits' WHERE id = 1")
    run.call(second.rollback)
    run.call(first.rollback)


def reconnect(run):
    """The connection is lost between two statements; the driver makes another."""
    connection = run.connect()
    cursor = connection.cursor()
    run.fetch(cursor, "SELECT 1")
    helper = run.connect()
    run.execute(helper.cursor(), f"KILL {run.connections[0]}")
    time.sleep(float(run.parameters.get("idle_s", 0)))
    run.execute(cursor, "SELECT 2")
    again = run.connect().cursor()
    run.fetch(again, "SELECT 3")


def gone(run):
    """A statement for a connection that is known to be lost: the client library sends nothing."""
    cursor = run.connect().cursor()
    run.fetch(cursor, "SELECT 1")
    helper = run.connect()
    run.execute(helper.cursor(), f"KILL {run.connections[0]}")
    run.execute(cursor, "SELECT 2")
    run.execute(cursor, "SELECT 'gone', 4711")


def conversation(run):
    """For the table of --db-spans."""
    connection = run.connect()
    cursor = connection.cursor()
    for sql in (
        "SELECT id FROM shape_item",
        "SELECT VERSION(), @@sql_mode",
        "SELECT @@session.sql_mode",
        "SET SESSION sql_mode = ''",
        "SET @mine = 1",
        "BEGIN",
        "SAVEPOINT here",
        "INSERT INTO shape_number (n) VALUES (7)",
        "ROLLBACK TO here",
        "COMMIT",
        "SELECT * FROM no_such_table",
        "USE todobackend",
    ):
        run.fetch(cursor, sql) if sql.startswith("SELECT") else run.execute(cursor, sql)
    run.call(cursor.callproc, "shape_nothing", (1,))
    run.call(cursor.close)
    run.call(connection.commit)
    run.call(connection.rollback)
    run.call(run.driver.select_db, connection, "mysql")
    run.call(run.driver.ping, connection)


def change_user(run):
    """Logs in again on the same connection: the auth field is in a command packet now."""
    connection, name = run.connect(), os.environ["TODO_DB_USER"]
    password = os.environ["TODO_DB_PASSWORD"]
    if run.driver.name == "mysqlclient":
        run.call(connection.change_user, name, password, "todobackend")
    else:
        run.call(connection.cmd_change_user, name, password, "todobackend")
    run.execute(connection.cursor(), "SELECT 'behind the change'")


def attributes(run):
    """A statement with attributes before its text."""
    cursor = run.connect(account(port=int(run.parameters["port"]))).cursor()
    run.fetch(cursor, "SELECT 'without'")
    cursor.add_attribute("traceparent", "attribute-sentinel")
    cursor.add_attribute("number", 4711)
    run.fetch(cursor, "SELECT 'with'")


def hostile(run):
    """What a driver makes of a server whose answers make no sense."""
    made = run.connect(account(port=int(run.parameters["port"])), timeout_s=2)
    for sql in ("SELECT 'a hostile answer'", "UPDATE t SET a = 1"):
        cursor = None if made is None else run.call(made.cursor)
        if cursor is not None:
            run.fetch(cursor, sql)


def hostile_raw(run):
    """A client that believes everything: commands one after the other, whatever comes back."""
    with socket.create_connection(("127.0.0.1", int(run.parameters["port"])), 5) as sock:
        for data in fake_mysql.CLIENT:
            if not sock.recv(1 << 20):
                break
            sock.sendall(data)


def secrets(run):
    """Literals of every kind around the word that must not appear."""
    cursor = run.connect().cursor()
    word = "literal-sentinel"
    run.fetch(cursor, "SELECT %s, 'x' FROM shape_item WHERE name = %s", (word, word))
    for sql in (
        f'SELECT "{word}", /* {word} */ 1 -- {word}',
        f"INSERT INTO shape_item (id, name) VALUES (1, '{word}')",
        f"INSERT INTO shape_unique (name) VALUES ('{word}'), ('{word}')",
        f"SELECT '{word}' FROM no_such_table",
        f"SELEC '{word}'",
        f"SET PASSWORD = PASSWORD('{word}'), @a = '{word}",
    ):
        run.fetch(cursor, sql)


ACTIONS = {
    action.__name__: action
    for action in (
        named, asked, query, errors, several, several_failing, large, infile, compressed,
        databases, killed, killed_query, wrong_password, wrong_database, clear_password,
        refused, unix, unix_only, procedure, many, rows, unbuffered, locked, reconnect,
        gone, conversation, change_user, attributes, secrets, hostile, hostile_raw,
    )
}  # fmt: skip
