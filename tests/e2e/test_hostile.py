#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hostile bytes on every port that is parsed: HTTP both ways, the uwsgi protocol, and a MySQL
server that answers nonsense. Fixed seeds.

Required: the tracer lives, its books balance, the good request between the bad ones is told as
ever, and no document says what cannot be so: a text that nobody sent, a time or a number out of
the question.
"""

import random
import socket
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import unittest  # noqa: E402

from lib import answers, client, documents, fake_mysql, mysql_shapes, shapes  # noqa: E402
from lib import suite, traced  # noqa: E402
from lib.fake_mysql import FakeMySQL, HostileMySQL  # noqa: E402
from lib.mariadb import free_port  # noqa: E402
from lib.mutate import mutant  # noqa: E402
from lib.mysql_shapes import Use  # noqa: E402
from lib.paths import venv_program  # noqa: E402
from lib.process import Processes, tail  # noqa: E402
from lib.shapes import Ask  # noqa: E402

SEEDS, MORE = range(160), range(160, 2000)
GOOD_EVERY = 20
REQUESTS = (*answers.FIXED[:13], *(Ask("GET", t).head() for t in ("/plain", "/chunked", "/204")))
UWSGI_APP = """
def application(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""
TEXTS = [sql.decode() for sql in (*fake_mysql.QUERIES, b"SELECT ?")]
TEXTS += ["SELECT 'a hostile answer'", "UPDATE t SET a = 1"]
# What the drivers say on their own.
CHATTER = ("SET NAMES", "SET AUTOCOMMIT", "set autocommit", "SET @@session", "SELECT @@")


def throw(address, data, timeout_s=2):
    """Sends and reads until the server has enough of it."""
    try:
        with client.connect(address, timeout_s=timeout_s) as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(1 << 16):
                pass
    except OSError:
        pass


def uwsgi_packet(agent, target="/plain"):
    pairs = {
        "REQUEST_METHOD": "GET",
        "REQUEST_URI": target,
        "PATH_INFO": target,
        "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "shape.example.com",
        "HTTP_USER_AGENT": agent,
        "REMOTE_ADDR": "192.0.2.7",
        "REMOTE_PORT": "34567",
    }
    block = b"".join(
        struct.pack("<H", len(word)) + word.encode() for pair in pairs.items() for word in pair
    )
    return struct.pack("<BHB", 0, len(block), 0) + block


class Hostile(unittest.TestCase):
    def setUp(self):
        self.processes = Processes()
        self.addCleanup(self.processes.close)
        self.began_ns = time.time_ns()

    def alive(self, one):
        self.assertIsNone(one.tracer.process.popen.poll(), one.tracer.messages()[-2000:])

    def sensible_times(self, entity):
        self.assertLessEqual(self.began_ns, entity.start_ns, entity.document)
        self.assertLessEqual(entity.start_ns, entity.end_ns, entity.document)
        self.assertLessEqual(entity.end_ns, time.time_ns(), entity.document)

    def sensible(self, segment):
        """Whatever was sent: what a segment says of it is possible."""
        self.sensible_times(segment)
        method, status = segment.request.get("method"), segment.response.get("status")
        self.assertRegex(method or "", r"\A[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}\Z", segment.document)
        self.assertTrue(status is None or 100 <= status <= 999, segment.document)
        self.assertGreaterEqual(segment.response.get("content_length", 0), 0)
        url = segment.request.get("url", "")
        self.assertTrue(url.startswith(("http://", "https://")) and url.isprintable(), url)
        for name in ("bytes_in", "bytes_out", "queue_ms", "first_byte_ms"):
            self.assertTrue(0 <= segment.own.get(name, 0) < 1 << 32, segment.document)

    def end(self, one, most):
        """The books, and every document; at most so many segments."""
        stats = one.finish()
        self.assertEqual([], traced.unbalanced(stats), one.story())
        self.assertEqual([], one.daemon.bad)
        segments, orphans = documents.segments(one.documents)
        self.assertEqual([], orphans)
        self.assertEqual(stats["export"]["segments"], len(segments), one.story())
        self.assertLessEqual(len(segments), most)
        for segment in segments:
            self.sensible(segment)
        return segments, stats

    def good(self, one, address, **expected):
        ask = Ask("GET", "/plain").send(address)
        segment = shapes.segment_of(one, ask)
        self.assertEqual((200, ask.url), (segment.response["status"], segment.request["url"]))
        self.assertEqual(ask.response.content_length, segment.response["content_length"])

    # --- HTTP

    def http(self, seeds, target=None):
        server = shapes.shape_server(self.processes)
        good = 0
        with traced.session(self.processes, [server.pid]) as one:
            for seed in seeds:
                broken = Ask("GET", f"{target}?seed={seed}").head() if target else None
                throw(server.address, broken or mutant(seed, REQUESTS))
                if seed % GOOD_EVERY == 0:
                    with self.subTest(seed):
                        self.good(one, server.address)
                    good += 1
            self.alive(one)
            # A mutant may hold several requests, each of them valid.
            return self.end(one, good + len(seeds) * (1 if target else 60)), good

    def test_http_requests(self):
        (segments, _), good = self.http(SEEDS)
        self.assertGreater(len(segments), good, "no mutant was a request still")

    def test_http_answers(self):
        """Each request is told, whatever the answer was."""
        (segments, stats), good = self.http(SEEDS, "/broken")
        self.assertEqual(good + len(SEEDS), len(segments), stats)

    @suite.full
    def test_many_more_http(self):
        self.http(MORE)
        (segments, stats), good = self.http(MORE, "/broken")
        self.assertEqual(good + len(MORE), len(segments), stats)

    def test_http_slowly(self):
        """A byte at a time, on connections that stay open while others go on."""
        server = shapes.shape_server(self.processes)
        with traced.session(self.processes, [server.pid]) as one:
            open_ones = [client.connect(server.address) for _ in range(12)]
            bytes_of = [mutant(seed, REQUESTS)[:150] for seed in range(len(open_ones))]
            for i in range(150):
                for sock, data in zip(open_ones, bytes_of):
                    try:
                        sock.sendall(data[i : i + 1])
                    except OSError:
                        pass
            self.good(one, server.address)
            for sock in open_ones:
                sock.close()
            self.good(one, server.address)
            self.alive(one)
            self.end(one, 2 + 60 * len(open_ones))

    # --- the uwsgi protocol

    def uwsgi(self, seeds):
        """uWSGI's own socket, with its own opinion of what it gets."""
        app = self.processes.directory / "app.py"
        app.write_text(UWSGI_APP)
        address = ("127.0.0.1", free_port())
        words = [venv_program("uwsgi"), f"--socket=127.0.0.1:{address[1]}", f"--wsgi-file={app}"]
        words += ["--master", "--processes=2", "--die-on-term", "--socket-timeout=1"]
        process = self.processes.start("uwsgi", words)
        process.wait_ready(lambda: "spawned uWSGI worker 2" in process.log.read_text())
        originals = [uwsgi_packet("mutant"), uwsgi_packet("mutant", "/a?b=c" * 50)]
        asked = []
        with traced.session(self.processes, [process.pid]) as one:
            for seed in seeds:
                throw(address, mutant(seed, originals))
                if seed % GOOD_EVERY == 0:
                    asked.append(self.good_uwsgi(one, address))
            self.alive(one)
            segments, _ = self.end(one, len(asked) + len(seeds))
        agents = [segment.user_agent for segment in segments]
        self.assertEqual([1] * len(asked), [agents.count(agent) for agent in asked])

    def good_uwsgi(self, one, address):
        ask = Ask("GET", "/plain")
        throw(address, uwsgi_packet(ask.agent))
        segment = shapes.segment_of(one, ask)
        self.assertEqual((200, ask.url), (segment.response["status"], segment.request["url"]))
        self.assertEqual("192.0.2.7", segment.request["client_ip"])
        return ask.agent

    def test_uwsgi_protocol(self):
        self.uwsgi(SEEDS)

    @suite.full
    def test_much_more_of_the_uwsgi_protocol(self):
        self.uwsgi(MORE)

    # --- MySQL

    def sensible_statement(self, statement):
        self.sensible_times(statement)
        text = statement.text
        known = any(one.startswith(text) for one in TEXTS) or text.startswith(CHATTER)
        self.assertTrue(known, statement.document)
        for name in ("rows", "affected"):
            self.assertTrue(0 <= statement.own.get(name, 0) < 1 << 63, statement.document)
        for one in mysql_shapes.exceptions(statement):
            # As the server sent it, with --sql raw, but bounded.
            message = one.get("message", "")
            self.assertTrue(len(message) <= 1024 and "\0" not in message, statement.document)
        self.assertTrue(statement.document["name"].isprintable())
        for value in statement.document["sql"].values():
            self.assertTrue(value.isprintable(), statement.document)

    def mysql(self, seeds):
        """The requests are good ones; the database is not."""
        database = FakeMySQL(("127.0.0.1", 0))
        self.addCleanup(database.close)
        database.environment = lambda: {
            "TODO_DB_HOST": "127.0.0.1",
            "TODO_DB_PORT": str(database.address[1]),
            "TODO_DB_USER": "todo",
            "TODO_DB_PASSWORD": "secret",
            "TODO_DB_NAME": "todobackend",
        }
        server = mysql_shapes.server(self.processes, database)
        uses = 0
        with HostileMySQL(("127.0.0.1", 0)) as hostile:
            with traced.session(self.processes, [server.pid]) as one:
                for seed in seeds:
                    hostile.seed = seed
                    action, driver = (("hostile_raw", "pymysql"), ("hostile", "pymysql"),
                                      ("hostile", "connector-pure"))[seed % 7 % 3]  # fmt: skip
                    self.use(server, action, driver, port=hostile.address[1])
                    uses += 1
                    if seed % GOOD_EVERY == 0:
                        self.good_mysql(one, server)
                        uses += 1
                self.alive(one)
                segments, _ = self.end(one, uses)
        self.assertEqual(uses, len(segments))
        for segment in segments:
            for statement in segment.statements:
                self.sensible_statement(statement)
        # Their commands went out, whatever came back.
        self.assertGreater(sum(len(segment.statements) for segment in segments), len(seeds))

    def use(self, server, action, driver, **parameters):
        use = Use(action, driver, **parameters).send(server.address)
        answered = use.response and use.response.status
        self.assertEqual(200, answered, f"{use.target}\n{tail(server.process.log)}")
        return use

    def good_mysql(self, one, server):
        """Everything is told of the honest server."""
        use = self.use(server, "hostile", "pymysql", port=self.honest_port(server))
        segment = mysql_shapes.segment_of(one, use)
        told = [(s.command, s.text) for s in segment.statements][-2:]
        self.assertEqual([("query", "SELECT 'a hostile answer'"), ("query", "UPDATE t SET a = 1")],
                         told)  # fmt: skip

    def honest_port(self, server):
        environ = Path(f"/proc/{server.pid}/environ").read_bytes().split(b"\0")
        return next(int(word[13:]) for word in environ if word.startswith(b"TODO_DB_PORT="))

    def test_mysql_answers(self):
        self.mysql(SEEDS)

    @suite.full
    def test_many_more_mysql_answers(self):
        self.mysql(random.Random(1).sample(MORE, 600))


if __name__ == "__main__":
    suite.main()
