/* SPDX-License-Identifier: Apache-2.0 */
/* kernel.c - see kernel.h: loading, attaching and choosing the backend. */
#include "probe/kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe/again.h"
#include "probe/backend.h"
#include "probe/features.h"
#include "probe/kernel_private.h"
#include "probe/object.h"
#include "probe/ring.h"
#include "probe/uprobe_multi.h"
#include "util/cleanup.h"

const char *kernel_backend_name(const struct kernel *kernel)
{
	return backend_name(kernel->backend);
}

static int print_quietly(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

static int print_all(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_DEBUG ? 0 : vfprintf(stderr, format, args);
}

/* Where the sweep is an iterator, its link names the map that it walks. */
static int attach_sweep(struct kernel *kernel)
{
	union bpf_iter_link_info info = { .map.map_fd = bpf_map__fd(kernel->skel->maps.pool) };
	struct bpf_iter_attach_opts opts;

	if (!kernel->old)
		return 0;
	/*
	 * not LIBBPF_OPTS(): it leaves the padding behind link_info_len as it was, and libbpf
	 * looks at it
	 */
	memset(&opts, 0, sizeof(opts));
	opts.sz = sizeof(opts);
	opts.link_info = &info;
	opts.link_info_len = sizeof(info);
	kernel->sweep = bpf_program__attach_iter(kernel->skel->progs.sweep, &opts);
	return kernel->sweep ? 0 : -errno;
}

static int attach(struct kernel *kernel)
{
	int err;

	bpf_program__set_autoattach(kernel->skel->progs.sweep, false);
	/* with the second programs there is nothing left to watch for */
	bpf_program__set_autoattach(kernel->skel->progs.tp__sock_send_watch, !kernel->again);
	err = bpfxray_bpf__attach(kernel->skel);
	return err ?: attach_sweep(kernel);
}

/* This process as its own target, for the time of one message over a socket pair. */
static int see_own_call(struct kernel *kernel)
{
	_cleanup_close_ int pidfd = syscall(SYS_pidfd_open, getpid(), 0);
	uint64_t before[BX_C_MAX], after[BX_C_MAX];
	uint32_t self = getpid();
	int pair[2], err;
	char byte = '?';

	if (pidfd < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	kernel_counters(kernel, before);
	memcpy(after, before, sizeof(after));
	err = kernel_add_target(kernel, self, self) ?: kernel_mark(kernel);
	if (!err && write(pair[0], &byte, 1) == 1 && read(pair[1], &byte, 1) == 1)
		kernel_counters(kernel, after);
	bpf_map_delete_elem(bpf_map__fd(kernel->skel->maps.thread_of_task),
			    kernel->old ? (void *)&self : (void *)&pidfd);
	bpf_map_delete_elem(bpf_map__fd(kernel->skel->maps.bx_targets), &self);
	kernel_release_all(kernel);
	close(pair[0]);
	close(pair[1]);
	if (err)
		return err;
	return after[BX_C_CALLS] >= before[BX_C_CALLS] + 2 ? 0 : -ENOMSG;
}

static int size_maps(struct kernel *kernel)
{
	const struct kernel_options *options = &kernel->options;
	int err = 0;

	if (options->ring_bytes)
		err = bpf_map__set_max_entries(kernel->skel->maps.ring, options->ring_bytes);
	if (!err && options->open_exchanges)
		err = bpf_map__set_max_entries(kernel->skel->maps.pool, options->open_exchanges);
	return err;
}

static int load_backend(struct kernel *kernel, enum kernel_backend backend, const char **ret_step)
{
	int err;

	*ret_step = "open";
	kernel->backend = backend;
	kernel->skel = object_open(kernel->old);
	if (!kernel->skel)
		return -errno;
	err = backend_choose(kernel->skel, backend, kernel->again, kernel->old)
		      ?: size_maps(kernel);
	if (err)
		return err;
	if (kernel->multi)
		uprobe_multi_prepare(kernel->skel->obj);
	*ret_step = "load";
	err = bpfxray_bpf__load(kernel->skel);
	if (err)
		return err;
	*ret_step = "attach";
	err = attach(kernel);
	if (err)
		return err;
	*ret_step = "see one call";
	return see_own_call(kernel);
}

static void unload(struct kernel *kernel)
{
	bpf_link__destroy(kernel->sweep);
	kernel->sweep = NULL;
	bpfxray_bpf__destroy(kernel->skel);
	kernel->skel = NULL;
}

static int try_backends(struct kernel *kernel, enum kernel_backend wanted, char *why,
			size_t why_cap)
{
	size_t used = 0;
	int err = -EOPNOTSUPP;

	snprintf(why, why_cap, "no backend can be tried");
	for (enum kernel_backend i = KERNEL_BACKEND_SOCK; i < KERNEL_BACKEND_MAX; i++) {
		const char *step;
		char error[96];
		int n;

		if (wanted != KERNEL_BACKEND_AUTO && wanted != i)
			continue;
		if (backend_is_of_functions(i) && !functions_are_traced())
			continue;
		kernel->again = false;
		err = load_backend(kernel, i, &step);
		if (!err && again_lacks(kernel)) {
			unload(kernel);
			kernel->again = true;
			err = load_backend(kernel, i, &step);
		}
		if (!err)
			return 0;
		n = snprintf(why + used, why_cap - used, "%sbackend %s: %s failed: %s",
			     used ? "; " : "", kernel_backend_name(kernel), step,
			     feature_error_text(-err, error, sizeof(error)));
		if (n > 0 && used + n < why_cap)
			used += n;
		unload(kernel);
	}
	return err;
}

static void ignore(void *ctx, const struct record_view *view)
{
	(void)ctx, (void)view;
}

/* What the own call left in the ring is nobody's. */
static int empty_ring(const struct kernel *kernel)
{
	_cleanup_close_ int fd = fcntl(kernel_ring_fd(kernel), F_DUPFD_CLOEXEC, 3);
	struct ring *ring;
	int err = fd < 0 ? -errno : ring_open(fd, (struct ring_sink){ .record = ignore }, &ring);

	if (err)
		return err;
	(void)TAKE_FD(fd);
	ring_drain(ring);
	ring_free(ring);
	return 0;
}

int kernel_ring_fd(const struct kernel *kernel)
{
	return bpf_map__fd(kernel->skel->maps.ring);
}

int kernel_open(const struct kernel_options *options, struct kernel **ret, char *why,
		size_t why_cap)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));
	int err;

	if (!kernel)
		return -ENOMEM;
	libbpf_set_print(options->verbose ? print_all : print_quietly);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	kernel->options = *options;
	kernel->old = object_kernel_is_old();
	kernel->multi = !kernel->old && uprobe_multi_works();
	err = try_backends(kernel, options->backend, why, why_cap);
	if (err) {
		kernel_free(kernel);
		return err;
	}
	kernel_counters(kernel, kernel->base);
	err = empty_ring(kernel);
	if (err) {
		snprintf(why, why_cap, "ring buffer: %s", strerror(-err));
		kernel_free(kernel);
		return err;
	}
	*ret = kernel;
	return 0;
}

void kernel_detach(struct kernel *kernel)
{
	bpfxray_bpf__detach(kernel->skel);
}

struct kernel *kernel_free(struct kernel *kernel)
{
	if (!kernel)
		return NULL;
	unload(kernel);
	free(kernel);
	return NULL;
}
