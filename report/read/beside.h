/* SPDX-License-Identifier: MIT
 *
 * The logs that lie in the same folder as a log, of the same process before or after an exec, and of its children. Only headers are
 * read, once for all logs of the same folder that are asked for one after the other. Process ids are used again: a log of another time
 * is none of these. One thread at a time.
 */
#ifndef READ_BESIDE_H
#define READ_BESIDE_H

#include <stddef.h>
#include <stdint.h>

#include "read/log.h"

enum beside_kind {
    BESIDE_BEFORE, /* the same process, as it was before an exec */
    BESIDE_AFTER,  /* what it became by an exec */
    BESIDE_PARENT,
    BESIDE_CHILD,
    BESIDE_KINDS
};

struct beside {
    enum beside_kind kind;
    char *name; /* with the folder of the log's name as it was given */
    uint64_t start, peak;
};

/* Files beyond this number in the folder are not looked at. */
#define BESIDE_FILES 10000u

/* Those of the log, by kind, and in the order in which they were begun; *count of them. To be given to beside_free. NULL: there is
 * none, or the folder can't be read. */
struct beside *beside_find(const struct log *log, size_t *count);
void beside_free(struct beside *list, size_t count);

#endif
