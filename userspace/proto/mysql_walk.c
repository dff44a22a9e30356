// SPDX-License-Identifier: Apache-2.0
/*
 * mysql_walk.c - the server's answer to one command: cuts the stream into packets, however the
 * bytes arrive, and follows what each packet must be.
 *
 * Here is the cutting; mysql_answer.c decides what a whole packet means, once its last byte is
 * there, so that offsets of ends are exact.
 */
#include "proto/mysql_answer.h"

void mysql_walk_init(struct mysql_walk *walk, enum mysql_walk_kind kind, uint32_t capabilities,
		     uint32_t mariadb_capabilities, bool caps_known)
{
	*walk = (struct mysql_walk){
		.capabilities = capabilities,
		.mariadb_capabilities = mariadb_capabilities,
		.caps_known = caps_known,
		.kind = kind,
		.seq_open = true,
	};
	mysql_answer_begin(walk);
}

static void lose(struct mysql_walk *walk, bool gap)
{
	walk->lost = true;
	walk->gap = gap;
}

static void message_end(struct mysql_walk *walk)
{
	/* Which of the two it is depends on what was skipped of the message. */
	if (!mysql_answer_message(walk))
		lose(walk, walk->peek_cut);
	if (walk->done)
		walk->end = walk->offset;
}

static void packet_end(struct mysql_walk *walk)
{
	walk->header_len = 0;
	walk->continued = walk->packet_len == MYSQL_PACKET_MAX;
	if (!walk->continued)
		message_end(walk);
}

static void packet_begin(struct mysql_walk *walk)
{
	struct mysql_packet packet;

	mysql_parse_packet(bytes_of(walk->header, sizeof(walk->header)), &packet);
	if (!walk->seq_open && packet.seq != (uint8_t)(walk->seq + 1))
		return lose(walk, false);
	if (!walk->has_seq)
		walk->first_seq = packet.seq;
	walk->has_seq = true;
	walk->seq_open = false;
	walk->seq = packet.seq;
	walk->packet_len = packet.len;
	walk->packet_left = packet.len;
	if (!walk->continued) {
		walk->message_len = packet.len;
		walk->peek_len = 0;
		walk->peek_cut = false;
	}
	if (!packet.len)
		packet_end(walk);
}

static size_t take_header(struct mysql_walk *walk, struct bytes in)
{
	struct bytes part = bytes_take(in, sizeof(walk->header) - walk->header_len);

	memcpy(walk->header + walk->header_len, part.at, part.len);
	walk->header_len += (uint8_t)part.len;
	walk->offset += part.len;
	if (walk->header_len == sizeof(walk->header))
		packet_begin(walk);
	return part.len;
}

static void keep(struct mysql_walk *walk, struct bytes part)
{
	struct bytes kept = bytes_take(part, sizeof(walk->peek) - walk->peek_len);

	if (walk->peek_cut)
		return;
	memcpy(walk->peek + walk->peek_len, kept.at, kept.len);
	walk->peek_len += (uint32_t)kept.len;
}

static size_t take_payload(struct mysql_walk *walk, struct bytes in)
{
	struct bytes part = bytes_take(in, walk->packet_left);

	keep(walk, part);
	walk->packet_left -= (uint32_t)part.len;
	walk->offset += part.len;
	if (!walk->packet_left)
		packet_end(walk);
	return part.len;
}

size_t mysql_walk_feed(struct mysql_walk *walk, struct bytes in)
{
	size_t used = 0;

	while (used < in.len && !walk->done && !walk->lost) {
		struct bytes rest = bytes_skip(in, used);

		used += walk->header_len < sizeof(walk->header) ? take_header(walk, rest)
								: take_payload(walk, rest);
	}
	if (!walk->lost)
		return used;
	walk->offset += in.len - used;
	return in.len;
}

void mysql_walk_skip(struct mysql_walk *walk, uint64_t n)
{
	if (walk->done || !n)
		return;
	walk->offset += n;
	if (walk->lost)
		return;
	/* Beyond this packet, and between packets, boundaries are unknown. */
	if (walk->header_len < sizeof(walk->header) || n > walk->packet_left)
		return lose(walk, true);
	if (walk->peek_len < sizeof(walk->peek))
		walk->peek_cut = true;
	walk->packet_left -= (uint32_t)n;
	if (!walk->packet_left)
		packet_end(walk);
}
