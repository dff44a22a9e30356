#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A server that loads its TLS library and its MySQL driver when the first request has come, which
Django does when it is told to, and plug-ins always do.

    late_driver.py PORT DATABASE_PORT USER PASSWORD DATABASE CA

Nothing here may import ssl before: http.server and urllib do.
"""

import socket
import sys
import threading

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def ask(words):
    import pymysql

    port, user, password, database, authority = words
    connection = pymysql.connect(
        host="127.0.0.1",
        port=int(port),
        user=user,
        password=password,
        database=database,
        ssl={"ca": authority},
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT 'late', 4711")
        return cursor.fetchall()


def serve(connection, words):
    with connection:
        head = b""
        while b"\r\n\r\n" not in head:
            more = connection.recv(4096)
            if not more:
                return
            head += more
        if not head.startswith(b"GET /ready"):
            ask(words)
        connection.sendall(ANSWER)


def main():
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    assert "ssl" not in sys.modules
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, sys.argv[2:]), daemon=True).start()


main()
