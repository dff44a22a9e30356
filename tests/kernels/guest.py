# SPDX-License-Identifier: Apache-2.0
"""Boots a kernel in QEMU, with this machine's files under it, and runs one command there.

Emulated (TCG), so that it works where virtual machines have no hardware support: 13 to 40 times
slower than the host. A guest of the host's own architecture sees the host's tree as it is at the
same paths; one of another architecture a tree of Debian packages, with the project at its own path.
What it writes goes to its own memory and is gone with it.
"""

import lzma
import platform
import shlex
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import userland

INIT = Path(__file__).with_name("init.sh")
VIRTIOFSD = ("/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd")
# In the order in which they need each other; a kernel has some of them built in.
MODULES = (
    "virtio_ring",
    "virtio",
    "virtio_pci_modern_dev",
    "virtio_pci_legacy_dev",
    "virtio_pci",
    "fuse",
    "virtiofs",
    "overlay",
    "tls",
)
PROJECT = Path(__file__).resolve().parent.parent.parent
# What Outcome.status is when the guest gave none.
TIMED_OUT = 124
DIED = 125
STATUS = "guest status "
MEMORY = "1536M"
CPUS = 2
START_TIMEOUT_S = 20


@dataclass(frozen=True)
class Machine:
    """An emulator. @lines: what its serial lines are called there; @second: makes the second."""

    program: str
    options: tuple
    lines: tuple
    second: tuple


MACHINES = {
    "amd64": Machine(
        "qemu-system-x86_64",
        ("-machine", "pc,memory-backend=memory", "-cpu", "max"),
        ("ttyS0", "ttyS1"),
        ("-serial", "chardev:output"),
    ),
    "arm64": Machine(
        "qemu-system-aarch64",
        ("-machine", "virt,memory-backend=memory", "-cpu", "max,pauth-impdef=on"),
        ("ttyAMA0", "ttyS0"),
        ("-device", "pci-serial,chardev=output"),
    ),
}
HOST_ARCH = "arm64" if platform.machine() == "aarch64" else "amd64"


@dataclass
class Outcome:
    """What became of the command. @console: the kernel's messages."""

    status: int
    output: str
    console: str
    took_s: float


class GuestMissing(Exception):
    """This machine cannot run guests: a program is not installed, or the emulator fails."""


def program(*candidates):
    for name in candidates:
        found = shutil.which(name)
        if found:
            return found
    raise GuestMissing(f"{candidates[0]} is not installed: run `make deps-kernels`")


def check(arch):
    """Raises GuestMissing when what a guest of @arch needs is not installed."""
    for names in ((MACHINES[arch].program,), VIRTIOFSD, ("busybox",)):
        program(*names)


def unpacked(module):
    data = module.read_bytes()
    return lzma.decompress(data) if module.suffix == ".xz" else data


def make_initramfs(kernel, job, directory):
    """init.sh with a shell, the modules that it needs, and @job."""
    tree = directory / "initramfs"
    for name in ("bin", "modules", "proc", "sys", "dev"):
        (tree / name).mkdir(parents=True)
    shutil.copy(share_of(kernel) / "bin" / "busybox", tree / "bin" / "busybox")
    (tree / "bin" / "sh").symlink_to("busybox")
    shutil.copy(INIT, tree / "init")
    (tree / "init").chmod(0o755)
    (tree / "job").write_text(job)
    project = PROJECT if kernel.arch != HOST_ARCH else ""
    (tree / "settings").write_text(
        f"OUTPUT={MACHINES[kernel.arch].lines[1]}\nPROJECT={shlex.quote(str(project))}\n"
    )
    for module in kernel.modules(MODULES):
        name = module.name.split(".ko")[0]
        target = tree / "modules" / f"{MODULES.index(name)}-{name}.ko"
        target.write_bytes(unpacked(module))
    names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))
    archive = directory / "initramfs.cpio"
    with open(archive, "wb") as out:
        subprocess.run(
            [program("busybox"), "cpio", "-o", "-H", "newc"],
            cwd=tree,
            input=names.encode(),
            stdout=out,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    return archive


def share_of(kernel):
    """What is the root of a guest with @kernel."""
    return Path("/") if kernel.arch == HOST_ARCH else userland.get(kernel.arch)


def shares_of(kernel):
    """Tag and directory of each share."""
    root = {"root": share_of(kernel)}
    return root if kernel.arch == HOST_ARCH else {**root, "project": PROJECT}


def start_share(directory, tag, source):
    """Starts the server of @source, as directory/@tag.sock."""
    socket = directory / f"{tag}.sock"
    log = open(directory / "virtiofsd.log", "wb")
    command = [program(*VIRTIOFSD), f"--socket-path={socket}"]
    command += ["-o", f"source={source},sandbox=chroot,cache=always"]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    deadline = time.monotonic() + START_TIMEOUT_S
    while not socket.exists():
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            raise GuestMissing((directory / "virtiofsd.log").read_text()[-300:])
        time.sleep(0.02)
    return server


def share_options(directory, tags):
    for tag in tags:
        yield from ("-chardev", f"socket,id={tag},path={directory / tag}.sock")
        yield from ("-device", f"vhost-user-fs-pci,chardev={tag},tag={tag}")


def qemu_command(kernel, initramfs, directory, append):
    machine = MACHINES[kernel.arch]
    return [
        program(machine.program),
        *("-accel", "tcg", *machine.options, "-smp", str(CPUS), "-m", MEMORY),
        *("-object", f"memory-backend-memfd,id=memory,size={MEMORY},share=on"),
        *share_options(directory, shares_of(kernel)),
        *("-kernel", kernel.image, "-initrd", initramfs),
        *("-append", f"console={machine.lines[0]} loglevel=5 panic=-1 {append}".strip()),
        *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
        *("-serial", f"file:{directory / 'console'}"),
        *("-chardev", f"file,id=output,path={directory / 'output'}", *machine.second),
    ]


def text_of(path):
    return path.read_text(errors="replace").replace("\r\n", "\n") if path.exists() else ""


def outcome(directory, timed_out, took_s):
    """Reads what the guest left: its last line is the command's status."""
    output, found, status = text_of(directory / "output").rpartition(STATUS)
    if found and status.strip().isdigit():
        code = int(status)
    else:
        output, code = output + found + status, TIMED_OUT if timed_out else DIED
    return Outcome(code, output, text_of(directory / "console"), took_s)


def emulate(directory, command, timeout_s):
    """Until the guest ends. True when it was ended for its time."""
    with open(directory / "emulator.log", "wb") as log:
        how = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "timeout": timeout_s}
        try:
            code = subprocess.run([str(word) for word in command], **how).returncode
        except subprocess.TimeoutExpired:
            return True
    # A guest that reboots, or panics, ends it with 0.
    if code and STATUS not in text_of(directory / "output"):
        said = text_of(directory / "emulator.log").strip()[-300:]
        raise GuestMissing(f"the emulator ended with {code}: {said or 'nothing said'}")
    return False


def run_in(directory, kernel, argv, timeout_s, append):
    words = " ".join(shlex.quote(str(word)) for word in argv)
    job = f"cd {shlex.quote(str(Path.cwd()))}\nexport HOME=/root PATH={GUEST_PATH}\nexec {words}\n"
    initramfs = make_initramfs(kernel, job, directory)
    started = time.monotonic()
    servers = []
    try:
        for tag, source in shares_of(kernel).items():
            servers.append(start_share(directory, tag, source))
        command = qemu_command(kernel, initramfs, directory, append)
        timed_out = emulate(directory, command, timeout_s)
    finally:
        for server in servers:
            server.kill()
            server.wait()
    return outcome(directory, timed_out, time.monotonic() - started)


GUEST_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def run(kernel, argv, timeout_s=600, append=""):
    """Runs @argv under @kernel in the current directory. @append: kernel parameters. Raises
    GuestMissing.
    """
    check(kernel.arch)
    with tempfile.TemporaryDirectory(prefix="bpfxray-guest-") as directory:
        return run_in(Path(directory), kernel, argv, timeout_s, append)
