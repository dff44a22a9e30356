/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exporter.h - a finished request out of the door: encoded as a segment, split to datagrams, sent
 * and written.
 */
#ifndef BPFXRAY_CLI_EXPORTER_H
#define BPFXRAY_CLI_EXPORTER_H

#include "cli/daemon_link.h"
#include "cli/ec2_link.h"
#include "cli/exit_codes.h"
#include "cli/options.h"
#include "cli/random.h"
#include "cli/services.h"
#include "emit/file.h"
#include "trace/request.h"
#include "xray/json_writer.h"
#include "xray/segment.h"

struct exporter_counters {
	uint64_t segments;    /* requests encoded */
	uint64_t statements;  /* subsegments in them */
	uint64_t unencodable; /* lost: out of memory while encoding */
	uint64_t documents;   /* documents that came of them */
	uint64_t in_progress; /* of these, told of a request before its end */
	uint64_t truncated;   /* of these, too large even alone: texts in them were cut */
};

struct exporter {
	struct daemon_link *daemon; /* NULL: --no-daemon */
	struct file_writer *file;   /* NULL: no --output */
	struct file_writer *kept;   /* for --report (run_report.h), not owned; NULL: none */
	struct ec2_link *ec2;	    /* NULL: nobody is asked which instance this is */
	const struct options *options;
	int64_t realtime_offset_ns;
	struct random_pool random;
	struct json_writer json; /* the document at hand; its memory serves the next one */
	struct exporter_counters counters;
};

/* Opens what @options name. EXIT_OK, or the exit code after one line that says what is wrong. */
enum exit_code exporter_open(const struct options *options, struct exporter *ret);
void exporter_close(struct exporter *exporter);

/* Carries on what is under way towards the daemons. Never waits. @now_ns: CLOCK_MONOTONIC. */
void exporter_tick(struct exporter *exporter, uint64_t now_ns);

/* Takes over what may change while a trace runs. */
void exporter_reload(struct exporter *exporter, const struct options *options);

/* The end: sends what is queued, for a second at most, and counts the rest. */
void exporter_finish(struct exporter *exporter);

/* What became of documents for the daemons; NULL: none are used. Valid until the next call. */
const struct udp_counters *exporter_udp(const struct exporter *exporter);

/* Reads both clocks anew: a clock that was set counts from the next segment on. */
void exporter_refresh_clock(struct exporter *exporter);

/* --sql as the segment encoder knows it. */
enum segment_sql exporter_segment_sql(enum sql_text sql);

/*
 * What kind of host @service (NULL: not known) runs on, as segments and rules say; NULL: unknown. A
 * container of ECS is one also where its instance is known: the SDK's plugins are in that order.
 */
const char *exporter_origin(const struct exporter *exporter, const struct service *service);

/* What a segment says beyond its request. */
struct exporter_label {
	const struct service *service; /* NULL: not known any more */
	const char *name;
	const char *sampling_rule; /* the centralized one that took it; NULL or empty: none */
	const struct segment_identity *identity; /* NULL: it was not told before its end */
};

/* Encodes and sends @request under @label. Losses are counted. */
void exporter_send(struct exporter *exporter, const struct exporter_label *label,
		   const struct request *request);

/* The same of a request that is open: as in progress. Its finished segment's identity in @ret. */
void exporter_send_open(struct exporter *exporter, const struct exporter_label *label,
			const struct request *request, struct segment_identity *ret);

#endif
