/* SPDX-License-Identifier: MIT
 *
 * Amounts as people write them: a size, a number of things, a share.
 */
#ifndef BASE_AMOUNT_H
#define BASE_AMOUNT_H

#include <stdbool.h>
#include <stdint.h>

/* What such a text may be, for messages. */
#define AMOUNT_SIZE    "a size, such as 200M, 1.5 GiB or 4096"
#define AMOUNT_COUNT   "a number, such as 1000000 or 1e6"
#define AMOUNT_PERCENT "per cent, such as 5%"

/* Bytes: a number, with a point or an exponent if need be, then K, M, G or T, each 1,024 times the one before, with "B" or "iB" behind it
 * or not. False: it is none, or is more than INT64_MAX. */
bool amount_size(const char *text, int64_t *bytes);
/* A number of things. */
bool amount_count(const char *text, int64_t *count);
/* "5%": 5. Without the sign it is none. */
bool amount_percent(const char *text, double *percent);

#endif
