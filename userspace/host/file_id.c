// SPDX-License-Identifier: Apache-2.0
/* file_id.c - see file_id.h. */
#include "host/file_id.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

static uint64_t ns_of(const struct statx_timestamp *at)
{
	return (uint64_t)at->tv_sec * 1000000000 + at->tv_nsec;
}

/*
 * An overlay has a device of its own, and of a file in it the number and the time of birth of the
 * file below: what has both in common is one file.
 */
int file_id_read(int fd, struct file_id *ret)
{
	struct statx status;
	struct statfs system;
	uint64_t device, born_ns = 0;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &status) < 0 ||
	    fstatfs(fd, &system) < 0)
		return -errno;
	device = makedev(status.stx_dev_major, status.stx_dev_minor);
	if (status.stx_mask & STATX_BTIME)
		born_ns = ns_of(&status.stx_btime);
	if (born_ns && system.f_type == OVERLAYFS_SUPER_MAGIC)
		device = 0;
	*ret = (struct file_id){
		.inode = table_key2(born_ns + device, status.stx_ino),
		.written_ns = ns_of(&status.stx_mtime),
		.size = status.stx_size,
	};
	return 0;
}
