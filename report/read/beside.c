/* SPDX-License-Identifier: MIT */
#include "read/beside.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/file.h"
#include "read/tables.h"

/* What a header tells of its process. */
struct sibling {
    char *entry; /* its name in the folder */
    int32_t pid, parent_pid;
    uint32_t origin, end;
    uint64_t start_ticks, began, start_real, end_time, peak;
};

/* The folder that was looked through last: where all logs of a large family are asked for theirs, it is read once. */
static struct {
    char *name;
    struct sibling *siblings;
    size_t count;
} looked;

#define COARSE 20000000u /* ns: the time at which a process was started is mostly known to 10 ms */

/* A header up to its extents; false: this is no log. */
static bool read_header(int folder, const char *name, struct mt_header *header)
{
    struct stat info;
    size_t bytes = offsetof(struct mt_header, extents);
    int fd = file_open(folder, name, &info);
    bool whole = fd >= 0 && file_read(fd, header, bytes) == bytes;
    if (fd >= 0)
        close(fd);
    return whole && !memcmp(header->magic, MT_MAGIC, sizeof header->magic) &&
           tables_version_known(header->version) && header->byte_order == MT_BYTE_ORDER;
}

static struct sibling sibling_of(const char *entry, const struct mt_header *header)
{
    return (struct sibling){
        .entry = base_copy(entry, strlen(entry)),
        .pid = header->pid,
        .parent_pid = header->parent_pid,
        .origin = header->origin,
        .end = header->end,
        .start_ticks = header->start_ticks,
        .began = header->process_start ? header->process_start : header->start_real,
        .start_real = header->start_real,
        .end_time = header->end_time,
        .peak = header->peak > header->peak_before ? header->peak : header->peak_before};
}

/* BESIDE_KINDS: another process's. */
static enum beside_kind kind_of(const struct log_header *mine, uint64_t my_begin,
                                const struct sibling *other)
{
    if (mine->origin != LOG_OF_PROCESS || other->origin != MT_ORIGIN_PROCESS)
        return BESIDE_KINDS; /* no process wrote it */
    if (other->pid == mine->pid && other->start_ticks == mine->start_ticks && mine->start_ticks) {
        if (other->start_real == mine->start_real)
            return BESIDE_KINDS; /* this one, or a copy of it */
        return other->start_real < mine->start_real ? BESIDE_BEFORE : BESIDE_AFTER;
    }
    if (other->parent_pid == mine->pid && other->began + COARSE >= my_begin &&
        (!mine->end_time || mine->end == LOG_END_EXEC ||
         other->began <= mine->start_real + mine->end_time + COARSE))
        return BESIDE_CHILD;
    uint64_t other_end =
        other->end == MT_END_EXIT ? other->start_real + other->end_time + COARSE : UINT64_MAX;
    if (other->pid == mine->parent_pid && other->began <= my_begin + COARSE &&
        my_begin <= other_end)
        return BESIDE_PARENT;
    return BESIDE_KINDS;
}

static int in_order(const void *a, const void *b)
{
    const struct beside *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Of several logs of its parent the one that was being written when it was begun, or the first. */
static size_t one_parent(struct beside *list, size_t count, uint64_t start)
{
    size_t keep = SIZE_MAX, kept = 0;
    for (size_t i = 0; i < count; i++)
        if (list[i].kind == BESIDE_PARENT && (keep == SIZE_MAX || list[i].start <= start))
            keep = i;
    for (size_t i = 0; i < count; i++)
        if (list[i].kind == BESIDE_PARENT && i != keep)
            free(list[i].name);
        else
            list[kept++] = list[i];
    return kept;
}

static char *put_together(const char *log, const char *entry)
{
    const char *slash = strrchr(log, '/');
    size_t folder = slash ? (size_t)(slash - log) + 1 : 0, bytes = folder + strlen(entry) + 1;
    char *name = base_alloc(bytes, 1);
    snprintf(name, bytes, "%.*s%s", (int)folder, log, entry);
    return name;
}

static void read_folder(DIR *directory)
{
    struct dirent *entry;
    size_t cap = 0, seen = 0;
    while (seen < BESIDE_FILES && (entry = readdir(directory))) {
        struct mt_header header;
        size_t length = strlen(entry->d_name);
        if (length < 3 || strcmp(entry->d_name + length - 3, ".mt") != 0)
            continue;
        seen++;
        if (!read_header(dirfd(directory), entry->d_name, &header))
            continue;
        looked.siblings =
            base_room(looked.siblings, &cap, looked.count + 1, sizeof *looked.siblings);
        looked.siblings[looked.count++] = sibling_of(entry->d_name, &header);
    }
}

static void look_through(char *name)
{
    DIR *directory = opendir(name);
    for (size_t i = 0; i < looked.count; i++)
        free(looked.siblings[i].entry);
    free(looked.siblings);
    free(looked.name);
    looked.name = name;
    looked.siblings = NULL;
    looked.count = 0;
    if (directory) {
        read_folder(directory);
        closedir(directory);
    }
}

struct beside *beside_find(const struct log *log, size_t *count)
{
    struct beside *list = NULL;
    size_t cap = 0;
    char *name = put_together(log->name, ".");
    if (looked.name && !strcmp(looked.name, name))
        free(name);
    else
        look_through(name);
    *count = 0;
    for (size_t i = 0; i < looked.count; i++) {
        const struct sibling *it = &looked.siblings[i];
        enum beside_kind kind = kind_of(&log->header, log_began(log), it);
        if (kind == BESIDE_KINDS)
            continue;
        list = base_room(list, &cap, *count + 1, sizeof *list);
        list[(*count)++] =
            (struct beside){kind, put_together(log->name, it->entry), it->start_real, it->peak};
    }
    if (!list)
        return NULL;
    qsort(list, *count, sizeof *list, in_order);
    *count = one_parent(list, *count, log->header.start_real);
    return list;
}

void beside_free(struct beside *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i].name);
    free(list);
}
