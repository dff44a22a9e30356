/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * layouts.bpf.c - makes clang write the types of vmlinux.h that are read without relocation into an
 * object's BTF, where check_vmlinux finds them. Holds no program.
 */
#include "vmlinux.h"

struct iovec layout_iovec;
struct user_msghdr layout_user_msghdr;
