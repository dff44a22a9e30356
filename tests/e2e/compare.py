#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The X-Ray SDK and bpfxray on the same requests: todobackend with the SDK's middleware and
patch_all under uWSGI, traced by both at once; then `bpfxray compare` on the two files.

What pairs with what is known here independently of the comparison: the SDK names its trace in the
response header X-Amzn-Trace-Id, and most requests have a URL of their own. So the pairs that
`bpfxray compare` made are checked one by one. Exit code 0: every request is in both files, every
pair is right, and nothing but documented differences remain.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import threading
import time
import venv
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import client, documents, paths, services  # noqa: E402
from lib.daemon import Daemon  # noqa: E402
from lib.process import ProcessError  # noqa: E402
from lib.servers import READY_AGENT  # noqa: E402
from lib.tracer import Tracer  # noqa: E402

# The SDK and what it needs, in an environment of its own: no other test shall find it installed.
SDK = (
    "aws-xray-sdk==2.15.0",
    "botocore==1.44.5",
    "jmespath==1.1.0",
    "python-dateutil==2.9.0.post0",
    "six==1.17.0",
    "urllib3==2.8.0",
    "wrapt==2.5.2",
)
NAME = "todobackend"
DRIVERS = ("connector-c", "connector-pure", "mysqlclient", "pymysql")
TABLE_HEAD = """\
| driver | SDK segments paired | SDK calls paired | values equal | documented differences | others |
|---|---|---|---|---|---|"""
# Of each driver's comparison, for bench/side_by_side.py.
SUMMARY = ("segments", "calls", "segment_fields", "call_fields", "undocumented")
SETTLE_S = 1.0
UNIQUE = "r="

# kind: (weight, method, target, JSON body). {r}: the request's own mark, {key}: an item's key, {n}:
# a small number.
KINDS = {
    "list": (8, "GET", "/todos?{r}", None),
    "list, unicode in the query": (3, "GET", "/todos?{r}&note=caf%C3%A9&%E6%BC%A2=1", None),
    "create": (10, "POST", "/todos?{r}", {"title": "it's \"quoted\" \\ é漢", "order": 7}),
    "get": (8, "GET", "/todos/{key}?{r}", None),
    "change": (6, "PATCH", "/todos/{key}?{r}", {"completed": True}),
    "delete": (4, "DELETE", "/todos/{key}?{r}", None),
    "head": (2, "HEAD", "/todos?{r}", None),
    "404 by route": (3, "GET", "/nowhere/{n}?{r}", None),
    "404 by route, unicode": (2, "GET", "/caf%C3%A9/%E6%BC%A2?{r}", None),
    "404 raised": (3, "GET", "/test/raise/404?{r}", None),
    "404 of the framework": (3, "GET", "/todos/999999999?{r}", None),
    "400": (3, "POST", "/todos?{r}", {"order": 1}),
    "403 raised": (2, "GET", "/test/raise/403?{r}", None),
    "403": (2, "GET", "/test/status/403?{r}", None),
    "409": (3, "GET", "/test/duplicate?name={n}-{r}", None),
    "429": (2, "GET", "/test/status/429?{r}", None),
    "500 by exception": (3, "GET", "/test/error?{r}", None),
    "503": (2, "GET", "/test/status/503?{r}", None),
    "204": (1, "GET", "/test/status/204?{r}", None),
    "slow": (2, "GET", "/test/slow?ms=1{n}&{r}", None),
    "streamed": (2, "GET", "/test/stream?n={n}&ms=1&{r}", None),
    "streamed with SQL": (2, "GET", "/test/stream?n={n}&ms=1&sql=1&{r}", None),
    "SQL error": (2, "GET", "/test/badsql?{r}", None),
    "SQL error, caught": (2, "GET", "/test/badsql?caught=1&{r}", None),
    "transaction": (3, "GET", "/test/atomic?{r}", None),
    "many statements": (3, "GET", "/test/many?n=1{n}&{r}", None),
    "large result": (1, "GET", "/test/rows?n=2000&{r}", None),
    "prepared": (2, "GET", "/test/prepared?n={n}&{r}", None),
    "executemany": (3, "GET", "/test/executemany?n={n}&{r}", None),
    "callproc": (3, "GET", "/test/callproc?{r}", None),
    "health check": (5, "GET", "/", None),
}


@dataclass
class Sent:
    """One request, and what its answer says about the SDK's trace."""

    mark: str
    kind: str
    target: str
    status: int = None
    root: str = None  # the trace that the request brought along
    sdk_trace: str = None

    @property
    def has_own_url(self):
        return self.mark in self.target


def sdk_site_packages():
    """The SDK's packages, installed now when they are not there."""
    directory = paths.BUILD / "venv-sdk"
    stamp = directory / "requirements"
    if not stamp.exists() or stamp.read_text() != "\n".join(SDK):
        venv.create(directory, clear=True, with_pip=True)
        pip = [str(directory / "bin" / "pip"), "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, *SDK], check=True)
        stamp.write_text("\n".join(SDK))
    return next((directory / "lib").glob("python3*/site-packages"))


def environment(daemon_address):
    return {
        "DJANGO_SETTINGS_MODULE": "todobackend.sdk_settings",
        "PYTHONPATH": f"{paths.APPS}:{paths.site_packages()}:{sdk_site_packages()}",
        "AWS_XRAY_DAEMON_ADDRESS": daemon_address,
        "AWS_XRAY_TRACING_NAME": NAME,
    }


class Client(threading.Thread):
    """Sends @count requests, each over a connection of its own."""

    def __init__(self, address, number, count, seed):
        super().__init__(daemon=True)
        self.address = address
        self.number = number
        self.count = count
        self.random = random.Random(f"{seed}-{number}")
        self.keys = [1]
        self.sent = []

    def make(self, index):
        kind = self.random.choices(list(KINDS), [weight for weight, *_ in KINDS.values()])[0]
        _, method, target, body = KINDS[kind]
        mark = f"{UNIQUE}{self.number}-{index}-"
        target = target.format(
            r=mark, key=self.random.choice(self.keys), n=self.random.randint(1, 9)
        )
        return Sent(mark, kind, target), method, body

    def head_fields(self, sent):
        """Host, user agent and the headers that only some requests have."""
        rng = self.random
        if sent.kind == "health check":
            yield "Host", "10.0.0.7:8000"
            yield "User-Agent", "ELB-HealthChecker/2.0"
            return
        yield "Host", rng.choice(("todo.example.com", "todo.example.com:8000"))
        if rng.random() < 0.9:
            yield "User-Agent", rng.choice(("Mozilla/5.0 (X11; Linux x86_64)", "curl/7.88.1", "é"))
        if rng.random() < 0.2:
            yield (
                rng.choice(("X-Forwarded-For", "x-forwarded-for")),
                rng.choice(("203.0.113.9", "203.0.113.9, 10.0.0.3", "2001:db8::1, 10.0.0.3")),
            )
        if rng.random() < 0.15:
            sent.root = f"1-{int(time.time()):08x}-{rng.getrandbits(96):024x}"
            root = f"Root={sent.root}"
            parent = f"Parent={rng.getrandbits(64):016x}"
            yield (
                rng.choice(("X-Amzn-Trace-Id", "x-amzn-trace-id")),
                rng.choice(
                    (
                        f"{root};{parent};Sampled=1",
                        f"Sampled=1;{parent};{root}",
                        f"Self=1-67891234-123456789012345678901234;{root}",
                        f"{root};{parent};Sampled=?;Lineage=a87bd80c:1|68fd508a:5",
                    )
                ),
            )

    def exchange(self, sent, method, body):
        data = json.dumps(body, ensure_ascii=False).encode() if body else b""
        fields = [*self.head_fields(sent), ("Connection", "close")]
        if data:
            fields += [("Content-Type", "application/json"), ("Content-Length", len(data))]
        head = "".join(f"{name}: {value}\r\n" for name, value in fields)
        with client.Connection(self.address) as connection:
            connection.send(f"{method} {sent.target} HTTP/1.1\r\n{head}\r\n".encode() + data)
            answer = connection.read_response(method)
        sent.status = answer.status
        sent.sdk_trace = (answer.header("x-amzn-trace-id") or "").split(";")[0].partition("=")[2]
        if sent.kind == "create" and answer.status == 201:
            self.keys = [*self.keys[-9:], json.loads(answer.body)["id"]]

    def run(self):
        for index in range(self.count):
            sent, method, body = self.make(index)
            self.sent.append(sent)
            self.exchange(sent, method, body)


def send_all(address, count, clients, seed):
    shares = [count // clients + (i < count % clients) for i in range(clients)]
    running = [Client(address, i, share, seed) for i, share in enumerate(shares)]
    for one in running:
        one.start()
    for one in running:
        one.join()
    return [sent for one in running for sent in one.sent]


def trace_by_both(arguments, driver, sdk_path, ours_path):
    """Runs the service, sends the requests; the two files are there afterwards. Returns list of
    Sent, and what the receivers complain of.
    """
    with Daemon(sdk_path) as sdk, Daemon(ours_path) as ours:
        env = environment(sdk.address)
        how = {"truth": False, "env": env}
        with services.running(arguments.shape, driver, **how) as stack:
            tracer = Tracer(
                stack.processes,
                [stack.server.pid],
                ours.address,
                ("--db-spans", "sdk", *arguments.adopt_trace),
                program=arguments.bpfxray,
            )
            sent = send_all(stack.server.address, arguments.requests, 8, arguments.seed)
            time.sleep(SETTLE_S)
            stats = tracer.stop()
            told = tracer.messages()
            ours.wait_quiet(0.3)
            sdk.wait_quiet(0.3)
    complaints = [f"no document: {bad}" for d in (sdk, ours) for bad in d.bad]
    answers = stats["session"]["answers_of_sdk"]
    if answers != len(sent) or told.count("an X-Ray SDK in it") != 1:
        complaints.append(f"the SDK was seen in {answers} answers of {len(sent)}")
    complaints += [f"{d.lost} datagrams were lost" for d in (sdk, ours) if d.lost]
    return sent, complaints


def drop_readiness(path):
    """The questions whether the service is ready were asked before the tracer was there."""
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if f'"{READY_AGENT}"' not in line))


def compare(arguments, sdk_path, ours_path):
    """Shows the table; returns the same as JSON, and the exit code."""
    command = [arguments.bpfxray, "compare", str(sdk_path), str(ours_path)]
    code = subprocess.run(command, check=False).returncode
    done = subprocess.run([*command, "--json"], stdout=subprocess.PIPE, check=False)
    if done.returncode != code:
        raise ProcessError(f"compare --json ended with {done.returncode}, without it with {code}")
    return json.loads(done.stdout), code


def segments_by_id(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    found, _ = documents.segments(lines)
    return {segment.document["id"]: segment for segment in found}


def wrong_pairs(sent, result, sdk_path, ours_path):
    """One line for each request whose two segments are not the pair that the client knows."""
    sdk, ours = segments_by_id(sdk_path), segments_by_id(ours_path)
    pair_of = {pair["sdk"]: pair["ours"] for pair in result["pairs"]}
    sdk_by_trace = {segment.document["trace_id"]: name for name, segment in sdk.items()}
    found = []
    for one in sent:
        name = sdk_by_trace.get(one.sdk_trace)
        partner = ours.get(pair_of.get(name))
        label = f"{one.kind} {one.target} -> {one.status}"
        if name is None:
            found.append(f"{label}: the SDK has no trace {one.sdk_trace or '(no header)'}")
        elif partner is None:
            found.append(f"{label}: the SDK's segment has no partner")
        elif one.root and partner.document["trace_id"] != one.root:
            found.append(f"{label}: did not join the trace {one.root}")
        elif one.has_own_url and one.mark not in partner.request.get("url", ""):
            found.append(f"{label}: paired with {partner.request.get('url')}")
        elif partner.response.get("status") != one.status:
            found.append(f"{label}: paired with status {partner.response.get('status')}")
    return found


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bpfxray", default=str(paths.BPFXRAY), help="the program")
    parser.add_argument("--driver", nargs="+", default=DRIVERS, help="one after the other")
    parser.add_argument("--shape", default="uwsgi")
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--adopt-trace", action="store_const", const=["--adopt-trace"], default=[],
        help="ours joins the trace that the SDK answers with")
    parser.add_argument("--output", type=Path, default=paths.BUILD / "compare")
    return parser.parse_args()


def compare_driver(arguments, driver):
    """Traces with one @driver; returns the comparison as JSON, and every problem as a line."""
    sdk_path, ours_path = (arguments.output / f"{driver}-{who}.jsonl" for who in ("sdk", "ours"))
    sent, problems = trace_by_both(arguments, driver, sdk_path, ours_path)
    drop_readiness(sdk_path)
    unanswered = [one for one in sent if one.status is None]
    problems += [f"no answer: {one.kind} {one.target}" for one in unanswered]
    print(f"\n=== {driver}: {len(sent)} requests; {sdk_path} and {ours_path}\n", flush=True)
    result, code = compare(arguments, sdk_path, ours_path)
    problems += wrong_pairs(sent, result, sdk_path, ours_path)
    by_trace = result["paired_by_trace"]
    if arguments.adopt_trace and by_trace != len(sent):
        problems.append(f"{by_trace} pairs of {len(sent)} are in one trace")
    if code:
        problems.append(f"bpfxray compare ended with {code}")
    return result, problems


def row(driver, result):
    """Of the README's table."""
    fields = [*result["segment_fields"].values(), *result["call_fields"].values()]
    equal = sum(field["equal"] for field in fields)
    documented = sum(reason["count"] for reason in result["documented"])
    covered = (result["segments"], result["calls"])
    paired = (f"{part['paired']} of {part['sdk']}" for part in covered)
    cells = (driver, *paired, f"{equal:,}", f"{documented:,}", str(result["undocumented"]))
    return f"| {' | '.join(cells)} |"


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments.output.mkdir(parents=True, exist_ok=True)
    rows, summary, failed = [], {}, False
    for driver in arguments.driver:
        result, problems = compare_driver(arguments, driver)
        rows.append(row(driver, result))
        summary[driver] = {name: result[name] for name in SUMMARY}
        for problem in problems[:20]:
            print(f"compare: {driver}: {problem}", file=sys.stderr)
        if problems:
            print(f"compare: {driver}: {len(problems)} problems", file=sys.stderr)
            failed = True
    (arguments.output / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")
    print(f"\n{TABLE_HEAD}", *rows, sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ProcessError as error:
        sys.exit(f"compare: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
