// SPDX-License-Identifier: Apache-2.0
/* trace_header.c - see trace_header.h. */
#include "xray/trace_header.h"

#include <errno.h>

/* Cuts @in at the first @separator: returns what is before it and leaves what is behind it. */
static struct bytes cut(struct bytes *in, uint8_t separator)
{
	ptrdiff_t at = bytes_index(*in, separator);
	struct bytes first = bytes_take(*in, at < 0 ? in->len : (size_t)at);

	*in = bytes_skip(*in, at < 0 ? in->len : (size_t)at + 1);
	return first;
}

static bool is_hex(struct bytes in, size_t len)
{
	if (in.len != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (bytes_hex_digit(in.at[i]) < 0)
			return false;
	return true;
}

static bool is_trace_id(struct bytes in)
{
	struct bytes version = cut(&in, '-');
	struct bytes seconds = cut(&in, '-');

	return bytes_equal_str(version, "1") && is_hex(seconds, 8) && is_hex(in, 24);
}

static enum trace_sampled sampled_of(struct bytes value)
{
	if (bytes_equal_str(value, "0"))
		return TRACE_SAMPLED_NO;
	if (bytes_equal_str(value, "1"))
		return TRACE_SAMPLED_YES;
	if (bytes_equal_str(value, "?"))
		return TRACE_SAMPLED_ASK;
	return TRACE_SAMPLED_ABSENT;
}

static int take_id(struct bytes value, bool valid, char *ret)
{
	if (!valid)
		return -EBADMSG;
	memcpy(ret, value.at, value.len);
	ret[value.len] = '\0';
	return 0;
}

static int take_item(struct bytes item, struct trace_header *header)
{
	struct bytes key, value;

	if (!item.len)
		return 0;
	if (bytes_index(item, '=') < 0)
		return -EBADMSG;
	key = bytes_trim(cut(&item, '='));
	value = bytes_trim(cut(&item, '='));
	if (bytes_equal_str(key, "Root"))
		return take_id(value, is_trace_id(value), header->root);
	if (bytes_equal_str(key, "Parent"))
		return take_id(value, is_hex(value, SEGMENT_ID_LEN), header->parent);
	if (bytes_equal_str(key, "Sampled"))
		header->sampled = sampled_of(value);
	return 0;
}

int trace_header_parse(struct bytes in, struct trace_header *ret)
{
	struct trace_header header = { .sampled = TRACE_SAMPLED_ABSENT };

	*ret = header;
	while (in.len) {
		int r = take_item(bytes_trim(cut(&in, ';')), &header);

		if (r < 0)
			return r;
	}
	*ret = header;
	return 0;
}

bool trace_header_names_trace(struct bytes in, struct trace_header *ret)
{
	return !trace_header_parse(in, ret) && ret->root[0] &&
	       strcmp(ret->root, "1-00000000-000000000000000000000000");
}
