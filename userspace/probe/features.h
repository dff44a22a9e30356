/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features.h - which of the things that tracing needs are here: privileges, BTF, hooks, map types.
 *
 * Checked by trying, never by the kernel's version: a hook counts when a program loads, attaches
 * and is seen to fire. What is tried is taken down again before the function returns; nothing stays
 * attached.
 */
#ifndef BPFXRAY_PROBE_FEATURES_H
#define BPFXRAY_PROBE_FEATURES_H

#include <stdbool.h>
#include <stddef.h>

/* Backends that a feature serves. */
#define FEATURE_FOR_SOCK    (1u << 0)
#define FEATURE_FOR_FENTRY  (1u << 1)
#define FEATURE_FOR_KPROBE  (1u << 2)
#define FEATURE_FOR_SYSCALL (1u << 3)
#define FEATURE_FOR_ALL                                                                            \
	(FEATURE_FOR_SOCK | FEATURE_FOR_FENTRY | FEATURE_FOR_KPROBE | FEATURE_FOR_SYSCALL)

enum feature_verdict {
	FEATURE_NO,
	FEATURE_YES,
	/* Cannot be seen from here, or not tried because something before it is missing. */
	FEATURE_UNKNOWN,
};

struct feature {
	const char *name;
	enum feature_verdict verdict;
	int error;		/* errno of the failure, 0 when there is none to tell */
	const char *advice;	/* what to do when it is missing */
	unsigned int needed_by; /* FEATURE_FOR_*: backends that need it; 0: only told */
	bool privilege;		/* missing means missing rights, not a missing kernel feature */
	char detail[96];	/* what was seen, may be empty */
};

#define FEATURES_MAX 32

/*
 * Runs the checks, in the order in which a person would fix them. @enough, FEATURE_FOR_*: what none
 * of these needs, or only some when another of them is known to work, is left FEATURE_UNKNOWN: a
 * trial of a hook may take a tenth of a second. 0: every check is run. Returns how many of @ret
 * were filled.
 */
size_t features_check(unsigned int enough, struct feature ret[FEATURES_MAX]);

/*
 * The first feature that keeps @backend (one FEATURE_FOR_*) from working; NULL when it would
 * work.
 */
const struct feature *features_missing(const struct feature *features, size_t count,
				       unsigned int backend);

/*
 * False when kernel.ftrace_enabled is 0: what hangs on functions attaches then and is never hit,
 * and the kernel warns of it in its log (6.1: at the detach).
 */
bool functions_are_traced(void);

/* strerror() and the number; the kernel-internal ENOTSUPP (524), too, which some hooks answer with.
 */
const char *feature_error_text(int error, char *buf, size_t cap);

#endif
