# SPDX-License-Identifier: Apache-2.0
"""How costs grow with connections, statements and rate: rows 8 and 9."""

from measure import Estimate, Row
from rows_agent import record, replay
from rows_http import hello
from rows_kernel import WARM, net_ns, slices
from tools import Calls, Programs, discarded, load, offer, traced

from lib import mariadb, servers

CONNECTIONS = (10, 100, 1000, 10000)
STATEMENTS = (1, 10, 100, 1000)
RATES = (2500, 5000, 10000, 20000, 40000, 80000)


def connection_rows(bench):
    """Row 8: an exchange's kernel time while ever more connections take turns."""
    rounds = bench.scaled(9, 2)
    with Programs() as programs:
        for connections in CONNECTIONS[: bench.scaled(4, 1)]:
            count = max(bench.scaled(4000, 400), connections)
            with Calls("http", connections, 0) as calls:
                with traced(bench.processes, calls.pid) as tracer:
                    calls.operate(max(WARM, 2 * connections))
                    measured = slices(programs, calls, tracer.pid, count, rounds)
                losses = {k: v for k, v in tracer.stats["losses"].items() if v}
            yield Row("8a", f"exchange, kernel time, {connections:,} connections", "ns",
                      Estimate.of(net_ns(one, count) for one in measured), more=losses)


def growth_rows(bench, database):
    """Row 8: the agent's time for each statement of a request, of ever more."""
    env = {**database.environment(), "TODO_CONN_MAX_AGE": "60", "TODO_TEST_ROUTES": "1"}
    server = servers.gunicorn(bench.processes, env)
    recording = bench.processes.directory / "recording"
    for count in STATEMENTS[: bench.scaled(4, 1)]:
        path = f"/test/many?n={count}"
        offer(server, path, 1, 0, 0.3)
        record(bench.processes, server.pid, recording, lambda: load(server, path, 1, 0, 0.5))
        runs = [replay(recording, 3) for _ in range(bench.scaled(7, 2))]
        each = [run["ns_per_segment"] / max(run["subsegments_per_segment"], 1) for run in runs]
        yield Row("8b", f"agent's time for each of {count:,} statements of a request", "ns",
                  Estimate.of(each), more=runs[-1])


def lost_at(bench, server, rate):
    """What came of a load of @rate requests/s: the rate there was, and what was lost."""
    with discarded() as daemon:
        with traced(bench.processes, server.pid, daemon) as tracer:
            report = load(server, "/", 32, rate, bench.scaled(2, 0.3))
    losses = {k: v for k, v in tracer.stats["losses"].items() if v}
    return {"rate": round(report["rate"]), "p99_us": report["p99_us"], "lost": losses}


def loss_rows(bench):
    """Row 9: the highest rate without a loss, and what happens beyond."""
    server = hello(bench.processes)
    told = {rate: lost_at(bench, server, rate) for rate in RATES[: bench.scaled(6, 1)]}
    whole = [one["rate"] for one in told.values() if not one["lost"]]
    yield Row("9", "exchanges/s of one nginx worker without any loss", "",
              Estimate.of([max(whole, default=0)]), more=told)


def scale_rows(bench):
    database = mariadb.start(bench.processes, general_log=False)
    yield from connection_rows(bench)
    yield from growth_rows(bench, database)
    yield from loss_rows(bench)
