/* SPDX-License-Identifier: MIT
 *
 * What every file of the tool uses: memory that never fails, messages, a bounded way to print
 * foreign text.
 */
#ifndef BASE_H
#define BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Exit statuses, which scripts rely on. */
enum { STATUS_DONE = 0, STATUS_NO = 1, STATUS_BAD = 2 };

/* `count` zeroed elements of `bytes` each; never NULL (says so and exits with STATUS_BAD when there
 * is no memory). */
void *base_alloc(size_t count, size_t bytes);
/* Make room for `need` elements: doubles *cap. New room is not cleared. The block may move. */
void *base_room(void *block, size_t *cap, size_t need, size_t bytes);
/* A copy of bytes[0..length) with a NUL after it. */
char *base_copy(const char *text, size_t length);

/* One line on standard error, "memtrace: ...", control characters in it made harmless. */
void base_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

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
