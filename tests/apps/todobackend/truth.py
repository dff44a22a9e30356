# SPDX-License-Identifier: Apache-2.0
"""The application's own record of what it did: the ground truth of the end-to-end tests
(TODO_TRUTH_LOG=path).

One JSON line for each request: who sent it, which thread served it and when, what was answered, the
statements that went through Django's cursors with their times, and the ids of the database
connections used. MariaDB's general log names the same ids, so each of its lines leads to one
request. The id is known to the client since the greeting: asking for it costs no round trip. Times
are CLOCK_MONOTONIC nanoseconds and, in *_epoch_ns, CLOCK_REALTIME.

With TODO_SQL_TAG=1 statements begin with a comment that names their request: two requests with the
same statement at the same time can then be told apart in the log, and in what a tracer reports
(`--sql raw`).
"""

import json
import os
import threading
import time
import uuid

from django.db import connection

TAG_STATEMENTS = os.environ.get("TODO_SQL_TAG", "") == "1"


def now():
    """Both clocks, read one after the other."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC), time.time_ns()


def connection_id(driver_connection):
    """The server's id of an open connection, for every driver of settings.py; None without one."""
    for name in ("connection_id", "thread_id"):
        value = getattr(driver_connection, name, None)
        if value is not None:
            return value() if callable(value) else value
    return None


class Record:
    """What is known of one request, from its start to the end of its answer."""

    def __init__(self, environ):
        target = environ.get("REQUEST_URI") or environ.get("RAW_URI")
        start, start_epoch = now()
        self.connections = set()
        self.fields = {
            "request_id": environ.get("HTTP_X_REQUEST_ID") or uuid.uuid4().hex,
            "pid": os.getpid(),
            "tid": threading.get_native_id(),
            "method": environ["REQUEST_METHOD"],
            "path": target or environ.get("PATH_INFO", ""),
            "host": environ.get("HTTP_HOST"),
            "client_ip": environ.get("REMOTE_ADDR") or None,
            "user_agent": environ.get("HTTP_USER_AGENT"),
            "request_length": environ.get("CONTENT_LENGTH") or None,
            "status": None,
            "content_length": None,
            "start_ns": start,
            "start_epoch_ns": start_epoch,
            "statements": [],
        }

    def answered(self, status, headers):
        lengths = [value for name, value in headers if name.lower() == "content-length"]
        self.fields["status"] = int(status.split()[0])
        self.fields["content_length"] = int(lengths[0]) if lengths else None

    def statement(self, execute, sql, params, many, context):
        """Django calls this around each statement that goes through a cursor of its own."""
        if TAG_STATEMENTS and not many:
            sql = f"/* {self.fields['request_id']} */ {sql}"
        start, start_epoch = now()
        failed = True
        try:
            result = execute(sql, params, many, context)
            failed = False
            return result
        finally:
            end, end_epoch = now()
            driver_connection = connection_id(context["connection"].connection)
            self.connections.add(driver_connection)
            self.fields["statements"].append(
                {
                    "sql": str(sql),
                    "many": many,
                    "failed": failed,
                    "connection": driver_connection,
                    "start_ns": start,
                    "start_epoch_ns": start_epoch,
                    "end_ns": end,
                    "end_epoch_ns": end_epoch,
                }
            )

    def about_to_answer(self):
        self.fields["end_ns"], self.fields["end_epoch_ns"] = now()

    def closing(self):
        """Before Django gives the connection back, which may close it: the last look at its id."""
        if connection.connection is not None:
            self.connections.add(connection_id(connection.connection))

    def line(self):
        self.fields["closed_ns"], self.fields["closed_epoch_ns"] = now()
        self.fields["connections"] = sorted(c for c in self.connections if c is not None)
        return (json.dumps(self.fields) + "\n").encode()


class Answer:
    """The body on its way to the server. The end of a request is noted before each piece is handed
    over, for the client may have the last one, and the tracer its end, before close() is called.
    """

    def __init__(self, body, record, finish):
        self.body = body
        self.record = record
        self.finish = finish

    def __iter__(self):
        for piece in self.body:
            self.record.about_to_answer()
            yield piece

    def close(self):
        self.record.closing()
        try:
            if hasattr(self.body, "close"):
                self.body.close()
        finally:
            self.finish()


class TruthLog:
    """WSGI application around the real one. Statements of a body that is made while it is sent are
    seen as well.
    """

    def __init__(self, application, path):
        self.application = application
        self.path = path

    def append(self, line):
        # One write to a file opened for appending: lines of several processes do not mix.
        fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.write(fd, line)
        finally:
            os.close(fd)

    def __call__(self, environ, start_response):
        record = Record(environ)
        watching = connection.execute_wrapper(record.statement)
        watching.__enter__()

        def start(status, headers, *error):
            record.answered(status, headers)
            return start_response(status, headers, *error)

        def finish():
            watching.__exit__(None, None, None)
            self.append(record.line())

        try:
            body = self.application(environ, start)
        except BaseException:
            finish()
            raise
        record.about_to_answer()
        return Answer(body, record, finish)
