#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Targets that are chosen, not given: by container, ECS task, control group, program and port;
processes that come and go; and an ECS agent that answers, is silent, or comes late.

Containers are control groups here, with the paths of ECS; test_containers.py has real ones."""

import itertools
import json
import os
import secrets
import signal
import socket
import sys
import time
import unittest
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import cgroups, ecs_agent, netns, pids, suite, traced  # noqa: E402
from lib.paths import BPFXRAY  # noqa: E402
from lib.process import Processes, wait_until  # noqa: E402

PORTS = itertools.count(18001)
# The agent is asked for a container that it has not known for ten seconds after thirty only.
WAIT_S = 60
# The tracer, to which the folder that Docker keeps its containers in is another.
WITH_DOCKER = """#!/bin/sh
exec unshare --mount sh -c '
mount -t tmpfs none /var/lib && mkdir /var/lib/docker && cp -r {files} /var/lib/docker/ &&
exec {program} "$@"' sh "$@"
"""
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(port, path="/"):
    return OPENER.open(f"http://127.0.0.1:{port}{path}", timeout=10).read()


def answers(port):
    try:
        return ask(port) is not None
    except OSError:
        return False


@contextmanager
def paused(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def server(port):
    return [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]


class Service:
    """A small HTTP server; with @container and @version in that container's control group."""

    def __init__(self, test, container=None, version=None, env=None):
        self.port = next(PORTS)
        self.process = test.processes.start(
            f"server-{self.port}", server(self.port), env=env, cwd=test.served)
        if container:
            test.enter(self.process, container, version)
        self.process.wait_ready(lambda: answers(self.port))

    @property
    def pid(self):
        return self.process.pid


def container(name="todobackend", family="todobackend", **how):
    return ecs_agent.Container(secrets.token_hex(32), name, secrets.token_hex(16), family, **how)


class Targets(unittest.TestCase):
    def setUp(self):
        self.hierarchies = cgroups.hierarchies()
        if not self.hierarchies:
            self.skipTest("no hierarchy of control groups is mounted that could be used")
        space = netns.Namespace([ecs_agent.METADATA_ADDRESS])
        self.addCleanup(space.close)
        self.enterContext(space.entered())
        self.groups = self.enterContext(ExitStack())  # which go when nothing runs in them
        self.processes = Processes()
        self.addCleanup(self.processes.close)
        self.served = self.processes.directory / "served"
        self.served.mkdir()
        self.agent = ecs_agent.Agent()

    @property
    def version(self):
        return min(self.hierarchies)

    def service(self, name="todobackend", version=None, family="todobackend", known=True, env=None):
        one = container(name, family)
        if known:
            self.agent.containers.append(one)
        return one, Service(self, one, version or self.version, env)

    def sleeper(self, container):
        """What runs in @container and serves nothing."""
        self.enter(self.processes.start("sleeper", ["sleep", "600"]), container, self.version)

    def enter(self, process, container, version):
        path = cgroups.ecs_path(version, container.task, container.id)
        group = cgroups.Group(self.hierarchies[version], path)
        self.groups.callback(group.close)
        group.add(process.pid)

    def asked_for(self, container):
        """How often the agent was asked for it."""
        return sum(path.endswith(container.id) for path in list(self.agent.asked))

    def session(self, *options, pids=(), **how):
        return traced.session(self.processes, pids, options=options, **how)

    def documents_of(self, one, service):
        return [d for d in list(one.documents)
                if d.get("metadata", {}).get("bpfxray", {}).get("pid") == service.pid]

    def traced(self, one, service):
        """Asks until a request is told of; its document."""
        def seen():
            ask(service.port)
            return self.documents_of(one, service)

        return wait_until(seen, WAIT_S, f"nothing of {service.pid}:\n{one.tracer.messages()}",
                          interval_s=0.2)[-1]

    def untraced(self, one, *services):
        """What was just asked of @services is not told; call it behind traced()."""
        for service in services:
            ask(service.port)
        one.finish()
        for service in services:
            self.assertEqual([], self.documents_of(one, service))

    def each_choice(self, version):
        """Each way to choose takes its process and leaves the other."""
        _, other = self.service("other", family="other")
        one, service = self.service(version=version)
        group = "/" + cgroups.ecs_path(version, one.task, one.id)
        choices = [("--container", one.id), ("--container", one.id[:12]),
                   ("--container", "todobackend"), ("--container", one.docker_name()),
                   ("--ecs-container", "todobackend"), ("--ecs-family", "todobackend"),
                   ("--cgroup", group), ("--cgroup", group.rpartition("/")[0]),
                   ("--port", str(service.port))]
        for choice in choices:
            with self.subTest(choice), ecs_agent.serving(self.agent):
                with self.session(*choice) as session:
                    self.traced(session, service)
                    self.untraced(session, other)

    def test_every_choice(self):
        self.each_choice(self.version)

    @suite.full
    def test_every_choice_in_the_other_layout(self):
        if len(self.hierarchies) < 2:
            self.skipTest("only one version of control groups is mounted")
        self.each_choice(max(self.hierarchies))

    def test_by_program(self):
        one, service = self.service()
        exe = Path(f"/proc/{service.pid}/exe").readlink()
        with ecs_agent.serving(self.agent), self.session("--exe", f"{exe.name[:6]}*") as session:
            self.traced(session, service)

    def test_fields_of_ecs(self):
        """In both layouts of control groups; the container's ARN comes from its own metadata."""
        with ecs_agent.serving(self.agent):
            for version in self.hierarchies:
                one = container(short_arn=version == 1)
                self.agent.containers.append(one)
                env = {"ECS_CONTAINER_METADATA_URI_V4": one.metadata_uri}
                service = Service(self, one, version, env)
                with self.subTest(version=version):
                    with self.session("--ecs-container", "todobackend") as session:
                        document = self.traced(session, service)
                    self.assertEqual("todobackend", document["name"])
                    self.assertEqual("AWS::ECS::Container", document["origin"])
                    self.assertEqual(
                        {"container": socket.gethostname(), "container_id": one.id,
                         "container_arn": one.arn, "task_arn": one.task_arn,
                         "task_family": "todobackend", "cluster_arn": ecs_agent.CLUSTER_ARN},
                        document["aws"]["ecs"])

    def test_fields_of_a_pid(self):
        one, service = self.service()
        with ecs_agent.serving(self.agent), self.session(pids=[service.pid]) as session:
            document = self.traced(session, service)
        self.assertEqual(one.id, document["aws"]["ecs"]["container_id"])

    def test_address_of_a_stranger(self):
        """The variable is the process's own text: an address that is not the agent's is not asked,
        and an answer for another container is not believed."""
        other, _ = self.service("other")
        for uri in ("http://127.0.0.1:51678/v4/00", other.metadata_uri):
            with self.subTest(uri), ecs_agent.serving(self.agent):
                one, service = self.service(env={"ECS_CONTAINER_METADATA_URI_V4": uri})
                with self.session("--port", str(service.port)) as session:
                    ecs = self.traced(session, service)["aws"]["ecs"]
                self.assertEqual((one.id, one.task_arn), (ecs["container_id"], ecs["task_arn"]))
                self.assertNotIn("container_arn", ecs)
                self.assertNotIn("/v4/00", self.agent.asked)

    def test_containers_come_and_go(self):
        """It waits for the first, follows the next of a deployment, and leaves a run-once one."""
        with ecs_agent.serving(self.agent), self.session("--ecs-container", "todobackend") as one:
            self.assertIn("0 processes", one.tracer.ready_line)
            for _ in range(2):
                _, service = self.service()
                _, migrate = self.service("migrate")
                self.traced(one, service)
                self.processes.stop(service.process)
            restarted, last = self.service()
            self.traced(one, last)
            self.processes.stop(last.process)
            self.traced(one, Service(self, restarted, self.version))
            self.untraced(one, migrate)
            self.assertEqual(1, one.messages.count("waiting"), one.messages)
            self.assertEqual(1, one.messages.count(f"in container {restarted.id[:12]}"))
            self.assertEqual({}, traced.losses(one.stats))
            self.assertEqual([], traced.unbalanced(one.stats))

    def test_agent_comes_late(self):
        _, service = self.service()
        with ExitStack() as later, self.session("--ecs-container", "todobackend") as one:
            self.assertEqual(1, one.tracer.messages().count("ECS agent"), one.tracer.messages())
            later.enter_context(ecs_agent.serving(self.agent))
            self.traced(one, service)

    def test_agent_knows_the_container_late(self):
        """Followed by its port at once; the rest is learnt when the agent has registered it."""
        one, service = self.service(known=False)
        with ecs_agent.serving(self.agent), self.session("--port", str(service.port)) as session:
            self.assertNotIn("origin", self.traced(session, service))
            self.agent.containers.append(one)
            wait_until(lambda: "origin" in self.traced(session, service), WAIT_S, "no origin")

    def test_answers_that_make_no_sense(self):
        """One each, then the right one: what a bad answer says is neither believed nor final, and
        keeps nobody else waiting. What was once told stays."""
        task = {"Arn": "arn:t", "Containers": []}
        faults = {}
        for body in (b"", b'{"Arn":"arn:', b"[]", b"[" * 100000, b'"' + b"x" * (2 << 20),
                     json.dumps(task).encode(), None):
            one = container()
            # the container, but not yet its name
            task["Containers"] = [{"DockerId": one.id, "DockerName": one.docker_name()}]
            faults[one.id] = json.dumps(task).encode() if body is None else body
            self.agent.containers.append(one)
        self.agent.spoil = lambda path, status, body: (
            status, faults.pop(path.rpartition("=")[2], body))
        with ecs_agent.serving(self.agent), self.session("--ecs-container", "todobackend") as one:
            started = [(each, Service(self, each, self.version)) for each in self.agent.containers]
            for each, service in started:
                ecs = self.traced(one, service)["aws"]["ecs"]
                self.assertEqual((each.id, each.task_arn), (ecs["container_id"], ecs["task_arn"]))
            self.assertEqual({}, faults)
            self.agent.containers.clear()
            self.assertEqual("todobackend", self.traced(one, service)["name"])

    def test_slow_agent(self):
        """Who answers, but late, holds up neither `ready` nor what needs no answer."""
        many = [container() for _ in range(12)]
        for each in many:
            self.sleeper(each)
        self.agent.spoil = lambda path, status, body: (time.sleep(0.4), (status, body))[1]
        service = Service(self)
        options = ("--ecs-container", "no-such", "--port", str(service.port))
        with ecs_agent.serving(self.agent), self.session(*options) as one:
            self.assertLess(len(self.agent.asked), len(many))
            self.traced(one, service)
            one.finish()  # while it waits for an answer
        self.assertNotIn("canceled", one.messages)

    def test_docker_without_ecs(self):
        """Names come from Docker's files, for each container at once, though no agent answers."""
        files = self.processes.directory / "containers"
        names = {container(): f"web_{i}" for i in range(24)}
        for each, name in names.items():
            (files / each.id).mkdir(parents=True)
            (files / each.id / "config.v2.json").write_text(json.dumps({"Name": f"/{name}"}))
            self.sleeper(each)
        program = self.processes.directory / "with-docker"
        program.write_text(WITH_DOCKER.format(files=files, program=BPFXRAY))
        program.chmod(0o755)
        one, name = list(names.items())[-1]
        service = Service(self, one, self.version)
        with self.session("--container", name, program=program) as session:
            document = self.traced(session, service)
        self.assertEqual(name, document["name"])
        self.assertNotIn("origin", document)

    def test_number_of_another(self):
        """A process that was found ends before it is followed, and a stranger gets its number."""
        with ecs_agent.serving(self.agent), self.session("--ecs-container", "todobackend") as one:
            with paused(one.tracer.pid):
                found, service = self.service()
                wait_until(lambda: self.asked_for(found), WAIT_S, "it is not found")
                marker, _ = self.service("marker")
                wait_until(lambda: self.asked_for(marker), WAIT_S, "no next pass")
                self.processes.stop(service.process)
                service.port = next(PORTS)
                stranger = pids.Reused(service.pid, server(service.port), self.served)
                self.addCleanup(stranger.close)
                wait_until(lambda: answers(service.port), WAIT_S, "the stranger does not answer")
            _, last = self.service()
            self.traced(one, last)
            self.untraced(one, service)

    def test_silent_agent(self):
        """Who accepts and says nothing holds up neither the events nor the end."""
        _, service = self.service()
        with socket.create_server(("127.0.0.1", 51678)):
            with self.session("--ecs-container", "no-such", "--port", str(service.port)) as one:
                for _ in range(20):
                    ask(service.port)
                one.finish()
            self.assertEqual(20, len(self.documents_of(one, service)))

    def test_several_choices_and_a_pid(self):
        services = [Service(self) for _ in range(4)]
        options = ("--port", str(services[1].port), "--port", str(services[2].port))
        with self.session(*options, pids=[services[0].pid]) as one:
            for service in services[:3]:
                self.traced(one, service)
            self.untraced(one, services[3])

    def test_second_tracer_waits_for_the_first(self):
        service = Service(self)
        choice = ("--port", str(service.port))
        with ExitStack() as stack:
            first = stack.enter_context(self.session(*choice, name="first"))
            self.traced(first, service)
            second = stack.enter_context(self.session(*choice, name="second"))
            wait_until(lambda: "waiting for that one to end" in second.tracer.messages(), WAIT_S,
                       "the second does not say that it waits")
            self.assertEqual([], self.documents_of(second, service))
            first.finish()
            count = len(self.documents_of(first, service))
            self.traced(second, service)
            second.finish()
            self.assertEqual(count, len(self.documents_of(first, service)))
            self.assertEqual(1, second.messages.count("waiting for that one"), second.messages)


if __name__ == "__main__":
    suite.main()
