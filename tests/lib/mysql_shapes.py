# SPDX-License-Identifier: Apache-2.0
"""Single uses of MySQL, each found again as one segment with its statements: the server of
tests/e2e/mysql_server.py, a database whose general log is right, and the comparison.
"""

import json

from . import mariadb, shapes
from .general_log import trim, wire_lines
from .mariadb import free_port
from .paths import TESTS, venv_program
from .process import ProcessError, wait_until
from .servers import Server
from .shapes import Ask

SERVER = TESTS / "e2e" / "mysql_server.py"
NAMES = ("pymysql", "mysqlclient", "connector-c", "connector-pure")
SEVERAL_RESULTS = ("several", "several_failing", "procedure")
LOG_WAIT_S = 0.3
SETUP = (
    "CREATE TABLE todobackend.shape_item (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(200))",
    "INSERT INTO todobackend.shape_item VALUES (1, 'first'), (2, 'second')",
    "CREATE TABLE todobackend.shape_number (n INT)",
    "CREATE TABLE todobackend.shape_unique (name VARCHAR(200) PRIMARY KEY)",
    "CREATE TABLE todobackend.shape_blob (b LONGBLOB)",
    "CREATE PROCEDURE todobackend.shape_procedure(IN wanted INT) BEGIN"
    " SELECT name FROM shape_item WHERE id = wanted; SELECT 2, 3; END",
    "CREATE PROCEDURE todobackend.shape_nothing(IN wanted INT) SET @done = wanted",
    "GRANT SELECT ON mysql.* TO 'todo'@'%'",
    "SET GLOBAL local_infile = 1",
    f"SET GLOBAL max_allowed_packet = {64 << 20}",
)


def database(processes, tls=None):
    made = mariadb.start(processes, tls=tls)
    for sql in SETUP:
        made.query(sql)
    return made


def server(processes, database, name="mysql-server", python=None, **env):
    """@python: what runs it, instead of the environment's own."""
    port = free_port()
    settings = {**database.environment(), "PYTHONDONTWRITEBYTECODE": "1", **env}
    command = [python or venv_program("python"), SERVER, str(port)]
    process = processes.start(name, command, env=settings)
    process.wait_ready(lambda: "READY" in process.log.read_text())
    return Server(name, ("127.0.0.1", port), [process])


class Use(Ask):
    """One request to the server: what the drivers said of it, in .told."""

    def __init__(self, action, driver="pymysql", **parameters):
        text = "".join(f"&{name}={value}" for name, value in parameters.items())
        super().__init__("GET", f"/{action}?driver={driver}{text}")
        self.action = action
        self.driver = driver

    @property
    def told(self):
        return json.loads(self.response.body)

    @property
    def connections(self):
        return self.told["connections"]

    @property
    def errors(self):
        return [call["error"] for call in self.told["calls"] if call["error"]]


def kill_when_running(database, begin, what="CONNECTION"):
    """Of the statement that begins so."""
    sql = f"SELECT id FROM information_schema.processlist WHERE info LIKE '{begin}%'"
    ids = wait_until(lambda: database.query(sql), 10, f"{begin} runs")
    database.query(f"KILL {what} {ids[0][0]}")


def log_of(database, use):
    """The general log of the connections that @use opened, once all of it is there."""

    def ended():
        lines = database.log_lines(connections=use.connections)
        quit_by = {line.connection for line in lines if line.command == "Quit"}
        return lines if quit_by >= set(use.connections) else None

    try:
        return wait_until(ended, LOG_WAIT_S, "the general log")
    except ProcessError:
        # One that was killed, or broken off, never says that it quits.
        return database.log_lines(connections=use.connections)


def expected(database, use):
    """What went over the wire, as (command, text)."""
    return [(line.command, line.text) for line in wire_lines(log_of(database, use))]


def emitted(segment):
    return [(s.command, trim(s.text)) for s in segment.sql_statements()]


def calls_at(use, epoch_ns):
    """The driver's calls that were under way then."""
    around_ns = 1_000_000
    return [
        call
        for call in use.told["calls"]
        if call["begin_ns"] - around_ns <= epoch_ns <= call["end_ns"] + around_ns
    ]


def calls_around(use, statement):
    """The driver's calls that @statement lies within."""
    ending = calls_at(use, statement.end_ns)
    return [call for call in calls_at(use, statement.start_ns) if call in ending]


def follows_calls(use, statement):
    """@statement begins and ends inside the driver's calls: inside one, unless it has several
    results. They are sent one by one, and a later call waits for those that are not there yet.
    """
    if use.action in SEVERAL_RESULTS:
        return bool(calls_at(use, statement.start_ns) and calls_at(use, statement.end_ns))
    return bool(calls_around(use, statement))


def segment_of(one, use, timeout_s=shapes.WAIT_S):
    return shapes.segment_of(one, use, timeout_s)


def exceptions(statement):
    return statement.document.get("cause", {}).get("exceptions", [])


def faults(segment):
    """(command, message up to the SQLSTATE) of every statement that failed."""
    return [
        (s.command, exceptions(s)[0].get("message", "").split(":")[0] if exceptions(s) else None)
        for s in segment.statements
        if s.fault
    ]
