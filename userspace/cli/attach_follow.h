/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach_follow.h - which processes are followed, at the start and while it runs: the attacher's
 * half. What has been followed waits as news for the other half, session_follow.c.
 */
#ifndef BPFXRAY_CLI_ATTACH_FOLLOW_H
#define BPFXRAY_CLI_ATTACH_FOLLOW_H

#include "cli/attach_wire.h"
#include "cli/exit_codes.h"
#include "cli/finder.h"
#include "cli/libraries.h"
#include "cli/options.h"
#include "probe/kernel.h"
#include "util/table.h"

struct news;

/* Starts as { .options, .kernel, .libraries }, which it does not own. */
struct follower {
	const struct options *options;
	struct kernel *kernel;
	struct libraries *libraries;
	struct finder *finder;
	pid_t rival; /* the tracer that was last told of as being in the way */
	/* root -> not NULL: the ECS agent's words on its container were handed on; one per root */
	struct table told;
	struct news *first, **last;
	size_t news_count;
};

/*
 * Follows each --pid with its descendants, and what else is chosen and runs already. EXIT_OK, or
 * the exit code after one line that says why.
 */
enum exit_code follower_start(struct follower *follower);
void follower_stop(struct follower *follower);

/* Follows what the finder has found since the last call. */
void follower_tick(struct follower *follower);

/* Takes the oldest news. 0 or -ENOENT. */
int follower_take_news(struct follower *follower, struct attach_news *ret);

#endif
