/* SPDX-License-Identifier: Apache-2.0 */
/*
 * truncate.h - one document that is too large even alone: its longest texts are cut until it fits,
 * and it says so itself, in metadata.bpfxray.truncated. What X-Ray knows it by (name, type and the
 * ids) stays whole.
 */
#ifndef BPFXRAY_EMIT_TRUNCATE_H
#define BPFXRAY_EMIT_TRUNCATE_H

#include <cjson/cJSON.h>
#include <stddef.h>

/*
 * Cuts @document, which prints to @len bytes, so that it prints to @max bytes or as few as can be
 * without losing what it is known by. 0 or -ENOMEM.
 */
int truncate_texts(cJSON *document, size_t len, size_t max);

#endif
