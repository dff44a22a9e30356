/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampler.h - which requests become segments: the caller's decision, else centralized rules, else
 * local ones, in the SDKs' order. Pure: time and randomness come in; the questions to the daemon go
 * out through sampler_next().
 *
 * Call sampler_decide() once a request. One sampler stands for one service on this host, with one
 * reservoir however many processes serve it.
 */
#ifndef BPFXRAY_XRAY_SAMPLER_H
#define BPFXRAY_XRAY_SAMPLER_H

#include "xray/sampling_local.h"
#include "xray/sampling_poll.h"

enum sampler_mode {
	SAMPLER_AUTO,  /* centralized rules, local ones while there are none or they are old */
	SAMPLER_LOCAL, /* local rules alone */
	SAMPLER_ALL,   /* everything that the caller does not exclude */
	SAMPLER_NONE,  /* nothing, whatever the caller says */
};

struct sampler_counters {
	uint64_t sampled[SAMPLING_WHYS];
	uint64_t left_out[SAMPLING_WHYS];
	uint64_t central; /* decided by a centralized rule */
	uint64_t local;	  /* decided by a local rule */
};

struct sampler;

/*
 * @local: the rules to use, owned by the sampler from here on (also on failure); NULL: the default
 * ones. @random is kept. Returns 0 or -ENOMEM.
 */
int sampler_new(enum sampler_mode mode, struct sampling_local *local,
		const struct random_source *random, struct sampler **ret);
struct sampler *sampler_free(struct sampler *sampler);

void sampler_decide(struct sampler *sampler, const struct sampling_request *request,
		    struct sampling_decision *ret);

/* As sampling_poll_next() and sampling_poll_answer(); nothing is ever due but in SAMPLER_AUTO. */
int sampler_next(struct sampler *sampler, struct sampling_clock now, struct sampling_question *ret);
void sampler_answer(struct sampler *sampler, struct sampling_clock now, int status,
		    struct bytes body);

const struct sampler_counters *sampler_counters(const struct sampler *sampler);
const struct sampling_poll_counters *sampler_poll_counters(const struct sampler *sampler);

#endif
