/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refusal.h - who refuses what the capabilities promise: a policy of the host, by what it left to
 * be seen. Pure: the caller reads the files.
 */
#ifndef BPFXRAY_PROBE_REFUSAL_H
#define BPFXRAY_PROBE_REFUSAL_H

/* What the files of the system say; each may be NULL or empty when there is none. */
struct refusal_signs {
	const char *lockdown;	     /* /sys/kernel/security/lockdown: "none [integrity] ..." */
	const char *selinux_enforce; /* /sys/fs/selinux/enforce: "1" */
	const char *self_status;     /* /proc/self/status, for its line Seccomp */
	const char *event_paranoid;  /* /proc/sys/kernel/perf_event_paranoid */
};

/*
 * What to do about @error (EPERM or EACCES), as one line that ends without a full stop. Never NULL:
 * when nothing is to be seen it names all who could have refused.
 */
const char *refusal_advice(int error, const struct refusal_signs *signs);

#endif
