#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ten minutes at full load: nothing leaks, nothing is lost uncounted, no answer is wrong.

    soak.py [--seconds N] [--program FILE]...

Each program runs for the time: the usual build, whose memory must not grow (Rss of /proc, its last
quarter against its second), and the one with the sanitizers, which reports each leak at its end.
"""

import argparse
import re
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import services, traced  # noqa: E402
from lib.daemon import Daemon  # noqa: E402
from lib.loaded import ids_after, ids_in, prepare, under_load  # noqa: E402
from lib.paths import BPFXRAY, BUILD  # noqa: E402
from lib.process import Processes  # noqa: E402
from lib.tracer import Tracer  # noqa: E402

# More than the noise of the allocator, less than a leak of one document a second.
GROWTH_MAX_KIB = 2048
REPORT = re.compile(r"(Address|Leak|UndefinedBehavior)Sanitizer|: runtime error: ")


def rss_kib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def growth(samples):
    quarter = max(1, len(samples) // 4)
    return statistics.mean(samples[-quarter:]) - statistics.mean(samples[quarter : 2 * quarter])


def reports(tracer):
    """Of the sanitizers. The attacher's exit code is nobody's; what it writes is the tracer's."""
    return [line for line in tracer.messages().splitlines() if REPORT.search(line)]


def soak(server, program, seconds):
    """What is wrong, a line each."""
    found, samples = [], []
    with Processes() as processes, Daemon() as daemon:
        tracer = Tracer(processes, [server.pid], daemon.address, program=program)
        ready_ns = time.time_ns()
        with under_load(server) as sent:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                time.sleep(min(5, seconds / 20))
                samples.append(rss_kib(tracer.pid) + rss_kib(tracer.attacher))
        time.sleep(1)
        stats = tracer.stop(timeout_s=60)
        daemon.wait_quiet(0.5)
        found += traced.unbalanced(stats) + reports(tracer)
        ids = ids_in(daemon.documents)
        missing = ids_after(sent, ready_ns) - set(ids)
        grown = growth(samples)
        if missing and not traced.losses(stats):
            found.append(f"{len(missing)} of {len(sent)} requests are missing, uncounted")
        if len(ids) != len(set(ids)):
            found.append("a request came twice")
        if "san" not in Path(program).parts and grown > GROWTH_MAX_KIB:
            found.append(f"memory has grown by {grown:.0f} KiB: {samples}")
    print(f"{program}: {len(sent)} requests in {seconds} s, {len(missing)} missing, losses "
          f"{traced.losses(stats)}, Rss {samples[0]} to {samples[-1]} KiB, growth {grown:.0f}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--program", action="append")
    args = parser.parse_args()
    programs = args.program or [BPFXRAY, BUILD / "san" / "bpfxray"]
    failed = 0
    with services.running("gunicorn-gthread", "pymysql") as stack:
        prepare(stack.server)
        for program in programs:
            found = soak(stack.server, program, args.seconds)
            failed += bool(found)
            print("\n".join(f"    {line}" for line in found), end="\n" if found else "")
    print(f"{len(programs) - failed} passed, {failed} failed, 0 skipped")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
