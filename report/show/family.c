/* SPDX-License-Identifier: MIT */
#include "show/family.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "show/table.h"
#include "show/terminal.h"

#define INDENT_MAX    20u /* levels that are told by blanks */
#define EARLIER_SHOWN 4u

static void print_member(const struct member *member, size_t depth, struct table *table)
{
    table_row(table, STYLE_NONE);
    table_cell_size(table, (int64_t)member->own.peak);
    table_cell_size(table, member->own.live);
    table_cell_size(table, (int64_t)member->own.allocated);
    table_cell_count(table, member->own.allocations);
    if (member->all.processes > 1) {
        table_cell_size(table, (int64_t)member->all.allocated);
        table_cell_count(table, member->all.allocations);
    } else {
        table_cell(table, NULL);
        table_cell(table, NULL);
    }
    char text[FAMILY_COMMAND_BYTES + 2 * INDENT_MAX + 64], pid[32] = "";
    size_t blanks = 2 * (depth < INDENT_MAX ? depth : INDENT_MAX);
    if (member->pid) /* merged and imported logs may be of none */
        snprintf(pid, sizeof pid, "%" PRId32 "%s ", member->pid, member->exec ? " exec" : "");
    snprintf(text, sizeof text, "%*s%s%s", (int)blanks, "", pid, member->command);
    table_cell(table, text);
}

/* Depth first, without recursion: a family may be as deep as it is large. */
static void print_tree(const struct family *family, struct table *table)
{
    size_t none = family->count, *first = base_alloc(none + 1, sizeof *first);
    size_t *next = base_alloc(none + 1, sizeof *next);
    for (size_t i = 0; i <= none; i++)
        first[i] = none;
    for (size_t place = none; place-- > 0;) { /* first[none]: those without a parent */
        size_t index = family->by_time[place];
        size_t parent = family->members[index].parent;
        if (!family->members[index].own.processes)
            continue;
        next[index] = first[parent == SIZE_MAX ? none : parent];
        first[parent == SIZE_MAX ? none : parent] = index;
    }
    size_t depth = 0;
    for (size_t at = first[none]; at != none;) {
        print_member(&family->members[at], depth, table);
        if (first[at] != none) {
            at = first[at];
            depth++;
            continue;
        }
        while (at != none && next[at] == none) {
            at = family->members[at].parent == SIZE_MAX ? none : family->members[at].parent;
            depth -= depth > 0;
        }
        at = at == none ? none : next[at];
    }
    free(first);
    free(next);
}

void family_print_earlier(const struct family *family, FILE *out)
{
    size_t count = 0;
    char number[TEXT_COUNT_BYTES];
    for (size_t i = 0; i < family->count; i++)
        count += family->members[i].earlier;
    if (!count)
        return;
    fputs("note: ", out);
    for (size_t i = 0, shown = 0; i < family->count && shown < EARLIER_SHOWN; i++) {
        const char *log = family->members[i].log;
        if (!family->members[i].earlier)
            continue;
        fputs(shown++ ? ", " : "", out);
        text_put(out, log, strlen(log), SIZE_MAX);
    }
    if (count > EARLIER_SHOWN)
        fprintf(out, " and %s more", text_count(number, count - EARLIER_SHOWN));
    fprintf(out,
            " %s of an earlier run, whose first log was written over: they count here, too, until "
            "they are removed\n",
            count == 1 ? "is" : "are");
}

void family_print(const struct family *family, FILE *out)
{
    static const struct table_column columns[] = {
        {"Peak", 9},       {"Live", 9},         {"Allocated", 9}, {"Allocs", 8},
        {"with below", 9}, {"Allocs below", 8}, {"Process", 0}};
    static const unsigned char spare[] = {0, 0, 0, 2, 1, 3, 0};
    struct table table;
    fprintf(out, "%sProcesses%s\n", terminal_on(STYLE_TITLE), terminal_off(STYLE_TITLE));
    table_start(&table, columns, sizeof columns / sizeof columns[0]);
    table.spare = spare;
    print_tree(family, &table);
    table_row(&table, STYLE_TITLE);
    table_cell_size(&table, (int64_t)family->total.peak);
    table_cell_size(&table, family->total.live);
    table_cell_size(&table, (int64_t)family->total.allocated);
    table_cell_count(&table, family->total.allocations);
    table_cell(&table, NULL);
    table_cell(&table, NULL);
    char text[96], number[TEXT_COUNT_BYTES];
    snprintf(text, sizeof text, "sum of %s (peaks need not be at the same time)",
             text_count(number, family->total.processes));
    table_cell(&table, text);
    unsigned hidden = table_finish(&table, out, terminal_cut());
    table_left_out(columns, sizeof columns / sizeof columns[0], hidden, out);
    family_print_earlier(family, out);
    fputc('\n', out);
}

void family_json(const struct family *family, size_t index, struct json *json)
{
    const struct member *member = &family->members[index];
    const struct family_sums *all = &member->all;
    json_open(json, "family", '{');
    json_cstring(json, "log", member->log);
    json_cstring(json, "parent_log",
                 member->parent == SIZE_MAX ? NULL : family->members[member->parent].log);
    json_bool(json, "exec", member->exec);
    json_bool(json, "earlier_run", member->earlier);
    json_unsigned(json, "logs", all->processes);
    json_unsigned(json, "peak_sum_bytes", all->peak);
    json_signed(json, "live_bytes", all->live);
    json_unsigned(json, "allocated_bytes", all->allocated);
    json_unsigned(json, "released_bytes", all->released);
    json_unsigned(json, "allocations", all->allocations);
    json_unsigned(json, "releases", all->releases);
    json_close(json, '}');
}
