// SPDX-License-Identifier: Apache-2.0
/* top_view.c - see top_view.h: facts from the session, a frame from report/, out by screen.c. */
#include "cli/top_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/log_catch.h"
#include "cli/screen.h"
#include "report/top_frame.h"
#include "util/cleanup.h"

#define FRAME_NS 1000000000ULL
#define LINES_NS 5000000000ULL

struct top_view {
	struct top *top;
	struct screen screen;
	struct log_catch log;
	uint64_t start_ns;
	uint64_t next_ns; /* frame */
};

/* Texts that the facts point to. */
struct fact_texts {
	char services[256], losses[256], message[256];
};

static struct top_view *view_free(struct top_view *view)
{
	screen_close(&view->screen);
	log_catch_end(&view->log);
	view->top = top_free(view->top);
	free(view);
	return NULL;
}

int top_view_open(const struct options *options, uint64_t now_ns, struct top_view **ret)
{
	struct top_view *view = calloc(1, sizeof(*view));
	int r;

	if (!view)
		return -ENOMEM;
	view->screen.fd = view->log.saved = -1;
	view->start_ns = now_ns;
	view->top = top_new(exporter_segment_sql(options->sql), now_ns);
	r = view->top ? screen_open(&view->screen) : -ENOMEM;
	if (!r && view->screen.terminal)
		r = log_catch_start(&view->log);
	if (r < 0) {
		view_free(view);
		return r;
	}
	view->next_ns = now_ns + (view->screen.terminal ? 0 : LINES_NS);
	*ret = view;
	return 0;
}

void top_view_request(struct top_view *view, const struct request *request)
{
	if (view)
		top_request(view->top, request);
}

static void name_services(const struct services *services, char *ret, size_t cap)
{
	size_t used = 0;

	*ret = '\0';
	for (const struct service *service = services->first; service && used < cap;
	     service = service->next)
		used += (size_t)snprintf(ret + used, cap - used, "%s%s (pid %d)", used ? ", " : "",
					 service->name.name, service->root);
}

static struct top_facts gather(struct top_view *view, const struct top_source *source,
			       uint64_t now_ns, struct fact_texts *texts)
{
	const struct exporter *exporter = source->stats.exporter;
	struct top_facts facts = {
		.services = texts->services,
		.processes = attacher_targets(source->stats.attacher),
		.backend = attacher_backend(source->stats.attacher),
		.running_s = (now_ns - view->start_ns) / 1000000000,
		.documents = exporter->counters.documents,
		.sent = exporter->daemon ? exporter_udp(exporter)->sent : 0,
		.losses = texts->losses,
		.now_ns = now_ns,
	};

	name_services(source->services, texts->services, sizeof(texts->services));
	facts.lost = stats_losses(&source->stats, texts->losses, sizeof(texts->losses));
	facts.message = log_catch_last(&view->log, texts->message, sizeof(texts->message));
	return facts;
}

static void write_lines(const struct top *top, const struct top_facts *facts, FILE *out)
{
	time_t now = time(NULL);
	struct tm parts;
	char text[32] = "";

	if (localtime_r(&now, &parts))
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
	top_lines(top, facts, text, out);
}

static void draw(struct top_view *view, const struct top_source *source, uint64_t now_ns)
{
	_cleanup_free_ char *text = NULL;
	struct fact_texts texts;
	struct top_facts facts = gather(view, source, now_ns, &texts);
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return;
	if (view->screen.terminal)
		top_frame(view->top, &facts, view->screen.columns, view->screen.lines, out);
	else
		write_lines(view->top, &facts, out);
	if (!fclose(out))
		screen_show(&view->screen, text, len);
}

void top_view_tick(struct top_view *view, const struct top_source *source, uint64_t now_ns)
{
	uint64_t period_ns;
	bool now;

	if (!view)
		return;
	period_ns = view->screen.terminal ? FRAME_NS : LINES_NS;
	top_turn(view->top, now_ns);
	now = screen_changed(&view->screen) || now_ns >= view->next_ns;
	if (!now || !screen_ready(&view->screen))
		return;
	draw(view, source, now_ns);
	view->next_ns = now_ns + period_ns;
}

struct top_view *top_view_end(struct top_view *view, const struct top_source *source,
			      uint64_t now_ns)
{
	if (!view)
		return NULL;
	if (!view->screen.terminal && screen_ready(&view->screen))
		draw(view, source, now_ns);
	return view_free(view);
}
