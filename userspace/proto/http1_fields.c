// SPDX-License-Identifier: Apache-2.0
/*
 * http1_fields.c - the field lines of an HTTP/1.x head.
 *
 * The traced program has its own opinion of odd lines, and it has the message already: what is no
 * field (no colon, white space inside the name) is passed over here, and no byte of a line says
 * that this is not a head. The start line has said that it is one.
 */
#include "proto/http1.h"
#include "proto/http1_syntax.h"
#include "util/array.h"

/* The elements of a comma-separated value; an empty value has one empty element. */
struct list {
	struct bytes rest;
	bool done;
};

static bool list_next(struct list *list, struct bytes *ret)
{
	ptrdiff_t comma = bytes_index(list->rest, ',');

	if (list->done)
		return false;
	list->done = comma < 0;
	*ret = http1_trim(list->done ? list->rest : bytes_take(list->rest, (size_t)comma));
	list->rest = bytes_skip(list->rest, (size_t)(comma + 1));
	return true;
}

/* Equal lengths may be repeated, in one line or in several (RFC 9112 6.3, rule 5). */
static void note_content_length(struct http1_fields *fields, struct bytes value)
{
	struct list list = { value, false };
	struct bytes element;

	while (list_next(&list, &element)) {
		int64_t length = http1_parse_decimal(element);

		if (length < 0 || (fields->content_length >= 0 && length != fields->content_length))
			fields->bad_length = true;
		fields->content_length = length;
	}
	if (fields->bad_length)
		fields->content_length = -1;
}

/* Only the last coding frames the message; parameters of it do not matter. */
static void note_transfer_encoding(struct http1_fields *fields, struct bytes value)
{
	struct list list = { value, false };
	struct bytes coding;

	while (list_next(&list, &coding)) {
		ptrdiff_t parameters = bytes_index(coding, ';');

		if (parameters >= 0)
			coding = http1_trim(bytes_take(coding, (size_t)parameters));
		if (!coding.len)
			continue;
		fields->chunked = bytes_case_equal_str(coding, "chunked");
		/* "identity" left the standard, some senders still say it for "none". */
		fields->other_coding =
			!fields->chunked && !bytes_case_equal_str(coding, "identity");
	}
}

static void note_connection(struct http1_fields *fields, struct bytes value)
{
	struct list list = { value, false };
	struct bytes option;

	while (list_next(&list, &option)) {
		fields->connection_close |= bytes_case_equal_str(option, "close");
		fields->connection_keep_alive |= bytes_case_equal_str(option, "keep-alive");
		fields->connection_upgrade |= bytes_case_equal_str(option, "upgrade");
	}
}

static void note_expect(struct http1_fields *fields, struct bytes value)
{
	struct list list = { value, false };
	struct bytes expectation;

	while (list_next(&list, &expectation))
		fields->expect_continue |= bytes_case_equal_str(expectation, "100-continue");
}

#define NAME(text)                                                                                 \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}

/* The fields whose value is handed on as it is: the first line that has one counts. */
static const struct {
	struct bytes name;
	size_t offset;
} views[] = {
	{ NAME("Host"), offsetof(struct http1_fields, host) },
	{ NAME("User-Agent"), offsetof(struct http1_fields, user_agent) },
	{ NAME("X-Forwarded-For"), offsetof(struct http1_fields, x_forwarded_for) },
	{ NAME("X-Forwarded-Proto"), offsetof(struct http1_fields, x_forwarded_proto) },
	{ NAME("X-Real-IP"), offsetof(struct http1_fields, x_real_ip) },
	{ NAME("X-Amzn-Trace-Id"), offsetof(struct http1_fields, trace_id) },
};

static const struct {
	struct bytes name;
	void (*note)(struct http1_fields *fields, struct bytes value);
} meanings[] = {
	{ NAME("Content-Length"), note_content_length },
	{ NAME("Transfer-Encoding"), note_transfer_encoding },
	{ NAME("Connection"), note_connection },
	{ NAME("Expect"), note_expect },
};

static void note_view(struct http1_fields *fields, size_t offset, struct bytes value)
{
	struct bytes *slot = (struct bytes *)((char *)fields + offset);

	if (!slot->len && value.len)
		*slot = value;
}

/* Most names differ in length or in the last letter. */
static bool is_named(struct bytes name, struct bytes wanted)
{
	return name.len == wanted.len &&
	       (name.at[name.len - 1] | 0x20) == (wanted.at[wanted.len - 1] | 0x20) &&
	       bytes_case_equal(name, wanted);
}

/* @line: a field line with its folds, empty when there is none. */
static void note_field(struct http1_fields *fields, struct bytes line)
{
	ptrdiff_t colon = bytes_index(line, ':');
	struct bytes name, value;

	if (colon < 0)
		return;
	name = http1_trim(bytes_take(line, (size_t)colon));
	value = http1_trim(bytes_skip(line, (size_t)colon + 1));

	for (size_t i = 0; i < ARRAY_LEN(views); i++) {
		if (is_named(name, views[i].name))
			note_view(fields, views[i].offset, value);
	}
	for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
		if (is_named(name, meanings[i].name))
			meanings[i].note(fields, value);
	}
}

/* A field is noted when the line behind it shows that it is not folded (RFC 9112 5.2). */
int http1_parse_fields(struct bytes in, struct http1_fields *ret)
{
	struct bytes rest = in, field = BYTES_NONE, line;

	*ret = (struct http1_fields){ .content_length = -1 };
	while (bytes_cut_line(&rest, &line)) {
		if (line.len && http1_is_blank(line.at[0])) {
			if (field.len)
				field.len = (size_t)(line.at + line.len - field.at);
			continue;
		}
		note_field(ret, field);
		if (!line.len)
			return (int)(in.len - rest.len);
		/* What is no field passes with its folds. */
		field = bytes_index(line, ':') < 0 ? BYTES_NONE : line;
	}
	note_field(ret, field);
	return 0;
}
