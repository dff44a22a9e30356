// SPDX-License-Identifier: Apache-2.0
/*
 * mysql_query.c - finds the SQL text of a COM_QUERY behind its query attributes.
 *
 * Attribute values are data of the application: they are stepped over by their types, and a type
 * without a known size makes the packet malformed rather than the value part of the text.
 */
#include "proto/mysql_read.h"

#include <errno.h>

/* Column types whose binary value has a fixed width; all others are below. */
static int fixed_width(uint8_t type)
{
	switch (type) {
	case 0x06: /* NULL */
		return 0;
	case 0x01: /* TINY */
		return 1;
	case 0x02: /* SHORT */
	case 0x0d: /* YEAR */
		return 2;
	case 0x03: /* LONG */
	case 0x04: /* FLOAT */
	case 0x09: /* INT24 */
		return 4;
	case 0x05: /* DOUBLE */
	case 0x08: /* LONGLONG */
		return 8;
	default:
		return -1;
	}
}

static void skip_value(struct mysql_reader *r, uint8_t type)
{
	int width = fixed_width(type);

	if (width >= 0)
		mysql_read_bytes(r, (uint64_t)width);
	else if (type == 0x07 || (type >= 0x0a && type <= 0x0c)) /* times: a length byte */
		mysql_read_bytes(r, mysql_read_int(r, 1));
	else if (type == 0x00 || type == 0x0f || type == 0x10 || type >= 0xf5)
		mysql_read_lenenc_bytes(r); /* decimals, bits, JSON, enums, blobs, strings */
	else
		r->cut = true;
}

/* Steps over @count attributes: null bitmap, types with names, values. */
static void skip_attributes(struct mysql_reader *r, uint64_t count)
{
	struct bytes nulls = mysql_read_bytes(r, count / 8 + (count % 8 != 0));
	struct mysql_reader types;

	if (mysql_read_int(r, 1) != 1)
		r->cut = true; /* types of an earlier execution: a query has none */
	types = *r;
	for (uint64_t i = 0; i < count && !r->cut; i++) {
		mysql_read_int(r, 2);
		mysql_read_lenenc_bytes(r);
	}
	for (uint64_t i = 0; i < count && !r->cut; i++) {
		uint8_t type = (uint8_t)mysql_read_int(&types, 2);

		mysql_read_lenenc_bytes(&types);
		if (!(nulls.at[i / 8] >> (i % 8) & 1))
			skip_value(r, type);
	}
}

/*
 * Whether a body of unknown form begins with text: an attribute block has a 1 as its second byte.
 */
static bool begins_with_text(struct bytes body)
{
	bool space = body.len && (body.at[0] == ' ' || (body.at[0] >= '\t' && body.at[0] <= '\r'));

	if (!body.len)
		return true;
	if (body.len > 1 && body.at[1] == 0x01)
		return false;
	return space || (body.at[0] > 0x20 && body.at[0] < 0x7f);
}

int mysql_query_text(struct bytes payload, int attributes, struct bytes *ret)
{
	struct mysql_reader r = mysql_reader_of(payload);
	uint64_t count;

	*ret = BYTES_NONE;
	if (mysql_read_int(&r, 1) != MYSQL_COM_QUERY)
		return -EBADMSG;
	if (attributes == 0 || (attributes < 0 && begins_with_text(r.left))) {
		*ret = r.left;
		return 0;
	}
	count = mysql_read_lenenc(&r);
	if (mysql_read_lenenc(&r) != 1) /* sets of attributes */
		return -EBADMSG;
	if (count)
		skip_attributes(&r, count);
	if (r.cut)
		return -EBADMSG;
	*ret = r.left;
	return 0;
}
