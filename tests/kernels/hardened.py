# SPDX-License-Identifier: Apache-2.0
"""Checks of inside.py on a machine as it is hardened in the field: whether a trace sees a request
there, or says in its one line what refuses it.

The last one cannot be taken back while the machine runs.
"""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from lib import shapes, traced
from lib.paths import BPFXRAY, TESTS
from lib.process import Processes

UNREAD = TESTS / "e2e" / "test_unread.py"
TRACEFS = Path("/sys/kernel/tracing")
FTRACE = Path("/proc/sys/kernel/ftrace_enabled")
PARANOID = Path("/proc/sys/kernel/perf_event_paranoid")
LOCKDOWN = Path("/sys/kernel/security/lockdown")
REFUSED_TIMEOUT_S = 200
# Not the soft lockups of an emulated machine that waits for its host.
WARNING = re.compile(r"^(WARNING: |kernel BUG at |BUG: |Oops)")
KMSG_RECORD_MAX = 8192
EXIT_PRIVILEGE, EXIT_KERNEL = 3, 5
# As a container's process has them, which is process 1 there. A user namespace cannot be made below
# a changed root, which the guest's is: tests/e2e/test_processes.py has one.
NAMESPACES = ("unshare", "--pid", "--fork", "--mount-proc")
# Root without what stands above the event's sysctl.
WITHOUT_PERFMON = ("setpriv", "--bounding-set", "-sys_admin,-perfmon")


class Unmet(Exception):
    """What was expected did not happen."""


def only_child(pid):
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


def sees_a_request(before=(), options=()):
    """One request to a server that is started by @before."""
    with Processes() as processes:
        server = shapes.shape_server(processes, before=before)
        pid = only_child(server.pid) if before else server.pid
        with traced.session(processes, [pid], options) as one:
            ask = shapes.Ask("GET", "/plain").send(server.address)
            one.finish()
        # unshare lets no other signal end it while its child runs
        processes.stop(server.process, number=signal.SIGKILL)
    found = shapes.found(one, ask)
    if [segment.own.get("pid") for segment in found] != [pid]:
        raise Unmet(f"{found} of process {pid}; {one.story()}")
    return one.tracer.ready_line


def is_refused(code, text, before=(), options=()):
    command = [*before, BPFXRAY, "trace", "--pid", "1", "--no-daemon", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=REFUSED_TIMEOUT_S)
    said = done.stderr.strip()
    if done.returncode != code or text not in said or len(said.splitlines()) != 1:
        raise Unmet(f"exit {done.returncode} instead of {code} with `{text}`: {said}")


def kernel_log():
    """Its lines; without dmesg, which a small guest lacks."""
    lines = []
    log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    try:
        while True:
            lines.append(os.read(log, KMSG_RECORD_MAX).decode(errors="replace").split(";", 1)[1])
    except BlockingIOError:
        return lines
    finally:
        os.close(log)


def kernel_warning():
    """The first one in the kernel's log with what follows it, or nothing."""
    lines = kernel_log()
    at = next((i for i, line in enumerate(lines) if WARNING.search(line)), None)
    return "" if at is None else "".join(lines[max(0, at - 1) : at + 40])


def namespaces_of_the_target():
    sees_a_request(before=NAMESPACES)


def no_tracefs():
    """Needed by the backend `syscall` alone."""
    subprocess.run(["umount", TRACEFS], check=True)
    try:
        sees_a_request()
        is_refused(EXIT_KERNEL, "mount -t tracefs", options=("--backend", "syscall"))
    finally:
        subprocess.run(["mount", "-t", "tracefs", "tracefs", TRACEFS], check=True)


def silent_functions():
    """Probes of functions would attach and never be hit, and the kernel would warn of them: what
    does not hang on functions is taken.
    """
    try:
        FTRACE.write_text("0")
    except OSError as error:
        return [f"SKIP silent_functions: this kernel does not let ftrace be turned off: {error}"]
    try:
        ready = sees_a_request()
        if not re.search(r"backend (sock|syscall)\b", ready):
            raise Unmet(ready)
        said = subprocess.run([BPFXRAY, "doctor"], capture_output=True, text=True).stdout
        if "kernel.ftrace_enabled is 0" not in said:
            raise Unmet(said)
        if warned := kernel_warning():
            raise Unmet(warned)
    finally:
        FTRACE.write_text("1")


def paranoid_events():
    """Above 2 only Debian's and Android's kernels differ: root's rights stand above it."""
    usual = PARANOID.read_text()
    PARANOID.write_text("4")
    try:
        sees_a_request()
        is_refused(EXIT_PRIVILEGE, "rights to load BPF", WITHOUT_PERFMON)
    finally:
        PARANOID.write_text(usual)


def lockdown():
    LOCKDOWN.write_text("integrity")
    sees_a_request()
    LOCKDOWN.write_text("confidentiality")
    is_refused(EXIT_KERNEL, "lockdown=integrity")


def unread_bytes():
    done = subprocess.run([sys.executable, UNREAD, "--fast"], capture_output=True, text=True)
    if done.returncode:
        raise Unmet(done.stdout[-3000:] + done.stderr[-1000:])
    return [line for line in done.stdout.splitlines() if line.startswith("SKIP")]


CHECKS = (
    unread_bytes,
    namespaces_of_the_target,
    no_tracefs,
    silent_functions,
    paranoid_events,
    lockdown,
)


def check(_):
    """Also what is counted and not read: some of it needs what the developers' kernel lacks."""
    met, story, skipped = 0, "", []
    os.environ.pop("BPFXRAY_TEST_BACKEND", None)
    traced.BACKEND = None
    for one in CHECKS:
        try:
            skipped += one() or []
            met += 1
        except Exception as error:  # the next is tried all the same
            story += f"{one.__name__}: {type(error).__name__}: {error}\n"
    tests = "; ".join([f"{met} of {len(CHECKS)}", *skipped])
    return {"ok": not story, "tests": tests, "story": story[-4000:]}
