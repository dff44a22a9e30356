// SPDX-License-Identifier: Apache-2.0
/* client_layout.c - see client_layout.h. */
#include "probe/client_layout.h"

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include <linux/types.h>

#include "bpfxray/wire.h"
#include "util/array.h"

/* The load is among the first instructions; a test for NULL may stand before it. */
#define CODE_LEN 32

/* x86-64: of `mov disp32(%rdi), %eax` or `%rax` (opcode 8b, ModRM 87) the displacement. */
static uint32_t x86_load(const uint8_t *code)
{
	if (code[0] != 0x8b || code[1] != 0x87)
		return 0;
	return code[2] | (uint32_t)code[3] << 8 | (uint32_t)code[4] << 16 | (uint32_t)code[5] << 24;
}

/* AArch64: of `ldr w?, [x0, #imm]` or `ldr x?`, whose immediate counts words or double words. */
static uint32_t arm64_load(const uint8_t *code)
{
	uint32_t word = code[0] | (uint32_t)code[1] << 8 | (uint32_t)code[2] << 16 |
			(uint32_t)code[3] << 24;
	uint32_t count = word >> 10 & 0xfff;

	switch (word & 0xffc003e0) {
	case 0xb9400000:
		return count * 4;
	case 0xf9400000:
		return count * 8;
	default:
		return 0;
	}
}

static bool is_arm64(int fd)
{
	Elf64_Half machine;

	return pread(fd, &machine, sizeof(machine), offsetof(Elf64_Ehdr, e_machine)) ==
		       sizeof(machine) &&
	       machine == EM_AARCH64;
}

/* Where in its argument the accessor at @at reads first, or 0. */
static uint32_t loaded_offset(int fd, uint64_t at)
{
	uint8_t code[CODE_LEN] = { 0 };
	ssize_t len = at ? pread(fd, code, sizeof(code), (off_t)at) : 0;
	bool arm64 = is_arm64(fd);
	uint32_t offset = 0;

	for (ssize_t i = 0; !offset && i + 6 <= len; i += arm64 ? 4 : 1)
		offset = arm64 ? arm64_load(code + i) : x86_load(code + i);
	return offset;
}

unsigned int client_layout_of(int fd, uint64_t errno_at, uint64_t server_info_at)
{
	static const struct {
		uint32_t last_errno, server_version;
		unsigned int layout;
	} known[] = {
		{ 132, 704, BX_CLIENT_MYSQL },
		{ 144, 720, BX_CLIENT_MARIADB },
	};
	uint32_t last_errno = loaded_offset(fd, errno_at);
	uint32_t server_version = loaded_offset(fd, server_info_at);

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].last_errno == last_errno && known[i].server_version == server_version)
			return known[i].layout;
	return BX_CLIENT_OTHER;
}
