// SPDX-License-Identifier: Apache-2.0
/*
 * address.c - IPv4 and IPv6 addresses as text.
 */
#include "trace/address.h"

#include <stdio.h>
#include <strings.h>

#include "util/decimal.h"

static const uint8_t MAPPED[12] = { [10] = 0xff, [11] = 0xff };

struct endpoint endpoint_of(uint16_t family, const uint8_t addr[16], uint16_t port)
{
	struct endpoint e = { .port = port };

	if (family == FAMILY_INET) {
		memcpy(e.addr, MAPPED, sizeof(MAPPED));
		memcpy(e.addr + sizeof(MAPPED), addr, 4);
	} else if (family == FAMILY_INET6) {
		memcpy(e.addr, addr, 16);
	} else {
		e.port = 0;
	}
	return e;
}

static bool is_mapped(const struct endpoint *e)
{
	return !memcmp(e->addr, MAPPED, sizeof(MAPPED));
}

static unsigned int group(const struct endpoint *e, int i)
{
	return (unsigned int)e->addr[2 * i] << 8 | e->addr[2 * i + 1];
}

/* The longest run of two or more zero groups, the first of equals (RFC 5952 4.2). */
static void longest_zeros(const struct endpoint *e, int *ret_at, int *ret_len)
{
	*ret_at = -1;
	*ret_len = 1;
	for (int i = 0; i < 8; i++) {
		int n = 0;

		while (i + n < 8 && !group(e, i + n))
			n++;
		if (n > *ret_len) {
			*ret_at = i;
			*ret_len = n;
		}
		i += n;
	}
}

static void ipv6_text(const struct endpoint *e, char ret[ADDRESS_TEXT_CAP])
{
	size_t len = 0;
	int zeros_at;
	int zeros;

	longest_zeros(e, &zeros_at, &zeros);
	for (int i = 0; i < 8; i++) {
		if (i == zeros_at) {
			len += (size_t)snprintf(ret + len, ADDRESS_TEXT_CAP - len, "::");
			i += zeros - 1;
			continue;
		}
		len += (size_t)snprintf(ret + len, ADDRESS_TEXT_CAP - len, "%s%x",
					i && i != zeros_at + zeros ? ":" : "", group(e, i));
	}
}

void address_text(const struct endpoint *e, char ret[ADDRESS_TEXT_CAP])
{
	const uint8_t *a = e->addr + 12;

	if (!is_mapped(e)) {
		ipv6_text(e, ret);
		return;
	}
	for (int i = 0; i < 4; i++) {
		ret += decimal_text(a[i], ret);
		*ret++ = '.';
	}
	ret[-1] = '\0';
}

void authority_text(const struct endpoint *e, char ret[ADDRESS_TEXT_CAP])
{
	char text[ADDRESS_TEXT_CAP];

	address_text(e, text);
	snprintf(ret, ADDRESS_TEXT_CAP, is_mapped(e) ? "%.45s:%u" : "[%.45s]:%u", text, e->port);
}

bool address_is(const struct endpoint *e, const char *text)
{
	char own[ADDRESS_TEXT_CAP];

	address_text(e, own);
	if (!strncasecmp(text, "::ffff:", 7) && strchr(text, '.'))
		text += 7;
	return !strcasecmp(own, text);
}
