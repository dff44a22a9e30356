/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_classify.c - the classifier in the kernel (BPF_PROG_TEST_RUN) and in this process give the
 * same answers, for a table whose answers are also checked, each prefix of it, and random bytes
 * that keep close to it.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bpfxray/classify.h"

struct classify_args {
	__u32 sent;
	__u32 len;
	__u8 bytes[BX_CLASSIFY_LEN];
	struct bx_class class;
};

#define RECEIVED     0
#define SENT	     1
#define RANDOM_CASES 20000

#define BYTES(text) (text), sizeof(text) - 1

static const struct {
	int sent;
	const char *bytes;
	size_t len;
	__u8 verdict, protocol, role;
} cases[] = {
	{ RECEIVED, BYTES("GET / HTTP/1.1\r\n"), BX_CLASSIFY_YES, BX_PROTO_HTTP1, BX_ROLE_SERVER },
	{ RECEIVED, BYTES("\r\nGET / HTTP/1.1\r\n"), BX_CLASSIFY_YES, BX_PROTO_HTTP1,
	  BX_ROLE_SERVER },
	{ RECEIVED, BYTES("PROPFIND /a"), BX_CLASSIFY_YES, BX_PROTO_HTTP1, BX_ROLE_SERVER },
	{ RECEIVED, BYTES("VERSION-CONTROL /a"), BX_CLASSIFY_YES, BX_PROTO_HTTP1, BX_ROLE_SERVER },
	{ RECEIVED, BYTES("OPTIONS * HTTP/1.1"), BX_CLASSIFY_YES, BX_PROTO_HTTP1, BX_ROLE_SERVER },
	{ RECEIVED, BYTES("CONNECT host:443 HTTP/1.1"), BX_CLASSIFY_YES, BX_PROTO_HTTP1,
	  BX_ROLE_SERVER },
	{ RECEIVED, BYTES("GET http://a/ HTTP/1.1"), BX_CLASSIFY_YES, BX_PROTO_HTTP1,
	  BX_ROLE_SERVER },
	{ RECEIVED, BYTES("G"), BX_CLASSIFY_MORE, 0, 0 },
	{ RECEIVED, BYTES("GET "), BX_CLASSIFY_MORE, 0, 0 },
	{ RECEIVED, BYTES("get / HTTP/1.1"), BX_CLASSIFY_NO, 0, 0 },
	{ RECEIVED, BYTES("{\"title\": \"x\"}"), BX_CLASSIFY_NO, 0, 0 },
	{ RECEIVED, BYTES("HTTP/1.1 200 OK"), BX_CLASSIFY_YES, BX_PROTO_HTTP1, BX_ROLE_CLIENT },
	{ SENT, BYTES("HTTP/1.1 200 OK"), BX_CLASSIFY_YES, BX_PROTO_HTTP1, BX_ROLE_SERVER },
	{ SENT, BYTES("GET / HTTP/1.1\r\n"), BX_CLASSIFY_YES, BX_PROTO_HTTP1, BX_ROLE_CLIENT },
	{ RECEIVED, BYTES("\0\x43\x01\0\x0e\0REQUEST_METHOD"), BX_CLASSIFY_YES, BX_PROTO_UWSGI,
	  BX_ROLE_SERVER },
	{ SENT, BYTES("\0\x43\x01\0\x0e\0REQUEST_METHOD"), BX_CLASSIFY_YES, BX_PROTO_UWSGI,
	  BX_ROLE_CLIENT },
	{ RECEIVED,
	  BYTES("\x6d\0\0\0\x0a"
		"5.5.5-10.11"),
	  BX_CLASSIFY_YES, BX_PROTO_MYSQL, BX_ROLE_CLIENT },
	{ RECEIVED,
	  BYTES("\x47\0\0\0\x0a"
		"8.0.36"),
	  BX_CLASSIFY_YES, BX_PROTO_MYSQL, BX_ROLE_CLIENT },
	{ RECEIVED,
	  BYTES("\x26\0\0\0\x0a"
		"4.0.1"),
	  BX_CLASSIFY_YES, BX_PROTO_MYSQL, BX_ROLE_CLIENT },
	{ RECEIVED, BYTES("\x17\0\0\0\xff\x10\x04Too many connections"), BX_CLASSIFY_YES,
	  BX_PROTO_MYSQL, BX_ROLE_CLIENT },
	{ RECEIVED, BYTES("\x17\0\0\0\xff\xff\xffToo many connections"), BX_CLASSIFY_NO, 0, 0 },
	{ RECEIVED, BYTES("\x17\0\0\x01\xff\x10\x04Too many connections"), BX_CLASSIFY_NO, 0, 0 },
	{ SENT, BYTES("\x0a\0\0\0\x03SELECT 1"), BX_CLASSIFY_YES, BX_PROTO_MYSQL, BX_ROLE_CLIENT },
	{ SENT, BYTES("\x01\0\0\0\x0e"), BX_CLASSIFY_YES, BX_PROTO_MYSQL, BX_ROLE_CLIENT },
	{ SENT, BYTES("\x20\0\0\x01\x85\xa6"), BX_CLASSIFY_NO, 0, 0 },
	{ SENT, BYTES("\x11\0\0\0\x11user\0"), BX_CLASSIFY_NO, 0, 0 },
	{ SENT, BYTES("\x16\x03\x01\x02\0\x01\0"), BX_CLASSIFY_YES, BX_PROTO_TLS, 0 },
	{ SENT, BYTES("\x17\x03\x03\0\x1c\x12"), BX_CLASSIFY_YES, BX_PROTO_TLS, 0 },
	{ RECEIVED, BYTES("\x16\x03\x03\0\x7a\x02"), BX_CLASSIFY_YES, BX_PROTO_TLS, 0 },
	{ SENT, BYTES("*1\r\n$4\r\nPING\r\n"), BX_CLASSIFY_NO, 0, 0 },
	{ RECEIVED, BYTES(""), BX_CLASSIFY_MORE, 0, 0 },
	{ SENT, BYTES(""), BX_CLASSIFY_MORE, 0, 0 },
};

#define CASE_COUNT (sizeof(cases) / sizeof(*cases))

/* The program, and its arguments in memory that it shares with this process. */
struct run {
	int program;
	struct classify_args *args;
};

static unsigned int passed, failed;

static void check(int ok, const char *what, size_t at)
{
	passed += !!ok;
	failed += !ok;
	if (!ok)
		printf("FAIL %s, case %zu\n", what, at);
}

static struct bx_class classify_here(const struct classify_args *args)
{
	struct bx_looks looks;

	return args->sent ? bx_classify_sent(args->bytes, args->len, &looks)
			  : bx_classify_received(args->bytes, args->len, &looks);
}

static struct bx_class classify_in_kernel(const struct run *run, const struct classify_args *args)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	*run->args = *args;
	if (bpf_prog_test_run_opts(run->program, &opts) < 0) {
		perror("BPF_PROG_TEST_RUN");
		exit(1);
	}
	return run->args->class;
}

static int agree(const struct run *run, const struct classify_args *args)
{
	struct bx_class here = classify_here(args), there = classify_in_kernel(run, args);

	return !memcmp(&here, &there, sizeof(here));
}

static struct classify_args args_of(size_t i, size_t len)
{
	struct classify_args args = { .sent = cases[i].sent, .len = len };

	memcpy(args.bytes, cases[i].bytes, len);
	return args;
}

static void check_table(const struct run *run)
{
	for (size_t i = 0; i < CASE_COUNT; i++) {
		struct classify_args args = args_of(i, cases[i].len);
		struct bx_class class = classify_here(&args);

		check(class.verdict == cases[i].verdict && class.protocol == cases[i].protocol &&
			      class.role == cases[i].role,
		      "verdict", i);
		for (size_t len = 0; len <= cases[i].len; len++) {
			args = args_of(i, len);
			check(agree(run, &args), "kernel and userspace agree", i);
			/* a prefix of what is recognised must not be refused for good */
			if (cases[i].verdict == BX_CLASSIFY_YES)
				check(classify_here(&args).verdict != BX_CLASSIFY_NO,
				      "prefix is no NO", i);
		}
	}
}

static void check_random(const struct run *run)
{
	unsigned int seed = 20261122, disagree = 0;

	for (size_t n = 0; n < RANDOM_CASES; n++) {
		size_t i = rand_r(&seed) % CASE_COUNT;
		struct classify_args args = args_of(i, cases[i].len);

		args.sent = rand_r(&seed) & 1;
		args.len = rand_r(&seed) % (BX_CLASSIFY_LEN + 1);
		for (int flips = rand_r(&seed) % 4; flips; flips--)
			args.bytes[rand_r(&seed) % BX_CLASSIFY_LEN] = rand_r(&seed);
		disagree += !agree(run, &args);
	}
	check(!disagree, "20,000 random inputs agree", disagree);
}

static struct classify_args *shared_args(struct bpf_object *object)
{
	struct bpf_map *map;
	void *args;

	bpf_object__for_each_map(map, object)
	{
		if (!strstr(bpf_map__name(map), ".bss"))
			continue;
		args = mmap(NULL, bpf_map__value_size(map), PROT_READ | PROT_WRITE, MAP_SHARED,
			    bpf_map__fd(map), 0);
		return args == MAP_FAILED ? NULL : args;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct bpf_object *object = argc == 2 ? bpf_object__open(argv[1]) : NULL;
	struct bpf_program *program;
	struct run run;

	if (!object || bpf_object__load(object)) {
		fprintf(stderr, "cannot load %s\n", argc == 2 ? argv[1] : "(no object given)");
		return 1;
	}
	program = bpf_object__find_program_by_name(object, "run__classify");
	run = (struct run){ bpf_program__fd(program), shared_args(object) };
	if (!run.args) {
		fprintf(stderr, "%s shares no .bss\n", argv[1]);
		return 1;
	}
	check_table(&run);
	check_random(&run);
	bpf_object__close(object);
	printf("%u passed, %u failed, 0 skipped\n", passed, failed);
	return failed ? 1 : 0;
}
