# SPDX-License-Identifier: Apache-2.0
"""What todobackend under uWSGI loses, with bpfxray and with the X-Ray SDK: rows 1 and 2."""

import statistics
import sys
from pathlib import Path

from measure import Estimate, Row, interleave, ratios
from rows_http import Slice, told
from tools import discarded, traced

from lib import mariadb, servers

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))

import compare  # noqa: E402

PATH = "/todos"
CONNECTIONS = 8
SDK = {"the SDK, every request": "0", "the SDK, default sampling": "1"}


def start_sdk(processes, database, sampling):
    """todobackend with the SDK inside; its daemon is a socket that nobody reads."""
    with discarded() as daemon:
        env = {**database.environment(), **compare.environment(daemon)}
        env["TODO_SDK_SAMPLING"] = sampling
        path = env.pop("PYTHONPATH")
        return servers.uwsgi(processes, {**env, "PYTHONPATH": path})


def over_neighbours(rounds, of):
    """The SDK's slice over the mean of the plain ones of its round."""
    return Estimate.of(2 * of(sdk) / (of(a) + of(c)) for (a, _, c), sdk in rounds)


def measure(bench, plain_server, others, seconds, rounds, rate=0):
    """[(plain, traced, plain)], and for each of @others its slices."""
    pids = {}

    def plain():
        return Slice(plain_server, None, PATH, CONNECTIONS, rate, seconds)

    def changed():
        with discarded() as daemon:
            with traced(bench.processes, plain_server.pid, daemon) as tracer:
                pids["agent"] = tracer.pid
                return Slice(plain_server, tracer.pid, PATH, CONNECTIONS, rate, seconds)

    trios, beside = [], {name: [] for name in others}
    for server in (plain_server, *others.values()):
        Slice(server, None, PATH, CONNECTIONS, rate, seconds)
    for _ in range(rounds):
        trios += interleave(1, plain, changed)
        for name, server in others.items():
            beside[name].append(Slice(server, None, PATH, CONNECTIONS, rate, seconds))
    return trios, beside


def saturation_rows(trios, beside):
    rate, same_rate = ratios(trios, lambda one: one.rate)
    yield Row("1a", "todobackend, saturated: requests/s, all traced", "ratio", rate, (">=", 0.98),
              same_rate, told(trios))
    cost, same = ratios(trios, lambda one: one.cpu_us)
    yield Row("1b", "the same: CPU of service and agent for each request", "ratio of cost", cost,
              ("<=", 1.02), same)
    for number, (name, slices) in zip("ce", beside.items()):
        pairs = list(zip(trios, slices))
        yield Row(f"1{number}", f"requests/s with {name}", "ratio",
                  over_neighbours(pairs, lambda one: one.rate), None, same_rate)
        yield Row(f"1{chr(ord(number) + 1)}", f"CPU for each request with {name}",
                  "ratio of cost", over_neighbours(pairs, lambda one: one.cpu_us), None, same)


def half_load_rows(trios):
    for number, name, bound in (("2a", "p50", 1.01), ("2b", "p99", 1.03)):
        value, same = ratios(trios, lambda one, name=name: getattr(one, name))
        yield Row(number, f"todobackend, half of saturation: {name} latency", "ratio of cost",
                  value, ("<=", bound), same, told(trios))
    for number, name in (("2c", "service_us"), ("2d", "agent_us")):
        seconds = Estimate.of(getattr(b, name) / 1000 for _, b, _ in trios)
        yield Row(number, f"CPU for 1,000 requests, {name.removesuffix('_us')}", "s", seconds)


def service_rows(bench):
    database = mariadb.start(bench.processes, general_log=False)
    server = servers.uwsgi(bench.processes, database.environment())
    others = {
        name: start_sdk(bench.processes, database, sampling)
        for name, sampling in list(SDK.items())[: bench.scaled(2, 0)]
    }
    seconds, rounds = bench.scaled(2, 0.3), bench.scaled(7, 2)
    trios, beside = measure(bench, server, others, seconds, rounds)
    yield from saturation_rows(trios, beside)
    half = statistics.median(a.rate for a, _, _ in trios) / 2
    trios, _ = measure(bench, server, {}, bench.scaled(2, 0.3), rounds, half)
    yield from half_load_rows(trios)
