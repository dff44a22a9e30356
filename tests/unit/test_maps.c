// SPDX-License-Identifier: Apache-2.0
/*
 * test_maps.c - lines of /proc/PID/maps, and this very process's own.
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "host/maps.h"
#include "util/array.h"
#include "util/cleanup.h"

TEST(maps_lines)
{
	static const struct {
		const char *line;
		uint64_t start, end;
		const char *path; /* NULL: refused */
	} rows[] = {
		{ "7f00-7f10 r-xp 00001000 fd:01 42    /usr/lib/libssl.so.3\n", 0x7f00, 0x7f10,
		  "/usr/lib/libssl.so.3" },
		{ "7f00-7f10 r-xp 0 00:2b 7 /a b/lib.so", 0x7f00, 0x7f10, "/a b/lib.so" },
		{ "7f00-7f10 r-xp 0 fd:01 42 /lib/x.so (deleted)\n", 0x7f00, 0x7f10, "/lib/x.so" },
		{ "7f00-7f10 r-xp 0 fd:01 42 /lib/x (deleted) y\n", 0x7f00, 0x7f10,
		  "/lib/x (deleted) y" },
		{ "7f00-7f10 r--p 00000000 fd:01 42 /usr/lib/libssl.so.3\n", 0, 0, NULL },
		{ "7f00-7f10 rw-p 00000000 00:00 0 \n", 0, 0, NULL },
		{ "7f00-7f10 r-xp 00000000 00:00 0 [vdso]\n", 0, 0, NULL },
		{ "/no/range r-xp\n", 0, 0, NULL },
		{ "", 0, 0, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct mapping mapping;
		char line[128];
		bool taken;

		snprintf(line, sizeof(line), "%s", rows[i].line);
		taken = mapping_parse(line, &mapping);
		CHECK_EQ(taken, rows[i].path != NULL);
		if (!taken || !rows[i].path)
			continue;
		CHECK_EQ(mapping.start, rows[i].start);
		CHECK_EQ(mapping.end, rows[i].end);
		CHECK_STR(mapping.path, rows[i].path);
	}
}

struct seen {
	unsigned int count;
	unsigned int opened;
};

static void see(void *ctx, const struct mapping *mapping)
{
	_cleanup_close_ int fd = mapping_open(getpid(), mapping);
	struct seen *seen = ctx;

	seen->count++;
	seen->opened += fd >= 0;
}

TEST(maps_of_this_process)
{
	struct seen seen = { 0 };

	CHECK_EQ(process_mappings(getpid(), see, &seen), 0);
	/* the program, the C library, the loader */
	CHECK(seen.count >= 3);
	CHECK_EQ(seen.opened, seen.count);
	CHECK_EQ(process_mappings(-1, see, &seen), -ESRCH);
}
