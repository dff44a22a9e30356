#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Conversations that other projects captured, played through real sockets past the tracer;
Wireshark says what is right.

The corpus is REPLAY_DIR (default: ../shared/replay beside the source tree) with its own player
and its own judge; without it this test is skipped. A case is one conversation in one variant of
how the traced process reads and writes it. Required: every exchange that the corpus marks `must`,
with the right values, and nothing else. MySQL conversations that begin in the middle of a
connection are reported apart: how many of their statements the strict rule accepts, and for the
others why not; so are those whose client asked for compression, which are to be counted, not
parsed. Something wrong or invented in one of them is a failure all the same.

    test_replay.py [--fast|--all] [--variant NAME]... [--case TEXT] [--keep DIRECTORY] [-v]
"""
import argparse
import base64
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib.paths import BPFXRAY, ROOT  # noqa: E402
from lib.process import Processes, ProcessError  # noqa: E402
from lib.tracer import Tracer  # noqa: E402

REPLAY = Path(os.environ.get("REPLAY_DIR", ROOT.parent / "shared" / "replay"))
PLAY_TIMEOUT_S = 400
LOSSES = ("faulted_reads", "sequence_gaps", "fragments_orphaned")
NUMBERS = ("expected", "found", "wrong", "missing", "extra", "soft")


@dataclasses.dataclass(frozen=True)
class Variant:
    """One run: all conversations of one kind, in one way."""

    name: str
    kind: str
    play: tuple = ()
    trace: tuple = ()
    fast: bool = False

    def wants(self, case):
        if case["kind"] != self.kind:
            return False
        return "--pipeline" not in self.play or can_pipeline(case)


VARIANTS = (
    Variant("http", "http", fast=True),
    Variant("http split 7", "http", ("--split", "7"), fast=True),
    Variant("http split 1", "http", ("--split", "1")),
    Variant("http read", "http", ("--io", "read")),
    Variant("http msg", "http", ("--io", "msg")),
    Variant("http vec", "http", ("--io", "vec"), fast=True),
    Variant("http pipeline", "http", ("--pipeline",)),
    Variant("http syscall", "http", trace=("--backend", "syscall")),
    Variant("mysql", "mysql", fast=True),
    Variant("mysql split 7", "mysql", ("--split", "7"), fast=True),
    Variant("mysql split 1", "mysql", ("--split", "1")),
    Variant("mysql read", "mysql", ("--io", "read")),
    Variant("mysql msg", "mysql", ("--io", "msg"), fast=True),
    Variant("mysql vec", "mysql", ("--io", "vec")),
    Variant("mysql read4", "mysql", ("--read4",)),
    Variant("mysql syscall", "mysql", trace=("--backend", "syscall")),
)


def can_pipeline(case):
    """The player's condition: no request waits for an interim answer or changes the protocol."""
    return not any(
        exchange["interim"] or exchange["status"] == 101 or exchange["method"] == "CONNECT"
        for exchange in case["exchanges"]
    )


class Session:
    """One variant played once: the player's log, the tracer's documents and counters."""

    def __init__(self, processes, variant, cases):
        self.run = processes.directory / "run.jsonl"
        self.documents = processes.directory / "documents.jsonl"
        self.fifo = processes.directory / "go"
        os.mkfifo(self.fifo)
        with open(self.fifo, "r+b", buffering=0) as go:
            player = self.start_player(processes, variant, cases)
            pid = int(player.log.read_text().split()[1])
            options = ("--output", self.documents, "--db-spans", "all", "--sql", "raw")
            options += variant.trace
            self.tracer = Tracer(processes, [pid], options=options)
            go.write(b"go\n")
            self.player_code = player.popen.wait(PLAY_TIMEOUT_S)
        self.player_output = player.log.read_text()
        # The tracer ends by itself when its last target has gone.
        self.stats = self.tracer.stop()

    def start_player(self, processes, variant, cases):
        play = [sys.executable, REPLAY / "replay.py", "--log", self.run, *variant.play]
        play += ["--wrap-http"] if variant.kind == "mysql" else []
        play += [REPLAY / "streams" / f"{case['case']}.jsonl" for case in cases]
        player = processes.start("player", ["sh", "-c", f'exec "$@" <"{self.fifo}"', "sh", *play])
        player.wait_ready(lambda: "PORT" in player.log.read_text())
        return player

    def unequal(self):
        return [
            line
            for line in self.player_output.splitlines()
            if line.startswith(("NOT EQUAL", "traced side"))
        ]


def judge(session):
    """What check_replay.py says: case -> (numbers, notes)."""
    command = [sys.executable, REPLAY / "check_replay.py", REPLAY / "expected.jsonl"]
    command += [session.documents, "--run", session.run, "-v"]
    command = [str(word) for word in command]
    output = subprocess.run(command, capture_output=True, text=True, timeout=120)
    verdicts, notes = {}, []
    for line in output.stdout.splitlines():
        head = re.match(r"(ok |BAD) (\S+) (.*)", line)
        if head:
            pairs = (word.split("=") for word in head[3].split())
            numbers = {key: int(value) for key, value in pairs}
            notes = []
            verdicts[head[2]] = (numbers, notes)
        elif line.startswith("      "):
            notes.append(line.strip())
    if output.returncode not in (0, 1) or not verdicts:
        raise ProcessError(f"the judge ended with {output.returncode}: {output.stderr[-1000:]}")
    return verdicts


def packets(stream):
    """The whole MySQL packets (sequence number, payload) of a run of bytes, and what is left."""
    found = []
    while len(stream) >= 4:
        size = int.from_bytes(stream[:3], "little")
        if len(stream) < 4 + size:
            break
        found.append((stream[3], stream[4 : 4 + size]))
        stream = stream[4 + size :]
    return found, stream


def turns(case):
    """The conversation as runs of bytes: [(direction, bytes)]."""
    runs = []
    for line in (REPLAY / "streams" / f"{case['case']}.jsonl").read_text().splitlines()[1:]:
        event = json.loads(line)
        if "gap" in event:
            break
        data = base64.b64decode(event.get("data", ""))
        if runs and runs[-1][0] == event["dir"]:
            runs[-1][1] += data
        elif data:
            runs.append([event["dir"], data])
    return runs


def why_not_accepted(case):
    """What in a capture's first exchange makes the strict rule refuse it, by the capture alone."""
    runs = turns(case)
    if not runs or runs[0][0] != "c2s":
        return "begins with the server's bytes"
    sent, rest = packets(runs[0][1])
    if rest or not sent:
        return "the first run is no sum of whole packets"
    if sent[0][0]:
        return "the first packet's number is not 0"
    received, _ = packets(runs[1][1]) if len(runs) > 1 else ([], b"")
    if not received:
        return "no whole packet answers"
    if received[0][0] != 1:
        return "the answer's number is not 1"
    if sent[0][1][:1] == b"\x17":
        return "executes a statement whose prepare was not seen"
    return f"command {sent[0][1][:1].hex()} first"


@dataclasses.dataclass
class Result:
    """What came of a variant."""

    variant: Variant
    seconds: float = 0.0
    failures: list = dataclasses.field(default_factory=list)
    total: Counter = dataclasses.field(default_factory=Counter)
    midstream: Counter = dataclasses.field(default_factory=Counter)
    refused: Counter = dataclasses.field(default_factory=Counter)
    compressed: Counter = dataclasses.field(default_factory=Counter)
    passed: int = 0

    def take(self, case, numbers, notes):
        """Files what the judge said of a conversation."""
        if "compress-cap" in case["tags"]:
            self.compressed.update(numbers)
            bad = numbers["extra"] + sum(not without_text(note) for note in notes)
        elif case["kind"] == "mysql" and case["midstream"] and not case["prologue"]:
            self.midstream.update(numbers)
            bad = numbers["wrong"] + numbers["extra"]
            if numbers["missing"]:
                self.refused[why_not_accepted(case)] += numbers["missing"]
        else:
            self.total.update(numbers)
            bad = numbers["wrong"] + numbers["extra"] + numbers["missing"]
        if bad:
            self.failures.append(f"{case['case']}: " + "; ".join(notes))
        else:
            self.passed += 1

    def line(self):
        numbers = " ".join(f"{self.total[key]:8}" for key in NUMBERS)
        cases = f"{self.variant.name:16} {self.passed:6} {len(self.failures):6}"
        return f"{cases} {numbers} {self.seconds:7.1f}"

    def apart_lines(self):
        """What is not in the table: conversations from mid-connection, and compressed ones."""
        if self.variant.kind != "mysql":
            return []
        found, expected = self.midstream["found"], self.midstream["expected"]
        head = f"{self.variant.name}: from mid-connection {found} of {expected} statements accepted"
        compressed = f"    compressed: {self.compressed['found']} of {self.compressed['expected']}"
        return [
            head,
            *(f"    {n:3} not: {why}" for why, n in self.refused.most_common()),
            f"{compressed} statements parsed",
        ]


def without_text(note):
    """The judge on a statement that is there without its text, or not at all."""
    return note.startswith("missing") or (note.startswith("wrong keyword") and "] != []" in note)


def lost(stats):
    """The tracer's own counters of what was lost on the way: in these runs nothing may be."""
    return {
        f"{group}.{name}": value
        for group, counters in stats.items()
        if isinstance(counters, dict)
        for name, value in counters.items()
        if value and (name.startswith("lost_") or name in LOSSES)
    }


def examine(session, cases, result):
    """Fills @result with what a played variant shows."""
    verdicts = judge(session)
    result.failures += session.unequal()
    if session.player_code != 0 and not session.unequal():
        result.failures.append(f"the player ended with {session.player_code}")
    if lost(session.stats):
        result.failures.append(f"lost: {lost(session.stats)}")
    for case in cases:
        if case["case"] in verdicts:
            result.take(case, *verdicts[case["case"]])
        else:
            result.failures.append(f"{case['case']}: was not played")
    expected, counted = result.compressed["expected"], session.stats["trace"]["compressed"]
    if counted < expected:
        result.failures.append(f"{expected} compressed statements, {counted} counted")


def play(variant, cases, keep):
    result, begin = Result(variant), time.monotonic()
    with Processes() as processes:
        try:
            examine(Session(processes, variant, cases), cases, result)
        except (ProcessError, subprocess.TimeoutExpired, OSError) as error:
            result.failures.append(str(error))
        if keep:
            target = keep / variant.name.replace(" ", "-")
            ignore = shutil.ignore_patterns("go")
            shutil.copytree(processes.directory, target, dirs_exist_ok=True, ignore=ignore)
    result.seconds = time.monotonic() - begin
    return result


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--fast", action="store_true", help="plain, pieces of 7 bytes, one more family of calls")
    add("--all", action="store_true", help="every variant")
    add("--variant", action="append", help="this one alone; may be given again")
    add("--case", default="", help="conversations whose name contains this text")
    add("--keep", type=Path, help="copy logs and documents there")
    add("-v", action="store_true", help="every failure, not the first ten of each variant")
    return parser.parse_args()


def chosen(args):
    if args.variant:
        return [variant for variant in VARIANTS if variant.name in args.variant]
    return [variant for variant in VARIANTS if variant.fast or args.all]


def print_results(results, verbose):
    numbers = " ".join(f"{key:>8}" for key in NUMBERS)
    print(f"{'variant':16} {'cases':>6} {'failed':>6} {numbers} {'seconds':>7}")
    for result in results:
        print(result.line())
    for result in results:
        print("".join(f"{line}\n" for line in result.apart_lines()), end="")
    for result in results:
        for failure in result.failures if verbose else result.failures[:10]:
            print(f"FAIL {result.variant.name}: {failure}")


def main():
    args = arguments()
    if not (REPLAY / "expected.jsonl").exists():
        print("skip: no corpus of captured conversations (REPLAY_DIR)")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    if not BPFXRAY.exists():
        print("FAIL no tracer is built\n0 passed, 1 failed, 0 skipped")
        return 1
    lines = (REPLAY / "expected.jsonl").read_text().splitlines()
    expected = [json.loads(line) for line in lines]
    results = []
    for variant in chosen(args):
        cases = [case for case in expected if variant.wants(case) and args.case in case["case"]]
        if cases:
            results.append(play(variant, cases, args.keep))
            print(f"... {results[-1].line()}", flush=True)
    print_results(results, args.v)
    failed = sum(len(result.failures) for result in results)
    print(f"{sum(result.passed for result in results)} passed, {failed} failed, 0 skipped")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
