/* SPDX-License-Identifier: MIT
 *
 * Text without libc's stdio, locale or allocation: safe inside a hook. What does not fit in the
 * buffer is left out; the text always has its terminator.
 */
#ifndef MT_STR_H
#define MT_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mt_str {
    char *text;
    size_t cap;
    size_t used;
    bool cut; /* something did not fit */
};

#define MT_STR(array)                                                                              \
    {                                                                                              \
        (array), sizeof(array), 0, false                                                           \
    }

/* Append; what does not fit is left out, and `cut` set. */
void mt_str_add(struct mt_str *s, const char *text, size_t bytes);
void mt_str_add_z(struct mt_str *s, const char *text);      /* up to its terminator */
void mt_str_add_number(struct mt_str *s, uint64_t number);  /* 41207 */
void mt_str_add_grouped(struct mt_str *s, uint64_t number); /* 41,207 */
void mt_str_add_size(struct mt_str *s, uint64_t bytes);     /* 27.4 MiB */
/* Append as printf does. Knows only %s, %u (unsigned), %d (int), %lu (unsigned long), %x and %%. */
void mt_str_format(struct mt_str *s, const char *format, va_list args);

/* The decimal number that `text` starts with, 0 if with none. */
uint64_t mt_str_number(const char *text);

#endif
