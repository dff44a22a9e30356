// SPDX-License-Identifier: Apache-2.0
/* sampling_request.c - see sampling_request.h. */
#include "xray/sampling_request.h"

/* Reads one byte off @in, a percent escape as the byte it stands for. */
static uint8_t next_byte(struct bytes *in)
{
	int high = in->len > 2 ? bytes_hex_digit(in->at[1]) : -1;
	int low = in->len > 2 ? bytes_hex_digit(in->at[2]) : -1;
	uint8_t c = in->at[0];

	if (c == '%' && high >= 0 && low >= 0) {
		*in = bytes_skip(*in, 3);
		return (uint8_t)(high << 4 | low);
	}
	*in = bytes_skip(*in, 1);
	return c;
}

/* `http://host/path` to `/path`. */
static struct bytes without_authority(struct bytes in)
{
	ptrdiff_t colon = bytes_index(in, ':'), slash;
	struct bytes rest = bytes_skip(in, colon < 0 ? in.len : (size_t)colon + 1);

	if (!in.len || in.at[0] == '/' || !bytes_starts_with(rest, "//"))
		return in;
	rest = bytes_skip(rest, 2);
	slash = bytes_index(rest, '/');
	return slash < 0 ? bytes_str("/") : bytes_skip(rest, (size_t)slash);
}

struct bytes sampling_path(struct bytes in, char ret[SAMPLING_PATH_CAP])
{
	ptrdiff_t query = bytes_index(in, '?');
	size_t len = 0;

	in = without_authority(bytes_take(in, query < 0 ? in.len : (size_t)query));
	while (in.len && len < SAMPLING_PATH_CAP - 1)
		ret[len++] = (char)next_byte(&in);
	ret[len] = '\0';
	return bytes_of(ret, len);
}
