/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_layout.h - which structures a MySQL client library has, by the code of its own accessors:
 * nothing is concluded from a file's name or version.
 */
#ifndef BPFXRAY_PROBE_CLIENT_LAYOUT_H
#define BPFXRAY_PROBE_CLIENT_LAYOUT_H

#include <stdint.h>

/*
 * @errno_at and @server_info_at: where mysql_errno() and mysql_get_server_info() begin in the ELF
 * file @fd; 0: not defined. Each loads its field from the structure that it is handed; the two
 * offsets together name the layout: BX_CLIENT_MYSQL or _MARIADB (wire.h); BX_CLIENT_OTHER for
 * anything else. Code of x86-64 and of AArch64 is understood.
 */
unsigned int client_layout_of(int fd, uint64_t errno_at, uint64_t server_info_at);

#endif
