/* SPDX-License-Identifier: Apache-2.0 */
/* file_id.h - which file a descriptor is of, whatever name and mount it was opened by. */
#ifndef BPFXRAY_HOST_FILE_ID_H
#define BPFXRAY_HOST_FILE_ID_H

#include <stdint.h>

#include "util/table.h"

struct file_id {
	/*
	 * Of the inode, and of none that gets its number later. The same through every overlay that
	 * shows the file: the containers of one image share its libraries.
	 */
	struct table_key inode;
	/* When it was last written to, and its size: another content has others. */
	uint64_t written_ns;
	uint64_t size;
};

/* 0, or a negative errno. */
int file_id_read(int fd, struct file_id *ret);

#endif
