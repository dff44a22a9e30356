/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cleanup.h - variables that release what they hold when they leave their scope, so that an early
 * return needs no goto.
 *
 * A released value is handed out with TAKE_PTR() or TAKE_FD(), which empty the variable. Initialise
 * every such variable where it is declared (NULL, or -1 for a descriptor).
 */
#ifndef BPFXRAY_UTIL_CLEANUP_H
#define BPFXRAY_UTIL_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

/* Defines @name for _cleanup_(), which calls @release on a non-NULL variable of type @type. */
#define DEFINE_CLEANUP(name, type, release)                                                        \
	static inline void name(type *p)                                                           \
	{                                                                                          \
		if (*p)                                                                            \
			release(*p);                                                               \
	}                                                                                          \
	struct cleanup_takes_a_semicolon

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

/* Keeps errno: the cleanup runs between a failed call and the caller's look at it. */
static inline void cleanup_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void cleanup_fclose(FILE **file)
{
	int saved = errno;

	if (*file)
		fclose(*file);
	errno = saved;
}

static inline void cleanup_closedir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

#define _cleanup_free_	   _cleanup_(cleanup_free)
#define _cleanup_close_	   _cleanup_(cleanup_close)
#define _cleanup_fclose_   _cleanup_(cleanup_fclose)
#define _cleanup_closedir_ _cleanup_(cleanup_closedir)

#define TAKE_PTR(variable)                                                                         \
	({                                                                                         \
		__typeof__(variable) *take_from = &(variable);                                     \
		__typeof__(variable) taken = *take_from;                                           \
		*take_from = NULL;                                                                 \
		taken;                                                                             \
	})

#define TAKE_FD(variable)                                                                          \
	({                                                                                         \
		int *take_from = &(variable);                                                      \
		int taken = *take_from;                                                            \
		*take_from = -1;                                                                   \
		taken;                                                                             \
	})

#endif
