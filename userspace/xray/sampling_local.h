/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampling_local.h - sampling rules from a file (versions 1 and 2 of the SDKs' document), and the
 * default ones for when no centralized rule is known: one request a second, 5 % of the others.
 */
#ifndef BPFXRAY_XRAY_SAMPLING_LOCAL_H
#define BPFXRAY_XRAY_SAMPLING_LOCAL_H

#include "xray/id.h"
#include "xray/sampling_request.h"

#define SAMPLING_ERROR_CAP 200
/* Far more than anybody writes by hand; each rule costs a kilobyte. */
#define SAMPLING_LOCAL_RULES_MAX 1000

struct sampling_local;

/*
 * Parses and validates a document. Returns 0, -ENOMEM, or -EINVAL with one sentence for the user in
 * @error: where it is wrong and what is wanted.
 */
int sampling_local_parse(struct bytes json, struct sampling_local **ret,
			 char error[SAMPLING_ERROR_CAP]);

/* One request a second, then 5 percent: what every SDK does without rules. NULL: no memory. */
struct sampling_local *sampling_local_default(void);
struct sampling_local *sampling_local_free(struct sampling_local *local);

/* Decides by the first rule that matches. @request->ask is not looked at. */
void sampling_local_decide(struct sampling_local *local, const struct sampling_request *request,
			   const struct random_source *random, struct sampling_decision *ret);

#endif
