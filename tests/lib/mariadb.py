# SPDX-License-Identifier: Apache-2.0
"""A private MariaDB on loopback and a unix socket, whose general log is the truth about statements.

Its data directory is a copy of a template that is made once (build/cache) with the tables of
todobackend, so that a start takes well under a second. The general log goes to the table
mysql.general_log, not to a file: the table has microseconds where the file has seconds, and a
statement with line breaks in it stays one record.
"""

import fcntl
import hashlib
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .paths import APPS, CACHE
from .process import ProcessError, Processes

USER = "todo"
# Told apart easily in a document or a log where it must never appear.
PASSWORD = "sentinel-Passw0rd"
DATABASE = "todobackend"

# Data are thrown away: durability is not wanted. The log size is part of the template.
OPTIONS = (
    "--no-defaults",
    "--user=root",
    "--innodb-log-file-size=8M",
    "--innodb-buffer-pool-size=64M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--skip-name-resolve",
    "--skip-log-bin",
    "--character-set-server=utf8mb4",
)

TEMPLATE_SQL = f"""
CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4;
CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';
GRANT ALL ON {DATABASE}.* TO '{USER}'@'%';
ALTER TABLE mysql.general_log CONVERT TO CHARACTER SET utf8mb4;
"""


@dataclass(frozen=True)
class LogLine:
    """One line of the general log."""

    epoch_ns: int
    connection: int
    command: str
    text: str


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def server_program():
    found = shutil.which("mariadbd", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if not found:
        raise ProcessError("mariadbd is not installed: run `make deps`")
    return found


def template_key():
    digest = hashlib.sha256()
    digest.update(
        subprocess.run([server_program(), "--version"], capture_output=True, check=True).stdout
    )
    for source in [Path(__file__), *sorted((APPS / "todobackend" / "migrations").glob("*.py"))]:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def run(argv, env=None, text=None):
    done = subprocess.run(
        [str(word) for word in argv],
        env={**os.environ, **(env or {})},
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise ProcessError(f"{argv[0]} failed with {done.returncode}:\n{done.stdout[-2000:]}")


def make_template(directory):
    """Fills @directory with a server's data files, the application's tables and its user."""
    run(
        [
            "mariadb-install-db",
            *OPTIONS,
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            # a bare machine's own name need not resolve
            "--force",
        ]
        + [f"--datadir={directory}"]
    )
    with Processes() as processes:
        database = MariaDB(processes, directory, general_log=False)
        run(
            ["mariadb", "--no-defaults", "-uroot", f"--socket={database.socket}"], text=TEMPLATE_SQL
        )
        run(
            [sys.executable, APPS / "todobackend" / "manage.py", "migrate", "--verbosity=0"],
            env={
                **database.environment(),
                "TODO_DRIVER": "pymysql",
                "PYTHONDONTWRITEBYTECODE": "1",
            },
        )
        processes.stop(database.process)


def template():
    """Returns the template's directory, made now when it is missing or out of date."""
    CACHE.mkdir(parents=True, exist_ok=True)
    wanted = CACHE / f"mariadb-{template_key()}"
    with open(CACHE / "mariadb.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if wanted.exists():
            return wanted
        for old in CACHE.glob("mariadb-*"):
            shutil.rmtree(old)
        unfinished = CACHE / "mariadb-unfinished"
        make_template(unfinished)
        unfinished.rename(wanted)
    return wanted


class MariaDB:
    """A running server. Construct through start()."""

    def __init__(self, processes, data, general_log=True, tls=None):
        self.port = free_port()
        self.tls = tls
        self.socket = processes.directory / "mariadb.sock"
        self.process = processes.start(
            "mariadb",
            [
                server_program(),
                *OPTIONS,
                f"--datadir={data}",
                f"--socket={self.socket}",
                f"--port={self.port}",
                "--bind-address=127.0.0.1",
                f"--pid-file={processes.directory / 'mariadb.pid'}",
                f"--general-log={int(general_log)}",
                "--log-output=TABLE",
                "--max-connections=500",
                *self.tls_options(),
            ],
        )
        self.process.wait_ready(self.accepts)

    def tls_options(self):
        if not self.tls:
            return []
        return [
            f"--ssl-ca={self.tls.authority}",
            f"--ssl-cert={self.tls.certificate}",
            f"--ssl-key={self.tls.key}",
            "--require-secure-transport=ON",
        ]

    def accepts(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return self.socket.exists()

    def environment(self):
        """What todobackend wants to know."""
        return {
            "TODO_DB_HOST": "127.0.0.1",
            "TODO_DB_PORT": str(self.port),
            "TODO_DB_USER": USER,
            "TODO_DB_PASSWORD": PASSWORD,
            "TODO_DB_NAME": DATABASE,
            **({"TODO_DB_CA": str(self.tls.authority)} if self.tls else {}),
        }

    def query(self, sql):
        """Runs one statement as the administrator and returns its rows."""
        import pymysql

        connection = pymysql.connect(
            unix_socket=str(self.socket),
            user="root",
            init_command="SET time_zone='+00:00'",
            autocommit=True,
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def log_lines(self, user=USER, connections=None):
        """The general log of @user's connections, or of these @connections of theirs, in order."""
        which = f"user_host LIKE '{user}[%'"
        if connections is not None:
            which += f" AND thread_id IN ({','.join(map(str, [0, *connections]))})"
        rows = self.query(
            "SELECT CAST(UNIX_TIMESTAMP(event_time) * 1000000 AS UNSIGNED), thread_id,"
            f" command_type, argument FROM mysql.general_log WHERE {which}"
        )
        return [
            LogLine(int(us) * 1000, connection, command, text)
            for us, connection, command, text in rows
        ]


def start(processes, general_log=True, tls=None):
    """Starts a server with fresh data for as long as @processes live. @tls: Certificates; over
    TCP it accepts nothing but TLS.
    """
    data = processes.directory / "mariadb"
    shutil.copytree(template(), data)
    return MariaDB(processes, data, general_log, tls)
