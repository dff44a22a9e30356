/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wildcard.h - X-Ray's patterns for names, hosts, methods and paths: `*` is any run of characters,
 * `?` exactly one, everything else itself. The whole text must match.
 */
#ifndef BPFXRAY_XRAY_WILDCARD_H
#define BPFXRAY_XRAY_WILDCARD_H

#include "util/bytes.h"

/*
 * ASCII letters match in both cases. A character is a UTF-8 sequence, or one byte that is part of
 * none. Time is at most the product of both lengths, whatever the pattern.
 */
bool wildcard_match(struct bytes pattern, struct bytes text);

#endif
