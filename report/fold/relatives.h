/* SPDX-License-Identifier: MIT
 *
 * The other logs of one program run, in the folder of a log: of the processes that its process started, and theirs; and of the
 * programs that its process was before an exec.
 */
#ifndef FOLD_RELATIVES_H
#define FOLD_RELATIVES_H

#include <stdint.h>

#include "read/log.h"

struct relative {
    char *log; /* its name, with the folder as it was given */
    int32_t pid, parent_pid;
    uint64_t start, peak, start_ticks;
    bool earlier; /* of the same process, before an exec */
    bool related;
};
struct relatives {
    struct relative *list; /* the highest peak first */
    size_t count;
};

/* Look at the first page of each *.mt in the folder of the log, of 10,000 at most. */
void relatives_find(struct relatives *relatives, const struct log *log);
void relatives_free(struct relatives *relatives);

#endif
