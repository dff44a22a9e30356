/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature_bpf.h - one-act BPF programs that show whether a hook works: load, attach, make it fire,
 * count, detach.
 */
#ifndef BPFXRAY_PROBE_FEATURE_BPF_H
#define BPFXRAY_PROBE_FEATURE_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>

struct btf;

/* Something that the calling process does to make a hook fire. 0 or a negative errno. */
typedef int (*hook_trigger)(void);

int trigger_unix_message(void); /* one byte sent and received over a socket pair */
int trigger_tcp_state(void);	/* a TCP socket starts and ends listening on loopback */
int trigger_tcp_message(void);	/* one byte sent and received over TCP on loopback */
int trigger_getppid(void);	/* a system call without effect */

enum hook_result {
	HOOK_FIRES,
	HOOK_ATTACHES, /* no trigger was given */
	HOOK_ABSENT,   /* the kernel knows no such hook */
	HOOK_NO_LOAD,
	HOOK_NO_ATTACH,
	HOOK_SILENT, /* attached, triggered, and its program did not run */
};

struct hook_outcome {
	enum hook_result result;
	int error;
};

/* The BTF tracepoint @name ("sock_send_length"). @trigger may be NULL. */
struct hook_outcome hook_try_tp_btf(const struct btf *btf, const char *name, hook_trigger trigger);

/* The return of the kernel's function @name, by a trampoline. @trigger may be NULL. */
struct hook_outcome hook_try_fexit(const struct btf *btf, const char *name, hook_trigger trigger);

/* The entry of the kernel's function @name, by a breakpoint. @trigger may be NULL. */
struct hook_outcome hook_try_kprobe(const char *name, hook_trigger trigger);

/* The tracepoint whose number is @id (the file `id` in its tracefs folder). */
struct hook_outcome hook_try_tracepoint(int id, hook_trigger trigger);

/* A breakpoint in a program's file, made and dropped. 0 or a negative errno. */
int try_library_probe(void);

/* Loads (and drops) a program that asks for its task's registers. 0 or a negative errno. */
int load_task_registers(void);

#endif
