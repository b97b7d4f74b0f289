/* SPDX-License-Identifier: MIT */
#include "verbs/logs.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "base/text.h"
#include "show/family.h"
#include "show/terminal.h"

/* ---- folders ---- */

static int is_log_name(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 3 && !strcmp(entry->d_name + length - 3, ".mt");
}

static void add(struct options *options, char *log)
{
    options->logs =
        base_room(options->logs, &options->log_cap, options->log_count + 1, sizeof *options->logs);
    options->logs[options->log_count++] = log;
}

static bool add_folder(struct options *options, const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_log_name, alphasort);
    if (count < 0) {
        base_say("%s: %s", folder, strerror(errno));
        return false;
    }
    const char *slash = folder[strlen(folder) - 1] == '/' ? "" : "/";
    for (int i = 0; i < count; i++) {
        char *log = NULL;
        if (asprintf(&log, "%s%s%s", folder, slash, entries[i]->d_name) >= 0)
            add(options, log);
        free(entries[i]);
    }
    free(entries);
    if (!count)
        base_say("%s: no log (*.mt) is in this folder", folder);
    return count > 0;
}

bool logs_expand(struct options *options)
{
    char **given = options->logs;
    size_t count = options->log_count;
    bool good = true;
    options->logs = NULL;
    options->log_count = 0;
    options->log_cap = 1; /* ours from now on */
    options->logs = base_alloc(1, sizeof *options->logs);
    for (size_t i = 0; i < count && good; i++) {
        struct stat info;
        if (*given[i] && !stat(given[i], &info) && S_ISDIR(info.st_mode))
            good = add_folder(options, given[i]);
        else
            add(options, base_copy(given[i], strlen(given[i])));
    }
    return good;
}

/* ---- each ---- */

static bool wanted(const struct options *options, const struct family *family, size_t index)
{
    return !options->process || family->members[index].pid == options->process;
}

static void print_heading(const struct member *member)
{
    char number[32];
    if (!member->own.processes)
        return; /* it can't be read: that is said */
    snprintf(number, sizeof number, "%" PRId32 "%s ", member->pid, member->exec ? " exec" : "");
    printf("%sProcess %s", terminal_on(STYLE_TITLE), number);
    text_put(stdout, member->command, strlen(member->command), SIZE_MAX);
    printf("%s\n", terminal_off(STYLE_TITLE));
}

static int show_family(const struct options *options, const struct family *family, bool headings,
                       struct json *json, int (*show)(const struct log_shown *shown))
{
    int status = STATUS_DONE;
    bool any = false;
    for (size_t i = 0; i < options->log_count; i++) {
        struct log_shown shown = {options->logs[i], options, json, family, i};
        if (!wanted(options, family, i))
            continue;
        if (any && headings && !json)
            putchar('\n');
        any = true;
        if (headings && !json)
            print_heading(&family->members[i]);
        int one = show(&shown);
        status = one > status ? one : status;
    }
    if (!any) {
        base_say("--process %" PRId32 ": none of these logs is of this process", options->process);
        status = STATUS_NO;
    }
    return status;
}

int logs_each(const struct options *options, bool headings,
              int (*show)(const struct log_shown *shown))
{
    struct json json = {.out = stdout}, *written = options->json ? &json : NULL;
    if (options->log_count == 1 && !options->process) {
        struct log_shown shown = {options->logs[0], options, written, NULL, 0};
        return show(&shown);
    }
    struct family family = {0};
    family_make(&family, options->logs, options->log_count);
    bool several = options->log_count > 1;
    if (written && several)
        json_open(&json, NULL, '[');
    if (!written && several && !options->process && family.total.processes)
        family_print(&family, stdout);
    int status = show_family(options, &family, headings && several, written, show);
    if (written && several)
        json_close(&json, ']');
    family_free(&family);
    return status;
}

int logs_whole(const struct options *options, const struct family *family,
               void (*take)(const struct stacks *stacks, void *context), void *context)
{
    int status = STATUS_DONE;
    if (!options->json && family->total.processes)
        family_print(family, stdout);
    for (size_t i = 0; i < options->log_count; i++) {
        struct stacks stacks;
        if (stacks_open_under(&stacks, options->logs[i], options->periods, options->under))
            take(&stacks, context);
        int one = stacks_status(&stacks);
        status = one > status ? one : status;
        stacks_close(&stacks);
    }
    return status;
}
