// SPDX-License-Identifier: Apache-2.0
/*
 * subsegment.c - see subsegment.h. The name is the host alone, as the SDK's for mysql.connector;
 * port and database go into sql.url. What the SDK does not record (rows, command, time to first
 * byte) is metadata.
 */
#include "xray/subsegment.h"

#include <stdio.h>

#include "util/decimal.h"
#include "xray/error_message.h"
#include "xray/json_writer.h"
#include "xray/name.h"

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t start_us(const struct segment_context *ctx, const struct statement *s)
{
	return (segment_epoch_ns(ctx, s->start_ns) + 999) / 1000;
}

uint64_t subsegment_end_ns(const struct statement *s)
{
	if (s->end_ns)
		return max_u64(s->end_ns, s->start_ns);
	return max_u64(s->start_ns, max_u64(s->first_ns, s->last_ns));
}

static uint64_t end_us(const struct segment_context *ctx, const struct statement *s)
{
	return max_u64(start_us(ctx, s), segment_epoch_ns(ctx, subsegment_end_ns(s)) / 1000);
}

/* `host:port/database`, without port for a unix socket, without what is unknown. */
static void put_url(struct json_writer *w, const struct db_peer *peer)
{
	const char *host = peer->name[0] ? peer->name : peer->address;
	bool v6 = strchr(host, ':');
	char url[sizeof(peer->name) + sizeof(peer->database) + 16], *end = url;

	end = stpcpy(stpcpy(end, v6 ? "[" : ""), host);
	end = stpcpy(end, v6 ? "]" : "");
	if (peer->port) {
		*end++ = ':';
		end += decimal_text(peer->port, end);
	}
	end = stpcpy(end, peer->database[0] ? "/" : "");
	stpcpy(end, peer->database);
	json_put_string(w, "url", url, sizeof(url));
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

static void put_query(struct json_writer *w, const struct segment_context *ctx,
		      const struct statement *s)
{
	char clean[SQL_SANITIZED_CAP];
	struct bytes text = subsegment_text(ctx->sql, s, clean);

	json_put_bytes(w, "sanitized_query", text, SEGMENT_RAW_SQL_MAX);
}

static void put_sql(struct json_writer *w, const struct segment_context *ctx,
		    const struct statement *s)
{
	const struct db_peer *peer = &s->peer;

	json_open(w, "sql");
	put_url(w, peer);
	put_query(w, ctx, s);
	json_put_string(w, "user", peer->user, SEGMENT_IDENTITY_MAX);
	json_put_word(w, "database_type", "mysql");
	json_put_string(w, "database_version", peer->version, SEGMENT_IDENTITY_MAX);
	json_put_string(w, "driver_version", peer->driver, SEGMENT_IDENTITY_MAX);
	json_close(w);
}

/*
 * `1146 (42S02): text` as the driver's exception has it; without a code (a refused connect) the
 * text alone.
 */
static void put_message(struct json_writer *w, const struct segment_context *ctx,
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
	json_put_string(w, "message", whole, sizeof(whole));
}

bool subsegment_is_fault(const struct statement *s)
{
	return s->failed || s->lost_connection;
}

/* The error is the database's: remote, and without a stack or a directory of ours. */
static void put_cause(struct json_writer *w, const struct segment_context *ctx,
		      const struct statement *s)
{
	char id[SEGMENT_ID_LEN + 1];

	if (!subsegment_is_fault(s))
		return;
	segment_id_new(&ctx->random, id);
	json_open(w, "cause");
	json_put_word(w, "working_directory", "");
	json_open_array(w, "exceptions");
	json_open_item(w);
	json_put_word(w, "id", id);
	put_message(w, ctx, s);
	json_put_word(w, "type", "MySQLError");
	json_put_bool(w, "remote", true);
	json_close(w);
	json_close_array(w);
	json_close(w);
}

/* Only these carry SQL, so that its absence says something. */
static bool lacks_text(const struct statement *s)
{
	bool has_text = s->kind == STATEMENT_QUERY || s->kind == STATEMENT_EXECUTE ||
			s->kind == STATEMENT_PREPARE;

	return has_text && !s->sql;
}

static void put_phase(struct json_writer *w, struct json_key key, uint64_t at, uint64_t since)
{
	if (at && at >= since)
		json_write_ms(w, key, at - since);
}

/* Is there less text in the document than the statement had? Sanitised text says so itself. */
static bool is_truncated(const struct segment_context *ctx, const struct statement *s)
{
	return s->sql_truncated ||
	       (ctx->sql == SEGMENT_SQL_RAW && s->sql && s->sql_len > SEGMENT_RAW_SQL_MAX);
}

static void put_metadata(struct json_writer *w, const struct segment_context *ctx,
			 const struct statement *s)
{
	bool rows_later = s->last_ns > subsegment_end_ns(s);

	json_open(w, "metadata");
	json_open(w, "bpfxray");
	json_put_string(w, "command", s->command, sizeof(s->command));
	if (s->peer.name[0])
		json_put_string(w, "address", s->peer.address, sizeof(s->peer.address));
	json_put_known(w, "rows", s->rows);
	json_put_known(w, "affected", s->affected);
	put_phase(w, JSON_KEY("first_byte_ms"), s->first_ns, s->start_ns);
	put_phase(w, JSON_KEY("last_byte_ms"), rows_later ? s->last_ns : 0, s->start_ns);
	json_put_true(w, "no_text", lacks_text(s));
	json_put_true(w, "truncated", is_truncated(ctx, s));
	json_put_true(w, "incomplete", s->incomplete);
	json_put_true(w, "lost_connection", s->lost_connection);
	json_close(w);
	json_close(w);
}

static const char *db_name(const struct segment_context *ctx, const struct db_peer *peer)
{
	for (size_t i = 0; i < ctx->db_name_count; i++) {
		const struct segment_db_name *known = &ctx->db_names[i];

		if (!known->address[0] || !strcmp(known->address, peer->address))
			return known->name;
	}
	return peer->name[0] ? peer->name : peer->address;
}

void subsegment_put(struct json_writer *w, const struct segment_context *ctx,
		    const struct segment_ids *ids, const struct statement *s)
{
	char id[SEGMENT_ID_LEN + 1], name[NAME_CAP];

	segment_id_new(&ctx->random, id);
	name_clean(bytes_str(db_name(ctx, &s->peer)), name);
	json_open_item(w);
	json_put_word(w, "id", id);
	json_put_string(w, "name", name, sizeof(name));
	json_put_seconds(w, "start_time", start_us(ctx, s));
	json_put_word(w, "parent_id", ids->segment);
	json_put_bool(w, "in_progress", false);
	put_cause(w, ctx, s);
	json_put_word(w, "trace_id", ids->trace);
	json_put_word(w, "type", "subsegment");
	json_put_word(w, "namespace", "remote");
	put_sql(w, ctx, s);
	put_metadata(w, ctx, s);
	json_put_true(w, "fault", subsegment_is_fault(s));
	json_put_seconds(w, "end_time", end_us(ctx, s));
	json_close(w);
}
