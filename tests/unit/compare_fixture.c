// SPDX-License-Identifier: Apache-2.0
/* compare_fixture.c - see compare_fixture.h. */
#include "compare_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

void read_text(const char *text, struct record *ret)
{
	char path[] = "/tmp/bpfxray-compare-XXXXXX";
	int fd = mkstemp(path);

	if (!CHECK(fd >= 0))
		return;
	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	CHECK_EQ(record_read(path, ret), 0);
	unlink(path);
}

void compare(struct comparison *comparison, const char *sdk, const char *ours)
{
	*comparison = (struct comparison){ 0 };
	read_text(sdk, &comparison->sdk);
	read_text(ours, &comparison->ours);
	CHECK_EQ(comparison_run(comparison), 0);
}

uint64_t documented(const struct comparison *comparison)
{
	uint64_t sum = 0;

	for (unsigned int i = REASON_NONE + 1; i < REASON_COUNT; i++)
		sum += comparison->reasons[i];
	return sum;
}
