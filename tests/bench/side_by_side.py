#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The README's table of the service untraced, with bpfxray, and with the X-Ray SDK inside: what
each costs, and what each has seen. Made of what `make compare` and `make bench ROWS=service` have
left under build/; what one of them has not measured is said, not made up.
"""

import json
import sys
from pathlib import Path

BUILD = Path(__file__).resolve().parent.parent.parent / "build"
COMPARED = BUILD / "compare" / "summary.json"
MEASURED = BUILD / "bench" / "bench.json"
HEAD = """\
| | untraced | bpfxray, every request | X-Ray SDK, every request |
|---|---|---|---|"""
# What the rows of rows_service.py are called: (of bpfxray, of the SDK).
CPU = ("1b", "1d")
RATE = ("1a", "1c")


def read(path, made_by):
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        print(f"{path.relative_to(BUILD.parent)} is not there: run `make {made_by}` first",
              file=sys.stderr)
        return None


def estimate(rows, number):
    value = rows.get(number, {}).get("value")
    return f"x {value['median']:.2f} [{value['low']:.2f}, {value['high']:.2f}]" if value else "-"


def cost_lines(report):
    rows = {row["number"]: row for row in report["rows"]}
    for label, numbers in (("CPU of a request", CPU), ("requests/s, saturated", RATE)):
        ours, sdk = (estimate(rows, number) for number in numbers)
        yield f"| {label} | 1 | {ours} | {sdk} |"


def comparable(result):
    """Values that both have told: (equal, all). What documents a difference is none of equality."""
    fields = [*result["segment_fields"].values(), *result["call_fields"].values()]
    equal = sum(field["equal"] for field in fields)
    return equal, equal + sum(field["differs"] for field in fields)


def seen_lines(summary):
    segments = [result["segments"] for result in summary.values()]
    calls = [result["calls"] for result in summary.values()]

    def total(parts, key):
        return sum(part[key] for part in parts)

    yield (f"| requests seen, of {total(segments, 'sdk'):,} that the SDK saw | 0 "
           f"| {total(segments, 'paired'):,} | {total(segments, 'sdk'):,} |")
    yield (f"| statements seen | 0 | {total(calls, 'ours'):,} | {total(calls, 'sdk'):,}, "
           f"of which bpfxray has {total(calls, 'paired'):,} |")
    equal, both = (sum(counts) for counts in zip(*map(comparable, summary.values())))
    undocumented = sum(result["undocumented"] for result in summary.values())
    yield (f"| values that both tell | - | {equal:,} of {both:,} equal; {undocumented} of the "
           "others without a documented reason | |")


def main():
    summary = read(COMPARED, "compare")
    report = read(MEASURED, "bench ROWS=service")
    if not summary or not report:
        return
    print(f"\nuntraced, bpfxray and the SDK ({', '.join(summary)}):\n\n{HEAD}")
    print(*cost_lines(report), *seen_lines(summary), sep="\n")


if __name__ == "__main__":
    main()
