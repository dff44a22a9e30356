// SPDX-License-Identifier: Apache-2.0
/*
 * guard.c - copies of test inputs that end (or begin) exactly at an inaccessible page.
 *
 * The sanitizers see reads past an object, but not past a view inside a larger one: a guard page
 * sees both.
 */
#include "unit.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct mapping {
	void *at;
	size_t len;
	struct mapping *next;
};

static struct mapping *mappings;

/* A test without memory has nothing to say: stop rather than report a pass. */
static void *or_abort(void *p)
{
	if (!p || p == MAP_FAILED)
		abort();
	return p;
}

/* Maps @len bytes (whole pages), readable and writable, to be unmapped by guard_release(). */
static uint8_t *map_pages(size_t len)
{
	struct mapping *m = or_abort(malloc(sizeof(*m)));

	m->at = or_abort(
		mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	m->len = len;
	m->next = mappings;
	mappings = m;
	return m->at;
}

static void forbid(void *page, size_t len)
{
	if (mprotect(page, len, PROT_NONE))
		abort();
}

uint8_t *guard_copy(struct bytes in)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (in.len + page - 1) / page * page;
	uint8_t *area = map_pages(room + page);
	uint8_t *copy = area + room - in.len;

	if (in.len)
		memcpy(copy, in.at, in.len);
	forbid(area + room, page);
	return copy;
}

uint8_t *guard_copy_front(struct bytes in)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (in.len + page - 1) / page * page;
	uint8_t *area = map_pages(page + room);

	if (in.len)
		memcpy(area + page, in.at, in.len);
	forbid(area, page);
	return area + page;
}

void guard_release(void)
{
	while (mappings) {
		struct mapping *m = mappings;

		mappings = m->next;
		munmap(m->at, m->len);
		free(m);
	}
}
