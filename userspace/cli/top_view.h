/* SPDX-License-Identifier: Apache-2.0 */
/*
 * top_view.h - `trace --top`: the session's requests and losses as a view that is drawn each
 * second, or as lines each five when standard output is no terminal.
 */
#ifndef BPFXRAY_CLI_TOP_VIEW_H
#define BPFXRAY_CLI_TOP_VIEW_H

#include "cli/services.h"
#include "cli/stats.h"

struct top_view;

/* What it shows besides the requests; read at each frame. */
struct top_source {
	struct stats_source stats;
	const struct services *services;
};

/* After `ready`. Returns 0 with the view, or a negative errno. */
int top_view_open(const struct options *options, uint64_t now_ns, struct top_view **ret);

/* A NULL view takes nothing and draws nothing. */
void top_view_request(struct top_view *view, const struct request *request);
void top_view_tick(struct top_view *view, const struct top_source *source, uint64_t now_ns);

/* The last lines, or the terminal as it was. Returns NULL. */
struct top_view *top_view_end(struct top_view *view, const struct top_source *source,
			      uint64_t now_ns);

#endif
