/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hosts.h - a hosts file (hosts(5)), line by line: an address and the first of its names. Pure,
 * over byte views.
 */
#ifndef BPFXRAY_PROTO_HOSTS_H
#define BPFXRAY_PROTO_HOSTS_H

#include "proto/dns.h"

struct hosts_line {
	uint8_t address[16]; /* IPv4 in its IPv6-mapped form */
	char name[DNS_NAME_CAP];
};

/*
 * Cuts lines off @in up to the next one that names an address other than 127.0.0.1 and ::1, which
 * is what most callers write out, and which every machine has names for. False: there is none.
 */
bool hosts_next(struct bytes *in, struct hosts_line *ret);

#endif
