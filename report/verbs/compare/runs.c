/* SPDX-License-Identifier: MIT */
#include "verbs/compare/runs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "read/reader.h"
#include "verbs/logs.h"

/* The period of that name; 0: the log has none. */
static uint32_t period_named(const char *file, const char *name)
{
    struct log log;
    uint32_t found = 0;
    if (log_read(&log, file))
        for (size_t i = 0; i < log.mark_count && !found; i++)
            if (log.marks[i].period && log.marks[i].name.bytes == strlen(name) &&
                !memcmp(log.marks[i].name.text, name, strlen(name)))
                found = log.marks[i].period;
    log_close(&log);
    return found;
}

/* N, N-M or a name. False: it is none of them. */
static bool period_of(const char *file, const char *text, struct periods *periods)
{
    int used = 0;
    int count = sscanf(text, "%9" SCNu32 "%n-%9" SCNu32 "%n", &periods->first, &used,
                       &periods->last, &used);
    if (count == 1)
        periods->last = periods->first;
    if (count >= 1 && !text[used])
        return periods->first <= periods->last;
    periods->first = periods->last = period_named(file, text);
    return periods->first != 0;
}

/* Where @PERIOD begins in a name, unless there is a file of the whole name; NULL: there is none. */
static char *period_in(const char *run)
{
    struct stat info;
    char *at = strrchr(run, '@');
    return at && at != run && stat(run, &info) ? at : NULL;
}

/* Takes @PERIOD off a name. False after a message. */
static bool split(char *run, struct periods *periods)
{
    struct stat info;
    char *at = period_in(run);
    if (!at)
        return true;
    *at = 0;
    bool there = !stat(run, &info), folder = there && S_ISDIR(info.st_mode);
    if (there && (!folder || strspn(at + 1, "0123456789-") == strlen(at + 1)) &&
        period_of(run, at + 1, periods))
        return true;
    if (there)
        base_say("%s has no period '%s'", run, at + 1);
    *at = '@';
    return !there; /* else it is said when the log is opened */
}

int runs_add(struct side *side, const char *given, struct periods periods, bool say)
{
    char *run = base_copy(given, strlen(given));
    struct options one = {.logs = &run, .log_count = 1, .periods = periods};
    int status = split(run, &one.periods) && logs_expand(&one) ? STATUS_DONE : STATUS_BAD;
    if (status == STATUS_DONE)
        side_run(side);
    if (status == STATUS_DONE && say)
        logs_say_earlier(one.logs, one.log_count);
    for (size_t i = 0; status == STATUS_DONE && i < one.log_count; i++)
        if (!side_log(side, one.logs[i], one.periods))
            status = side->status;
    options_free(&one);
    free(run);
    return status;
}

int runs_add_sides(struct side sides[SIDES], const struct options *options)
{
    size_t olds = options->log_count - (options->second ? options->second : 1);
    int status = STATUS_DONE;
    for (size_t i = 0; i < options->log_count && status == STATUS_DONE; i++)
        status = runs_add(&sides[i < olds ? SIDE_OLD : SIDE_NEW], options->logs[i],
                          options->periods, true);
    return status;
}

bool runs_in_periods(const struct options *options)
{
    bool any = options->periods.first || options->periods.last != ALL_PERIODS.last;
    for (size_t i = 0; i < options->log_count && !any; i++)
        any = period_in(options->logs[i]) != NULL;
    return any;
}
