/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse.h - the members of a segment or subsegment that the report needs, out of hostile JSON.
 */
#ifndef BPFXRAY_REPORT_PARSE_H
#define BPFXRAY_REPORT_PARSE_H

#include <cjson/cJSON.h>

#include "report/store.h"

/*
 * Fills @ret but for its place among the others (trace, document, up, owner). @is_top: @json is a
 * document of its own. Returns 0, -EBADMSG when X-Ray would refuse it (no id, no name, no time, an
 * independent subsegment without parent), or -ENOMEM.
 */
int span_parse(struct strings *strings, const cJSON *json, bool is_top, struct span *ret);

#endif
