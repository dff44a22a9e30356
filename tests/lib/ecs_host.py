# SPDX-License-Identifier: Apache-2.0
"""A container instance as ECS makes it, put together for tests: the network that host-mode tasks
share, with the agent (a fake), the VPC's resolver and X-Ray daemons in it; todobackend's tasks in a
network of their own, each in a container by runc; and the image and task definition of the tracer
out of deploy/.
"""

import itertools
import json
import secrets
import subprocess
import time
from pathlib import Path

from deploy import tools

from . import cgroups, documents, ecs_agent, load, mariadb, netns, oci, servers, traced
from .daemon import Daemon
from .dns import Dns
from .paths import APPS, ROOT, TESTS, VENV
from .process import Processes

NAME = "xray.services.dockerinaws.org"
DAEMONS = ("10.99.0.1", "10.99.0.2", "10.99.0.3")
TTL_S = 1
CLIENTS = 4
TAG = "test"


BUILDAH = ("env", "STORAGE_DRIVER=vfs", "BUILDAH_ISOLATION=chroot")


def build_image(directory):
    """As a person does it, with buildah, and again: the same id. (layout, id)"""
    ids = []
    for tag in (TAG, TAG + "2"):
        oci.run(*BUILDAH, "make", "-C", ROOT / "deploy", "image", "ENGINE=buildah", f"TAG={tag}")
        ids.append(oci.run(*BUILDAH, "buildah", "inspect", "--type", "image", "--format",
                           "{{.FromImageID}}", f"bpfxray:{tag}").strip())
    layout = directory / "layout"
    oci.run(*BUILDAH, "buildah", "push", f"bpfxray:{TAG}", f"oci:{layout}:{TAG}")
    for tag in (TAG, TAG + "2"):
        oci.run(*BUILDAH, "buildah", "rmi", f"bpfxray:{tag}")
    return layout, ids


def machines_of(root):
    """What the programs and libraries below @root are for, as readelf calls it."""
    found = set()
    for path in root.rglob("*"):
        if path.is_file() and path.read_bytes()[:4] == b"\x7fELF":
            header = oci.run("readelf", "-hW", path)
            found.add(next(line.split(":")[1].strip() for line in header.splitlines()
                           if "Machine:" in line))
    return found


def unpack_layers(folder, digest, root):
    """The files of one image of a list that was pushed to @folder."""
    root.mkdir()
    manifest = json.loads((folder / f"{digest.partition(':')[2]}.manifest.json").read_text())
    for layer in manifest["layers"]:
        oci.run("tar", "-xf", folder / layer["digest"].partition(":")[2], "-C", root)
    return root


def build_images(directory, architectures):
    """One image for several: what the files of each are for."""
    name, folder = f"bpfxray:{TAG}", directory / "images"
    oci.run(*BUILDAH, "make", "-C", ROOT / "deploy", "image", "ENGINE=buildah", f"TAG={TAG}",
            f"ARCHES={' '.join(architectures)}")
    oci.run(*BUILDAH, "buildah", "manifest", "push", "--all", name, f"dir:{folder}")
    shown = json.loads(oci.run(*BUILDAH, "buildah", "manifest", "inspect", name))
    oci.run(*BUILDAH, "buildah", "manifest", "rm", name)
    return {arch: machines_of(unpack_layers(folder, one["digest"], directory / arch))
            for one in shown["manifests"] for arch in [one["platform"]["architecture"]]}


def task_definition(**given):
    words = [f"{name}={value}" for name, value in given.items()]
    shown = subprocess.run(
        [tools.program("python"), "-m", "deploy.show", "dev", "tracer", *words],
        cwd=TESTS, capture_output=True, text=True, check=True)
    return json.loads(shown.stdout)["TaskDefinition"]


class Host:
    """An ECS container instance: the network that host-mode tasks share, with the agent, the
    VPC's resolver and the daemons in it, and the network of todobackend's tasks."""

    def __init__(self, test):
        self.processes = test.enterContext(Processes())
        self.network = netns.Namespace([ecs_agent.METADATA_ADDRESS, *DAEMONS])
        self.tasks_network = netns.Namespace()
        test.addCleanup(self.network.close)
        test.addCleanup(self.tasks_network.close)
        self.agent = ecs_agent.Agent()
        with self.network.entered():
            test.enterContext(ecs_agent.serving(self.agent))
            self.dns = test.enterContext(Dns(self.processes, {NAME: DAEMONS[:2]}, ttl=TTL_S))
            self.daemons = [test.enterContext(Daemon(None, ip, 2000)) for ip in DAEMONS]
        with self.tasks_network.entered():
            self.database = mariadb.start(self.processes)

    def close_daemon(self, daemon):
        with self.network.entered():
            daemon.close()

    @property
    def documents(self):
        """Of the load; the test's own questions whether a container is ready are left out."""
        found = [d for daemon in self.daemons for d in list(daemon.documents)]
        return [d for d in found if documents.Segment(d).user_agent != servers.READY_AGENT]

    def resolver(self):
        path = self.processes.directory / "resolv.conf"
        path.write_text(f"nameserver {self.dns.address}\n")
        return oci.bind(path, "/etc/resolv.conf")


class Todobackend:
    """A task with the chapter's container, in the layout of control groups of @version."""

    ports = itertools.count(8000)

    def __init__(self, host, version, name="todobackend", command=None, env=None):
        self.host, self.port = host, next(self.ports)
        self.env = env or {}
        self.identity = ecs_agent.Container(secrets.token_hex(32), name, secrets.token_hex(16))
        host.agent.containers.append(self.identity)
        self.folder = host.processes.directory / f"{name}-{self.port}"
        self.folder.mkdir()
        command = command or self.uwsgi()
        self.group = None
        path = "/" + cgroups.ecs_path(1, self.identity.task, self.identity.id)
        self.container = oci.Container(
            host.processes, self.folder.name,
            self.configuration(command, path if version == 1 else f"/bpfxray-test-{self.port}"))
        if version == 2:
            self.enter_group()

    def uwsgi(self):
        """As the chapter starts it."""
        return [VENV.resolve() / "bin" / "uwsgi", f"--http=0.0.0.0:{self.port}",
                f"--module={servers.MODULE}", "--master", "--die-on-term", "--processes=4",
                "--threads=2", "--check-static=/public"]

    def root(self):
        """The system's programs in a root of the container's own."""
        root = self.folder / "root"
        for name in ("etc", "proc", "dev", "sys", "tmp", "public", "usr", "truth"):
            (root / name).mkdir(parents=True)
        for name in ("bin", "sbin", "lib", "lib64"):
            (root / name).symlink_to(f"usr/{name}")
        (root / "etc/hostname").write_text(self.hostname + "\n")
        (self.folder / "truth").mkdir(mode=0o777)
        (self.folder / "truth").chmod(0o777)
        return root

    @property
    def hostname(self):
        return self.identity.id[:12]

    def configuration(self, command, cgroup):
        site = VENV.resolve() / "lib"
        env = {
            **self.host.database.environment(), "TODO_DRIVER": "connector-c",
            "TODO_TRUTH_LOG": "/truth/truth.jsonl", "TODO_SQL_TAG": "1", "TODO_TEST_ROUTES": "1",
            "PYTHONPATH": f"/app:{next(site.glob('python3*/site-packages'))}",
            "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1",
            "ECS_CONTAINER_METADATA_URI_V4": self.identity.metadata_uri, **self.env,
        }
        mounts = [oci.bind("/usr", "/usr"), oci.bind(APPS, "/app"),
                  oci.bind(VENV.resolve(), VENV.resolve()),
                  oci.bind(self.folder / "truth", "/truth", "rw")]
        return oci.config(self.root(), command, self.host.tasks_network.path, cgroup,
                          self.hostname, env=env, mounts=mounts, uid=1000)

    def processes(self):
        """Of the container, by the process namespace that they share."""
        own = Path(f"/proc/{self.container.pid}/ns/pid").readlink()
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if (folder / "ns/pid").readlink() == own:
                    yield int(folder.name)
            except OSError:
                continue

    def enter_group(self):
        """Version 2's layout, by hand: on a host with both versions runc uses the first."""
        path = cgroups.ecs_path(2, self.identity.task, self.identity.id)
        self.group = cgroups.Group(cgroups.hierarchies()[2], path)
        for pid in self.processes():
            self.group.add(pid)

    def wait_ready(self):
        with self.host.tasks_network.entered():
            self.container.process.wait_ready(lambda: servers.answers(("127.0.0.1", self.port)))

    def load(self, prefix, count):
        return self.start_load(prefix, count).join()

    def start_load(self, prefix, count):
        plan = load.Plan(("127.0.0.1", self.port), prefix=prefix, drop_after_head=True)
        with self.host.tasks_network.entered():
            return load.Load(plan, count, CLIENTS).start()

    def thread_numbers(self):
        """Of every thread: its number in the container -> its number on the host."""
        found = {}
        for pid in self.processes():
            for task in Path(f"/proc/{pid}/task").iterdir():
                status = (task / "status").read_text()
                line = next(one for one in status.splitlines() if one.startswith("NSpid:"))
                found[int(line.split()[-1])] = int(task.name)
        return found

    def truth_lines(self):
        """The application's lines, with process and thread as the host knows them. Only while it
        runs."""
        time.sleep(traced.SETTLE_S)
        numbers = self.thread_numbers()
        text = (self.folder / "truth/truth.jsonl").read_text()
        lines = [json.loads(line) for line in text.splitlines()]
        return [line | {"pid": numbers[line["pid"]], "tid": numbers[line["tid"]]}
                for line in lines if line["user_agent"] != servers.READY_AGENT]

    def stop(self):
        self.container.stop()
        self.host.agent.containers.remove(self.identity)
        self.close()

    def close(self):
        self.container.close()
        if self.group:
            self.group.close()
