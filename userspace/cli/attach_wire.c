// SPDX-License-Identifier: Apache-2.0
/* attach_wire.c - see attach_wire.h. */
#include "cli/attach_wire.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "util/cleanup.h"

#define HEAD_LEN offsetof(struct attach_request, places)
#define ANSWER_LEN(member)                                                                         \
	(offsetof(struct attach_answer, member) + sizeof(((struct attach_answer *)0)->member))

static bool has_text(uint32_t ask)
{
	return ask == ATTACH_NAME || ask == ATTACH_WRITE_STATS || ask == ATTACH_WRITE_METRICS;
}

size_t attach_request_len(const struct attach_request *request)
{
	if (request->ask == ATTACH_PLACES)
		return HEAD_LEN + request->count * sizeof(request->places[0]);
	return HEAD_LEN + (has_text(request->ask) ? request->count : 0);
}

int attach_request_check(const struct attach_request *request, size_t len)
{
	if (len < HEAD_LEN || request->ask >= ATTACH_ASK_MAX)
		return -EBADMSG;
	if (request->ask == ATTACH_PLACES && request->count > ATTACH_PLACES_MAX)
		return -EBADMSG;
	if (has_text(request->ask) && (!request->count || request->count > ATTACH_TEXT_MAX))
		return -EBADMSG;
	if (len != attach_request_len(request))
		return -EBADMSG;
	if (has_text(request->ask) && strnlen(request->text, request->count) != request->count - 1)
		return -EBADMSG;
	return 0;
}

size_t attach_answer_len(enum attach_ask ask)
{
	switch (ask) {
	case ATTACH_OPEN:
		return ANSWER_LEN(backend);
	case ATTACH_SWEEP:
		return ANSWER_LEN(sweep);
	case ATTACH_NEWS:
		return ANSWER_LEN(news);
	case ATTACH_NAME:
		return ANSWER_LEN(name);
	case ATTACH_COUNTERS:
		return ANSWER_LEN(counters);
	default:
		return offsetof(struct attach_answer, backend);
	}
}

/* Room for the one descriptor, aligned as the kernel wants it. */
union passing {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

int attach_send(int fd, const void *data, size_t len, int pass)
{
	union passing passing = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
					    .cmsg_level = SOL_SOCKET,
					    .cmsg_type = SCM_RIGHTS } };
	struct iovec part = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t n;

	if (pass >= 0) {
		memcpy(CMSG_DATA(&passing.head), &pass, sizeof(pass));
		message.msg_control = &passing;
		message.msg_controllen = sizeof(passing);
	}
	do {
		n = sendmsg(fd, &message, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static int passed_with(struct msghdr *message)
{
	struct cmsghdr *head = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
	    head->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
}

ssize_t attach_receive(int fd, void *data, size_t cap, int *ret_passed)
{
	union passing passing;
	struct iovec part = { .iov_base = data, .iov_len = cap };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &passing,
				  .msg_controllen = sizeof(passing) };
	_cleanup_close_ int passed = -1;
	ssize_t n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);

	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;
	passed = passed_with(&message);
	if (ret_passed)
		*ret_passed = TAKE_FD(passed);
	return message.msg_flags & MSG_TRUNC ? -EMSGSIZE : n;
}
