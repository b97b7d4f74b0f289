/* SPDX-License-Identifier: MIT
 *
 * Callgrind's profile format. It is a graph of calls, not of stacks: what each line of a function allocated itself, and what came
 * through each call in a line. A function's inner occurrences on a stack are a function of their own, "f'2", as callgrind itself has it:
 * so what came through f is exact, and only that of f'2 can come to more than there was. Files and functions are named by numbers, as names
 * may look like such; all three c-lines stand at each call, as readers disagree on what carries over.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/map.h"
#include "export/formats.h"
#include "export/words.h"

static const struct {
    enum figure figure;
    const char *name, *title;
} events[] = {{FIGURE_PEAK, "Peak", "bytes held at the peak"},
              {FIGURE_LIVE, "Live", "bytes live when the program finished"},
              {FIGURE_LEAKED, "Leaked", "bytes live after all destructors"},
              {FIGURE_ALLOCATED, "Allocated", "bytes allocated"},
              {FIGURE_ALLOCATIONS, "Allocations", "allocations"}};
#define EVENTS (sizeof events / sizeof events[0])

struct cost {
    uint64_t of[EVENTS];
};

/* A location or a function, and whether it is an inner occurrence of its function. */
#define OCCURRENCE(index, inner) ((uint32_t)(2 * (index) + ((inner) ? 1 : 0)))
#define OF(occurrence)           ((occurrence) / 2)
#define IS_INNER(occurrence)     ((occurrence) % 2)

/* What came through a call, from the line that `caller` stands for into function `callee`. callee 0: the line's own. */
struct call {
    uint32_t caller, callee; /* occurrences, of a location and of a function */
    uint32_t seen;           /* in this stack: its node */
    struct cost cost;
};

struct graph {
    const struct profile *profile;
    struct call *calls;
    size_t count, cap;
    struct map index; /* caller, callee -> call + 1 */
    unsigned char *file_named, *function_named, *module_named;
};

static void cost_add(struct cost *cost, const struct profile_node *node)
{
    for (size_t i = 0; i < EVENTS; i++)
        if (node->own[events[i].figure] > 0)
            cost->of[i] += (uint64_t)node->own[events[i].figure];
}

static uint32_t function_at(const struct profile *profile, uint32_t location)
{
    return profile->lines[profile->locations[location].first].function;
}

static void graph_add(struct graph *g, uint32_t caller, uint32_t callee, uint32_t node)
{
    uint32_t *found = map_at(&g->index, (uint64_t)caller << 32 | callee);
    if (!*found) {
        g->calls = base_room(g->calls, &g->cap, g->count + 1, sizeof *g->calls);
        g->calls[g->count++] = (struct call){.caller = caller, .callee = callee};
        *found = (uint32_t)g->count;
    }
    struct call *call = &g->calls[*found - 1];
    if (call->seen != node)
        cost_add(&call->cost, &g->profile->nodes[node]);
    call->seen = node;
}

static void graph_make(struct graph *g)
{
    const struct profile *profile = g->profile;
    uint32_t *seen = base_alloc(profile->function_count, sizeof *seen); /* at which node last */
    uint32_t *stack = NULL;
    size_t cap = 0;
    for (uint32_t node = 1; node < profile->node_count; node++) {
        uint32_t caller = 0;
        if (!profile_acts(&profile->nodes[node]))
            continue;
        size_t count = words_stack(profile, node, &stack, &cap);
        for (size_t i = 0; i < count; i++) {
            uint32_t function = function_at(profile, stack[i]);
            bool inner = seen[function] == node;
            seen[function] = node;
            bool again =
                caller && inner && IS_INNER(caller) && function_at(profile, OF(caller)) == function;
            if (caller && !again)
                graph_add(g, caller, OCCURRENCE(function, inner), node);
            caller = OCCURRENCE(stack[i], inner);
        }
        graph_add(g, caller, 0, node);
    }
    free(seen);
    free(stack);
}

/* By function, then by line, own figures before calls. */
static int call_order(const void *a, const void *b, void *context)
{
    const struct profile *profile = context;
    const struct call *x = a, *y = b;
    uint32_t f = OCCURRENCE(function_at(profile, OF(x->caller)), IS_INNER(x->caller));
    uint32_t g = OCCURRENCE(function_at(profile, OF(y->caller)), IS_INNER(y->caller));
    if (f != g)
        return f < g ? -1 : 1;
    if (x->caller != y->caller)
        return x->caller < y->caller ? -1 : 1;
    return x->callee < y->callee ? -1 : x->callee > y->callee;
}

/* ---- what is written ---- */

/* "fl=(3) /path/file.c", with the name the first time. Number 0 is "???". */
static void put_name(FILE *out, const char *key, uint32_t number, const char *name,
                     const char *after, unsigned char *named)
{
    fprintf(out, "%s=(%" PRIu32 ")", key, number + 1);
    if (!named[number])
        fprintf(out, " %s%s", *name ? name : "???", after);
    fputc('\n', out);
    named[number] = 1;
}

static void put_function(FILE *out, struct graph *g, uint32_t function, bool called)
{
    const struct profile *profile = g->profile;
    const struct profile_function *f = &profile->functions[OF(function)];
    put_name(out, called ? "cob" : "ob", f->module,
             profile_text(profile, profile->modules[f->module].path), "", g->module_named);
    put_name(out, called ? "cfi" : "fl", f->file, profile_text(profile, f->file), "",
             g->file_named);
    put_name(out, called ? "cfn" : "fn", function, profile_text(profile, f->name),
             IS_INNER(function) ? "'2" : "", g->function_named);
}

static void put_cost(FILE *out, uint32_t line, const struct cost *cost)
{
    fprintf(out, "%" PRIu32, line);
    for (size_t i = 0; i < EVENTS; i++)
        fprintf(out, " %" PRIu64, cost->of[i]);
    fputc('\n', out);
}

static void put_calls(FILE *out, struct graph *g)
{
    const struct profile *profile = g->profile;
    uint32_t present = 0;
    for (size_t i = 0; i < g->count; i++) {
        const struct call *call = &g->calls[i];
        const struct profile_line *line =
            &profile->lines[profile->locations[OF(call->caller)].first];
        uint32_t function = OCCURRENCE(line->function, IS_INNER(call->caller));
        if (function != present) {
            fputc('\n', out);
            put_function(out, g, function, false);
        }
        present = function;
        if (call->callee) {
            put_function(out, g, call->callee, true);
            fprintf(out, "calls=%" PRIu64 " %" PRIu32 "\n", call->cost.of[EVENTS - 1],
                    profile->functions[OF(call->callee)].first_line);
        }
        put_cost(out, line->line, &call->cost);
    }
}

static void put_head(FILE *out, const struct profile *profile)
{
    fputs("# callgrind format\nversion: 1\ncreator: memtrace-" MEMTRACE_VERSION "\n", out);
    if (profile->process_count == 1)
        fprintf(out, "pid: %" PRId32 "\ncmd: %s\n", profile->processes[0].pid,
                profile_text(profile, profile->processes[0].command));
    fputs("positions: line\n", out);
    for (size_t i = 0; i < EVENTS; i++)
        fprintf(out, "event: %s : %s\n", events[i].name, events[i].title);
    fputs("events:", out);
    for (size_t i = 0; i < EVENTS; i++)
        fprintf(out, " %s", events[i].name);
    fputc('\n', out);
}

bool callgrind_put(FILE *out, const struct profile *profile, const struct export_asked *asked)
{
    (void)asked;
    struct cost whole = {0};
    struct graph g = {.profile = profile,
                      .file_named = base_alloc(profile->texts.count + 1, 1),
                      .function_named = base_alloc(2 * (size_t)profile->function_count, 1),
                      .module_named = base_alloc(profile->module_count, 1)};
    graph_make(&g);
    if (g.count)
        qsort_r(g.calls, g.count, sizeof *g.calls, call_order, (void *)profile);
    for (uint32_t node = 1; node < profile->node_count; node++)
        cost_add(&whole, &profile->nodes[node]);
    put_head(out, profile);
    put_calls(out, &g);
    fputs("\ntotals:", out);
    for (size_t i = 0; i < EVENTS; i++)
        fprintf(out, " %" PRIu64, whole.of[i]);
    fputc('\n', out);
    free(g.calls);
    free(g.file_named);
    free(g.function_named);
    free(g.module_named);
    map_free(&g.index);
    return true;
}
