/* SPDX-License-Identifier: MIT
 *
 * The log's file: its descriptor and its name. What is in the file is log.c's business.
 */
#ifndef MT_LOG_FILE_H
#define MT_LOG_FILE_H

#include <stdbool.h>
#include <stdint.h>

struct mt_log_file {
    int fd; /* -1: none; the program may have closed it */
    uint64_t identity[2];
    char path[4096];
    bool nameless; /* it has no name yet: `path` is the one it may get */
    /* it has a name only because the file system has no files without one; it is removed at the end
     * if the peak stays too low */
    bool temporary;
};
extern struct mt_log_file mt_log_file;

/* What is asked for: a pattern of the name, in which `program` stands for %e, and the folder (NULL:
 * the pattern says where). The texts must stay as they are. */
void mt_log_file_wanted(const char *folder, const char *pattern, const char *program);

/* Make the file, or its name, by calling make(path), where it is wanted or in /tmp. If the name is
 * taken, a number is added. What `make` returned at last: for a file its descriptor, below 0
 * -errno. */
int mt_log_file_create(int (*make)(const char *path), bool in_tmp);
/* Give the nameless file a name: a `make` for mt_log_file_create. */
int mt_log_file_link(const char *path);

/* Whether `fd` is the log, and not something that the program has opened under its number. */
bool mt_log_descriptor_is(int fd);

#endif
