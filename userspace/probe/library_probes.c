// SPDX-License-Identifier: Apache-2.0
/* library_probes.c - see library_probes.h. */
#include "probe/library_probes.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "probe/uprobe_multi.h"

/* Either way of holding what is attached. */
struct held {
	struct bpf_link *link; /* of one point; NULL: @fd is one of several */
	int fd;
	pthread_t closer;
	bool closing;
};

struct library_probes {
	size_t count;
	struct held at[LIBRARY_POINTS_MAX];
};

static void *end_link(void *at)
{
	struct held *held = at;

	close(held->fd);
	return NULL;
}

/*
 * The kernel waits at the end of each link until no program runs on it any more; of those that end
 * at the same time it waits once. What has a breakpoint of its own is waited for under a lock.
 */
struct library_probes *library_probes_free(struct library_probes *probes)
{
	if (!probes)
		return NULL;
	for (size_t i = 0; i < probes->count; i++) {
		struct held *held = &probes->at[i];

		if (held->link)
			bpf_link__destroy(held->link);
		else if (!pthread_create(&held->closer, NULL, end_link, held))
			held->closing = true;
		else
			end_link(held);
	}
	for (size_t i = 0; i < probes->count; i++)
		if (probes->at[i].closing)
			pthread_join(probes->at[i].closer, NULL);
	free(probes);
	return NULL;
}

static int attach_one(struct library_probes *probes, const char *path,
		      const struct library_point *point)
{
	struct bpf_uprobe_opts options = {
		.sz = sizeof(options),
		.bpf_cookie = point->cookie,
		.retprobe = point->at_return,
	};
	struct bpf_link *link =
		bpf_program__attach_uprobe_opts(point->program, -1, path, point->offset, &options);

	if (!link)
		return -errno;
	probes->at[probes->count++].link = link;
	return 0;
}

static bool is_alike(const struct library_point *a, const struct library_point *b)
{
	return a->program == b->program && a->at_return == b->at_return;
}

/* The first of @points, and those that are like it. */
static int attach_alike(struct library_probes *probes, const char *path,
			const struct library_point *points, size_t count)
{
	uint64_t offsets[LIBRARY_POINTS_MAX], cookies[LIBRARY_POINTS_MAX];
	struct uprobe_multi what = {
		.path = path,
		.at_return = points->at_return,
		.offsets = offsets,
		.cookies = cookies,
	};
	int fd;

	for (size_t i = 0; i < count; i++) {
		if (!is_alike(&points[i], points))
			continue;
		offsets[what.count] = points[i].offset;
		cookies[what.count++] = points[i].cookie;
	}
	fd = uprobe_multi_attach(bpf_program__fd(points->program), &what);
	if (fd < 0)
		return fd;
	probes->at[probes->count++].fd = fd;
	return 0;
}

static bool has_alike(const struct library_point *points, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (is_alike(&points[k], &points[i]))
			return true;
	return false;
}

int library_probes_attach(const char *path, const struct library_point *points, size_t count,
			  bool multi, struct library_probes **ret)
{
	struct library_probes *probes = calloc(1, sizeof(*probes));
	int err = probes ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < count; i++) {
		if (!multi)
			err = attach_one(probes, path, &points[i]);
		else if (!has_alike(points, i))
			err = attach_alike(probes, path, &points[i], count - i);
	}
	if (err) {
		library_probes_free(probes);
		return err;
	}
	*ret = probes;
	return 0;
}
