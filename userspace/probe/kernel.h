/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel.h - the kernel side as an object: loaded, attached to targets, swept, counted, let go. Its
 * records are read by ring.h, which may be in another process.
 *
 * libbpf lives only in probe/. Nothing stays attached when the process ends, however it ends: every
 * link is a descriptor of this process.
 */
#ifndef BPFXRAY_PROBE_KERNEL_H
#define BPFXRAY_PROBE_KERNEL_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bpfxray/wire.h"

enum kernel_backend {
	KERNEL_BACKEND_AUTO,
	/* in the order in which they are tried */
	KERNEL_BACKEND_SOCK,
	KERNEL_BACKEND_FENTRY,
	KERNEL_BACKEND_KPROBE,
	KERNEL_BACKEND_SYSCALL,
	KERNEL_BACKEND_MAX,
};

struct kernel_options {
	enum kernel_backend backend;
	size_t ring_bytes;     /* a power of two; 0: BX_RING_BYTES */
	size_t open_exchanges; /* places in the pool; 0: BX_POOL_MAX */
	pid_t agent_pid;       /* whom another tracer is told of; 0: this process */
	bool verbose;	       /* libbpf's own messages, the verifier's log included */
};

struct kernel;

/*
 * Loads and attaches: the first backend, in the order of enum kernel_backend, that loads, attaches
 * and sees the calls that this process makes itself on a socket pair. No target yet. Returns 0, or
 * a negative errno with @why set to what failed.
 */
int kernel_open(const struct kernel_options *options, struct kernel **ret, char *why,
		size_t why_cap);
struct kernel *kernel_free(struct kernel *kernel);

/* The descriptor of the ring buffer, the kernel's own, for ring_open(). */
int kernel_ring_fd(const struct kernel *kernel);

/* "sock", "fentry", "kprobe" or "syscall". */
const char *kernel_backend_name(const struct kernel *kernel);

/*
 * Follows process @tgid, a descendant of @root or @root itself; its threads only with
 * kernel_mark().
 */
int kernel_add_target(struct kernel *kernel, pid_t tgid, pid_t root);

/* The root that @tgid was said to descend from, or whose descendant forked it; 0: not followed. */
pid_t kernel_target_root(struct kernel *kernel, pid_t tgid);

/*
 * Takes back what was added for a process that ended before its threads were marked: nothing else
 * would, and its number may be another's soon.
 */
void kernel_drop_target(struct kernel *kernel, pid_t tgid);

/* Makes every thread of the listed targets a traced one, and their listeners known. */
int kernel_mark(struct kernel *kernel);

/* Processes followed now. */
size_t kernel_targets(struct kernel *kernel);
bool kernel_is_target(struct kernel *kernel, pid_t tgid);

/* The process followed behind @tgid, in no order; 0: the first one. Returns 0 behind the last. */
pid_t kernel_next_target(struct kernel *kernel, pid_t tgid);

/* Exchanges that are open now: opened, and neither sent for good, nor dropped, nor lost. */
size_t kernel_open_exchanges(struct kernel *kernel);

/* Walks the open exchanges: quiet ones come as snapshots with the next drain. */
int kernel_sweep(struct kernel *kernel);

/* The exchange of connection @conn is finished and idle: its place in the pool is free again. */
void kernel_release(struct kernel *kernel, uint64_t conn);

/*
 * Exchange @seq of @conn is answered and quiet: the next sweep ends it, if it is still the same,
 * and frees its place.
 */
void kernel_release_idle(struct kernel *kernel, uint64_t conn, uint32_t seq);

/*
 * Drops what is known of the TLS sessions and client libraries of processes that have ended: one
 * that ends does not free them (a child for each connection never does), and they would fill up.
 */
void kernel_forget_ended(struct kernel *kernel);

/* Stops all probes; what is in the ring can still be drained. */
void kernel_detach(struct kernel *kernel);

/* Counters since kernel_open(), summed over the CPUs. */
void kernel_counters(struct kernel *kernel, uint64_t ret[BX_C_MAX]);

/*
 * The process id of another live tracer that follows @tgid, 0 when there is none, or a negative
 * errno. Found through the kernel's list of BPF maps: a tracer that was killed leaves nothing to be
 * found.
 */
int kernel_rival(pid_t tgid);

#endif
