/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reason.h - the documented differences: what the two tracers cannot tell alike, and why.
 * bpfxray(8) repeats this list; whatever is not on it is a difference that counts.
 */
#ifndef BPFXRAY_COMPARE_REASON_H
#define BPFXRAY_COMPARE_REASON_H

#define REASONS(X)                                                                                 \
	X(NONE, "not documented")                                                                  \
	X(OWN_TRACE, "each tracer begins a trace of its own for a request that carries none")      \
	X(TRACER, "says which tracer wrote the document, and what that tracer measures beyond")    \
	X(INSIDE, "runtime, exception and stack are inside the process, not on the wire")          \
	X(GIVEN, "annotations, metadata and users are what the program or the command line gives") \
	X(PLUGINS, "the SDK says where it runs by plugins alone, and has EC2's size as its type")  \
	X(RAISED, "the SDK marks a 4xx that a view raised as a fault too; the answer is the same") \
	X(SERVER_LENGTH, "the server adds or drops Content-Length behind the SDK's middleware")    \
	X(HEADER_BYTES, "Python reads header bytes as Latin-1, bpfxray as UTF-8")                  \
	X(ESCAPES, "the same URL with other percent escapes")                                      \
	X(DB_NAME,                                                                                 \
	  "the SDK has the configured host or a method's name, bpfxray what was asked or used")    \
	X(DB_VERSION,                                                                              \
	  "the SDK cuts the version, or keeps the prefix 5.5.5 that MariaDB puts first")           \
	X(DB_TYPE, "PyMySQL's patch writes MySQL with capitals")                                   \
	X(DB_OLD, "a connection older than the trace shows neither user nor version")              \
	X(SQL_MORE, "the SDK's driver patches do not record it")                                   \
	X(SQL_FORM, "values: the SDK has the template's %s, bpfxray one ? for each or for a list") \
	X(SDK_RACE, "the SDK's Django patch has one text for all threads: a concurrent call's")    \
	X(SQL_CUT, "a long statement is cut")                                                      \
	X(DB_CAUSE, "the SDK has the program's exception, bpfxray the server's message")           \
	X(MANY, "one executemany or callproc sends several statements")                            \
	X(SESSION, "session and transaction statements that no cursor executed")                   \
	X(LATER, "a statement of a streamed answer, after the SDK ended its segment")              \
	X(UNSENT, "a call that failed before anything was sent")                                   \
	X(NOT_SQL, "outbound calls other than MySQL are not traced by bpfxray")                    \
	X(NO_MIDDLEWARE, "answered without the SDK's middleware: refused host, front or abort")    \
	X(OTHER_TIME, "outside of the time that the other file covers")

#define REASON_ENUM(name, text) REASON_##name,
enum reason { REASONS(REASON_ENUM) REASON_COUNT };
#undef REASON_ENUM

const char *reason_text(enum reason reason);
/* A word for scripts: `OWN_TRACE`. */
const char *reason_word(enum reason reason);

#endif
