# SPDX-License-Identifier: Apache-2.0
"""Many different requests from several clients at once, each recognisable in a trace by its user
agent.

The plan (kinds, order, bodies, pauses) follows from the seed alone; the keys of the items asked for
come from the answers. What is recorded of each request is what a perfect tracer reports: nothing
here looks at a trace.
"""

import json
import random
import threading
import time
from dataclasses import dataclass, field

from . import client

AGENT = "todo-load/"
HOST = "todo.example.com"

# kind: (weight, method, target, body). {key}: an item of this client; {id}: the request's own id,
# which makes the text of an INSERT its own; {n}: a small number.
TODO_KINDS = {
    "list": (18, "GET", "/todos", None),
    "list-query": (4, "GET", "/todos?sort=order&note=caf%C3%A9&n={n}", None),
    "list-head": (3, "HEAD", "/todos", None),
    "create": (
        24,
        "POST",
        "/todos",
        {"title": 'item of {id}: it\'s "quoted" \\ \u00e9\u6f22', "order": 7},
    ),
    "invalid": (3, "POST", "/todos", {"order": 1}),
    "get": (16, "GET", "/todos/{key}", None),
    "patch": (12, "PATCH", "/todos/{key}", {"completed": True, "title": "changed by {id}"}),
    "delete": (7, "DELETE", "/todos/{key}", None),
    "delete-all": (2, "DELETE", "/todos", None),
    "missing": (4, "GET", "/todos/999999999", None),
    "nowhere": (4, "GET", "/nowhere/{n}", None),
    "index": (3, "GET", "/", None),
}
TEST_KINDS = {
    "slow": (3, "GET", "/test/slow?ms={n}", None),
    "error": (2, "GET", "/test/error", None),
    "status-204": (1, "GET", "/test/status/204", None),
    "status-304": (1, "GET", "/test/status/304", None),
    "status-429": (1, "GET", "/test/status/429", None),
    "status-503": (1, "GET", "/test/status/503", None),
    "stream": (2, "GET", "/test/stream?n={n}&ms=1", None),
    "stream-sql": (2, "GET", "/test/stream?n={n}&ms=1&sql=1", None),
    "big": (1, "GET", "/test/big?bytes=300000", None),
    "echo": (2, "POST", "/test/echo", "{padding}"),
    "badsql": (1, "GET", "/test/badsql", None),
    "badsql-caught": (1, "GET", "/test/badsql?caught=1", None),
    "duplicate": (2, "GET", "/test/duplicate?name={id}", None),
    "atomic": (3, "GET", "/test/atomic", None),
    "many": (3, "GET", "/test/many?n={n}", None),
    "rows": (1, "GET", "/test/rows?n=2000", None),
    "prepared": (2, "GET", "/test/prepared?n={n}", None),
    "executemany": (2, "GET", "/test/executemany?n={n}", None),
    "callproc": (2, "GET", "/test/callproc", None),
}
ALL_KINDS = {**TODO_KINDS, **TEST_KINDS}


@dataclass
class Sent:
    """One request and its answer as the client knows them. status None: no answer (.error says
    why).
    """

    id: str
    kind: str
    method: str
    target: str
    host: str
    source: str  # the client's address
    forwarded_for: str = None
    trace_id: str = None
    parent_id: str = None
    body: bytes = b""
    status: int = None
    content_length: int = None
    answer: bytes = b""
    sent_epoch_ns: int = 0
    done_epoch_ns: int = 0
    error: str = None
    scheme: str = "http"

    @property
    def url(self):
        return f"{self.scheme}://{self.host}{self.target}"

    @property
    def user_agent(self):
        return AGENT + self.id

    @property
    def client_ip(self):
        return self.forwarded_for or self.source

    def encode(self, keep_alive):
        headers = [("Host", self.host), ("User-Agent", self.user_agent), ("X-Request-Id", self.id)]
        headers.append(("Accept", "application/json"))
        if self.forwarded_for:
            headers.append(("X-Forwarded-For", self.forwarded_for))
        if self.trace_id:
            headers.append(
                ("X-Amzn-Trace-Id", f"Root={self.trace_id};Parent={self.parent_id};Sampled=1")
            )
        if self.body:
            headers += [("Content-Type", "application/json"), ("Content-Length", len(self.body))]
        if not keep_alive:
            headers.append(("Connection", "close"))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return f"{self.method} {self.target} HTTP/1.1\r\n{lines}\r\n".encode() + self.body


@dataclass
class Plan:
    """How a client behaves."""

    address: tuple
    host: str = HOST
    keep_alive: bool = False
    pipeline: int = 1  # requests sent before the first answer is read
    # uWSGI sends the body that Django makes for HEAD as well: nothing that follows on the
    # connection can be read.
    drop_after_head: bool = False
    seed: int = 1
    kinds: dict = field(default_factory=lambda: ALL_KINDS)
    prefix: str = ""  # of the request ids, to tell two loads of one test apart


class Client(threading.Thread):
    """One of the clients: sends @count requests, one connection at a time, from an address of its
    own.
    """

    def __init__(self, plan, number, count, stop):
        super().__init__(daemon=True)
        self.plan = plan
        self.number = number
        self.count = count
        self.stop = stop
        self.random = random.Random(f"{plan.seed}-{number}")
        self.source = f"127.0.0.{10 + number % 200}"
        self.keys = []
        self.sent = []
        self.connection = None

    def fill(self, template, sent_id, n):
        key = self.random.choice(self.keys) if self.keys else 1
        return template.format(key=key, id=sent_id, n=n, padding="p" * n * 1000)

    def make(self, index):
        """The next request of the plan."""
        rng = self.random
        kinds = self.plan.kinds
        kind = rng.choices(list(kinds), [weight for weight, *_ in kinds.values()])[0]
        _, method, target, body = kinds[kind]
        sent_id = f"{self.plan.prefix}{self.number:02d}-{index:05d}"
        n = rng.randint(1, 9)
        sent = Sent(
            sent_id, kind, method, self.fill(target, sent_id, n), self.plan.host, self.source
        )
        if isinstance(body, dict):
            body = {
                k: self.fill(v, sent_id, n) if isinstance(v, str) else v for k, v in body.items()
            }
            sent.body = json.dumps(body, ensure_ascii=rng.random() < 0.5).encode()
        elif body:
            sent.body = self.fill(body, sent_id, n).encode()
        if isinstance(self.plan.address, client.TlsAddress):
            sent.scheme = "https"
        if rng.random() < 0.1:
            sent.forwarded_for = f"203.0.113.{n}, 10.0.0.{n}"
        if rng.random() < 0.1:
            sent.trace_id = f"1-{int(time.time()):08x}-{rng.getrandbits(96):024x}"
            sent.parent_id = f"{rng.getrandbits(64):016x}"
        return sent

    def send(self, batch):
        if self.connection is None:
            source = None if isinstance(self.plan.address, str) else self.source
            self.connection = client.Connection(self.plan.address, source)
        data = b"".join(sent.encode(self.plan.keep_alive) for sent in batch)
        for sent in batch:
            sent.sent_epoch_ns = time.time_ns()
        self.connection.send(data)

    def receive(self, sent):
        response = self.connection.read_response(sent.method)
        sent.done_epoch_ns = time.time_ns()
        sent.status = response.status
        sent.content_length = response.content_length
        sent.answer = response.body
        if sent.kind == "create" and response.status == 201:
            self.keys = [*self.keys[-9:], json.loads(response.body)["id"]]
        unusable = sent.method == "HEAD" and self.plan.drop_after_head
        return response.close or unusable or not self.plan.keep_alive

    def drop_connection(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def exchange(self, batch):
        """Sends @batch and reads its answers; those that get none carry the reason."""
        try:
            self.send(batch)
            for sent in batch:
                if self.receive(sent):
                    self.drop_connection()
                    if sent is not batch[-1]:
                        raise client.ClosedError("the server closed behind an earlier answer")
        except (OSError, client.ProtocolError) as error:
            for sent in batch:
                if sent.status is None:
                    sent.error = repr(error)
            self.drop_connection()

    def run(self):
        index = 0
        while index < self.count and not self.stop.is_set():
            size = min(self.plan.pipeline, self.count - index)
            batch = [self.make(index + i) for i in range(size)]
            index += size
            self.exchange(batch)
            self.sent += batch
        self.drop_connection()


class Load:
    """@count requests over @clients threads; start(), then join() for what was sent, or stop()
    before its end.
    """

    def __init__(self, plan, count, clients):
        self.stopping = threading.Event()
        shares = [count // clients + (i < count % clients) for i in range(clients)]
        self.clients = [Client(plan, i, share, self.stopping) for i, share in enumerate(shares)]

    def start(self):
        for one in self.clients:
            one.start()
        return self

    def count(self):
        """Requests that were begun so far."""
        return sum(len(one.sent) for one in self.clients)

    def join(self):
        for one in self.clients:
            one.join()
        return [sent for one in self.clients for sent in one.sent]

    def stop(self):
        self.stopping.set()
        return self.join()


def run(plan, count, clients=8):
    """Sends the whole load and returns a list of Sent."""
    return Load(plan, count, clients).start().join()
