// SPDX-License-Identifier: Apache-2.0
/* name_pattern.c - see name_pattern.h. */
#include "xray/name_pattern.h"

#include "xray/wildcard.h"

const char *name_pattern_refused(struct bytes pattern)
{
	bool literal = false;

	if (!pattern.len)
		return "it is empty";
	if (pattern.len >= NAME_CAP)
		return "it is longer than any name";
	for (size_t i = 0; i < pattern.len; i++) {
		if (pattern.at[i] <= ' ' || pattern.at[i] == 0x7f)
			return "it holds a blank or a control character, which no host has";
		literal |= pattern.at[i] != '*' && pattern.at[i] != '?';
	}
	return literal ? NULL : "it has nothing but wildcards: clients could choose any name";
}

void name_pattern_apply(const char *pattern, struct bytes host, const char *name,
			char ret[NAME_CAP])
{
	bool dynamic = pattern && host.len && wildcard_match(bytes_str(pattern), host);

	name_clean(dynamic ? host : bytes_str(name), ret);
}
