/* SPDX-License-Identifier: MIT
 *
 * memtrace tree: who called whom, with the share of each branch.
 */
#include "base/base.h"
#include "base/text.h"
#include "fold/branches.h"
#include "fold/fold.h"
#include "show/family.h"
#include "show/metric.h"
#include "show/notes.h"
#include "show/row_json.h"
#include "show/terminal.h"
#include "show/tree.h"
#include "verbs/logs.h"
#include "verbs/verbs.h"

const struct verb_about verb_tree_about = {
    .name = "tree",
    .of = OF_TREE,
    .several = true,
    .intro =
        "The tree of callers: who called whom, and what was held at the peak (or another "
        "--metric) below\n"
        "each. A row's Own is what it allocated itself; each row is its Own and the rows "
        "below it. Rows of\n"
        "less than 1 % of the whole are folded into \"others\", which keep their sum. A row "
        "with one row\n"
        "below it, and nothing of its own, shares its line with that. Libraries' frames are "
        "left out, but\n"
        "for those that allocated.\n\n"
        "Of several logs, or a folder of them, first the tree of the processes, then one tree of "
        "all that they did; with --each or --process PID a tree of each process.\n",
    .end = "",
    .example = "memtrace tree --metric allocated --min-share 5 memtrace.python3.4711.mt",
};

#define MIN_SHARE 1.0 /* per cent */

static void print_branches(const struct stacks *stacks, const struct branching *branching,
                           const struct branches *branches)
{
    const struct branch *root = &branches->list[0];
    char figure[TEXT_SIZE_BYTES], count[TEXT_COUNT_BYTES];
    if (branches->count == 1) {
        puts("No allocation or release is in the log.");
        return;
    }
    printf("%s%s %s%s, in %s allocation%s%s\n\n", terminal_on(STYLE_TITLE),
           metric_text(figure, branching->metric, root->total),
           metric_phrase_of(branching->metric, root->total), terminal_off(STYLE_TITLE),
           text_count(count, (uint64_t)root->allocations), text_s((uint64_t)root->allocations),
           branching->inverted ? "; what allocated, with its callers below it" : "");
    tree_print(stacks, branches, stdout);
    if (branches->cut)
        puts("note: the inverted tree is too large for all of it: some rows were folded though "
             "they are not small");
}

static void print_tree(const struct stacks *stacks, const struct branching *branching,
                       const struct branches *branches)
{
    print_branches(stacks, branching, branches);
    notes_print(stacks, NULL, "", stdout);
}

static void json_branches(const struct stacks *stacks, const struct branching *branching,
                          const struct branches *branches, struct json *json)
{
    json_cstring(json, "metric", metric_name(branching->metric));
    json_cstring(json, "by", grouping_name(branching->by));
    json_bool(json, "inverted", branching->inverted);
    json_bool(json, "adds_up", metric_adds(branching->metric));
    json_unsigned(json, "entry_count", branches->entries);
    tree_json(stacks, branches, json);
}

static void json_tree(const struct stacks *stacks, const struct branching *branching,
                      const struct branches *branches, const struct log_shown *shown)
{
    struct json *json = shown->json;
    json_open(json, NULL, '{');
    json_cstring(json, "schema", "memtrace-tree/1");
    json_process(&stacks->log, json);
    if (shown->family)
        family_json(shown->family, shown->index, json);
    notes_json(stacks, NULL, json);
    json_branches(stacks, branching, branches, json);
    json_close(json, '}');
}

static struct branching branching_of(const struct stacks *stacks, const struct options *options)
{
    return (struct branching){.by = options->by == GROUPINGS ? BY_LINE : options->by,
                              .metric = options_metric(options, METRIC_PEAK),
                              .filter = options->filter,
                              .rank = options->all ? RANK_LIBRARY : frames_rank(&stacks->frames),
                              .inverted = options->inverted,
                              .depth = options->depth == OPTION_UNSET ? SIZE_MAX : options->depth,
                              .top = options_top(options, 0),
                              .min_share =
                                  options->min_share >= 0 ? options->min_share : MIN_SHARE};
}

static int tree_one(const struct log_shown *shown)
{
    const struct options *options = shown->options;
    struct stacks stacks;
    if (stacks_open_under(&stacks, shown->file, options->periods, options->under) &&
        stacks_know(&stacks, options->metric)) {
        struct branching branching = branching_of(&stacks, options);
        struct branches branches;
        branches_make(&branches, &stacks, &branching);
        if (shown->json)
            json_tree(&stacks, &branching, &branches, shown);
        else
            print_tree(&stacks, &branching, &branches);
        branches_free(&branches);
    }
    int status = stacks_status(&stacks);
    stacks_close(&stacks);
    return status;
}

/* All processes as one tree. */
static int tree_whole(const struct options *options)
{
    struct together together;
    if (together_refuses(options, "tree"))
        return STATUS_BAD;
    together_open(&together, options);
    const struct stacks *stacks = &together.joined.stacks;
    struct branching branching = branching_of(stacks, options);
    struct branches branches;
    branches_make(&branches, stacks, &branching);
    if (options->json) {
        struct json json = {.out = stdout};
        together_json_begin(&together, "memtrace-tree/1", &json);
        json_branches(stacks, &branching, &branches, &json);
        json_close(&json, '}');
    } else if (together.family.total.processes) {
        print_branches(stacks, &branching, &branches);
        together_print_notes(&together, branching.metric == METRIC_PEAK);
    }
    branches_free(&branches);
    int status = together.status;
    together_close(&together);
    return status;
}

int verb_tree(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, &verb_tree_about, argc, argv);
    if (status == STATUS_DONE && together_asked(&options))
        status = tree_whole(&options);
    else if (status == STATUS_DONE)
        status = logs_each(&options, true, tree_one);
    options_free(&options);
    return status;
}
