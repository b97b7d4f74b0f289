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
             "(memtrace --rules), and what no code of yours has allocated.\n",
    .end = "Exit status 1, with --fail: there is a leak.\n",
    .example = "memtrace leaks --suppress lsan.supp --fail memtrace.server.4711.mt",
};

#define TOP 20u

/* What --suppress has read. */
static struct suppressions suppressed;

static int leaks_one(const struct log_shown *shown_log)
{
    const struct options *options = shown_log->options;
    const struct suppressions *suppressions = &suppressed;
    struct stacks stacks;
    bool any = false;
    if (stacks_open(&stacks, shown_log->file, options->periods)) {
        struct leaking leaking = {.metric = options->metric,
                                  .filter = options->filter,
                                  .all = options->all,
                                  .suppressions = suppressions};
        struct leaks_shown shown = {.top = options_top(options, TOP),
                                    .min_share = options_min_share(options, 0),
                                    .all = options->all};
        struct leaks leaks;
        leaks_make(&leaks, &stacks, &leaking);
        any = leaks.count != 0;
        if (shown_log->json) {
            struct json *json = shown_log->json;
            json_open(json, NULL, '{');
            json_string(json, "schema", "memtrace-leaks/1");
            json_process(&stacks.log, json);
            if (shown_log->family)
                family_json(shown_log->family, shown_log->index, json);
            notes_json(&stacks, NULL, json);
            leaks_json(&stacks, &leaks, suppressions, &shown, json);
            json_close(json, '}');
        } else {
            leaks_print(&stacks, &leaks, suppressions, &shown, stdout);
        }
        leaks_free(&leaks);
    }
    int status = stacks_status(&stacks);
    stacks_close(&stacks);
    return status == STATUS_DONE && options->fail && any ? STATUS_NO : status;
}

int verb_leaks(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, &verb_leaks_about, argc, argv);
    for (size_t i = 0; status == STATUS_DONE && i < options.suppression_count; i++)
        if (!suppressions_read(&suppressed, options.suppressions[i]))
            status = STATUS_BAD;
    if (status == STATUS_DONE)
        status = logs_each(&options, true, leaks_one);
    suppressions_free(&suppressed);
    options_free(&options);
    return status;
}
