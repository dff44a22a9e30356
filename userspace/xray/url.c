// SPDX-License-Identifier: Apache-2.0
/* url.c - see url.h. */
#include "xray/url.h"

struct writer {
	char *out;
	size_t len;
	bool whole;
};

/* The bytes that Django's URL quoting leaves alone are the same, so that URLs equal the SDK's. */
static const bool is_url_byte[256] = {
	['!'] = true, ['#' ... ';'] = true, ['='] = true,	  ['?' ... '['] = true,
	[']'] = true, ['_'] = true,	    ['a' ... 'z'] = true, ['~'] = true,
};

static void put(struct writer *w, const char *text, size_t len)
{
	if (!w->whole || w->len + len >= URL_CAP) {
		w->whole = false;
		return;
	}
	memcpy(w->out + w->len, text, len);
	w->len += len;
}

/* @text may be cut anywhere. */
static void put_plain(struct writer *w, struct bytes text)
{
	size_t room = URL_CAP - 1 - w->len;

	put(w, (const char *)text.at, text.len < room ? text.len : room);
	w->whole &= text.len <= room;
}

static void put_encoded(struct writer *w, struct bytes in)
{
	static const char digits[] = "0123456789ABCDEF";

	while (in.len && w->whole) {
		char encoded[] = { '%', digits[in.at[0] >> 4], digits[in.at[0] & 15] };
		size_t n = 0;

		while (n < in.len && is_url_byte[in.at[n]])
			n++;
		if (n)
			put_plain(w, bytes_take(in, n));
		else
			put(w, encoded, sizeof(encoded));
		in = bytes_skip(in, n ?: 1);
	}
}

/* Length of the scheme of an absolute-form target, or 0 for any other. */
static size_t scheme_len(struct bytes target)
{
	ptrdiff_t colon = bytes_index(target, ':');

	if (colon <= 0 || !bytes_starts_with(bytes_skip(target, colon), "://"))
		return 0;
	for (ptrdiff_t i = 0; i < colon; i++) {
		uint8_t c = target.at[i] | 0x20;
		bool letter = c >= 'a' && c <= 'z';

		if (!letter && (!i || !strchr("0123456789+-.", target.at[i]) || !target.at[i]))
			return 0;
	}
	return colon;
}

/* @in, which begins with an authority, without a user and password. */
static struct bytes skip_userinfo(struct bytes in)
{
	size_t end = 0;

	while (end < in.len && !(in.at[end] && strchr("/?#", in.at[end])))
		end++;
	for (size_t i = end; i > 0; i--) {
		if (in.at[i - 1] == '@')
			return bytes_skip(in, i);
	}
	return in;
}

static void put_authority(struct writer *w, struct bytes scheme, struct bytes rest)
{
	put_encoded(w, scheme);
	put(w, "://", 3);
	put_encoded(w, skip_userinfo(rest));
}

bool url_build(const struct url_parts *parts, char ret[URL_CAP])
{
	struct writer w = { ret, 0, true };
	struct bytes target = parts->target;
	size_t scheme = scheme_len(target);

	if (scheme) {
		put_authority(&w, bytes_take(target, scheme), bytes_skip(target, scheme + 3));
	} else if (bytes_equal_str(parts->method, "CONNECT")) {
		put_authority(&w, parts->scheme, target);
	} else {
		if (parts->host.len)
			put_authority(&w, parts->scheme, parts->host);
		if (!parts->host.len || !bytes_equal_str(target, "*")) {
			if (parts->host.len && target.len && target.at[0] != '/')
				put(&w, "/", 1);
			put_encoded(&w, target);
		}
	}
	ret[w.len] = '\0';
	return w.whole;
}
