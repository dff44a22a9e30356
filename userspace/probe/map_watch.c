// SPDX-License-Identifier: Apache-2.0
/* map_watch.c - see map_watch.h: perf's ring buffers, one per CPU, behind one epoll descriptor. */
#include "probe/map_watch.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "util/cleanup.h"

/* Of each CPU's ring: some 150 records, more than a large program's start makes. */
#define RING_PAGES 8
/* perf's largest record of this kind: the fixed part and a path of PATH_MAX, rounded up. */
#define RECORD_CAP 8192

struct cpu_ring {
	int fd;
	struct perf_event_mmap_page *page; /* followed by RING_PAGES pages of records */
};

struct map_watch {
	int epoll;
	size_t page_len;
	size_t count;
	struct cpu_ring at[];
};

/* include/uapi/linux/perf_event.h, PERF_RECORD_MMAP2, up to its path. */
struct mmap2_record {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t addr, len, pgoff;
	uint32_t major, minor;
	uint64_t inode, generation;
	uint32_t prot, flags;
	char path[];
};

static int open_event(int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.mmap = 1,
		.mmap2 = 1,
		.watermark = 1,
		.wakeup_watermark = 1,
		.exclude_kernel = 1,
		/* each record ends with its time */
		.sample_id_all = 1,
		.sample_type = PERF_SAMPLE_TIME,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int open_ring(struct map_watch *watch, int cpu)
{
	struct cpu_ring *ring = &watch->at[watch->count];
	struct epoll_event event = { .events = EPOLLIN };
	_cleanup_close_ int fd = open_event(cpu);

	if (fd == -ENODEV) /* the CPU is offline */
		return 0;
	if (fd < 0)
		return fd;
	ring->page = mmap(NULL, (1 + RING_PAGES) * watch->page_len, PROT_READ | PROT_WRITE,
			  MAP_SHARED, fd, 0);
	if (ring->page == MAP_FAILED)
		return -errno;
	ring->fd = TAKE_FD(fd);
	watch->count++;
	return epoll_ctl(watch->epoll, EPOLL_CTL_ADD, ring->fd, &event) < 0 ? -errno : 0;
}

int map_watch_open(struct map_watch **ret)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	struct map_watch *watch =
		calloc(1, sizeof(*watch) + (cpus > 0 ? cpus : 0) * sizeof(watch->at[0]));
	int err = 0;

	if (!watch)
		return -ENOMEM;
	watch->page_len = (size_t)sysconf(_SC_PAGESIZE);
	watch->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (watch->epoll < 0)
		err = -errno;
	for (int cpu = 0; !err && cpu < cpus; cpu++)
		err = open_ring(watch, cpu);
	if (err) {
		map_watch_free(watch);
		return err;
	}
	*ret = watch;
	return 0;
}

struct map_watch *map_watch_free(struct map_watch *watch)
{
	if (!watch)
		return NULL;
	for (size_t i = 0; i < watch->count; i++) {
		munmap(watch->at[i].page, (1 + RING_PAGES) * watch->page_len);
		close(watch->at[i].fd);
	}
	if (watch->epoll >= 0)
		close(watch->epoll);
	free(watch);
	return NULL;
}

int map_watch_fd(const struct map_watch *watch)
{
	return watch->epoll;
}

static void hand_on(const char *record, size_t len, const struct map_watch_sink *sink)
{
	const struct mmap2_record *mapped = (const void *)record;
	struct mapped_file file;
	uint64_t at_ns;

	if (mapped->header.type == PERF_RECORD_LOST) {
		sink->lost(sink->ctx);
		return;
	}
	if (mapped->header.type != PERF_RECORD_MMAP2 || len <= sizeof(*mapped) ||
	    mapped->path[0] != '/' || !memchr(mapped->path, '\0', len - sizeof(*mapped)))
		return;
	memcpy(&at_ns, record + len - sizeof(at_ns), sizeof(at_ns));
	file = (struct mapped_file){
		.at_ns = at_ns,
		.tgid = (pid_t)mapped->pid,
		.start = mapped->addr,
		.end = mapped->addr + mapped->len,
		.path = mapped->path,
	};
	sink->mapped(sink->ctx, &file);
}

/* Copies @len bytes at @position out of the ring, around its end. */
static void copy_out(const char *data, size_t size, uint64_t position, char *to, size_t len)
{
	size_t at = position & (size - 1), first = len < size - at ? len : size - at;

	memcpy(to, data + at, first);
	memcpy(to + first, data, len - first);
}

static void read_ring(const struct map_watch *watch, struct cpu_ring *ring,
		      const struct map_watch_sink *sink)
{
	const char *data = (const char *)ring->page + watch->page_len;
	uint64_t head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = ring->page->data_tail;
	size_t size = RING_PAGES * watch->page_len;
	_Alignas(8) char record[RECORD_CAP];

	while (tail < head) {
		struct perf_event_header header;

		copy_out(data, size, tail, (char *)&header, sizeof(header));
		if (header.size < sizeof(header))
			break;
		if (header.size <= sizeof(record)) {
			copy_out(data, size, tail, record, header.size);
			hand_on(record, header.size, sink);
		}
		tail += header.size;
	}
	__atomic_store_n(&ring->page->data_tail, head, __ATOMIC_RELEASE);
}

void map_watch_read(struct map_watch *watch, const struct map_watch_sink *sink)
{
	for (size_t i = 0; i < watch->count; i++)
		read_ring(watch, &watch->at[i], sink);
}
