# SPDX-License-Identifier: Apache-2.0
"""Traces on a terminal: a table by URL, and the timeline of one segment, as the X-Ray console has
them.
"""

from collections import defaultdict

URL_WIDTH = 46
BAR_WIDTH = 40
LABEL_WIDTH = 46


def percentile(sorted_values, p):
    """The nearest rank: a value that was measured, not one in between."""
    rank = max(1, -(-len(sorted_values) * p // 100))
    return sorted_values[int(rank) - 1]


def duration_ms(thing):
    return (thing.end_ns - thing.start_ns) / 1e6


def cut(text, width):
    return text if len(text) <= width else text[: width - 1] + "…"


def outcome(segments):
    """How many of them failed: 5xx and 4xx apart."""
    faults = sum(bool(s.document.get("fault")) for s in segments)
    errors = sum(bool(s.document.get("error")) for s in segments)
    return (
        " ".join(f"{n} {word}" for n, word in ((faults, "fault"), (errors, "error")) if n) or "ok"
    )


def table(segments):
    """Traces grouped by URL, the most frequent first: count, share, and the distribution of the
    response time.
    """
    groups = defaultdict(list)
    for segment in segments:
        groups[segment.request.get("url", "?")].append(segment)
    names = "".join(f" {name:>7}" for name in ("min", "median", "p95", "max"))
    head = f"{'URL':{URL_WIDTH}} {'traces':>6} {'share':>6}{names}  result"
    lines = [head, "-" * len(head)]
    for url, group in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        times = sorted(map(duration_ms, group))
        numbers = " ".join(
            f"{value:7.1f}"
            for value in (times[0], percentile(times, 50), percentile(times, 95), times[-1])
        )
        share = 100 * len(group) / len(segments)
        lines.append(
            f"{cut(url, URL_WIDTH):{URL_WIDTH}} {len(group):6} {share:5.1f}%"
            f" {numbers}  {outcome(group)}"
        )
    return "\n".join([*lines, "(response times in ms)"])


def bar(thing, segment):
    """Where @thing lies in the segment's time: at least one mark, never outside."""
    whole = max(1, segment.end_ns - segment.start_ns)
    begin = min(BAR_WIDTH - 1, (thing.start_ns - segment.start_ns) * BAR_WIDTH // whole)
    end = max(begin + 1, -(-(thing.end_ns - segment.start_ns) * BAR_WIDTH // whole))
    return (" " * begin + "█" * (end - begin))[:BAR_WIDTH].ljust(BAR_WIDTH, "·")


def timeline_line(label, thing, segment):
    offset = (thing.start_ns - segment.start_ns) / 1e6
    times = f"{offset:7.2f} {duration_ms(thing):7.2f}"
    return f"{cut(label, LABEL_WIDTH):{LABEL_WIDTH}} {times} |{bar(thing, segment)}|"


def timeline(segment):
    """One segment and its database calls, as bars over the time of the segment."""
    request, document = segment.request, segment.document
    title = f"{request.get('method')} {request.get('url')} -> {segment.response.get('status')}"
    lines = [
        f"{title}   trace {document['trace_id']}",
        f"{'':{LABEL_WIDTH}} {'at ms':>7} {'ms':>7}",
        timeline_line(document["name"], segment, segment),
    ]
    for statement in segment.statements:
        name = statement.document["name"]
        text = " ".join(statement.text.split()) or statement.command
        mark = " (failed)" if statement.fault else ""
        lines.append(timeline_line(f"  {name}{mark}: {text}", statement, segment))
    return "\n".join(lines)
