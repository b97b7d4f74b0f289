/* SPDX-License-Identifier: MIT
 *
 * What must hold of everything that the tool prints, looked at while it is printed.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CHECK_BUFFER ((size_t)64 << 10)

struct check {
    bool json;     /* it must be one JSON value */
    size_t bytes;  /* so far */
    unsigned seen; /* of a character's bytes */
    unsigned char character[4];
    /* JSON: what is open, innermost in bit 0: 1 an object */
    unsigned long open;
    unsigned depth;
    int state;
    const char *wrong; /* NULL: nothing so far */
    char *buffer;      /* the stream's, CHECK_BUFFER bytes */
};

/* A stream that checks. To be closed with fclose, then check_end. */
FILE *check_open(struct check *check);
/* Is it whole? */
void check_end(struct check *check);

#endif
