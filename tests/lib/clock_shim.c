// SPDX-License-Identifier: Apache-2.0
/*
 * clock_shim.c - LD_PRELOAD: CLOCK_REALTIME plus the seconds in the file that CLOCK_SHIM names, so
 * that a test can step one process's clock and not the machine's.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long offset_s(void)
{
	const char *path = getenv("CLOCK_SHIM");
	FILE *file = path ? fopen(path, "re") : NULL;
	long ret = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%ld", &ret) != 1)
		ret = 0;
	fclose(file);
	return ret;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	static int (*real)(clockid_t, struct timespec *);
	int r;

	if (!real)
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	r = real(clock, now);
	if (clock == CLOCK_REALTIME)
		now->tv_sec += offset_s();
	return r;
}
