#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Libraries in the targets: what doctor says of them, TLS without a socket, and another C library
than glibc.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import unittest  # noqa: E402

from lib import certificates, client, mariadb, mysql_shapes, shapes, suite, traced  # noqa: E402
from lib.paths import BPFXRAY, venv_program  # noqa: E402
from lib.process import Processes  # noqa: E402
from lib.servers import Server, wait_http  # noqa: E402

GNUTLS = Path(__file__).with_name("gnutls_server.py")
SMALL = Path(__file__).with_name("small_server.c")
LOADED = (
    "import ctypes, ssl, sys, _mysql_connector, MySQLdb; ctypes.CDLL('libgnutls.so.30');"
    "ctypes.CDLL(sys.argv[1]);"
    "print('LOADED', flush=True); input()"
)
# Imports nothing of an SDK, but loads what is named; then sends what an SDK sends, and what not.
SENDING = """
import ctypes, socket, sys
for library in sys.argv[1:]:
    ctypes.CDLL(library)
print("LOADED", flush=True)
sys.stdin.readline()
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
texts = "todo.requests:1|c", '{"format":', '{"formats":1}', DOCUMENT, DOCUMENT.replace(" ", "")
for text in texts:
    one.sendto(text.encode(), ("127.0.0.1", 9))
print("DONE", flush=True)
sys.stdin.readline()
"""
DOCUMENT = '{"format": "json", "version": 1}\n{}'
SENDING = SENDING.replace("texts =", f"DOCUMENT = {DOCUMENT!r}\ntexts =")
# Another name space with a mount of its own, at the same place in each.
IN_OVERLAY = """#!/bin/sh
exec unshare -m sh -c 'mount -t overlay overlay -o lowerdir={0}/empty:{0}/image {0}/root &&
    exec {1} "$@"' sh "$@"
"""
HALF = "libhalf.so"  # a library that defines some of the functions only
# A session whose two ends are both in memory: what asyncio does with OpenSSL.
IN_MEMORY = """
import ssl, sys
def end(context, **how):
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    return context.wrap_bio(into, out, **how), into, out
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain(sys.argv[1], sys.argv[2])
client = ssl.create_default_context(cafile=sys.argv[3])
a, a_in, a_out = end(client, server_hostname="localhost")
b, b_in, b_out = end(server, server_side=True)
def step(what):
    try:
        return what()
    except ssl.SSLWantReadError:
        return None
    finally:
        b_in.write(a_out.read())
        a_in.write(b_out.read())
print("LOADED", flush=True)
input()
for _ in range(4):
    step(a.do_handshake)
    step(b.do_handshake)
for _ in range(5):
    step(lambda: a.write(b"GET / HTTP/1.1\\r\\nHost: memory\\r\\n\\r\\n"))
    assert step(lambda: b.read(100))
print("DONE", flush=True)
input()
"""


class Libraries(unittest.TestCase):
    def setUp(self):
        self.processes = self.enterContext(Processes())

    def python(self, *words, path=""):
        command = [venv_program("python"), "-c", *map(str, words)]
        env = {**os.environ, "PYTHONPATH": str(path)}
        one = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
        )
        self.addCleanup(one.communicate, "\n")
        self.assertEqual("LOADED\n", one.stdout.readline())
        return one

    def test_libraries_are_left_alone_where_asked_for(self):
        one = self.python(LOADED, "libssl.so.3")
        for options, probed in (((), True), (("--no-library-probes",), False)):
            with self.subTest(options):
                with traced.session(self.processes, [one.pid], options) as session:
                    stats = session.finish()
                self.assertEqual(probed, stats["libraries"]["attached"] > 0)

    def test_doctor_lists_each_library_with_its_kind_and_functions(self):
        half = self.processes.directory / HALF
        code = "int SSL_read(void *s, void *b, int n) { return n; }"
        built = ["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", half]
        subprocess.run([str(word) for word in built], input=code, text=True, check=True)
        one = self.python(LOADED, half)
        done = subprocess.run(
            [BPFXRAY, "doctor", "--pid", str(one.pid)], capture_output=True, text=True, timeout=60
        )
        self.assertEqual(0, done.returncode, done.stderr)
        kinds = {"libssl.so": ("OpenSSL", "SSL_read, SSL_write"),
                 "libmariadb.so": ("MySQL client", "mysql_real_query"),
                 "_mysql_connector.": ("MySQL client", "mysql_real_query"),
                 "libgnutls.so": ("GnuTLS", "gnutls_record_recv, gnutls_record_send"),
                 HALF: ("OpenSSL", "SSL_read")}  # fmt: skip
        lines = done.stdout.splitlines()
        for library, (kind, functions) in kinds.items():
            at = [i for i, line in enumerate(lines) if f"/{library}" in line]
            self.assertEqual([kind], [lines[i].rpartition(": ")[2] for i in at], done.stdout)
            self.assertTrue(lines[at[0] + 1].strip().startswith(f"at {functions}"), done.stdout)
        lacking = [line.strip() for line in lines if line.strip().startswith("it lacks SSL_")]
        self.assertEqual(
            ["it lacks SSL_write, SSL_read_ex, SSL_write_ex, SSL_do_handshake, SSL_shutdown,"
             " SSL_free"], lacking)  # fmt: skip

    def doctor_of_sdk(self, one):
        done = subprocess.run(
            [BPFXRAY, "doctor", "--pid", str(one.pid)], capture_output=True, text=True, timeout=60
        )
        lines = iter(done.stdout.splitlines())
        found = next(line for line in lines if line.startswith("  aws_xray_sdk"))
        return found.split(None, 1)[1], next(lines, "")

    def test_doctor_finds_an_sdk(self):
        """Its package beside the process, and in use by what is mapped of it."""
        self.assertEqual(
            "not found among the packages of the process",
            self.doctor_of_sdk(self.python(SENDING))[0])
        packages = self.processes.directory / "packages"
        (packages / "aws_xray_sdk").mkdir(parents=True)
        (packages / "aws_xray_sdk" / "version.py").write_text("VERSION = '2.15.0'\n")
        (packages / "wrapt").mkdir()
        library = packages / "wrapt" / "_wrappers.test.so"
        built = ["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(library)]
        subprocess.run(built, input="int wrapped;", text=True, check=True)
        path = f"/no/such/directory:{packages}"
        self.assertEqual(
            f"in {packages}; not in use, as it seems",
            self.doctor_of_sdk(self.python(SENDING, path=path))[0])
        told, more = self.doctor_of_sdk(self.python(SENDING, library, path=path))
        self.assertIn(f"in {packages}, with what it needs loaded", told)
        self.assertIn("double segments", told)
        self.assertIn("--adopt-trace", more)

    def test_documents_of_an_sdk_are_noticed(self):
        """Once, however many there are, and nothing that only looks similar."""
        one = self.python(SENDING)
        with traced.session(self.processes, [one.pid]) as session:
            one.stdin.write("\n")
            one.stdin.flush()
            self.assertEqual("DONE\n", one.stdout.readline())
            stats = session.finish()
        self.assertEqual(2, stats["kernel"]["documents_of_sdk"])
        told = session.messages
        self.assertEqual(1, told.count("sends documents to an X-Ray daemon: an X-Ray SDK in"), told)
        self.assertEqual(1, told.count("--adopt-trace puts them"), told)

    def test_tls_in_memory_is_counted(self):
        keys = certificates.make(self.processes.directory)
        one = self.python(IN_MEMORY, keys.certificate, keys.key, keys.authority)
        with traced.session(self.processes, [one.pid]) as session:
            one.stdin.write("\n")
            one.stdin.flush()
            self.assertEqual("DONE\n", one.stdout.readline())
            stats = session.finish()
        self.assertEqual(10, stats["kernel"]["tls_calls_without_socket"])
        self.assertEqual(0, stats["kernel"]["tls_sessions_read"])
        self.assertEqual([], session.documents)

    def test_gnutls(self):
        """HTTPS and MySQL's TLS, both through GnuTLS: as with any other library."""
        keys = certificates.make(self.processes.directory)
        database = mariadb.start(self.processes, tls=keys)
        port = mariadb.free_port()
        account = (database.port, mariadb.USER, mariadb.PASSWORD, mariadb.DATABASE)
        command = [venv_program("python"), GNUTLS, port, keys.certificate, keys.key, *account]
        process = self.processes.start("gnutls", command)
        process.wait_ready(lambda: "READY" in process.log.read_text())
        address = client.TlsAddress("127.0.0.1", port, keys.authority)
        with traced.session(self.processes, [process.pid]) as session:
            for _ in range(3):
                ask = shapes.Ask("GET", "/gnutls").send(address)
                segment = shapes.segment_of(session, ask)
                self.assertEqual(200, segment.response["status"])
                self.assertEqual("https://", segment.request["url"][:8])
                told = [(s.text, s.fault) for s in segment.sql_statements()]
                self.assertEqual(
                    [("SELECT 'gnutls', 4711", False), ("SELECT broken FROM nowhere", True)],
                    [one for one in told if one[0].startswith("SELECT")],
                )
            stats = session.finish()
        self.assertEqual(([], {}), (traced.unbalanced(stats), traced.losses(stats)))
        self.assertEqual(6, stats["kernel"]["tls_sessions_read"])
        self.assertNotIn(mariadb.PASSWORD, session.story() + str(session.documents))

    def container(self, name, database):
        """A server over an image that others have, too: its libmariadb is one file for all."""
        directory = self.processes.directory
        if not (directory / "image").exists():
            for part in ("image", "empty", "root"):
                (directory / part).mkdir()
            shutil.copy(next(Path("/usr/lib").glob("*/libmariadb.so.3")), directory / "image")
        script = directory / "in_overlay.sh"
        script.write_text(IN_OVERLAY.format(directory, venv_program("python")))
        script.chmod(0o755)
        root = directory / "root"
        server = mysql_shapes.server(
            self.processes, database, name, script, LD_LIBRARY_PATH=str(root)
        )
        mysql_shapes.Use("query", "mysqlclient").send(server.address)
        self.assertIn(f"{root}/libmariadb.so.3", Path(f"/proc/{server.pid}/maps").read_text())
        return server

    def test_containers_of_one_image(self):
        """Each has a mount of the image, and all map the same file of it: that is probed once."""
        database = mysql_shapes.database(self.processes)
        servers = [self.container(name, database) for name in ("one", "another")]
        pids = [server.pid for server in servers]
        with traced.session(self.processes, pids, (*traced.COMPLETE, "-v", "-v")) as session:
            for server in servers:
                use = mysql_shapes.Use("errors", "mysqlclient").send(server.address)
                segment = mysql_shapes.segment_of(session, use)
                self.assertEqual(
                    mysql_shapes.expected(database, use), mysql_shapes.emitted(segment)
                )
                self.assertEqual(4, len(mysql_shapes.faults(segment)))
            stats = session.finish()
        self.assertEqual(([], {}), (traced.unbalanced(stats), traced.losses(stats)))
        self.assertEqual(1, len(re.findall(r"/libmariadb\S*: \d+ probes", session.messages)))

    def test_a_program_with_musl(self):
        program = self.processes.directory / "small_server"
        built = ["musl-gcc", "-O2", "-o", program, SMALL]
        subprocess.run([str(word) for word in built], check=True)
        self.assertIn(b"/lib/ld-musl", program.read_bytes())
        port = mariadb.free_port()
        process = self.processes.start("musl", [program, port])
        server = Server("musl", ("127.0.0.1", port), [process])
        wait_http(process, server.address)
        with traced.session(self.processes, [process.pid]) as session:
            for _ in range(3):
                ask = shapes.Ask("GET", "/musl").send(server.address)
                http = shapes.segment_of(session, ask).document["http"]
                self.assertEqual(200, http["response"]["status"])


if __name__ == "__main__":
    suite.main()
