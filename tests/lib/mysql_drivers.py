# SPDX-License-Identifier: Apache-2.0
"""The MySQL drivers of tests/requirements.txt under one interface, and the client libraries by
themselves for what only they do: pipelined, bulk and non-blocking execution.
"""

import ctypes
import select
import time
from dataclasses import dataclass


@dataclass
class Account:
    """Where to log in, and as whom. @socket: the path of a unix socket, instead of an address."""

    host: str = "127.0.0.1"
    port: int = 3306
    user: str = "todo"
    password: str = ""
    database: str = ""
    socket: str = ""
    authority: str = ""  # of the server's certificate; with it, TLS

    def secured(self):
        """For drivers with an argument `ssl`."""
        return {"ssl": {"ca": self.authority}} if self.authority else {}

    def place(self, socket_key="unix_socket"):
        if self.socket:
            return {socket_key: self.socket}
        return {"host": self.host, "port": self.port}

    def login(self):
        named = {"database": self.database} if self.database else {}
        return {"user": self.user, "password": self.password, **named}


class PyMySQL:
    name = "pymysql"
    rows_later = False

    def connect(self, account, compress=False, timeout_s=10, **options):
        import pymysql
        from pymysql.constants import CLIENT

        flag = CLIENT.MULTI_STATEMENTS if options.pop("multi", False) else 0
        options["local_infile"] = options.pop("infile", False)
        how = {**account.place(), **account.login(), "client_flag": flag, **options}
        how.update(account.secured())
        return pymysql.connect(connect_timeout=timeout_s, **how)

    def thread_id(self, connection):
        return connection.thread_id()

    def failure(self, error):
        return error.args[0] if error.args else -1

    def unbuffered(self, connection):
        import pymysql.cursors

        return connection.cursor(pymysql.cursors.SSCursor)

    def select_db(self, connection, name):
        connection.select_db(name)

    def ping(self, connection):
        connection.ping(reconnect=False)


class MySQLClient(PyMySQL):
    name = "mysqlclient"

    def connect(self, account, compress=False, timeout_s=10, **options):
        import MySQLdb

        options["multi_statements"] = options.pop("multi", False)
        options["local_infile"] = int(options.pop("infile", False))
        # Its value is not looked at.
        options.update({"compress": True} if compress else {})
        how = {**account.place(), **account.login(), **account.secured(), **options}
        return MySQLdb.connect(connect_timeout=timeout_s, **how)

    def unbuffered(self, connection):
        import MySQLdb.cursors

        return connection.cursor(MySQLdb.cursors.SSCursor)

    def ping(self, connection):
        connection.ping()


class Connector:
    """MySQL's own, as C extension or as pure Python."""

    rows_later = True

    def __init__(self, pure):
        self.pure = pure
        self.name = "connector-pure" if pure else "connector-c"

    def connect(self, account, compress=False, timeout_s=10, multi=False, **options):
        import mysql.connector

        options["allow_local_infile"] = options.pop("infile", False)
        how = {**account.place(), **account.login(), "compress": compress, **options}
        tls = {"ssl_ca": account.authority} if account.authority else {"ssl_disabled": True}
        return mysql.connector.connect(
            use_pure=self.pure, connection_timeout=timeout_s, **tls, **how
        )

    def thread_id(self, connection):
        return connection.connection_id

    def failure(self, error):
        return getattr(error, "errno", -1)

    def unbuffered(self, connection):
        return connection.cursor()

    def select_db(self, connection, name):
        connection.cmd_init_db(name)

    def ping(self, connection):
        connection.ping(reconnect=False)


DRIVERS = {d.name: d for d in (PyMySQL(), MySQLClient(), Connector(False), Connector(True))}


class Bind(ctypes.Structure):
    """MYSQL_BIND of MariaDB Connector/C (mariadb_stmt.h)."""

    _fields_ = [
        ("length", ctypes.c_void_p),
        ("is_null", ctypes.c_void_p),
        ("buffer", ctypes.c_void_p),
        ("error", ctypes.c_void_p),
        ("indicator", ctypes.c_void_p),
        ("functions", ctypes.c_void_p * 3),
        ("buffer_length", ctypes.c_ulong),
        ("offset", ctypes.c_ulong),
        ("length_value", ctypes.c_ulong),
        ("flags", ctypes.c_uint),
        ("pack_length", ctypes.c_uint),
        ("buffer_type", ctypes.c_int),
        ("small", ctypes.c_char * 4),
        ("extension", ctypes.c_void_p),
    ]


MYSQL_TYPE_LONG = 3
MYSQL_OPT_NONBLOCK = 6000  # libmariadb's
MYSQL_OPT_COMPRESS = 1  # enum mysql_option, in both families
NET_ASYNC_NOT_READY = 1
STMT_ATTR_PREBIND_PARAMS = 200
STMT_ATTR_ARRAY_SIZE = 201


class Library:
    """A connection through the functions of a client library."""

    def __init__(self, path, account, compress=False, reconnect=False):
        self.c = ctypes.CDLL(path)
        for name in ("mysql_init", "mysql_real_connect", "mysql_stmt_init", "mysql_store_result"):
            getattr(self.c, name).restype = ctypes.c_void_p
        self.c.mysql_stmt_error.restype = self.c.mysql_error.restype = ctypes.c_char_p
        self.c.mysql_thread_id.restype = ctypes.c_ulong
        self.mysql = ctypes.c_void_p(self.c.mysql_init(None))
        if compress:
            self.c.mysql_options(self.mysql, MYSQL_OPT_COMPRESS, None)
        if reconnect:
            yes = ctypes.c_char(1)
            self.c.mysql_options(self.mysql, self.opt_reconnect, ctypes.byref(yes))
        if account.authority:
            authority = str(account.authority).encode()
            self.c.mysql_ssl_set(self.mysql, None, None, authority, None, None)
        words = (account.host, account.user, account.password, account.database)
        where = [word.encode() for word in words]
        if not self.c.mysql_real_connect(self.mysql, *where, account.port, None, ctypes.c_ulong(0)):
            raise OSError(self.c.mysql_error(self.mysql).decode())

    def thread_id(self):
        return self.c.mysql_thread_id(self.mysql)

    def query(self, sql):
        text = sql.encode()
        self.read_rows(self.c.mysql_real_query(self.mysql, text, ctypes.c_ulong(len(text))))

    def read_rows(self, failed):
        if failed:
            self.c.mysql_error(self.mysql)
        else:
            self.c.mysql_free_result(ctypes.c_void_p(self.c.mysql_store_result(self.mysql)))

    def close(self):
        self.c.mysql_close(self.mysql)


class MySQLLibrary(Library):
    """Through MySQL's own, which mysql-connector's C extension holds."""

    opt_reconnect = 15  # since 8.0

    def __init__(self, account, **how):
        import _mysql_connector

        super().__init__(_mysql_connector.__file__, account, **how)

    def send_and_read(self, sql):
        text = sql.encode()
        failed = self.c.mysql_send_query(self.mysql, text, ctypes.c_ulong(len(text)))
        self.read_rows(failed or self.c.mysql_read_query_result(self.mysql))

    def step(self, text):
        """True once the statement is done; the same bytes are handed over each time."""
        done = self.c.mysql_real_query_nonblocking(self.mysql, text, ctypes.c_ulong(len(text)))
        if done != NET_ASYNC_NOT_READY:
            self.read_rows(done)
        return done != NET_ASYNC_NOT_READY

    def poll(self, sql):
        text = sql.encode()
        while not self.step(text):
            time.sleep(0.002)

    def both(self, other, sql, other_sql):
        """A statement of each connection at the same time."""
        waiting = [(self, sql.encode()), (other, other_sql.encode())]
        while waiting:
            waiting = [(library, text) for library, text in waiting if not library.step(text)]
            time.sleep(0.002)


class MariaDBLibrary(Library):
    """Through libmariadb.so.3."""

    opt_reconnect = 20

    def __init__(self, account, **how):
        super().__init__("libmariadb.so.3", account, **how)

    def start(self, sql):
        """Returns what it waits for, 0 when it is done."""
        self.text = sql.encode()
        self.c.mysql_options(self.mysql, MYSQL_OPT_NONBLOCK, None)
        self.failed = ctypes.c_int(0)
        length = ctypes.c_ulong(len(self.text))
        return self.c.mysql_real_query_start(
            ctypes.byref(self.failed), self.mysql, self.text, length
        )

    def go_on(self, waits):
        while waits:
            select.select([self.c.mysql_get_socket(self.mysql)], [], [])
            waits = self.c.mysql_real_query_cont(ctypes.byref(self.failed), self.mysql, waits)
        self.read_rows(self.failed.value)

    def statement(self):
        return ctypes.c_void_p(self.c.mysql_stmt_init(self.mysql))

    def check(self, statement, failed):
        if failed:
            raise OSError(self.c.mysql_stmt_error(statement).decode())

    def attribute(self, statement, which, value):
        """One parameter in each row; how many rows."""
        number = ctypes.c_uint(value)
        self.check(statement, self.c.mysql_stmt_attr_set(statement, which, ctypes.byref(number)))

    def bind(self, statement, numbers):
        values = (ctypes.c_int * len(numbers))(*numbers)
        bind = Bind(buffer=ctypes.addressof(values), buffer_type=MYSQL_TYPE_LONG)
        self.check(statement, self.c.mysql_stmt_bind_param(statement, ctypes.byref(bind)))
        return values, bind

    def execute_direct(self, sql, number):
        """Prepare and execute in one send, before the statement's id is known."""
        statement = self.statement()
        self.attribute(statement, STMT_ATTR_PREBIND_PARAMS, 1)
        kept = self.bind(statement, [number])
        text = sql.encode()
        failed = self.c.mariadb_stmt_execute_direct(statement, text, ctypes.c_size_t(len(text)))
        self.check(statement, failed)
        del kept
        self.c.mysql_stmt_close(statement)

    def execute_bulk(self, sql, numbers):
        """One COM_STMT_BULK_EXECUTE for all @numbers."""
        statement, text = self.statement(), sql.encode()
        failed = self.c.mysql_stmt_prepare(statement, text, ctypes.c_ulong(len(text)))
        self.check(statement, failed)
        self.attribute(statement, STMT_ATTR_ARRAY_SIZE, len(numbers))
        kept = self.bind(statement, numbers)
        self.check(statement, self.c.mysql_stmt_execute(statement))
        del kept
        self.c.mysql_stmt_close(statement)
