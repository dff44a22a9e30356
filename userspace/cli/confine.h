/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.h - gives up, once everything is attached, what a running trace does not need: it parses
 * what strangers send to the traced service.
 *
 * What remains is still much: uprobes on libraries that are loaded later, and the kernel side's
 * maps, need CAP_SYS_ADMIN or CAP_BPF and CAP_PERFMON for life, and the names of new processes
 * CAP_SYS_PTRACE. But no other program can be started, no process traced, signalled or written to
 * by system call, no module loaded, nothing mounted, no namespace entered, no clock set; and no
 * privilege comes back.
 */
#ifndef BPFXRAY_CLI_CONFINE_H
#define BPFXRAY_CLI_CONFINE_H

#include <stdio.h>

/*
 * For this process and for good: keeps a few capabilities, sets no_new_privs, refuses system calls
 * with EPERM. 0 or a negative errno; a step that fails does not keep the others from being taken.
 */
int confine_process(void);

/* A line that says what remains, for `doctor`. */
void confine_describe(FILE *out);

#endif
