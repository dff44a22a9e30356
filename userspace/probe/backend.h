/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backend.h - which programs of the BPF object make up a backend: the ways to see that bytes went
 * over a socket, of which a kernel has some. Programs of no backend's name belong to all.
 */
#ifndef BPFXRAY_PROBE_BACKEND_H
#define BPFXRAY_PROBE_BACKEND_H

#include <stdbool.h>

#include "probe/kernel.h"

struct bpfxray_bpf;

/* "sock", "fentry", "kprobe" or "syscall". @backend is none of KERNEL_BACKEND_AUTO and _MAX. */
const char *backend_name(enum kernel_backend backend);

/* Its programs hang on functions of the kernel. */
bool backend_is_of_functions(enum kernel_backend backend);

/* The backend that is called @name, or KERNEL_BACKEND_MAX. */
enum kernel_backend backend_by_name(const char *name);

/*
 * Sets what is loaded of the opened @skel for @backend: its programs, without those for functions
 * that the running kernel does not have (IPv6, or gone with a newer kernel), and its maps; @again:
 * with the second programs of again.h; @old: as object_open() was told. Returns 0, or a negative
 * errno when the kernel's BTF cannot be read.
 */
int backend_choose(struct bpfxray_bpf *skel, enum kernel_backend backend, bool again, bool old);

#endif
