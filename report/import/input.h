/* SPDX-License-Identifier: MIT
 *
 * A file that is read from its beginning to its end, in lines or as a whole; gzip and zstd are unpacked, known by their first bytes.
 * Nothing in it is trusted.
 */
#ifndef IMPORT_INPUT_H
#define IMPORT_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct unpack;
struct input {
    const char *name;      /* the caller's */
    struct unpack *unpack; /* the packed file */
    char *buffer;          /* what was unpacked and not read yet */
    size_t begin, end, cap;
    bool ended;    /* there is no more to unpack */
    uint64_t line; /* number of the line that was read last */
    bool failed;   /* after a message */
};
/* Of one line. */
#define INPUT_LINE_MOST ((size_t)64 << 20)
/* Of a file that is read as a whole. */
#define INPUT_WHOLE_MOST ((size_t)2 << 30)

/* False after a message; input_close in any case. */
bool input_open(struct input *input, const char *name);
/* The first bytes, at most 64, which are not read by that. */
const char *input_front(struct input *input, size_t *bytes);
/* The next line without its end, valid until the next call; a NUL stands behind it. NULL: there is none, or after a message. */
char *input_line(struct input *input, size_t *bytes);
/* All that is left, with a NUL behind it; to be freed. NULL after a message. */
char *input_whole(struct input *input, size_t *bytes);
/* "FILE: line N: ..." Always false. */
bool input_say(struct input *input, const char *format, ...) __attribute__((format(printf, 2, 3)));
void input_close(struct input *input);

#endif
