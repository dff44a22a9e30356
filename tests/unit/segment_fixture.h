/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment_fixture.h - requests and a context for the tests of what becomes of them; always the
 * same bytes.
 */
#ifndef BPFXRAY_TESTS_SEGMENT_FIXTURE_H
#define BPFXRAY_TESTS_SEGMENT_FIXTURE_H

#include "trace/request.h"
#include "xray/segment.h"

/*
 * Ids count up from byte 0; times are offset so that 5 s of monotonic time are 1795352788 s of the
 * epoch.
 */
struct segment_fixture {
	struct segment_context context;
	struct request request;
	struct statement statements[40];
	uint8_t next_byte;
};

/*
 * A GET of one item, answered with 200 after 12.5 ms, without statements. Strings are not to be
 * freed.
 */
void segment_fixture_init(struct segment_fixture *f);

/* Adds a statement that answers as an OK packet does; the caller changes what it wants. */
struct statement *segment_fixture_add(struct segment_fixture *f, const char *sql);

/* The document of the fixture, freed by the caller; NULL after a failed check. */
char *segment_fixture_encode(struct segment_fixture *f);

#endif
