// SPDX-License-Identifier: Apache-2.0
/*
 * test_unit.c - the harness itself: a guard page that does not crash would make every guarded test
 * worthless.
 */
#include "unit.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* True when reading *@at kills a child process; the sanitizer's own report of it is not wanted. */
static bool read_crashes(const volatile uint8_t *at)
{
	int status = 0;
	pid_t child = fork();

	if (!child) {
		struct rlimit no_core = { 0, 0 };

		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGSEGV, SIG_DFL);
		(void)*at;
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return false;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

TEST(guard_copy_ends_at_a_guard_page)
{
	const uint8_t *copy = guard_copy(LITERAL("abc"));

	CHECK_VIEW(bytes_of(copy, 3), "abc");
	CHECK(!read_crashes(copy + 2));
	CHECK(read_crashes(copy + 3));
}

TEST(guard_copy_front_begins_at_a_guard_page)
{
	const uint8_t *copy = guard_copy_front(LITERAL("abc"));

	CHECK_VIEW(bytes_of(copy, 3), "abc");
	CHECK(!read_crashes(copy));
	CHECK(read_crashes(copy - 1));
}

TEST(guard_copy_of_nothing_is_all_guard)
{
	CHECK(read_crashes(guard_copy(BYTES_NONE)));
	CHECK(read_crashes(guard_copy_front(BYTES_NONE) - 1));
}

TEST(guard_copy_of_whole_pages)
{
	static const uint8_t pages[8192];
	const uint8_t *copy = guard_copy(bytes_of(pages, sizeof(pages)));

	CHECK(!read_crashes(copy + sizeof(pages) - 1));
	CHECK(read_crashes(copy + sizeof(pages)));
}
