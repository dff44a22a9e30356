// SPDX-License-Identifier: Apache-2.0
/* ring.c - see ring.h. */
#include "probe/ring.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "probe/ring_read.h"
#include "util/cleanup.h"

struct ring {
	int fd;
	int wait_fd; /* epoll */
	struct ring_memory memory;
	struct ring_held held;
	bool draining;
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

static void take_record(void *ctx, const void *data, size_t len)
{
	struct ring *ring = ctx;
	struct record_view view;

	if (record_check(data, len, &view) < 0)
		ring->bad_records += !is_snapshot(data, len);
	else
		ring->sink.record(ring->sink.ctx, &view);
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

/* One page with the reader's position, to write; one with the writers', and the data behind it. */
static int map_memory(struct ring_memory *memory, int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 info_len = sizeof(info);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *at;

	if (bpf_obj_get_info_by_fd(fd, &info, &info_len))
		return -errno;
	memory->size = info.max_entries;
	at = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	memory->consumer = at;
	at = mmap(NULL, page + memory->size, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (at == MAP_FAILED)
		return -errno;
	memory->producer = at;
	memory->data = (const uint8_t *)at + page;
	return 0;
}

static void unmap_memory(struct ring_memory *memory)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (memory->consumer)
		munmap(memory->consumer, page);
	if (memory->producer)
		munmap((void *)memory->producer, page + memory->size);
}

int ring_open(int fd, struct ring_sink sink, struct ring **ret)
{
	struct ring *ring = calloc(1, sizeof(*ring));
	int err;

	if (!ring)
		return -ENOMEM;
	ring->fd = ring->wait_fd = -1;
	ring->sink = sink;
	err = map_memory(&ring->memory, fd) ?: open_wait(ring, fd);
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
	unmap_memory(&ring->memory);
	free(ring->held.at);
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

/* In the middle of a drain the positions are not where they seem to be. */
void ring_make_room(struct ring *ring)
{
	if (!ring->draining)
		ring_hold(&ring->memory, &ring->held);
}

int ring_drain(struct ring *ring)
{
	unsigned int count;

	ring->draining = true;
	count = ring_release(&ring->held, take_record, ring);
	count += ring_read(&ring->memory, take_record, ring);
	ring->draining = false;
	return (int)count;
}

uint64_t ring_bad_records(const struct ring *ring)
{
	return ring->bad_records;
}
