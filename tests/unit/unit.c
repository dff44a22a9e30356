// SPDX-License-Identifier: Apache-2.0
/*
 * unit.c - runs the registered tests and prints what failed; the closing line is `N passed, N
 * failed, N skipped`.
 *
 * Usage: unit [-v] [TEXT]: with TEXT only the tests whose file or name contains it; -v names each
 * test before it runs. Exits 1 on a failure, and when no test ran at all.
 */
#include "unit.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* The test in work. */
static struct {
	const struct unit_test *test;
	unsigned int failures;
	bool skipped;
	char context[256];
} now;

static struct unit_test *first;
static struct unit_test **last = &first;

/* The sanitizer's: tests of what happens without memory ask for more than there is. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

void unit_register(struct unit_test *test)
{
	*last = test;
	last = &test->next;
}

void unit_context(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(now.context, sizeof(now.context), format, args);
	va_end(args);
}

/* Opens the report of a failed check; the caller ends the line. */
static void report(struct unit_place place, const char *text)
{
	now.failures++;
	printf("%s:%d: %s", place.file, place.line, now.test->name);
	if (now.context[0])
		printf(" [%s]", now.context);
	printf(": failed: %s", text);
}

static void print_view(struct bytes view)
{
	putchar('"');
	for (size_t i = 0; i < view.len && i < 256; i++) {
		if (view.at[i] >= 0x20 && view.at[i] < 0x7f && view.at[i] != '"' &&
		    view.at[i] != '\\')
			putchar(view.at[i]);
		else
			printf("\\x%02x", view.at[i]);
	}
	printf("\"%s (%zu bytes)", view.len > 256 ? "..." : "", view.len);
}

bool unit_check(struct unit_place place, bool ok, const char *text)
{
	if (ok)
		return true;
	report(place, text);
	putchar('\n');
	return false;
}

bool unit_check_eq(struct unit_place place, intmax_t actual, intmax_t expected, const char *text)
{
	if (actual == expected)
		return true;
	report(place, text);
	printf(": %" PRIdMAX ", expected %" PRIdMAX "\n", actual, expected);
	return false;
}

bool unit_check_view(struct unit_place place, struct bytes actual, struct bytes expected,
		     const char *text)
{
	if (bytes_equal(actual, expected))
		return true;
	report(place, text);
	printf(": ");
	print_view(actual);
	printf(", expected ");
	print_view(expected);
	putchar('\n');
	return false;
}

bool unit_check_str(struct unit_place place, const char *actual, const char *expected,
		    const char *text)
{
	if (actual && expected)
		return unit_check_view(place, bytes_str(actual), bytes_str(expected), text);
	if (actual == expected)
		return true;
	report(place, text);
	printf(": %s, expected %s\n", actual ? actual : "NULL", expected ? expected : "NULL");
	return false;
}

void unit_skip(const char *reason)
{
	now.skipped = true;
	printf("%s: skipped: %s\n", now.test->name, reason);
}

static void run(const struct unit_test *test, bool verbose)
{
	memset(&now, 0, sizeof(now));
	now.test = test;
	if (verbose)
		printf("%s: %s\n", test->file, test->name);
	/* A sanitizer's abort must not swallow what was said before. */
	fflush(stdout);
	test->run();
	guard_release();
}

static bool wanted(const struct unit_test *test, const char *text)
{
	return !text || strstr(test->name, text) || strstr(test->file, text);
}

int main(int argc, char **argv)
{
	bool verbose = argc > 1 && !strcmp(argv[1], "-v");
	const char *text = argc > 1 + verbose ? argv[1 + verbose] : NULL;
	unsigned int passed = 0, failed = 0, skipped = 0;

	for (const struct unit_test *test = first; test; test = test->next) {
		if (!wanted(test, text))
			continue;
		run(test, verbose);
		if (now.failures)
			failed++;
		else if (now.skipped)
			skipped++;
		else
			passed++;
	}
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed || !(passed + skipped);
}
