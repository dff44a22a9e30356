// SPDX-License-Identifier: Apache-2.0
/*
 * refusal.c - see refusal.h. The errno tells two of them apart: SELinux and AppArmor answer EACCES,
 * lockdown and seccomp EPERM (include/linux/lsm_hook_defs.h, kernel/seccomp.c of the kernel).
 */
#include "probe/refusal.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const char *text)
{
	return text ? text : "";
}

/* "Seccomp:	2": a filter judges every system call. */
static bool is_filtered(const char *status)
{
	const char *line = strstr(text_of(status), "\nSeccomp:");

	return line && strtol(line + strlen("\nSeccomp:"), NULL, 10) > 0;
}

const char *refusal_advice(int error, const struct refusal_signs *signs)
{
	if (error == EACCES && text_of(signs->selinux_enforce)[0] == '1')
		return "SELinux refuses it: its log says `avc: denied`, and audit2allow makes a "
		       "rule "
		       "of that; in a container, a type that may load BPF (spc_t)";
	if (error == EPERM && strstr(text_of(signs->lockdown), "[confidentiality]"))
		return "lockdown refuses it: boot with lockdown=integrity";
	if (error == EPERM && is_filtered(signs->self_status))
		return "a seccomp filter refuses it: allow bpf and perf_event_open";
	if (error == EACCES && strtol(text_of(signs->event_paranoid), NULL, 10) > 2)
		return "kernel.perf_event_paranoid refuses it: set it to 2, or add CAP_PERFMON";
	return "refused although the rights are there: by SELinux, AppArmor, seccomp or lockdown";
}
