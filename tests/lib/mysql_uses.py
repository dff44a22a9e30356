# SPDX-License-Identifier: Apache-2.0
"""The ground of tests that use MySQL a request at a time: one database, one server and one tracer
for all tests of a class, whose counters must balance at its end.
"""

import unittest

from . import certificates, mysql_shapes, traced
from .mysql_shapes import NAMES, Use, emitted, expected, segment_of
from .process import Processes

PREPARING = ("connector-c", "connector-pure")


class Uses(unittest.TestCase):
    options = traced.COMPLETE
    tls = False  # the database takes nothing else

    @classmethod
    def environment(cls):
        """The server's, beside the database's."""
        return {}

    @classmethod
    def setUpClass(cls):
        cls.processes = Processes()
        cls.addClassCleanup(cls.processes.close)
        keys = certificates.make(cls.processes.directory) if cls.tls else None
        cls.database = mysql_shapes.database(cls.processes, keys)
        cls.server = mysql_shapes.server(cls.processes, cls.database, **cls.environment())
        # Their libraries are loaded when the trace begins: a late one may be missed for a moment.
        for driver in NAMES:
            Use("query", driver).send(cls.server.address)
        for driver in PREPARING:
            Use("keep_prepared", driver).send(cls.server.address)
        opened = traced.session(cls.processes, [cls.server.pid], cls.options)
        cls.one = cls.enterClassContext(opened)

    @classmethod
    def tearDownClass(cls):
        """After all of it nothing may be lost, and nothing may have come from nowhere."""
        stats = cls.one.finish()
        told = traced.unbalanced(stats), traced.losses(stats)
        if told != ([], {}):
            marked = [d for d in cls.one.documents if "children_missing" in str(d)]
            raise AssertionError(f"{told}\n{cls.one.story()}\n{marked}")

    def use(self, action, driver, **parameters):
        """The use and its segment, whose statements lie inside it."""
        use = Use(action, driver, **parameters).send(self.server.address)
        self.assertEqual(200, use.response and use.response.status, f"{action} {driver}")
        segment = segment_of(self.one, use)
        for statement in segment.statements:
            self.assertGreaterEqual(statement.start_ns, segment.start_ns)
            self.assertLessEqual(statement.end_ns, segment.end_ns)
        return use, segment

    def check(self, action, driver, **parameters):
        """As use(); and the statements are the general log's, inside the driver's calls."""
        use, segment = self.use(action, driver, **parameters)
        self.assertEqual(expected(self.database, use), emitted(segment))
        for statement in segment.sql_statements():
            label = f"{statement.command} {statement.text[:60]}"
            self.assertTrue(mysql_shapes.follows_calls(use, statement), label)
        return use, segment

    def with_each(self, action, drivers=NAMES, **parameters):
        for driver in drivers:
            with self.subTest(driver):
                yield driver, *self.check(action, driver, **parameters)

    def statement(self, segment, begin):
        found = [s for s in segment.statements if s.text.startswith(begin)]
        self.assertEqual(1, len(found), f"{begin} in {emitted(segment)}")
        return found[0]
