#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""MySQL in every shape, a request at a time, with every driver: what went over the wire, how it
failed, and what must not be invented.

The oracle is MariaDB's general log: with `--db-spans all --sql raw` a request's statements equal
the log's lines of its connections, in order. The caching_sha2_password plugin and query attributes
exist in MySQL alone: there the server is lib/fake_mysql.py.
"""

import socket
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import mysql_shapes, suite, traced  # noqa: E402
from lib.fake_mysql import CAP_DEPRECATE_EOF, CAP_QUERY_ATTRIBUTES, FakeMySQL  # noqa: E402
from lib.general_log import trim  # noqa: E402
from lib.mysql_shapes import NAMES, emitted, expected, faults  # noqa: E402
from lib.mysql_uses import PREPARING, Uses  # noqa: E402


class Statements(Uses):
    # --- statements and their errors

    def test_queries(self):
        for _, use, segment in self.with_each("query"):
            self.assertEqual([], use.errors + faults(segment))
            self.assertEqual(0, self.statement(segment, "SELECT id").own.get("rows"))
            self.assertEqual(1, self.statement(segment, "SELECT 'caf").own.get("rows"))
            for statement in segment.statements:
                self.assertEqual("127.0.0.1", statement.document["name"])
                self.assertEqual("todo", statement.document["sql"]["user"])

    def test_errors_with_code_and_state(self):
        states = ("1146 (42S02)", "1064 (42000)", "1062 (23000)", "31001 (45000)")
        for _, use, segment in self.with_each("errors"):
            self.assertEqual([1146, 1064, 1062, 31001], use.errors)
            self.assertEqual([("query", state) for state in states], faults(segment))

    def test_several_statements_in_one_packet(self):
        for _, use, segment in self.with_each("several"):
            self.assertEqual([], use.errors + faults(segment))
            self.assertEqual(3, self.statement(segment, "SELECT 1; SELECT").own.get("rows"))

    def test_several_of_which_one_fails(self):
        for _, use, segment in self.with_each("several_failing"):
            self.assertEqual([1146], use.errors)
            self.assertEqual([("query", "1146 (42S02)")], faults(segment))

    def test_executemany(self):
        for _, use, segment in self.with_each("many"):
            self.assertEqual([], use.errors + faults(segment))
            self.assertEqual(5, self.statement(segment, "INSERT").own.get("affected"))
            updates = [s for s in segment.statements if s.text.startswith("UPDATE")]
            self.assertEqual(3, len(updates))

    def test_procedure(self):
        for _, use, segment in self.with_each("procedure"):
            self.assertEqual([], use.errors + faults(segment))
            self.assertEqual(2, self.statement(segment, "CALL").own.get("rows"))

    def test_databases(self):
        """COM_INIT_DB and USE change the database that the statements behind them name."""
        for _, use, segment in self.with_each("databases"):
            self.assertEqual([1044], use.errors)
            self.assertEqual([("init_db", "1044 (42000)")], faults(segment))
            for text, name in (("SELECT COUNT(*) FROM user", "mysql"),
                               ("SELECT COUNT(*) FROM shape_item", "todobackend")):  # fmt: skip
                url = self.statement(segment, text).document["sql"]["url"]
                self.assertEqual(f"127.0.0.1:{self.database.port}/{name}", url)
            self.assertIn("ping", [s.command for s in segment.statements])

    def test_many_rows(self):
        for driver, use, segment in self.with_each("rows"):
            self.assertEqual([], use.errors + faults(segment))
            statement = self.statement(segment, "SELECT seq")
            self.assertIn(statement.own.get("rows"), (None, 10000))
            self.assertIsNone(statement.own.get("incomplete"))

    def test_unbuffered_rows(self):
        """Of these two drivers it cannot be seen at the socket when execute() returned: their
        statements last until the last row that was read."""
        for driver in NAMES:
            with self.subTest(driver):
                use, segment = self.use("unbuffered", driver)
                self.assertEqual(expected(self.database, use), emitted(segment))
                self.assertEqual([], use.errors + faults(segment))
                for statement in segment.sql_statements():
                    inside = bool(mysql_shapes.calls_around(use, statement))
                    late = driver in ("pymysql", "mysqlclient") and "seq" in statement.text
                    self.assertTrue(inside or late, statement.document)

    # --- prepared statements

    def test_prepared(self):
        for driver in PREPARING:
            with self.subTest(driver):
                use, segment = self.use("prepared", driver)
                failed = ("prepare", "SELECT no_such_column FROM shape_item")
                # A prepare that fails is not in the log.
                self.assertEqual([*expected(self.database, use), failed], emitted(segment))
                self.assertEqual([1054], use.errors)
                self.assertEqual([("prepare", "1054 (42S22)")], faults(segment))

    def test_prepared_and_handed_over(self):
        for driver in PREPARING:
            with self.subTest(driver):
                use, segment = self.use("handed_over", driver)
                lines = expected(self.database, use)
                self.assertEqual(("query", "SELECT 'elsewhere'"), lines[-1])
                self.assertEqual(lines[:-1], emitted(segment))

    def withheld(self, action, driver):
        """Packets that the kernel side did not copy."""
        before = self.one.tracer.counters()["kernel"]["withheld_packets"]
        use, segment = self.use(action, driver)
        self.assertEqual([], use.errors + faults(segment))
        return self.one.tracer.counters()["kernel"]["withheld_packets"] - before

    def test_another_user_behind_a_closed_statement(self):
        """Its auth field is not copied either, although it is not in the first packet."""
        for driver in PREPARING:
            with self.subTest(driver):
                alone = self.withheld("change_user", driver)
                self.assertGreater(alone, 0)
                self.assertEqual(alone, self.withheld("closed_then_another_user", driver))

    def test_prepared_before_the_attach(self):
        """The execute is there, without text; the connection's next statement has its own."""
        for driver in PREPARING:
            with self.subTest(driver):
                use, segment = self.use("execute_kept", driver)
                lines = expected(self.database, use)
                self.assertEqual("execute", lines[-2][0])
                self.assertEqual([("execute", ""), lines[-1]], emitted(segment))
                executed = segment.sql_statements()[0]
                self.assertTrue(executed.own.get("no_text"), executed.document)
                self.assertEqual("127.0.0.1", executed.document["name"])

    def test_pipelined_and_bulk_execution(self):
        use, segment = self.use("library", "pymysql")
        self.assertEqual([], use.errors + faults(segment))
        kinds = [line[0] for line in expected(self.database, use)]
        self.assertEqual(["prepare", "execute", "prepare", "execute"], kinds)
        text = "INSERT INTO shape_number (n) VALUES (?)"
        told = [(s.command, s.text, s.own.get("affected")) for s in segment.statements]
        wanted = [("prepare", text, 0), ("execute", text, 1), ("prepare", text, 0)]
        self.assertEqual([*wanted, ("bulk_execute", text, 3)], told[-4:])

    # --- sizes and framing

    def large(self, drivers):
        for driver in drivers:
            with self.subTest(driver):
                use, segment = self.use("large", driver)
                self.assertEqual([], use.errors + faults(segment))
                lines = expected(self.database, use)
                told = segment.sql_statements()
                self.assertEqual(len(lines), len(told))
                for (command, text), statement in zip(lines, told):
                    self.assertEqual(command, statement.command)
                    if statement.truncated:
                        self.assertTrue(text.startswith(trim(statement.text)[:1000]))
                    else:
                        self.assertEqual(text, trim(statement.text))
                self.assertEqual(2, sum(s.truncated for s in told))
                # A table of such texts is slow to search.
                self.database.query("TRUNCATE mysql.general_log")

    def test_statements_of_several_packets(self):
        self.large(("pymysql", "connector-c"))

    @suite.full
    def test_statements_of_several_packets_of_the_other_drivers(self):
        self.large(("mysqlclient", "connector-pure"))

    def test_local_infile(self):
        path = self.processes.directory / "rows.txt"
        rows = [f"infile-sentinel-{i}" for i in range(5000)]
        path.write_text("\n".join(rows) + "\n")
        for driver in NAMES:
            with self.subTest(driver):
                use, segment = self.use("infile", driver, path=path)
                lines, told = expected(self.database, use), emitted(segment)
                # The pure driver breaks the connection when there is no file: what it sent
                # behind, the server has not read.
                self.assertEqual(lines, told[: len(lines)])
                self.assertLessEqual(len(told), len(lines) + (driver == "connector-pure"))
                load = self.statement(segment, f"LOAD DATA LOCAL INFILE '{path}'")
                self.assertEqual(len(rows), load.own.get("affected"))
                self.assertNotIn("infile-sentinel", str(segment.document))

    def test_compression(self):
        """Counted and not parsed: what is known is what a client library was asked for. PyMySQL
        does not compress.
        """
        for driver in NAMES[1:]:
            with self.subTest(driver):
                use, segment = self.use("compressed", driver)
                self.assertEqual(1064, use.errors[0])
                library = driver != "connector-pure"
                lines = [line for line in expected(self.database, use) if line[0] == "query"]
                self.assertEqual(lines * library, emitted(segment))
                self.assertEqual([("query", "1064 (42000)")] * library, faults(segment))
                self.assertEqual({"127.0.0.1"}, {s.document["name"] for s in segment.statements})

    def test_query_attributes(self):
        caps = CAP_QUERY_ATTRIBUTES | CAP_DEPRECATE_EOF
        for driver in PREPARING:
            with self.subTest(driver), FakeMySQL(("127.0.0.1", 0), caps) as fake:
                word = "attribute-sentinel"
                use, segment = self.use("attributes", driver, port=fake.address[1])
                self.assertEqual([], use.errors + faults(segment))
                self.assertTrue(any(word.encode() in c for c in fake.commands), fake.commands)
                self.assertEqual(1, self.statement(segment, "SELECT 'with'").own.get("rows"))
                self.assertEqual(1, self.statement(segment, "SELECT 'without'").own.get("rows"))
                self.assertNotIn(word, str(segment.document))
                self.assertEqual(
                    {"8.4.0"}, {s.document["sql"]["database_version"] for s in segment.statements}
                )

    # --- connections that fail

    def killed(self, action, driver, begin, what):
        killer = threading.Thread(
            target=mysql_shapes.kill_when_running, args=(self.database, begin, what)
        )
        killer.start()
        use, segment = self.use(action, driver)
        killer.join()
        return use, segment, self.statement(segment, begin)

    def test_connection_killed_in_a_query(self):
        for driver in NAMES:
            with self.subTest(driver):
                begin = "SELECT SLEEP(30)"
                use, segment, statement = self.killed("killed", driver, begin, "CONNECTION")
                self.assertEqual(1, len(use.errors), use.told)
                self.assertTrue(statement.fault, statement.document)
                code = faults(segment)[0][1].split()[0]
                self.assertIn(code, ("1927", "2013"), f"the driver says {use.errors}")
                self.assertTrue(mysql_shapes.calls_around(use, statement), statement.document)

    def test_query_killed(self):
        for driver in NAMES:
            with self.subTest(driver):
                begin = "SELECT COUNT(*) FROM seq_1_to_1"
                use, segment, statement = self.killed("killed_query", driver, begin, "QUERY")
                self.assertEqual([1317], use.errors)
                self.assertEqual([("query", "1317 (70100)")], faults(segment))
                self.assertEqual("SELECT 2", emitted(segment)[-1][1])

    def test_lock_wait_timeout(self):
        for _, use, segment in self.with_each("locked", ("pymysql", "connector-c")):
            self.assertEqual([1205], use.errors)
            self.assertEqual([("query", "1205 (HY000)")], faults(segment))
            statement = self.statement(segment, "UPDATE shape_item SET name = 'waits'")
            self.assertGreater(statement.end_ns - statement.start_ns, 900_000_000)

    def test_connection_lost_and_made_again(self):
        """What is sent to a server that has gone is a statement that failed; the log has not seen
        it."""
        for idle_s in (0, 1):
            for driver in NAMES if not idle_s else NAMES[:1]:
                with self.subTest(f"{driver} {idle_s}"):
                    use, segment = self.use("reconnect", driver, idle_s=idle_s)
                    lines = expected(self.database, use)
                    at = next(i for i, line in enumerate(lines) if line[1].startswith("KILL"))
                    lines.insert(at + 1, ("query", "SELECT 2"))
                    self.assertEqual(lines, emitted(segment))
                    self.assertEqual([2013], use.errors)
                    self.assertEqual([("query", "2013")], faults(segment))
                    self.assertEqual(3, sum(s.command == "connect" for s in segment.statements))

    def test_statement_that_is_never_sent(self):
        """The client libraries know that the connection is lost: only their call tells of it."""
        for driver, code in (("mysqlclient", 2006), ("connector-c", 2013)):
            with self.subTest(driver):
                use, segment = self.use("gone", driver)
                self.assertEqual([2013, code], use.errors)
                messages = [message for _, message in faults(segment)]
                self.assertEqual(["2013", f"{code} (HY000)"], messages)
                unsent = self.statement(segment, "SELECT 'gone', 4711")
                self.assertEqual("todo", unsent.document["sql"]["user"])

    # --- unix sockets

    def test_unix_socket(self):
        for _, use, segment in self.with_each("unix", path=self.database.socket):
            self.assertEqual([("query", "1146 (42S02)")], faults(segment))
            self.assertEqual({"localhost"}, {s.document["name"] for s in segment.statements})


class StatementsBySyscall(Statements):
    full = True
    options = (*traced.COMPLETE, "--backend", "syscall")


if __name__ == "__main__":
    suite.main()
