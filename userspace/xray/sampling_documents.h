/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampling_documents.h - the bodies of GetSamplingRules and GetSamplingTargets, as the daemon
 * passes them on (X-Ray API reference). What comes in is hostile.
 */
#ifndef BPFXRAY_XRAY_SAMPLING_DOCUMENTS_H
#define BPFXRAY_XRAY_SAMPLING_DOCUMENTS_H

#include "xray/sampling_rules.h"

/* Hex digits of the number by which the service tells clients apart. */
#define SAMPLING_CLIENT_ID_LEN 24
/* Statistics of so many rules go into one call: the service's limit. */
#define SAMPLING_REPORT_MAX 25

/* The body that asks for rules; @token: of the page before, NULL for the first. NULL: no memory. */
char *sampling_rules_question(const char *token);

/*
 * Appends the usable rules of a page to @rules: of version 1, for every resource, with a service
 * type and without attributes; others are not meant for us. *ret_token is the next page's token
 * (the caller's to free) or NULL. Returns the number of rules that were left out, -EBADMSG when the
 * page is none, or -ENOMEM.
 */
int sampling_rules_read(struct bytes json, struct sampling_rules *rules, char **ret_token);

/*
 * The body that reports @count rules' state.reported and asks for their targets. NULL: no memory.
 */
char *sampling_targets_question(struct sampling_rule *const *rules, size_t count,
				const char client_id[SAMPLING_CLIENT_ID_LEN + 1], uint64_t epoch_s);

struct sampling_targets {
	uint64_t modification_s; /* when any rule was last changed; 0: not told */
	size_t assigned;	 /* rules whose target was taken over */
	size_t unprocessed;	 /* statistics that the service refused */
};

/* Takes over the targets of an answer. Returns 0 or -EBADMSG. */
int sampling_targets_read(struct bytes json, struct sampling_rules *rules,
			  struct sampling_targets *ret);

#endif
