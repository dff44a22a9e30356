// SPDX-License-Identifier: Apache-2.0
/*
 * address.c - see address.h. Every function that can refuse its input returns the reason, or NULL
 * when all is well.
 */
#include "emit/address.h"

#include <errno.h>
#include <stdio.h>

#include "util/bytes.h"

#define PORT_MAX 65535u

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Cuts the next word off @in; empty at the end. */
static struct bytes next_word(struct bytes *in)
{
	struct bytes word;
	size_t len = 0;

	while (in->len && is_blank(in->at[0]))
		*in = bytes_skip(*in, 1);
	while (len < in->len && !is_blank(in->at[len]))
		len++;
	word = bytes_take(*in, len);
	*in = bytes_skip(*in, len);
	return word;
}

static const char *parse_port(struct bytes in, char ret[6])
{
	unsigned int port = 0;

	if (!in.len)
		return "the port is missing, as in 127.0.0.1:2000";
	for (size_t i = 0; i < in.len; i++) {
		if (in.at[i] < '0' || in.at[i] > '9')
			return "the port is not a number";
		port = port * 10 + (in.at[i] - '0');
		if (port > PORT_MAX)
			return "the port is above 65535";
	}
	if (!port)
		return "the port is 0";
	snprintf(ret, 6, "%u", port);
	return NULL;
}

static bool is_name_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '-' || c == '_';
}

static bool is_v6_byte(uint8_t c)
{
	return is_name_byte(c) || c == ':' || c == '%';
}

static const char *parse_host(struct bytes in, bool (*allowed)(uint8_t c), struct host_port *ret)
{
	if (!in.len)
		return "the host is missing, as in 127.0.0.1:2000";
	if (in.len >= sizeof(ret->host))
		return "the host is longer than 253 characters";
	for (size_t i = 0; i < in.len; i++) {
		if (!allowed(in.at[i]))
			return "the host holds a character that no host name has";
	}
	memcpy(ret->host, in.at, in.len);
	ret->host[in.len] = '\0';
	return NULL;
}

static const char *parse_host_port(struct bytes in, struct host_port *ret)
{
	bool bracket = in.len && in.at[0] == '[';
	ptrdiff_t colon = bytes_index(in, bracket ? ']' : ':');
	const char *why;

	if (bracket && (colon < 0 || (size_t)colon + 1 >= in.len || in.at[colon + 1] != ':'))
		return "an IPv6 address is written [address]:port";
	if (colon < 0)
		return "it is not host:port";
	if (bracket)
		why = parse_host(bytes_skip(bytes_take(in, colon), 1), is_v6_byte, ret);
	else
		why = parse_host(bytes_take(in, colon), is_name_byte, ret);
	if (why)
		return why;
	in = bytes_skip(in, (size_t)colon + 1 + bracket);
	if (!bracket && bytes_index(in, ':') >= 0)
		return "too many colons: `udp:` and `tcp:` items come in pairs, IPv6 in brackets";
	return parse_port(in, ret->port);
}

static const char *parse_item(struct bytes in, struct daemon_address *ret)
{
	struct host_port *to = NULL;

	if (bytes_starts_with(in, "udp:"))
		to = &ret->udp;
	else if (bytes_starts_with(in, "tcp:"))
		to = &ret->tcp;
	if (!to || to->host[0])
		return "of two items one is udp:host:port and one tcp:host:port";
	return parse_host_port(bytes_skip(in, 4), to);
}

static const char *parse(struct bytes in, struct daemon_address *ret)
{
	struct bytes first = next_word(&in), second = next_word(&in);
	const char *why;

	if (!first.len)
		return "it is empty";
	if (next_word(&in).len)
		return "it has more than two items";
	if (second.len) {
		why = parse_item(first, ret);
		return why ? why : parse_item(second, ret);
	}
	why = parse_host_port(first, &ret->udp);
	ret->tcp = ret->udp;
	return why;
}

int daemon_address_parse(const char *text, struct daemon_address *ret, const char **ret_why)
{
	*ret = (struct daemon_address){ 0 };
	*ret_why = parse(bytes_str(text), ret);
	return *ret_why ? -EINVAL : 0;
}
