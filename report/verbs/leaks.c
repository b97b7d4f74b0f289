/* SPDX-License-Identifier: MIT
 *
 * memtrace leaks: what was never given back.
 */
#include "base/base.h"
#include "show/family.h"
#include "show/leaks.h"
#include "show/notes.h"
#include "show/row_json.h"
#include "verbs/logs.h"
#include "verbs/verbs.h"

const struct verb_about verb_leaks_about = {
    .name = "leaks",
    .of = OF_LEAKS,
    .several = true,
    .intro = "What was never given back, by call site, the most bytes first, each with its stack: "
             "what was left after\n"
             "all destructors; of a program of Python's, what was live when the interpreter began "
             "to finalise. What\n"
             "grew during the run comes before what was there since the start, where the log can "
             "tell.\n\n"
             "What is known to stay is left out, and named: what the loader, stdio, locales and "
             "Python's modules keep\n"
             "(memtrace --rules), and what no code of yours has allocated. Of several logs, or a "
             "folder of them, the call\n"
             "sites are those of all processes; --each or --process PID shows those of each.\n",
    .end =
        "Exit status 1, with --fail: there is a leak, or the log was full and there may be one.\n",
    .example = "memtrace leaks --suppress lsan.supp --fail memtrace.server.4711.mt",
};

#define TOP    20u
#define SCHEMA "memtrace-leaks/1"

/* What --suppress has read. */
static struct suppressions suppressed;

static struct leaks leaks_of(const struct stacks *stacks, const struct joined *joined,
                             const struct options *options)
{
    struct leaking leaking = {.metric = options->metric,
                              .filter = options->filter,
                              .all = options->all,
                              .suppressions = &suppressed,
                              .parts = joined ? joined->parts : NULL,
                              .part_count = joined ? joined->part_count : 0};
    struct leaks leaks;
    leaks_make(&leaks, stacks, &leaking);
    return leaks;
}

static struct leaks_shown shown_of(const struct options *options)
{
    return (struct leaks_shown){.top = options_top(options, TOP),
                                .min_share = options_min_share(options, 0),
                                .all = options->all};
}

static void json_one(const struct stacks *stacks, const struct leaks *leaks,
                     const struct log_shown *shown_log)
{
    struct json *json = shown_log->json;
    struct leaks_shown shown = shown_of(shown_log->options);
    json_open(json, NULL, '{');
    json_cstring(json, "schema", SCHEMA);
    json_process(&stacks->log, json);
    if (shown_log->family)
        family_json(shown_log->family, shown_log->index, json);
    notes_json(stacks, NULL, json);
    leaks_json(stacks, leaks, &suppressed, &shown, json);
    json_close(json, '}');
}

static int status_of(int status, const struct options *options, bool any)
{
    return status == STATUS_DONE && options->fail && any ? STATUS_NO : status;
}

/* Of a call site that is not known, nobody can say that it is there to stay. */
static bool leaks_any(const struct leaks *leaks)
{
    return leaks->count || leaks->unknown.bytes > 0;
}

static int leaks_one(const struct log_shown *shown_log)
{
    const struct options *options = shown_log->options;
    struct stacks stacks;
    bool any = false;
    if (stacks_open(&stacks, shown_log->file, options->periods)) {
        struct leaks_shown shown = shown_of(options);
        struct leaks leaks = leaks_of(&stacks, NULL, options);
        any = leaks_any(&leaks);
        if (shown_log->json) {
            json_one(&stacks, &leaks, shown_log);
        } else {
            leaks_print(&stacks, &leaks, &suppressed, &shown, stdout);
            notes_print(&stacks, NULL, "", stdout);
        }
        leaks_free(&leaks);
    }
    int status = stacks_status(&stacks);
    stacks_close(&stacks);
    return status_of(status, options, any);
}

/* Of all processes. */
static int leaks_whole(const struct options *options)
{
    struct together together;
    struct leaks_shown shown = shown_of(options);
    together_open(&together, options);
    const struct stacks *stacks = &together.joined.stacks;
    struct leaks leaks = leaks_of(stacks, &together.joined, options);
    if (options->json) {
        struct json json = {.out = stdout};
        together_json_begin(&together, SCHEMA, &json);
        leaks_json(stacks, &leaks, &suppressed, &shown, &json);
        json_close(&json, '}');
    } else if (together.family.total.processes) {
        leaks_print(stacks, &leaks, &suppressed, &shown, stdout);
        together_print_notes(&together, false);
    }
    int status = status_of(together.status, options, leaks_any(&leaks));
    leaks_free(&leaks);
    together_close(&together);
    return status;
}

int verb_leaks(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, &verb_leaks_about, argc, argv);
    for (size_t i = 0; status == STATUS_DONE && i < options.suppression_count; i++)
        if (!suppressions_read(&suppressed, options.suppressions[i]))
            status = STATUS_BAD;
    if (status == STATUS_DONE)
        status =
            together_asked(&options) ? leaks_whole(&options) : logs_each(&options, true, leaks_one);
    suppressions_free(&suppressed);
    options_free(&options);
    return status;
}
