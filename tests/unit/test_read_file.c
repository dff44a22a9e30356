// SPDX-License-Identifier: Apache-2.0
/* test_read_file.c - files at their largest size and beyond, and what is no file. */
#include "util/read_file.h"

#include <sys/mman.h>

#include "unit.h"
#include "util/cleanup.h"

static ssize_t read_back(struct bytes text, size_t max, char **ret)
{
	_cleanup_close_ int fd = memfd_create("text", MFD_CLOEXEC);
	char path[64];

	CHECK_EQ(write(fd, text.at, text.len), text.len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return read_file(path, max, ret);
}

TEST(read_file_sizes)
{
	for (size_t len = 0; len <= 5; len++) {
		_cleanup_free_ char *text = NULL;
		struct bytes in = bytes_take(LITERAL("a\0c\n\xff"), len);
		ssize_t r = read_back(in, 4, &text);

		unit_context("%zu bytes", len);
		CHECK_EQ(r, len <= 4 ? (ssize_t)len : -EFBIG);
		CHECK_EQ(text != NULL, len <= 4);
		if (text) {
			CHECK_BYTES(bytes_of(text, len), in);
			CHECK_EQ(text[len], 0);
		}
	}
}

TEST(read_file_that_is_none)
{
	char *text = NULL;

	CHECK_EQ(read_file("/no/such/file", 16, &text), -ENOENT);
	CHECK_EQ(read_file("/", 16, &text), -EISDIR);
	CHECK(!text);
}
