# SPDX-License-Identifier: Apache-2.0
"""Stock Debian kernels, downloaded as packages and unpacked under build/cache/kernels.

apt works on a private state there: nothing is installed, and the machine's own list of sources and
packages stays as it is. The archives are the ones that the machine's own apt knows, other suites of
them; what is signed by Debian's keyring is accepted.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib.paths import CACHE  # noqa: E402

KERNELS = CACHE / "kernels"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

# Kernel line: the suites that have it, the first choice first (5.10 for arm64 is listed by the
# security suite and not there), and the packages' names. Of several releases the newest is taken.
# From 6.19 on the kernel and its modules are two packages.
LINES = {
    "5.10": (("bullseye-security", "bullseye"), r"linux-image-(5\.10\.0-\d+-cloud-{arch})"),
    "6.1": (("bookworm-security",), r"linux-image-(6\.1\.0-\d+-cloud-{arch})"),
    "6.12": (("bookworm-security",), r"linux-image-(6\.12\.\d+\+deb12-cloud-{arch})"),
    "6.18": (("trixie-backports",), r"linux-image-(6\.18\.\d+\+deb13-cloud-{arch})"),
    "newest": (
        ("trixie-backports",),
        r"linux-(?:image|binary)-(\d+\.\d+\.\d+\+deb13-cloud-{arch})",
    ),
}

# An archive that gives nothing for so long is as good as none.
RUN_TIMEOUT_S = 300

APT_CONF = """
Dir::State "{state}";
Dir::State::status "{state}/status";
Dir::Cache "{state}/cache";
Dir::Etc "{state}/etc";
Dir::Etc::sourcelist "{state}/etc/sources.list";
Dir::Etc::sourceparts "-";
APT::Architecture "{arch}";
APT::Architectures {{ "{arch}"; }};
APT::Get::List-Cleanup "0";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
"""


class KernelMissing(Exception):
    """The kernel cannot be had: no archive, no such package, no network."""


@dataclass(frozen=True)
class Kernel:
    """An unpacked kernel. @release: as `uname -r` says there."""

    line: str
    arch: str
    release: str
    directory: Path

    @property
    def image(self):
        found = list(self.directory.glob("boot/vmlinuz-*"))
        return (found or list(self.directory.glob("usr/lib/modules/*/vmlinuz")))[0]

    def modules(self, names):
        """The files of those of @names that are modules here: the others are built in."""
        for path in sorted(self.directory.glob("**/kernel/**/*.ko*")):
            if path.name.split(".ko")[0] in names:
                yield path


def run(argv, cwd=None):
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    try:
        done = subprocess.run(argv, cwd=cwd, timeout=RUN_TIMEOUT_S, **how)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KernelMissing(str(error)[:300]) from None
    if done.returncode:
        raise KernelMissing(f"{' '.join(map(str, argv[:4]))}: {done.stdout.strip()[-300:]}")
    return done.stdout


def archives():
    """Where the machine's own apt finds Debian, and its security suites: two addresses."""
    wanted = ["--format", "$(SITE) $(CODENAME)", "Created-By: Packages"]
    found = run(["apt-get", "indextargets", *wanted])
    sites = dict.fromkeys(tuple(line.split(" ", 1)) for line in found.splitlines())
    plain = next((site for site, name in sites if re.fullmatch(r"[a-z]+(-updates)?", name)), None)
    security = next((site for site, name in sites if name.endswith("-security")), None)
    if not plain or not security:
        raise KernelMissing("apt on this machine knows no Debian archive with a security suite")
    return plain, security


class Apt:
    """apt with its state under @state, for one suite and architecture."""

    def __init__(self, state, suite, arch):
        self.conf = state / "apt.conf"
        for part in ("lists/partial", "cache/archives/partial", "etc/preferences.d"):
            (state / part).mkdir(parents=True, exist_ok=True)
        (state / "status").touch()
        self.conf.write_text(APT_CONF.format(state=state, arch=arch))
        plain, security = archives()
        site = security if suite.endswith("-security") else plain
        (state / "etc/sources.list").write_text(f"deb [signed-by={KEYRING}] {site} {suite} main\n")
        # apt sends what it could not fetch to stderr, and ends with 0 all the same
        run(["apt-get", "-c", self.conf, "-qq", "-o", "APT::Update::Error-Mode=any", "update"])

    def names(self):
        return run(["apt-cache", "-c", self.conf, "pkgnames", "linux-"]).split()

    def download(self, name, directory):
        run(["apt-get", "-c", self.conf, "-qq", "download", name], cwd=directory)

    def download_all(self, names):
        """@names and what they depend on. Returns the directory with the archives."""
        options = ["-qq", "-y", "--no-install-recommends", "--download-only"]
        run(["apt-get", "-c", self.conf, *options, "install", *names])
        return self.conf.parent / "cache" / "archives"


def release_order(release):
    return [int(number) for number in re.findall(r"\d+", release)]


def choose(apt, pattern):
    """The newest release that @pattern names, and the packages that make it up."""
    names = apt.names()
    releases = {m.group(1) for m in (re.fullmatch(pattern, name) for name in names) if m}
    if not releases:
        raise KernelMissing(f"the archive has no package {pattern}")
    release = max(releases, key=release_order)
    split = [f"linux-binary-{release}", f"linux-modules-{release}"]
    return release, split if set(split) <= set(names) else [f"linux-image-{release}"]


def fetch(line, arch, wanted):
    suites, _ = LINES[line]
    for suite in suites:
        try:
            return fetch_from(suite, line, arch, wanted)
        except KernelMissing:
            if suite == suites[-1]:
                raise


def fetch_from(suite, line, arch, wanted):
    apt = Apt(KERNELS / f"apt-{suite}-{arch}", suite, arch)
    release, packages = choose(apt, LINES[line][1].format(arch=arch))
    unfinished = KERNELS / f"{line}-{arch}-unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    tree = unfinished / "tree"
    tree.mkdir(parents=True)
    for name in packages:
        apt.download(name, unfinished)
    for package in unfinished.glob("*.deb"):
        run(["dpkg-deb", "-x", package, tree])
        package.unlink()
    (unfinished / "release").write_text(release)
    os.rename(unfinished, wanted)


def get(line, arch="amd64"):
    """The kernel of @line, from the cache or else downloaded. Raises KernelMissing."""
    KERNELS.mkdir(parents=True, exist_ok=True)
    wanted = KERNELS / f"{line}-{arch}"
    with open(KERNELS / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not wanted.exists():
            fetch(line, arch, wanted)
    return Kernel(line, arch, (wanted / "release").read_text(), wanted / "tree")
