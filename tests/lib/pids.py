# SPDX-License-Identifier: Apache-2.0
"""Process numbers that are used again: a program started under the number of one that ended, as
happens by itself once the kernel has counted through all of them.
"""

import ctypes
import os
import signal

CLONE3 = 435  # on every architecture
# Keeps the interpreter's lock: in the child no other thread is there to give it back.
LIBC = ctypes.PyDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long


class CloneArgs(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in (
        "flags", "pidfd", "child_tid", "parent_tid", "exit_signal", "stack", "stack_size", "tls",
        "set_tid", "set_tid_size", "cgroup")]


class Reused:
    """@argv under the number @pid, which must be free; a process group of its own."""

    def __init__(self, pid, argv, cwd):
        numbers = (ctypes.c_int * 1)(pid)
        args = CloneArgs(exit_signal=signal.SIGCHLD, set_tid=ctypes.addressof(numbers),
                         set_tid_size=1)
        found = LIBC.syscall(CLONE3, ctypes.byref(args), ctypes.c_size_t(ctypes.sizeof(args)))
        if found == 0:
            self.become(argv, cwd)
        if found != pid:
            number = ctypes.get_errno()
            raise OSError(number, f"clone3 for {pid}: {os.strerror(number)}")
        self.pid = pid

    @staticmethod
    def become(argv, cwd):
        try:
            os.setsid()
            os.chdir(cwd)
            for descriptor in range(3):
                os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
            os.execv(argv[0], [str(word) for word in argv])
        finally:
            os._exit(127)

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

