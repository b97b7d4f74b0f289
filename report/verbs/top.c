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

const char verb_top_help[] =
    "usage: memtrace top [--view VIEW] [--sort KEY] [-d SECONDS] [--once] PID|LOG\n\n"
    "A screen that follows a process that memtrace traces, or browses a finished log:\n"
    "which lines, functions, call sites, threads or modules hold the memory, what\n"
    "changed in the last seconds, and the tree of calls. The key ? lists the keys.\n"
    "It only reads the log; the process does not notice.\n\n"
    "  -a, --all          libraries' rows too, not only your own code's\n"
    "  -d, --delay SECONDS  between readings (1); a large log is read less often\n"
    "      --sort KEY     begin with live (the default), peak, allocated, allocations,\n"
    "                     released, rise, ...; the key m goes on to the next\n"
    "      --view VIEW    begin with lines (the default), functions, sites, threads,\n"
    "                     modules or tree\n"
    "      --once         print one screen as text, and end\n\n"
    "example:\n"
    "  memtrace top 4711\n";

/* Is it a log that can be read? */
static bool is_log(const char *path)
{
    char magic[8];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return false;
    ssize_t bytes = read(fd, magic, sizeof magic);
    close(fd);
    return bytes == (ssize_t)sizeof magic && log_begins(magic, sizeof magic);
}

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
        if (is_log(path))
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
    if (path || asprintf(&path, "/proc/%ld/map_files/%s", pid, mapping->range) < 0 || is_log(path))
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

static bool read_delay(const char *text, double *delay)
{
    char *end;
    *delay = strtod(text, &end);
    if (end != text && !*end && *delay >= 0.1 && *delay <= 3600)
        return true;
    base_say("top: -d: '%s' is no number of seconds from 0.1 to 3600", text);
    return false;
}

static bool read_view(const char *text, enum top_view *view)
{
    for (*view = 0; *view < TOP_VIEWS; (*view)++)
        if (!strcmp(text, top_view_name(*view)))
            return true;
    base_say("top: --view: lines, functions, sites, threads, modules or tree, not '%s'", text);
    return false;
}

int verb_top(int argc, char **argv)
{
    static const struct option longs[] = {
        {"once", no_argument, NULL, 'O'},        {"all", no_argument, NULL, 'a'},
        {"sort", required_argument, NULL, 's'},  {"view", required_argument, NULL, 'v'},
        {"delay", required_argument, NULL, 'd'}, {NULL, 0, NULL, 0}};
    struct top_options options = {.ask = {.metric = METRIC_LIVE}, .interval = 1};
    bool once = false;
    int option;
    while ((option = getopt_long(argc, argv, "ad:", longs, NULL)) != -1) {
        if (option == 'O')
            once = true;
        else if (option == 'a')
            options.ask.all = true;
        else if (option == 'd' && !read_delay(optarg, &options.interval))
            return STATUS_BAD;
        else if (option == 's' && (options.ask.metric = verb_sort("top", optarg, true)) == METRICS)
            return STATUS_BAD;
        else if (option == 'v' && !read_view(optarg, &options.ask.view))
            return STATUS_BAD;
        else if (option == '?')
            return verb_usage("top");
    }
    if (optind + 1 != argc) {
        base_say(optind == argc ? "top: which process or log?" : "top: one process or log");
        return verb_usage("top");
    }
    if (!once && (!isatty(1) || !isatty(0))) {
        base_say("top: standard input and output are no terminal; --once prints one screen");
        return STATUS_BAD;
    }
    char *file = log_named(argv[optind]);
    if (!file)
        return STATUS_BAD;
    int status = once ? top_once(file, &options) : top_screen(file, &options);
    free(file);
    return status;
}
