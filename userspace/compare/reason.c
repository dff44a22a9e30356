// SPDX-License-Identifier: Apache-2.0
/* reason.c - see reason.h. */
#include "compare/reason.h"

const char *reason_text(enum reason reason)
{
#define REASON_TEXT(name, text) [REASON_##name] = text,
	static const char *const texts[] = { REASONS(REASON_TEXT) };
#undef REASON_TEXT

	return texts[reason];
}

const char *reason_word(enum reason reason)
{
#define REASON_WORD(name, text) [REASON_##name] = #name,
	static const char *const words[] = { REASONS(REASON_WORD) };
#undef REASON_WORD

	return words[reason];
}
