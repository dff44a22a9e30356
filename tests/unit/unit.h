/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit.h - the unit-test harness: registration, checks with file and line, and inputs against a
 * guard page.
 *
 * A test_*.c holds TEST(name) { ... } bodies; unit.c runs all that are linked in. A failed check
 * marks the test as failed and lets it go on; each CHECK is an expression with the check's outcome,
 * so that a body can stop early:
 *	if (!CHECK_EQ(parse(in, &out), 0))
 *		return;
 */
#ifndef BPFXRAY_TESTS_UNIT_H
#define BPFXRAY_TESTS_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/bytes.h"

struct unit_test {
	const char *name;
	const char *file;
	void (*run)(void);
	struct unit_test *next;
};

void unit_register(struct unit_test *test);

#define TEST(test_name)                                                                            \
	static void test_name##_run(void);                                                         \
	static void __attribute__((constructor)) test_name##_register(void)                        \
	{                                                                                          \
		static struct unit_test test = { #test_name, __FILE__, test_name##_run, NULL };    \
                                                                                                   \
		unit_register(&test);                                                              \
	}                                                                                          \
	static void test_name##_run(void)

/* Where a check stands in the sources. */
struct unit_place {
	const char *file;
	int line;
};

#define UNIT_HERE ((struct unit_place){ __FILE__, __LINE__ })

bool unit_check(struct unit_place place, bool ok, const char *text);
bool unit_check_eq(struct unit_place place, intmax_t actual, intmax_t expected, const char *text);
bool unit_check_str(struct unit_place place, const char *actual, const char *expected,
		    const char *text);
bool unit_check_view(struct unit_place place, struct bytes actual, struct bytes expected,
		     const char *text);

#define CHECK(cond) unit_check(UNIT_HERE, (cond), #cond)
/* Any integers, enums or bools. */
#define CHECK_EQ(actual, expected)                                                                 \
	unit_check_eq(UNIT_HERE, (intmax_t)(actual), (intmax_t)(expected), #actual " == " #expected)
/* C strings; NULL equals NULL only. */
#define CHECK_STR(actual, expected)                                                                \
	unit_check_str(UNIT_HERE, (actual), (expected), #actual " == " #expected)
/* A struct bytes against a C string (NULL: as ""), or against another struct bytes. */
#define CHECK_VIEW(actual, expected)                                                               \
	unit_check_view(UNIT_HERE, (actual), bytes_str(expected), #actual " == " #expected)
#define CHECK_BYTES(actual, expected)                                                              \
	unit_check_view(UNIT_HERE, (actual), (expected), #actual " == " #expected)

/* Names the table row in work; printed with each failure until the next call or the test's end. */
void unit_context(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Leaves the test as skipped, with the reason printed. Only in a TEST body itself. */
#define SKIP(reason)                                                                               \
	do {                                                                                       \
		unit_skip(reason);                                                                 \
		return;                                                                            \
	} while (0)

void unit_skip(const char *reason);

/* A view of a string literal, NUL bytes inside included, without the closing one. */
#define LITERAL(text) ((struct bytes){ (const uint8_t *)(text), sizeof(text) - 1 })

/*
 * A copy of @in whose last byte touches a PROT_NONE page, so that one byte read behind it is a
 * crash. The harness unmaps all copies at the test's end; guard_release() does it earlier, for
 * loops with thousands of them.
 */
uint8_t *guard_copy(struct bytes in);
/* The same with the guard page in front of the first byte. */
uint8_t *guard_copy_front(struct bytes in);
void guard_release(void);

#endif
