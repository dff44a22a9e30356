/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampling_poll.h - when to ask the daemon for rules and for targets, and what its answers do to
 * the rules. No I/O and no clock: the caller carries each question out, one at a time, and brings
 * the answer or the news that there was none.
 *
 * Beyond the SDKs: a failed fetch is tried again after 10 s, then ever more slowly, instead of
 * after 300 s; and what a failed report carried is reported with the next one.
 */
#ifndef BPFXRAY_XRAY_SAMPLING_POLL_H
#define BPFXRAY_XRAY_SAMPLING_POLL_H

#include "xray/sampling_documents.h"

/* The clocks at the moment of a call. */
struct sampling_clock {
	uint64_t mono_ms; /* never set back: for intervals */
	uint64_t epoch_s; /* for what is told and compared with others */
};

enum sampling_call { SAMPLING_CALL_NONE, SAMPLING_CALL_RULES, SAMPLING_CALL_TARGETS };

struct sampling_question {
	const char *path; /* to POST to */
	char *body;	  /* JSON; the caller's to free */
};

struct sampling_poll_counters {
	uint64_t rules_fetched; /* complete fetches that brought rules */
	uint64_t rules_failed;
	uint64_t rules_left_out; /* records that are not meant for us */
	uint64_t targets_fetched;
	uint64_t targets_failed;
	uint64_t unprocessed; /* statistics that the service refused */
};

struct sampling_poll {
	char client_id[SAMPLING_CLIENT_ID_LEN + 1];
	uint64_t fetched_s;	 /* when the rules in force were asked for; 0: none are */
	uint64_t modification_s; /* the newest change of rules that a fetch has answered */
	struct sampling_poll_counters counters;
	/* private */
	struct random_source random;
	enum sampling_call under_way;
	struct sampling_clock asked;
	uint64_t rules_due_ms, targets_due_ms;
	unsigned int failures;		/* of fetches, in a row */
	struct sampling_rules gathered; /* of the pages so far */
	char *token;			/* the next page's */
	unsigned int pages;
	bool report_full; /* there may be more rules to report than fitted */
};

void sampling_poll_init(struct sampling_poll *poll, const struct random_source *random);
void sampling_poll_clear(struct sampling_poll *poll);

/*
 * What to ask now. Returns 1 with a question, which stays under way until sampling_poll_answer(), 0
 * when nothing is due or one is under way, or -ENOMEM.
 */
int sampling_poll_next(struct sampling_poll *poll, struct sampling_rules *rules,
		       struct sampling_clock now, struct sampling_question *ret);

/* The answer to the question under way. @status: HTTP's; 0 when no answer came. */
void sampling_poll_answer(struct sampling_poll *poll, struct sampling_rules *rules,
			  struct sampling_clock now, int status, struct bytes body);

#endif
