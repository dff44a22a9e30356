/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.h - what load.c knows of answers and latencies. As little of HTTP as the servers of the
 * benchmarks need: a length, chunks that are not looked into, or the connection's end.
 */
#ifndef BPFXRAY_TESTS_BENCH_LOAD_H
#define BPFXRAY_TESTS_BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_CAP 4096

struct answer {
	char head[HEAD_CAP];
	size_t head_len;
	bool head_done, close, chunked;
	int status;
	long long left; /* bytes of the body that are missing; -1: up to the connection's end */
	char last[5];	/* the last bytes, to see the end of chunks */
};

static inline void answer_read_head(struct answer *a)
{
	const char *length = strcasestr(a->head, "\r\nContent-Length:");

	a->status = atoi(a->head + sizeof("HTTP/1.1"));
	a->close = strcasestr(a->head, "\r\nConnection: close") || !strncmp(a->head, "HTTP/1.0", 8);
	a->chunked = strcasestr(a->head, "\r\nTransfer-Encoding: chunked");
	a->left = length ? atoll(length + sizeof("\r\nContent-Length:") - 1) : -1;
	if (a->left < 0 && !a->chunked)
		a->close = true;
	a->head_done = true;
}

/* The body's end by what came last: `0`, empty line. */
static inline bool answer_chunks_end(struct answer *a, const char *data, size_t len)
{
	size_t keep = len < sizeof(a->last) ? len : sizeof(a->last);

	memmove(a->last, a->last + keep, sizeof(a->last) - keep);
	memcpy(a->last + sizeof(a->last) - keep, data + len - keep, keep);
	return !memcmp(a->last, "0\r\n\r\n", sizeof(a->last));
}

/* True when the answer is complete. */
static inline bool answer_take(struct answer *a, const char *data, size_t len)
{
	if (!a->head_done) {
		size_t room = HEAD_CAP - 1 - a->head_len, n = len < room ? len : room;
		char *end;

		memcpy(a->head + a->head_len, data, n);
		a->head[a->head_len + n] = '\0';
		end = strstr(a->head, "\r\n\r\n");
		if (!end) {
			a->head_len += n;
			return false;
		}
		n = (size_t)(end + 4 - a->head) - a->head_len;
		end[2] = '\0';
		answer_read_head(a);
		data += n;
		len -= n;
	}
	if (a->chunked)
		return len && answer_chunks_end(a, data, len);
	if (a->left < 0)
		return false;
	a->left -= (long long)len;
	return a->left <= 0;
}

/* The connection ended: was that the answer's end? */
static inline bool answer_at_end(const struct answer *a)
{
	return a->head_done && a->left < 0 && !a->chunked;
}

struct latencies {
	double *us;
	size_t count, cap;
};

static inline void latencies_add(struct latencies *l, uint64_t ns)
{
	if (l->count == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 65536;
		l->us = realloc(l->us, l->cap * sizeof(*l->us));
		if (!l->us)
			abort();
	}
	l->us[l->count++] = (double)ns / 1000;
}

static inline int latencies_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline void latencies_sort(struct latencies *l)
{
	if (l->count)
		qsort(l->us, l->count, sizeof(*l->us), latencies_compare);
}

static inline double latencies_at(const struct latencies *l, double share)
{
	return l->count ? l->us[(size_t)((double)(l->count - 1) * share)] : 0;
}

#endif
