// SPDX-License-Identifier: Apache-2.0
/*
 * test_find.c - the census of processes, and who listens on a port, on this machine and its own
 * children.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/census.h"
#include "host/listening.h"
#include "host/process.h"
#include "util/array.h"
#include "util/cleanup.h"

static struct census_entry *entry_of(const struct census *census, pid_t pid)
{
	for (size_t i = 0; i < census->count; i++)
		if (census->at[i].pid == pid)
			return &census->at[i];
	return NULL;
}

static pid_t start_child(void)
{
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	return pid;
}

TEST(census_of_comers_and_goers)
{
	_cleanup_(census_clear) struct census census = { 0 };
	pid_t first = start_child(), second;

	CHECK_EQ(census_take(&census), 0);
	if (CHECK(entry_of(&census, first) && entry_of(&census, getpid()))) {
		CHECK_EQ(entry_of(&census, first)->since, 1);
		entry_of(&census, first)->mark = true;
	}
	second = start_child();
	CHECK_EQ(census_take(&census), 0);
	CHECK_EQ(census.pass, 2);
	if (CHECK(entry_of(&census, first) && entry_of(&census, second))) {
		CHECK_EQ(entry_of(&census, first)->since, 1);
		CHECK(entry_of(&census, first)->mark);
		CHECK_EQ(entry_of(&census, second)->since, 2);
		CHECK(!entry_of(&census, second)->mark);
	}
	for (size_t i = 1; i < census.count; i++)
		CHECK(census.at[i - 1].pid < census.at[i].pid);
	kill(first, SIGKILL);
	waitpid(first, NULL, 0);
	CHECK_EQ(census_take(&census), 0);
	CHECK(!entry_of(&census, first));
	kill(second, SIGKILL);
	waitpid(second, NULL, 0);
}

/* A number that is used again is another process: its entry starts anew. */
TEST(census_of_a_number_used_again)
{
	_cleanup_(census_clear) struct census census = { 0 };
	pid_t child = start_child();
	struct census_entry *entry;

	CHECK_EQ(census_take(&census), 0);
	entry = entry_of(&census, child);
	entry->mark = true;
	CHECK(census_is_still(entry));
	entry->ino++;
	CHECK(!census_is_still(entry));
	CHECK_EQ(census_take(&census), 0);
	CHECK_EQ(entry_of(&census, child)->since, 2);
	CHECK(!entry_of(&census, child)->mark);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	CHECK(!census_is_still(entry_of(&census, child)));
}

TEST(process_numbers)
{
	CHECK_EQ(process_number("1"), 1);
	CHECK_EQ(process_number("4194304"), 4194304);
	CHECK_EQ(process_number(""), 0);
	CHECK_EQ(process_number("self"), 0);
	CHECK_EQ(process_number("12x"), 0);
	CHECK_EQ(process_number("-1"), 0);
}

TEST(listening_lines)
{
	static const struct {
		const char *line;
		bool listens;
		uint64_t inode;
		uint16_t port;
	} rows[] = {
		{ "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  "
		  "1000        0 4711 1 ffff 100 0 0 10 0",
		  true, 4711, 8080 },
		{ "  12: 00000000000000000000000001000000:0050 "
		  "00000000000000000000000000000000:0000 "
		  "0A 00000000:00000000 00:00000000 00000000     0        0 5000000000 1 ffff",
		  true, 5000000000, 80 },
		/* established */
		{ "   0: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  "
		  "1000        0 4711 1 ffff 100 0 0 10 0",
		  false, 0, 0 },
		{ "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt",
		  false, 0, 0 },
		{ "", false, 0, 0 },
		{ "   0: 0100007F:1F90 00000000:0000 0A", false, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct listener listener = { 0 };

		unit_context("row %zu", i);
		CHECK_EQ(listening_parse(rows[i].line, &listener), rows[i].listens);
		CHECK_EQ(listener.inode, rows[i].inode);
		CHECK_EQ(listener.port, rows[i].port);
	}
}

TEST(listening_own_socket)
{
	_cleanup_(listeners_clear) struct listeners listeners = { 0 };
	_cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	uint16_t ports[4];

	if (!CHECK(!bind(fd, (struct sockaddr *)&at, len) && !listen(fd, 1) &&
		   !getsockname(fd, (struct sockaddr *)&at, &len)))
		return;
	CHECK_EQ(listeners_read(getpid(), &listeners), 0);
	if (CHECK_EQ(listening_ports(getpid(), &listeners, ports, 4), 1))
		CHECK_EQ(ports[0], ntohs(at.sin_port));
}
