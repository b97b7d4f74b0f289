/* SPDX-License-Identifier: MIT
 *
 * For traced programs: a failure is told on standard error and counted.
 */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>

static uint64_t failures;

#define CHECK(what)                                                                                \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            failures++;                                                                            \
            dprintf(2, "line %d: %s; errno %d\n", __LINE__, #what, errno);                         \
        }                                                                                          \
    } while (0)

#endif
