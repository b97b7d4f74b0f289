/* SPDX-License-Identifier: MIT
 *
 * Between log.c, which maps the log and lets it grow, and log_open.c, which makes it and names it.
 */
#ifndef MT_LOG_FILE_H
#define MT_LOG_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "lock.h"

struct mt_log_file {
    int fd; /* -1: none; the program may have closed it */
    uint64_t identity[2];
    char path[4096];
    bool nameless; /* it has no name yet: path is what it may get */
    bool
        temporary; /* it has one because the file system has no files without, and is removed at the end if the peak is low */
};
extern struct mt_log_file mt_log_file;

/* Guards the file's growth, the extent directory, and the file's change for another. */
extern struct mt_lock mt_log_growing;

/* Whether `fd` is the log, and not something that the program has opened under its number. */
bool mt_log_descriptor_is(int fd);

/* Map the new, empty file, which becomes the log. 0, or an error: then nothing is mapped. */
int mt_log_map(void);

/* All tables go to this file, and are mapped from there: their addresses stay. False: not all of them, for want of room; the old
 * file is still the log. What other threads write meanwhile may be lost. Under mt_log_growing. */
bool mt_log_map_again(int fd);

/* The nameless log's tables go to a new file that has a name. Under mt_log_growing. */
bool mt_log_replace(void);

#endif
