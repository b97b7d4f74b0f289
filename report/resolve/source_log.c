/* SPDX-License-Identifier: MIT */
#include "resolve/source_log.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* Argument `at` and what follows it; NULL at the end. */
static const char *argument(const struct log_text *argv, size_t at)
{
    return at < argv->bytes && memchr(argv->text + at, 0, argv->bytes - at) ? argv->text + at
                                                                            : NULL;
}

/* What `python ... -c TEXT ...` runs, NULL if it runs something else. Short options may stand together; -W, -X and -Q take the
 * rest of theirs or the next argument, and a long one of Python's does the same. */
static const char *command_of(const struct log_text *argv)
{
    const char *arg = argument(argv, 0);
    size_t at = arg ? strlen(arg) + 1 : 0;

    while ((arg = argument(argv, at)) && arg[0] == '-' && arg[1]) {
        const char *letter = arg + 1;
        size_t next = at + strlen(arg) + 1;

        if (*letter == '-') {
            if (strcmp(arg, "--check-hash-based-pycs") != 0)
                return NULL;
            arg = argument(argv, next);
            at = next + (arg ? strlen(arg) + 1 : 0);
            continue;
        }
        letter += strcspn(letter, "cmWXQ");
        if (*letter == 'c')
            return letter[1] ? letter + 1 : argument(argv, next);
        if (*letter == 'm')
            return NULL;
        if (*letter && !letter[1]) {
            arg = argument(argv, next);
            next += arg ? strlen(arg) + 1 : 0;
        }
        at = next;
    }
    return NULL;
}

/* A name for what has none, of which there may be any number: 3.13's linecache knows what -c runs by it. */
static bool is_shared(const char *path)
{
    return !strcmp(path, SOURCE_COMMAND) || !strcmp(path, "<stdin>");
}

/* An interpreter, and no program that has one inside and a -c of its own. */
static bool is_interpreter(const struct log_text *exe)
{
    struct log_text name = log_file_name(*exe);
    return !exe->bytes || (name.bytes >= 6 && !memcmp(name.text, "python", 6));
}

void sources_of_log(struct sources *sources, const struct log *log)
{
    sources->pack = log->pack;
    if (log->cwd.bytes)
        sources->folder = base_copy(log->cwd.text, log->cwd.bytes);
    const char *command =
        log->header.python && is_interpreter(&log->exe) ? command_of(&log->argv) : NULL;

    for (size_t i = 0; i < log->source_count; i++) {
        const struct log_source *source = &log->sources[i];
        if (source->file >= log->string_count || !log->strings[source->file].text)
            continue;
        const struct log_text *file = &log->strings[source->file];
        char *path = base_copy(file->text, file->bytes);
        if (!is_shared(path))
            sources_put(sources, path, source->text.text, source->text.bytes);
        free(path);
    }
    for (size_t i = 0; i < log->file_count; i++) {
        const struct log_file *file = &log->files[i];
        if (file->file >= log->string_count || !log->strings[file->file].text)
            continue;
        char *path = base_copy(log->strings[file->file].text, log->strings[file->file].bytes);
        sources_stamp(sources, path, &file->stamp);
        free(path);
    }
    if (command)
        sources_put(sources, SOURCE_COMMAND, command, strlen(command));
}
