/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name.h - what X-Ray accepts as the name of a segment (Developer Guide, "X-Ray segment
 * documents").
 */
#ifndef BPFXRAY_XRAY_NAME_H
#define BPFXRAY_XRAY_NAME_H

#include "util/bytes.h"

#define NAME_CHARS_MAX 200
/* Bytes of the longest name with its NUL: 200 code points of 4 bytes. */
#define NAME_CAP (NAME_CHARS_MAX * 4 + 1)

/*
 * Writes @in to @ret without what X-Ray refuses: letters of any script, digits, white space (each
 * as one blank, none at the ends) and `_.:/%&#=+\-@` stay, at most NAME_CHARS_MAX of them. A name
 * with nothing left is `unknown`, because a segment without a name is refused as a whole.
 */
void name_clean(struct bytes in, char ret[NAME_CAP]);

#endif
