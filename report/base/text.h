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
 * '?' or U+FFFD; a tab or form feed becomes one blank; what standard output can't say is told otherwise
 * (glyph.h). `columns` bounds the width, longer text ends in "..."; SIZE_MAX: no bound. Wide characters take
 * two columns, combining ones none. Returns the columns used. */
size_t text_put(FILE *out, const char *text, size_t bytes, size_t columns);
/* Columns that text_put would use without a bound. */
size_t text_width(const char *text, size_t bytes);
/* Decode one UTF-8 character from text[0..bytes), bytes > 0: its length, 0 if it is not valid (then
 * skip one byte). */
size_t text_decode(const char *text, size_t bytes, uint32_t *code);
/* Does the character move the cursor, change colours or reorder what is shown? Below 0x10000. */
bool text_harmful(uint32_t code);

/* Does the text begin with these characters? */
bool text_starts(const char *text, const char *with);

/* "41,207" in `out`. Returns out. */
#define TEXT_COUNT_BYTES 32
char *text_count(char out[TEXT_COUNT_BYTES], uint64_t value);
/* The end of a noun that this many are: "" or "s". */
const char *text_s(uint64_t count);

/* A size in bytes, in all tables alike: "812 B", "7.63 MiB": three digits (up to 1,023 bytes the number itself). After
 * text_sizes_exact: "8,000,000 B". Returns out. */
#define TEXT_SIZE_BYTES 40
char *text_size(char out[TEXT_SIZE_BYTES], int64_t bytes);
/* The same with three decimals, "7.629 MiB": what a process comes to, which is compared with other processes and other tools. */
char *text_total(char out[TEXT_SIZE_BYTES], int64_t bytes);
/* --bytes: from now on. */
void text_sizes_exact(void);

#endif
