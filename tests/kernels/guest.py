# SPDX-License-Identifier: Apache-2.0
"""Boots a kernel in QEMU, with this machine's files under it, and runs one command there.

Emulated (TCG), so that it works where virtual machines have no hardware support: 13 to 40 times
slower than the host. The guest sees the host's tree as it is at the same paths; what it writes goes
to its own memory and is gone with it.
"""

import lzma
import shlex
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

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
)
# What Outcome.status is when the guest gave none.
TIMED_OUT = 124
DIED = 125
STATUS = "guest status "
MEMORY = "1536M"
CPUS = 2
START_TIMEOUT_S = 20


@dataclass
class Outcome:
    """What became of the command. @console: the kernel's messages."""

    status: int
    output: str
    console: str
    took_s: float


class GuestMissing(Exception):
    """This machine cannot run guests: a program is not installed."""


def program(*candidates):
    for name in candidates:
        found = shutil.which(name)
        if found:
            return found
    raise GuestMissing(f"{candidates[0]} is not installed: run `make deps-kernels`")


def unpacked(module):
    data = module.read_bytes()
    return lzma.decompress(data) if module.suffix == ".xz" else data


def make_initramfs(kernel, job, directory):
    """init.sh with a shell, the modules that it needs, and @job."""
    tree = directory / "initramfs"
    for name in ("bin", "modules", "proc", "sys", "dev"):
        (tree / name).mkdir(parents=True)
    busybox = program("busybox")
    shutil.copy(busybox, tree / "bin" / "busybox")
    (tree / "bin" / "sh").symlink_to("busybox")
    shutil.copy(INIT, tree / "init")
    (tree / "init").chmod(0o755)
    (tree / "job").write_text(job)
    for module in kernel.modules(MODULES):
        name = module.name.split(".ko")[0]
        target = tree / "modules" / f"{MODULES.index(name)}-{name}.ko"
        target.write_bytes(unpacked(module))
    names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))
    archive = directory / "initramfs.cpio"
    with open(archive, "wb") as out:
        subprocess.run(
            [busybox, "cpio", "-o", "-H", "newc"],
            cwd=tree,
            input=names.encode(),
            stdout=out,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    return archive


def share_root(directory):
    """Starts the server of the host's tree. Returns it and its socket."""
    socket = directory / "root.sock"
    log = open(directory / "virtiofsd.log", "wb")
    command = [program(*VIRTIOFSD), f"--socket-path={socket}"]
    command += ["-o", "source=/,sandbox=chroot,cache=always"]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    deadline = time.monotonic() + START_TIMEOUT_S
    while not socket.exists():
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            raise GuestMissing((directory / "virtiofsd.log").read_text()[-300:])
        time.sleep(0.02)
    return server, socket


def qemu_command(kernel, initramfs, socket, directory, append):
    return [
        program("qemu-system-x86_64"),
        *("-accel", "tcg", "-cpu", "max", "-smp", str(CPUS), "-m", MEMORY),
        *("-object", f"memory-backend-memfd,id=memory,size={MEMORY},share=on"),
        *("-numa", "node,memdev=memory"),
        *("-chardev", f"socket,id=root,path={socket}"),
        *("-device", "vhost-user-fs-pci,chardev=root,tag=host"),
        *("-kernel", kernel.image, "-initrd", initramfs),
        *("-append", f"console=ttyS0 loglevel=5 panic=-1 {append}".strip()),
        *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
        *("-serial", f"file:{directory / 'console'}", "-serial", f"file:{directory / 'output'}"),
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


def run_in(directory, kernel, argv, timeout_s, append):
    words = " ".join(shlex.quote(str(word)) for word in argv)
    job = f"cd {shlex.quote(str(Path.cwd()))}\nexport HOME=/root PATH={GUEST_PATH}\nexec {words}\n"
    initramfs = make_initramfs(kernel, job, directory)
    server, socket = share_root(directory)
    started = time.monotonic()
    timed_out = False
    try:
        command = qemu_command(kernel, initramfs, socket, directory, append)
        subprocess.run(
            [str(word) for word in command], stdin=subprocess.DEVNULL, timeout=timeout_s
        )
    except subprocess.TimeoutExpired:
        timed_out = True
    finally:
        server.kill()
        server.wait()
    return outcome(directory, timed_out, time.monotonic() - started)


GUEST_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def run(kernel, argv, timeout_s=600, append=""):
    """Runs @argv under @kernel in the current directory. @append: kernel parameters."""
    with tempfile.TemporaryDirectory(prefix="bpfxray-guest-") as directory:
        return run_in(Path(directory), kernel, argv, timeout_s, append)
