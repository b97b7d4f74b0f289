/* SPDX-License-Identifier: MIT
 *
 * Where standard output is known to take UTF-8: on macOS. Each character is thought to take one column.
 */
#include "base/glyph.h"

#include <string.h>

void glyph_start(void)
{
}

void glyph_charset(const char *name)
{
    (void)name;
}

bool glyph_knows(const char *text)
{
    (void)text;
    return true;
}

struct glyph glyph_of(uint32_t code, const char *text, size_t length)
{
    struct glyph glyph = {.columns = 1};
    (void)code;
    glyph.bytes = (unsigned char)(length < GLYPH_BYTES ? length : GLYPH_BYTES);
    memcpy(glyph.text, text, glyph.bytes);
    return glyph;
}
