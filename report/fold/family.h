/* SPDX-License-Identifier: MIT
 *
 * Several logs as the family of their processes: who was started by whom, and sums.
 *
 * A log's parent is the log of the process that its parent_pid names. Process ids are used again, so of several such processes it
 * is the one that was started last before it, and of that one's logs (an exec begins another) the one that was being written then.
 * A log may begin long after its process, and after those of its children. After an exec the parent is the log of the same process
 * before the exec, which did not end by exit(). What would make a circle has no parent.
 */
#ifndef FOLD_FAMILY_H
#define FOLD_FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAMILY_COMMAND_BYTES 200u /* the most that is kept of a command line */

struct family_sums {
    uint64_t processes; /* logs, that is: an exec begins a new one */
    uint64_t peak;      /* sum of peaks: they need not have been at the same time */
    int64_t live;
    uint64_t allocated, released, allocations, releases;
};

struct member {
    const char *log; /* the file's name as given */
    char *command;   /* at most FAMILY_COMMAND_BYTES */
    int32_t pid, parent_pid;
    uint64_t start; /* of the log */
    uint64_t began; /* of the process, or else of the log */
    bool exact;     /* `began` is; else to about 10 ms */
    bool exited;    /* left by exit() */
    bool exec;      /* is what its parent became by an exec */
    bool
        earlier; /* app.2.mt beside an app.mt that was begun later: left by an earlier `memtrace run -o app.mt` */
    size_t parent;               /* in members; SIZE_MAX: none of these */
    size_t before;               /* the log before of a process of this number, likewise */
    struct family_sums own, all; /* all: with those below */
};

struct family {
    struct member *members; /* in the order of the command line */
    size_t count;
    size_t *by_time; /* in the order in which the logs were begun */
    size_t *inward;  /* children after their parents */
    struct family_sums total;
};

/* Read the logs' tables, without symbols. Logs that can't be read count nothing; nothing is said of
 * them here. */
void family_make(struct family *family, char *const *logs, size_t count);
void family_free(struct family *family);

#endif
