/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object.h - the BPF object, of which there are two: one for kernels from 5.15 on, and one of the
 * same sources for older ones (bpf/compat.bpf.h). They have the same maps, programs and variables,
 * hence one skeleton.
 */
#ifndef BPFXRAY_PROBE_OBJECT_H
#define BPFXRAY_PROBE_OBJECT_H

#include <stdbool.h>

struct bpfxray_bpf;

/* Whether the running kernel needs the object for older ones. */
bool object_kernel_is_old(void);

/*
 * Opens one of the two. Returns it, to be ended with bpfxray_bpf__destroy(), or NULL with errno
 * set. @old: the one for older kernels, whose map thread_of_task has the thread's id as its key,
 * and whose programs know sockets by their address alone. Newer kernels take it, too.
 */
struct bpfxray_bpf *object_open(bool old);

#endif
