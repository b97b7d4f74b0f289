/* SPDX-License-Identifier: MIT
 *
 * memtrace top: a screen that follows a process that is traced, or browses a log.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "read/reader.h"
#include "top/screen.h"
#include "verbs/verbs.h"

const struct verb_about verb_top_about = {
    .name = "top",
    .of = OF_TOP,
    .takes = "LOG|PID",
    .intro =
        "A screen that follows a process that memtrace traces, by its process id or its log, or "
        "browses a\n"
        "finished log: which lines, functions, call sites, threads or modules hold the memory, "
        "what changed\n"
        "in the last seconds, and the tree of calls. The key ? lists the keys. It only reads the "
        "log; the\n"
        "process does not notice.\n",
    .end = "",
    .example = "memtrace top 4711",
};

/* A line of /proc/PID/maps that is a shared mapping of a file. */
struct mapping {
    char range[64];
    unsigned long inode;
    char *
        path; /* in the line; the kernel adds " (deleted)" where no name led to the file when it was opened */
};

static bool mapping_of(char *line, struct mapping *mapping)
{
    char access[8];
    int named = 0;
    if (sscanf(line, "%63s %7s %*s %*s %lu %n", mapping->range, access, &mapping->inode, &named) !=
            3 ||
        access[3] != 's' || line[named] != '/')
        return false;
    line[strcspn(line, "\n")] = 0;
    mapping->path = line + named;
    return true;
}

/* The log gets its name after it was opened, in the same folder: the file there with this inode. To be freed; NULL: there is
 * none. */
static char *log_in_folder(const struct mapping *mapping)
{
    char *folder = base_copy(mapping->path, (size_t)(strrchr(mapping->path, '/') - mapping->path));
    char *path = NULL, *found = NULL;
    DIR *list = opendir(*folder ? folder : "/");
    struct dirent *entry;
    while (list && !found && (entry = readdir(list))) {
        if (entry->d_ino != mapping->inode || asprintf(&path, "%s/%s", folder, entry->d_name) < 0)
            continue;
        if (log_is(path))
            found = path;
        else
            free(path);
    }
    if (list)
        closedir(list);
    free(folder);
    return found;
}

/* Where the mapping's file can be opened, to be freed; NULL: it is no log. Where no name leads to it, the kernel has a link. */
static char *log_of_mapping(long pid, const struct mapping *mapping)
{
    char *path = log_in_folder(mapping);
    if (path || asprintf(&path, "/proc/%ld/map_files/%s", pid, mapping->range) < 0 || log_is(path))
        return path;
    free(path);
    return NULL;
}

/* The log that the process writes, to be freed; NULL after a message. */
static char *log_of_process(long pid)
{
    char path[64], *line = NULL, *found = NULL;
    size_t cap = 0;
    snprintf(path, sizeof path, "/proc/%ld/maps", pid);
    FILE *maps = fopen(path, "re");
    if (!maps) {
        base_say("top: process %ld: %s", pid,
                 errno == ENOENT ? "there is no such process" : strerror(errno));
        return NULL;
    }
    struct mapping mapping;
    while (!found && getline(&line, &cap, maps) >= 0)
        if (mapping_of(line, &mapping))
            found = log_of_mapping(pid, &mapping);
    if (!found && ferror(maps))
        base_say("top: process %ld: %s", pid, strerror(errno));
    else if (!found)
        base_say("top: process %ld writes no log: it was not started under memtrace", pid);
    fclose(maps);
    free(line);
    return found;
}

/* A number names a process, unless there is a file of that name. To be freed; NULL after a message. */
static char *log_named(const char *name)
{
    char *end;
    long pid = strtol(name, &end, 10);
    if (*end || end == name || pid <= 0 || !access(name, F_OK))
        return base_copy(name, strlen(name));
    return log_of_process(pid);
}

static int top_one(const struct options *options)
{
    struct top_options top = {.ask = {.view = (enum top_view)options->view,
                                      .metric = options_metric(options, METRIC_LIVE),
                                      .all = options->all},
                              .interval = options->delay};
    if (!options->once && (!isatty(1) || !isatty(0))) {
        base_say("top: standard input and output are no terminal; --once prints one screen");
        return STATUS_BAD;
    }
    char *file = log_named(options->logs[0]);
    if (!file)
        return STATUS_BAD;
    int status = options->once ? top_once(file, &top) : top_screen(file, &top);
    free(file);
    return status;
}

int verb_top(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, &verb_top_about, argc, argv);
    if (status == STATUS_DONE)
        status = top_one(&options);
    options_free(&options);
    return status;
}
