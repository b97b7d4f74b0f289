/* SPDX-License-Identifier: MIT */
#include "page/facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "fold/fold.h"
#include "page/both_columns.h"
#include "page/redact.h"
#include "show/by.h"
#include "show/metric.h"
#include "show/name.h"
#include "show/summary.h"

#define SCHEMA       "memtrace-page/1"
#define ANSWERS_MOST 5u
#define ROWS_MOST    2000u
#define ADVICE_MOST  10u /* as `memtrace why` shows */

static FILE *memory(char **text, size_t *bytes)
{
    FILE *out = open_memstream(text, bytes);
    if (out)
        return out;
    base_say("no memory for the page");
    exit(STATUS_BAD);
}

static struct bytes taken(FILE *out, char **text, const size_t *bytes, bool redact)
{
    fclose(out);
    if (redact)
        redact_homes(*text);
    struct bytes all = {(unsigned char *)*text, redact ? strlen(*text) : *bytes, *bytes};
    return all;
}

/* ---- what is found once ---- */

#define BYS 3
static const struct {
    const char *name;
    enum grouping by;
} bys[BYS] = {{"modules", BY_MODULE}, {"files", BY_FILE}, {"threads", BY_THREAD}};

/* What each module, file and thread did, and each line itself: their rows by one walk over the stacks. */
static void json_bys(struct json *json, const struct view *view, enum metric metric,
                     struct line_list *lines)
{
    struct by by[BYS];
    struct query queries[BYS * BY_QUERIES + 1];
    struct rows rows[BYS * BY_QUERIES + 1];
    for (unsigned i = 0; i < BYS; i++) {
        by[i] = (struct by){.by = bys[i].by,
                            .metric = metric,
                            .rank = RANK_LIBRARY,
                            .filter = view->filter,
                            .top = ROWS_MOST};
        by_queries(&by[i], queries + (size_t)i * BY_QUERIES);
    }
    queries[BYS * BY_QUERIES] =
        (struct query){.by = BY_LINE, .own = true, .rank = lines->rank, .filter = view->filter};
    fold_several(&view->stacks, queries, rows, BYS * BY_QUERIES + 1);
    lines->own = rows[BYS * BY_QUERIES];
    struct row whole = fold_whole(&view->stacks, &view->filter);
    for (unsigned i = 0; i < BYS; i++) {
        json_open(json, bys[i].name, '{');
        by_json_of(&view->stacks, &by[i], rows + (size_t)i * BY_QUERIES, &whole, json);
        json_close(json, '}');
    }
    for (unsigned i = 0; i < BYS * BY_QUERIES; i++)
        rows_free(&rows[i]);
}

/* Members of the facts' object, after others. */
static void found_texts(struct found *found, struct view *view, enum metric metric,
                        struct line_list *lines)
{
    size_t bytes;
    struct json json = {.depth = 1, .member_before = true};
    json.out = memory(&found->summary, &bytes);
    summary_json(&view->stacks, &view->lines, &json);
    fclose(json.out);
    json.out = memory(&found->tables, &bytes);
    json_bys(&json, view, metric, lines);
    fclose(json.out);
}

/* `memtrace why` speaks of a whole process. */
static bool is_whole(const struct view *view)
{
    const struct filter *filter = &view->filter;
    return !view->stacks.processes && stacks_whole(&view->stacks) && !view->stacks.under &&
           !filter->thread && !filter->function && !filter->file && !filter->module &&
           !filter->classes;
}

void found_make(struct found *found, struct view *view, struct line_list *lines, enum metric metric)
{
    struct asking asking = {.rank = lines->rank, .filter = view->filter, .top = ANSWERS_MOST};
    *found = (struct found){.answered = !view->filter.classes, .advised = is_whole(view)};
    found_texts(found, view, metric, lines);
    if (found->answered)
        answers_make(&found->answers, &view->stacks, &view->lines, &asking);
    if (found->advised)
        advices_make(&found->advices, &view->stacks);
}

void found_free(struct found *found)
{
    if (found->answered)
        answers_free(&found->answers);
    if (found->advised)
        advices_free(&found->advices);
    free(found->summary);
    free(found->tables);
}

/* ---- the rest ---- */

static void json_frame(struct json *json, const struct naming *names, uint32_t place)
{
    if (names->of_place[place])
        json_unsigned(json, "frame", names->of_place[place] - 1);
    else
        json_none(json, "frame");
}

static void json_part(struct json *json, const char *name, const struct answer_part *part)
{
    json_open(json, name, '{');
    json_unsigned(json, "lines", part->lines);
    json_signed(json, "bytes", part->bytes);
    json_unsigned(json, "allocated_bytes", part->allocated);
    json_unsigned(json, "allocations", part->allocations);
    json_close(json, '}');
}

/* The questions of the first page, with frames in place of names. */
static void json_questions(const struct facts *facts, struct json *json)
{
    static const char *const titles[QUESTIONS] = {"peak", "jumped", "kept"};
    const struct answers *answers = &facts->found->answers;
    if (!facts->found->answered)
        return; /* they are about the level */
    json_open(json, "questions", '{');
    json_cstring(json, "kept_is", metric_name(answers->kept));
    for (enum question q = 0; q < QUESTIONS; q++) {
        json_open(json, titles[q], '{');
        json_open(json, "lines", '[');
        for (size_t i = 0; i < answers->of[q].count; i++) {
            const struct answer_line *line = &answers->of[q].lines[i];
            json_open(json, NULL, '{');
            json_frame(json, facts->names, line->place);
            json_signed(json, "bytes", line->bytes);
            json_unsigned(json, "most_bytes", line->most);
            json_unsigned(json, "allocations", line->allocations);
            json_close(json, '}');
        }
        json_close(json, ']');
        json_part(json, "others", &answers->of[q].others);
        json_part(json, "runtimes", &answers->of[q].runtimes);
        json_part(json, "unknown", &answers->of[q].unknown);
        json_part(json, "total", &answers->of[q].total);
        json_close(json, '}');
    }
    json_close(json, '}');
}

/* What `memtrace why` says, which speaks of a whole process. */
static void json_advice(const struct facts *facts, struct json *json)
{
    const struct advices *advices = &facts->found->advices;
    const struct frames *frames = &facts->view->stacks.frames;
    if (!facts->found->advised)
        return;
    json_open(json, "advice", '[');
    for (size_t i = 0; i < advices->count && i < ADVICE_MOST; i++) {
        const struct advice *one = &advices->list[i];
        json_open(json, NULL, '{');
        json_cstring(json, "kind", advice_name(one->kind));
        json_signed(json, "bytes", one->bytes);
        json_cstring(json, "what", one->what);
        json_cstring(json, "act", one->act);
        if (one->place != ADVICE_NO_PLACE) {
            char *name = name_of_place(frames, one->place);
            json_frame(json, facts->names, one->place);
            json_cstring(json, "at", name);
            free(name);
        }
        json_close(json, '}');
    }
    json_close(json, ']');
    json_unsigned(json, "advice_count", advices->count);
}

/* By slot. Threads of one name are shown as one, but for the first one of the process. */
static void json_threads(const struct facts *facts, struct json *json)
{
    const struct model *model = &facts->view->stacks.model;
    int32_t pid = facts->view->stacks.log.header.pid;
    json_open(json, "thread_names", '[');
    json_cstring(json, NULL, "(not known)");
    for (uint32_t t = 1; t < model->thread_count; t++) {
        char name[32];
        bool first = model->threads[t].tid == pid && name_is_shared(model, t);
        snprintf(name, sizeof name, "%s%s", model->threads[t].name, first ? " (main)" : "");
        json_cstring(json, NULL, name);
    }
    json_close(json, ']');
}

/* What the page does not have, and says so. */
static void json_folded(const struct facts *facts, struct json *json)
{
    json_open(json, "folded", '{');
    json_unsigned(json, "nodes", facts->whole->acting);
    json_unsigned(json, "kept", facts->pruned->kept);
    json_unsigned(json, "others", facts->pruned->count - facts->pruned->kept);
    json_unsigned(json, "parts_per_billion", (uint64_t)((double)facts->pruned->least * 1e9));
    json_unsigned(json, "lines", facts->lines->count);
    json_unsigned(json, "lines_left_out", facts->lines->left_out);
    json_unsigned(json, "functions_with_source", facts->told.functions);
    json_unsigned(json, "functions_left_out", facts->told.left_out);
    json_close(json, '}');
}

/* Of a comparison: the old side's, and the margins of the total and of what no own line did. */
static void json_old(const struct facts *facts, unsigned f, struct json *json)
{
    json_signed(json, "old_own", pruned_own(facts->pruned, FIGURES_OLD + f, 0));
    json_signed(json, "old_total", facts->whole->total[FIGURES_OLD + f][0]);
    if (facts->whole->figures <= FIGURES_MARGIN)
        return;
    json_signed(json, "margin", facts->whole->total[FIGURES_MARGIN + f][0]);
    json_signed(json, "rest_margin",
                facts->both->own.margin[f][facts->view->stacks.frames.place_count]);
    json_signed(json, "unknown_margin",
                facts->both->own.margin[f][facts->view->stacks.frames.place_count + 1]);
}

static void json_metrics(const struct facts *facts, struct json *json)
{
    json_open(json, "metrics", '[');
    for (unsigned f = 0; f < PAGE_FIGURES; f++) {
        if (page_figures[f] == METRIC_SLACK && !facts->view->stacks.log.header.slack)
            continue; /* not known */
        if (facts->both && !facts->both->peak_known && page_figures[f] == METRIC_PEAK)
            continue;
        json_open(json, NULL, '{');
        json_cstring(json, "name", metric_name(page_figures[f]));
        json_cstring(json, "title", metric_title(page_figures[f]));
        json_cstring(json, "phrase", metric_phrase(page_figures[f]));
        json_bool(json, "bytes", metric_bytes(page_figures[f]));
        json_signed(json, "own", pruned_own(facts->pruned, f, 0));
        json_signed(json, "total", facts->whole->total[f][0]);
        if (facts->both)
            json_old(facts, f, json);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_open(json, "languages", '[');
    for (unsigned i = 0; naming_language(i); i++)
        json_cstring(json, NULL, naming_language(i));
    json_close(json, ']');
}

static void json_page(const struct facts *facts, struct json *json)
{
    static const char *const sources[] = {"none", "lines", "functions"};
    json_cstring(json, "schema", SCHEMA);
    json_cstring(json, "version", MEMTRACE_VERSION);
    json_cstring(json, "metric", metric_name(facts->options->metric));
    json_cstring(json, "source", sources[facts->options->source]);
    json_bool(json, "redacted", facts->options->redact);
    json_bool(json, "finished", facts->view->stacks.log.header.finished);
    json_unsigned(json, "processes", facts->view->stacks.processes);
    json_unsigned(json, "own_rank", facts->lines->rank);
    json_metrics(facts, json);
    json_folded(facts, json);
    json_threads(facts, json);
}

struct bytes facts_make(const struct facts *facts)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = memory(&text, &bytes);
    struct json json = {.out = out};
    json_open(&json, NULL, '{');
    json_page(facts, &json);
    if (facts->both) {
        both_json(facts->both, facts->options->redact, &json);
    } else {
        fputs(facts->found->summary, out);
        json_questions(facts, &json);
        json_advice(facts, &json);
        fputs(facts->found->tables, out);
    }
    columns_json(facts->columns, &json);
    json_close(&json, '}');
    return taken(out, &text, &bytes, facts->options->redact);
}

static void json_member(struct json *json, const struct family *family, size_t index, size_t page,
                        bool redact)
{
    const struct member *member = &family->members[index];
    char *command = base_copy(member->command ? member->command : "",
                              member->command ? strlen(member->command) : 0);
    if (redact) /* the program alone */
        command[strcspn(command, " ")] = 0;
    json_open(json, NULL, '{');
    json_cstring(json, "log", redact ? path_base(member->log) : member->log);
    json_cstring(json, "command", member->command ? command : NULL);
    json_signed(json, "pid", member->pid);
    json_unsigned(json, "start_time_ns", member->start);
    json_bool(json, "exec", member->exec);
    if (member->parent == SIZE_MAX)
        json_none(json, "parent");
    else
        json_unsigned(json, "parent", member->parent);
    if (page == SIZE_MAX)
        json_none(json, "page");
    else
        json_unsigned(json, "page", page);
    json_unsigned(json, "peak_bytes", member->own.peak);
    json_signed(json, "live_bytes", member->own.live);
    json_unsigned(json, "allocated_bytes", member->own.allocated);
    json_unsigned(json, "allocations", member->own.allocations);
    json_unsigned(json, "below_processes", member->all.processes);
    json_unsigned(json, "below_peak_sum_bytes", member->all.peak);
    json_unsigned(json, "below_allocated_bytes", member->all.allocated);
    json_unsigned(json, "below_allocations", member->all.allocations);
    json_close(json, '}');
    free(command);
}

struct bytes facts_family(const struct family *family, const size_t *which, bool redact)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = memory(&text, &bytes);
    struct json json = {.out = out};
    json_open(&json, NULL, '{');
    json_open(&json, "processes", '[');
    for (size_t i = 0; i < family->count; i++)
        json_member(&json, family, i, which[i], redact);
    json_close(&json, ']');
    json_open(&json, "order", '['); /* as they were begun */
    for (size_t i = 0; i < family->count; i++)
        json_unsigned(&json, NULL, family->by_time[i]);
    json_close(&json, ']');
    json_close(&json, '}');
    return taken(out, &text, &bytes, redact);
}
