# SPDX-License-Identifier: Apache-2.0
"""The witnesses of the ground truth agree with each other in every shape of service, with every
driver: no tracer here.

Client, application and MariaDB must tell the same story about each request and each statement
before they may judge a tracer by it.
"""

import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import load, services, suite, truth  # noqa: E402

REQUESTS = 300


class Witnesses(unittest.TestCase):
    def check(self, shape, driver, keep_alive=False, pipeline=1, **how):
        with services.running(shape, driver, **how) as stack:
            server = stack.server
            plan = load.Plan(server.address, keep_alive=keep_alive, pipeline=pipeline)
            plan.drop_after_head = server.drop_after_head
            sent = load.run(plan, REQUESTS)
            # Lines are written behind the answers.
            time.sleep(0.3)
            report = truth.check_witnesses(sent, stack.truth_lines(), stack.database.log_lines())
        self.assertTrue(report.ok, str(report))
        self.assertEqual(REQUESTS, report.counts["requests"])
        self.assertGreater(report.counts["statements"], REQUESTS)

    def test_uwsgi_with_every_driver(self):
        for driver in ("connector-c", "connector-pure", "mysqlclient", "pymysql"):
            with self.subTest(driver):
                self.check("uwsgi", driver)

    def test_uwsgi_that_replaces_its_workers(self):
        self.check("uwsgi", "connector-c", extra=("--max-requests=20",))

    def test_connections_that_stay(self):
        self.check(
            "gunicorn-gthread",
            "connector-pure",
            keep_alive=True,
            pipeline=4,
            env={"TODO_CONN_MAX_AGE": "60"},
        )

    def test_unix_sockets_all_along(self):
        self.check("nginx+uwsgi", "connector-c", keep_alive=True, unix_database=True)

    def test_other_servers(self):
        cases = (
            "uwsgi-keepalive",
            "gunicorn-sync",
            "gunicorn-gevent",
            "runserver",
            "nginx+gunicorn",
            "one-tree",
        )
        for shape in cases:
            with self.subTest(shape):
                self.check(shape, "pymysql", keep_alive=shape != "gunicorn-sync")


if __name__ == "__main__":
    suite.main()
