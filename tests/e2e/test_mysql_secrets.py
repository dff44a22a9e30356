#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No secret leaves: literals in SQL, passwords in every way in which a driver sends one, rows of
LOCAL INFILE, values of query attributes, cookies. Each is a word that is looked for in all that the
tracer wrote: documents on UDP and in a file, counters, and the log of `-v -v`.

MariaDB has no caching_sha2_password: the server that asks for a password in the clear is
lib/fake_mysql.py, on a unix socket and over TLS.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import unittest  # noqa: E402

from lib import certificates, mysql_shapes, shapes, suite, traced  # noqa: E402
from lib.fake_mysql import CAP_QUERY_ATTRIBUTES, FULL_AUTH, SWITCH, FakeMySQL  # noqa: E402
from lib.mariadb import PASSWORD  # noqa: E402
from lib.mysql_shapes import NAMES, Use, segment_of  # noqa: E402
from lib.process import Processes  # noqa: E402

WORD = "sentinel"
FIELDS = ("Cookie: session=cookie-sentinel", "Authorization: Bearer token-sentinel")
# Who answers a request for the password in the clear on a unix socket.
CLEAR = {FULL_AUTH: ("pymysql", "connector-c", "connector-pure"), SWITCH: ("pymysql",)}


class Secrets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.processes = Processes()
        cls.addClassCleanup(cls.processes.close)
        cls.database = mysql_shapes.database(cls.processes)
        cls.server = mysql_shapes.server(cls.processes, cls.database)
        cls.tls = certificates.make(cls.processes.directory)
        # Their libraries are loaded when a trace begins.
        for driver in NAMES:
            Use("query", driver).send(cls.server.address)

    def use(self, action, driver="pymysql", **parameters):
        use = Use(action, driver, **parameters).send(self.server.address, *FIELDS)
        self.assertEqual(200, use.response and use.response.status, f"{action} {driver}")
        return use

    def clear_passwords(self):
        for ask, drivers in CLEAR.items():
            for driver in drivers:
                path = self.processes.directory / f"clear-{next(shapes.NUMBERS)}.sock"
                with self.subTest(f"{driver} {ask}"), FakeMySQL(str(path), ask=ask) as fake:
                    use = self.use("clear_password", driver, path=path)
                    self.assertEqual([], use.errors, use.told)
                    self.assertEqual([PASSWORD.encode() + b"\0"], fake.auth)
                    yield use

    def clear_passwords_over_tls(self):
        """What a driver sends to a server that does not know its password yet, on any MySQL 8."""
        for driver in NAMES:
            with self.subTest(f"{driver} over TLS"), FakeMySQL(
                ("127.0.0.1", 0), ask=FULL_AUTH, tls=self.tls
            ) as fake:
                use = self.use("clear_password", driver, port=fake.address[1],
                               authority=self.tls.authority)  # fmt: skip
                self.assertEqual(([], 1), (use.errors, fake.secured), use.told)
                self.assertEqual([PASSWORD.encode() + b"\0"], fake.auth)
                yield use

    def attributes(self):
        with FakeMySQL(("127.0.0.1", 0), CAP_QUERY_ATTRIBUTES) as fake:
            for driver in ("connector-c", "connector-pure"):
                yield self.use("attributes", driver, port=fake.address[1])
            self.assertTrue(any(b"attribute-sentinel" in c for c in fake.commands))

    def talk(self):
        """Every way, and the uses."""
        rows = self.processes.directory / "rows.txt"
        rows.write_text("infile-sentinel\n" * 1000)
        for driver in NAMES:
            yield self.use("secrets", driver)
            yield self.use("wrong_password", driver)
            yield self.use("infile", driver, path=rows)
            yield self.use("compressed", driver)
        for driver in NAMES[1:]:
            yield self.use("change_user", driver)
        for driver in NAMES[2:]:
            yield self.use("prepared", driver)
        yield self.use("library")
        yield from self.attributes()
        yield from self.clear_passwords()
        yield from self.clear_passwords_over_tls()

    def check(self, *options):
        output = self.processes.directory / f"out-{len(options)}.jsonl"
        options = ("-v", "-v", "--db-spans", "all", "--output", output, *options)
        name = output.stem
        with traced.session(self.processes, [self.server.pid], options, name=name) as one:
            segments = [segment_of(one, use) for use in self.talk()]
            one.finish()
            statistics = one.tracer.stats_path.read_text()
        places = {
            "documents": "\n".join(map(str, one.documents)),
            "output": output.read_text(),
            "statistics": statistics,
            "log": one.messages,
        }
        for place, text in places.items():
            self.assertGreater(len(text), 100, place)
            at = text.find(WORD)
            around = text[max(0, at - 300) : at + 100]
            self.assertEqual(-1, at, f"{place}: {around}")
        return segments

    def test_sanitized(self):
        """The statements are there, with their errors, and nothing of the data."""
        segments = self.check()
        statements = [s for segment in segments for s in segment.statements]
        texts = {s.text for s in statements}
        for text in (
            "SELECT ?, ? FROM shape_item WHERE name = ?",
            "SELECT ?, ?",
            "INSERT INTO shape_unique (name) VALUES (?)",
            "SELECT ? FROM no_such_table",
        ):
            self.assertIn(text, texts)
        codes = {e["message"][:4] for s in statements for e in mysql_shapes.exceptions(s)}
        self.assertLessEqual({"1045", "1062", "1064", "1146"}, codes)

    def test_off(self):
        segments = self.check("--sql", "off")
        self.assertEqual({""}, {s.text for one in segments for s in one.statements})

    def test_raw_keeps_passwords_away(self):
        """Literals are what is asked for; a password is none."""
        options = ("-v", "-v", "--db-spans", "all", "--sql", "raw")
        with traced.session(self.processes, [self.server.pid], options, name="raw") as one:
            uses = [self.use(action, driver) for driver in NAMES[1:]
                    for action in ("wrong_password", "change_user")]  # fmt: skip
            uses += [*self.clear_passwords(), self.use("secrets")]
            secured = [*self.clear_passwords_over_tls()]
            uses += secured
            for use in uses:
                segment_of(one, use)
            texts = [[s.text for s in segment_of(one, use).statements] for use in secured]
            stats = one.finish()
        # What follows the password is read.
        for text in texts:
            self.assertIn("SELECT 'after the password'", text)
        self.assertEqual(len(NAMES), stats["kernel"]["tls_sessions_read"])
        # So the words would be found.
        self.assertIn("literal-sentinel", str(one.documents))
        for text in (str(one.documents), one.messages):
            for word in (PASSWORD, "wrong-sentinel", "cookie-sentinel", "token-sentinel"):
                self.assertNotIn(word, text)


if __name__ == "__main__":
    suite.main()
