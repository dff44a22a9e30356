/* SPDX-License-Identifier: Apache-2.0 */
/* kernel_run.c - see kernel.h: targets, sweeping and counting while it runs. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "probe/again.h"
#include "probe/kernel_private.h"
#include "util/cleanup.h"

int kernel_add_target(struct kernel *kernel, pid_t tgid, pid_t root)
{
	struct target_value target = { .agent_pid = kernel->options.agent_pid ?: getpid(),
				       .root_pid = root };
	uint32_t key = tgid;

	return bpf_map_update_elem(bpf_map__fd(kernel->skel->maps.bx_targets), &key, &target,
				   BPF_ANY)
		       ? -errno
		       : 0;
}

pid_t kernel_target_root(struct kernel *kernel, pid_t tgid)
{
	struct target_value target;
	uint32_t key = tgid;

	return bpf_map_lookup_elem(bpf_map__fd(kernel->skel->maps.bx_targets), &key, &target)
		       ? 0
		       : (pid_t)target.root_pid;
}

void kernel_drop_target(struct kernel *kernel, pid_t tgid)
{
	uint32_t key = tgid;

	bpf_map_delete_elem(bpf_map__fd(kernel->skel->maps.bx_targets), &key);
}

/* Runs an iterator to its end; what it prints (nothing) is read and dropped. */
static int iterate(struct bpf_link *link)
{
	_cleanup_close_ int fd = bpf_iter_create(bpf_link__fd(link));
	char sink[64];
	ssize_t n;

	if (fd < 0)
		return fd;
	do {
		n = read(fd, sink, sizeof(sink));
	} while (n > 0 || (n < 0 && errno == EAGAIN));
	return n < 0 ? -errno : 0;
}

int kernel_mark(struct kernel *kernel)
{
	return iterate(kernel->skel->links.iter__mark_threads)
		       ?: iterate(kernel->skel->links.iter__mark_listeners);
}

static size_t count_keys(int fd, void *key)
{
	void *previous = NULL;
	size_t n = 0;

	while (!bpf_map_get_next_key(fd, previous, key)) {
		previous = key;
		n++;
	}
	return n;
}

size_t kernel_targets(struct kernel *kernel)
{
	uint32_t tgid;

	return count_keys(bpf_map__fd(kernel->skel->maps.bx_targets), &tgid);
}

bool kernel_is_target(struct kernel *kernel, pid_t tgid)
{
	struct target_value target;
	uint32_t key = tgid;

	return !bpf_map_lookup_elem(bpf_map__fd(kernel->skel->maps.bx_targets), &key, &target);
}

pid_t kernel_next_target(struct kernel *kernel, pid_t tgid)
{
	uint32_t key = tgid, next;
	int fd = bpf_map__fd(kernel->skel->maps.bx_targets);

	return bpf_map_get_next_key(fd, tgid ? &key : NULL, &next) ? 0 : (pid_t)next;
}

size_t kernel_open_exchanges(struct kernel *kernel)
{
	uint64_t conn;

	return count_keys(bpf_map__fd(kernel->skel->maps.pool), &conn);
}

/* Runs a program that hangs on nothing, here and now. */
static int call(const struct bpf_program *program)
{
	struct bpf_test_run_opts opts = { .sz = sizeof(opts) };

	return bpf_prog_test_run_opts(bpf_program__fd(program), &opts);
}

int kernel_sweep(struct kernel *kernel)
{
	int fd = bpf_map__fd(kernel->skel->maps.idle_by_conn);
	int r = kernel->old ? iterate(kernel->sweep) : call(kernel->skel->progs.sweep);

	while (kernel->idle_count)
		bpf_map_delete_elem(fd, &kernel->idle[--kernel->idle_count]);
	return r;
}

void kernel_release_idle(struct kernel *kernel, uint64_t conn, uint32_t seq)
{
	int fd = bpf_map__fd(kernel->skel->maps.idle_by_conn);

	if (kernel->idle_count < BX_POOL_MAX && !bpf_map_update_elem(fd, &conn, &seq, BPF_ANY))
		kernel->idle[kernel->idle_count++] = conn;
}

void kernel_release(struct kernel *kernel, uint64_t conn)
{
	bpf_map_delete_elem(bpf_map__fd(kernel->skel->maps.pool), &conn);
}

void kernel_release_all(struct kernel *kernel)
{
	int fd = bpf_map__fd(kernel->skel->maps.pool);
	uint64_t conn;

	while (!bpf_map_get_next_key(fd, NULL, &conn))
		bpf_map_delete_elem(fd, &conn);
}

/* Keys of tls_sessions and kept_calls; mirrors struct tls_key and client_key of bpf/maps.bpf.h */
struct object_key {
	uint64_t object;
	uint32_t tgid;
	uint32_t pad;
};

/* An element that is gone when its follower is asked for begins the walk anew: hence the bound. */
static void forget_ended(struct kernel *kernel, struct bpf_map *map)
{
	uint32_t patience = 2 * bpf_map__max_entries(map);
	struct object_key at, next;
	int fd = bpf_map__fd(map), end = bpf_map_get_next_key(fd, NULL, &at);

	while (!end && patience--) {
		end = bpf_map_get_next_key(fd, &at, &next);
		if (!kernel_is_target(kernel, (pid_t)at.tgid))
			bpf_map_delete_elem(fd, &at);
		at = next;
	}
}

void kernel_forget_ended(struct kernel *kernel)
{
	forget_ended(kernel, kernel->skel->maps.tls_sessions);
	forget_ended(kernel, kernel->skel->maps.kept_calls);
}

static uint64_t counter_sum(int fd, uint32_t which, uint64_t *values, int cpus)
{
	uint64_t sum = 0;

	if (bpf_map_lookup_elem(fd, &which, values))
		return 0;
	for (int i = 0; i < cpus; i++)
		sum += values[i];
	return sum;
}

void kernel_counters(struct kernel *kernel, uint64_t ret[BX_C_MAX])
{
	int fd = bpf_map__fd(kernel->skel->maps.counters), cpus = libbpf_num_possible_cpus();
	_cleanup_free_ uint64_t *values = calloc(cpus > 0 ? cpus : 1, sizeof(*values));
	uint64_t missed;

	memset(ret, 0, BX_C_MAX * sizeof(*ret));
	if (!values || cpus <= 0)
		return;
	for (uint32_t i = 0; i < BX_C_MAX; i++)
		ret[i] = counter_sum(fd, i, values, cpus) - kernel->base[i];
	ret[BX_C_LEFT_OUT] = again_left_out(kernel, &missed) - kernel->base[BX_C_LEFT_OUT];
	ret[BX_C_MISSED] = missed - kernel->base[BX_C_MISSED];
}
