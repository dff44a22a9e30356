// SPDX-License-Identifier: Apache-2.0
/* libraries.c - see libraries.h: which function takes which program. */
#include "probe/libraries.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "probe/elf_functions.h"
#include "probe/kernel_private.h"
#include "util/cleanup.h"

/* The programs that a function takes: at its entry, at its return. */
enum probe { PROBE_READ, PROBE_WRITE, PROBE_READ_EX, PROBE_WRITE_EX, PROBE_FREE };

static const struct probed {
	const char *function;
	enum library_probes library;
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
};

#define PROBED_COUNT (sizeof(probed) / sizeof(probed[0]))

static int find_functions(int fd, struct elf_function functions[PROBED_COUNT])
{
	for (size_t i = 0; i < PROBED_COUNT; i++)
		functions[i] = (struct elf_function){ .name = probed[i].function };
	return elf_functions_find(fd, functions, PROBED_COUNT);
}

int library_inspect(int fd)
{
	struct elf_function functions[PROBED_COUNT];
	int found = find_functions(fd, functions), libraries = 0;

	for (size_t i = 0; found > 0 && i < PROBED_COUNT; i++)
		libraries |= functions[i].offset ? (int)probed[i].library : 0;
	return found < 0 ? found : libraries;
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
	}
	return NULL;
}

static int keep_link(struct kernel *kernel, struct bpf_link *link)
{
	struct bpf_link **more;

	if (!link)
		return -errno;
	more = reallocarray(kernel->library_links, kernel->library_link_count + 1, sizeof(*more));
	if (!more) {
		bpf_link__destroy(link);
		return -ENOMEM;
	}
	more[kernel->library_link_count++] = link;
	kernel->library_links = more;
	return 0;
}

static int attach_one(struct kernel *kernel, struct bpf_program *program, const char *path,
		      uint64_t offset, bool at_return)
{
	LIBBPF_OPTS(bpf_uprobe_opts, options, .retprobe = at_return);

	return keep_link(kernel,
			 bpf_program__attach_uprobe_opts(program, -1, path, offset, &options));
}

/* The return's probe first: an entry that is seen has a return that is seen. */
static int attach_function(struct kernel *kernel, const char *path, enum probe probe,
			   uint64_t offset)
{
	int err = 0;

	if (probe != PROBE_FREE)
		err = attach_one(kernel, kernel->skel->progs.tls__return, path, offset, true);
	return err ?: attach_one(kernel, entry_program(kernel, probe), path, offset, false);
}

static void detach_from(struct kernel *kernel, size_t first)
{
	while (kernel->library_link_count > first)
		bpf_link__destroy(kernel->library_links[--kernel->library_link_count]);
}

int kernel_attach_library(struct kernel *kernel, int fd)
{
	struct elf_function functions[PROBED_COUNT];
	size_t first = kernel->library_link_count;
	int found = find_functions(fd, functions);
	char path[64];
	int err = 0;

	/* the descriptor names the file whatever mount namespace it is in, deleted or not */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (size_t i = 0; found > 0 && !err && i < PROBED_COUNT; i++)
		if (functions[i].offset)
			err = attach_function(kernel, path, probed[i].probe, functions[i].offset);
	if (found <= 0)
		return found;
	if (err < 0) {
		detach_from(kernel, first);
		return err;
	}
	return (int)(kernel->library_link_count - first);
}

size_t kernel_library_probes(const struct kernel *kernel)
{
	return kernel->library_link_count;
}

void kernel_detach_libraries(struct kernel *kernel)
{
	detach_from(kernel, 0);
	free(kernel->library_links);
	kernel->library_links = NULL;
}
