// SPDX-License-Identifier: Apache-2.0
/* test_refusal.c - who is said to refuse BPF: by the errno, and by what each of them leaves to be
 * seen. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "probe/refusal.h"
#include "util/array.h"

static const struct {
	int error;
	struct refusal_signs signs;
	const char *begin; /* of the advice */
} cases[] = {
	{ EACCES, { .selinux_enforce = "1" }, "SELinux refuses it" },
	{ EACCES, { .selinux_enforce = "0" }, "refused although" },
	{ EPERM, { .selinux_enforce = "1" }, "refused although" },
	{ EPERM, { .lockdown = "none integrity [confidentiality]\n" }, "lockdown refuses it" },
	{ EPERM, { .lockdown = "none [integrity] confidentiality\n" }, "refused although" },
	{ EACCES, { .lockdown = "none integrity [confidentiality]\n" }, "refused although" },
	{ EPERM, { .self_status = "Name:\tx\nSeccomp:\t2\n" }, "a seccomp filter refuses it" },
	{ EPERM, { .self_status = "Name:\tx\nSeccomp:\t0\n" }, "refused although" },
	{ EACCES, { .event_paranoid = "4\n" }, "kernel.perf_event_paranoid" },
	{ EACCES, { .event_paranoid = "2\n" }, "refused although" },
	{ EACCES, { .event_paranoid = "-1\n" }, "refused although" },
	/* several: SELinux answers before perf is asked; lockdown stands for the whole machine */
	{ EACCES, { .selinux_enforce = "1", .event_paranoid = "4" }, "SELinux refuses it" },
	{ EPERM,
	  { .lockdown = "none integrity [confidentiality]", .self_status = "\nSeccomp:\t2" },
	  "lockdown refuses it" },
	{ EPERM, { 0 }, "refused although the rights are there" },
};

TEST(refusal_names_who_refuses)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *advice = refusal_advice(cases[i].error, &cases[i].signs);

		CHECK(!strncmp(advice, cases[i].begin, strlen(cases[i].begin)));
		CHECK(advice[strlen(advice) - 1] != '.');
		CHECK(!strchr(advice, '\n'));
	}
}
