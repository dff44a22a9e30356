/* SPDX-License-Identifier: Apache-2.0 */
/*
 * comparison.h - two records of the same requests, compared: every number and text that the command
 * prints, in whatever form.
 */
#ifndef BPFXRAY_COMPARE_COMPARISON_H
#define BPFXRAY_COMPARE_COMPARISON_H

#include "compare/field.h"

/* What differs in one field, over all pairs. */
struct field_tally {
	uint64_t equal, differs, only_sdk, only_ours;
	uint64_t undocumented; /* of the last three */
};

/* A difference that no reason covers. */
struct finding {
	const char *field;
	char *request;	  /* METHOD URL */
	char *sdk, *ours; /* as JSON; NULL: absent */
};

/* More are counted, not kept. */
#define FINDINGS_MAX 1000

/* Distinct texts kept; savepoints alone, whose names differ, can be many. */
#define TEXTS_MAX 1000

/* Two texts of the same statement, side by side. */
struct text_pair {
	const char *sdk, *ours;
	enum reason reason; /* NONE when they are equal, too */
	bool equal;
	uint64_t count;
};

struct samples {
	double *at;
	size_t count, cap;
};

/* Of segments, or of calls. */
struct coverage {
	uint64_t sdk, ours;	      /* in the files */
	uint64_t paired;	      /* the SDK's that have a partner */
	uint64_t ours_paired;	      /* ours that have one */
	uint64_t only_sdk, only_ours; /* without */
	struct samples longer_s;      /* duration of ours less theirs */
};

struct comparison {
	struct record sdk, ours;
	struct field_tally segment_tallies[FIELDS_MAX];
	struct field_tally call_tallies[FIELDS_MAX];
	struct coverage segments, calls;
	uint64_t paired_by_trace;
	uint64_t in_groups; /* our calls that share one of theirs */
	uint64_t reasons[REASON_COUNT];
	struct text_pair *texts;
	size_t text_count, text_cap; /* sorted: what differs first, then by count */
	struct finding *findings;
	size_t finding_count, finding_cap;
};

/* Compares @comparison->sdk and ->ours. Returns 0 or -ENOMEM. */
int comparison_run(struct comparison *comparison);
void comparison_clear(struct comparison *comparison);

/* Differences that no reason covers. */
static inline uint64_t comparison_undocumented(const struct comparison *comparison)
{
	return comparison->reasons[REASON_NONE];
}

/* The @percent-th percentile by nearest rank; 0 when there are no samples. Sorts them. */
double samples_percentile(struct samples *samples, unsigned int percent);

#endif
