// SPDX-License-Identifier: Apache-2.0
/*
 * replay.c - what the agent costs without a system call: recorded records (record.c) go through
 * the record check, the joining and the encoding, and the documents are thrown away.
 *
 *	bench-replay FILE ROUNDS
 *
 * Prints one JSON object. Each round tells the recording again as new connections at a later time:
 * record headers are changed between rounds, outside of what is timed. Allocations are counted by
 * standing in front of the C library's functions, those of the shared libraries included.
 */
#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "probe/record.h"
#include "trace/trace.h"
#include "util/cleanup.h"
#include "xray/segment.h"

/* Ids are times << 8: a step that no recording is as long as, and the id of another CPU. */
#define ROUND_STEP_NS (1ULL << 44)
/* The rounds that fill tables and pools, before anything is counted. */
#define WARM_ROUNDS 3

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

static unsigned long long allocations;

void *malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	allocations++;
	return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
	allocations++;
	return __libc_realloc(block, size);
}

struct replay {
	struct trace *trace;
	struct segment_context context;
	struct json_writer json;
	unsigned long long random;
	unsigned long long segments, subsegments, bytes, records, failed;
	bool encode;
};

/* Of this thread: the time of others on a busy machine is left out. */
static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* xorshift64: ids need to differ, not to be secret. */
static void fill_random(void *ctx, void *buf, size_t len)
{
	unsigned long long *state = ctx;
	unsigned char *out = buf;

	for (size_t i = 0; i < len; i++) {
		*state ^= *state << 13;
		*state ^= *state >> 7;
		*state ^= *state << 17;
		out[i] = (unsigned char)*state;
	}
}

static void take_request(void *ctx, const struct request *request)
{
	struct replay *replay = ctx;

	replay->segments++;
	replay->subsegments += request->statement_count;
	if (!replay->encode)
		return;
	if (segment_encode(&replay->context, request, &replay->json) < 0)
		replay->failed++;
	else
		replay->bytes += replay->json.len;
}

static void *read_file(const char *path, size_t *ret_len)
{
	_cleanup_fclose_ FILE *file = fopen(path, "rb");
	char *data;
	long len;

	if (!file || fseek(file, 0, SEEK_END) || (len = ftell(file)) <= 0)
		return NULL;
	rewind(file);
	data = malloc(len);
	if (data && fread(data, len, 1, file) != 1) {
		free(data);
		return NULL;
	}
	*ret_len = len;
	return data;
}

/* Where the next record is; a mark is a header alone. */
static size_t step_of(const struct bx_record *record)
{
	return record->len ? (record->len + 7) & ~7u : sizeof(*record);
}

static void later(__u64 *ns)
{
	if (*ns)
		*ns += ROUND_STEP_NS;
}

static void move_exchange(struct bx_exchange *ex)
{
	ex->conn += ROUND_STEP_NS;
	later(&ex->owner_conn);
	later(&ex->established_ns);
	later(&ex->connect_ns);
	later(&ex->opened_ns);
	later(&ex->closed_ns);
	for (int i = 0; i < 2; i++) {
		later(&ex->turn[i].first_ns);
		later(&ex->turn[i].last_ns);
	}
}

static void move_on(char *data, size_t len)
{
	struct bx_record *record;

	for (size_t at = 0; at < len; at += step_of(record)) {
		record = (struct bx_record *)(data + at);
		if (record->len && record->type == BX_RECORD_EXCHANGE)
			move_exchange((struct bx_exchange *)record);
		else if (record->len && record->type == BX_RECORD_FRAGMENT)
			((struct bx_fragment *)record)->conn += ROUND_STEP_NS;
	}
}

static void take_record(struct replay *replay, const struct bx_record *record, uint64_t *latest)
{
	struct record_view view;

	if (record_check(record, record->len, &view) < 0) {
		replay->failed++;
		return;
	}
	replay->records++;
	if (view.exchange) {
		if (view.exchange->turn[1].last_ns > *latest)
			*latest = view.exchange->turn[1].last_ns;
		trace_exchange(replay->trace, view.exchange);
	} else if (view.fragment) {
		trace_fragment(replay->trace, view.fragment);
	}
}

/* One telling of the recording. */
static void play(struct replay *replay, char *data, size_t len)
{
	const struct bx_record *record;
	uint64_t latest = 0;

	for (size_t at = 0; at < len; at += step_of(record)) {
		record = (const struct bx_record *)(data + at);
		if (record->len)
			take_record(replay, record, &latest);
		else if (latest)
			trace_tick(replay->trace, latest);
	}
	trace_tick(replay->trace, latest + 10000000000ULL);
}

static uint64_t play_rounds(struct replay *replay, char *data, size_t len, int rounds)
{
	uint64_t total_ns = 0;

	for (int i = 0; i < rounds; i++) {
		uint64_t began = cpu_ns();

		play(replay, data, len);
		total_ns += cpu_ns() - began;
		move_on(data, len);
	}
	return total_ns;
}

static void forget_counts(struct replay *replay)
{
	replay->segments = 0;
	replay->subsegments = 0;
	replay->bytes = 0;
	replay->records = 0;
	allocations = 0;
}

static void print(const struct replay *replay, uint64_t whole_ns, uint64_t trace_ns)
{
	double segments = replay->segments ? replay->segments : 1;

	printf("{\"segments\": %llu, \"subsegments_per_segment\": %.3f, \"records_per_segment\": "
	       "%.3f, \"bytes_per_segment\": %.1f, \"ns_per_segment\": %.1f, "
	       "\"trace_ns_per_segment\": %.1f, \"allocations_per_segment\": %.3f, "
	       "\"failed\": %llu}\n",
	       replay->segments, replay->subsegments / segments, replay->records / segments,
	       replay->bytes / segments, whole_ns / segments, trace_ns / segments,
	       allocations / segments, replay->failed);
}

int main(int argc, char **argv)
{
	struct replay replay = { .random = 88172645463325252ULL };
	struct trace_sink sink = { .request = take_request, .ctx = &replay };
	uint64_t trace_ns, whole_ns;
	_cleanup_free_ char *data = NULL;
	int rounds = argc == 3 ? atoi(argv[2]) : 0;
	size_t len = 0;

	data = rounds > 0 ? read_file(argv[1], &len) : NULL;
	if (!data || trace_new(DB_SPANS_APP, sink, &replay.trace) < 0)
		return 2;
	replay.context = (struct segment_context){
		.service_name = "bench",
		.version = BPFXRAY_VERSION,
		.realtime_offset_ns = 1700000000LL * 1000000000,
		.random = { fill_random, &replay.random },
	};
	replay.encode = true;
	play_rounds(&replay, data, len, WARM_ROUNDS);
	replay.encode = false;
	trace_ns = play_rounds(&replay, data, len, rounds);
	replay.encode = true;
	forget_counts(&replay);
	whole_ns = play_rounds(&replay, data, len, rounds);
	print(&replay, whole_ns, trace_ns);
	json_clear(&replay.json);
	trace_free(replay.trace);
	return replay.failed ? 1 : 0;
}
