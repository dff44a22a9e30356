/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampling.h - sampling in a session: what --sampling names, the decision for each request, and the
 * questions to the daemon between two ticks. Nothing here waits.
 */
#ifndef BPFXRAY_CLI_SAMPLING_H
#define BPFXRAY_CLI_SAMPLING_H

#include "cli/exit_codes.h"
#include "cli/random.h"
#include "emit/address.h"
#include "emit/http_client.h"
#include "xray/sampler.h"

/* Larger files of rules are a mistake. */
#define SAMPLING_FILE_MAX (1024 * 1024)

/* Stays where it is once it is open. */
struct sampling {
	enum sampler_mode mode;
	struct random_pool random; /* the sampler's */
	struct sampler *sampler;
	struct http_client *client; /* NULL: no questions are asked */
	bool asking;		    /* a question is under way */
	bool failure_told;	    /* the daemon's silence is said once */
};

/*
 * @how: auto, all, none, or a file of local rules. @daemon: whom to ask; NULL: nobody. EXIT_OK, or
 * the exit code after one line that says what is wrong. A daemon that does not answer is no error.
 */
enum exit_code sampling_open(const char *how, const struct host_port *daemon, struct sampling *ret);
/* Says which requests become segments: that most are left out must surprise nobody. */
void sampling_tell(const struct sampling *sampling);
void sampling_close(struct sampling *sampling);

/* The daemon to ask is another from now on. */
void sampling_reload(struct sampling *sampling, const struct host_port *daemon);

/* Carries the questions on, to the first of @daemons that answers; call it at each tick. */
void sampling_tick(struct sampling *sampling, const struct endpoint_set *daemons,
		   struct sampling_clock now);

#endif
