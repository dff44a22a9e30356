/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address.h - socket addresses as text, without the C library's resolver headers (trace/ sees no
 * sockets).
 */
#ifndef BPFXRAY_TRACE_ADDRESS_H
#define BPFXRAY_TRACE_ADDRESS_H

#include <linux/types.h>

#include "trace/state.h"

/* An IPv6 address with its brackets, colon, port and NUL. */
#define ADDRESS_TEXT_CAP 56

/* wire.h's family, address and port; a unix socket gives all zeros. */
struct endpoint endpoint_of(uint16_t family, const uint8_t addr[16], uint16_t port);

/* The address alone: dotted for IPv4 (mapped too), RFC 5952 for IPv6. */
void address_text(const struct endpoint *e, char ret[ADDRESS_TEXT_CAP]);

/* With the port, as an authority: 127.0.0.1:8000, [::1]:8000. */
void authority_text(const struct endpoint *e, char ret[ADDRESS_TEXT_CAP]);

/* True when @text names @e's address, in any of the spellings that servers write. */
bool address_is(const struct endpoint *e, const char *text);

#endif
