// SPDX-License-Identifier: Apache-2.0
/*
 * subsegment.c - see subsegment.h. The name is the host alone, as the SDK's for mysql.connector;
 * port and database go into sql.url. What the SDK does not record (rows, command, time to first
 * byte) is metadata.
 */
#include "xray/subsegment.h"

#include <inttypes.h>
#include <stdio.h>

#include "xray/error_message.h"
#include "xray/json.h"
#include "xray/name.h"

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static bool add_times_start(cJSON *out, const struct segment_context *ctx,
			    const struct statement *s)
{
	uint64_t ns = segment_epoch_ns(ctx, s->start_ns);

	return json_add_seconds(out, "start_time", (ns + 999) / 1000);
}

uint64_t subsegment_end_ns(const struct statement *s)
{
	if (s->end_ns)
		return max_u64(s->end_ns, s->start_ns);
	return max_u64(s->start_ns, max_u64(s->first_ns, s->last_ns));
}

static bool add_times_end(cJSON *out, const struct segment_context *ctx, const struct statement *s)
{
	uint64_t start_us = (segment_epoch_ns(ctx, s->start_ns) + 999) / 1000;
	uint64_t end_us = segment_epoch_ns(ctx, subsegment_end_ns(s)) / 1000;

	return json_add_seconds(out, "end_time", max_u64(start_us, end_us));
}

/* `host:port/database`, without port for a unix socket, without what is unknown. */
static bool add_url(cJSON *sql, const struct db_peer *peer)
{
	bool v6 = strchr(peer->address, ':');
	char port[8] = "";
	char url[sizeof(peer->address) + sizeof(peer->database) + 16];

	if (peer->port)
		snprintf(port, sizeof(port), ":%" PRIu16, peer->port);
	snprintf(url, sizeof(url), "%s%s%s%s%s%s", v6 ? "[" : "", peer->address, v6 ? "]" : "",
		 port, peer->database[0] ? "/" : "", peer->database);
	return json_add_string(sql, "url", url, sizeof(url));
}

struct bytes subsegment_text(enum segment_sql sql, const struct statement *s,
			     char buffer[SQL_SANITIZED_CAP])
{
	struct sql_mode mode = {
		.no_backslash_escapes = s->no_backslash_escapes,
		.ansi_quotes = s->ansi_quotes,
		.odd_charset = s->odd_charset,
		.truncated = s->sql_truncated,
	};
	struct bytes text = bytes_of(s->sql, s->sql ? s->sql_len : 0);

	if (sql == SEGMENT_SQL_OFF || !text.len)
		return BYTES_NONE;
	if (sql == SEGMENT_SQL_RAW)
		return text;
	return bytes_of(buffer, sql_sanitize(text, mode, buffer, SQL_SANITIZED_CAP));
}

static bool add_query(cJSON *sql, const struct segment_context *ctx, const struct statement *s)
{
	char clean[SQL_SANITIZED_CAP];
	struct bytes text = subsegment_text(ctx->sql, s, clean);

	return json_add_bytes(sql, "sanitized_query", text, SEGMENT_RAW_SQL_MAX);
}

static bool add_sql(cJSON *out, const struct segment_context *ctx, const struct statement *s)
{
	const struct db_peer *peer = &s->peer;
	cJSON *sql = json_add_object(out, "sql");

	return sql && add_url(sql, peer) && add_query(sql, ctx, s) &&
	       json_add_string(sql, "user", peer->user, SEGMENT_IDENTITY_MAX) &&
	       json_add_string(sql, "database_type", "mysql", SEGMENT_IDENTITY_MAX) &&
	       json_add_string(sql, "database_version", peer->version, SEGMENT_IDENTITY_MAX) &&
	       json_add_string(sql, "driver_version", peer->driver, SEGMENT_IDENTITY_MAX);
}

/*
 * `1146 (42S02): text` as the driver's exception has it; without a code (a refused connect) the
 * text alone.
 */
static bool add_message(cJSON *exception, const struct segment_context *ctx,
			const struct statement *s)
{
	char clean[ERROR_MESSAGE_CAP] = "", whole[SEGMENT_RAW_MESSAGE_MAX + 32];
	const char *text = s->err_message ? s->err_message : "";
	int len = 0;

	if (ctx->sql == SEGMENT_SQL_SANITIZED)
		error_message_sanitize(bytes_str(text), s->err_sqlstate, clean);
	if (ctx->sql != SEGMENT_SQL_RAW)
		text = clean;
	if (!text[0] && !s->err_code && s->lost_connection)
		text = "connection lost before the answer";
	if (s->err_code && s->err_sqlstate[0])
		len = snprintf(whole, sizeof(whole), "%u (%s)", s->err_code, s->err_sqlstate);
	else if (s->err_code)
		len = snprintf(whole, sizeof(whole), "%u", s->err_code);
	snprintf(whole + len, sizeof(whole) - len, "%s%.*s", len && text[0] ? ": " : "",
		 SEGMENT_RAW_MESSAGE_MAX, text);
	return json_add_string(exception, "message", whole, sizeof(whole));
}

bool subsegment_is_fault(const struct statement *s)
{
	return s->failed || s->lost_connection;
}

/* The error is the database's: remote, and without a stack or a directory of ours. */
static bool add_cause(cJSON *out, const struct segment_context *ctx, const struct statement *s)
{
	char id[SEGMENT_ID_LEN + 1];
	cJSON *cause, *exceptions, *exception;

	if (!subsegment_is_fault(s))
		return true;
	segment_id_new(&ctx->random, id);
	cause = json_add_object(out, "cause");
	if (!cause || !cJSON_AddStringToObject(cause, "working_directory", ""))
		return false;
	exceptions = json_add_array(cause, "exceptions");
	exception = exceptions ? json_append_object(exceptions) : NULL;
	return exception && json_add_string(exception, "id", id, sizeof(id)) &&
	       add_message(exception, ctx, s) &&
	       json_add_string(exception, "type", "MySQLError", SEGMENT_IDENTITY_MAX) &&
	       json_add_bool(exception, "remote", true);
}

/* Only these carry SQL, so that its absence says something. */
static bool lacks_text(const struct statement *s)
{
	bool has_text = s->kind == STATEMENT_QUERY || s->kind == STATEMENT_EXECUTE ||
			s->kind == STATEMENT_PREPARE;

	return has_text && !s->sql;
}

static bool add_phase(cJSON *metadata, const char *key, uint64_t at, uint64_t since)
{
	return at < since || !at ? true : json_add_ms(metadata, key, at - since);
}

/* Is there less text in the document than the statement had? Sanitised text says so itself. */
static bool is_truncated(const struct segment_context *ctx, const struct statement *s)
{
	return s->sql_truncated ||
	       (ctx->sql == SEGMENT_SQL_RAW && s->sql && s->sql_len > SEGMENT_RAW_SQL_MAX);
}

static bool add_metadata(cJSON *out, const struct segment_context *ctx, const struct statement *s)
{
	cJSON *metadata = json_add_object(out, "metadata");
	cJSON *own = metadata ? json_add_object(metadata, "bpfxray") : NULL;
	bool rows_later = s->last_ns > subsegment_end_ns(s);

	return own && json_add_string(own, "command", s->command, sizeof(s->command)) &&
	       json_add_known(own, "rows", s->rows) &&
	       json_add_known(own, "affected", s->affected) &&
	       add_phase(own, "first_byte_ms", s->first_ns, s->start_ns) &&
	       add_phase(own, "last_byte_ms", rows_later ? s->last_ns : 0, s->start_ns) &&
	       json_add_true(own, "no_text", lacks_text(s)) &&
	       json_add_true(own, "truncated", is_truncated(ctx, s)) &&
	       json_add_true(own, "incomplete", s->incomplete) &&
	       json_add_true(own, "lost_connection", s->lost_connection);
}

bool subsegment_fill(cJSON *out, const struct segment_context *ctx, const struct segment_ids *ids,
		     const struct statement *s)
{
	char id[SEGMENT_ID_LEN + 1], name[NAME_CAP];

	segment_id_new(&ctx->random, id);
	name_clean(bytes_str(s->peer.address), name);
	return json_add_string(out, "id", id, sizeof(id)) &&
	       json_add_string(out, "name", name, sizeof(name)) && add_times_start(out, ctx, s) &&
	       json_add_string(out, "parent_id", ids->segment, sizeof(ids->segment)) &&
	       json_add_bool(out, "in_progress", false) && add_cause(out, ctx, s) &&
	       json_add_string(out, "trace_id", ids->trace, sizeof(ids->trace)) &&
	       json_add_string(out, "type", "subsegment", SEGMENT_IDENTITY_MAX) &&
	       json_add_string(out, "namespace", "remote", SEGMENT_IDENTITY_MAX) &&
	       add_sql(out, ctx, s) && add_metadata(out, ctx, s) &&
	       json_add_true(out, "fault", subsegment_is_fault(s)) && add_times_end(out, ctx, s);
}
