# SPDX-License-Identifier: Apache-2.0
"""Database and server together: what most tests start.

with services.running("uwsgi") as stack:
    load.run(stack.server, ...)
    truth.compare(..., stack.truth_lines(), stack.database.log_lines(), ...)
"""

import json
from contextlib import contextmanager
from dataclasses import dataclass

from . import certificates, mariadb, servers
from .process import Processes


def nginx_uwsgi(processes, env, **how):
    return servers.nginx(processes, servers.uwsgi_socket(processes, env), **how)


def nginx_gunicorn(processes, env, worker="gthread", **how):
    return servers.nginx(processes, servers.gunicorn(processes, env, worker, unix=True), **how)


SHAPES = {
    "uwsgi": servers.uwsgi,
    "uwsgi-keepalive": lambda p, env, **how: servers.uwsgi(
        p, env, extra=("--http-keepalive",), **how
    ),
    "gunicorn-sync": lambda p, env, **how: servers.gunicorn(p, env, "sync", **how),
    "gunicorn-gthread": lambda p, env, **how: servers.gunicorn(p, env, "gthread", **how),
    "gunicorn-gevent": lambda p, env, **how: servers.gunicorn(p, env, "gevent", **how),
    "runserver": servers.runserver,
    "nginx+uwsgi": nginx_uwsgi,
    "nginx+gunicorn": nginx_gunicorn,
    "one-tree": servers.nginx_and_gunicorn,
}


@dataclass
class Stack:
    processes: Processes
    database: mariadb.MariaDB
    server: servers.Server

    @property
    def truth_path(self):
        return self.processes.directory / "truth.jsonl"

    def truth_lines(self):
        """What the application logged about itself; without the questions whether it is ready."""
        lines = [json.loads(line) for line in self.truth_path.read_text().splitlines()]
        return [line for line in lines if line["user_agent"] != servers.READY_AGENT]

    def said(self):
        """What the servers logged beside the requests, for a failed test."""
        logs = [process.log for process in self.server.processes]
        logs += self.processes.directory.glob("*-error.log")
        return "\n".join(f"{log.name}:\n{beside_requests(log)}" for log in logs)


def beside_requests(log, lines=20):
    told = log.read_text(errors="replace").splitlines()
    return "\n".join([line for line in told if not line.startswith("[pid: ")][-lines:])


@contextmanager
def running(
    shape,
    driver="connector-c",
    truth=True,
    test_routes=True,
    unix_database=False,
    tls_database=False,
    https=False,
    env=None,
    **how,
):
    """Starts MariaDB and todobackend in the @shape of SHAPES; @how goes to the shape's function."""
    with Processes() as processes:
        tls = certificates.make(processes.directory) if tls_database or https else None
        database = mariadb.start(processes, tls=tls if tls_database else None)
        stack = Stack(processes, database, None)
        settings = {**database.environment(), "TODO_DRIVER": driver}
        if unix_database:
            settings["TODO_DB_SOCKET"] = str(database.socket)
        if truth:
            settings["TODO_TRUTH_LOG"] = str(stack.truth_path)
            settings["TODO_SQL_TAG"] = "1"
        if test_routes:
            settings["TODO_TEST_ROUTES"] = "1"
        if https:
            how["tls"] = tls
        stack.server = SHAPES[shape](processes, {**settings, **(env or {})}, **how)
        yield stack
