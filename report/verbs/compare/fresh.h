/* SPDX-License-Identifier: MIT
 *
 * A program in a process of its own, and what its logs say.
 */
#ifndef VERBS_COMPARE_FRESH_H
#define VERBS_COMPARE_FRESH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct fresh {
    int status; /* as from waitpid */
    bool timed_out;
    uint64_t time, cpu; /* ns: from start to end; of the program and those that it has waited for */
};
struct fresh_how {
    long timeout; /* seconds, then it is killed; 0: never */
    bool traced;  /* else it runs as it is */
    bool silent;  /* it reads from /dev/null and writes to it */
};

/* Is told of each log of the run, of the process `pid` or of a child. */
typedef void fresh_read(const char *path, pid_t pid, void *context);
/* Run a program and wait for it; where it is traced, its logs are in a folder that is gone afterwards. False after a message: it was not started. */
bool fresh_run(struct fresh *fresh, char **argv, const struct fresh_how *how, fresh_read *read,
               void *context);
/* The exit status; 128 + the signal's number where it was killed. */
int fresh_status(const struct fresh *fresh);

#endif
