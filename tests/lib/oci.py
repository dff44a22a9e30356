# SPDX-License-Identifier: Apache-2.0
"""Containers by runc, configured as the ECS agent and Docker would: images unpacked by umoci, the
properties of a task definition turned into a runtime configuration, Docker's default capabilities,
mounts and masks, and the seccomp profile of Debian's package golang-github-containers-common.
"""

import json
import resource
import shutil
import subprocess
from pathlib import Path

from . import cgroups
from .process import ProcessError, wait_until

PROGRAMS = ("buildah", "umoci", "runc")
SECCOMP_PROFILE = Path("/usr/share/containers/seccomp.json")
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
# What Docker gives a container that asks for nothing.
DEFAULT_CAPABILITIES = frozenset("""
    AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID
    SETPCAP SETUID SYS_CHROOT
""".split())
MASKED = ("/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
          "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi",
          "/sys/firmware", "/sys/devices/virtual/powercap")
READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
MIB = 1 << 20
UNLIMITED = 2**64 - 1


def missing():
    """What is not installed, for a skip; None when all is there."""
    gone = [name for name in PROGRAMS if not shutil.which(name)]
    if not SECCOMP_PROFILE.exists():
        gone.append(str(SECCOMP_PROFILE))
    return f"not installed: {', '.join(gone)} (make deps-containers)" if gone else None


def applies(rule, capabilities, architecture):
    """Whether a rule of the profile is for a container with these @capabilities."""
    includes, excludes = rule.get("includes", {}), rule.get("excludes", {})
    if "arches" in includes and architecture not in includes["arches"]:
        return False
    if not set(includes.get("caps", ())) <= capabilities:
        return False
    return not set(excludes.get("caps", ())) & capabilities and \
        architecture not in excludes.get("arches", ())


def seccomp(profile, capabilities, machine="x86_64"):
    """The profile as the runtime takes it: its conditions on capabilities and machine resolved."""
    full = {"CAP_" + name for name in capabilities}
    rules = []
    for rule in profile["syscalls"]:
        if applies(rule, full, ARCHITECTURES[machine]):
            kept = {key: rule[key] for key in ("names", "action", "errnoRet") if key in rule}
            rules.append(kept | ({"args": rule["args"]} if rule.get("args") else {}))
    return {"defaultAction": profile["defaultAction"],
            "defaultErrnoRet": profile["defaultErrnoRet"],
            "architectures": ["SCMP_ARCH_" + machine.upper()], "syscalls": rules}


def capabilities_of(asked):
    """Docker's own, less what is dropped, and what is added; ALL stands for every one."""
    kept = DEFAULT_CAPABILITIES - set(asked.get("Drop", ()))
    if "ALL" in asked.get("Drop", ()):
        kept = frozenset()
    return kept | set(asked.get("Add", ()))


def bind(source, destination, *options):
    return {"destination": str(destination), "type": "bind", "source": str(source),
            "options": ["rbind", "rprivate", *(options or ("ro",))]}


def system_mounts():
    quiet = ["nosuid", "noexec", "nodev"]
    return [
        {"destination": "/proc", "type": "proc", "source": "proc", "options": quiet},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
         "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
        {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
         "options": [*quiet, "mode=1777", "size=65536k"]},
        {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue",
         "options": quiet},
        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": [*quiet, "ro"]},
        {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
         "options": [*quiet, "relatime", "ro"]},
    ]


def namespaces(network, own_pids):
    """@network: path of the one to join. Docker gives each container the others for itself."""
    own = ["mount", "ipc", "uts", "cgroup", *(["pid"] if own_pids else [])]
    return [{"type": kind} for kind in own] + [{"type": "network", "path": network}]


def config(root, args, network, cgroup, hostname, env=None, mounts=(), capabilities=None,
           uid=0, readonly=False, own_pids=True, resources=None):
    """A runtime configuration. @root: the unpacked file system."""
    caps = DEFAULT_CAPABILITIES if capabilities is None else capabilities
    names = sorted("CAP_" + name for name in caps)
    sets = ("bounding", "effective", "permitted") if uid == 0 else ("bounding",)
    profile = json.loads(SECCOMP_PROFILE.read_text())
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    environment = {"PATH": path, "HOSTNAME": hostname, **(env or {})}
    return {
        "ociVersion": "1.0.2",
        "hostname": hostname,
        "root": {"path": str(root), "readonly": readonly},
        "process": {
            "terminal": False, "user": {"uid": uid, "gid": uid}, "args": [str(a) for a in args],
            "env": [f"{key}={value}" for key, value in environment.items()], "cwd": "/",
            "capabilities": {kind: names for kind in sets}, "noNewPrivileges": False,
        },
        "mounts": [*system_mounts(), *mounts],
        "linux": {
            "namespaces": namespaces(network, own_pids),
            "cgroupsPath": cgroup,
            "resources": {"devices": [{"allow": False, "access": "rwm"}], **(resources or {})},
            "seccomp": seccomp(profile, caps),
            "maskedPaths": list(MASKED), "readonlyPaths": list(READ_ONLY),
        },
    }


def limit_of(limit):
    name = "RLIMIT_" + limit["Name"].upper()
    most = resource.getrlimit(getattr(resource, name))[1]

    def cut(value):
        asked = value if value >= 0 else UNLIMITED
        return asked if most == resource.RLIM_INFINITY else min(asked, most)

    return {"type": name, "soft": cut(limit["SoftLimit"]), "hard": cut(limit["HardLimit"])}


def of_task(task, image, root, network, cgroup, hostname, mounts=(), more=()):
    """The configuration of the only container of @task, a resolved AWS::ECS::TaskDefinition in the
    host's network. @image: what its image says of itself. @more: further words of the command.

    Limits are cut to those of the test, which may lack CAP_SYS_RESOURCE to raise them.
    """
    container, = task["ContainerDefinitions"]
    assert task["NetworkMode"] == "host" and not container["Privileged"]
    volumes = {volume["Name"]: volume["Host"]["SourcePath"] for volume in task.get("Volumes", ())}
    volume_mounts = [
        bind(volumes[m["SourceVolume"]], m["ContainerPath"], "ro" if m.get("ReadOnly") else "rw")
        for m in container.get("MountPoints", ())]
    made = config(
        root, [*image["Entrypoint"], *container["Command"], *more], network, cgroup, hostname,
        mounts=[*mounts, *volume_mounts], uid=int(container["User"]),
        own_pids=task["PidMode"] != "host", readonly=container["ReadonlyRootFilesystem"],
        capabilities=capabilities_of(container["LinuxParameters"]["Capabilities"]),
        resources={"memory": {"limit": container["Memory"] * MIB,
                              "reservation": container["MemoryReservation"] * MIB},
                   "cpu": {"shares": container["Cpu"]}})
    made["process"]["rlimits"] = [limit_of(limit) for limit in container["Ulimits"]]
    return made


def run(*command, **how):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **how)
    if done.returncode:
        raise ProcessError(f"{command[0]} {command[1]}: {done.stdout[-1000:]}{done.stderr[-2000:]}")
    return done.stdout


def unpack(layout, tag, bundle):
    """Unpacks an image of an OCI layout; returns its root and what it says of itself."""
    run("umoci", "unpack", "--image", f"{layout}:{tag}", bundle)
    index = json.loads((layout / "index.json").read_text())

    def blob(digest):
        return json.loads((layout / "blobs" / digest.replace(":", "/")).read_text())

    manifest = next(m for m in index["manifests"]
                    if m["annotations"]["org.opencontainers.image.ref.name"] == tag)
    image = blob(blob(manifest["digest"])["config"]["digest"])
    return bundle / "rootfs", image["config"]


class Container:
    """A running container of the test's Processes. .process: runc, which passes signals on."""

    def __init__(self, processes, name, configuration):
        self.processes, self.name = processes, f"bpfxray-test-{processes.directory.name}-{name}"
        self.cgroup = configuration["linux"]["cgroupsPath"]
        self.state_root = processes.directory / "runc"
        bundle = processes.directory / f"bundle-{name}"
        bundle.mkdir()
        (bundle / "config.json").write_text(json.dumps(configuration))
        self.process = processes.start(
            name, ["runc", "--root", self.state_root, "run", "--bundle", bundle, self.name])
        try:
            self.pid = wait_until(self.running, 20, f"container {name} does not run")
        except ProcessError as error:
            self.close()
            raise ProcessError(f"{error}\n{self.messages()}") from None

    def runc(self, *words, **how):
        return subprocess.run(["runc", "--root", str(self.state_root), *map(str, words)],
                              capture_output=True, text=True, check=False, **how)

    def running(self):
        found = self.runc("state", self.name)
        state = json.loads(found.stdout) if found.returncode == 0 else {}
        ended = self.process.popen.poll() is not None
        return state.get("pid") if state.get("status") == "running" else ended and -1

    def execute(self, *words):
        """A command in the container, as a health check is run. (exit code, output)"""
        done = self.runc("exec", self.name, *words, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def messages(self):
        return self.process.log.read_text(errors="replace")

    def stop(self):
        """As `docker stop` does. The exit code."""
        code = self.processes.stop(self.process)
        self.close()
        return code

    def wait(self):
        """Of a container that ends by itself: its exit code."""
        return self.process.popen.wait(120)

    def close(self):
        self.runc("delete", "--force", self.name)
        cgroups.prune(self.cgroup)
