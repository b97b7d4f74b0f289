/* SPDX-License-Identifier: MIT
 *
 * memtrace VERB ...: finds the verb. Standard output that cannot be written is an error.
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "base/glyph.h"
#include "base/target.h"
#include "fold/select.h"
#include "verbs/verbs.h"

static int finish(int status)
{
    int error = target_error(stdout);
    if (error && error != EPIPE) {
        base_say("standard output: %s", strerror(error));
        return STATUS_BAD;
    }
    /* Of a view of nothing nobody is to think that there is nothing; a gate that looks at nothing is a mistake. */
    char *none = status == STATUS_DONE ? selections_took_none() : NULL;
    if (none) {
        base_say("%s", none);
        status = STATUS_NO;
    }
    free(none);
    return status;
}

static bool asks_for_help(const struct verb *verb, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
            return true;
        if (argv[i][0] != '-' && verb->about->program)
            return false; /* the program's own arguments begin */
    }
    return false;
}

static int help_of(const char *name)
{
    const struct verb *verb = verb_named(name);
    const char *near = verb ? NULL : verb_nearest(name);
    if (verb)
        options_help(verb->about, stdout);
    else
        base_say("there is no verb '%s'; %s%s%s", name,
                 near ? "did you mean '" : "see 'memtrace --help'", near ? near : "",
                 near ? "'?" : "");
    return verb ? STATUS_DONE : STATUS_BAD;
}

static int report_argv(int argc, char **argv)
{
    char report[] = "report", **whole = base_alloc((size_t)argc + 2, sizeof *whole);
    whole[0] = report;
    memcpy(whole + 1, argv + 1, (size_t)argc * sizeof *whole);
    int status = verb_report(argc, whole);
    free(whole);
    return status;
}

/* `memtrace LOG ...` is `memtrace report LOG ...`; else nobody knows what is meant. */
static int no_verb(int argc, char **argv)
{
    struct stat info;
    if (!stat(argv[1], &info))
        return report_argv(argc, argv);
    const char *near = verb_nearest(argv[1]);
    base_say(argv[1][0] == '-' ? "there is no option '%s'; %s%s%s"
                               : "there is no verb '%s', and no such log; %s%s%s",
             argv[1], near ? "did you mean '" : "see 'memtrace --help'", near ? near : "",
             near ? "'?" : "");
    return STATUS_BAD;
}

static int options_alone(const char *name, bool *found)
{
    char letter = name[0] == '-' && name[1] && !name[2] ? name[1] : 0;
    if (!strcmp(name, "help"))
        name = "--help";
    for (size_t i = 0; i < verb_option_count; i++) {
        const struct verb_option *option = &verb_options[i];
        *found = (letter && letter == option->letter) || !strcmp(name, option->name);
        if (*found)
            return option->act();
    }
    return STATUS_BAD;
}

/* Large tables go back to the system when they are freed. Else malloc would raise the threshold with the first of them, and what was
 * freed between others would stay: a third of all memory with a large log. What is smaller is used again: to get it from the system
 * takes longer than most that is done with it. */
#define TABLE_BYTES (16 << 20)
#define SPARE_BYTES (32 << 20)

int main(int argc, char **argv)
{
    mallopt(M_MMAP_THRESHOLD, TABLE_BYTES);
    mallopt(M_TRIM_THRESHOLD, SPARE_BYTES);
    glyph_start();
    if (argc < 2) {
        verbs_help(stderr);
        return STATUS_BAD;
    }
    if (argc > 2 && !strcmp(argv[1], "help"))
        return finish(help_of(argv[2]));
    bool found;
    int status = options_alone(argv[1], &found);
    if (found)
        return finish(status);
    const struct verb *verb = verb_named(argv[1]);
    if (!verb)
        return finish(no_verb(argc, argv));
    if (asks_for_help(verb, argc - 1, argv + 1)) {
        options_help(verb->about, stdout);
        return finish(STATUS_DONE);
    }
    return finish(verb->function(argc - 1, argv + 1));
}
