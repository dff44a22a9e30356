// SPDX-License-Identifier: Apache-2.0
/* listening.c - see listening.h. */
#include "host/listening.h"

#include <inttypes.h>
#include <limits.h>

#include "util/cleanup.h"

/* include/net/tcp_states.h: TCP_LISTEN. */
#define STATE_LISTEN 0x0au

bool listening_parse(const char *line, struct listener *ret)
{
	unsigned int port, state;
	uint64_t inode;

	if (sscanf(line,
		   " %*d: %*[0-9A-Fa-f]:%4x %*[0-9A-Fa-f]:%*x %2x %*s %*s %*s %*d %*d %" SCNu64,
		   &port, &state, &inode) != 3 ||
	    state != STATE_LISTEN)
		return false;
	*ret = (struct listener){ .inode = inode, .port = (uint16_t)port };
	return true;
}

static int add(struct listeners *listeners, struct listener listener)
{
	if (listeners->count == listeners->cap) {
		size_t cap = listeners->cap ? listeners->cap * 2 : 32;
		struct listener *at = reallocarray(listeners->at, cap, sizeof(*at));

		if (!at)
			return -ENOMEM;
		listeners->at = at;
		listeners->cap = cap;
	}
	listeners->at[listeners->count++] = listener;
	return 0;
}

static int read_table(pid_t pid, const char *table, struct listeners *ret)
{
	_cleanup_fclose_ FILE *file = NULL;
	char path[64], line[512];
	struct listener one;

	snprintf(path, sizeof(path), "/proc/%d/net/%s", (int)pid, table);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		if (listening_parse(line, &one) && add(ret, one))
			return -ENOMEM;
	return 0;
}

int listeners_read(pid_t pid, struct listeners *ret)
{
	int r = read_table(pid, "tcp", ret);

	if (r)
		return r;
	r = read_table(pid, "tcp6", ret);
	/* a kernel without IPv6 has no such table */
	return r == -ENOENT ? 0 : r;
}

void listeners_clear(struct listeners *listeners)
{
	free(listeners->at);
	*listeners = (struct listeners){ 0 };
}

static uint16_t port_of(const struct listeners *listeners, uint64_t inode)
{
	for (size_t i = 0; i < listeners->count; i++)
		if (listeners->at[i].inode == inode)
			return listeners->at[i].port;
	return 0;
}

static bool has_port(const uint16_t *ports, size_t count, uint16_t port)
{
	for (size_t i = 0; i < count; i++)
		if (ports[i] == port)
			return true;
	return false;
}

/* The port that descriptor @name of the folder @fds listens on, or 0. */
static uint16_t port_of_descriptor(int fds, const char *name, const struct listeners *listeners)
{
	char to[64];
	ssize_t n = readlinkat(fds, name, to, sizeof(to) - 1);
	uint64_t inode;

	if (n < 0)
		return 0;
	to[n] = '\0';
	return sscanf(to, "socket:[%" SCNu64 "]", &inode) == 1 ? port_of(listeners, inode) : 0;
}

int listening_ports(pid_t pid, const struct listeners *listeners, uint16_t *ret, size_t cap)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;
	char path[64];
	size_t count = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = listeners->count ? opendir(path) : NULL;
	if (!dir)
		return listeners->count ? -errno : 0;
	while (count < cap && (entry = readdir(dir))) {
		uint16_t port = port_of_descriptor(dirfd(dir), entry->d_name, listeners);

		if (port && !has_port(ret, count, port))
			ret[count++] = port;
	}
	return (int)count;
}
