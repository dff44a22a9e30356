#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The image in a container with exactly what its task definition asks for, on a host as ECS makes
it, put together from real parts: runc, todobackend in a container of its own, network namespaces,
a DNS server, two daemons. The ECS agent is a fake (lib/ecs_agent.py).

What is told is held against what the client sent, the application logged and MariaDB logged, as in
test_truth.py, through a deployment of todobackend, of the daemon, and of the tracer."""

import secrets
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from deploy import tools  # noqa: E402
from lib import cgroups, documents, ecs_agent, ecs_host, load, mariadb, oci, suite  # noqa: E402
from lib import traced, truth  # noqa: E402
from lib.ecs_host import DAEMONS, NAME, TAG, TTL_S  # noqa: E402
from lib.paths import CACHE  # noqa: E402
from lib.process import Processes, wait_until  # noqa: E402
from lib.tracer import mount_tracefs  # noqa: E402

REQUESTS = 300
WAIT_S = 30
USERLAND = CACHE / "userland-arm64"
# userspace/cli/exit_codes.h
EXIT_PRIVILEGE = 3
# include/uapi/linux/capability.h
CAPABILITY_BITS = {"DAC_READ_SEARCH": 2, "SYS_PTRACE": 19, "SYS_ADMIN": 21}
# The task's command is for every day; the witnesses need each statement with its text.
WORDS = ("--sampling", "all", *traced.COMPLETE)


class Profile(unittest.TestCase):
    """The test's own translation of what Docker does."""

    def test_capabilities(self):
        self.assertEqual(oci.DEFAULT_CAPABILITIES, oci.capabilities_of({}))
        self.assertEqual(
            {"SYS_ADMIN"}, oci.capabilities_of({"Drop": ["ALL"], "Add": ["SYS_ADMIN"]}))
        self.assertNotIn("CHOWN", oci.capabilities_of({"Drop": ["CHOWN"]}))

    def test_seccomp(self):
        profile = {"defaultAction": "no", "defaultErrnoRet": 1, "syscalls": [
            {"names": ["read"], "action": "yes"},
            {"names": ["bpf"], "action": "yes", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
            {"names": ["bpf"], "action": "no", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
            {"names": ["x"], "action": "yes", "includes": {"arches": ["s390x"]}}]}

        def rules(*capabilities):
            found = oci.seccomp(profile, capabilities)["syscalls"]
            return [(rule["names"][0], rule["action"]) for rule in found]

        self.assertEqual([("read", "yes"), ("bpf", "yes")], rules("SYS_ADMIN"))
        self.assertEqual([("read", "yes"), ("bpf", "no")], rules())


class Deployment(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.reason = oci.missing() or tools.install_missing(tools.LINTERS)
        if cls.reason:
            return
        cls.images = cls.enterClassContext(Processes())
        cls.layout, cls.ids = ecs_host.build_image(cls.images.directory)
        cls.root, cls.image = oci.unpack(cls.layout, TAG, cls.images.directory / "image")

    def setUp(self):
        if self.reason:
            self.skipTest(self.reason)
        self.versions = sorted(cgroups.hierarchies())
        if not self.versions:
            self.skipTest("no hierarchy of control groups is mounted that could be used")
        mount_tracefs()
        self.host = ecs_host.Host(self)
        self.sent, self.lines = [], []

    def todobackend(self, version, **how):
        one = ecs_host.Todobackend(self.host, version, **how)
        self.addCleanup(one.close)
        return one

    def tracer(self, name, drop=(), pid_mode="host"):
        """The task, of which @drop leaves out capabilities."""
        task = ecs_host.task_definition(DaemonAddress=f"{NAME}:2000") | {"PidMode": pid_mode}
        asked = task["ContainerDefinitions"][0]["LinuxParameters"]["Capabilities"]
        asked["Add"] = [one for one in asked["Add"] if one not in drop]
        identity = ecs_agent.Container(secrets.token_hex(32), "bpfxray", secrets.token_hex(16))
        group = "/" + cgroups.ecs_path(1, identity.task, identity.id)
        configuration = oci.of_task(
            task, self.image, self.root, self.host.network.path, group, identity.id[:12],
            mounts=[self.host.resolver()], more=WORDS)
        container = oci.Container(self.host.processes, name, configuration)
        self.addCleanup(container.close)
        return container

    def ready(self, tracer):
        tracer.process.wait_ready(lambda: "ready" in tracer.messages())
        return tracer

    def end(self, tracer):
        time.sleep(traced.SETTLE_S)
        self.assertEqual(0, tracer.stop(), tracer.messages())
        self.assertIn("nothing lost", tracer.messages())

    def load(self, one, prefix):
        self.sent += one.load(prefix, REQUESTS)

    def check_confined(self, tracer):
        """The attacher has what the task definition gives, and no more; the parser nothing."""
        given = sum(1 << bit for bit in CAPABILITY_BITS.values())
        attacher = int(Path(f"/proc/{tracer.pid}/task/{tracer.pid}/children").read_text())
        for pid, wanted in ((tracer.pid, 0), (attacher, given)):
            status = Path(f"/proc/{pid}/status").read_text()
            fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
            for kind, mask in (("CapEff", wanted), ("CapPrm", wanted), ("CapBnd", given)):
                self.assertEqual(mask, int(fields[kind], 16), kind)
            self.assertEqual("2", fields["Seccomp"])
        mounts = Path(f"/proc/{tracer.pid}/mountinfo").read_text().splitlines()
        options = {line.split()[4]: line.split()[5].split(",") for line in mounts}
        for path in ("/", "/sys", "/sys/kernel/tracing", "/etc/resolv.conf"):
            self.assertIn("ro", options[path], path)
        host = Path("/proc/self/ns/pid").readlink()
        self.assertEqual(host, Path(f"/proc/{tracer.pid}/ns/pid").readlink())
        for name in ("mnt", "cgroup", "ipc", "uts"):
            self.assertNotEqual(Path(f"/proc/self/ns/{name}").readlink(),
                                Path(f"/proc/{tracer.pid}/ns/{name}").readlink(), name)

    def check_memory(self, tracer):
        """The limit was not met; from version 1's controller, where runc puts it."""
        line = next((one for one in Path(f"/proc/{tracer.pid}/cgroup").read_text().splitlines()
                     if ":memory:" in one), None)
        folder = Path("/sys/fs/cgroup/memory") / (line or "::x").split(":", 2)[2].lstrip("/")
        if not (folder / "memory.max_usage_in_bytes").exists():
            return
        peak, limit, failed = (int((folder / f"memory.{name}").read_text()) for name in (
            "max_usage_in_bytes", "limit_in_bytes", "failcnt"))
        print(f"     memory with BPF maps: {peak / oci.MIB:.0f} of {limit / oci.MIB:.0f} MiB")
        self.assertEqual(0, failed)

    def judge(self):
        report = truth.compare(
            self.sent, self.lines, self.host.database.log_lines(), self.host.documents,
            client_ip=lambda sent: sent.client_ip)
        for daemon in self.host.daemons:
            truth.check_daemon(report, daemon)
        text = str(report)
        self.assertTrue(report.ok, text)
        unanswered = [(one.id, one.error) for one in self.sent if one.status is None]
        self.assertEqual([], unanswered, text)
        self.assertEqual(len(self.sent), report.counts["requests_matched"], text)
        self.assertGreater(report.counts["statements"], report.counts["requests"], text)
        self.assertEqual(report.counts["statements"], report.counts["statements_matched"], text)
        print(f"     {text}")

    def check_identity(self, tasks):
        """Each segment names the container that served it: its prefix tells which that was."""
        for segment in documents.segments(self.host.documents)[0]:
            document = segment.document
            prefix = segment.user_agent.removeprefix(load.AGENT)[0]
            one = tasks[prefix].identity
            self.assertEqual("todobackend-dev", document["name"])
            self.assertEqual("AWS::ECS::Container", document["origin"])
            self.assertEqual(
                {"container": one.id[:12], "container_id": one.id, "container_arn": one.arn,
                 "task_arn": one.task_arn, "task_family": "todobackend",
                 "cluster_arn": ecs_agent.CLUSTER_ARN}, document["aws"]["ecs"])

    def migrate(self):
        """The run-once task of a deployment: same image, a name and a database user of its own."""
        sql = f"CREATE USER migrate IDENTIFIED BY '{mariadb.PASSWORD}'"
        self.host.database.query(sql)
        self.host.database.query(f"GRANT ALL ON {mariadb.DATABASE}.* TO migrate")
        once = self.todobackend(
            self.versions[0], name="migrate", env={"TODO_DB_USER": "migrate"},
            command=["/usr/bin/python3", "/app/todobackend/manage.py", "migrate"])
        self.assertEqual(0, once.container.wait(), once.container.messages())
        self.assertTrue(self.host.database.log_lines("migrate"))

    @suite.full
    def test_image(self):
        """Built twice, the same; nothing in it but the program and what it loads."""
        self.assertEqual(self.ids[0], self.ids[1])
        names = [p.name for p in self.root.rglob("*") if p.is_file()]
        self.assertFalse({"sh", "bash", "dpkg", "apt"} & set(names))
        size = sum(p.stat().st_size for p in self.root.rglob("*") if p.is_file())
        print(f"     {len(names)} files, {size / 1e6:.1f} MB, id {self.ids[0][:12]}")

    @suite.full
    def test_image_for_two_architectures(self):
        """One name, an image for each: the program and every library are that machine's."""
        if not USERLAND.exists():
            self.skipTest(f"no {USERLAND.name} to build against (make deps-arm64)")
        machines = ecs_host.build_images(self.host.processes.directory, ("amd64", "arm64"))
        self.assertEqual({"amd64": {"Advanced Micro Devices X86-64"}, "arm64": {"AArch64"}},
                         machines)

    @suite.full
    def test_deployments(self):
        """todobackend is replaced, then one of the daemons, then the tracer: everything is told,
        once, and with the right container."""
        tasks = {"a": self.todobackend(self.versions[0])}
        tasks["a"].wait_ready()
        tracer = self.ready(self.tracer("tracer"))
        self.migrate()
        self.load(tasks["a"], "a")
        self.assertTrue(all(d.documents for d in self.host.daemons[:2]), "a daemon got nothing")
        self.assertEqual(0, tracer.execute("/usr/sbin/bpfxray", "health")[0])
        self.check_confined(tracer)

        tasks["b"] = self.todobackend(self.versions[-1])
        tasks["b"].wait_ready()
        wait_until(lambda: tasks["b"].identity.task_arn in tracer.messages(), WAIT_S,
                   f"the new task is not followed:\n{tracer.messages()}")
        self.lines += tasks["a"].truth_lines()
        tasks["a"].stop()

        running = tasks["b"].start_load("b", REQUESTS)
        self.host.dns.names[NAME] = DAEMONS[1:]
        wait_until(lambda: self.host.daemons[2].documents, WAIT_S, "the new daemon gets nothing")
        time.sleep(2 * TTL_S)
        self.host.close_daemon(self.host.daemons[0])
        self.sent += running.join()

        self.check_memory(tracer)
        self.end(tracer)
        second = self.ready(self.tracer("second"))
        tasks["c"] = tasks["b"]
        self.load(tasks["c"], "c")
        self.lines += tasks["b"].truth_lines()
        self.end(second)
        self.judge()
        self.check_identity(tasks)
        self.assertNotIn("migrate", tracer.messages())

    @suite.full
    def test_tracers_overlap(self):
        """Which 100/0 excludes: the second waits until the first has gone, and nothing is told
        twice."""
        one = self.todobackend(self.versions[0])
        one.wait_ready()
        first = self.ready(self.tracer("first"))
        second = self.ready(self.tracer("second"))
        wait_until(lambda: "waiting for that one" in second.messages(), WAIT_S, "no word of it")
        self.load(one, "a")
        self.end(first)
        wait_until(lambda: one.identity.task_arn in second.messages(), WAIT_S, "not taken over")
        self.load(one, "b")
        self.lines += one.truth_lines()
        self.end(second)
        self.judge()

    @suite.full
    def test_before_anything_else(self):
        """The tracer is the first on its host: no daemon has a name yet, nothing runs."""
        self.host.dns.names[NAME] = ()
        tracer = self.ready(self.tracer("tracer"))
        wait_until(lambda: "waiting" in tracer.messages(), WAIT_S, "it does not say that it waits")
        self.assertEqual(0, tracer.execute("/usr/sbin/bpfxray", "health")[0])
        self.host.dns.names[NAME] = DAEMONS[:1]
        one = self.todobackend(self.versions[0])
        one.wait_ready()
        wait_until(lambda: one.identity.task_arn in tracer.messages(), WAIT_S,
                   f"not followed:\n{tracer.messages()}")
        self.load(one, "a")
        self.lines += one.truth_lines()
        wait_until(lambda: len(self.host.documents) >= REQUESTS, WAIT_S, "the name is not found")
        self.end(tracer)
        self.judge()

    @suite.full
    def test_each_capability_is_needed(self):
        """Without one of them it refuses with a reason, or knows less: none is for nothing."""
        one = self.todobackend(self.versions[0])
        one.wait_ready()
        for name in ("SYS_ADMIN", "SYS_PTRACE"):
            with self.subTest(name):
                tracer = self.tracer("without-" + name.lower(), drop=[name])
                self.assertEqual(EXIT_PRIVILEGE, tracer.wait(), tracer.messages())
                self.assertIn("right", tracer.messages())
        tracer = self.ready(self.tracer("without-dac", drop=["DAC_READ_SEARCH"]))
        self.load(one, "a")
        self.end(tracer)
        ecs = self.host.documents[0]["aws"]["ecs"]
        self.assertEqual((one.identity.id, one.identity.task_arn),
                         (ecs["container_id"], ecs["task_arn"]))
        self.assertNotIn("container_arn", ecs)

    @suite.full
    def test_own_processes_only(self):
        """Without PidMode host nothing could ever be found: it says so and ends."""
        tracer = self.tracer("alone", pid_mode=None)
        self.assertEqual(EXIT_PRIVILEGE, tracer.wait(), tracer.messages())
        self.assertIn("PidMode", tracer.messages())


if __name__ == "__main__":
    suite.main()
