// SPDX-License-Identifier: Apache-2.0
/*
 * bpfstats.c - the kernel's statistics of every BPF program, while an empty program of our own is
 * attached, from whose runs the cost of the statistics themselves is known:
 *
 *	bench-bpfstats empty.bpf.o
 *
 * Says `ready`. Each line on its input is answered with one line of JSON: of every loaded program
 * its id, name, runs, nanoseconds and missed runs.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/cleanup.h"

static int print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

static void print_program(__u32 id, const char *comma)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return;
	printf("%s{\"id\": %u, \"name\": \"%s\", \"runs\": %llu, \"ns\": %llu, \"missed\": %llu}",
	       comma, id, info.name, (unsigned long long)info.run_cnt,
	       (unsigned long long)info.run_time_ns, (unsigned long long)info.recursion_misses);
}

static void print_programs(void)
{
	const char *comma = "";
	__u32 id = 0;

	putchar('[');
	while (!bpf_prog_get_next_id(id, &id)) {
		print_program(id, comma);
		comma = ", ";
	}
	puts("]");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	_cleanup_close_ int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	struct bpf_object *object;
	struct bpf_program *program;
	struct bpf_link *link;
	char line[16];

	libbpf_set_print(print_nothing);
	object = argc == 2 ? bpf_object__open_file(argv[1], NULL) : NULL;
	if (stats < 0 || !object || bpf_object__load(object)) {
		fprintf(stderr, "cannot load %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	program = bpf_object__find_program_by_name(object, "bench_empty");
	link = bpf_program__attach(program);
	if (!link) {
		fprintf(stderr, "cannot attach: %s\n", strerror(errno));
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		print_programs();
	bpf_link__destroy(link);
	bpf_object__close(object);
	return 0;
}
