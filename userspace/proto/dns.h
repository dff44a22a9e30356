/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns.h - an answer of a name server (RFC 1035): the name that was asked for and the addresses it
 * has, whatever aliases lie between. Pure, over byte views; any bytes may come.
 */
#ifndef BPFXRAY_PROTO_DNS_H
#define BPFXRAY_PROTO_DNS_H

#include "util/bytes.h"

/* RFC 1035 3.1: 255 bytes with the length bytes; as text at most 253 characters, and NUL. */
#define DNS_NAME_CAP 254
/* Addresses of one answer; those further are not taken. Round robins have a handful. */
#define DNS_ADDRESSES_MAX 16

struct dns_address {
	bool v6;
	uint8_t at[16]; /* IPv4 in the first 4 bytes */
	uint32_t ttl_s; /* the least of its own and of the aliases that led to it */
};

struct dns_answer {
	char name[DNS_NAME_CAP]; /* as it was asked, without the dot at the end */
	struct dns_address address[DNS_ADDRESSES_MAX];
	size_t count;
};

/*
 * Reads one message. 0, with at least one address; -ENOENT: an answer without addresses of a host's
 * name (none exists, another type or class, a label that no host's name has); -EBADMSG: no answer,
 * or not well-formed before the first address. Records behind a cut are left out. @ret is written
 * only when the result is 0.
 */
int dns_parse_answer(struct bytes message, struct dns_answer *ret);

/* Over TCP: cuts the first whole message, with its length in front, off @in. False: there is none.
 */
bool dns_cut_message(struct bytes *in, struct bytes *ret);

#endif
