// SPDX-License-Identifier: Apache-2.0
/*
 * uring_server.c - an HTTP server that moves its bytes by io_uring: one connection after the other,
 * any number of requests on each, one answer each.
 *
 *	uring_server PORT RECEIVE SEND
 *
 * RECEIVE and SEND: `call`, the ordinary system call; `ring`, by io_uring in the thread's own
 * context; `worker`, by a thread that io_uring makes. RECEIVE alone: `aside`, by io_uring while the
 * thread is in a call on something else, whose bytes look like a request. Prints READY once it
 * listens; ends with 77 where the kernel lets nobody use io_uring.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "listen.h"

#define ENTRIES 4
#define NO_RING 77

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/* The queues, as far as one operation at a time needs them. */
struct ring {
	int fd;
	struct io_uring_sqe *sqes;
	unsigned int *sq_tail, *sq_array, *cq_head, *cq_tail;
	struct io_uring_cqe *cqes;
	unsigned int sq_mask, cq_mask;
};

static unsigned char *map(int fd, size_t len, off_t offset)
{
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);

	return at == MAP_FAILED ? NULL : at;
}

static int ring_open(struct ring *ring, unsigned int flags)
{
	struct io_uring_params p = { .flags = flags };
	unsigned char *sq, *cq;

	ring->fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &p);
	if (ring->fd < 0)
		return -1;
	sq = map(ring->fd, p.sq_off.array + p.sq_entries * sizeof(unsigned int),
		 IORING_OFF_SQ_RING);
	cq = map(ring->fd, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe),
		 IORING_OFF_CQ_RING);
	ring->sqes =
		(void *)map(ring->fd, p.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	if (!sq || !cq || !ring->sqes)
		return -1;
	ring->sq_tail = (void *)(sq + p.sq_off.tail);
	ring->sq_array = (void *)(sq + p.sq_off.array);
	ring->sq_mask = *(unsigned int *)(void *)(sq + p.sq_off.ring_mask);
	ring->cq_head = (void *)(cq + p.cq_off.head);
	ring->cq_tail = (void *)(cq + p.cq_off.tail);
	ring->cq_mask = *(unsigned int *)(void *)(cq + p.cq_off.ring_mask);
	ring->cqes = (void *)(cq + p.cq_off.cqes);
	return 0;
}

static int ring_begin(struct ring *ring, const struct io_uring_sqe *what)
{
	unsigned int tail = *ring->sq_tail;

	ring->sqes[tail & ring->sq_mask] = *what;
	ring->sq_array[tail & ring->sq_mask] = tail & ring->sq_mask;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
	return (int)syscall(SYS_io_uring_enter, ring->fd, 1, 0, 0, NULL, 0);
}

static int ring_is_done(const struct ring *ring)
{
	return __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) != *ring->cq_head;
}

static int ring_result(struct ring *ring)
{
	unsigned int head = *ring->cq_head;
	int res = ring->cqes[head & ring->cq_mask].res;

	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return res;
}

/* Waits in calls that write something else: the kernel moves the bytes at the end of one. */
static void wait_aside(const struct ring *ring)
{
	static const char forged[] = "GET /forged HTTP/1.1\r\nHost: nobody\r\n\r\n";
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	while (!ring_is_done(ring) && write(null, forged, sizeof(forged) - 1) > 0)
		;
	close(null);
}

/* One operation, waited for. Returns what the system call would, or a negative errno. */
static int ring_move(struct ring *ring, int op, int fd, void *at, size_t len, const char *how)
{
	struct io_uring_sqe sqe = {
		.opcode = (unsigned char)op,
		.flags = strcmp(how, "worker") ? 0 : IOSQE_ASYNC,
		.fd = fd,
		.addr = (unsigned long)at,
		.len = (unsigned int)len,
	};

	if (ring_begin(ring, &sqe) < 0)
		return -1;
	if (!strcmp(how, "aside"))
		wait_aside(ring);
	while (!ring_is_done(ring))
		syscall(SYS_io_uring_enter, ring->fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	return ring_result(ring);
}

static int receive(struct ring *ring, const char *how, int fd, char *at, size_t len)
{
	if (!strcmp(how, "call"))
		return (int)read(fd, at, len);
	return ring_move(ring, IORING_OP_RECV, fd, at, len, how);
}

static int answered(struct ring *ring, const char *how, int fd)
{
	size_t len = strlen(answer);

	if (!strcmp(how, "call"))
		return write(fd, answer, len) == (ssize_t)len;
	return ring_move(ring, IORING_OP_SEND, fd, (void *)(unsigned long)answer, len, how) ==
	       (int)len;
}

/* A request is one read: the clients of the tests send it in one piece. */
static void serve(struct ring *ring, char **how, int fd)
{
	char head[4096];

	while (receive(ring, how[0], fd, head, sizeof(head)) > 0 && answered(ring, how[1], fd))
		;
	close(fd);
}

int main(int argc, char **argv)
{
	struct ring ring = { 0 };
	int listener = argc == 4 ? listen_on(atoi(argv[1])) : -1;

	if (listener < 0)
		return 1;
	/* else the kernel interrupts the thread for it, whatever it does */
	if (ring_open(&ring, strcmp(argv[2], "aside") ? 0 : IORING_SETUP_COOP_TASKRUN)) {
		perror("io_uring");
		return NO_RING;
	}
	puts("READY");
	fflush(stdout);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			return 1;
		serve(&ring, argv + 2, fd);
	}
}
