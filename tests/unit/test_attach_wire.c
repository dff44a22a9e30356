// SPDX-License-Identifier: Apache-2.0
/*
 * test_attach_wire.c - what the attacher takes for a request: it may be asked by a parser that was
 * taken over.
 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/attach_wire.h"

#define HEAD_LEN offsetof(struct attach_request, places)

TEST(attach_request_lengths)
{
	static const struct {
		uint32_t ask, count;
		const char *text; /* of 8 bytes */
		size_t len;
		int want;
	} cases[] = {
		{ ATTACH_SWEEP, 0, "", HEAD_LEN, 0 },
		{ ATTACH_SWEEP, 0, "", HEAD_LEN - 1, -EBADMSG },
		{ ATTACH_SWEEP, 0, "", HEAD_LEN + 1, -EBADMSG },
		{ ATTACH_SWEEP, 0, "", 0, -EBADMSG },
		/* no list belongs to it */
		{ ATTACH_SWEEP, 77, "", HEAD_LEN, 0 },
		{ ATTACH_ASK_MAX, 0, "", HEAD_LEN, -EBADMSG },
		{ UINT32_MAX, 0, "", HEAD_LEN, -EBADMSG },
		{ ATTACH_PLACES, 0, "", HEAD_LEN, 0 },
		{ ATTACH_PLACES, 2, "", HEAD_LEN + 2 * sizeof(struct attach_place), 0 },
		{ ATTACH_PLACES, 2, "", HEAD_LEN + sizeof(struct attach_place), -EBADMSG },
		{ ATTACH_PLACES, ATTACH_PLACES_MAX + 1, "",
		  HEAD_LEN + (ATTACH_PLACES_MAX + 1) * sizeof(struct attach_place), -EBADMSG },
		{ ATTACH_PLACES, UINT32_MAX, "", HEAD_LEN, -EBADMSG },
		{ ATTACH_NAME, 5, "shop", HEAD_LEN + 5, 0 },
		{ ATTACH_NAME, 1, "", HEAD_LEN + 1, 0 },
		{ ATTACH_NAME, 0, "", HEAD_LEN, -EBADMSG },
		/* its NUL is missing, or not the last */
		{ ATTACH_NAME, 4, "shop", HEAD_LEN + 4, -EBADMSG },
		{ ATTACH_NAME, 6, "shop", HEAD_LEN + 6, -EBADMSG },
		{ ATTACH_WRITE_STATS, 3, "{}", HEAD_LEN + 3, 0 },
		{ ATTACH_WRITE_STATS, 3, "{}", HEAD_LEN + 2, -EBADMSG },
		{ ATTACH_WRITE_METRICS, ATTACH_TEXT_MAX + 1, "", HEAD_LEN + ATTACH_TEXT_MAX + 1,
		  -EBADMSG },
	};
	struct attach_request *request = calloc(1, sizeof(*request));

	for (size_t i = 0; request && i < sizeof(cases) / sizeof(cases[0]); i++) {
		request->ask = cases[i].ask;
		request->count = cases[i].count;
		memcpy(request->text, cases[i].text, strlen(cases[i].text) + 1);
		CHECK_EQ(attach_request_check(request, cases[i].len), cases[i].want);
	}
	free(request);
}

TEST(attach_descriptor_goes_along)
{
	struct attach_answer sent = { .result = 7 }, got = { 0 };
	size_t len = attach_answer_len(ATTACH_CHECK);
	int pair[2], passed = -1;

	if (!CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0))
		return;
	CHECK_EQ(attach_send(pair[0], &sent, len, pair[0]), 0);
	CHECK_EQ(attach_receive(pair[1], &got, sizeof(got), &passed), (ssize_t)len);
	CHECK_EQ(got.result, 7);
	CHECK(passed >= 0 && passed != pair[0] && fcntl(passed, F_GETFD) == FD_CLOEXEC);
	close(passed);
	CHECK_EQ(attach_send(pair[0], &sent, len, -1), 0);
	CHECK_EQ(attach_receive(pair[1], &got, sizeof(got), &passed), (ssize_t)len);
	CHECK_EQ(passed, -1);
	/* one that is not wanted is not kept, and a packet that is too long is told */
	CHECK_EQ(attach_send(pair[0], &sent, len, pair[0]), 0);
	CHECK_EQ(attach_receive(pair[1], &got, len - 1, NULL), -EMSGSIZE);
	close(pair[0]);
	CHECK_EQ(attach_receive(pair[1], &got, sizeof(got), NULL), 0);
	CHECK_EQ(attach_send(pair[1], &sent, len, -1), -EPIPE);
	close(pair[1]);
}
