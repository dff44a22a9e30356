/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field.h - the members of a segment and of a call that are compared, and which of their
 * differences are documented.
 */
#ifndef BPFXRAY_COMPARE_FIELD_H
#define BPFXRAY_COMPARE_FIELD_H

#include "compare/reason.h"
#include "compare/record.h"

/* Two segments, or two calls of them, and the members in question (NULL: absent). */
struct sides {
	const struct segment *sdk_segment, *our_segment;
	const struct call *sdk_call, *our_call; /* NULL: the segments themselves */
	const struct record *our_record;	/* all that we recorded */
	bool many;				/* the SDK's call has several of ours */
	const cJSON *sdk, *ours;
};

enum verdict {
	VERDICT_ABSENT,
	VERDICT_EQUAL,
	VERDICT_DIFFERS,
	VERDICT_ONLY_SDK,
	VERDICT_ONLY_OURS
};

struct field {
	const char *name; /* path of the member */
	/* Why a difference is documented; REASON_NONE: it counts. NULL: it always counts. */
	enum reason (*reason)(const struct sides *sides, enum verdict verdict);
	/* For what is no member: whether the tracers agree. */
	bool (*agree)(const struct sides *sides);
	/* Instead of a member: the first of the SDK's that no field of the table is about. */
	bool others;
};

extern const struct field segment_fields[];
extern const size_t segment_field_count;
extern const struct field call_fields[];
extern const size_t call_field_count;
/* No table has more. */
#define FIELDS_MAX 32

/* Of a segment's metadata and a call's. */
enum reason field_metadata(const struct sides *sides, enum verdict verdict);

/* Compares one field; @sides->sdk and ->ours are filled in. */
enum verdict field_compare(const struct field *field, struct sides *sides, enum reason *ret_reason);

/*
 * The first member of @json, at whatever depth, that none of @fields is about and that is nothing
 * of the document itself (its ids, its structure); NULL: there is none.
 */
const cJSON *others_first(const cJSON *json, const struct field *fields, size_t count);

#endif
