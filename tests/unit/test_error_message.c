// SPDX-License-Identifier: Apache-2.0
/* test_error_message.c - no value of a row may survive in a server's message. */
#include "unit.h"
#include "util/array.h"

#include "xray/error_message.h"

TEST(error_message_table)
{
	static const struct {
		const char *in, *sqlstate, *out;
	} rows[] = {
		{ "", "HY000", "" },
		{ "Lock wait timeout exceeded", "HY000", "Lock wait timeout exceeded" },
		{ "Table 'todo.nope' doesn't exist", "42S02", "Table ? doesn't exist" },
		{ "Duplicate entry 'bob' for key 'name'", "23000", "Duplicate entry ?" },
		{ "Duplicate entry 'it's bob' for key 'k'", "23000", "Duplicate entry ?" },
		{ "Duplicate entry 'x' for key 'k", "23000", "Duplicate entry ?" }, /* cut */
		{ "... near 'FROM 'a' AND b=secre", "42000", "... near ?" },
		{ "syntax error near '' at line 1", "42000", "syntax error near ? at line ?" },
		{ "Incorrect integer value: 'x' for column 'y' at row 1", "22007",
		  "Incorrect integer value: ? at row ?" },
		{ "Can't DROP 'secret'; check that column/key exists", "42000",
		  "Can't DROP ?; check that column/key exists" },
		{ "Access denied for user 'bob'@'h' (using password: YES)", "28000",
		  "Access denied for user ? (using password: YES)" },
		{ "Invalid JSON text: \"Missing 'x\" at position 3.", "22032",
		  "Invalid JSON text: ?" },
		{ "Table has no partition for value 4711", "HY000",
		  "Table has no partition for value ?" },
		{ "value -12.5e3 of utf8mb4 t1 2020-01-02", "HY000",
		  "value -? of utf8mb4 t1 ?-?-?" },
		{ "balance of bob too low", "45000", "" }, /* a program's SIGNAL */
		{ "'", "HY000", "?" },
		{ "x'", "HY000", "x?" },
		{ "entry x'bob'", "HY000", "entry x?" },
		{ "The server's cache doesn't hold 'bob'", "HY000",
		  "The server's cache doesn't hold ?" },
		{ " at line 5", "HY000", " at line ?" },
		{ "'5", "HY000", "?" },
		{ "a 'secret at line 7", "HY000", "a ?" }, /* no closing quote before the ending */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bytes in = bytes_str(rows[i].in);
		char out[ERROR_MESSAGE_CAP];

		unit_context("%s", rows[i].in);
		error_message_sanitize(bytes_of(guard_copy(in), in.len), rows[i].sqlstate, out);
		CHECK_STR(out, rows[i].out);
	}
}

TEST(error_message_of_any_length)
{
	static char in[4096];
	char out[ERROR_MESSAGE_CAP];

	memset(in, 'x', sizeof(in));
	for (size_t quote = 0; quote < sizeof(in); quote += 7) {
		in[quote] = '"';
		error_message_sanitize(bytes_of(in, sizeof(in)), "HY000", out);
		CHECK(strlen(out) < sizeof(out));
		CHECK_EQ(out[strlen(out) - 1], '?');
		in[quote] = 'x';
	}
}
