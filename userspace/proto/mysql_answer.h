/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mysql_answer.h - what a server's message means within an answer; for mysql_walk.c and
 * mysql_tail.c only.
 */
#ifndef BPFXRAY_PROTO_MYSQL_ANSWER_H
#define BPFXRAY_PROTO_MYSQL_ANSWER_H

#include "proto/mysql.h"

/* A packet of this length goes on in the next one. */
#define MYSQL_PACKET_MAX 0xffffff

void mysql_answer_begin(struct mysql_walk *walk);

/*
 * Judges the message that has just ended: walk->message_len bytes, the first walk->peek_len of them
 * in walk->peek. False when it cannot stand where it stands, or bytes that decide are missing.
 */
bool mysql_answer_message(struct mysql_walk *walk);

/*
 * Record what an OK, EOF or ERR payload says. False when @payload is none. An ERR ends the answer,
 * unless it is a progress report.
 */
bool mysql_answer_ok(struct mysql_walk *walk, struct bytes payload, struct mysql_ok *ok);
bool mysql_answer_eof(struct mysql_walk *walk, struct bytes payload);
bool mysql_answer_err(struct mysql_walk *walk, struct bytes payload);

#endif
