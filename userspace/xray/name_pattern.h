/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name_pattern.h - dynamic segment names: the request's Host where it matches a pattern
 * (`--name-pattern '*.example.com'`), else the service's own name.
 */
#ifndef BPFXRAY_XRAY_NAME_PATTERN_H
#define BPFXRAY_XRAY_NAME_PATTERN_H

#include "util/bytes.h"
#include "xray/name.h"

/*
 * Why @pattern can be none, as a constant text for the user; NULL when it is one. A pattern that
 * matches every host is refused: a client could then choose any name, and each would become a
 * service of its own.
 */
const char *name_pattern_refused(struct bytes pattern);

/*
 * Writes the name for a request with the Host header @host (its port included, as in the SDK) to
 * @ret, within X-Ray's character set and length. @pattern NULL: no pattern. @name: the service's.
 */
void name_pattern_apply(const char *pattern, struct bytes host, const char *name,
			char ret[NAME_CAP]);

#endif
