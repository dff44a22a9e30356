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
#include <stdlib.h>
#include <string.h>

#include "bpfxray.skel.h"
#include "probe/backend.h"
#include "probe/object.h"

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

/* include/linux/bpf_verifier.h of the kernel, not for userspace */
#define BPF_LOG_STATS 4
#define LOG_CAP	      16384
#define PROGRAMS_MAX  80

static unsigned int passed, failed, skipped;

static bool check(bool ok, const char *what, const char *name)
{
	passed += ok;
	failed += !ok;
	if (!ok)
		printf("FAIL %s: %s\n", name, what);
	return ok;
}

/* What the verifier's closing line says; before 5.16 the kernel does not tell it otherwise. */
static __u32 walked(const struct bpf_program *program)
{
	size_t size;
	const char *log = bpf_program__log_buf(program, &size);
	const char *line = log ? strstr(log, "processed ") : NULL;

	return line ? strtoul(line + strlen("processed "), NULL, 10) : 0;
}

/* The verifier's figures only, of each program. Returns what is to be freed. */
static char *ask_figures(const struct bpf_object *object)
{
	char *logs = calloc(PROGRAMS_MAX, LOG_CAP);
	struct bpf_program *program;
	size_t n = 0;

	bpf_object__for_each_program(program, object) if (logs && n < PROGRAMS_MAX)
	{
		bpf_program__set_log_buf(program, logs + n++ * LOG_CAP, LOG_CAP);
		bpf_program__set_log_level(program, BPF_LOG_STATS);
	}
	return logs;
}

static void check_program(const struct bpf_program *program)
{
	__u32 verified = walked(program);
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);

	if (!check(!bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len), "no information",
		   bpf_program__name(program)))
		return;
	printf("%-32s %8u %8u %8u\n", bpf_program__name(program), info.xlated_prog_len / 8,
	       info.jited_prog_len, verified);
	check(verified > 0 && verified <= VERIFIED_MAX, "walked beyond the ceiling",
	      bpf_program__name(program));
}

static void check_maps(const struct bpf_object *object)
{
	const struct bpf_map *map;

	bpf_object__for_each_map(map, object) if (!bpf_map__is_internal(map)) check(
		strlen(bpf_map__name(map)) <= MAP_NAME_MAX, "name too long", bpf_map__name(map));
}

/* The programs of @skel for @backend; the sweep of the old ones is an iterator: @iterator. */
static int load(struct bpfxray_bpf *skel, enum kernel_backend backend, bool old, bool iterator)
{
	int err = backend_choose(skel, backend, true, old);

	if (!iterator)
		bpf_program__set_autoload(skel->progs.sweep, false);
	return err ?: bpfxray_bpf__load(skel);
}

static void check_backend(enum kernel_backend backend, bool old, bool iterator)
{
	struct bpfxray_bpf *skel = object_open(old);
	const char *name = backend_name(backend);
	struct bpf_program *program;
	char *logs;
	int err;

	if (!check(skel, "does not open", name))
		return;
	logs = ask_figures(skel->obj);
	err = load(skel, backend, old, iterator);
	if (err == -EPERM && old && iterator && !object_kernel_is_old()) {
		printf("SKIP old sweep: this kernel refuses iterators over a map's elements\n");
		skipped++;
		check_backend(backend, old, false);
	} else if (check(!err, "does not load", name)) {
		printf("%-7s %-24s %8s %8s %8s\n", old ? "old" : "backend", name, "insns", "bytes",
		       "verified");
		bpf_object__for_each_program(program, skel->obj) if (bpf_program__autoload(program))
			check_program(program);
		check_maps(skel->obj);
	}
	bpfxray_bpf__destroy(skel);
	free(logs);
}

/*
 * Loads the backends that are named, else those that this kernel is known to have, and the programs
 * for older kernels.
 */
int main(int argc, char **argv)
{
	static char *usual[] = { "", "sock", "syscall" };
	char **names = argc < 2 ? usual : argv;
	int count = argc < 2 ? 3 : argc;

	for (int i = 1; i < count; i++) {
		enum kernel_backend backend = backend_by_name(names[i]);

		if (check(backend < KERNEL_BACKEND_MAX, "is no backend", names[i]))
			check_backend(backend, object_kernel_is_old(), true);
	}
	if (argc < 2)
		check_backend(KERNEL_BACKEND_SYSCALL, true, true);
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed || !passed;
}
