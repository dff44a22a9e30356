/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error_message.h - a database server's error message without the data that it quotes.
 */
#ifndef BPFXRAY_XRAY_ERROR_MESSAGE_H
#define BPFXRAY_XRAY_ERROR_MESSAGE_H

#include "util/bytes.h"

/* Room for any sanitised message, its NUL included; longer ones are cut. */
#define ERROR_MESSAGE_CAP 512

/*
 * Writes @in to @ret with values left out: `Duplicate entry 'x' for key 'k'` quotes a row's value,
 * and the value may hold quotes of its own, which servers do not escape; a message cannot be taken
 * apart safely. So what reaches from the first opening quote to the end becomes one `?`, and behind
 * it only endings that servers themselves are known to write are kept (` doesn't exist`, ` at line
 * ?`). Numbers become `?` too. Text that a program chose (@sqlstate of SIGNAL's class 45) is left
 * out whole. Identifiers in quotes go with the values, from which nothing tells them.
 */
void error_message_sanitize(struct bytes in, const char *sqlstate, char ret[ERROR_MESSAGE_CAP]);

#endif
