#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A server whose TLS is GnuTLS's, on both sides: HTTPS to its clients, and for each request a
statement to MariaDB over TLS by PyMySQL. One connection after the other. Prints READY.

    gnutls_server.py PORT CERTIFICATE KEY DATABASE_PORT USER PASSWORD DATABASE
"""

import ctypes
import io
import socket
import ssl
import sys

import pymysql

SERVER, CLIENT = 1, 2
CRD_CERTIFICATE = 1
X509_FMT_PEM = 1
SHUT_WR = 1
E_AGAIN = -28
HANDSHAKE_TIMEOUT_MS = 10_000
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"

gnutls = ctypes.CDLL("libgnutls.so.30")
for function in (gnutls.gnutls_record_send, gnutls.gnutls_record_recv):
    function.restype = ctypes.c_ssize_t
    function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]


def must(code):
    if code < 0:
        raise OSError(f"GnuTLS says {code}")
    return code


class Session(io.RawIOBase):
    """A socket's TLS session, with as much of a socket as PyMySQL needs."""

    def __init__(self, sock, role, certificate=None, key=None):
        self.sock = sock
        sock.setblocking(True)
        self.session, self.credentials = ctypes.c_void_p(), ctypes.c_void_p()
        must(gnutls.gnutls_certificate_allocate_credentials(ctypes.byref(self.credentials)))
        if certificate:
            must(gnutls.gnutls_certificate_set_x509_key_file(
                self.credentials, certificate.encode(), key.encode(), X509_FMT_PEM))
        must(gnutls.gnutls_init(ctypes.byref(self.session), role))
        must(gnutls.gnutls_set_default_priority(self.session))
        must(gnutls.gnutls_credentials_set(self.session, CRD_CERTIFICATE, self.credentials))
        gnutls.gnutls_transport_set_int2(self.session, sock.fileno(), sock.fileno())
        gnutls.gnutls_handshake_set_timeout(self.session, HANDSHAKE_TIMEOUT_MS)
        must(gnutls.gnutls_handshake(self.session))

    def readable(self):
        return True

    def readinto(self, buffer):
        place = (ctypes.c_char * len(buffer)).from_buffer(buffer)
        while True:
            # what arrived may be no data, but a ticket
            got = gnutls.gnutls_record_recv(self.session, place, len(buffer))
            if got != E_AGAIN:
                return must(got)

    def sendall(self, data):
        data = bytes(data)
        while data:
            data = data[must(gnutls.gnutls_record_send(self.session, data, len(data))) :]

    def makefile(self, mode):
        return io.BufferedReader(self)

    def settimeout(self, timeout_s):
        pass

    def close(self):
        if not self.closed:
            gnutls.gnutls_bye(self.session, SHUT_WR)
            gnutls.gnutls_deinit(self.session)
            self.sock.close()
        super().close()


class Context(ssl.SSLContext):
    """What PyMySQL takes for Python's own TLS."""

    def wrap_socket(self, sock, server_hostname=None):
        return Session(sock, CLIENT)


def ask(port, user, password, database):
    """The CA is not looked at: what is tested is who reads the bytes."""
    connection = pymysql.connect(host="127.0.0.1", port=int(port), user=user, password=password,
                                 database=database, ssl=Context(ssl.PROTOCOL_TLS_CLIENT))
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT 'gnutls', 4711")
        cursor.fetchall()
        try:
            cursor.execute("SELECT broken FROM nowhere")
        except pymysql.MySQLError:
            pass


def serve(sock, certificate, key, account):
    with Session(sock, SERVER, certificate, key) as session:
        head = io.BufferedReader(session)
        while head.readline() not in (b"\r\n", b""):
            pass
        ask(*account)
        session.sendall(ANSWER)


def main():
    port, certificate, key, *account = sys.argv[1:]
    listener = socket.create_server(("127.0.0.1", int(port)))
    print("READY", flush=True)
    while True:
        sock, _ = listener.accept()
        serve(sock, certificate, key, account)


main()
