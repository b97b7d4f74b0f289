/* SPDX-License-Identifier: MIT */
#include "verbs/logs.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/once.h"
#include "base/text.h"
#include "show/family.h"
#include "show/notes.h"
#include "show/terminal.h"

/* ---- folders ---- */

static int is_log_name(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return (length > 3 && !strcmp(entry->d_name + length - 3, ".mt")) ||
           (length > 4 && !strcmp(entry->d_name + length - 4, ".mtz"));
}

/* Is it packed, and stands beside the log itself? */
static bool is_second(const char *log)
{
    size_t length = strlen(log);
    if (log[length - 1] != 'z')
        return false;
    char *unpacked = base_copy(log, length - 1);
    bool second = !access(unpacked, F_OK);
    free(unpacked);
    return second;
}

/* Each file of a list of logs counts once, as itself or in its folder. */
static bool is_new(struct once *files, const char *log)
{
    struct stat info;
    if (stat(log, &info))
        return true; /* that is said where it is opened */
    const uint64_t file[] = {info.st_dev, info.st_ino};
    size_t before = files->count;
    return once_add(files, file, sizeof file) > before;
}

static void add(struct options *options, struct once *files, char *log)
{
    if (!is_new(files, log)) {
        base_say("%s: is named twice, and counts once", log);
        free(log);
        return;
    }
    options->logs =
        base_room(options->logs, &options->log_cap, options->log_count + 1, sizeof *options->logs);
    options->logs[options->log_count++] = log;
}

static bool add_folder(struct options *options, struct once *files, const char *folder)
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
        if (asprintf(&log, "%s%s%s", folder, slash, entries[i]->d_name) < 0)
            log = NULL;
        if (log && !is_second(log))
            add(options, files, log);
        else
            free(log);
        free(entries[i]);
    }
    free(entries);
    if (!count)
        base_say("%s: no log (*.mt, *.mtz) is in this folder", folder);
    return count > 0;
}

bool logs_expand(struct options *options)
{
    char **given = options->logs;
    size_t count = options->log_count;
    struct once files = {0};
    bool good = true;
    options->logs = NULL;
    options->log_count = 0;
    options->log_cap = 1; /* ours from now on */
    options->logs = base_alloc(1, sizeof *options->logs);
    for (size_t i = 0; i < count && good; i++) {
        struct stat info;
        if (*given[i] && !stat(given[i], &info) && S_ISDIR(info.st_mode))
            good = add_folder(options, &files, given[i]);
        else
            add(options, &files, base_copy(given[i], strlen(given[i])));
    }
    once_free(&files);
    return good;
}

/* ---- each ---- */

static bool wanted(const struct options *options, const struct family *family, size_t index)
{
    return !options->process || family->members[index].pid == options->process;
}

static void print_heading(const struct member *member)
{
    if (!member->own.processes)
        return; /* it can't be read: that is said */
    fputs(terminal_on(STYLE_TITLE), stdout);
    if (member->pid)
        printf("Process %" PRId32 "%s ", member->pid, member->exec ? " exec" : "");
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

/* ---- as one ---- */

bool together_asked(const struct options *options)
{
    return options->log_count > 1 && !options->each && !options->process;
}

bool together_refuses(const struct options *options, const char *verb)
{
    if (options->metric != METRIC_RISE)
        return false;
    base_say("%s: the rises of several processes don't add up; --each or --process PID shows "
             "those of one",
             verb);
    return true;
}

static void join(struct together *together, const struct stacks *stacks)
{
    size_t count;
    char **notes = notes_list_of(stacks, &count);
    for (size_t i = 0; i < count; i++) {
        together->notes = base_room(together->notes, &together->note_cap, together->note_count + 1,
                                    sizeof *together->notes);
        together->notes[together->note_count++] = notes[i];
    }
    free(notes);
    joined_add(&together->joined, stacks);
}

void together_open(struct together *together, const struct options *options)
{
    *together = (struct together){.status = STATUS_DONE};
    struct stacks_several several = {0};
    family_make(&together->family, options->logs, options->log_count);
    if (!options->json && together->family.total.processes)
        family_print(&together->family, stdout);
    for (size_t i = 0; i < options->log_count; i++) {
        struct stacks stacks;
        if (stacks_open_under(&stacks, options->logs[i], options->periods, options->under))
            join(together, &stacks);
        stacks_several_add(&several, &stacks);
        stacks_close(&stacks);
    }
    together->status = stacks_several_status(&several);
    joined_end(&together->joined);
}

void together_close(struct together *together)
{
    for (size_t i = 0; i < together->note_count; i++)
        free(together->notes[i]);
    free(together->notes);
    joined_free(&together->joined);
    family_free(&together->family);
}

void together_print_notes(const struct together *together, bool held)
{
    if (held)
        puts("note: the processes' peaks need not have been at the same time");
    for (size_t i = 0; i < together->note_count; i++) {
        fputs("note: ", stdout);
        text_put(stdout, together->notes[i], strlen(together->notes[i]), SIZE_MAX);
        putchar('\n');
    }
}

void together_json_processes(const struct family *family, struct json *json)
{
    json_open(json, "processes", '[');
    for (size_t i = 0; i < family->count; i++) {
        if (!family->members[i].own.processes)
            continue;
        json_open(json, NULL, '{');
        json_signed(json, "pid", family->members[i].pid);
        family_json(family, i, json);
        json_close(json, '}');
    }
    json_close(json, ']');
}

void together_json_begin(const struct together *together, const char *schema, struct json *json)
{
    json_open(json, NULL, '{');
    json_cstring(json, "schema", schema);
    together_json_processes(&together->family, json);
    json_open(json, "notes", '[');
    for (size_t i = 0; i < together->note_count; i++)
        json_cstring(json, NULL, together->notes[i]);
    json_close(json, ']');
}

void logs_say_earlier(char *const *logs, size_t count)
{
    struct family family;
    if (count < 2)
        return;
    family_make(&family, logs, count);
    family_print_earlier(&family, stderr);
    family_free(&family);
}
