# SPDX-License-Identifier: Apache-2.0
"""What a MySQL statement costs by each path that tells of it: row 6."""

import statistics

from measure import Estimate, Row, interleave, ratios
from rows_kernel import CALL_PROGRAMS, WARM, by_program, net_ns, slices
from tools import TOOLS, Asked, Programs, traced

from lib import certificates, mariadb
from lib.process import Processes

PROGRAMS = (*CALL_PROGRAMS, "client__", "tls__")


class Statements(Asked):
    """mysql.c. @authority: of the server's certificate; with it, over TLS."""

    def __init__(self, program, database, authority=None):
        words = [database.port, mariadb.USER, mariadb.PASSWORD, mariadb.DATABASE]
        words += [authority] if authority else []
        super().__init__(TOOLS / program, *words)
        self.pid = int(self.first.split()[1])

    def operate(self, count):
        return int(self.ask(count))


def statement_rows(bench, number, path, client):
    """The server's calls are a bystander's, at about 15 ns each. A probe's own way into the kernel
    is in the ratio alone.
    """
    count, rounds = bench.scaled(3000, 300), bench.scaled(9, 2)

    def plain():
        return client.operate(count) / count

    def changed():
        with traced(bench.processes, client.pid):
            return plain()

    plain()
    trios = interleave(rounds, plain, changed)
    with Programs() as programs, traced(bench.processes, client.pid) as tracer:
        client.operate(WARM)
        measured = slices(programs, client, tracer.pid, count, rounds)
    ratio, same = ratios(trios)
    added = Estimate.of(b - (a + c) / 2 for a, b, c in trios)
    yield Row(f"6{number}", f"MySQL statement, {path}: kernel time", "ns",
              Estimate.of(net_ns(one, count, PROGRAMS) for one in measured),
              more=by_program(measured[0], count))
    yield Row(f"6{number}", f"MySQL statement, {path}: added to a round trip", "ns", added)
    yield Row(f"6{number}", f"`DO 1` round trip, {path}", "ratio of cost", ratio, None, same,
              {"round_trip_ns": round(statistics.median(a for a, _, _ in trios))})


def mysql_rows(bench):
    keys = certificates.make(bench.processes.directory)
    paths = (
        ("a", "socket alone", "mysql_static", None),
        ("b", "client library", "mysql", None),
        ("c", "client library and TLS", "mysql", keys),
    )
    for number, path, program, tls in paths:
        with Processes() as processes:
            database = mariadb.start(processes, general_log=False, tls=tls)
            with Statements(program, database, tls and tls.authority) as client:
                yield from statement_rows(bench, number, path, client)
