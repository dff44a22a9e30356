// SPDX-License-Identifier: Apache-2.0
/* confine.c - see confine.h. */
#include "cli/confine.h"

#include <errno.h>
#include <fcntl.h>
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

/* All that the parser calls, and what libc and c-ares call for it; not open(), see below. */
static const int allowed[] = {
	/* what is open */
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(pwrite64),
	SCMP_SYS(lseek),
	SCMP_SYS(ftruncate),
	SCMP_SYS(fsync),
	SCMP_SYS(close),
	SCMP_SYS(dup),
	SCMP_SYS(dup2),
	SCMP_SYS(dup3),
	SCMP_SYS(fcntl),
	SCMP_SYS(ioctl),
	SCMP_SYS(fstat),
	SCMP_SYS(fstatfs),
	SCMP_SYS(pipe2),
	SCMP_SYS(eventfd2),
	/* what it is called */
	SCMP_SYS(stat),
	SCMP_SYS(lstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(getcwd),
	/* to wait */
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(select),
	SCMP_SYS(pselect6),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(futex),
	SCMP_SYS(sched_yield),
	SCMP_SYS(restart_syscall),
	/* sockets: the daemon, DNS, the attacher, `bpfxray health`, systemd */
	SCMP_SYS(socket),
	SCMP_SYS(connect),
	SCMP_SYS(bind),
	SCMP_SYS(listen),
	SCMP_SYS(accept4),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(shutdown),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(recvmmsg),
	/* memory */
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(mprotect),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	/* clocks, random numbers, itself */
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(getrandom),
	SCMP_SYS(getpid),
	SCMP_SYS(getppid),
	SCMP_SYS(gettid),
	SCMP_SYS(getpgrp),
	SCMP_SYS(getpgid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	SCMP_SYS(getrlimit),
	SCMP_SYS(getrusage),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(wait4),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	/* signals */
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
#ifdef __SANITIZE_ADDRESS__ /* its leak check traces its own process from a thread */
	SCMP_SYS(clone),
	SCMP_SYS(ptrace),
	SCMP_SYS(prctl),
	SCMP_SYS(getdents),
	SCMP_SYS(getdents64),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(waitid),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(arch_prctl),
	SCMP_SYS(prlimit64),
#endif
};

static uint64_t kept_mask(void)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		mask |= 1ull << kept[i].number;
	return mask;
}

/*
 * What a program that is started could have at most; there is none. Only CAP_SETPCAP can lower it:
 * without, no_new_privs does the same.
 */
static void empty_bounding_set(void)
{
	for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		(void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
}

/* Of what is there, only @mask; nothing for programs that would be started. */
static int reduce_capabilities(uint64_t mask)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

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

static int set_no_new_privileges(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

/* A call that the architecture does not have is no error. */
static int add_refused(scmp_filter_ctx filter)
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

/* To open a file, but neither to write to it nor to make it; signals to itself. */
static int add_allowed(scmp_filter_ctx filter)
{
	const scmp_datum_t changes = O_ACCMODE | O_CREAT | O_TRUNC, self = (scmp_datum_t)getpid();
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(allowed) && !r; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	if (!r)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, changes, O_RDONLY));
	if (!r)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
				     SCMP_A1(SCMP_CMP_MASKED_EQ, changes, O_RDONLY));
	if (!r)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				     SCMP_A0(SCMP_CMP_EQ, self));
	return r;
}

static int filter_calls(uint32_t usual, int (*add_rules)(scmp_filter_ctx filter))
{
	scmp_filter_ctx filter = seccomp_init(usual);
	int r;

	if (!filter)
		return -ENOMEM;
	r = add_rules(filter);
	if (!r)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

int confine_attacher(void)
{
	int r = reduce_capabilities(kept_mask()), privileges = set_no_new_privileges(),
	    calls = filter_calls(SCMP_ACT_ALLOW, add_refused);

	return r ?: privileges ?: calls;
}

/* ENOSYS for the others, as from a kernel that has no such call: libc knows how to go on. */
int confine_parser(void)
{
	int r, privileges, calls;

	empty_bounding_set();
	r = reduce_capabilities(0);
	privileges = set_no_new_privileges();
	calls = filter_calls(SCMP_ACT_ERRNO(ENOSYS), add_allowed);
	return r ?: privileges ?: calls;
}

void confine_describe(FILE *out)
{
	fprintf(out,
		"once attached, a trace is two processes:\n"
		"  the parser reads what was traced: no capability, files for reading alone, %zu\n"
		"  system calls allowed; it cannot start a program or reach another process\n"
		"  the attacher parses no traffic; of its capabilities it keeps:",
		ARRAY_LEN(allowed) + 3);
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		fprintf(out, " %s", kept[i].name);
	fprintf(out,
		"\n  it cannot start a program, signal, trace or write to a process by system\n"
		"  call, mount, load a module or set the clock (%zu calls are refused)\n",
		ARRAY_LEN(refused) + 2);
}
