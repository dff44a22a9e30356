// SPDX-License-Identifier: Apache-2.0
/* field_call.c - see field.h: the members of a call to a database. */
#include "compare/field.h"

#include <string.h>
#include <strings.h>

#include "compare/pair.h"
#include "proto/sql.h"
#include "util/array.h"
#include "util/cleanup.h"

#define CUT_MARK "..."
/* MariaDB's greeting puts it in front of its version, for old replicas of MySQL. */
#define MARIADB_PREFIX "5.5.5-"

static const char *text(const cJSON *item)
{
	const char *found = cJSON_GetStringValue(item);

	return found ? found : "";
}

/* An address, or what stands for a unix socket: nothing that a person configures for a server. */
static bool is_address(const char *name)
{
	return !strcmp(name, "localhost") || strchr(name, ':') ||
	       !name[strspn(name, "0123456789.")];
}

/* What PyMySQL's patch has for a name, and Django's where no host is configured. */
static bool is_method(const char *name)
{
	return !strcmp(name, "execute") || !strcmp(name, "executemany") ||
	       !strcmp(name, "callproc");
}

/* `db`, which the resolver asked for as `db.internal.example`. */
static bool is_searched(const char *sdk, const char *ours)
{
	size_t len = strlen(sdk);

	return len && !strncasecmp(ours, sdk, len) && ours[len] == '.';
}

static enum reason db_name(const struct sides *sides, enum verdict verdict)
{
	const char *sdk = text(sides->sdk), *ours = text(sides->ours);
	bool other_address = is_address(sdk) && strcmp(ours, "localhost");

	if (verdict != VERDICT_DIFFERS)
		return REASON_NONE;
	if (is_method(sdk) || is_searched(sdk, ours))
		return REASON_DB_NAME;
	return is_address(ours) && !other_address ? REASON_DB_NAME : REASON_NONE;
}

/* What only one of them can know of a connection. */
static enum reason known_by_one(enum verdict verdict)
{
	return verdict == VERDICT_ONLY_SDK    ? REASON_DB_OLD
	       : verdict == VERDICT_ONLY_OURS ? REASON_SQL_MORE
					      : REASON_NONE;
}

static enum reason db_user(const struct sides *sides, enum verdict verdict)
{
	(void)sides;
	return known_by_one(verdict);
}

static enum reason db_type(const struct sides *sides, enum verdict verdict)
{
	return verdict == VERDICT_DIFFERS && !strcasecmp(text(sides->sdk), text(sides->ours))
		       ? REASON_DB_TYPE
		       : REASON_NONE;
}

static bool begins_with_version(const char *ours, const char *sdk)
{
	size_t len = strlen(sdk);

	return len && !strncmp(ours, sdk, len) && !strchr("0123456789.", ours[len]);
}

static enum reason db_version(const struct sides *sides, enum verdict verdict)
{
	const char *sdk = text(sides->sdk), *ours = text(sides->ours);
	bool mariadb = strstr(ours, "MariaDB");

	if (verdict != VERDICT_DIFFERS)
		return known_by_one(verdict);
	if (mariadb && !strncmp(sdk, MARIADB_PREFIX, strlen(MARIADB_PREFIX)))
		sdk += strlen(MARIADB_PREFIX);
	if (mariadb && !strcmp(sdk, "5.5.5"))
		return REASON_DB_VERSION;
	return !strcmp(sdk, ours) || begins_with_version(ours, sdk) ? REASON_DB_VERSION
								    : REASON_NONE;
}

static enum reason sql_more(const struct sides *sides, enum verdict verdict)
{
	(void)sides;
	return verdict == VERDICT_ONLY_OURS ? REASON_SQL_MORE : REASON_NONE;
}

/* `PyMySQL` and `pymysql 1.2.4` name the same. */
static enum reason driver(const struct sides *sides, enum verdict verdict)
{
	const char *sdk = text(sides->sdk);
	bool same = !strncasecmp(text(sides->ours), sdk, strlen(sdk));

	if (verdict == VERDICT_DIFFERS && same)
		return REASON_SQL_MORE;
	return known_by_one(verdict);
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_';
}

/* The length of what stands for a value at @in, or 0: `%s`, and NULL, which a driver sends for
 * None.
 */
static size_t value_at(const char *in, const char *begin)
{
	if (in[0] == '%' && in[1] == 's')
		return 2;
	if (!strncasecmp(in, "NULL", 4) && !is_word(in[4]) && (in == begin || !is_word(in[-1])))
		return 4;
	return 0;
}

/* @in with its values as `?` and without literals, so that only the statement itself counts. */
static char *normal_form(const char *in)
{
	_cleanup_free_ char *plain = malloc(strlen(in) + 1);
	char *out = malloc(SQL_SANITIZED_CAP), *to = plain;

	if (!plain || !out) {
		free(out);
		return NULL;
	}
	for (const char *at = in; *at;) {
		size_t value = value_at(at, in);

		*to++ = value ? '?' : *at;
		at += value ? value : at[0] == '%' && at[1] == '%' ? 2 : 1;
	}
	sql_sanitize(bytes_of(plain, (size_t)(to - plain)), (struct sql_mode){ 0 }, out,
		     SQL_SANITIZED_CAP);
	return out;
}

/*
 * Are two normal forms the same statement? A template's placeholder inside of a name
 * (`seq_1_to_%s`) is part of that name on the wire.
 */
static bool same_form(const char *sdk, const char *ours)
{
	for (const char *at = sdk; *at; at++) {
		if (*at == *ours) {
			ours++;
			continue;
		}
		if (*at != '?' || at == sdk || !is_word(at[-1]))
			return false;
		while (is_word(*ours))
			ours++;
	}
	return !*ours;
}

static enum reason compare_texts(const char *sdk, const char *ours)
{
	_cleanup_free_ char *a = normal_form(sdk), *b = normal_form(ours);
	size_t len = b ? strlen(b) : 0, mark = strlen(CUT_MARK);

	if (!a || !b)
		return REASON_NONE;
	if (same_form(a, b))
		return REASON_SQL_FORM;
	if (len > mark && !strcmp(b + len - mark, CUT_MARK) && !strncmp(a, b, len - mark))
		return REASON_SQL_CUT;
	return REASON_NONE;
}

/* `todo_count` of callproc is sent as `CALL todo_count(..)`, by some drivers quoted. */
static bool is_procedure(const char *sdk, const char *ours)
{
	size_t len = strlen(sdk), quote;

	if (strncasecmp(ours, "CALL ", 5) || !len)
		return false;
	quote = ours[5] == '`';
	ours += 5 + quote;
	return !strncmp(ours, sdk, len) && (!quote || ours[len] == '`') && ours[len + quote] == '(';
}

static bool says(const struct call *call, const char *sdk)
{
	const char *ours = record_text(call->inner, "sql.sanitized_query");

	return !strcmp(sdk, ours) || compare_texts(sdk, ours) == REASON_SQL_FORM ||
	       is_procedure(sdk, ours);
}

/* What the request did last before @call, which is where its thread began with it. */
static double idle_since(const struct segment *segment, const struct call *call)
{
	double since_s = segment->start_s;

	for (size_t i = 0; i < segment->call_count; i++)
		if (segment->calls[i].end_s <= call->start_s && segment->calls[i].end_s > since_s)
			since_s = segment->calls[i].end_s;
	return since_s;
}

static double served_by(const struct segment *segment, const char *what)
{
	return record_seconds(record_member(segment->document, "metadata.bpfxray"), what);
}

/*
 * Could the thread of the one have written its text where the other's had just been put? The SDK's
 * patch puts it down when a call begins and picks it up before the driver sends, both at some time
 * between the request's last call and this one's first byte; and all threads of a process share
 * the place (DjangoXRayTracedCursor.execute(), whose _xray_meta is the class's).
 */
static bool could_overwrite(const struct sides *sides, const struct segment *other,
			    const struct call *call)
{
	const struct segment *own = sides->our_segment;
	double since_s = idle_since(own, sides->our_call), other_s = idle_since(other, call);

	if (other_s >= sides->our_call->start_s || since_s >= call->start_s)
		return false;
	return served_by(own, "pid") == served_by(other, "pid") &&
	       served_by(own, "tid") != served_by(other, "tid");
}

/* Is the text another request's, whose thread was in the way? Only that proves the race. */
static bool is_of_another(const struct sides *sides, const char *sdk)
{
	const struct record *ours = sides->our_record;

	for (size_t i = 0; ours && i < ours->count; i++) {
		const struct segment *other = &ours->segments[i];

		if (other == sides->our_segment || other->start_s >= sides->our_call->start_s)
			continue;
		for (size_t j = 0; j < other->call_count; j++)
			if (could_overwrite(sides, other, &other->calls[j]) &&
			    says(&other->calls[j], sdk))
				return true;
	}
	return false;
}

static enum reason query(const struct sides *sides, enum verdict verdict)
{
	const char *sdk = text(sides->sdk), *ours = text(sides->ours);
	enum reason reason;

	if (verdict != VERDICT_DIFFERS)
		return verdict == VERDICT_ONLY_OURS ? REASON_SQL_MORE : REASON_NONE;
	reason = compare_texts(sdk, ours);
	if (reason == REASON_NONE && (sides->many || is_procedure(sdk, ours)))
		return REASON_MANY;
	if (reason == REASON_NONE && is_of_another(sides, sdk))
		return REASON_SDK_RACE;
	return reason;
}

/* Of several statements one fails; the SDK marks the whole. */
static enum reason fault(const struct sides *sides, enum verdict verdict)
{
	return verdict == VERDICT_ONLY_SDK && sides->many ? REASON_MANY : REASON_NONE;
}

static enum reason cause(const struct sides *sides, enum verdict verdict)
{
	if (verdict == VERDICT_DIFFERS)
		return REASON_DB_CAUSE;
	return fault(sides, verdict);
}

/* The driver's call is around what it sends and reads. */
static bool lies_within(const struct sides *sides)
{
	const struct call *sdk = sides->sdk_call, *ours = sides->our_call;

	return ours->start_s >= sdk->start_s - PAIR_TOLERANCE_S &&
	       ours->end_s <= sdk->end_s + PAIR_TOLERANCE_S;
}

const struct field call_fields[] = {
	{ .name = "name", .reason = db_name },
	{ .name = "namespace" },
	{ .name = "sql.sanitized_query", .reason = query },
	{ .name = "sql.user", .reason = db_user },
	{ .name = "sql.database_type", .reason = db_type },
	{ .name = "sql.database_version", .reason = db_version },
	{ .name = "sql.driver_version", .reason = driver },
	{ .name = "sql.url", .reason = sql_more },
	{ .name = "fault", .reason = fault },
	{ .name = "cause", .reason = cause },
	{ .name = "metadata", .reason = field_metadata },
	{ .name = "any other member", .others = true },
	{ .name = "times (ours inside theirs)", .agree = lies_within },
};
const size_t call_field_count = ARRAY_LEN(call_fields);
_Static_assert(ARRAY_LEN(call_fields) <= FIELDS_MAX, "tally");
