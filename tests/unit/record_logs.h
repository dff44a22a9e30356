/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_logs.h - the logs behind an exchange record's head, as the kernel side puts them there:
 * brief ones when they are enough. For the unit tests and the fuzzers.
 */
#ifndef TESTS_RECORD_LOGS_H
#define TESTS_RECORD_LOGS_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "bpfxray/wire.h"

static inline bool record_is_brief(const struct bx_exchange *ex)
{
	for (int t = 0; t < 2; t++)
		if (ex->turn[t].hands > BX_BRIEF_HANDS_CAP ||
		    ex->turn[t].calls_kept > BX_BRIEF_CALLS_CAP)
			return false;
	return true;
}

/* Puts bx_logs_len(@ex) bytes to @to; returns what is behind them. */
static inline uint8_t *record_put_logs(const struct bx_exchange *ex, const struct bx_log log[2],
				       uint8_t *to)
{
	struct bx_brief_log brief[2];

	for (int t = 0; t < 2; t++) {
		memcpy(brief[t].hand, log[t].hand, sizeof(brief[t].hand));
		memcpy(brief[t].call, log[t].call, sizeof(brief[t].call));
	}
	memcpy(to, ex->brief ? (const void *)brief : log, bx_logs_len(ex));
	return to + bx_logs_len(ex);
}

#endif
