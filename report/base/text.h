/* SPDX-License-Identifier: MIT
 *
 * Foreign text, printed so that it can do no harm, and numbers for people.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Foreign text on a terminal: control characters, bidirectional overrides and broken UTF-8 become
 * '?' or U+FFFD; a tab becomes one blank. `columns` bounds the width (code points), longer text
 * ends in "..."; SIZE_MAX: no bound. Returns the columns used. */
size_t text_put(FILE *out, const char *text, size_t bytes, size_t columns);
/* Columns that text_put would use without a bound. */
size_t text_width(const char *text, size_t bytes);
/* Decode one UTF-8 character from text[0..bytes), bytes > 0: its length, 0 if it is not valid (then
 * skip one byte). */
size_t text_decode(const char *text, size_t bytes, uint32_t *code);
/* Does the character move the cursor, change colours or reorder what is shown? Below 0x10000. */
bool text_harmful(uint32_t code);

/* "41,207" in `out`. Returns out. */
#define TEXT_COUNT_BYTES 32
char *text_count(char out[TEXT_COUNT_BYTES], uint64_t value);

#endif
