/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mysql_stream.h - builds a server's answers out of payloads, for the tests of the response walk.
 */
#ifndef BPFXRAY_TESTS_MYSQL_STREAM_H
#define BPFXRAY_TESTS_MYSQL_STREAM_H

#include "proto/mysql.h"
#include "util/array.h"

#define LIT(text)                                                                                  \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}
#define PACKETS_MAX 12

#define DEPRECATE MYSQL_CAP_DEPRECATE_EOF
#define TRACK	  MYSQL_CAP_SESSION_TRACK
#define OPTIONAL  MYSQL_CAP_OPTIONAL_METADATA

/* Packets that appear often. */
#define OK	 LIT("\x00\x01\x00\x02\x00\x00\x00")
#define OK_MORE	 LIT("\x00\x02\x00\x0a\x00\x00\x00")
#define EOF_	 LIT("\xfe\x00\x00\x02\x00")
#define EOF_MORE LIT("\xfe\x00\x00\x0a\x00")
#define END_OK	 LIT("\xfe\x00\x00\x02\x00\x00\x00") /* with DEPRECATE_EOF, in EOF's place */
#define END_MORE LIT("\xfe\x00\x00\x0a\x00\x00\x00")
#define ERR	 LIT("\xff\x28\x04#42000You have")
#define PROGRESS LIT("\xff\xff\xff\x01\x01\x02\x03\x04\x05\x01x")
#define DEF                                                                                        \
	LIT("\x03"                                                                                 \
	    "def\x00\x01t\x01t\x01"                                                                \
	    "a\x01"                                                                                \
	    "a\x0c\x3f\x00\x0b\x00\x00\x00\x03\x00\x00")
#define ROW                                                                                        \
	LIT("\x01"                                                                                 \
	    "1")
#define NULL_ROW LIT("\xfb")
#define ONE	 LIT("\x01")
#define PREPARED(columns, params)                                                                  \
	LIT("\x00\x05\x00\x00\x00" columns "\x00" params "\x00\x00\x00\x00")

struct stream {
	uint8_t data[2048];
	size_t len;
	size_t ends[PACKETS_MAX + 1]; /* [n]: behind n packets */
	size_t packets;
};

static inline void stream_packet(struct stream *s, uint8_t seq, struct bytes payload)
{
	const uint8_t header[] = { (uint8_t)payload.len, (uint8_t)(payload.len >> 8), 0, seq };

	memcpy(s->data + s->len, header, sizeof(header));
	s->len += sizeof(header);
	if (payload.len)
		memcpy(s->data + s->len, payload.at, payload.len);
	s->len += payload.len;
	s->ends[++s->packets] = s->len;
}

#endif
