/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.h - the border: a ring record is checked once, here; past this no code sees bytes that it
 * must doubt.
 *
 * The traced process chooses the text and, through it, much of what the kernel side writes; sizes
 * and enumerations are checked all the same as if all of it were hostile. Pure.
 */
#ifndef BPFXRAY_PROBE_RECORD_H
#define BPFXRAY_PROBE_RECORD_H

#include <linux/types.h>
#include <stddef.h>

#include "bpfxray/wire.h"

/* A checked record; the one pointer that fits its type is set. */
struct record_view {
	const struct bx_exchange *exchange;
	const struct bx_fragment *fragment;
	const struct bx_process *process;
	const struct bx_client_call *call;
	const struct bx_dns *dns;
	const struct bx_dialled *dialled;
};

/* @data is 8-byte aligned. 0, or -EBADMSG when sizes or values contradict each other. */
int record_check(const void *data, size_t len, struct record_view *ret);

#endif
