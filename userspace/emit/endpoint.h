/* SPDX-License-Identifier: Apache-2.0 */
/*
 * endpoint.h - where datagrams can be sent: socket addresses, and a small set of them.
 */
#ifndef BPFXRAY_EMIT_ENDPOINT_H
#define BPFXRAY_EMIT_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Daemons of one name that are used; a DNS answer over UDP holds about as many. */
#define ENDPOINTS_MAX 16

struct endpoint {
	struct sockaddr_storage address;
	socklen_t len;
};

struct endpoint_set {
	struct endpoint at[ENDPOINTS_MAX]; /* each once, in a fixed order */
	size_t count;
};

/* Adds a copy of @address unless it is there or the set is full. Keeps the order. */
void endpoint_set_add(struct endpoint_set *set, const struct sockaddr *address, socklen_t len);
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
bool endpoint_set_equal(const struct endpoint_set *a, const struct endpoint_set *b);

/* @set with another port. */
void endpoint_set_port(struct endpoint_set *set, uint16_t port);

/* The same number for the same address, on every host and in every run. */
uint64_t endpoint_hash(const struct endpoint *endpoint);

/* "127.0.0.1:2000", "[::1]:2000" */
#define ENDPOINT_TEXT_MAX 80
void endpoint_text(const struct endpoint *endpoint, char ret[ENDPOINT_TEXT_MAX]);

#endif
