# SPDX-License-Identifier: Apache-2.0
"""What a traced service loses: rows 1, 2 and 3."""

import statistics

from measure import Row, interleave, ratios
from tools import cpu_seconds, discarded, load, service_cpu, traced, tree

from lib import servers
from lib.mariadb import free_port
from lib.servers import Server

HELLO = """
user root;
worker_processes 1;
daemon off;
pid {directory}/hello.pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    server {{
        listen 127.0.0.1:{port};
        location / {{ return 200 "hello"; }}
    }}
}}
"""


def hello(processes):
    """nginx with one worker that answers from memory: an exchange each 10 to 20 us."""
    port = free_port()
    config = processes.directory / "hello.conf"
    config.write_text(HELLO.format(directory=processes.directory, port=port))
    process = processes.start("hello", ["/usr/sbin/nginx", "-c", config, "-e", "stderr"])
    servers.wait_http(process, ("127.0.0.1", port))
    return Server("nginx hello", ("127.0.0.1", port), [process])


class Slice:
    """One load on a server: what came, and the CPU time of service and agent for each request."""

    def __init__(self, server, agent, path, connections, rate, seconds):
        pids = tree(agent) if agent else ()
        service, helper = service_cpu(server.pid), cpu_seconds(*pids)
        report = load(server, path, connections, rate, seconds)
        count = report["requests"]
        self.rate = report["rate"]
        self.p50, self.p99 = report["p50_us"], report["p99_us"]
        self.service_us = (service_cpu(server.pid) - service) / count * 1e6
        self.agent_us = (cpu_seconds(*pids) - helper) / count * 1e6
        self.cpu_us = self.service_us + self.agent_us


def median_of(slices, name):
    return round(statistics.median(getattr(one, name) for one in slices), 2)


def told(trios):
    """The figures behind the ratios."""
    plain = [one for a, _, c in trios for one in (a, c)]
    changed = [b for _, b, _ in trios]
    names = ("rate", "p50", "p99", "service_us", "agent_us", "cpu_us")
    return {name: (median_of(plain, name), median_of(changed, name)) for name in names}


def compare(bench, server, path, connections, seconds, rounds, rate=0, sampling="all"):
    def plain():
        return Slice(server, None, path, connections, rate, seconds)

    def changed():
        with discarded() as daemon:
            with traced(bench.processes, server.pid, daemon, sampling=sampling) as tracer:
                return Slice(server, tracer.pid, path, connections, rate, seconds)

    plain()
    return interleave(rounds, plain, changed)


def nginx_rows(bench):
    """Row 3: the worst case, on every connection the next request waits already."""
    server = hello(bench.processes)
    seconds, rounds = bench.scaled(1.5, 0.2), bench.scaled(9, 2)
    trios = compare(bench, server, "/", 16, seconds, rounds)
    sampled = compare(bench, server, "/", 16, seconds, rounds, sampling="auto")
    bench.processes.stop(server.process)
    rate, same = ratios(trios, lambda one: one.rate)
    yield Row("3a", "nginx `hello`, one worker: requests/s, all traced and sent", "ratio", rate,
              (">=", 0.90), same, told(trios))
    rate, same = ratios(trios, lambda one: one.cpu_us)
    yield Row("3b", "the same: CPU of service and agent for each request", "ratio of cost", rate,
              None, same)
    rate, same = ratios(sampled, lambda one: one.rate)
    yield Row("3c", "the same with default sampling: requests/s", "ratio", rate, (">=", 0.97),
              same, told(sampled))
