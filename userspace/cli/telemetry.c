// SPDX-License-Identifier: Apache-2.0
/* telemetry.c - see telemetry.h. */
#include "cli/telemetry.h"

#include <inttypes.h>
#include <string.h>

#include "cli/health.h"
#include "cli/whole_file.h"
#include "util/cleanup.h"
#include "util/log.h"

#define SECOND_NS 1000000000ULL
/* Prometheus asks every 15 s or less often. */
#define METRICS_INTERVAL_S 10

void telemetry_open(struct telemetry *telemetry, const struct options *options,
		    struct stats_source source, uint64_t now_ns)
{
	*telemetry = (struct telemetry){
		.options = options,
		.source = source,
		.health_fd = health_listen(),
		.line_ns = now_ns,
	};
	if (telemetry->health_fd < 0)
		log_warn("`bpfxray health` will not find this trace: %s",
			 strerror(-telemetry->health_fd));
}

void telemetry_close(struct telemetry *telemetry)
{
	cleanup_close(&telemetry->health_fd);
}

static void answer_health(const struct telemetry *telemetry, const char *why)
{
	const struct exporter *exporter = telemetry->source.exporter;
	const struct udp_counters *udp = exporter_udp(exporter);
	char daemon[DAEMON_STATE_MAX] = "not in use";
	const struct health_report report = {
		.why = why,
		.daemon = daemon,
		.processes = attacher_targets(telemetry->source.attacher),
		.requests = exporter->counters.segments,
		.sent = udp ? udp->sent : 0,
		.lost = udp ? udp->too_large + udp->dropped_full + udp->dropped_unsent : 0,
	};

	if (exporter->daemon)
		daemon_link_state(exporter->daemon, daemon);
	health_answer(telemetry->health_fd, &report);
}

static void say_line(const struct stats_source *source)
{
	const struct exporter *exporter = source->exporter;
	const struct udp_counters *udp = exporter_udp(exporter);
	char causes[600];
	uint64_t lost = stats_losses(source, causes, sizeof(causes));

	log_info("%" PRIu64 " requests and %" PRIu64 " statements so far; %" PRIu64
		 " documents sent, %zu queued; lost or incomplete: %" PRIu64 "%s%s",
		 exporter->counters.segments, exporter->counters.statements, udp ? udp->sent : 0,
		 exporter->daemon ? udp_sender_queued(exporter->daemon->udp) : 0, lost,
		 lost ? ": " : "", causes);
}

static void write_metrics(struct telemetry *telemetry)
{
	const char *path = telemetry->options->metrics;
	int err = stats_write_metrics(&telemetry->source);

	if (err < 0 && err != telemetry->metrics_error)
		log_error("cannot write metrics to %s: %s; it is tried again", path,
			  whole_file_why(err));
	telemetry->metrics_error = err;
}

void telemetry_tick(struct telemetry *telemetry, const char *why, uint64_t now_ns)
{
	uint64_t interval_ns = telemetry->options->log_interval_s * SECOND_NS;

	if (health_asked(telemetry->health_fd))
		answer_health(telemetry, why);
	if (interval_ns && now_ns - telemetry->line_ns >= interval_ns) {
		telemetry->line_ns = now_ns;
		say_line(&telemetry->source);
	}
	if (telemetry->options->metrics && now_ns >= telemetry->metrics_ns) {
		telemetry->metrics_ns = now_ns + METRICS_INTERVAL_S * SECOND_NS;
		write_metrics(telemetry);
	}
}

int telemetry_tell(struct telemetry *telemetry)
{
	const char *path = telemetry->options->stats;
	int err = path ? stats_write(&telemetry->source) : 0;

	stats_log(&telemetry->source);
	if (err < 0)
		log_error("cannot write statistics to %s: %s", path, whole_file_why(err));
	if (!telemetry->options->metrics)
		return err;
	write_metrics(telemetry);
	return err < 0 ? err : telemetry->metrics_error;
}
