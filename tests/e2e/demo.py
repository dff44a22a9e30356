#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What bpfxray does, in half a minute: `make demo`.

Starts MariaDB and todobackend under uWSGI, then a UDP receiver in the X-Ray daemon's place,
attaches `bpfxray trace` to the service that already runs, sends the requests of an ordinary user
and of a load balancer, and prints the traces. The application contains no tracing code. Fails when
a request has no segment, or a statement that MariaDB logged for it is missing. Documents stay in
build/demo/segments.jsonl; everything that was started is stopped.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import client, documents, paths, services, truth  # noqa: E402
from lib.daemon import Daemon  # noqa: E402
from lib.process import ProcessError  # noqa: E402
from lib.tracer import Tracer  # noqa: E402

HOST = "todobackend.example.com"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64)"
HEALTH_CHECKER = "ELB-HealthChecker/2.0"
TABLE = "todo_item"
ITEMS = ("Walk the dog", "Read the paper", "Trace the service")
ROUNDS = 4


@dataclass
class Visit:
    """One request with its answer, and between which moments it was under way."""

    method: str
    url: str
    user_agent: str
    status: int
    body: bytes
    sent_ns: int
    done_ns: int

    def contains(self, epoch_ns):
        return self.sent_ns - truth.TOLERANCE_NS <= epoch_ns <= self.done_ns + truth.TOLERANCE_NS


class User:
    """Sends one request after the other, so that time alone tells what belongs to which."""

    def __init__(self, address):
        self.address = address
        self.visits = []

    def ask(self, method, target, item=None, host=HOST, agent=BROWSER):
        body = json.dumps(item).encode() if item else b""
        head = [
            f"{method} {target} HTTP/1.1",
            f"Host: {host}",
            f"User-Agent: {agent}",
            "Connection: close",
        ]
        if body:
            head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        with client.Connection(self.address) as connection:
            sent = time.time_ns()
            connection.send("\r\n".join([*head, "", ""]).encode() + body)
            answer = connection.read_response(method)
        visit = Visit(
            method,
            f"http://{host}{target}",
            agent,
            answer.status,
            answer.body,
            sent,
            time.time_ns(),
        )
        self.visits.append(visit)
        # The next request begins later than the clocks' tolerance.
        time.sleep(0.005)
        return visit

    def create(self, title, order):
        return json.loads(self.ask("POST", "/todos", {"title": title, "order": order}).body)["id"]

    def health_check(self):
        self.ask("GET", "/todos", host="%s:%d" % self.address, agent=HEALTH_CHECKER)

    def visit_all(self):
        keys = [self.create(title, order) for order, title in enumerate(ITEMS)]
        for _ in range(ROUNDS):
            self.health_check()
            self.ask("GET", "/todos")
            for key in keys:
                self.ask("GET", f"/todos/{key}")
            self.ask("PATCH", f"/todos/{keys[0]}", {"completed": True})
            self.ask("GET", "/todos/4711")
            self.ask("GET", "/favicon.ico")
        self.ask("DELETE", f"/todos/{keys[0]}")
        self.ask("DELETE", "/todos")
        self.ask("GET", "/todos")
        return self.visits


def segment_of(visit, segments):
    """The segments that tell of @visit: one, when all is well."""
    return [
        segment
        for segment in segments
        if visit.contains(segment.start_ns)
        and (segment.request.get("method"), segment.request.get("url")) == (visit.method, visit.url)
        and segment.user_agent == visit.user_agent
        and segment.response.get("status") == visit.status
    ]


def verbs(texts):
    """What was done to the application's table, in order; literals and layout aside."""
    return [text.split()[0].upper() for text in texts if TABLE in text]


def problems(visits, log_lines, segments):
    """One line for each request without its segment and each one whose statements are not
    MariaDB's.
    """
    found = []
    for visit in visits:
        label = f"{visit.method} {visit.url} -> {visit.status}"
        own = segment_of(visit, segments)
        if len(own) != 1:
            found.append(f"{label}: {len(own)} segments")
            continue
        wanted = verbs(
            line.text
            for line in log_lines
            if line.command == "Query" and visit.contains(line.epoch_ns)
        )
        got = verbs(statement.text for statement in own[0].sql_statements())
        if wanted != got:
            found.append(f"{label}: statements {got} instead of {wanted}")
    if len(segments) != len(visits):
        found.append(f"{len(segments)} segments of {len(visits)} requests")
    return found


def trace(stack, arguments, output):
    """Attaches, sends the requests, detaches. Returns the visits, the documents and what the
    receiver complains of.
    """
    with Daemon(output) as daemon:
        tracer = Tracer(
            stack.processes, [stack.server.pid], daemon.address, program=arguments.bpfxray
        )
        print(f"attached to uWSGI, pid {stack.server.pid}: {tracer.ready_line}")
        visits = User(stack.server.address).visit_all()
        tracer.stop()
        daemon.wait_quiet(0.3)
        daemon.close()
        complaints = [f"not a document: {text}" for text in daemon.bad]
        if daemon.lost:
            complaints.append(f"the receiver lost {daemon.lost} datagrams")
        return visits, daemon.documents, complaints


def post_in_the_middle(segments):
    """The creation whose response time is the median."""
    posts = [segment for segment in segments if segment.request.get("method") == "POST"]
    posts.sort(key=lambda segment: segment.end_ns - segment.start_ns)
    return posts[len(posts) // 2] if posts else None


def show(program, path, segments):
    """What bpfxray tells of the documents. False when it tells nothing."""
    post = post_in_the_middle(segments)
    chosen = ["--trace", post.document["trace_id"]] if post else []
    return not subprocess.run([program, "report", path, "--text", *chosen], check=False).returncode


def write_report(program, documents):
    """The same for a browser. Returns the page's path, or None when it could not be written."""
    page = documents.with_name("report.html")
    done = subprocess.run([program, "report", documents, "-o", page], check=False)
    return None if done.returncode else page


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="Traces a running Django service and prints what was seen."
    )
    parser.add_argument("--bpfxray", default=paths.BPFXRAY, help="the program (build/bpfxray)")
    parser.add_argument(
        "--driver", default="connector-c", help="the application's MySQL driver (connector-c)"
    )
    parser.add_argument(
        "--output", default=paths.BUILD / "demo", type=Path, help="directory for segments.jsonl"
    )
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    # A SIGTERM ends the demo as Ctrl-C does: through the clean-up.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments.output.mkdir(parents=True, exist_ok=True)
    output = arguments.output / "segments.jsonl"
    with services.running("uwsgi", arguments.driver, truth=False, test_routes=False) as stack:
        visits, received, found = trace(stack, arguments, output)
        log_lines = stack.database.log_lines()
    segments, orphans = documents.segments(received)
    found += [f"subsegment without segment: {orphan['id']}" for orphan in orphans]
    found += problems(visits, log_lines, segments)
    print(flush=True)
    if not show(arguments.bpfxray, output, segments):
        found.append("bpfxray report --text failed")
    print(f"\n{len(visits)} requests, {len(segments)} segments in {output}")
    page = write_report(arguments.bpfxray, output)
    if page:
        print(f"the same for a browser: {page}")
    else:
        found.append("no report was written")
    for problem in found:
        print(f"demo: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ProcessError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
