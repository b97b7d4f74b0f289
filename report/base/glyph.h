/* SPDX-License-Identifier: MIT
 *
 * How a character is printed: what standard output can say, and the columns that it takes.
 */
#ifndef BASE_GLYPH_H
#define BASE_GLYPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GLYPH_BYTES 16

struct glyph {
    char text[GLYPH_BYTES];
    unsigned char bytes, columns;
};

/* Take the character set of the locale; C and POSIX say nothing about the terminal, and mean UTF-8. Once, before there are other
 * threads. Without it, everything is UTF-8, and each character beyond ASCII is thought to take one column. */
void glyph_start(void);
/* The same with a set by its name, as iconv knows it. */
void glyph_charset(const char *name);
/* Can standard output say the character that `text` begins with, as it is? */
bool glyph_knows(const char *text);
/* A character, text[0..length) in UTF-8, that is not a control character. What the character set lacks becomes ">=", "..." or
 * an escape such as "\u4e2d". */
struct glyph glyph_of(uint32_t code, const char *text, size_t length);

#endif
