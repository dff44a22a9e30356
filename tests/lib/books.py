# SPDX-License-Identifier: Apache-2.0
"""Whether the tracer's counters tell the truth: everything seen was sent, or is counted by what
became of it. Tracer.stop() asks this at the end of every run.
"""

# What becomes of a request whose head was read.
ENDS = (
    "requests", "fronts_joined", "fronts_unjoined", "workers_disowned", "abandoned", "not_served",
    "requests_lost", "requests_open",
)


def losses(stats):
    return {name: value for name, value in stats["losses"].items() if value}


def pairs(stats, daemon, output):
    """What must be equal: two numbers and what they are."""
    kernel, trace, export = (stats[group] for group in ("kernel", "trace", "export"))
    ended = kernel["submitted"] + kernel["ended_as_told"] + kernel["discarded"] + kernel["open"]
    ended += sum(kernel[lost] for lost in ("lost_ring_full", "lost_torn", "lost_pool_full"))
    yield kernel["exchanges"], ended, "exchanges opened, and ended or open still"
    taken = kernel["submitted"] + kernel["snapshots"]
    yield taken, trace["exchanges"], "records of the kernel, and records taken in"
    yield trace["heads"], sum(trace[end] for end in ENDS), "requests begun, and what became of them"
    left_out = sum(n for name, n in stats["sampling"].items() if name.startswith("left_out_"))
    handed_on = export["segments"] + export["unencodable"] + left_out
    handed_on -= stats["session"]["left_out_open"]
    yield trace["requests"], handed_on, "requests, and segments or left out by sampling"
    if not left_out:
        yield trace["statements"], export["statements"], "statements in requests and in segments"
    if daemon:
        udp = sum(n for name, n in stats["udp"].items() if name != "refused")
        yield export["documents"], udp, "documents, and sent, queued or counted as unsent"
    if output:
        file = sum(stats["file"].values())
        yield export["documents"], file, "documents, and written or counted as failed"


def unbalanced(stats, daemon=True, output=False):
    """What does not add up, a line each. @daemon, @output: whether documents go there."""
    return [
        f"{what}: {left} and {right}" for left, right, what in pairs(stats, daemon, output)
        if left != right]


def unfinished(stats):
    """What should be over at the end of a run and is not."""
    waits = {"requests_open": stats["trace"]["requests_open"], "queued": stats["udp"]["queued"]}
    return [f"{name}: {value} at the end" for name, value in waits.items() if value]
