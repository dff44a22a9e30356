// SPDX-License-Identifier: Apache-2.0
/* client_layout.c - see client_layout.h. */
#include "probe/client_layout.h"

#include <stddef.h>
#include <unistd.h>

#include <linux/types.h>

#include "bpfxray/wire.h"
#include "util/array.h"

/* The load is among the first instructions; a test for NULL may stand before it. */
#define CODE_LEN 32

#if defined(__x86_64__)
/*
 * The displacement of the first `mov disp32(%rdi), %eax` or `%rax` (opcode 8b, ModRM 87) at @at, or
 * 0.
 */
static uint32_t loaded_offset(int fd, uint64_t at)
{
	uint8_t code[CODE_LEN] = { 0 };
	ssize_t len = at ? pread(fd, code, sizeof(code), (off_t)at) : 0;

	for (ssize_t i = 0; i + 6 <= len; i++)
		if (code[i] == 0x8b && code[i + 1] == 0x87)
			return code[i + 2] | (uint32_t)code[i + 3] << 8 |
			       (uint32_t)code[i + 4] << 16 | (uint32_t)code[i + 5] << 24;
	return 0;
}
#else
static uint32_t loaded_offset(int fd, uint64_t at)
{
	(void)fd;
	(void)at;
	return 0;
}
#endif

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
