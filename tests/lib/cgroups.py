# SPDX-License-Identifier: Apache-2.0
"""Control groups with the paths that Docker and ECS use, made by hand: a process that is moved into
one looks, from outside, as if it ran in that container. Version 1's named hierarchy and version
2's are both there on a hybrid host; whichever is found is used.
"""

import os
import time
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")


def mounts():
    """Of each hierarchy: the version, where it is mounted, the mount's own options."""
    for line in MOUNTS.read_text().splitlines():
        front, _, back = line.partition(" - ")
        kind, _, options = back.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            yield 2 if kind == "cgroup2" else 1, Path(front.split()[4]), options


def hierarchies():
    """{1: a writable mount of version 1, 2: one of version 2}, as far as they are there."""
    return {version: mount for version, mount, options in mounts()
            if version == 2 or "name=" in options}


def remove_empty(mount, folder):
    """@folder and its parents up to @mount, as long as nothing is in them."""
    while folder != mount:
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            pass
        except OSError:
            return
        folder = folder.parent


def prune(path):
    """What a runtime leaves of the group @path in any hierarchy."""
    for _, mount, _ in mounts():
        remove_empty(mount, mount / path.lstrip("/"))


def ecs_path(version, task, container):
    """The group of a container of an ECS task, as its agent lays it out."""
    if version == 1:
        return f"ecs/{task}/{container}"
    return f"ecstasks.slice/ecstasks-{task}.slice/docker-{container}.scope"


class Group:
    """One group; made with its parents, and removed with those that are empty then."""

    def __init__(self, mount, path):
        self.mount, self.folder = mount, mount / path
        self.folder.mkdir(parents=True, exist_ok=True)

    def add(self, pid):
        (self.folder / "cgroup.procs").write_text(str(pid))

    def close(self):
        """What is in it may still be about to end."""
        deadline = time.monotonic() + 5
        procs = self.folder / "cgroup.procs"
        while procs.exists() and procs.read_text() and time.monotonic() < deadline:
            time.sleep(0.02)
        remove_empty(self.mount, self.folder)
