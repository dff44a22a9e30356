// SPDX-License-Identifier: Apache-2.0
/* backend.c - see backend.h: a table by the names of programs. */
#include "probe/backend.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bpfxray.skel.h"
#include "util/cleanup.h"

static const struct {
	const char *name;
	const char *prefix;   /* of its programs' names */
	bool conn_by_pointer; /* its program type has no socket storage */
	bool of_functions;    /* its programs hang on functions, which a kernel may not have */
} backends[KERNEL_BACKEND_MAX] = {
	[KERNEL_BACKEND_SOCK] = { "sock", "tp__sock_", false, false },
	[KERNEL_BACKEND_FENTRY] = { "fentry", "fexit__", false, true },
	[KERNEL_BACKEND_KPROBE] = { "kprobe", "kprobe__", true, true },
	[KERNEL_BACKEND_SYSCALL] = { "syscall", "tp__sys_exit_", true, false },
};

const char *backend_name(enum kernel_backend backend)
{
	return backends[backend].name;
}

bool backend_is_of_functions(enum kernel_backend backend)
{
	return backends[backend].of_functions;
}

enum kernel_backend backend_by_name(const char *name)
{
	enum kernel_backend i = KERNEL_BACKEND_SOCK;

	while (i < KERNEL_BACKEND_MAX && strcmp(name, backends[i].name))
		i++;
	return i;
}

static enum kernel_backend backend_of(const struct bpf_program *program)
{
	const char *name = bpf_program__name(program);
	enum kernel_backend i = KERNEL_BACKEND_SOCK;

	while (i < KERNEL_BACKEND_MAX &&
	       strncmp(name, backends[i].prefix, strlen(backends[i].prefix)))
		i++;
	return i;
}

/*
 * By the table of symbols, where a probe finds its function by name too: a kernel's BTF may have
 * the global functions alone (Debian's 5.10 for arm64), and never those of modules.
 */
static bool has_symbol(const char *function)
{
	_cleanup_fclose_ FILE *table = fopen("/proc/kallsyms", "re");
	char line[512], name[256], type;

	while (table && fgets(line, sizeof(line), table))
		if (sscanf(line, "%*x %c %255s", &type, name) == 2 && strchr("tTwW", type) &&
		    !strcmp(name, function))
			return true;
	return false;
}

/*
 * The function behind the slash of the program's section: "fexit/inet_sendmsg". A trampoline needs
 * it in the BTF.
 */
static bool has_function(const struct btf *kernel, const struct bpf_program *program,
			 enum kernel_backend backend)
{
	const char *slash = strchr(bpf_program__section_name(program), '/');

	if (!slash)
		return false;
	return btf__find_by_name_kind(kernel, slash + 1, BTF_KIND_FUNC) > 0 ||
	       (backend == KERNEL_BACKEND_KPROBE && has_symbol(slash + 1));
}

static bool is_second(const struct bpf_program *program)
{
	const char *again = strstr(bpf_program__name(program), "_again");

	return again && !strcmp(again, "_again");
}

/* Connections' states change in interrupts as well; kernels of the old object leave nothing out. */
static bool is_needed(const struct bpf_program *program, bool again, bool old)
{
	if (!strcmp(bpf_program__name(program), "tp__state_again"))
		return !old;
	return again || !is_second(program);
}

int backend_choose(struct bpfxray_bpf *skel, enum kernel_backend backend, bool again, bool old)
{
	bool by_pointer = backends[backend].conn_by_pointer || old;
	bool of_functions = backends[backend].of_functions;
	/* some ten milliseconds: only when it is asked */
	struct btf *kernel = of_functions ? btf__load_vmlinux_btf() : NULL;
	struct bpf_program *program;

	if (of_functions && !kernel)
		return -errno;
	bpf_object__for_each_program(program, skel->obj)
	{
		enum kernel_backend of = backend_of(program);
		bool wanted = of == KERNEL_BACKEND_MAX || of == backend;

		if (of == backend && of_functions)
			wanted = has_function(kernel, program, backend);
		bpf_program__set_autoload(program, wanted && is_needed(program, again, old));
	}
	btf__free(kernel);
	skel->rodata->again_needed = again;
	skel->rodata->state_again_needed = !old;
	skel->rodata->conn_by_pointer = by_pointer;
	if (!by_pointer) {
		bpf_map__set_max_entries(skel->maps.conn_of_ptr, 1);
		bpf_map__set_max_entries(skel->maps.target_ports, 1);
	}
	return 0;
}
