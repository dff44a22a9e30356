/* SPDX-License-Identifier: Apache-2.0 */
/* exporter.c - see exporter.h. */
#include "cli/exporter.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/version.h"
#include "emit/document.h"
#include "emit/split.h"
#include "util/log.h"

/* Two readings this close to each other are as good as it gets; else it is tried again. */
#define CLOCK_CLOSE_NS 2000
#define CLOCK_TRIES    8

enum exit_code exporter_open(const struct options *options, struct exporter *ret)
{
	enum exit_code code = EXIT_OK;
	int err = 0;

	*ret = (struct exporter){ .options = options };
	exporter_refresh_clock(ret);
	if (options->output)
		err = file_writer_open(options->output, &ret->file);
	if (err < 0) {
		log_error("cannot write documents to %s: %s", options->output, strerror(-err));
		return EXIT_OUTPUT;
	}
	if (!options->no_daemon)
		code = daemon_link_open(options, &ret->daemon);
	if (code == EXIT_OK && ec2_link_open(&ret->ec2) < 0)
		code = EXIT_INTERNAL;
	if (code != EXIT_OK)
		exporter_close(ret);
	return code;
}

void exporter_close(struct exporter *exporter)
{
	json_clear(&exporter->json);
	exporter->ec2 = ec2_link_free(exporter->ec2);
	exporter->daemon = daemon_link_free(exporter->daemon);
	exporter->file = file_writer_free(exporter->file);
}

void exporter_tick(struct exporter *exporter, uint64_t now_ns)
{
	if (exporter->daemon)
		daemon_link_tick(exporter->daemon, now_ns);
	if (exporter->ec2)
		ec2_link_tick(exporter->ec2, now_ns / 1000000);
}

void exporter_reload(struct exporter *exporter, const struct options *options)
{
	exporter->options = options;
	if (exporter->daemon)
		daemon_link_reload(exporter->daemon, options);
}

void exporter_finish(struct exporter *exporter)
{
	if (exporter->daemon)
		daemon_link_finish(exporter->daemon);
}

const struct udp_counters *exporter_udp(const struct exporter *exporter)
{
	return exporter->daemon ? udp_sender_counters(exporter->daemon->udp) : NULL;
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* The offset as one reading tells it, and by how much that may be wrong. */
static int64_t read_offset(int64_t *ret_error_ns)
{
	int64_t before = clock_ns(CLOCK_MONOTONIC), realtime = clock_ns(CLOCK_REALTIME);
	int64_t after = clock_ns(CLOCK_MONOTONIC);

	/* the monotonic moment of the realtime reading lies between two readings */
	*ret_error_ns = (after - before + 1) / 2;
	return realtime - (before + after) / 2;
}

/*
 * Whoever loses the CPU between two readings learns little: the closest of a few counts, and only
 * if it says something else than is known.
 */
void exporter_refresh_clock(struct exporter *exporter)
{
	int64_t offset_ns = 0, error_ns = INT64_MAX;

	for (int i = 0; i < CLOCK_TRIES && error_ns > CLOCK_CLOSE_NS; i++) {
		int64_t this_error_ns, this_ns = read_offset(&this_error_ns);

		if (this_error_ns < error_ns) {
			error_ns = this_error_ns;
			offset_ns = this_ns;
		}
	}
	if (llabs(offset_ns - exporter->realtime_offset_ns) > error_ns)
		exporter->realtime_offset_ns = offset_ns;
}

static void send_document(void *ctx, const char *json, size_t len)
{
	struct exporter *exporter = ctx;

	exporter->counters.documents++;
	if (exporter->daemon)
		udp_sender_send(exporter->daemon->udp, json, len); /* counted there */
	if (exporter->file)
		(void)file_writer_write(exporter->file, json, len); /* counted there */
	if (exporter->kept)
		(void)file_writer_write(exporter->kept, json, len); /* counted there */
}

enum segment_sql exporter_segment_sql(enum sql_text sql)
{
	static const enum segment_sql words[] = {
		[SQL_TEXT_SANITIZED] = SEGMENT_SQL_SANITIZED,
		[SQL_TEXT_RAW] = SEGMENT_SQL_RAW,
		[SQL_TEXT_OFF] = SEGMENT_SQL_OFF,
	};

	return words[sql];
}

static struct segment_ecs ecs_of(const struct container *container)
{
	return (struct segment_ecs){
		.container = container->hostname,
		.container_id = container->ids.container,
		.container_arn = container->task.container_arn,
		.task_arn = container->task.task_arn,
		.task_family = container->task.family,
		.cluster_arn = container->cluster_arn,
	};
}

static struct segment_ec2 ec2_of(const struct ec2_instance *instance)
{
	return (struct segment_ec2){
		.instance_id = instance->instance_id,
		.availability_zone = instance->availability_zone,
		.instance_size = instance->instance_type,
		.ami_id = instance->image_id,
	};
}

static bool is_in_ecs(const struct service *service)
{
	return service && service->container.ecs;
}

const char *exporter_origin(const struct exporter *exporter, const struct service *service)
{
	if (is_in_ecs(service))
		return "AWS::ECS::Container";
	return ec2_link_instance(exporter->ec2) ? "AWS::EC2::Instance" : NULL;
}

/* The blocks of the host, which the context points to. */
struct place {
	struct segment_ecs ecs;
	struct segment_ec2 ec2;
};

static struct place place_of(const struct exporter *exporter, const struct service *service)
{
	const struct ec2_instance *instance = ec2_link_instance(exporter->ec2);
	struct place place = { 0 };

	if (is_in_ecs(service))
		place.ecs = ecs_of(&service->container);
	if (instance)
		place.ec2 = ec2_of(instance);
	return place;
}

static struct segment_context
context_of(struct exporter *exporter, const struct exporter_label *label, const struct place *place)
{
	const struct options *options = exporter->options;

	return (struct segment_context){
		.service_name = label->name,
		.sampling_rule = label->sampling_rule,
		.version = BPFXRAY_VERSION,
		.origin = exporter_origin(exporter, label->service),
		.ecs = is_in_ecs(label->service) ? &place->ecs : NULL,
		.ec2 = place->ec2.instance_id ? &place->ec2 : NULL,
		.annotations = options->annotations,
		.annotation_count = options->annotation_count,
		.db_names = options->db_names,
		.db_name_count = options->db_name_count,
		.adopt_trace = options->adopt_trace,
		.sql = exporter_segment_sql(options->sql),
		.realtime_offset_ns = exporter->realtime_offset_ns,
		.identity = label->identity,
		.random = { random_pool_fill, &exporter->random },
	};
}

static int hand_on(struct exporter *exporter)
{
	struct document_sink sink = { .document = send_document, .ctx = exporter };
	const struct json_writer *json = &exporter->json;

	int r = document_split(json->at, json->len, DOCUMENT_MAX, &sink);

	exporter->counters.truncated += sink.truncated;
	return r;
}

void exporter_send(struct exporter *exporter, const struct exporter_label *label,
		   const struct request *request)
{
	const struct place place = place_of(exporter, label->service);
	const struct segment_context context = context_of(exporter, label, &place);

	if (segment_encode(&context, request, &exporter->json) < 0 || hand_on(exporter) < 0) {
		exporter->counters.unencodable++;
		return;
	}
	exporter->counters.segments++;
	exporter->counters.statements += request->statement_count;
}

void exporter_send_open(struct exporter *exporter, const struct exporter_label *label,
			const struct request *request, struct segment_identity *ret)
{
	const struct place place = place_of(exporter, label->service);
	struct segment_context context = context_of(exporter, label, &place);

	segment_identify(&context, request, ret);
	context.identity = ret;
	/* without memory the finished one is the first */
	if (segment_encode_open(&context, request, &exporter->json) < 0 || hand_on(exporter) < 0)
		return;
	exporter->counters.in_progress++;
}
