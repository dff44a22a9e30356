/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_load.c - every program of each backend passes the verifier of this kernel, and within a
 * stated effort.
 *
 * Loads what probe/kernel.c loads for a backend, attaches nothing, and prints what the verifier
 * walked. A case is a program of a backend, or a map.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bpfxray.skel.h"

/*
 * The kernel gives up at 1,000,000 instructions walked. What is far below here stays below on
 * kernels that prune worse, and leaves room for the next change.
 */
#define VERIFIED_MAX 200000
/*
 * BPF_OBJ_NAME_LEN less the NUL: a longer name is cut, and a second tracer would not find the map
 * by it.
 */
#define MAP_NAME_MAX 15

static const struct {
	const char *name;
	const char *prefix; /* of its programs' names; those of no backend's belong to all */
	bool conn_by_pointer;
} backends[] = {
	{ "sock", "tp__sock_", false },
	{ "fentry", "fexit__", false },
	{ "kprobe", "kprobe__", true },
	{ "syscall", "tp__sys_exit_", true },
};
#define BACKENDS (sizeof(backends) / sizeof(*backends))

static unsigned int passed, failed;

static bool check(bool ok, const char *what, const char *name)
{
	passed += ok;
	failed += !ok;
	if (!ok)
		printf("FAIL %s: %s\n", name, what);
	return ok;
}

static void check_program(const struct bpf_program *program)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);

	if (!check(!bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len), "no information",
		   bpf_program__name(program)))
		return;
	printf("%-32s %8u %8u %8u\n", bpf_program__name(program), info.xlated_prog_len / 8,
	       info.jited_prog_len, info.verified_insns);
	check(info.verified_insns > 0 && info.verified_insns <= VERIFIED_MAX,
	      "walked beyond the ceiling", bpf_program__name(program));
}

static void check_maps(const struct bpf_object *object)
{
	const struct bpf_map *map;

	bpf_object__for_each_map(map, object) if (!bpf_map__is_internal(map)) check(
		strlen(bpf_map__name(map)) <= MAP_NAME_MAX, "name too long", bpf_map__name(map));
}

static bool program_of(const char *name, size_t backend)
{
	for (size_t i = 0; i < BACKENDS; i++)
		if (!strncmp(name, backends[i].prefix, strlen(backends[i].prefix)))
			return i == backend;
	return true;
}

static void check_backend(size_t i)
{
	struct bpfxray_bpf *skel = bpfxray_bpf__open();
	struct bpf_program *program;

	if (!check(skel, "does not open", backends[i].name))
		return;
	bpf_object__for_each_program(program, skel->obj)
		bpf_program__set_autoload(program, program_of(bpf_program__name(program), i));
	skel->rodata->conn_by_pointer = backends[i].conn_by_pointer;
	if (check(!bpfxray_bpf__load(skel), "does not load", backends[i].name)) {
		printf("backend %-24s %8s %8s %8s\n", backends[i].name, "insns", "bytes",
		       "verified");
		bpf_object__for_each_program(program, skel->obj) if (bpf_program__autoload(program))
			check_program(program);
		check_maps(skel->obj);
	}
	bpfxray_bpf__destroy(skel);
}

/* The backends that are named, or those that every supported kernel has. */
static bool chosen(const char *name, int argc, char **argv)
{
	if (argc < 2)
		return !strcmp(name, "sock") || !strcmp(name, "syscall");
	for (int i = 1; i < argc; i++)
		if (!strcmp(name, argv[i]))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < BACKENDS; i++)
		if (chosen(backends[i].name, argc, argv))
			check_backend(i);
	printf("%u passed, %u failed, 0 skipped\n", passed, failed);
	return failed || !passed;
}
