#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a database is called: as the service asked for it, by a name server, by its own hosts file,
or as its client library was told; and the address where nobody asked.
"""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import mysql_shapes, suite, traced  # noqa: E402
from lib.dns import Dns  # noqa: E402
from lib.mysql_shapes import Use, emitted, expected, segment_of  # noqa: E402
from lib.mysql_uses import NAMES  # noqa: E402
from lib.paths import venv_program  # noqa: E402
from lib.process import Processes  # noqa: E402

DB, ALIAS, CUT, SIX = ("db.names.test", "alias.names.test", "cut.names.test", "six.names.test")
HOSTED = {"127.0.0.1": "library.names.test", "127.0.0.76": "hosted.names.test"}
# Without a client library, whose argument would say the name by itself.
PURE = ("pymysql", "connector-pure")


class Names(unittest.TestCase):
    options = traced.COMPLETE

    @classmethod
    def setUpClass(cls):
        cls.processes = cls.enterClassContext(Processes())
        cls.database = mysql_shapes.database(cls.processes)
        names = {DB: ["127.0.0.1"], ALIAS: DB, CUT: ["127.0.0.1"], SIX: ["::1"]}
        cls.dns = cls.enterClassContext(Dns(cls.processes, names, ttl=60, cut=[CUT]))
        hosts = "".join(f"{at} {name} other\n" for at, name in HOSTED.items())
        python = cls.dns.launcher(venv_program("python"), hosts)
        cls.server = mysql_shapes.server(cls.processes, cls.database, python=python)
        for driver in NAMES:
            Use("query", driver).send(cls.server.address)
        opened = traced.session(cls.processes, [cls.server.pid], cls.options)
        cls.one = cls.enterClassContext(opened)

    @classmethod
    def tearDownClass(cls):
        """A look-up within a request is no part of it, and is not missed."""
        stats = cls.one.finish()
        told = traced.unbalanced(stats), traced.losses(stats)
        if told != ([], {}):
            raise AssertionError(f"{told}\n{cls.one.story()}")

    def use(self, action, driver, **parameters):
        use = Use(action, driver, **parameters).send(self.server.address)
        self.assertEqual(200, use.response and use.response.status, f"{action} {driver}")
        return use, segment_of(self.one, use)

    def assert_named(self, name, action, driver, **parameters):
        """All statements of the request bear @name, and nothing but statements is there."""
        use, segment = self.use(action, driver, **parameters)
        self.assertEqual([], use.errors)
        self.assertEqual(expected(self.database, use), emitted(segment))
        documents = [s.document for s in segment.statements]
        self.assertEqual({name}, {d["name"] for d in documents})
        place = f"{name}:{self.database.port}/"
        self.assertEqual({place}, {d["sql"]["url"][: len(place)] for d in documents})
        return segment

    def test_name_server(self):
        for driver in NAMES:
            with self.subTest(driver):
                segment = self.assert_named(DB, "named", driver, host=DB)
                self.assertEqual("127.0.0.1", segment.statements[-1].own["address"])

    def test_alias(self):
        for driver in PURE:
            with self.subTest(driver):
                self.assert_named(ALIAS, "named", driver, host=ALIAS)

    def test_answer_over_tcp(self):
        for driver in PURE:
            with self.subTest(driver):
                self.assert_named(CUT, "named", driver, host=CUT)

    def test_unconnected_resolver(self):
        self.assert_named(
            ALIAS, "asked", "pymysql", host=ALIAS, server=self.dns.address
        )

    def test_client_library_was_told(self):
        """Its word counts more than the last answer that named the address."""
        for driver in set(NAMES) - set(PURE):
            with self.subTest(driver):
                name = HOSTED["127.0.0.1"]
                self.assert_named(name, "named", driver, host=name)

    def refused(self, host):
        use, segment = self.use("refused", "pymysql", host=host, port=3306)
        self.assertEqual(1, len(use.errors))
        return segment.statements[0].document

    def test_hosts_file(self):
        """That of the service's own root. Nobody listens there, which changes no name."""
        document = self.refused("127.0.0.76")
        self.assertEqual("hosted.names.test", document["name"])
        self.assertEqual("hosted.names.test:3306", document["sql"]["url"])

    def test_ipv6(self):
        self.assertEqual("::1", self.refused("::1")["name"])
        document = self.refused(SIX)
        self.assertEqual((SIX, f"{SIX}:3306"), (document["name"], document["sql"]["url"]))


class NamesBySyscall(Names):
    full = True
    options = (*traced.COMPLETE, "--backend", "syscall")

    @unittest.skip("this backend does not follow sockets that are not connected")
    def test_unconnected_resolver(self):
        pass


if __name__ == "__main__":
    suite.main()
