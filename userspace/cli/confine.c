// SPDX-License-Identifier: Apache-2.0
/* confine.c - see confine.h. */
#include "cli/confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/array.h"

static const struct {
	int number;
	const char *name;
} kept[] = {
	{ CAP_SYS_ADMIN, "SYS_ADMIN" },	      /* probes of libraries that come later */
	{ CAP_BPF, "BPF" },		      /* maps and iterators */
	{ CAP_PERFMON, "PERFMON" },	      /* the same probes, where it is enough */
	{ CAP_SYS_PTRACE, "SYS_PTRACE" },     /* what a new process runs */
	{ CAP_SYS_RESOURCE, "SYS_RESOURCE" }, /* memlock of kernels before 5.11 */
	{ CAP_DAC_READ_SEARCH, "DAC_READ_SEARCH" },
	{ CAP_DAC_OVERRIDE, "DAC_OVERRIDE" }, /* outputs in folders of others, tracefs */
	{ CAP_SYSLOG, "SYSLOG" },	      /* addresses in /proc/kallsyms */
};

static const int refused[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(reboot),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(setns),
	SCMP_SYS(unshare),
	SCMP_SYS(move_mount),
	SCMP_SYS(open_tree),
	SCMP_SYS(fsmount),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	SCMP_SYS(acct),
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(adjtimex),
	SCMP_SYS(clock_adjtime),
	SCMP_SYS(sethostname),
	SCMP_SYS(setdomainname),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(keyctl),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(iopl),
	SCMP_SYS(ioperm),
	SCMP_SYS(quotactl),
	SCMP_SYS(personality),
	SCMP_SYS(pidfd_send_signal),
	SCMP_SYS(pidfd_getfd),
#ifndef __SANITIZE_ADDRESS__ /* its leak check traces its own process */
	SCMP_SYS(ptrace),
#endif
};

static uint64_t kept_mask(void)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		mask |= 1ull << kept[i].number;
	return mask;
}

/* Of what is there, only what is kept; nothing for programs that would be started. */
static int reduce_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	uint64_t mask = kept_mask();

	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_LEN(data); i++) {
		uint32_t half = (uint32_t)(mask >> 32 * i);

		data[i].permitted &= half;
		data[i].effective &= half;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

/* A call that the architecture does not have is no error. */
static int add_rules(scmp_filter_ctx filter)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(refused) && !r; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
	if (!r)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(kill), 1,
				     SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)getpid()));
	if (!r)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(tgkill), 1,
				     SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)getpid()));
	return r;
}

static int refuse_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int r;

	if (!filter)
		return -ENOMEM;
	r = add_rules(filter);
	if (!r)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

int confine_process(void)
{
	int r = reduce_capabilities(), privileges, calls;

	privileges = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
	calls = refuse_calls();
	return r ?: privileges ?: calls;
}

void confine_describe(FILE *out)
{
	fputs("once attached, a trace keeps of its capabilities:", out);
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		fprintf(out, " %s", kept[i].name);
	fprintf(out,
		"\n  and can no longer start a program, signal, trace or write to a process by\n"
		"  system call, mount, load a module or set the clock (%zu calls are refused)\n",
		ARRAY_LEN(refused) + 2);
}
