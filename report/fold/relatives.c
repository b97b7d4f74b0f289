/* SPDX-License-Identifier: MIT */
#include "fold/relatives.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "read/reader.h"

#define LOGS_MAX 10000u

static char *with_folder(const char *log, const char *name)
{
    const char *slash = strrchr(log, '/');
    size_t folder = slash ? (size_t)(slash - log) + 1 : 0, length = strlen(name);
    char *path = base_alloc(folder + length + 1, 1);
    memcpy(path, log, folder);
    memcpy(path + folder, name, length);
    return path;
}

/* All logs of the folder but this one. */
static void collect(struct relatives *relatives, const struct log *log, DIR *folder)
{
    const char *slash = strrchr(log->name, '/'), *own = slash ? slash + 1 : log->name;
    size_t room = 0;
    for (struct dirent *entry; relatives->count < LOGS_MAX && (entry = readdir(folder));) {
        size_t length = strlen(entry->d_name);
        struct log_header header;
        if (length < 4 || strcmp(entry->d_name + length - 3, ".mt") != 0 ||
            !strcmp(entry->d_name, own) || !log_peek(dirfd(folder), entry->d_name, &header))
            continue;
        relatives->list =
            base_room(relatives->list, &room, relatives->count + 1, sizeof *relatives->list);
        relatives->list[relatives->count++] = (struct relative){
            .log = with_folder(log->name, entry->d_name),
            .pid = header.pid,
            .parent_pid = header.parent_pid,
            .start = header.start_real,
            .start_ticks = header.start_ticks,
            .peak = header.peak > header.peak_before ? header.peak : header.peak_before};
    }
}

/* Process numbers are used again: a child begins after its parent, within its time. */
static bool is_child(const struct relative *one, int32_t pid, uint64_t began, uint64_t ended)
{
    return one->parent_pid == pid && one->start >= began && (!ended || one->start <= ended);
}

static bool mark(struct relatives *relatives, const struct log *log)
{
    uint64_t began = log_began(log), start = log->header.start_real;
    uint64_t ended = log->header.end == LOG_END_EXIT ? start + log->header.end_time : 0;
    bool more = false;
    for (size_t i = 0; i < relatives->count; i++) {
        struct relative *one = &relatives->list[i];
        if (one->related)
            continue;
        one->earlier = one->pid == log->header.pid && one->start_ticks &&
                       one->start_ticks == log->header.start_ticks;
        one->related =
            one->earlier || is_child(one, log->header.pid, began - 1000000000u / 100, ended);
        for (size_t k = 0; !one->related && k < relatives->count; k++)
            one->related = relatives->list[k].related && k != i &&
                           (one->pid == relatives->list[k].pid
                                ? one->start_ticks == relatives->list[k].start_ticks
                                : is_child(one, relatives->list[k].pid, began, 0));
        more |= one->related;
    }
    return more;
}

static int highest_first(const void *a, const void *b)
{
    const struct relative *x = a, *y = b;
    return x->peak != y->peak ? (x->peak < y->peak ? 1 : -1) : strcmp(x->log, y->log);
}

void relatives_find(struct relatives *relatives, const struct log *log)
{
    *relatives = (struct relatives){0};
    const char *slash = strrchr(log->name, '/');
    char *above = slash ? base_copy(log->name, (size_t)(slash - log->name) + 1) : base_copy(".", 1);
    DIR *folder = opendir(above);
    free(above);
    if (!folder)
        return;
    collect(relatives, log, folder);
    closedir(folder);
    while (mark(relatives, log))
        continue;
    size_t kept = 0;
    for (size_t i = 0; i < relatives->count; i++)
        if (relatives->list[i].related)
            relatives->list[kept++] = relatives->list[i];
        else
            free(relatives->list[i].log);
    relatives->count = kept;
    if (kept)
        qsort(relatives->list, kept, sizeof *relatives->list, highest_first);
}

void relatives_free(struct relatives *relatives)
{
    for (size_t i = 0; i < relatives->count; i++)
        free(relatives->list[i].log);
    free(relatives->list);
    *relatives = (struct relatives){0};
}
