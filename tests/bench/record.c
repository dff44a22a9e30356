// SPDX-License-Identifier: Apache-2.0
/*
 * record.c - writes down what the kernel side tells of one process, for replay.c:
 *
 *	bench-record PID FILE
 *
 * Says `ready` when it is attached, and ends on SIGTERM. The file is the records of wire.h as they
 * came, each padded to 8 bytes; a record of length 0 marks where the agent's tick would have been.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/process.h"
#include "probe/kernel.h"
#include "probe/ring.h"
#include "util/cleanup.h"

#define TICK_MS 50

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static void write_record(FILE *file, const struct bx_record *record)
{
	static const char zero[8];

	fwrite(record, record->len, 1, file);
	fwrite(zero, -record->len & 7, 1, file);
}

static void take(void *ctx, const struct record_view *view)
{
	if (view->exchange)
		write_record(ctx, &view->exchange->record);
	else if (view->fragment)
		write_record(ctx, &view->fragment->record);
}

static int follow(struct kernel *kernel, pid_t pid)
{
	struct pid_set set = { 0 };
	int err = pid_set_add(&set, pid);

	if (err >= 0)
		err = process_tree_grow(&set);
	for (size_t i = 0; err >= 0 && i < set.count; i++)
		err = kernel_add_target(kernel, set.at[i], pid);
	pid_set_clear(&set);
	return err < 0 ? err : kernel_mark(kernel);
}

int main(int argc, char **argv)
{
	const struct kernel_options options = { .backend = KERNEL_BACKEND_AUTO };
	const struct bx_record mark = { .len = 0 };
	_cleanup_fclose_ FILE *file = NULL;
	struct kernel *kernel = NULL;
	struct ring *ring = NULL;
	char why[256] = "";

	file = argc == 3 ? fopen(argv[2], "wb") : NULL;
	if (!file)
		return 2;
	signal(SIGTERM, on_signal);
	if (kernel_open(&options, &kernel, why, sizeof(why)) ||
	    ring_open(dup(kernel_ring_fd(kernel)), (struct ring_sink){ take, file }, &ring) ||
	    follow(kernel, atoi(argv[1])) < 0) {
		fprintf(stderr, "cannot attach: %s\n", why);
		ring_free(ring);
		kernel_free(kernel);
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while (!stop) {
		ring_wait(ring, TICK_MS);
		kernel_sweep(kernel);
		ring_drain(ring);
		fwrite(&mark, sizeof(mark), 1, file);
	}
	ring_free(ring);
	kernel_free(kernel);
	return 0;
}
