/* SPDX-License-Identifier: MIT */
#include "show/leaks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "fold/rows.h"
#include "show/metric.h"
#include "show/name.h"
#include "show/stack.h"
#include "show/stacks_json.h"
#include "show/summary.h"
#include "show/terminal.h"

/* Most of it was allocated while the program ran. */
static bool grew(const struct leak *leak)
{
    return leak->grown > leak->sum.bytes / 2;
}

/* How many of the first leaks are shown. */
static size_t shown_of(const struct leaks *leaks, const struct leaks_shown *shown)
{
    size_t count = 0;
    while (count < leaks->count && count < shown->top &&
           share_reaches(leaks->list[count].sum.bytes, leaks->total.bytes, shown->min_share))
        count++;
    return count;
}

static bool counts_blocks(const struct leaks *leaks)
{
    return leaks->metric ==
           METRIC_LEAKED; /* what was released after the program finished has no number */
}

/* ---- text ---- */

/* "2.93 MiB in 1,210 blocks" */
static void print_sum(const struct leaks *leaks, const struct leak_sum *sum, FILE *out)
{
    char size[TEXT_SIZE_BYTES], count[TEXT_COUNT_BYTES];
    uint64_t number = (uint64_t)(counts_blocks(leaks) ? sum->blocks : sum->allocations);
    fprintf(out, counts_blocks(leaks) ? "%s in %s block%s" : "%s of %s allocation%s",
            text_size(size, sum->bytes), text_count(count, number), text_s(number));
}

static void print_leak(const struct stacks *stacks, const struct leaks *leaks,
                       const struct leak *leak, size_t number, bool all, FILE *out)
{
    char share[SHARE_BYTES], count[TEXT_COUNT_BYTES];
    fprintf(out, "%s%3zu. ", terminal_on(STYLE_TITLE), number);
    print_sum(leaks, &leak->sum, out);
    fprintf(out, "%s (%s)", terminal_off(STYLE_TITLE),
            share_text(share, leak->sum.bytes, leaks->total.bytes));
    if (counts_blocks(leaks) && leak->sum.allocations > leak->sum.blocks)
        fprintf(out, ", of %s allocation%s", text_count(count, (uint64_t)leak->sum.allocations),
                text_s((uint64_t)leak->sum.allocations));
    if (leak->class != CLASS_HEAP)
        fprintf(out, ", %s", class_name(leak->class));
    fputc('\n', out);
    stack_print(stacks, &leaks->tree, leak->entry, all, out);
    fputc('\n', out);
}

static const char *const starts[] = {
    [LEAK_START_UNKNOWN] = "",
    [LEAK_START_PERIODS] = ": before the program's first period",
    [LEAK_START_EVENTS] = ": in the first tenth of the main thread's events",
    [LEAK_START_MIXED] = ": before the first period, or in the first tenth of the events"};

static void print_list(const struct stacks *stacks, const struct leaks *leaks, size_t shown,
                       bool growing, bool all, FILE *out)
{
    size_t number = 0;
    for (size_t i = 0; i < shown; i++) {
        if (grew(&leaks->list[i]) != growing)
            continue;
        if (!number++ && leaks->start != LEAK_START_UNKNOWN)
            fprintf(out, "%s%s%s%s\n", terminal_on(STYLE_TITLE),
                    growing ? "Grown during the run" : "There since the start",
                    terminal_off(STYLE_TITLE), growing ? "" : starts[leaks->start]);
        print_leak(stacks, leaks, &leaks->list[i], number, all, out);
    }
}

static void print_others(const struct leaks *leaks, size_t shown, FILE *out)
{
    struct leak_sum others = {0};
    char count[TEXT_COUNT_BYTES];
    for (size_t i = shown; i < leaks->count; i++)
        leak_sum_add(&others, &leaks->list[i].sum);
    if (shown == leaks->count)
        return;
    fprintf(out, "%s more call site%s: ", text_count(count, leaks->count - shown),
            text_s(leaks->count - shown));
    print_sum(leaks, &others, out);
    fputs("; -n 0 shows all.\n\n", out);
}

static void print_rest(const char *name, const struct leak_sum *sum, FILE *out)
{
    char size[TEXT_SIZE_BYTES];
    if (!sum->bytes)
        return;
    fprintf(out, "  %10s  ", text_size(size, sum->bytes));
    text_put(out, name, strlen(name), SIZE_MAX);
    fputc('\n', out);
}

static void print_left_out(const struct leaks *leaks, FILE *out)
{
    if (!leaks->resident_count && !leaks->libraries.bytes)
        return;
    fprintf(out, "%sLeft out, as it is there to stay%s (--all shows it)\n",
            terminal_on(STYLE_TITLE), terminal_off(STYLE_TITLE));
    for (size_t i = 0; i < leaks->resident_count; i++)
        print_rest(leaks->residents[i].name, &leaks->residents[i].sum, out);
    print_rest("libraries and the interpreter, without code of yours", &leaks->libraries, out);
    fputc('\n', out);
}

static void print_unknown(const struct leaks *leaks, FILE *out)
{
    if (!leaks->unknown.bytes)
        return;
    fprintf(out, "%sNot known%s (--fail takes it for a leak)\n", terminal_on(STYLE_TITLE),
            terminal_off(STYLE_TITLE));
    print_rest(NAME_NOT_KNOWN, &leaks->unknown, out);
    fputc('\n', out);
}

static void print_suppressed(const struct leaks *leaks, const struct suppressions *suppressions,
                             FILE *out)
{
    bool title = false;
    for (size_t i = 0; i < suppressions->count; i++) {
        const struct suppression *one = &suppressions->list[i];
        if (!leaks->suppressed[i].bytes)
            continue;
        if (!title)
            fprintf(out, "%sSuppressed%s\n", terminal_on(STYLE_TITLE), terminal_off(STYLE_TITLE));
        title = true;
        fputs("  ", out);
        print_sum(leaks, &leaks->suppressed[i], out);
        fputs("  leak:", out);
        text_put(out, one->pattern, strlen(one->pattern), SIZE_MAX);
        fputc('\n', out);
    }
    if (title)
        fputc('\n', out);
    for (size_t i = 0; i < suppressions->count; i++) {
        const struct suppression *one = &suppressions->list[i];
        if (leaks->suppressed[i].bytes)
            continue;
        fputs("Unused suppression: leak:", out);
        text_put(out, one->pattern, strlen(one->pattern), SIZE_MAX);
        fputs("  (", out);
        text_put(out, one->file, strlen(one->file), SIZE_MAX);
        fprintf(out, ":%u)\n", one->line);
    }
}

static void print_summary(const struct stacks *stacks, const struct leaks *leaks, FILE *out)
{
    char count[TEXT_COUNT_BYTES], all[TEXT_SIZE_BYTES];
    const char *when = leaks->metric == METRICS ? "left, or live when Python began to finalise"
                       : leaks->metric == METRIC_LIVE && stacks->log.header.finished
                           ? "live when the program finished"
                           : summary_left(stacks);
    fputs(terminal_on(STYLE_TITLE), out);
    if (leaks->count)
        print_sum(leaks, &leaks->total, out);
    else
        fputs(leaks->unknown.bytes ? "No leak that is known" : "No leak", out);
    fputs(terminal_off(STYLE_TITLE), out);
    if (leaks->count)
        fprintf(out, " never given back, at %s call site%s", text_count(count, leaks->count),
                text_s(leaks->count));
    fprintf(out, "; %s was %s.\n\n", text_size(all, leaks->all.bytes), when);
}

void leaks_print(const struct stacks *stacks, const struct leaks *leaks,
                 const struct suppressions *suppressions, const struct leaks_shown *shown,
                 FILE *out)
{
    size_t count = shown_of(leaks, shown);
    print_summary(stacks, leaks, out);
    print_list(stacks, leaks, count, true, shown->all, out);
    print_list(stacks, leaks, count, false, shown->all, out);
    print_others(leaks, count, out);
    print_unknown(leaks, out);
    print_left_out(leaks, out);
    print_suppressed(leaks, suppressions, out);
}

/* ---- JSON ---- */

static void json_sum(const struct leaks *leaks, const struct leak_sum *sum, struct json *json)
{
    json_signed(json, "bytes", sum->bytes);
    if (counts_blocks(leaks))
        json_signed(json, "blocks", sum->blocks);
    else
        json_none(json, "blocks");
    json_signed(json, "allocations", sum->allocations);
}

static void json_part(const struct leaks *leaks, const char *member, const struct leak_sum *sum,
                      struct json *json)
{
    json_open(json, member, '{');
    json_sum(leaks, sum, json);
    json_close(json, '}');
}

static void json_sites(const struct stacks *stacks, const struct leaks *leaks, size_t count,
                       struct json *json)
{
    uint32_t *entries = base_alloc(count, sizeof *entries);
    for (size_t i = 0; i < count; i++)
        entries[i] = leaks->list[i].entry;
    struct stacks_json written = stacks_json(&stacks->frames, &leaks->tree, entries, count, json);
    free(entries);
    json_open(json, "sites", '[');
    for (size_t i = 0; i < count; i++) {
        const struct leak *leak = &leaks->list[i];
        json_open(json, NULL, '{');
        json_sum(leaks, &leak->sum, json);
        json_signed(json, "grown_bytes", leak->grown);
        json_cstring(json, "class", class_name(leak->class));
        stacks_json_node(&written, json, leak->entry);
        json_close(json, '}');
    }
    json_close(json, ']');
    stacks_json_end(&written);
}

void leaks_json(const struct stacks *stacks, const struct leaks *leaks,
                const struct suppressions *suppressions, const struct leaks_shown *shown,
                struct json *json)
{
    static const char *const names[] = {[LEAK_START_UNKNOWN] = NULL,
                                        [LEAK_START_PERIODS] = "periods",
                                        [LEAK_START_EVENTS] = "events",
                                        [LEAK_START_MIXED] = "mixed"};
    json_cstring(json, "metric", leaks->metric == METRICS ? "mixed" : metric_name(leaks->metric));
    json_cstring(json, "start", names[leaks->start]);
    json_part(leaks, "all", &leaks->all, json);
    json_part(leaks, "total", &leaks->total, json);
    json_unsigned(json, "site_count", leaks->count);
    json_sites(stacks, leaks, shown_of(leaks, shown), json);
    json_open(json, "residents", '[');
    for (size_t i = 0; i < leaks->resident_count; i++) {
        json_open(json, NULL, '{');
        json_cstring(json, "name", leaks->residents[i].name);
        json_sum(leaks, &leaks->residents[i].sum, json);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_part(leaks, "libraries", &leaks->libraries, json);
    json_part(leaks, "unknown", &leaks->unknown, json);
    json_open(json, "suppressions", '[');
    for (size_t i = 0; i < suppressions->count; i++) {
        json_open(json, NULL, '{');
        json_cstring(json, "pattern", suppressions->list[i].pattern);
        json_cstring(json, "file", suppressions->list[i].file);
        json_unsigned(json, "line", suppressions->list[i].line);
        json_sum(leaks, &leaks->suppressed[i], json);
        json_close(json, '}');
    }
    json_close(json, ']');
}
