/* SPDX-License-Identifier: MIT
 *
 * Several logs as the family of their processes: who was started by whom, and sums.
 *
 * A log's parent is the log of the process that its parent_pid names. Process ids are used again, so of several such logs it is the
 * one that started last before it. After an exec, the parent is the log of the same process before the exec, which did not end by
 * exit(). Parents stand before their children in time, so there is no cycle, whatever the logs say.
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
    uint64_t start;
    bool exited;                 /* left by exit() */
    bool exec;                   /* is what its parent became by an exec */
    size_t parent;               /* in members; SIZE_MAX: none of these */
    struct family_sums own, all; /* all: with those below */
};

struct family {
    struct member *members; /* in the order of the command line */
    size_t count;
    size_t *by_time;
    struct family_sums total;
};

/* Read the logs' tables, without symbols. Logs that can't be read count nothing; nothing is said of
 * them here. */
void family_make(struct family *family, char *const *logs, size_t count);
void family_free(struct family *family);

#endif
