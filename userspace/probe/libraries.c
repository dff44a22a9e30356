// SPDX-License-Identifier: Apache-2.0
/* libraries.c - see libraries.h: which function takes which program. */
#include "probe/libraries.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/client_layout.h"
#include "probe/elf_functions.h"
#include "probe/kernel_private.h"
#include "util/array.h"
#include "util/cleanup.h"

/* The programs that a function takes: at its entry, at its return. */
enum probe {
	PROBE_READ,
	PROBE_WRITE,
	PROBE_READ_EX,
	PROBE_WRITE_EX,
	PROBE_FREE,
	PROBE_QUERY,
	PROBE_PREPARE,
	PROBE_EXECUTE,
	PROBE_CONNECT,
	PROBE_NONE, /* looked up, not probed */
};

static const struct probed {
	const char *function;
	enum library_kinds library;
	enum probe probe;
} probed[] = {
	{ "SSL_read", LIBRARY_PROBES_OPENSSL, PROBE_READ },
	{ "SSL_write", LIBRARY_PROBES_OPENSSL, PROBE_WRITE },
	{ "SSL_read_ex", LIBRARY_PROBES_OPENSSL, PROBE_READ_EX },
	{ "SSL_write_ex", LIBRARY_PROBES_OPENSSL, PROBE_WRITE_EX },
	{ "SSL_free", LIBRARY_PROBES_OPENSSL, PROBE_FREE },
	{ "gnutls_record_recv", LIBRARY_PROBES_GNUTLS, PROBE_READ },
	{ "gnutls_record_send", LIBRARY_PROBES_GNUTLS, PROBE_WRITE },
	{ "gnutls_deinit", LIBRARY_PROBES_GNUTLS, PROBE_FREE },
	/* mysql_query() and what commits call it; mysql_fetch_row(), once per row, is never probed
	 */
	{ "mysql_real_query", LIBRARY_PROBES_MYSQL, PROBE_QUERY },
	{ "mysql_stmt_prepare", LIBRARY_PROBES_MYSQL, PROBE_PREPARE },
	{ "mysql_stmt_execute", LIBRARY_PROBES_MYSQL, PROBE_EXECUTE },
	{ "mysql_real_connect", LIBRARY_PROBES_MYSQL, PROBE_CONNECT },
	{ "mysql_errno", LIBRARY_PROBES_NONE, PROBE_NONE },
	{ "mysql_get_server_info", LIBRARY_PROBES_NONE, PROBE_NONE },
};

#define PROBED_COUNT ARRAY_LEN(probed)
_Static_assert(PROBED_COUNT <= LIBRARY_FUNCTIONS_MAX, "struct library_functions holds them all");

/* A library file, looked at. */
struct library {
	struct elf_function functions[PROBED_COUNT]; /* as in probed[] */
	enum client_layout layout;
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
	if (found > 0)
		ret->layout = client_layout_of(fd, offset_of(ret, "mysql_errno"),
					       offset_of(ret, "mysql_get_server_info"));
	return found;
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
		if (probed[i].probe == PROBE_NONE || !(ret->kinds & (int)probed[i].library))
			continue;
		if (library.functions[i].offset)
			ret->defined[ret->defined_count++] = probed[i].function;
		else
			ret->missing[ret->missing_count++] = probed[i].function;
	}
	return 0;
}

static struct bpf_program *entry_program(struct kernel *kernel, enum probe probe)
{
	switch (probe) {
	case PROBE_READ:
		return kernel->skel->progs.tls__read;
	case PROBE_WRITE:
		return kernel->skel->progs.tls__write;
	case PROBE_READ_EX:
		return kernel->skel->progs.tls__read_ex;
	case PROBE_WRITE_EX:
		return kernel->skel->progs.tls__write_ex;
	case PROBE_FREE:
		return kernel->skel->progs.tls__free;
	case PROBE_QUERY:
		return kernel->skel->progs.client__query;
	case PROBE_PREPARE:
		return kernel->skel->progs.client__prepare;
	case PROBE_EXECUTE:
		return kernel->skel->progs.client__execute;
	case PROBE_CONNECT:
		return kernel->skel->progs.client__connect;
	case PROBE_NONE:
		break;
	}
	return NULL;
}

/* NULL: the return tells nothing. */
static struct bpf_program *return_program(struct kernel *kernel, const struct library *library,
					  enum probe probe)
{
	if (probe == PROBE_FREE)
		return NULL;
	if (probe < PROBE_FREE)
		return kernel->skel->progs.tls__return;
	switch (library->layout) {
	case CLIENT_LAYOUT_MYSQL:
		return probe == PROBE_CONNECT ? kernel->skel->progs.client__connected_mysql
					      : kernel->skel->progs.client__return_mysql;
	case CLIENT_LAYOUT_MARIADB:
		return probe == PROBE_CONNECT ? kernel->skel->progs.client__connected_mariadb
					      : kernel->skel->progs.client__return_mariadb;
	default:
		return probe == PROBE_CONNECT ? kernel->skel->progs.client__connected_other
					      : kernel->skel->progs.client__return_other;
	}
}

/* Each function takes two programs at most. */
struct library_probes {
	size_t count;
	struct bpf_link *link[2 * PROBED_COUNT];
};

static int attach_one(struct library_probes *probes, struct bpf_program *program, const char *path,
		      uint64_t offset, bool at_return)
{
	LIBBPF_OPTS(bpf_uprobe_opts, options, .retprobe = at_return);
	struct bpf_link *link =
		bpf_program__attach_uprobe_opts(program, -1, path, offset, &options);

	if (!link)
		return -errno;
	probes->link[probes->count++] = link;
	return 0;
}

/* The return's probe first: an entry that is seen has a return that is seen. */
static int attach_function(struct kernel *kernel, const char *path, const struct library *library,
			   size_t i, struct library_probes *probes)
{
	struct bpf_program *at_entry = entry_program(kernel, probed[i].probe);
	struct bpf_program *at_return = return_program(kernel, library, probed[i].probe);
	uint64_t offset = library->functions[i].offset;
	int err = 0;

	if (!offset || !at_entry)
		return 0;
	if (at_return)
		err = attach_one(probes, at_return, path, offset, true);
	return err ?: attach_one(probes, at_entry, path, offset, false);
}

struct library_probes *library_probes_free(struct library_probes *probes)
{
	if (!probes)
		return NULL;
	while (probes->count)
		bpf_link__destroy(probes->link[--probes->count]);
	free(probes);
	return NULL;
}

int kernel_attach_library(struct kernel *kernel, int fd, struct library_probes **ret)
{
	struct library_probes *probes;
	struct library library;
	int found = look_at(fd, &library), err = 0;
	char path[64];

	if (found <= 0)
		return found;
	probes = calloc(1, sizeof(*probes));
	if (!probes)
		return -ENOMEM;
	/* the descriptor names the file whatever mount namespace it is in, deleted or not */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (size_t i = 0; !err && i < PROBED_COUNT; i++)
		err = attach_function(kernel, path, &library, i, probes);
	found = (int)probes->count;
	if (err < 0 || !found) {
		library_probes_free(probes);
		return err;
	}
	*ret = probes;
	return found;
}
