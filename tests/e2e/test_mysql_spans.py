#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What --db-spans makes of one fixed conversation, with every driver: a table of which round trips
become subsegments.

`sdk`: the statements behind the cursor calls that the X-Ray SDK records, without what drivers send
on their own. `app`: these, COMMIT and ROLLBACK, and one `connect` for a new connection's handshake
and set-up. `all`: every round trip; what has no answer (COM_QUIT) is none.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import unittest  # noqa: E402

from lib import mysql_shapes, suite, traced  # noqa: E402
from lib.general_log import trim  # noqa: E402
from lib.mysql_shapes import NAMES, Use, segment_of  # noqa: E402
from lib.process import Processes  # noqa: E402

SDK, APP, ALL = {"sdk", "app", "all"}, {"app", "all"}, {"all"}
# Only there by itself: `app` has it inside its `connect`.
SETUP = ALL

# What is the driver's own way of saying it: SET NAMES, SET autocommit, COMMIT, ROLLBACK, and of
# callproc the parameter going in, the call, and the parameter coming out.
OWN = {
    "pymysql": (
        "SET NAMES utf8mb4",
        "SET AUTOCOMMIT = 0",
        "COMMIT",
        "ROLLBACK",
        "SET @`_shape_nothing_0`=1",
        "CALL `shape_nothing`(@`_shape_nothing_0`)",
        None,
    ),
    "mysqlclient": (
        "SET NAMES utf8mb4",
        "SET autocommit=0",
        "COMMIT",
        "ROLLBACK",
        "SET @`_shape_nothing_0`=1",
        "CALL `shape_nothing`(@`_shape_nothing_0`)",
        None,
    ),
    "connector-c": (
        "SET NAMES 'utf8mb4' COLLATE 'utf8mb4_general_ci'",
        "set autocommit=0",
        "commit",
        "rollback",
        "SET @_shape_nothing_arg1=1",
        "CALL shape_nothing(@_shape_nothing_arg1)",
        "SELECT @_shape_nothing_arg1 AS shape_nothing_arg1",
    ),
    "connector-pure": (
        "SET NAMES 'utf8mb4' COLLATE 'utf8mb4_general_ci'",
        "SET @@session.autocommit = OFF",
        "COMMIT",
        "ROLLBACK",
        "SET @_shape_nothing_arg1=1",
        "CALL shape_nothing(@_shape_nothing_arg1)",
        "SELECT @_shape_nothing_arg1 AS shape_nothing_arg1",
    ),
}


def table(driver):
    """(command, text, the modes that have it), in the order of the conversation."""
    names, autocommit, commit, rollback, set_in, call, get_out = OWN[driver]
    pings = driver.startswith("connector")
    rows = [
        ("connect", "", APP),
        ("query", names, SETUP),
        ("query", autocommit, SETUP),
        ("ping", "", SETUP) if pings else None,  # by cursor()
        ("query", "SELECT id FROM shape_item", SDK),
        ("query", "SELECT VERSION(), @@sql_mode", SDK),
        ("query", "SELECT @@session.sql_mode", ALL),
        ("query", "SET SESSION sql_mode = ''", ALL),
        ("query", "SET @mine = 1", SDK),
        ("query", "BEGIN", ALL),
        ("query", "SAVEPOINT here", SDK),
        ("query", "INSERT INTO shape_number (n) VALUES (7)", SDK),
        ("query", "ROLLBACK TO here", SDK),
        ("query", "COMMIT", APP),
        ("query", "SELECT * FROM no_such_table", SDK),
        ("query", "USE todobackend", SDK),
        ("ping", "", ALL) if driver == "connector-pure" else None,  # by the first parameters
        ("query", "SELECT @@session.sql_mode", ALL) if driver == "connector-pure" else None,
        ("query", set_in, ALL),
        ("query", call, SDK),
        ("query", get_out, ALL) if get_out else None,
        ("query", commit, APP),
        ("query", rollback, APP),
        ("init_db", "", ALL),
        ("ping", "", ALL),
    ]
    return [row for row in rows if row]


def prepared_table(driver):
    """As table(), of prepared statements; one fails."""
    names, autocommit = OWN[driver][:2]
    select = "SELECT id FROM shape_item WHERE name = ?"
    insert = "INSERT INTO shape_item (name) VALUES (?)"
    return [
        ("connect", "", APP),
        ("query", names, SETUP),
        ("query", autocommit, SETUP),
        ("ping", "", SETUP),
        ("prepare", select, ALL),
        ("stmt_reset", "", ALL),
        ("execute", select, SDK),
        ("stmt_reset", "", ALL),
        ("execute", select, SDK),
        ("prepare", insert, ALL),
        ("stmt_reset", "", ALL),
        ("execute", insert, SDK),
        ("prepare", "SELECT no_such_column FROM shape_item", SDK),
    ]


class Spans(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.processes = Processes()
        cls.addClassCleanup(cls.processes.close)
        cls.database = mysql_shapes.database(cls.processes)
        cls.server = mysql_shapes.server(cls.processes, cls.database)

    def check(self, one, action, driver, rows, mode):
        use = Use(action, driver).send(self.server.address)
        self.assertEqual(200, use.response and use.response.status)
        segment = segment_of(one, use)
        wanted = [row[:2] for row in rows if mode in row[2]]
        self.assertEqual(wanted, [(s.command, trim(s.text)) for s in segment.statements])
        return use, segment

    def connect_covers_the_set_up(self, use, segment):
        connect = segment.statements[0]
        lines = mysql_shapes.log_of(self.database, use)
        setup = [line for line in lines if line.text in OWN[use.driver][:2]]
        self.assertEqual(2, len(setup))
        for line in setup:
            self.assertTrue(connect.start_ns <= line.epoch_ns <= connect.end_ns, line)

    def check_mode(self, mode):
        options = ("--db-spans", mode, "--sql", "raw")
        with traced.session(self.processes, [self.server.pid], options, name=mode) as one:
            for driver in NAMES:
                with self.subTest(driver):
                    use, segment = self.check(one, "conversation", driver, table(driver), mode)
                    if mode == "app":
                        self.connect_covers_the_set_up(use, segment)
            for driver in ("connector-c", "connector-pure"):
                with self.subTest(f"{driver} prepared"):
                    self.check(one, "prepared", driver, prepared_table(driver), mode)
            stats = one.finish()
        self.assertEqual(([], {}), (traced.unbalanced(stats), traced.losses(stats)))
        # Each round trip is emitted, or counted as filtered; in `app` those folded are as well.
        rows = [row for driver in NAMES for row in table(driver)]
        rows += [row for driver in ("connector-c", "connector-pure")
                 for row in prepared_table(driver)]  # fmt: skip
        told = stats["trace"]["statements"], stats["trace"]["statements_filtered"]
        emitted = sum(mode in row[2] for row in rows)
        self.assertEqual((emitted, len(rows) - emitted), told)

    def test_sdk(self):
        self.check_mode("sdk")

    def test_app(self):
        self.check_mode("app")

    def test_all(self):
        self.check_mode("all")

    def test_app_is_the_default(self):
        with traced.session(self.processes, [self.server.pid], ("--sql", "raw")) as one:
            self.check(one, "conversation", "pymysql", table("pymysql"), "app")

    def test_failed_connects(self):
        """The SDK records none; the others have the attempt."""
        for mode, wanted in (("sdk", []), ("app", ["connect"]), ("all", ["connect"])):
            options = ("--db-spans", mode)
            name = f"failed-{mode}"
            with self.subTest(mode), traced.session(
                self.processes, [self.server.pid], options, name=name
            ) as one:
                use = Use("wrong_password", "pymysql").send(self.server.address)
                segment = segment_of(one, use)
                self.assertEqual(wanted, [s.command for s in segment.statements])


if __name__ == "__main__":
    suite.main()
