/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decimal.h - numbers as decimal text, where printf() would be the dearest part of what is done.
 */
#ifndef BPFXRAY_UTIL_DECIMAL_H
#define BPFXRAY_UTIL_DECIMAL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Digits of the largest number. */
#define DECIMAL_MAX 20

/*
 * Writes @value with at least @width digits (at most DECIMAL_MAX) to @out, without a NUL. Returns
 * how many.
 */
static inline size_t decimal_digits(uint64_t value, size_t width, char *out)
{
	char digits[DECIMAL_MAX], *from = digits + sizeof(digits);
	size_t len;

	/* two at a time: a division of 64 bits costs more than all the rest */
	for (; value >= 100; value /= 100) {
		uint32_t pair = (uint32_t)(value % 100);

		*--from = (char)('0' + pair % 10);
		*--from = (char)('0' + pair / 10);
	}
	if (value >= 10)
		*--from = (char)('0' + (uint32_t)value % 10);
	*--from = (char)('0' + (value >= 10 ? (uint32_t)value / 10 : (uint32_t)value));
	while (digits + sizeof(digits) - from < (ptrdiff_t)width)
		*--from = '0';
	len = (size_t)(digits + sizeof(digits) - from);
	memcpy(out, from, len);
	return len;
}

/* The same, of any width, with a NUL behind it that does not count. */
static inline size_t decimal_text(uint64_t value, char *out)
{
	size_t len = decimal_digits(value, 1, out);

	out[len] = '\0';
	return len;
}

#endif
