# SPDX-License-Identifier: Apache-2.0
"""Control groups with the paths that Docker and ECS use, made by hand: a process that is moved into
one looks, from outside, as if it ran in that container. Version 1's named hierarchy and version
2's are both there on a hybrid host; whichever is found is used.
"""

import os
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")


def hierarchies():
    """{1: a writable mount of version 1, 2: one of version 2}, as far as they are there."""
    found = {}
    for line in MOUNTS.read_text().splitlines():
        front, _, back = line.partition(" - ")
        kind, _, options = back.split(" ", 2)
        if kind == "cgroup" and "name=" in options:
            found[1] = Path(front.split()[4])
        elif kind == "cgroup2":
            found[2] = Path(front.split()[4])
    return found


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
        folder = self.folder
        while folder != self.mount:
            try:
                os.rmdir(folder)
            except OSError:
                return
            folder = folder.parent
