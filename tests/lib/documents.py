# SPDX-License-Identifier: Apache-2.0
"""Segments with their statements, out of the documents as received.

Subsegments that came alone (a segment too large for one datagram) are hung under their parent; a
document that says `in_progress` gives way to the finished one with the same id.
"""

from dataclasses import dataclass, field

# Commands whose subsegments carry SQL; the others are round trips such as connect, ping, init_db.
SQL_COMMANDS = ("query", "execute", "prepare")


@dataclass
class Entity:
    """What segments and subsegments have in common. Times are nanoseconds since the epoch."""

    document: dict

    @property
    def own(self):
        return self.document.get("metadata", {}).get("bpfxray", {})

    @property
    def start_ns(self):
        return round(self.document["start_time"] * 1e9)

    @property
    def end_ns(self):
        return round(self.document["end_time"] * 1e9)


@dataclass
class Statement(Entity):
    """One subsegment."""

    @property
    def command(self):
        return self.own.get("command", "query")

    @property
    def text(self):
        return self.document.get("sql", {}).get("sanitized_query", "")

    @property
    def truncated(self):
        return bool(self.own.get("truncated"))

    @property
    def fault(self):
        return bool(self.document.get("fault"))


@dataclass
class Segment(Entity):
    """One request as the tracer tells it."""

    statements: list = field(default_factory=list)

    @property
    def request(self):
        return self.document.get("http", {}).get("request", {})

    @property
    def response(self):
        return self.document.get("http", {}).get("response", {})

    @property
    def user_agent(self):
        return self.request.get("user_agent", "")

    def sql_statements(self):
        return [statement for statement in self.statements if statement.command in SQL_COMMANDS]


def flatten(document):
    """Subsegments at any depth."""
    for child in document.get("subsegments", ()):
        yield child
        yield from flatten(child)


def finished(documents):
    """The documents without those in progress, and the ids that never finished."""
    done = [document for document in documents if not document.get("in_progress")]
    ids = {document["id"] for document in done}
    return done, [d["id"] for d in documents if d.get("in_progress") and d["id"] not in ids]


def parent_of(document, alone):
    """The id of the segment that @document hangs under, through others that came alone."""
    seen = set()
    parent = document.get("parent_id")
    while parent in alone and parent not in seen:
        seen.add(parent)
        parent = alone[parent].get("parent_id")
    return parent


def segments(documents):
    """Returns the finished segments in order of arrival, and the subsegments without one (a list of
    documents).
    """
    done, _ = finished(documents)
    alone = {d["id"]: d for d in done if d.get("type") == "subsegment"}
    found = [
        Segment(d, [Statement(s) for s in flatten(d)])
        for d in done
        if d.get("type") != "subsegment"
    ]
    by_id = {segment.document["id"]: segment for segment in found}
    orphans = []
    for document in alone.values():
        segment = by_id.get(parent_of(document, alone))
        if segment is None:
            orphans.append(document)
        else:
            segment.statements += [Statement(document), *map(Statement, flatten(document))]
    for segment in found:
        segment.statements.sort(key=lambda statement: statement.start_ns)
    return found, orphans
