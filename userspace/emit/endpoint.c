// SPDX-License-Identifier: Apache-2.0
/* endpoint.c - see endpoint.h. */
#include "emit/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* Address, port and scope alone: the rest of a sockaddr may be padding. */
struct essence {
	uint8_t address[16];
	uint32_t scope;
	uint16_t port;
	uint16_t family;
};

static struct essence essence_of(const struct endpoint *endpoint)
{
	struct essence ret = { .family = endpoint->address.ss_family };
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;

	if (ret.family == AF_INET6) {
		memcpy(&v6, &endpoint->address, sizeof(v6));
		memcpy(ret.address, &v6.sin6_addr, sizeof(v6.sin6_addr));
		ret.port = ntohs(v6.sin6_port);
		ret.scope = v6.sin6_scope_id;
	} else {
		memcpy(&v4, &endpoint->address, sizeof(v4));
		memcpy(ret.address, &v4.sin_addr, sizeof(v4.sin_addr));
		ret.port = ntohs(v4.sin_port);
	}
	return ret;
}

static int compare(const struct endpoint *a, const struct endpoint *b)
{
	struct essence left = essence_of(a), right = essence_of(b);

	return memcmp(&left, &right, sizeof(left));
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return !compare(a, b);
}

void endpoint_set_add(struct endpoint_set *set, const struct sockaddr *address, socklen_t len)
{
	struct endpoint add = { .len = len };
	size_t i = set->count;

	if (set->count == ENDPOINTS_MAX || len > sizeof(add.address))
		return;
	memcpy(&add.address, address, len);
	while (i && compare(&set->at[i - 1], &add) > 0)
		i--;
	if (i && endpoint_equal(&set->at[i - 1], &add))
		return;
	memmove(&set->at[i + 1], &set->at[i], (set->count - i) * sizeof(add));
	set->at[i] = add;
	set->count++;
}

bool endpoint_set_equal(const struct endpoint_set *a, const struct endpoint_set *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++)
		if (!endpoint_equal(&a->at[i], &b->at[i]))
			return false;
	return a->count == b->count;
}

void endpoint_set_port(struct endpoint_set *set, uint16_t port)
{
	for (size_t i = 0; i < set->count; i++) {
		struct sockaddr_storage *address = &set->at[i].address;

		if (address->ss_family == AF_INET6)
			((struct sockaddr_in6 *)address)->sin6_port = htons(port);
		else
			((struct sockaddr_in *)address)->sin_port = htons(port);
	}
}

uint64_t endpoint_hash(const struct endpoint *endpoint)
{
	struct essence essence = essence_of(endpoint);
	const uint8_t *at = (const uint8_t *)&essence;
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

	for (size_t i = 0; i < sizeof(essence); i++)
		hash = (hash ^ at[i]) * 0x100000001b3u;
	return hash;
}

void endpoint_text(const struct endpoint *endpoint, char ret[ENDPOINT_TEXT_MAX])
{
	struct essence essence = essence_of(endpoint);
	char address[INET6_ADDRSTRLEN] = "?";
	bool v6 = essence.family == AF_INET6;

	inet_ntop(essence.family, essence.address, address, sizeof(address));
	snprintf(ret, ENDPOINT_TEXT_MAX, "%s%s%s:%u", v6 ? "[" : "", address, v6 ? "]" : "",
		 essence.port);
}
