// SPDX-License-Identifier: Apache-2.0
/* libraries.c - see libraries.h: which function takes which program. */
#include "probe/libraries.h"

#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/client_layout.h"
#include "probe/elf_functions.h"
#include "probe/kernel_private.h"
#include "probe/library_probes.h"
#include "util/array.h"
#include "util/cleanup.h"

/* The programs that a function takes: at its entry, at its return. */
enum probe {
	PROBE_READ,
	PROBE_WRITE,
	PROBE_READ_EX,
	PROBE_WRITE_EX,
	PROBE_OWN,
	PROBE_FREE,
	PROBE_QUERY,
	PROBE_PREPARE,
	PROBE_EXECUTE,
	PROBE_CONNECT,
	PROBE_SEND,
	PROBE_RESULT,
	PROBE_POLL_QUERY,
	PROBE_POLL_CONNECT,
	PROBE_START,
	PROBE_AFTER,
	PROBE_ERROR,
	PROBE_NONE, /* looked up, not probed */
};

/*
 * libmariadb runs its functions on stacks that are left in the middle of them. The kernel ends a
 * process whose probed return comes out of order: there no return is probed, and the end of a call
 * is known from what is called after it.
 */
enum where {
	ANYWHERE,
	ONE_STACK,   /* only in a library that does not do so */
	MANY_STACKS, /* only in one that does */
};

/* Defined by libraries that do so. */
static const char leaves_stacks[] = "mysql_real_query_start";

static const struct probed {
	const char *function;
	enum library_kinds library;
	enum probe probe;
	enum where where;
} probed[] = {
	{ "SSL_read", LIBRARY_PROBES_OPENSSL, PROBE_READ, ANYWHERE },
	{ "SSL_write", LIBRARY_PROBES_OPENSSL, PROBE_WRITE, ANYWHERE },
	{ "SSL_read_ex", LIBRARY_PROBES_OPENSSL, PROBE_READ_EX, ANYWHERE },
	{ "SSL_write_ex", LIBRARY_PROBES_OPENSSL, PROBE_WRITE_EX, ANYWHERE },
	{ "SSL_do_handshake", LIBRARY_PROBES_OPENSSL, PROBE_OWN, ANYWHERE },
	{ "SSL_shutdown", LIBRARY_PROBES_OPENSSL, PROBE_OWN, ANYWHERE },
	{ "SSL_free", LIBRARY_PROBES_OPENSSL, PROBE_FREE, ANYWHERE },
	{ "gnutls_record_recv", LIBRARY_PROBES_GNUTLS, PROBE_READ, ANYWHERE },
	{ "gnutls_record_send", LIBRARY_PROBES_GNUTLS, PROBE_WRITE, ANYWHERE },
	{ "gnutls_handshake", LIBRARY_PROBES_GNUTLS, PROBE_OWN, ANYWHERE },
	{ "gnutls_bye", LIBRARY_PROBES_GNUTLS, PROBE_OWN, ANYWHERE },
	{ "gnutls_deinit", LIBRARY_PROBES_GNUTLS, PROBE_FREE, ANYWHERE },
	/* mysql_query() and what commits call it; mysql_fetch_row(), once per row, is never probed
	 */
	{ "mysql_real_query", LIBRARY_PROBES_MYSQL, PROBE_QUERY, ANYWHERE },
	{ "mysql_stmt_prepare", LIBRARY_PROBES_MYSQL, PROBE_PREPARE, ANYWHERE },
	{ "mysql_stmt_execute", LIBRARY_PROBES_MYSQL, PROBE_EXECUTE, ANYWHERE },
	{ "mysql_real_connect", LIBRARY_PROBES_MYSQL, PROBE_CONNECT, ANYWHERE },
	{ "mysql_send_query", LIBRARY_PROBES_MYSQL, PROBE_SEND, ANYWHERE },
	{ "mysql_read_query_result", LIBRARY_PROBES_MYSQL, PROBE_RESULT, ONE_STACK },
	{ "mysql_real_query_nonblocking", LIBRARY_PROBES_MYSQL, PROBE_POLL_QUERY, ONE_STACK },
	{ "mysql_real_connect_nonblocking", LIBRARY_PROBES_MYSQL, PROBE_POLL_CONNECT, ONE_STACK },
	{ "mysql_query_start", LIBRARY_PROBES_MYSQL, PROBE_START, MANY_STACKS },
	{ leaves_stacks, LIBRARY_PROBES_MYSQL, PROBE_START, MANY_STACKS },
	{ "mysql_send_query_start", LIBRARY_PROBES_MYSQL, PROBE_START, MANY_STACKS },
	{ "mysql_stmt_prepare_start", LIBRARY_PROBES_MYSQL, PROBE_START, MANY_STACKS },
	{ "mysql_stmt_execute_start", LIBRARY_PROBES_MYSQL, PROBE_START, MANY_STACKS },
	{ "mysql_real_connect_start", LIBRARY_PROBES_MYSQL, PROBE_START, MANY_STACKS },
	{ "mysql_store_result", LIBRARY_PROBES_MYSQL, PROBE_AFTER, MANY_STACKS },
	{ "mysql_use_result", LIBRARY_PROBES_MYSQL, PROBE_AFTER, MANY_STACKS },
	{ "mysql_next_result", LIBRARY_PROBES_MYSQL, PROBE_AFTER, MANY_STACKS },
	{ "mysql_stmt_store_result", LIBRARY_PROBES_MYSQL, PROBE_AFTER, MANY_STACKS },
	{ "mysql_close", LIBRARY_PROBES_MYSQL, PROBE_AFTER, MANY_STACKS },
	{ "mysql_error", LIBRARY_PROBES_MYSQL, PROBE_ERROR, MANY_STACKS },
	{ "mysql_stmt_error", LIBRARY_PROBES_MYSQL, PROBE_ERROR, MANY_STACKS },
	{ "mysql_errno", LIBRARY_PROBES_NONE, PROBE_NONE, ANYWHERE },
	{ "mysql_get_server_info", LIBRARY_PROBES_NONE, PROBE_NONE, ANYWHERE },
};

#define PROBED_COUNT ARRAY_LEN(probed)
_Static_assert(PROBED_COUNT <= LIBRARY_FUNCTIONS_MAX, "struct library_functions holds them all");

/* A library file, looked at. */
struct library {
	struct elf_function functions[PROBED_COUNT]; /* as in probed[] */
	bool many_stacks;
	unsigned int cookie; /* BX_CLIENT_* */
};

static uint64_t offset_of(const struct library *library, const char *function)
{
	for (size_t i = 0; i < PROBED_COUNT; i++)
		if (!strcmp(probed[i].function, function))
			return library->functions[i].offset;
	return 0;
}

static int look_at(int fd, struct library *ret)
{
	int found;

	for (size_t i = 0; i < PROBED_COUNT; i++)
		ret->functions[i] = (struct elf_function){ .name = probed[i].function };
	found = elf_functions_find(fd, ret->functions, PROBED_COUNT);
	if (found <= 0)
		return found;
	ret->many_stacks = offset_of(ret, leaves_stacks) != 0;
	ret->cookie = client_layout_of(fd, offset_of(ret, "mysql_errno"),
				       offset_of(ret, "mysql_get_server_info"));
	return found;
}

/* Whether function @i is probed in @library, if it defines it. */
static bool is_probed(const struct library *library, size_t i)
{
	if (probed[i].probe == PROBE_NONE)
		return false;
	return probed[i].where == ANYWHERE ||
	       (probed[i].where == MANY_STACKS) == library->many_stacks;
}

static int kinds_of(const struct library *library)
{
	int kinds = LIBRARY_PROBES_NONE;

	for (size_t i = 0; i < PROBED_COUNT; i++)
		if (library->functions[i].offset)
			kinds |= (int)probed[i].library;
	return kinds;
}

int library_inspect(int fd, struct library_functions *ret)
{
	struct library library;
	int found = look_at(fd, &library);

	if (found < 0)
		return found;
	*ret = (struct library_functions){ .kinds = found ? kinds_of(&library) : 0 };
	for (size_t i = 0; i < PROBED_COUNT; i++) {
		if (!is_probed(&library, i) || !(ret->kinds & (int)probed[i].library))
			continue;
		if (library.functions[i].offset)
			ret->defined[ret->defined_count++] = probed[i].function;
		else
			ret->missing[ret->missing_count++] = probed[i].function;
	}
	return 0;
}

/* NULL: the entry tells nothing. */
static struct bpf_program *entry_program(struct kernel *kernel, enum probe probe)
{
	struct bpf_program *const programs[] = {
		[PROBE_READ] = kernel->skel->progs.tls__read,
		[PROBE_WRITE] = kernel->skel->progs.tls__write,
		[PROBE_READ_EX] = kernel->skel->progs.tls__read_ex,
		[PROBE_WRITE_EX] = kernel->skel->progs.tls__write_ex,
		[PROBE_OWN] = kernel->skel->progs.tls__own,
		[PROBE_FREE] = kernel->skel->progs.tls__free,
		[PROBE_QUERY] = kernel->skel->progs.client__query,
		[PROBE_PREPARE] = kernel->skel->progs.client__prepare,
		[PROBE_EXECUTE] = kernel->skel->progs.client__execute,
		[PROBE_CONNECT] = kernel->skel->progs.client__connect,
		[PROBE_SEND] = kernel->skel->progs.client__send,
		[PROBE_POLL_QUERY] = kernel->skel->progs.client__poll_query,
		[PROBE_POLL_CONNECT] = kernel->skel->progs.client__poll_connect,
		[PROBE_START] = kernel->skel->progs.client__start,
		[PROBE_AFTER] = kernel->skel->progs.client__after,
		[PROBE_ERROR] = kernel->skel->progs.client__after,
		[PROBE_NONE] = NULL,
	};

	return programs[probe];
}

/* NULL: the return tells nothing, or a probe on it would end the process. */
static struct bpf_program *return_program(struct kernel *kernel, const struct library *library,
					  enum probe probe)
{
	if (probe < PROBE_FREE)
		return kernel->skel->progs.tls__return;
	if (library->many_stacks)
		return NULL;
	switch (probe) {
	case PROBE_QUERY:
	case PROBE_PREPARE:
	case PROBE_EXECUTE:
		return kernel->skel->progs.client__return;
	case PROBE_CONNECT:
		return kernel->skel->progs.client__connected;
	case PROBE_RESULT:
		return kernel->skel->progs.client__result;
	case PROBE_POLL_QUERY:
	case PROBE_POLL_CONNECT:
		return kernel->skel->progs.client__polled;
	default:
		return NULL;
	}
}

/* A call that no return ends, or that may return before it is done, is BX_CLIENT_OPEN. */
static unsigned int cookie_of(const struct library *library, enum probe probe)
{
	unsigned int cookie = library->cookie;

	if (library->many_stacks || (probe >= PROBE_SEND && probe <= PROBE_POLL_CONNECT))
		cookie |= BX_CLIENT_OPEN;
	return probe == PROBE_ERROR ? cookie | BX_CLIENT_ERROR : cookie;
}

/* The programs for older kernels are not told which library they run in. */
static bool is_attached(const struct kernel *kernel, const struct library *library, size_t i)
{
	return library->functions[i].offset && is_probed(library, i) &&
	       !(kernel->old && probed[i].library == LIBRARY_PROBES_MYSQL);
}

/* At all entries, or at all returns. */
static size_t points_add(struct kernel *kernel, const struct library *library, bool at_return,
			 struct library_point *points)
{
	size_t count = 0;

	for (size_t i = 0; i < PROBED_COUNT; i++) {
		enum probe probe = probed[i].probe;
		struct library_point point = {
			.program = at_return ? return_program(kernel, library, probe)
					     : entry_program(kernel, probe),
			.at_return = at_return,
			.offset = library->functions[i].offset,
			.cookie = cookie_of(library, probe),
		};

		if (point.program && is_attached(kernel, library, i))
			points[count++] = point;
	}
	return count;
}

int kernel_attach_library(struct kernel *kernel, int fd, struct library_probes **ret)
{
	struct library_point points[LIBRARY_POINTS_MAX];
	struct library library;
	int found = look_at(fd, &library), err;
	size_t count;
	char path[64];

	if (found <= 0)
		return found;
	/* returns first: an entry that is seen has a return that is seen */
	count = points_add(kernel, &library, true, points);
	count += points_add(kernel, &library, false, points + count);
	if (!count)
		return 0;
	/* the descriptor names the file whatever mount namespace it is in, deleted or not */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = library_probes_attach(path, points, count, kernel->multi, ret);
	return err ?: (int)count;
}
