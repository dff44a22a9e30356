// SPDX-License-Identifier: Apache-2.0
/*
 * test_elf_functions.c - functions in ELF files: in this very program, where the memory says what
 * the file must hold, and in files that are none.
 */
#include "unit.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "probe/elf_functions.h"
#include "util/cleanup.h"

#define COMPARED_LEN 16

/* Whose code is looked for. */
__attribute__((noinline, used)) int elf_functions_landmark(int n)
{
	return n * 40503 + 17;
}

TEST(elf_functions_lie_where_the_file_has_their_code)
{
	struct elf_function functions[] = { { .name = "elf_functions_landmark" },
					    { .name = "no_such_function_anywhere" } };
	_cleanup_close_ int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	const uint8_t *code = (const uint8_t *)(uintptr_t)elf_functions_landmark;
	uint8_t in_file[COMPARED_LEN];

	CHECK_EQ(elf_functions_find(fd, functions, 2), 1);
	CHECK_EQ(functions[1].offset, 0);
	if (!CHECK(functions[0].offset))
		return;
	CHECK_EQ(pread(fd, in_file, sizeof(in_file), (off_t)functions[0].offset), COMPARED_LEN);
	/* never on the landing pad */
	CHECK(memcmp(in_file, endbr64, sizeof(endbr64)));
	if (!memcmp(code, endbr64, sizeof(endbr64)))
		code += sizeof(endbr64);
	CHECK(!memcmp(in_file, code, COMPARED_LEN));
}

static int find_in_bytes(const void *bytes, size_t len)
{
	struct elf_function function = { .name = "SSL_read" };
	_cleanup_close_ int fd = memfd_create("bytes", MFD_CLOEXEC);

	if (write(fd, bytes, len) != (ssize_t)len)
		return -EIO;
	return elf_functions_find(fd, &function, 1);
}

TEST(elf_functions_refuse_what_is_no_program)
{
	static const uint8_t cut[64] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };
	static const uint8_t of_32_bits[64] = { 0x7f, 'E', 'L', 'F', 1, 1, 1 };

	CHECK_EQ(find_in_bytes("", 0), -ENOEXEC);
	CHECK_EQ(find_in_bytes("#!/bin/sh\n", 10), -ENOEXEC);
	CHECK_EQ(find_in_bytes(of_32_bits, sizeof(of_32_bits)), -ENOEXEC);
	/* a head without sections defines nothing */
	CHECK_EQ(find_in_bytes(cut, sizeof(cut)), 0);
}

/* Makes every table of symbols of the copy at @fd @size bytes long. */
static void claim(int fd, uint64_t size)
{
	Elf64_Ehdr head;
	Elf64_Shdr section;

	CHECK_EQ(pread(fd, &head, sizeof(head), 0), sizeof(head));
	for (int i = 0; i < head.e_shnum; i++) {
		off_t at = (off_t)(head.e_shoff + i * sizeof(section));

		CHECK_EQ(pread(fd, &section, sizeof(section), at), sizeof(section));
		if (section.sh_type != SHT_DYNSYM && section.sh_type != SHT_SYMTAB)
			continue;
		section.sh_size = size;
		CHECK_EQ(pwrite(fd, &section, sizeof(section), at), sizeof(section));
	}
}

/* A terabyte of holes costs its owner nothing; it must not cost us a day. */
TEST(elf_functions_pass_over_endless_tables)
{
	struct elf_function function = { .name = "elf_functions_landmark" };
	_cleanup_close_ int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int fd = memfd_create("endless", MFD_CLOEXEC);
	off_t len = lseek(self, 0, SEEK_END), offset = 0;

	while (offset < len && sendfile(fd, self, &offset, (size_t)(len - offset)) > 0)
		continue;
	CHECK_EQ(elf_functions_find(fd, &function, 1), 1);
	claim(fd, 1ull << 40);
	CHECK_EQ(ftruncate(fd, 1ll << 41), 0);
	CHECK_EQ(elf_functions_find(fd, &function, 1), 0);
}

/* This program with bytes overwritten at random: libelf must cope, and we with it. */
TEST(elf_functions_survive_damage)
{
	struct elf_function function = { .name = "elf_functions_landmark" };
	_cleanup_close_ int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int fd = memfd_create("damaged", MFD_CLOEXEC);
	off_t len = lseek(self, 0, SEEK_END), offset = 0;
	unsigned int state = 1;

	while (offset < len && sendfile(fd, self, &offset, (size_t)(len - offset)) > 0)
		continue;
	for (int round = 0; round < 60; round++) {
		uint32_t junk = (uint32_t)rand_r(&state);
		/* the file's head, and the section headers at its end */
		off_t at = round % 2 ? rand_r(&state) % 64 : len - 1 - rand_r(&state) % 4096;

		if (pwrite(fd, &junk, sizeof(junk), at) != sizeof(junk))
			return;
		CHECK(elf_functions_find(fd, &function, 1) <= 1);
	}
}
