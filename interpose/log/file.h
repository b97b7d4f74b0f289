/* SPDX-License-Identifier: MIT
 *
 * The log's file: which descriptor, which name. What is in it is log.c's.
 */
#ifndef MT_LOG_FILE_H
#define MT_LOG_FILE_H

#include <stdbool.h>
#include <stdint.h>

struct mt_log_file {
    int fd; /* -1: none; the program may have closed it */
    uint64_t identity[2];
    char path[4096];
    bool nameless; /* it has no name yet: path is what it may get */
    /* it has one because the file system has no files without, and is removed at the end if the peak is low */
    bool temporary;
};
extern struct mt_log_file mt_log_file;

/* What is asked for: the pattern of the name, in which `program` stands for %e, in `folder` (NULL: the pattern says where). */
void mt_log_file_wanted(const char *folder, const char *pattern, const char *program);

/* Make the file, or its name (`make`), where it is wanted, or in /tmp. A name that is taken gets a number. */
int mt_log_file_create(int (*make)(const char *path), bool in_tmp);
/* Gives the nameless file a name: for mt_log_file_create. */
int mt_log_file_link(const char *path);

/* Whether `fd` is the log, and not something that the program has opened under its number. */
bool mt_log_descriptor_is(int fd);

#endif
