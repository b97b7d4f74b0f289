/* SPDX-License-Identifier: MIT
 *
 * What every file uses: memory that never fails, messages, exit statuses.
 */
#ifndef BASE_H
#define BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses, which scripts rely on. */
enum { STATUS_DONE = 0, STATUS_NO = 1, STATUS_BAD = 2 };

/* `count` zeroed elements of `bytes` each; never NULL (says so and exits with STATUS_BAD when there
 * is no memory). */
void *base_alloc(size_t count, size_t bytes);
/* Make room for `need` elements: doubles *cap. New room is not cleared. The block may move. */
void *base_room(void *block, size_t *cap, size_t need, size_t bytes);
/* A copy of bytes[0..length) with a NUL after it. */
char *base_copy(const char *text, size_t length);

/* CLOCK_MONOTONIC, ns. */
uint64_t base_now(void);

/* One line on standard error, "memtrace: ...", control characters in it made harmless. */
void base_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
