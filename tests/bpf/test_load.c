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
#include "probe/backend.h"

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

static void check_backend(enum kernel_backend backend)
{
	struct bpfxray_bpf *skel = bpfxray_bpf__open();
	const char *name = backend_name(backend);
	struct bpf_program *program;

	if (!check(skel, "does not open", name))
		return;
	if (check(!backend_choose(skel, backend, true) && !bpfxray_bpf__load(skel), "does not load",
		  name)) {
		printf("backend %-24s %8s %8s %8s\n", name, "insns", "bytes", "verified");
		bpf_object__for_each_program(program, skel->obj) if (bpf_program__autoload(program))
			check_program(program);
		check_maps(skel->obj);
	}
	bpfxray_bpf__destroy(skel);
}

/* Loads the backends that are named, else those that this kernel is known to have. */
int main(int argc, char **argv)
{
	static char *usual[] = { "", "sock", "syscall" };
	char **names = argc < 2 ? usual : argv;
	int count = argc < 2 ? 3 : argc;

	for (int i = 1; i < count; i++) {
		enum kernel_backend backend = backend_by_name(names[i]);

		if (check(backend < KERNEL_BACKEND_MAX, "is no backend", names[i]))
			check_backend(backend);
	}
	printf("%u passed, %u failed, 0 skipped\n", passed, failed);
	return failed || !passed;
}
