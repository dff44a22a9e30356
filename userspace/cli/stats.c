/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats.c - see stats.h. One table names every counter; a counter that stands in no table is not
 * told.
 */
#include "cli/stats.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util/array.h"
#include "util/cleanup.h"
#include "util/log.h"

enum group {
	KERNEL,
	TRACE,
	SESSION,
	SAMPLING,
	SAMPLING_CALLS,
	EXPORT,
	UDP,
	FILE_OUT,
	LIBRARIES,
	GROUP_MAX
};

static const char *const group_names[GROUP_MAX] = {
	[KERNEL] = "kernel",
	[TRACE] = "trace",
	[SESSION] = "session",
	[SAMPLING] = "sampling",
	[SAMPLING_CALLS] = "sampling_calls",
	[EXPORT] = "export",
	[UDP] = "udp",
	[FILE_OUT] = "file",
	[LIBRARIES] = "libraries",
};

static const struct counter {
	enum group group;
	size_t index; /* of a kernel counter, or the field's offset */
	const char *name;
	bool loss;
} counter_table[] = {
	{ KERNEL, BX_C_EXCHANGES, "exchanges", false },
	{ KERNEL, BX_C_SUBMITTED, "submitted", false },
	{ KERNEL, BX_C_SNAPSHOTS, "snapshots", false },
	{ KERNEL, BX_C_ENDED_TOLD, "ended_as_told", false },
	{ KERNEL, BX_C_DISCARDED, "discarded", false },
	{ KERNEL, BX_C_CALLS, "socket_calls", false },
	{ KERNEL, BX_C_TLS, "tls_connections", false },
	{ KERNEL, BX_C_TLS_READ, "tls_sessions_read", false },
	{ KERNEL, BX_C_CLIENT_CALLS, "client_calls", false },
	{ KERNEL, BX_C_NAMES, "name_answers", false },
	{ KERNEL, BX_C_SDK_DOCUMENTS, "documents_of_sdk", false },
	{ KERNEL, BX_C_TLS_UNTIED, "tls_calls_without_socket", false },
	{ KERNEL, BX_C_TLS_UNREAD, "tls_commands_unread", false },
	{ KERNEL, BX_C_OTHER, "other_connections", false },
	{ KERNEL, BX_C_WITHHELD, "withheld_packets", false },
	{ KERNEL, BX_C_LATE_BYTES, "late_bytes", false },
	{ KERNEL, BX_C_LOST_RING, "lost_ring_full", true },
	{ KERNEL, BX_C_LOST_TORN, "lost_torn", true },
	{ KERNEL, BX_C_LOST_POOL, "lost_pool_full", true },
	{ KERNEL, BX_C_LOST_FRAGMENT, "lost_fragments", true },
	{ KERNEL, BX_C_LOST_NAMES, "lost_names", true },
	{ KERNEL, BX_C_LOST_SOCKET, "lost_no_storage", true },
	{ KERNEL, BX_C_LEFT_OUT, "left_out_runs", false },
	{ KERNEL, BX_C_MISSED, "missed_runs", true },
	{ KERNEL, BX_C_FAULTS, "faulted_reads", true },
	{ KERNEL, BX_C_UNREADABLE, "unreadable_calls", false },
	{ KERNEL, BX_C_COMPAT, "calls_of_32bit_programs", true },
#define T(field, loss)                                                                             \
	{                                                                                          \
		TRACE, offsetof(struct trace_counters, field), #field, loss                        \
	}
	T(exchanges, false),
	T(heads, false),
	T(requests, false),
	T(fronts_joined, false),
	T(workers_disowned, false),
	T(statements, false),
	T(statements_filtered, false),
	T(statements_unproven, false),
	T(statements_no_text, false),
	T(statements_rejected, false),
	T(outbound_http, false),
	T(fronts_unjoined, false),
	T(compressed, false),
	T(encrypted, false),
	T(children_missing, true),
	T(sequence_gaps, true),
	T(unparsed, true),
	T(begun_before, false),
	T(not_served, false),
	T(requests_lost, true),
	T(connections_evicted, true),
	T(waits_cut, true),
	T(abandoned, false),
	T(fragments_orphaned, true),
#undef T
#define R(field, loss)                                                                             \
	{                                                                                          \
		SESSION, offsetof(struct session_counters, field), #field, loss                    \
	}
	R(traces_joined, false),
	R(trace_headers_malformed, false),
	R(answers_of_sdk, false),
	R(out_of_memory, true),
#undef R
#define S(field, name)                                                                             \
	{                                                                                          \
		SAMPLING, offsetof(struct sampler_counters, field), name, false                    \
	}
	S(sampled[SAMPLING_BY_MODE], "sampled_by_mode"),
	S(sampled[SAMPLING_BY_HEADER], "sampled_by_header"),
	S(sampled[SAMPLING_BY_RESERVOIR], "sampled_by_reservoir"),
	S(sampled[SAMPLING_BY_BORROWING], "sampled_by_borrowing"),
	S(sampled[SAMPLING_BY_RATE], "sampled_by_rate"),
	S(left_out[SAMPLING_BY_MODE], "left_out_by_mode"),
	S(left_out[SAMPLING_BY_HEADER], "left_out_by_header"),
	S(left_out[SAMPLING_BY_RATE], "left_out_by_rate"),
	S(central, "central_decisions"),
	S(local, "local_decisions"),
#undef S
#define P(field)                                                                                   \
	{                                                                                          \
		SAMPLING_CALLS, offsetof(struct sampling_poll_counters, field), #field, false      \
	}
	P(rules_fetched),
	P(rules_failed),
	P(rules_left_out),
	P(targets_fetched),
	P(targets_failed),
	P(unprocessed),
#undef P
#define E(field, loss)                                                                             \
	{                                                                                          \
		EXPORT, offsetof(struct exporter_counters, field), #field, loss                    \
	}
	E(segments, false),
	E(statements, false),
	E(documents, false),
	E(in_progress, false),
	E(truncated, false),
	E(unencodable, true),
#undef E
#define U(field, loss)                                                                             \
	{                                                                                          \
		UDP, offsetof(struct udp_counters, field), #field, loss                            \
	}
	U(sent, false),
	U(refused, false),
	U(too_large, true),
	U(dropped_full, true),
	U(dropped_unsent, true),
#undef U
#define F(field, loss)                                                                             \
	{                                                                                          \
		FILE_OUT, offsetof(struct file_counters, field), #field, loss                      \
	}
	F(written, false),
	F(failed, true),
#undef F
#define L(field, loss)                                                                             \
	{                                                                                          \
		LIBRARIES, offsetof(struct libraries_counters, field), #field, loss                \
	}
	L(attached, false),
	L(late, false),
	L(late_max_us, false),
	L(late_unmeasured, false),
	L(failed, false),
	L(passed_over, false),
#undef L
};

struct snapshot {
	uint64_t kernel[BX_C_MAX];
	uint64_t bad_records;
	uint64_t open;		      /* exchanges that are neither sent nor lost yet */
	uint64_t requests_open;	      /* the same of requests */
	uint64_t queued;	      /* documents that are neither sent nor lost yet */
	uint64_t left_out_open;	      /* requests that sampling leaves out and are open */
	const void *group[GROUP_MAX]; /* NULL: that way out is not in use */
};

/* What tells of now, and may fall. */
static const struct gauge {
	enum group group;
	const char *name;
	size_t offset; /* in the snapshot */
} gauges[] = {
	{ KERNEL, "open", offsetof(struct snapshot, open) },
	{ TRACE, "requests_open", offsetof(struct snapshot, requests_open) },
	{ SESSION, "left_out_open", offsetof(struct snapshot, left_out_open) },
	{ UDP, "queued", offsetof(struct snapshot, queued) },
};

static struct snapshot take_snapshot(const struct stats_source *source)
{
	const struct exporter *exporter = source->exporter;
	const struct attach_counters *attacher = attacher_counters(source->attacher);
	struct snapshot ret = { 0 };

	memcpy(ret.kernel, attacher->kernel, sizeof(ret.kernel));
	ret.open = attacher->open;
	ret.left_out_open = source->session->left_out_open;
	ret.requests_open = trace_requests_open(source->trace);
	ret.queued = exporter->daemon ? udp_sender_queued(exporter->daemon->udp) : 0;
	ret.bad_records = ring_bad_records(source->ring);
	ret.group[TRACE] = trace_counters(source->trace);
	ret.group[SESSION] = source->session;
	ret.group[SAMPLING] = sampler_counters(source->sampler);
	ret.group[SAMPLING_CALLS] = sampler_poll_counters(source->sampler);
	ret.group[EXPORT] = &exporter->counters;
	ret.group[UDP] = exporter_udp(exporter);
	ret.group[LIBRARIES] = &attacher->libraries;
	ret.group[FILE_OUT] = exporter->file ? file_writer_counters(exporter->file) : NULL;
	return ret;
}

static uint64_t counter_value(const struct snapshot *snapshot, const struct counter *counter)
{
	const char *base = snapshot->group[counter->group];
	uint64_t value = 0;

	if (counter->group == KERNEL)
		return snapshot->kernel[counter->index];
	if (base)
		memcpy(&value, base + counter->index, sizeof(value));
	return value;
}

static uint64_t gauge_value(const struct snapshot *snapshot, const struct gauge *gauge)
{
	uint64_t value;

	memcpy(&value, (const char *)snapshot + gauge->offset, sizeof(value));
	return value;
}

#define for_each_counter(c)                                                                        \
	for (const struct counter *c = counter_table;                                              \
	     c < counter_table + ARRAY_LEN(counter_table); c++)

static char *snapshot_to_json(const struct snapshot *snapshot)
{
	cJSON *root = cJSON_CreateObject(), *groups[GROUP_MAX], *losses;
	char *text;

	for (int i = 0; i < GROUP_MAX; i++)
		groups[i] = cJSON_AddObjectToObject(root, group_names[i]);
	losses = cJSON_AddObjectToObject(root, "losses");
	for_each_counter (c) {
		double value = counter_value(snapshot, c);

		cJSON_AddNumberToObject(groups[c->group], c->name, value);
		if (c->loss)
			cJSON_AddNumberToObject(losses, c->name, value);
	}
	for (size_t i = 0; i < ARRAY_LEN(gauges); i++)
		cJSON_AddNumberToObject(groups[gauges[i].group], gauges[i].name,
					gauge_value(snapshot, &gauges[i]));
	cJSON_AddNumberToObject(groups[KERNEL], "bad_records", snapshot->bad_records);
	cJSON_AddNumberToObject(losses, "bad_records", snapshot->bad_records);
	text = cJSON_Print(root);
	cJSON_Delete(root);
	return text;
}

/* A line `bpfxray_GROUP_NAME value`; counters end in _total. */
static void print_metric(FILE *out, const char *group, const char *name, bool gauge, uint64_t value)
{
	fprintf(out, "# TYPE bpfxray_%s_%s%s %s\nbpfxray_%s_%s%s %" PRIu64 "\n", group, name,
		gauge ? "" : "_total", gauge ? "gauge" : "counter", group, name,
		gauge ? "" : "_total", value);
}

static void print_loss(FILE *out, enum group group, const char *cause, uint64_t value)
{
	fprintf(out, "bpfxray_lost_total{group=\"%s\",cause=\"%s\"} %" PRIu64 "\n",
		group_names[group], cause, value);
}

static char *snapshot_to_metrics(const struct snapshot *snapshot)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	for_each_counter (c)
		print_metric(out, group_names[c->group], c->name, false,
			     counter_value(snapshot, c));
	for (size_t i = 0; i < ARRAY_LEN(gauges); i++)
		print_metric(out, group_names[gauges[i].group], gauges[i].name, true,
			     gauge_value(snapshot, &gauges[i]));
	print_metric(out, group_names[KERNEL], "bad_records", false, snapshot->bad_records);
	fputs("# TYPE bpfxray_lost_total counter\n", out);
	for_each_counter (c)
		if (c->loss)
			print_loss(out, c->group, c->name, counter_value(snapshot, c));
	print_loss(out, KERNEL, "bad_records", snapshot->bad_records);
	return fclose(out) ? NULL : text;
}

int stats_write(const struct stats_source *source)
{
	struct snapshot snapshot = take_snapshot(source);
	_cleanup_free_ char *text = snapshot_to_json(&snapshot);

	return text ? attacher_write(source->attacher, ATTACH_WRITE_STATS, text) : -ENOMEM;
}

int stats_write_metrics(const struct stats_source *source)
{
	struct snapshot snapshot = take_snapshot(source);
	_cleanup_free_ char *text = snapshot_to_metrics(&snapshot);

	return text ? attacher_write(source->attacher, ATTACH_WRITE_METRICS, text) : -ENOMEM;
}

void stats_log(const struct stats_source *source)
{
	struct snapshot snapshot = take_snapshot(source);
	const struct exporter *exporter = source->exporter;
	unsigned int losses = 0;

	log_info("%" PRIu64 " requests, %" PRIu64 " statements, %" PRIu64
		 " documents; sent %" PRIu64 ", written %" PRIu64,
		 exporter->counters.segments, exporter->counters.statements,
		 exporter->counters.documents, exporter->daemon ? exporter_udp(exporter)->sent : 0,
		 exporter->file ? file_writer_counters(exporter->file)->written : 0);
	for_each_counter (c) {
		uint64_t value = counter_value(&snapshot, c);

		if (!value)
			continue;
		losses += c->loss;
		log_line(c->loss ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG, "%s%s %s: %" PRIu64,
			 c->loss ? "lost or incomplete: " : "", group_names[c->group], c->name,
			 value);
	}
	if (snapshot.bad_records)
		log_warn("lost or incomplete: %" PRIu64 " records of the kernel side make no sense",
			 snapshot.bad_records);
	if (!losses && !snapshot.bad_records)
		log_info("nothing lost: every drop counter is 0");
}

uint64_t stats_losses(const struct stats_source *source, char *ret, size_t cap)
{
	struct snapshot snapshot = take_snapshot(source);
	uint64_t lost = snapshot.bad_records;
	size_t used = 0;

	*ret = '\0';
	if (lost)
		used = (size_t)snprintf(ret, cap, "bad_records %" PRIu64, lost);
	for_each_counter (c) {
		uint64_t value = c->loss ? counter_value(&snapshot, c) : 0;

		if (value && used < cap)
			used += (size_t)snprintf(ret + used, cap - used, "%s%s %s %" PRIu64,
						 used ? ", " : "", group_names[c->group], c->name,
						 value);
		lost += value;
	}
	return lost;
}
