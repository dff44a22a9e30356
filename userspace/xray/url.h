/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url.h - the URL of a request from its parts (RFC 9112 section 3.3), as X-Ray's http.request.url.
 */
#ifndef BPFXRAY_XRAY_URL_H
#define BPFXRAY_XRAY_URL_H

#include "util/bytes.h"

/*
 * Longest URL in a document, with its NUL. X-Ray's guide says 250 characters for a string, but the
 * SDK sends URLs whole and the console groups by them; 8 KB is what servers accept as a request
 * line.
 */
#define URL_CAP 8192

struct url_parts {
	struct bytes scheme;
	struct bytes host;
	struct bytes method;
	struct bytes target; /* as on the wire */
};

/*
 * Writes the URL to @ret, in ASCII: what no URL may hold (controls, blanks, quotes, any byte above
 * 0x7e ..) is percent-encoded, what is encoded already stays. Origin form follows scheme and host,
 * absolute form is taken as it is but without user and password, authority form (CONNECT) and `*`
 * give scheme and authority alone. Without a host the bare target is written. Returns false when
 * the URL was cut at URL_CAP.
 */
bool url_build(const struct url_parts *parts, char ret[URL_CAP]);

#endif
