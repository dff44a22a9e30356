/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf_functions.h - where functions lie in an ELF file, for uprobes, which attach by file offset.
 *
 * The dynamic symbols are looked at first (a stripped library keeps them), then the full table.
 * Versions and sizes are ignored: libmariadb defines each function twice, once with size 0, at one
 * address.
 */
#ifndef BPFXRAY_PROBE_ELF_FUNCTIONS_H
#define BPFXRAY_PROBE_ELF_FUNCTIONS_H

#include <stddef.h>
#include <stdint.h>

struct elf_function {
	const char *name;
	uint64_t offset; /* where a probe attaches; 0: not defined in the file */
};

/*
 * Looks up functions[0..count), whose offsets it sets. An offset is behind an x86 landing pad
 * (endbr64): attaching to the pad itself costs six times as much (measured),
 * and the arguments and the stack are still as the caller left them.
 *
 * @fd stays the caller's. Returns how many were found, -ENOEXEC for what is no 64-bit ELF file of
 * this machine's byte order, or another negative errno.
 */
int elf_functions_find(int fd, struct elf_function *functions, size_t count);

#endif
