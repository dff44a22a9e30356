# SPDX-License-Identifier: Apache-2.0
"""A service under load throughout, whatever happens to the tracer: each answer is checked, and each
request can be looked for in the documents.
"""

from contextlib import contextmanager

from . import load
from .load import AGENT
from .process import wait_until

CLIENTS = 4
PLENTY = 1000000
WAIT_S = 60
# Without the deletion of all items: a client that creates one meanwhile gets a 500.
STATUS = {
    "list": {200},
    "list-query": {200},
    "list-head": {200},
    "create": {201},
    "invalid": {400},
    "get": {200, 404},
    "patch": {200, 404},
    "delete": {204, 404},
    "missing": {404},
    "nowhere": {404},
    "index": {200, 404},
}


def wrong_answers(sent):
    """What is not as it should be, a line each."""
    return [
        f"{one.id} {one.method} {one.target}: {one.status} {one.error or ''}"
        for one in sent
        if one.status not in STATUS[one.kind]
    ]


def plan_for(server, kinds=tuple(STATUS), **how):
    return load.Plan(
        server.address, keep_alive=server.keep_alive, drop_after_head=server.drop_after_head,
        kinds={kind: load.TODO_KINDS[kind] for kind in kinds}, **how)


def prepare(server):
    """Item 1 exists: clients without an item of their own would delete it while it is created."""
    load.run(plan_for(server, ["create"]), 1)


class Sent(list):
    """What a load has sent, filled at its end."""

    def __init__(self, running):
        super().__init__()
        self.running = running

    def wait_more(self, count=100):
        """Until so many requests more are answered: on a busy machine that takes its time."""
        goal = self.running.count() + count
        wait_until(lambda: self.running.count() >= goal, WAIT_S, "the service has stalled")


@contextmanager
def under_load(server, **how):
    """Requests until the block ends; yields them as Sent."""
    running = load.Load(plan_for(server, **how), PLENTY, CLIENTS).start()
    sent = Sent(running)
    try:
        yield sent
    finally:
        sent += running.stop()
    bad = wrong_answers(sent)
    assert sent, "the load sent nothing"
    assert not bad, f"{len(bad)} of {len(sent)} answers are wrong: {bad[:5]}"


def agent_of(document):
    return document.get("http", {}).get("request", {}).get("user_agent", "")


def ids_in(documents):
    """The load's request ids, one for each segment, in order of arrival."""
    return [
        agent_of(d).removeprefix(AGENT) for d in documents if agent_of(d).startswith(AGENT)
    ]


def ids_after(sent, ready_ns):
    return {one.id for one in sent if one.sent_epoch_ns > ready_ns}
