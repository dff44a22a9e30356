#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A tree of Debian packages of another architecture, unpacked under build/cache: what the agent is
cross-built against, and the root of a guest of that architecture.

userland.py ARCHITECTURE

Prints the tree's path. Nothing is installed and no maintainer script runs; apt works on a private
state, as for the kernels.
"""

import fcntl
import os
import shutil
import sys

import packages

SUITE = "bookworm"
BUILT_AGAINST = ["libbpf-dev", "libelf-dev", "zlib1g-dev", "libcjson-dev", "libc-ares-dev"]
BUILT_AGAINST += ["libseccomp-dev"]
BUILT_AGAINST += ["libc6-dev"]
RUN_THERE = ["busybox-static", "dash", "coreutils", "python3", "bpftool"]


# What the tree was made of: another list makes it anew.
STAMP = "packages"


def packages_text():
    return "\n".join(BUILT_AGAINST + RUN_THERE)


def unpack(archives, tree):
    for archive in sorted(archives.glob("*.deb")):
        packages.run(["dpkg-deb", "-x", archive, tree])
    shell = tree / "bin" / "sh"
    if not shell.exists():
        shell.symlink_to("dash")
    for name in ("proc", "sys", "dev", "run", "tmp", "root"):
        (tree / name).mkdir(exist_ok=True)


def fetch(arch, wanted):
    apt = packages.Apt(packages.KERNELS / f"apt-{SUITE}-{arch}", SUITE, arch)
    archives = apt.download_all(BUILT_AGAINST + RUN_THERE)
    unfinished = wanted.with_name(wanted.name + "-unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    unpack(archives, unfinished)
    (unfinished / STAMP).write_text(packages_text())
    shutil.rmtree(wanted, ignore_errors=True)
    os.rename(unfinished, wanted)
    shutil.rmtree(archives)


def get(arch):
    """The tree for @arch, from the cache or else downloaded. Raises packages.KernelMissing."""
    wanted = packages.CACHE / f"userland-{arch}"
    packages.KERNELS.mkdir(parents=True, exist_ok=True)
    with open(packages.KERNELS / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = wanted / STAMP
        if not stamp.exists() or stamp.read_text() != packages_text():
            fetch(arch, wanted)
    return wanted


if __name__ == "__main__":
    print(get(sys.argv[1]))
