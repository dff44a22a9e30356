// SPDX-License-Identifier: Apache-2.0
/* ring.c - see ring.h. */
#include "probe/ring.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "util/cleanup.h"

struct ring {
	int fd;
	int wait_fd; /* epoll */
	struct ring_buffer *buffer;
	struct ring_sink sink;
	uint64_t bad_records;
};

/*
 * The sweep may catch an exchange in the middle of a call: such a snapshot contradicts itself and
 * is passed over, because the exchange is sent again.
 */
static bool is_snapshot(const void *data, size_t len)
{
	const struct bx_exchange *ex = data;

	return len >= sizeof(*ex) && ex->record.type == BX_RECORD_EXCHANGE &&
	       ex->flags & BX_EX_SNAPSHOT;
}

static int handle_record(void *ctx, void *data, size_t len)
{
	struct ring *ring = ctx;
	struct record_view view;

	if (record_check(data, len, &view) < 0)
		ring->bad_records += !is_snapshot(data, len);
	else
		ring->sink.record(ring->sink.ctx, &view);
	return 0;
}

/*
 * Edge-triggered: a ring that holds anything counts as readable, and under load would never let the
 * agent sleep; only the kernel side's own wake-up does.
 */
static int open_wait(struct ring *ring, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	ring->wait_fd = epoll_create1(EPOLL_CLOEXEC);
	if (ring->wait_fd < 0)
		return -errno;
	return epoll_ctl(ring->wait_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

int ring_open(int fd, struct ring_sink sink, struct ring **ret)
{
	struct ring *ring = calloc(1, sizeof(*ring));
	int err;

	if (!ring)
		return -ENOMEM;
	ring->fd = ring->wait_fd = -1;
	ring->sink = sink;
	ring->buffer = ring_buffer__new(fd, handle_record, ring, NULL);
	err = ring->buffer ? open_wait(ring, fd) : -errno;
	if (err) {
		ring_free(ring);
		return err;
	}
	ring->fd = fd;
	*ret = ring;
	return 0;
}

struct ring *ring_free(struct ring *ring)
{
	if (!ring)
		return NULL;
	ring_buffer__free(ring->buffer);
	cleanup_close(&ring->wait_fd);
	cleanup_close(&ring->fd);
	free(ring);
	return NULL;
}

int ring_wait(struct ring *ring, int timeout_ms)
{
	struct epoll_event event;
	int n = epoll_wait(ring->wait_fd, &event, 1, timeout_ms);

	return n < 0 ? -errno : n;
}

int ring_drain(struct ring *ring)
{
	return ring_buffer__consume(ring->buffer);
}

uint64_t ring_bad_records(const struct ring *ring)
{
	return ring->bad_records;
}
