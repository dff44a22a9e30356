# SPDX-License-Identifier: Apache-2.0
"""What the kernel side costs: rows 4 and 5."""

import statistics

from measure import Estimate, Row, interleave, ratios
from tools import Calls, Programs, idle, traced

BACKENDS = ("sock", "syscall")
# Programs that a socket call runs; the tick's walk and the connection's states are told apart.
CALL_PROGRAMS = ("tp__sock_", "fexit__sock_", "tp__sys_exit")


# Enough to fill the ring once: the first touch of its pages is not what is measured.
WARM = 8000


def slices(programs, calls, pid, count, rounds):
    """[{name: (runs, ns)}] of @rounds times @count operations. Many short ones and their median:
    on a busy machine a program that is preempted looks as if it ran all the while.
    """
    return [programs.during(pid, lambda: calls.operate(count)) for _ in range(rounds)]


def net_ns(measured, operations, names=CALL_PROGRAMS):
    """Nanoseconds of each operation in the programs of its calls, net of the empty program."""
    runs, ns = measured[Programs.EMPTY]
    empty = ns / runs
    total = 0
    for name, (runs, ns) in measured.items():
        if name.startswith(names):
            total += ns - runs * empty
    return total / operations


def by_program(measured, operations):
    runs, ns = measured[Programs.EMPTY]
    told = {"empty": round(ns / runs, 1)}
    for name, (runs, ns) in measured.items():
        if name != Programs.EMPTY and runs:
            told[name] = {"runs": round(runs / operations, 3), "ns": round(ns / runs, 1)}
    return told


def one_target(processes, programs, further, count, rounds, is_target):
    with Calls("http", 4, further) as calls, idle(processes) as nobody:
        with traced(processes, calls.pid if is_target else nobody) as tracer:
            calls.operate(WARM)
            return slices(programs, calls, tracer.pid, count, rounds)


def kernel_rows(bench):
    """Row 4. The client's calls are a bystander's: what they cost is measured with nobody as the
    target, and taken off.
    """
    count, rounds = bench.scaled(4000, 400), bench.scaled(31, 2)
    further = 8
    with Programs() as programs:
        def measure(*args):
            return one_target(bench.processes, programs, *args)

        plain = measure(0, count, rounds, True)
        longer = measure(further, count, rounds, True)
        bystander = measure(0, count, rounds, False)
    other = [net_ns(one, 4 * count) for one in bystander]
    other_ns = statistics.median(other)
    exchange = [net_ns(one, count) - 2 * other_ns for one in plain]
    exchange_ns = statistics.median(exchange)
    # of the further calls each is a write of the target and at most a read of the client
    more = [(net_ns(one, count) - 2 * other_ns - exchange_ns) / further for one in longer]
    middle = sorted(plain, key=lambda one: net_ns(one, count))[rounds // 2]
    yield Row("4a", "HTTP exchange of one read and one write, kernel time", "ns",
              Estimate.of(exchange), ("<=", 1000), more=by_program(middle, count))
    yield Row("4b", "each further socket call", "ns", Estimate.of(more), ("<=", 150))
    yield Row("4c", "socket call of a process that is no target", "ns", Estimate.of(other),
              ("<=", 60))


BYSTANDERS = {"getppid": 400000, "zero": 200000, "pingpong": 4000}


def bystander_rows(bench):
    """Row 5: calls of a process that is not traced, while another is."""
    rounds = bench.scaled(11, 2)
    with idle(bench.processes) as pid:
        for what, count in list(BYSTANDERS.items())[: bench.scaled(3, 1)]:
            for backend in BACKENDS:
                yield bystander_row(bench, pid, what, backend, bench.scaled(count, count // 20),
                                    rounds)


def bystander_row(bench, pid, what, backend, count, rounds):
    with Calls(what) as calls:
        def plain():
            return min(calls.operate(count) for _ in range(3)) / count

        def changed():
            with traced(bench.processes, pid, options=("--backend", backend)):
                return plain()

        trios = interleave(rounds, plain, changed)
    # operations in a second, not time: a ratio below 1 is a loss in every row
    ratio, same = ratios(trios, lambda ns: 1 / ns)
    told = {"ns": round(statistics.median(a for a, _, _ in trios), 1)}
    return Row("5", f"bystander's {what}, backend {backend}", "ratio", ratio,
               (">=", 0.99) if backend == "sock" else None, same, told)
