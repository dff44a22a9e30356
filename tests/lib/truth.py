# SPDX-License-Identifier: Apache-2.0
"""The documents of a tracer against what really happened, from three independent witnesses:

  the client       each request as sent, and the answer as received (load.Sent)
  the application  its own line about each request: thread, times, database connections
  MariaDB          each statement with the connection it came over (mysql.general_log)

A segment belongs to a request by the unique user agent. A line of the general log belongs to a
request by the connection's id and the time, as the application tells which connections it used.
Statements are then compared by their text: run the tracer with `--sql raw --db-spans all`, because
sanitised text equals no other witness's. With TODO_SQL_TAG=1 the texts name their request, so that
a statement under the wrong request cannot pass for a right one.
"""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field

from . import documents as docs
from .general_log import RESOLUTION_NS, TAG, trim, wire_lines
from .load import AGENT
from .pace import SLOW

MS = 1_000_000
# The documents' clock against the other witnesses': the precision that is asked of the tracer.
TOLERANCE_NS = (1 if SLOW == 1 else 100) * MS
# A client thread may learn late that its answer has come.
CLIENT_TOLERANCE_NS = 100 * MS * SLOW
EXAMPLES = 5


@dataclass
class Report:
    """Counts, and what is wrong by kind: nothing is when .ok."""

    counts: dict = field(default_factory=lambda: defaultdict(int))
    problems: dict = field(default_factory=lambda: defaultdict(list))

    @property
    def ok(self):
        return not any(self.problems.values())

    def problem(self, kind, text):
        self.problems[kind].append(text)

    def as_dict(self):
        problems = {
            kind: {"count": len(texts), "examples": texts[:EXAMPLES]}
            for kind, texts in self.problems.items()
        }
        return {"ok": self.ok, "counts": dict(self.counts), "problems": problems}

    def __str__(self):
        lines = [", ".join(f"{name} {value}" for name, value in self.counts.items())]
        for kind, texts in self.problems.items():
            lines.append(f"  {kind}: {len(texts)}")
            lines += [f"    {text}" for text in texts[:EXAMPLES]]
        return "\n".join(lines)


class Application:
    """The application's lines, by request id and by connection."""

    def __init__(self, lines):
        self.by_id = {line["request_id"]: line for line in lines}
        self.by_connection = defaultdict(list)
        for line in sorted(lines, key=lambda line: line["start_epoch_ns"]):
            for connection in line["connections"]:
                self.by_connection[connection].append(line)

    def owner(self, line):
        """The request during which @line went over its connection; None for none."""
        users = self.by_connection.get(line.connection, [])
        latest = line.epoch_ns + RESOLUTION_NS
        index = bisect_right(users, latest, key=lambda user: user["start_epoch_ns"])
        if not index or line.epoch_ns > users[index - 1]["closed_epoch_ns"] + TOLERANCE_NS:
            return None
        return users[index - 1]["request_id"]

    def call(self, request_id, line):
        """The driver's call in which @line was sent; None when it did not go through Django's
        cursors.
        """
        for call in self.by_id[request_id]["statements"]:
            begin, end = call["start_epoch_ns"] - RESOLUTION_NS, call["end_epoch_ns"]
            if call["connection"] == line.connection and begin <= line.epoch_ns <= end:
                return call if matches_call(call, line) else None
        return None


def matches_call(call, line):
    """The tag makes sure that a session's statement next to the call is not taken for the call's
    own.
    """
    tag = TAG.match(call["sql"])
    return tag is None or line.text.startswith(tag.group(0))


class Comparison:
    """One comparison; see compare()."""

    def __init__(self, sent, truth_lines, log_lines, documents, window, client_ip):
        self.report = Report()
        self.sent = {one.id: one for one in sent}
        self.application = Application(truth_lines)
        self.window = window
        self.client_ip = client_ip
        self.documents = documents
        self.lines = self.lines_by_request(wire_lines(log_lines))
        self.segments = self.segments_by_request()
        self.leftovers = []  # (request id, statement) that no line of that request explains
        self.missing = defaultdict(set)  # text: ids of the requests that lack it

    def lines_by_request(self, lines):
        """Also proves the link: a tagged text must name the request that connection and time lead
        to.
        """
        first = min((one.sent_epoch_ns for one in self.sent.values()), default=0)
        by_request = defaultdict(list)
        for line in lines:
            owner = self.application.owner(line)
            tag = TAG.match(line.text)
            if tag and tag.group(1) != owner:
                self.report.problem("truth contradicts itself", f"{owner}: {line.text[:120]}")
            if owner:
                by_request[owner].append(line)
            elif line.epoch_ns >= first:
                self.report.problem(
                    "statement of no request", f"connection {line.connection}: {line.text[:120]}"
                )
        return by_request

    def segments_by_request(self):
        found, orphans = docs.segments(self.documents)
        for orphan in orphans:
            self.report.problem("subsegment without segment", str(orphan)[:200])
        by_request = defaultdict(list)
        for segment in found:
            agent = segment.user_agent
            name = agent[len(AGENT) :] if agent.startswith(AGENT) else None
            if name in self.sent:
                by_request[name].append(segment)
            else:
                self.report.problem("segment of no request", str(segment.document)[:200])
        return by_request

    def required(self, one):
        """Was the request answered, and did all of it lie in the time in which the tracer must see
        it?
        """
        begin, end = self.window
        if one.status is None:
            return False
        return one.sent_epoch_ns >= begin and (end is None or one.done_epoch_ns <= end)

    def run(self):
        for one in self.sent.values():
            segments = self.segments.get(one.id, [])
            if not self.required(one):
                self.report.counts["not_required"] += 1
                self.check_tags(one.id, segments)
                continue
            self.report.counts["requests"] += 1
            self.report.counts["statements"] += len(self.lines.get(one.id, ()))
            if not segments:
                self.report.problem(
                    "request missing", f"{one.id} {one.method} {one.url} {one.status}"
                )
            elif len(segments) > 1:
                self.report.problem("request twice", f"{one.id}: {len(segments)} segments")
            else:
                self.report.counts["requests_matched"] += 1
            self.check_statements(one.id, segments)
            for segment in segments:
                self.check_fields(one, segment)
                self.check_times(one, segment)
        self.judge_leftovers()
        return self.report

    def check_tags(self, request_id, segments):
        for segment in segments:
            for statement in segment.statements:
                tag = TAG.match(statement.text)
                if tag and tag.group(1) != request_id:
                    self.report.problem(
                        "statement on a wrong request", f"{request_id}: {statement.text[:120]}"
                    )

    def expected_fields(self, one):
        expected = {
            "method": one.method,
            "url": one.url,
            "status": one.status,
            "client_ip": self.client_ip(one),
            "x_forwarded_for": True if one.forwarded_for else None,
            "content_length": one.content_length,
            "fault": one.status >= 500 or None,
            "error": 400 <= one.status < 500 or None,
            "throttle": one.status == 429 or None,
        }
        if one.trace_id:
            expected.update(trace_id=one.trace_id, parent_id=one.parent_id)
        line = self.application.by_id.get(one.id)
        if line:
            expected.update(pid=line["pid"], tid=line["tid"])
        return expected

    def check_fields(self, one, segment):
        got = {**segment.document, **segment.request, **segment.response}
        got.update({name: segment.own.get(name) for name in ("pid", "tid")})
        for name, value in self.expected_fields(one).items():
            if got.get(name) != value:
                self.report.problem(
                    f"wrong {name}", f"{one.id}: {got.get(name)!r} instead of {value!r}"
                )

    def check_times(self, one, segment):
        line = self.application.by_id.get(one.id)
        if line and segment.start_ns > line["start_epoch_ns"] + TOLERANCE_NS:
            late = (segment.start_ns - line["start_epoch_ns"]) / MS
            self.report.problem("segment begins after the application", f"{one.id}: {late:.3f} ms")
        if line and segment.end_ns < line["end_epoch_ns"] - TOLERANCE_NS:
            early = (line["end_epoch_ns"] - segment.end_ns) / MS
            self.report.problem("segment ends before the application", f"{one.id}: {early:.3f} ms")
        if segment.start_ns < one.sent_epoch_ns - TOLERANCE_NS:
            early = (one.sent_epoch_ns - segment.start_ns) / MS
            self.report.problem(
                "segment begins before the request was sent", f"{one.id}: {early:.3f} ms"
            )
        if segment.end_ns > one.done_epoch_ns + CLIENT_TOLERANCE_NS:
            late = (segment.end_ns - one.done_epoch_ns) / MS
            self.report.problem(
                "segment ends after the answer was read", f"{one.id}: {late:.3f} ms"
            )

    def check_statements(self, request_id, segments):
        """Pairs the lines of the log with the statements of the request's segments, each once."""
        self.check_tags(request_id, segments)
        pool = [
            (segment, statement) for segment in segments for statement in segment.sql_statements()
        ]
        for line in self.lines.get(request_id, ()):
            index = next(
                (i for i, (_, statement) in enumerate(pool) if same(line, statement)), None
            )
            if index is None:
                self.report.problem(
                    "statement missing", f"{request_id} {line.command}: {line.text[:120]}"
                )
                self.missing[line.text].add(request_id)
                continue
            segment, statement = pool.pop(index)
            self.report.counts["statements_matched"] += 1
            self.check_statement(request_id, line, segment, statement)
        self.leftovers += [(request_id, statement) for _, statement in pool]

    def check_statement(self, request_id, line, segment, statement):
        label = f"{request_id}: {line.text[:80]}"
        if statement.start_ns < segment.start_ns or statement.end_ns > segment.end_ns:
            self.report.problem("statement outside its segment", label)
        call = (
            self.application.call(request_id, line)
            if request_id in self.application.by_id
            else None
        )
        if call is None:
            return
        self.report.counts["calls_checked"] += 1
        early = call["start_epoch_ns"] - statement.start_ns
        late = statement.end_ns - call["end_epoch_ns"]
        if max(early, late) > TOLERANCE_NS:
            self.report.problem(
                "statement outside the driver's call", f"{label}: {max(early, late) / MS:.3f} ms"
            )
        if not call["many"] and statement.fault != call["failed"]:
            self.report.problem("wrong fault of a statement", label)

    def judge_leftovers(self):
        """A statement too many is invented, or another request's (a tagged one has been reported
        before).
        """
        for request_id, statement in self.leftovers:
            elsewhere = self.missing.get(trim(statement.text), set()) - {request_id}
            kind = "statement on a wrong request" if elsewhere else "statement too many"
            self.report.problem(kind, f"{request_id} {statement.command}: {statement.text[:120]}")


def same(line, statement):
    """Is @statement what the log calls @line? A text that says it is cut needs to agree as far as
    it goes.
    """
    if statement.command != line.command:
        return False
    text = trim(statement.text)
    if statement.truncated:
        return bool(text) and line.text.startswith(text)
    return text == line.text


def compare(
    sent, truth_lines, log_lines, documents, window=(0, None), client_ip=lambda one: one.client_ip
):
    """Returns a Report.

    @sent: list of load.Sent. @truth_lines: Stack.truth_lines(). @log_lines: MariaDB.log_lines().
    @documents: Daemon.documents.
    @window: (begin, end) in epoch nanoseconds; only requests wholly inside must be there (end None:
    no end).
    @client_ip: what the tracer can know of a request's client, for servers on a unix socket.
    """
    return Comparison(sent, truth_lines, log_lines, documents, window, client_ip).run()


def check_daemon(report, daemon):
    """Adds what the receiver has to say: datagrams that were not documents, and datagrams it lost
    (then no verdict).
    """
    for text in daemon.bad:
        report.problem("not a document", text)
    lost = daemon.lost if daemon.closing else daemon.dropped()
    if lost:
        report.problem("receiver lost datagrams", str(lost))
    return report


def check_witnesses(sent, truth_lines, log_lines):
    """The witnesses against each other, without any tracer: what they do not agree on cannot judge
    one.
    """
    comparison = Comparison(sent, truth_lines, log_lines, [], (0, None), lambda one: one.client_ip)
    report = comparison.report
    told = defaultdict(list)
    for line in truth_lines:
        told[line["request_id"]].append(line)
    for one in sent:
        report.counts["requests"] += 1
        lines = told.pop(one.id, [])
        if [(line["method"], line["status"]) for line in lines] != [(one.method, one.status)]:
            report.problem(
                "client and application differ",
                f"{one.id} {one.method} {one.status}: {lines}"[:300],
            )
    for request_id in told:
        report.problem("request nobody sent", request_id)
    report.counts["statements"] = sum(map(len, comparison.lines.values()))
    return report
