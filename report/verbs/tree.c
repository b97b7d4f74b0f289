/* SPDX-License-Identifier: MIT
 *
 * memtrace tree: who called whom, with the share of each branch.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "fold/branches.h"
#include "fold/fold.h"
#include "fold/joined.h"
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
           metric_text(figure, branching->metric, root->total), metric_phrase(branching->metric),
           terminal_off(STYLE_TITLE), text_count(count, (uint64_t)root->allocations),
           text_s((uint64_t)root->allocations),
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
    json_string(json, "metric", metric_name(branching->metric));
    json_string(json, "by", grouping_name(branching->by));
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
    json_string(json, "schema", "memtrace-tree/1");
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
    if (stacks_open_under(&stacks, shown->file, options->periods, options->under)) {
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

/* ---- a family ---- */

struct gathered {
    struct joined joined;
    char **notes;
    size_t note_count, note_cap;
};

static void take(const struct stacks *stacks, void *context)
{
    struct gathered *whole = context;
    size_t count;
    char **notes = notes_list(stacks, NULL, &count);
    for (size_t i = 0; i < count; i++) {
        char *note = NULL;
        if (asprintf(&note, "process %" PRId32 ": %s", stacks->log.header.pid, notes[i]) >= 0) {
            whole->notes = base_room(whole->notes, &whole->note_cap, whole->note_count + 1,
                                     sizeof *whole->notes);
            whole->notes[whole->note_count++] = note;
        }
        free(notes[i]);
    }
    free(notes);
    joined_add(&whole->joined, stacks);
}

static void print_whole(const struct gathered *whole, const struct branching *branching,
                        const struct branches *branches)
{
    print_branches(&whole->joined.stacks, branching, branches);
    if (branching->metric == METRIC_PEAK)
        puts("note: the processes' peaks need not have been at the same time");
    for (size_t i = 0; i < whole->note_count; i++) {
        fputs("note: ", stdout);
        text_put(stdout, whole->notes[i], strlen(whole->notes[i]), SIZE_MAX);
        putchar('\n');
    }
}

static void json_whole(const struct gathered *whole, const struct family *family,
                       const struct branching *branching, const struct branches *branches)
{
    struct json json = {.out = stdout};
    json_open(&json, NULL, '{');
    json_string(&json, "schema", "memtrace-tree/1");
    json_open(&json, "processes", '[');
    for (size_t i = 0; i < family->count; i++) {
        if (!family->members[i].own.processes)
            continue;
        json_open(&json, NULL, '{');
        json_signed(&json, "pid", family->members[i].pid);
        family_json(family, i, &json);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_open(&json, "notes", '[');
    for (size_t i = 0; i < whole->note_count; i++)
        json_string(&json, NULL, whole->notes[i]);
    json_close(&json, ']');
    json_branches(&whole->joined.stacks, branching, branches, &json);
    json_close(&json, '}');
}

/* All processes as one tree. */
static int tree_whole(const struct options *options)
{
    struct gathered whole = {0};
    struct family family;
    if (options_metric(options, METRIC_PEAK) == METRIC_RISE) {
        base_say("tree: the rises of several processes don't add up; --each or --process PID shows "
                 "those of one");
        return STATUS_BAD;
    }
    family_make(&family, options->logs, options->log_count);
    int status = logs_whole(options, &family, take, &whole);
    joined_end(&whole.joined);
    struct branching branching = branching_of(&whole.joined.stacks, options);
    struct branches branches;
    branches_make(&branches, &whole.joined.stacks, &branching);
    if (options->json)
        json_whole(&whole, &family, &branching, &branches);
    else if (family.total.processes)
        print_whole(&whole, &branching, &branches);
    branches_free(&branches);
    for (size_t i = 0; i < whole.note_count; i++)
        free(whole.notes[i]);
    free(whole.notes);
    joined_free(&whole.joined);
    family_free(&family);
    return status;
}

int verb_tree(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, &verb_tree_about, argc, argv);
    if (status == STATUS_DONE && options.log_count > 1 && !options.each && !options.process)
        status = tree_whole(&options);
    else if (status == STATUS_DONE)
        status = logs_each(&options, true, tree_one);
    options_free(&options);
    return status;
}
